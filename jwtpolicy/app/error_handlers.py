"""Error handlers of `AccessError`, so that an application's of `Exception` answer no refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any, Final, cast

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from .. import exceptions
from ..exceptions import AccessError
from .frameworks import tell_frameworks

#: Answers an exception.
Handler = Callable[[Any], ResponseReturnValue]


def _bases() -> Iterator[type]:
    for cls in vars(exceptions).values():
        if isinstance(cls, type) and issubclass(cls, AccessError):
            yield from cls.__mro__


#: The classes that refusals are instances of beside HTTP's, such as `Exception` and `KeyError`: who
#: writes a handler of one of them means what went wrong, and not what was refused.
TOO_WIDE: Final[frozenset[type]] = frozenset(
    base for base in _bases() if not issubclass(base, HTTPException)
)


def add_handlers(app: Flask) -> Callable[[], bool]:
    """Add a handler of `AccessError` to each scope of *app* where one of `Exception` would answer.

    A scope is the application or a blueprint. The added handler answers as the scopes further out
    would. Where a scope has one of `AccessError` or `HTTPException`, that comes first anyway; and
    one of a class of ours, or of a status, comes before all of these. It may be called again.

    Returns:
        A function that says whether the added handlers answer every refusal, because the
        application has none of its own.
    """
    handlers, is_plain = app.error_handler_spec, _is_plain(app)
    for scope in list(handlers):
        found = handlers[scope][None]
        if not TOO_WIDE.isdisjoint(found) and not {AccessError, HTTPException} & set(found):
            found[AccessError] = _Outwards(scope, is_plain).answer
    _answer_last(app, is_plain)
    tell_frameworks(app, TOO_WIDE)
    # Frameworks such as Flask-RESTful replace methods of the very application.
    if is_plain and vars(app).keys().isdisjoint(_ANSWERING):
        return partial(_answer_all, app)
    return lambda: False


def _answer_all(app: Flask) -> bool:
    """Whether no handler but the added one can answer a refusal of *app*.

    It is asked for each refusal, because some handlers are written late. Flask leaves empty
    entries for all scopes and statuses that it has looked for.
    """
    spec = app.error_handler_spec
    is_added = isinstance(getattr(spec[None][None].get(AccessError), "__self__", None), _Outwards)
    return is_added and sum(map(len, chain.from_iterable(map(dict.values, spec.values())))) == 1


#: The methods of Flask's that say what becomes of an error that nobody handles.
_ANSWERING: Final = (
    "handle_user_exception",
    "handle_http_exception",
    "trap_http_exception",
    "_find_error_handler",
    "make_response",
)


def _is_plain(app: Flask) -> bool:
    """Whether *app* answers errors as Flask does; a subclass may want to see them all."""
    return all(getattr(type(app), name) is getattr(Flask, name) for name in _ANSWERING)


class _Outwards:
    """The error handler of a scope: it answers as if the scope handled no `TOO_WIDE` class.

    Handlers of single statuses are not looked for: Flask has done that, in all scopes. Others are
    looked for at each refusal, because some are written when this one is there already.

    Args:
        scope: The name of the blueprint, or None for the application.
        is_plain: Whether the application answers errors as Flask does; see `_is_plain`.
    """

    def __init__(self, scope: str | None, is_plain: bool) -> None:
        self._scope = scope
        self._is_plain = is_plain

    # A method and not the object: Flask asks of each handler whether it is async, which takes long
    # for a callable object.
    def answer(self, error: AccessError) -> ResponseReturnValue:
        """Return the answer of the handlers further out, else the error's own."""
        # Nearly always there is no other handler in the application's own scope, the outermost.
        if self._scope is not None or len(current_app.error_handler_spec[None][None]) > 1:
            handler = next(self._handlers(type(error)), None)
            if handler is not None:
                return handler(error)
        if not self._is_plain:
            # Flask takes an HTTP exception for its own answer, where nobody handles it.
            return cast(ResponseReturnValue, error)
        error.is_own_answer = True
        return error.response

    def _handlers(self, cls: type) -> Iterator[Handler]:
        scopes = (*request.blueprints, None)
        for scope in scopes[scopes.index(self._scope) :]:
            found = current_app.error_handler_spec[scope][None]
            for base in cls.__mro__:
                handler = None if base in TOO_WIDE else found.get(base)
                if handler is not None and handler != self.answer:
                    yield current_app.ensure_sync(handler)


def _answer_last(app: Flask, is_plain: bool) -> None:
    """Add the handler of `AccessError` of last resort, unless the application has one that fits.

    Flask would call the error as an application of its own, with the request's environ, and copy
    what comes of that. ``TRAP_HTTP_EXCEPTIONS`` still traps refusals, if it is set; and
    ``TRAP_BAD_REQUEST_ERRORS`` traps what views read wrongly, and no refusals: Flask raises again
    what it traps, as an unhandled error, unless there is a handler.
    """
    handlers = app.error_handler_spec[None][None]
    is_quicker = is_plain and not app.config["TRAP_HTTP_EXCEPTIONS"]
    is_wanted = is_quicker or app.config["TRAP_BAD_REQUEST_ERRORS"]
    if is_wanted and not {AccessError, HTTPException} & set(handlers):
        handlers[AccessError] = _Outwards(None, is_plain).answer
