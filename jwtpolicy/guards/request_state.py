"""Remember what was found out about one request, and ask for it only once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast
from weakref import ref

from flask import Request

from ..exceptions import (
    AccessError,
    SetupError,
)
from ..policy.request import NOT_LOADED
from ..sessions.users import is_loop_running, unawaited
from ..tokens.token import Token
from .answers import RequestServices, Services
from .inner_access import InnerAccess, innermost
from .live_access import LiveAccess, keep
from .plan import Plan


class RequestState:
    """One request of one application.

    It lives in the request's environ, so that it ends with the request, whatever contexts are
    pushed around it, and no other application behind the same server sees it. It holds the
    request weakly: a cycle would keep every request until the garbage is collected.

    Attributes:
        answers: What policies may ask.
        own: The request as the endpoint's guard has let it in; where the endpoint has none, as
            the first guard did that a view or a hook met. It stays until the request ends, for
            streams and hooks too. None before.
        admitted: The plans that let it in, and the request as they saw it.
        asked: Plans by which tokens were looked for, whether or not they let it in.
        refusal: The last refusal, or None where there was none or the answer is made; it is given
            up then, because its traceback holds the request in whose environ this is kept.
        logged: Returns the refusal that was logged last, as long as it lives.
        unlogged: The arguments of the log for that refusal, where it is logged only if nobody
            catches it; else None.
        late_plans: Plans that were made for this request, because nobody has to remember them.
        is_logged_out: Whether the view ended the session of the token.
        ended_at: When this request has ended all of a user's sessions, in seconds since the
            epoch; 0 where it has not.
        login_began: When a login began in this request, or None.
    """

    # Defaults of the class, because most requests change few of them.
    own: LiveAccess | None = None
    late_plans: Mapping[Any, Plan | None] = MappingProxyType({})
    is_logged_out = False
    ended_at = 0.0
    login_began: float | None = None
    refusal: AccessError | None = None
    logged: Callable[[], Exception | None] = staticmethod(lambda: None)
    unlogged: tuple[Any, ...] | None = None
    _has_inner = False
    _nested: tuple[RequestState, ...] = ()

    def __init__(self, services: Services, request: Request) -> None:
        self.answers = RequestServices(services)
        self.admitted: dict[Plan, LiveAccess] = {}
        self.asked: list[Plan] = []
        self._request = ref(request)

    def note_asked(self, plan: Plan) -> None:
        """Remember that a token was looked for; where the same was done before, that is enough.

        Calls of ``enforce`` make a plan each, and a view that streams may never end.
        """
        for known in self.asked:
            if known is plan or (known.places is plan.places and known.kinds == plan.kinds):
                return
        self.asked.append(plan)

    @property
    def request(self) -> Request | None:
        """The request, as long as it lives."""
        return self._request()

    def about(self, request: Request) -> RequestState | None:
        """Return what is known of *request*, which may have been made of the same environ."""
        if self._request() is request:
            return self
        return next((state for state in self._nested if state._request() is request), None)

    def nest(self, state: RequestState) -> RequestState:
        """Keep *state*, of another request that was made of the same environ, and return it."""
        live = [nested for nested in self._nested if nested._request() is not None]
        self._nested = (*live, state)
        return state

    @property
    def access(self) -> LiveAccess | None:
        """The request as policies see it, for whoever asks; None until a guard has let it in."""
        return (self._has_inner and innermost(self)) or self.own

    @property
    def token(self) -> Token | None:
        """The current token: the one that the guard let in."""
        access = self.access
        return None if access is None else access.token

    def enter(self, plan: Plan, access: LiveAccess) -> InnerAccess | None:
        """Make the request current as *plan* has admitted it.

        Returns:
            What is to be restored when the guarded function returns, where it was called inside
            of another one, with another token or resource.
        """
        if plan.is_inner:
            self.let_in(plan, access)
        else:
            self.admitted[plan] = access
            self.own = access
        if self.access is access:
            return None
        self._has_inner = True
        return InnerAccess(self, access)

    def let_in(self, plan: Plan, access: LiveAccess) -> None:
        """Remember that *plan*, which is not the endpoint's, has admitted the request.

        Where the endpoint's guard has not done so, the first that does makes it current.
        """
        self.admitted[plan] = access
        # One step, so that of several threads one is the first.
        self.__dict__.setdefault("own", access)

    def resource(self) -> Any:
        """Return the resource of who asks, loaded at the first touch.

        Raises:
            ResourceNotFoundError: There is no such resource.
            SetupError: Its loader is async, and would have to be awaited.
            Exception: Whatever the loader raised.
        """
        access = cast(LiveAccess, self.access)
        if access._resource is NOT_LOADED and (loader := access.loader) is not None:
            if inspect.iscoroutinefunction(loader) and is_loop_running():
                raise SetupError(unawaited("current_resource"))
            keep(access, self.answers.services.ensure_sync(loader)(**access.view_args))
        return access.resource
