"""Token revocation by clients (:rfc:`7009`)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import ClassVar

from flask import Response, request
from flask.typing import ResponseReturnValue

from ..app.bound_app import application
from ..exceptions import (
    AccessDeniedError,
    InvalidTokenError,
    NoTokenError,
    UnsupportedTokenTypeError,
)
from ..extension import manager_here
from ..guards.presented_tokens import warn_of_nothing
from ..policy.credentials import OptionalToken, Refresh
from ..sessions.users import called
from ..tokens.token import Token
from .answering import logging_refusals, said_yes
from .client_secrets import ClientView
from .request_fields import form_field


class RevocationView(ClientView):
    """``POST`` with the form field ``token`` revokes that token (:rfc:`7009`).

    The caller sends an access or refresh token of the same user, or is one of `clients`. The answer
    is 200 for an unknown or invalid token too. If a token cannot be revoked, a warning is logged. A
    token that has expired, or is not valid yet, is revoked. If it is a refresh token, its session
    ends. ``token_type_hint`` is ignored, because the token has its kind as a claim.

    Attributes:
        kinds: The kinds of token that can be revoked here.
    """

    _needs_store: ClassVar[bool] = True
    policies = OptionalToken() | Refresh()
    kinds: ClassVar[AbstractSet[str]] = frozenset({"access", "refresh"})

    def may_revoke(self, token: Token) -> bool:
        """Whether the caller may revoke *token*: a client any token, a user only their own."""
        if self.client() is not None:
            return True
        caller = application().state().token
        # The caller may be another issuer's, where `policies` name it; then this is no own token.
        if caller is None or caller._origin is not token._origin:
            return False
        return caller.subject == token.subject

    @logging_refusals
    def post(self) -> ResponseReturnValue:
        """Revoke the token.

        Raises:
            NoTokenError: The request has neither a token nor credentials of a client.
            InvalidRequestError: The form has no field ``token``.
            PolicyError: `may_revoke` says neither yes nor no.
            UserUnavailableError: `may_revoke` or `client` raised anything but an ``HTTPException``.
            AccessDeniedError: The token is somebody else's (:rfc:`7009#section-2.1`).
            UnsupportedTokenTypeError: Its kind is not among `kinds`.
        """
        if application().state().token is None and self._client() is None:
            raise NoTokenError
        token = _found(form_field(request, "token"))
        if token is not None:
            self._check(token)
            manager_here().revoke(token)
        # RFC 7009 section 2.2: "The content of the response body is ignored by the client".
        return Response(status=200, headers={"Cache-Control": "no-store"})

    def _client(self) -> str | None:
        return called(f"{type(self).__name__}.client", self.client)

    def _check(self, token: Token) -> None:
        who = f"{type(self).__name__}.may_revoke"
        if not said_yes(called(who, self.may_revoke, token), who):
            msg = "the token to revoke is somebody else's"
            raise AccessDeniedError(msg)
        if token.kind not in self.kinds:
            msg = f"a token of the kind {token.kind!r} cannot be revoked here"
            raise UnsupportedTokenTypeError(msg)


def _found(encoded: str) -> Token | None:
    """Return the token, whatever its times, or None: RFC 7009 section 2.2 has 200 for both."""
    try:
        token = manager_here()._named(encoded)
    except InvalidTokenError as error:
        warn_of_nothing("revocation", type(error).__name__)
        return None
    return token if token.is_own else None
