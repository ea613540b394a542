"""Error handlers for APIFlask, Flask-RESTful and Flask-RESTX, which have their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any, NoReturn, cast

from flask import Flask, current_app
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ..exceptions import AccessError
from ..guards.flow import Answered


def tell_frameworks(app: Flask, too_wide: AbstractSet[type]) -> None:
    """Add handlers of `AccessError` where a framework's own would lose its status, code or headers.

    Args:
        app: The application; it may be called again for it.
        too_wide: Classes of which no handler is meant for refusals.
    """
    _tell_apiflask(app)
    for api in _routers(app):
        if "error_handlers" in vars(api) and "namespaces" in vars(api):
            _tell_restx(api, too_wide)


def _tell_apiflask(app: Flask) -> None:
    """Have APIFlask answer refusals with their error code and description, which it drops.

    Its handler of `HTTPException` hands the status's name alone to the application's
    ``error_processor``. One of the application's own is left to answer.
    """
    handlers = app.error_handler_spec[None][None]
    its_own = getattr(handlers.get(HTTPException), "__module__", "").partition(".")[0]
    if its_own == "apiflask":
        handlers.setdefault(AccessError, _answer_as_apiflask)


def _answer_as_apiflask(error: AccessError) -> ResponseReturnValue:
    told = sys.modules["apiflask"].HTTPError(
        error.code, message=error.description, headers=error.headers, extra_data=error.body
    )
    return cast(ResponseReturnValue, cast(Any, current_app).error_callback(told))


def _routers(app: Flask) -> Iterator[object]:
    """Yield the `Api` objects that replaced `handle_user_exception`, as RESTful and RESTX do."""
    found: object = app.handle_user_exception
    while isinstance(found, partial):
        yield getattr(found.func, "__self__", None)
        found = next(iter(found.args), None)


def _tell_restx(api: Any, too_wide: AbstractSet[type]) -> None:
    """Have ``@api.errorhandler(Exception)`` answer no refusals; RESTX would make them 500.

    RESTX asks the first handler whose class fits, in the order in which they were written, those
    of the namespaces last. It asks about finished answers too, which Flask sends as they are.
    """
    own = dict(api.error_handlers)
    listed = [own, *(namespace.error_handlers for namespace in api.namespaces)]
    is_done = getattr(own.get(AccessError), "__module__", None) == __name__
    wide = {*too_wide, HTTPException}
    if is_done or all(wide.isdisjoint(handlers) for handlers in listed):
        return

    def answer(error: AccessError) -> Any:
        """The request was refused."""  # RESTX shows it in its documentation
        for cls, handler in (item for handlers in listed for item in handlers.items()):
            if isinstance(error, cls) and cls not in too_wide:
                return handler(error)
        return error.body, error.code, error.headers

    added = {AccessError: answer, Answered: _pass_on}
    # Twice: to be the first, and not to be replaced by one of the application's.
    api.error_handlers = added | own | added


def _pass_on(answered: Answered) -> NoReturn:
    """HEAD is answered, so that GET can use the token up."""  # RESTX shows it, too
    # What a handler raises goes to Flask.
    raise answered
