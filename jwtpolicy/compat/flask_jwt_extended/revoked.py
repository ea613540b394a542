"""Share what is known of revoked tokens with the native manager of the same application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app

from ...revocation import REVOCATION_CHECKS
from ...stores import Standing, TokenStore
from .config import config
from .exceptions import Members
from .loaders import Loaders
from .tokens import Decoded


def tell(app: Flask, loaders: Loaders) -> None:
    """Let native guards of *app* ask its ``token_in_blocklist_loader`` too."""

    def check(token: Any) -> bool:
        return _is_blocked(_thawed(token.header), _thawed(token.claims), loaders)

    app.extensions.setdefault(REVOCATION_CHECKS, []).append(check)


def _thawed(value: Any) -> Any:
    """Return *value* as the plain JSON that loaders expect."""
    if isinstance(value, Mapping):
        return {name: _thawed(member) for name, member in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, tuple) else value


def _is_blocked(header: Members, claims: Members, loaders: Loaders) -> bool:
    return bool(loaders.call("token_in_blocklist", header, claims))


def is_revoked(token: Decoded, loaders: Loaders) -> bool:
    """Whether the application's blocklist, or the native store, knows *token*.

    What was used up counts too, and what has no ``jti`` to be known by (S9). Without a native
    manager there is no store, and none is made.

    Raises:
        StoreUnavailableError: The store cannot be asked.
    """
    is_asked = loaders.has("token_in_blocklist")
    if is_asked and (
        token.claims["jti"] is None or _is_blocked(token.header, token.claims, loaders)
    ):
        return True
    native = current_app.extensions.get("jwtpolicy")
    store: TokenStore | None = None if native is None else native.parts.store
    return store is not None and not _stands(token.claims, store)


def _stands(claims: Mapping[str, Any], store: TokenStore) -> bool:
    token_id, session_id = claims["jti"], claims.get("sid")
    if token_id is None or not isinstance(session_id, str | None):
        return False
    standing = store.standing(
        claims.get("iss", ""),
        str(claims[config.identity_claim_key]),
        token_id,
        session_id,
        claims.get("iat", 0),
        is_refresh=claims["type"] == "refresh",
    )
    return standing is Standing.GOOD
