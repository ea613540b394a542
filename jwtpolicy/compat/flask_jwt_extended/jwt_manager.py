"""The bridge's `JWTManager`: registration, error handlers and hooks of an application."""

from __future__ import annotations

from functools import cache
from typing import Final, cast

import jwt
from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue

from ...exceptions import SetupError
from ...settings.reads import warn_of_unset
from .callbacks import EXTENSION, Loaders
from .config import FILLED, config
from .current import get_jwt_request_location, template_context
from .exceptions import Answered, JWTExtendedException
from .places import COOKIES
from .revoked import tell
from .view_decorators import silence_hooks

#: Classes that Flask-JWT-Extended has handlers for: an application's handler of a base comes later.
_HANDLED: Final = (
    jwt.DecodeError,
    jwt.ExpiredSignatureError,
    jwt.InvalidAudienceError,
    jwt.InvalidIssuerError,
    jwt.MissingRequiredClaimError,
    jwt.InvalidTokenError,
)
#: Those that it defines itself; it has a handler for each, so that one for their base comes later.
_OWN: Final[tuple[type[Exception], ...]] = (Answered, *JWTExtendedException.__subclasses__())


class JWTManager(Loaders):
    """The loaders of one or several applications.

    Args:
        app: The application, or None: then call `init_app` later.
        add_context_processor: Whether templates know ``current_user``.
    """

    def __init__(self, app: Flask | None = None, add_context_processor: bool = False) -> None:
        if app is not None:
            self.init_app(app, add_context_processor)

    def init_app(self, app: Flask, add_context_processor: bool = False) -> None:
        """Register the manager with *app*: check its options, add error handlers and hooks.

        Raises:
            SetupError: The application has a `JWTManager` already.
            ConfigurationError: A secret can be guessed, or a switch does not exist.
            RuntimeError: An option has a value that Flask-JWT-Extended refuses.
        """
        if EXTENSION in app.extensions:
            raise SetupError("this application has a JWTManager already; use that one")
        with app.app_context():
            config.check()
        app.extensions[EXTENSION] = self
        for cls in _OWN:
            app.register_error_handler(cls, _answer)
        app.after_request(_stop_leaks)
        app.after_request(_keep_private)

        @cache
        def begin() -> None:
            """Check the application's modules and hooks at its first request."""
            warn_of_unset(app, FILLED)
            silence_hooks(app)

        # Before all others: Flask calls them in this order.
        app.before_request_funcs.setdefault(None, []).insert(0, begin)
        tell(app, self)
        if add_context_processor:
            app.context_processor(template_context)


def _answer(error: Answered) -> ResponseReturnValue:
    """Return what the application's own handler of PyJWT's class answers, or the loader.

    Handlers are tried in the order in which Flask looks for them, the blueprints' ones first; of
    an application's handlers those count that stand below the original's own.
    """
    classes = [cls for cls in type(error).__mro__ if issubclass(cls, jwt.PyJWTError)]
    last = next((n for n, cls in enumerate(classes) if cls in _HANDLED), -1)
    for name in (*request.blueprints, None):
        handlers = current_app.error_handler_spec[name][None]
        for cls in classes if name is not None else classes[: last + 1]:
            if cls in handlers:
                return cast(ResponseReturnValue, current_app.ensure_sync(handlers[cls])(error))
    return error.response


def _stop_leaks(response: Response) -> Response:
    """Return *response*, unless its headers are claims of a token (S4).

    ``before_request(lambda: verify_jwt_in_request())`` makes Flask take the header and the claims
    that come back for the answer: one as its body, the other as its headers.

    Raises:
        SetupError: The response has headers named after registered claims.
    """
    # They are in nearly every token; no answer has headers of these names.
    is_telling = any(name in response.headers for name in ("jti", "exp", "iat"))
    if is_telling and get_jwt_request_location():
        msg = "what verify_jwt_in_request() returned was used as the answer; return None instead"
        raise SetupError(msg)
    return response


def _keep_private(response: Response) -> Response:
    """Return *response* with ``Vary`` and ``Cache-Control`` for requests with cookies (HTTP-9)."""
    names = getattr(request, COOKIES, ())
    if names and "*" not in (vary := response.vary):
        vary.add("Cookie")
    if any(name in request.cookies for name in names):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
