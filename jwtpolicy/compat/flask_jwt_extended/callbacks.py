"""The loaders (callbacks) of `JWTManager`, with the original's default answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar, cast

from flask import current_app, jsonify

from .config import config

Callback = TypeVar("Callback", bound=Callable[..., Any])

#: The key of the manager in ``app.extensions``; applications use it too.
EXTENSION: Final = "flask-jwt-extended"


class _Loader:
    """A decorator that registers one callback, such as ``@jwt.expired_token_loader``.

    Args:
        default: The callback that answers where none was registered, or None.
    """

    def __init__(self, default: Callable[..., Any] | None) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._attribute = f"_{name.removesuffix('_loader')}_callback"
        setattr(owner, self._attribute, self.default and staticmethod(self.default))

    def __get__(self, instance: object, owner: type) -> Callable[[Callback], Callback]:
        return partial(self._register, instance)

    def _register(self, instance: object, callback: Callback) -> Callback:
        setattr(instance, self._attribute, callback)
        return callback


def _message(text: str, status: int) -> tuple[Any, int]:
    return jsonify({config.error_msg_key: text}), status


def _user_error(header: Any, claims: Mapping[str, Any]) -> tuple[Any, int]:
    return _message(f"Error loading the user {claims[config.identity_claim_key]}", 401)


class Loaders:
    """The callbacks of a manager, one of each name; every one may be an async function.

    Those about keys and claims are called with the identity; ``decode_key``, predicates and most
    errors with the header and the claims, as dicts; ``invalid_token`` and ``unauthorized`` with a
    reason. A true answer of ``token_in_blocklist`` means revoked, one of ``token_verification``
    good; None from ``user_lookup`` means that there is no such user.
    """

    additional_claims_loader = _Loader(lambda identity: {})
    additional_headers_loader = _Loader(lambda identity: {})
    user_identity_loader = _Loader(lambda identity: identity)
    encode_key_loader = _Loader(lambda identity: config.encode_key)
    decode_key_loader = _Loader(lambda header, claims: config.decode_key)
    token_in_blocklist_loader = _Loader(lambda header, claims: False)
    token_verification_loader = _Loader(lambda header, claims: True)
    user_lookup_loader = _Loader(None)
    invalid_token_loader = _Loader(lambda reason: _message(reason, 422))
    unauthorized_loader = _Loader(lambda reason: _message(reason, 401))
    expired_token_loader = _Loader(lambda *_: _message("Token has expired", 401))
    needs_fresh_token_loader = _Loader(lambda *_: _message("Fresh token required", 401))
    revoked_token_loader = _Loader(lambda *_: _message("Token has been revoked", 401))
    user_lookup_error_loader = _Loader(_user_error)
    token_verification_failed_loader = _Loader(
        lambda *_: _message("User claims verification failed", 400)
    )

    def has(self, name: str) -> bool:
        """Whether the application has registered a callback of this name."""
        return f"_{name}_callback" in vars(self)

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a callback and return its answer.

        Raises:
            TypeError: The callback returned an awaitable, which would always be true (S3).
        """
        found = current_app.ensure_sync(getattr(self, f"_{name}_callback"))(*arguments)
        if inspect.isawaitable(found):
            if inspect.iscoroutine(found):
                found.close()
            raise TypeError(f"{name}_loader has to be awaited; define it with async def")
        return found


def current_loaders() -> Loaders:
    """Return the loaders of the current application.

    Raises:
        RuntimeError: The application has no `JWTManager` of the bridge.
    """
    if EXTENSION not in current_app.extensions:
        msg = "this application has no JWTManager; write JWTManager(app) or jwt.init_app(app)"
        raise RuntimeError(msg)
    return cast(Loaders, current_app.extensions[EXTENSION])
