"""Policies about the audience of a token: `ForAudience`, and what closes everything else to it."""

from __future__ import annotations

from collections.abc import Iterable

from ..decision import ALLOWED, Finding, Outcome
from ..exceptions import InvalidTokenError, PolicyDefinitionError
from .base import without_token
from .credentials import Credential
from .request import AccessRequest


class ForAudience(Credential):
    """The token is for this audience: its ``aud`` is it, or has it (:rfc:`7519#section-4.1.3`).

    For a token of another audience, or of none, the outcome is ``INVALID_TOKEN``. The audience is
    compared as text, character by character. A token whose audiences the application does not
    accept at all is refused before: ``audience=`` of its `Issuer` has to name this one, or
    ``JWT_DECODE_AUDIENCE`` for tokens of its own.

    Attributes:
        audience: The audience, such as the identifier of a protected resource.

    Example:
        >>> token = jwt.issue("ada")
        >>> print(jwt.explain(ForAudience("https://api.example.com/mcp"), token).outcome)
        INVALID_TOKEN
    """

    audience: str

    def __init__(self, audience: str) -> None:
        if type(audience) is not str or not audience:
            msg = f"ForAudience takes the audience as a non-empty string, not {audience!r:.40}"
            raise PolicyDefinitionError(msg)
        self.audience = audience

    def judge(self, access: AccessRequest) -> Finding:
        token = access.token
        if token is None:
            return without_token(access)
        if self.audience in token.audience:
            return ALLOWED
        return _elsewhere(f"the token is not for {self.audience}")


class NotOnlyFor(Credential):
    """The token is for something else than these protected resources, or names no audience.

    It is added to the baseline of endpoints that belong to none of the resources, so that a token
    for one of them opens nothing else.
    """

    resources: frozenset[str]

    def __init__(self, *resources: str) -> None:
        self.resources = frozenset(resources)

    def judge(self, access: AccessRequest) -> Finding:
        token = access.token
        if token is None:
            return without_token(access)
        if not token.audience or not self.resources.issuperset(token.audience):
            return ALLOWED
        return _elsewhere(f"the token is for {_listed(token.audience)} alone")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _elsewhere(reason: str) -> Finding:
    return Finding(Outcome.INVALID_TOKEN, reason, error=InvalidTokenError(reason))
