"""Register and call what an application answers for itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask import current_app

from . import default_callbacks

Loader = TypeVar("Loader", bound=Callable[..., Any])

#: Those that answer where nothing is registered.
_WITH_DEFAULT: Final = [
    "additional_claims",
    "additional_headers",
    "user_identity",
    "encode_key",
    "decode_key",
    "token_in_blocklist",
    "token_verification",
    "invalid_token",
    "unauthorized",
    "expired_token",
    "needs_fresh_token",
    "revoked_token",
    "user_lookup_error",
    "token_verification_failed",
]


def _loader(name: str, doc: str) -> Callable[[Loaders, Loader], Loader]:
    def register(self: Loaders, callback: Loader) -> Loader:
        setattr(self, f"_{name}_callback", callback)
        return callback

    register.__name__ = f"{name}_loader"
    register.__doc__ = f"Register what {doc}."
    return register


class Loaders:
    """One callback for each question; every one of them may be an async function."""

    _user_lookup_callback: Callable[..., Any] | None = None

    def __init__(self) -> None:
        for name in _WITH_DEFAULT:
            setattr(self, f"_{name}_callback", getattr(default_callbacks, name))

    additional_claims_loader = _loader("additional_claims", "adds claims: ``(identity)`` → dict")
    additional_headers_loader = _loader("additional_headers", "adds to headers, in the same way")
    user_identity_loader = _loader("user_identity", "makes the identity claim: ``(identity)``")
    encode_key_loader = _loader("encode_key", "finds the key that signs: ``(identity)`` → key")
    decode_key_loader = _loader("decode_key", "finds the key: unverified ``(header, claims)``")
    token_in_blocklist_loader = _loader("token_in_blocklist", "is true for revoked tokens")
    token_verification_loader = _loader("token_verification", "is true for good tokens")
    user_lookup_loader = _loader("user_lookup", "loads the user; None where there is none")
    invalid_token_loader = _loader("invalid_token", "answers invalid tokens: ``(reason)``")
    unauthorized_loader = _loader("unauthorized", "answers without a token: ``(reason)``")
    expired_token_loader = _loader("expired_token", "answers expired tokens")
    needs_fresh_token_loader = _loader("needs_fresh_token", "answers tokens that are not fresh")
    revoked_token_loader = _loader("revoked_token", "answers revoked tokens")
    user_lookup_error_loader = _loader("user_lookup_error", "answers where there is no user")
    token_verification_failed_loader = _loader(
        "token_verification_failed", "answers tokens that are not good"
    )

    def is_default(self, name: str) -> bool:
        """Whether nothing was registered."""
        return getattr(self, f"_{name}_callback") in (None, getattr(default_callbacks, name, None))

    def call(self, name: str, *arguments: Any) -> Any:
        """Return what a callback says.

        Raises:
            TypeError: It has to be awaited: it would be true, whatever it says (S3).
        """
        found = current_app.ensure_sync(getattr(self, f"_{name}_callback"))(*arguments)
        if inspect.isawaitable(found):
            if inspect.iscoroutine(found):
                found.close()
            msg = f"{name}_loader returned what has to be awaited; define it with async def"
            raise TypeError(msg)
        return found
