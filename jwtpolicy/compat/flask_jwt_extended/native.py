"""Share what is known of revoked tokens with the native manager of the same application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from flask import Flask, current_app

from ...revocation import REVOCATION_CHECKS
from ...stores import Standing, TokenStore
from .config import config
from .exceptions import Members
from .tokens import Decoded

#: Says of a header and a claims set whether their token was revoked.
Blocklist = Callable[[Members, Members], bool]


class _Token(Protocol):
    """What a native guard shows of a token."""

    @property
    def header(self) -> Mapping[str, Any]: ...

    @property
    def claims(self) -> Mapping[str, Any]: ...


def tell(app: Flask, is_blocked: Blocklist) -> None:
    """Let native guards of *app* ask *is_blocked* too."""

    def check(token: _Token) -> bool:
        return is_blocked(_thawed(token.header), _thawed(token.claims))

    app.extensions.setdefault(REVOCATION_CHECKS, []).append(check)


def _thawed(value: Any) -> Any:
    """Return *value* as the plain JSON that loaders expect."""
    if isinstance(value, Mapping):
        return {name: _thawed(member) for name, member in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, tuple) else value


def is_revoked(token: Decoded) -> bool:
    """Whether the native store knows *token* as revoked or used up.

    Without a native manager there is no store to ask, and none is made.

    Raises:
        StoreUnavailableError: It cannot be asked.
    """
    store = _store()
    if store is None:
        return False
    claims = token.claims
    token_id, session_id = claims["jti"], claims.get("sid")
    if token_id is None or not isinstance(session_id, str | None):
        return True
    standing = store.standing(
        claims.get("iss", ""),
        str(claims[config.identity_claim_key]),
        token_id,
        session_id,
        claims.get("iat", 0),
        is_refresh=claims["type"] == "refresh",
    )
    return standing is not Standing.GOOD


def _store() -> TokenStore | None:
    native = current_app.extensions.get("jwtpolicy")
    store: TokenStore | None = None if native is None else native.parts.store
    return store
