"""Token introspection for other services (:rfc:`7662`)."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar, Final

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from ..app.bound_app import application
from ..decision import Outcome
from ..exceptions import InvalidClientError, InvalidTokenError
from ..extension import manager_here
from ..guards.challenges import refusal
from ..guards.levels import Place
from ..markers import ANY
from ..policy.base import Policy
from ..policy.baseline import for_kind
from ..policy.credentials import NotRevoked, OptionalToken
from ..sessions.users import called
from ..tokens.token import Token
from .answering import logging_refusals, said_yes
from .client_secrets import ClientView
from .request_fields import form_field

#: The claims that the answer repeats: RFC 7662 section 2.2, RFC 9470 section 6.2.
_TOLD: Final[Sequence[str]] = (
    "scope",
    "exp",
    "iat",
    "nbf",
    "sub",
    "aud",
    "iss",
    "jti",
    "acr",
    "auth_time",
)


class IntrospectionView(ClientView):
    """``POST`` with the form field ``token`` tells whether the token is active (:rfc:`7662`).

    Only `clients` get an answer, and by default there are none. To admit services by their access
    tokens, add policies that ask for one, and override `is_allowed`. A token is active if it
    passes what every endpoint asks of it: signature, times, audience, the baseline, and the store,
    if there is one. Nothing is disclosed about a token that is not active.

    Attributes:
        kinds: The kinds of token that can be active. Refresh tokens are not among them, because a
            service might accept an active refresh token as an access token.
    """

    policies = OptionalToken()
    # Services send no cookies; a browser that does must not be asked for more than it brings.
    transports: ClassVar[Place] = "headers"
    kinds: ClassVar[AbstractSet[str]] = frozenset({"access"})

    def is_allowed(self) -> bool:
        """Whether the caller may ask; by default, whether it is one of `clients`."""
        return self.client() is not None

    def described(self, token: Token) -> dict[str, Any]:
        """Return the members of the answer about an active token, in addition to ``active``."""
        claims = token._claims
        told: dict[str, Any] = {name: claims[name] for name in _TOLD if name in claims}
        if token.kind == "access":
            told |= {"token_type": "Bearer"}
        return told

    @logging_refusals
    def post(self) -> ResponseReturnValue:
        """Answer whether the token is active, and with which claims.

        Raises:
            InvalidClientError: The caller may not ask.
            PolicyError: `is_allowed` says neither yes nor no.
            UserUnavailableError: `is_allowed` raised anything but an ``HTTPException``.
            InvalidRequestError: The form has no field ``token``.
            StoreUnavailableError: The store cannot be asked; that says nothing of the token.
        """
        who = f"{type(self).__name__}.is_allowed"
        if not said_yes(called(who, self.is_allowed), who):
            raise InvalidClientError
        token = self._active(form_field(request, "token"))
        # RFC 7662 section 2.2: nothing else SHOULD be said of a token that is not active.
        told = {"active": False} if token is None else {"active": True, **self.described(token)}
        response = jsonify(told)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _active(self, encoded: str) -> Token | None:
        try:
            token = manager_here().verify(encoded, kind=ANY)
        except InvalidTokenError:
            return None
        is_asked_for = token._origin is None and token.kind in self.kinds
        return token if is_asked_for and _stands(token) else None


def _stands(token: Token) -> bool:
    """Whether *token* passes the baseline and is not revoked.

    Raises:
        StoreUnavailableError: The store cannot be asked, so that nothing is known of the token.
    """
    policy = _asked(token.kind)
    if policy is None:
        return True
    decision = manager_here().explain(policy, token)
    if decision.outcome is Outcome.ERROR:
        raise refusal(decision)
    return bool(decision)


def _asked(kind: str) -> Policy | None:
    found = application()
    baseline = for_kind(found.baseline, kind)
    if found.parts.store is None:
        return baseline
    return NotRevoked() if baseline is None else baseline & NotRevoked()
