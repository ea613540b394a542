"""Guard applications, and answer what their guards refuse."""

from __future__ import annotations

import logging
from typing import Final

from flask import Flask, Response, current_app
from werkzeug.exceptions import InternalServerError

from ...exceptions import SetupError, quoted
from ...settings import Settings
from . import handlers
from .config import check_switches, config
from .current import find, template_context
from .exceptions import Answered
from .loaders import EXTENSION, Loaders
from .revoked import tell

logger = logging.getLogger("jwtpolicy")

#: Claims that are in nearly every token; no answer has headers of these names.
_TELLING: Final = ("jti", "exp", "iat")


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
            RuntimeError: Another option cannot be meant.
        """
        if EXTENSION in app.extensions:
            raise SetupError("this application has a JWTManager already; use that one")
        check_switches(app.config)
        with app.app_context():
            config.check()
        app.extensions[EXTENSION] = self
        app.register_error_handler(Answered, handlers.answer)
        app.after_request(_stop_leaks)
        tell(app, self)
        if add_context_processor:
            app.context_processor(template_context)

    def answer(self, error: Answered) -> Response:
        """Return what the loader answers, and challenge (:rfc:`9110#section-11.6.1`)."""
        response = current_app.make_response(self.call(error.loader, *error.arguments))
        if response.status_code == 401:
            response.headers.setdefault("WWW-Authenticate", _challenge(error.challenge))
        return response


def _challenge(error: str | None) -> str:
    shared = ("JWT_REALM", "JWT_RESOURCE_METADATA")
    settings = Settings.from_mapping({k: v for k, v in current_app.config.items() if k in shared})
    said = {"realm": settings.realm, "error": error}
    said["resource_metadata"] = settings.resource_metadata
    return "Bearer " + ", ".join(quoted(name, value) for name, value in said.items() if value)


def _stop_leaks(response: Response) -> Response:
    """Return *response*, unless its headers are claims (S4).

    ``before_request(lambda: verify_jwt_in_request())`` makes Flask take the header and the claims
    that come back for the answer: one as its body, the other as its headers.
    """
    admitted = find()
    has_token = admitted is not None and admitted.token is not None
    if has_token and any(name in response.headers for name in _TELLING):
        logger.error(
            "a before_request function returned what verify_jwt_in_request() returned, and Flask "
            "took it for the answer; let the function return None"
        )
        return current_app.make_response(InternalServerError().get_response())
    return response
