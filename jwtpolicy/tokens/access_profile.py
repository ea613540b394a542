"""Say what :rfc:`9068` asks of access tokens: their ``typ``, and the claims that it requires."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..exceptions import InvalidTokenError, IssueError

#: What `JWT_ACCESS_TOKEN_PROFILE` calls it.
RFC9068: Final = "rfc9068"

#: What ``typ`` of the header may be (:rfc:`9068#section-4`), in lower case.
TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})

#: :rfc:`9068#section-2.2`.
_REQUIRED: Final = frozenset({"iss", "exp", "aud", "sub", "client_id", "iat", "jti"})

#: How each of the claims that are not the library's own comes to be in a token.
HOW: Final[Mapping[str, str]] = {
    "client_id": "set JWT_CLIENT_ID, or pass claims={'client_id': …}",
    "iss": "set JWT_ENCODE_ISSUER",
    "aud": "set JWT_ENCODE_AUDIENCE, or pass audience=",
    "exp": "give it an end",
}


def is_typed(media_type: str | None) -> bool:
    """Whether ``typ`` names an access token; media types are case-insensitive."""
    return (media_type or "").lower() in TYPES


def check_issued(claims: Mapping[str, Any]) -> None:
    """Refuse to sign what is no access token of the profile.

    Raises:
        IssueError: A claim is absent, or ``client_id`` names no client.
    """
    wrong = _wrong(claims)
    if wrong is not None:
        msg = f"an access token of RFC 9068 has to say {wrong}: {HOW[wrong]}"
        raise IssueError(msg)


def check_presented(claims: Mapping[str, Any]) -> None:
    """Refuse what somebody else calls an access token of the profile.

    Raises:
        InvalidTokenError: A claim is absent, or ``client_id`` names no client.
    """
    wrong = _wrong(claims)
    if wrong is not None:
        msg = f"not an access token of RFC 9068: {wrong}"
        raise InvalidTokenError(msg)


def _wrong(claims: Mapping[str, Any]) -> str | None:
    """Return the name of a claim that is absent, or of no use."""
    client = claims.get("client_id")
    if type(client) is not str or not client:
        return "client_id"
    return min(_REQUIRED - claims.keys(), default=None)
