"""The sessions view: it lists the open sessions of a user, and ends them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from flask import Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from ..app.bound_app import application
from ..app.subjects import Subject
from ..exceptions import ResourceNotFoundError
from ..extension import manager_here
from ..markers import OWN
from ..policy.credentials import Access
from ..proxies import current_token
from ..sessions.results import OpenSession
from ..transports import parameters_of
from ..views import ProtectedView
from .answering import logging_refusals
from .paging import before_of, limit_in, place_in

#: Stands in the place of a session's id for all but the current one.
OTHERS: Final = "others"


def _current() -> Subject:
    """Return the subject of the current token, and its issuer if that is another one."""
    other = None if current_token.is_own else current_token.issuer
    return Subject(other, current_token.subject)


class SessionsView(ProtectedView):
    """``GET`` lists the current user's sessions; ``DELETE`` ends one, the others, or all.

    The list comes in pages: the newest 100 sessions, or fewer with ``?limit=``. Pass its member
    ``next`` as ``?before=`` to get the next page; it is null on the last page. If a parameter is
    malformed, the answer is 400 ``invalid_request``.

    The view has two rules: ``/sessions``, and ``/sessions/<session_id>`` for ``DELETE``, where the
    id may be ``others``. Without an id all sessions end, and the tokens that belong to no session
    are revoked. For a session of somebody else, or one that has ended, the answer is 404
    ``not_found``.

    If `policies` name another issuer, its users have no sessions here: the list is empty, and
    ``others`` is answered with 403 ``access_denied``. Without an id their tokens are revoked.
    """

    _needs_store: ClassVar[bool] = True
    policies = Access()

    def listed(self, sessions: Sequence[OpenSession]) -> ResponseReturnValue:
        """Return the answer to ``GET``; by default JSON."""
        members = [session.to_json() for session in sessions]
        response = jsonify(sessions=members, next=self.next_page(sessions))
        response.headers["Cache-Control"] = "no-store"
        return response

    def ended(self) -> ResponseReturnValue:
        """Return the answer to ``DELETE``; it unsets the cookies if the current session ended."""
        return Response(status=204, headers={"Cache-Control": "no-store"})

    def next_page(self, sessions: Sequence[OpenSession]) -> str | None:
        """Return the cursor ``?before=`` of the page after *sessions*; None on the last page."""
        is_full = len(sessions) == limit_in(request.args)
        return before_of(sessions[-1]) if is_full else None

    def get(self) -> ResponseReturnValue:
        """List the sessions, the newest first.

        Raises:
            InvalidQueryError: ``limit`` or ``before`` is malformed, or is there twice.
            InvalidRequestError: The query string is not UTF-8.
        """
        parameters = parameters_of(request)
        limit, place = limit_in(parameters), place_in(parameters)
        return self.listed(manager_here()._page(_current(), limit, place))

    @logging_refusals
    def delete(self, session_id: str | None = None) -> ResponseReturnValue:
        """End one session, the others, or all of the current user.

        Raises:
            ResourceNotFoundError: The user has no such session.
        """
        manager = manager_here()
        if session_id is None:
            meant = _current()
            manager.revoke_subject(meant.text, issuer=meant.issuer or OWN)
        elif session_id == OTHERS:
            manager.revoke_other_sessions()
        else:
            self._end_one(session_id)
        response = current_app.make_response(self.ended())
        if session_id in (None, current_token.session_id):
            manager.logout(response if application().parts.takes_cookies else None)
        return response

    def _end_one(self, session_id: str) -> None:
        manager = manager_here()
        is_own = _current().issuer is None
        if not is_own or manager._owner(session_id) != current_token.subject:
            msg = "the user has no such session"
            raise ResourceNotFoundError(msg)
        manager.revoke_session(session_id)
