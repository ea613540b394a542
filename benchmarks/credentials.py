"""Say what requests present: a good token, none, or one that is spoilt in some way."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from .issuers import URLS, token_of
from .keys import aged
from .systems import Setup, System
from .systems.base import CLAIMS, SCOPE

Headers = dict[str, str]
#: What a request to a system presents.
Credential = Callable[[System], Headers]

_HOUR = 3600
#: Bytes of the token that somebody has forged.
_FORGERY = 8000


def nothing(_system: System) -> Headers:
    """Present no token."""
    return {}


def garbage(_system: System) -> Headers:
    """Present what is no token at all."""
    return _bearer("garbage")


def token(system: System) -> Headers:
    """Present an access token that is accepted."""
    return _bearer(system.token())


def refresh_token(system: System) -> Headers:
    """Present a refresh token that was not used yet."""
    return _bearer(system.refresh_token())


def cookies(system: System) -> Headers:
    """Present an access token in a cookie, and its CSRF value in a header."""
    return system.cookies()


def expired(system: System) -> Headers:
    """Present an access token that expired."""
    return _bearer(aged(system.token(), system.keys, _HOUR))


def bad_signature(system: System) -> Headers:
    """Present an access token with another signature of the same length."""
    body, _, signature = system.token().rpartition(".")
    return _bearer(f"{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}")


def forgery(system: System) -> Headers:
    """Present a token of 8 kB that has more claims than was signed."""
    encoded = system.token()
    header, claims, signature = encoded.split(".")
    members = json.loads(base64.urlsafe_b64decode(claims + "=="))
    members["note"] = "n" * (_FORGERY * 3 // 4 - len(encoded))
    text = json.dumps(members, separators=(",", ":")).encode()
    return _bearer(f"{header}.{base64.urlsafe_b64encode(text).decode().rstrip('=')}.{signature}")


def foreign_token(system: System) -> Headers:
    """Present a token of another issuer where one is trusted, elsewhere an own one."""
    return _instead(system, token, token_of(URLS[0], scope=SCOPE, **CLAIMS))


def unknown_key(system: System) -> Headers:
    """Present one with a key that its issuer's set does not have, elsewhere a bad signature."""
    return _instead(system, bad_signature, token_of(URLS[2], "unknown"))


def unknown_issuer(system: System) -> Headers:
    """Present one of nobody who is trusted, elsewhere a bad signature."""
    return _instead(system, bad_signature, token_of("https://nobody.example.com"))


def _instead(system: System, usual: Credential, encoded: str) -> Headers:
    return _bearer(encoded) if system.setup is Setup.TRUSTING else usual(system)


def _bearer(encoded: str) -> Headers:
    return {"Authorization": f"Bearer {encoded}"}
