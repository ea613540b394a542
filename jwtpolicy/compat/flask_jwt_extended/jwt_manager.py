"""Guard applications, and issue and verify their tokens as their loaders say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, cast

from flask import Flask, current_app
from werkzeug.wrappers import Response

from ...exceptions import SetupError, quoted
from ...settings import Settings
from .config import check_switches, config
from .current import template_context
from .exceptions import (
    Answered,
    Members,
    RevokedTokenError,
    UserClaimsVerificationError,
    UserLookupError,
)
from .leaks import stop_leaks
from .loaders import Loaders
from .native import is_revoked, tell
from .slot import User
from .tokens import Decoded, Order, Rules, decode, encode
from .typing import ExpiresDelta, Fresh

#: Where Flask keeps the manager; applications look there too.
EXTENSION: Final = "flask-jwt-extended"

#: Native settings that count here too.
_SHARED: Final = ("JWT_MAX_TOKEN_LENGTH", "JWT_REALM", "JWT_RESOURCE_METADATA")


class JWTManager(Loaders):
    """The loaders of one or several applications.

    Args:
        app: The application, or None: then call `init_app` later.
        add_context_processor: Whether templates know ``current_user``.
    """

    def __init__(self, app: Flask | None = None, add_context_processor: bool = False) -> None:
        super().__init__()
        if app is not None:
            self.init_app(app, add_context_processor)

    def init_app(self, app: Flask, add_context_processor: bool = False) -> None:
        """Guard *app*.

        Raises:
            SetupError: It has a manager already.
            ConfigurationError: A secret can be guessed, or a switch does not exist.
        """
        if EXTENSION in app.extensions:
            msg = "this application has a JWTManager already; use that one"
            raise SetupError(msg)
        check_switches(app.config)
        with app.app_context():
            config.check_secret()
        app.extensions[EXTENSION] = self
        app.register_error_handler(Answered, self.answer)
        app.after_request(stop_leaks)
        tell(app, self._is_blocked)
        if add_context_processor:
            app.context_processor(template_context)

    def issue(
        self,
        kind: str,
        identity: Any,
        fresh: Fresh,
        expires_delta: ExpiresDelta | None,
        claims: Mapping[str, Any] | None,
        headers: Mapping[str, Any] | None,
    ) -> str:
        """Return a new token; raises what `tokens.encode` raises."""
        order = Order(
            kind=kind,
            identity=self.call("user_identity", identity),
            key=self.call("encode_key", identity),
            fresh=fresh,
            expires_delta=expires_delta,
            # Copies: what a loader returns may be everybody's (S5).
            claims={**self.call("additional_claims", identity), **(claims or {})},
            headers={**self.call("additional_headers", identity), **(headers or {})},
        )
        return encode(order)

    def decode(
        self, encoded: Any, csrf: str | None = None, *, expired: bool = False, guard: bool = False
    ) -> Decoded:
        """Return a verified token; raises what `tokens.decode` raises."""
        is_default = self.is_default("decode_key")
        rules = Rules(
            load_key=None if is_default else lambda *found: self.call("decode_key", *found),
            max_length=_shared_settings().max_token_length,
            csrf_value=csrf,
            allow_expired=expired,
            at_guard=guard,
        )
        return decode(encoded, rules)

    def check_not_revoked(self, token: Decoded) -> None:
        """Ask the application, and the native store where there is one.

        Raises:
            RevokedTokenError: One of them knows the token as revoked.
            StoreUnavailableError: The store cannot be asked.
        """
        if self._is_blocked(token.header, token.claims) or is_revoked(token):
            raise RevokedTokenError(token.header, token.claims)

    def _is_blocked(self, header: Members, claims: Members) -> bool:
        return bool(self.call("token_in_blocklist", header, claims))

    def check_custom(self, token: Decoded) -> None:
        """Ask the application's ``token_verification_loader``.

        Raises:
            UserClaimsVerificationError: It says no.
        """
        if not self.call("token_verification", token.header, token.claims):
            msg = "User claims verification failed"
            raise UserClaimsVerificationError(msg, token.header, token.claims)

    def load_user(self, token: Decoded) -> User | None:
        """Return the user, or None where nobody can be asked.

        Raises:
            UserLookupError: The application does not know the user.
        """
        if self.is_default("user_lookup"):
            return None
        user = self.call("user_lookup", token.header, token.claims)
        if user is None:
            msg = "the user is not known"
            raise UserLookupError(msg, token.header, token.claims)
        return User(user)

    def answer(self, error: Answered) -> Response:
        """Return what the loader answers, and challenge (:rfc:`9110#section-11.6.1`)."""
        answer = self.call(error.loader, *error.arguments)
        response: Response = current_app.make_response(answer)
        if response.status_code == 401:
            response.headers.setdefault("WWW-Authenticate", _challenge(error.challenge))
        return response


def current_manager() -> JWTManager:
    """Return the manager of the current application.

    Raises:
        RuntimeError: It has none.
    """
    manager = current_app.extensions.get(EXTENSION)
    if manager is None:
        msg = "this application has no JWTManager; write JWTManager(app) or jwt.init_app(app)"
        raise RuntimeError(msg)
    return cast(JWTManager, manager)


def _shared_settings() -> Settings:
    given = ((key, current_app.config[key]) for key in _SHARED if key in current_app.config)
    return _settings(tuple(given))


@lru_cache(maxsize=16)
def _settings(given: tuple[tuple[str, Any], ...]) -> Settings:
    return Settings.from_mapping(dict(given))


def _challenge(error: str | None) -> str:
    settings = _shared_settings()
    said = {
        "realm": settings.realm,
        "error": error,
        "resource_metadata": settings.resource_metadata,
    }
    return "Bearer " + ", ".join(quoted(name, value) for name, value in said.items() if value)
