"""Revocation shared between the bridge and the native manager of one application."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from flask import Flask, current_app

from ...sessions.revocation import REVOCATION_CHECKS, TOKENS_LET_IN, LetIn, leave
from .callbacks import Loaders, current_loaders
from .current import find
from .tokens import Decoded


def tell(app: Flask, loaders: Loaders) -> None:
    """Register the bridge's blocklist as a revocation check of *app*'s native guards.

    Native logouts then end the tokens that the bridge's guards have let in, too.

    Raises:
        SetupError: The native guards are bound already, and would never ask the loader.
    """

    def check(token: Any) -> bool:
        # Plain JSON, as loaders expect it, of what cannot be changed.
        told = json.loads(json.dumps([token.header, token.claims]))
        return bool(loaders.call("token_in_blocklist", *told))

    leave(app.extensions, REVOCATION_CHECKS, check)
    leave(app.extensions, TOKENS_LET_IN, _let_in)


def _let_in() -> LetIn | None:
    return (found := find()) and LetIn(found.encoded, found.location)


def is_revoked(encoded: str, token: Decoded) -> bool:
    """Whether the application's blocklist, the native store or a native check knows *token*.

    What was used up counts too, and what has no ``jti`` to be known by (S9). A refresh token that
    was used moments ago is let in, as by native guards; one that was used before ends its session
    (REF-2). Without a native manager there is no store, and none is made.

    Raises:
        StoreUnavailableError: The store or a check cannot be asked.
        PolicyError: A check answered neither True nor False.
    """
    loaders = current_loaders()
    native: Any = current_app.extensions.get("jwtpolicy")
    has_store = native is not None and native.parts.store is not None
    if token.claims["jti"] is None:
        is_known = has_store or loaders.has("token_in_blocklist")
    else:
        is_known = bool(loaders.call("token_in_blocklist", *deepcopy(token)))
        is_known = is_known or (has_store and not native.manager._stands(token.claims, encoded))
    return is_known or (native is not None and native.manager._denies(encoded))
