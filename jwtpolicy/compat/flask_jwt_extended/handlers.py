"""Find who answers an error: the application's own handler of PyJWT's class, or the loader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import jwt
from flask import current_app, request
from flask.typing import ResponseReturnValue

from .exceptions import Answered

#: Classes that Flask-JWT-Extended has handlers for: an application's handler of a base comes later.
_HANDLED: Final = (
    jwt.DecodeError,
    jwt.ExpiredSignatureError,
    jwt.InvalidAudienceError,
    jwt.InvalidIssuerError,
    jwt.MissingRequiredClaimError,
    jwt.InvalidTokenError,
)


def answer(error: Answered) -> ResponseReturnValue:
    """Return what answers *error*."""
    handler = next(_own_handlers(type(error)), None)
    return error.response if handler is None else current_app.ensure_sync(handler)(error)


def _own_handlers(found: type[Answered]) -> Iterator[Callable[[Any], Any]]:
    """Yield handlers in the order in which Flask looks for them: the blueprints' ones first."""
    classes = [cls for cls in found.__mro__ if issubclass(cls, jwt.PyJWTError)]
    # Of an application's handlers those count that stand below the original's own.
    last = next((n for n, cls in enumerate(classes) if cls in _HANDLED), -1)
    for name in (*request.blueprints, None):
        handlers = current_app.error_handler_spec[name][None]
        reachable = classes if name is not None else classes[: last + 1]
        yield from (handlers[cls] for cls in reachable if cls in handlers)
