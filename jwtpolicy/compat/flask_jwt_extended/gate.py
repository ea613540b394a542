"""Refuse tokens that are not in the native strict form, before anybody reads them."""

from __future__ import annotations

from typing import Any, Final

from ...exceptions import InvalidTokenError
from ...jose import Header, decoded, parse_header, parse_object, split
from ...registered_claims import malformed_claim

#: What is read here or by Flask-JWT-Extended's own rules; other claims are the application's.
_READ: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "type", "fresh", "csrf"})


def strict(encoded: object, max_length: int, *, any_subject: bool) -> tuple[Header, dict[str, Any]]:
    """Return the header and the claims of a token whose signature nobody has verified yet.

    Args:
        encoded: What was presented.
        max_length: Characters that a token may have.
        any_subject: Whether ``sub`` may be anything.

    Raises:
        InvalidTokenError: It is no compact JWS in its one spelling, its JSON is not strict, or a
            claim has another type or range than it should.
    """
    head, payload, signature, _ = split(encoded, max_length)
    header = parse_header(head)
    decoded(signature)
    claims = parse_object(payload)
    judged = {name: claims[name] for name in _READ & claims.keys()}
    if any_subject:
        judged.pop("sub", None)
    if (name := malformed_claim(judged)) is not None:
        msg = f"the claim {name} is malformed"
        raise InvalidTokenError(msg)
    return header, claims
