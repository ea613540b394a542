"""Find token checks inside of views, hooks and wrappers, by reading their bytecode."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType, MethodType
from typing import Any, Final

import flask.views
from flask import Flask
from werkzeug.local import LocalProxy

from ..app.bridge_guards import blueprints_of, is_guard_of_bridge, making, verifying
from ..app.planner import WrittenGuards, dispatcher, handler, put_at_each_request, view_class
from ..extension import JWTManager
from ..guards.levels import guard_of, layers_of, opens
from ..views import protect
from .bytecode import UNTOLD, Scope, scope_of

_ENFORCE: Final = frozenset({"enforce", "enforce_async"})
_CHECKS: Final = _ENFORCE | {"verify_jwt_in_request"}
#: Packages whose functions check nothing of their own accord, called as they are.
_PLAIN: Final = sys.stdlib_module_names | {
    "click",
    "flask",
    "jinja2",
    "jwtpolicy",
    "marshmallow",
    "sqlalchemy",
    "werkzeug",
}
#: The depth to which calls are followed into functions.
_DEPTH: Final = 6


@dataclass(slots=True)
class Found:
    """The checks found in the code that runs for an endpoint, and the code that is unreadable.

    Attributes:
        checks: The places of token checks, as ``file:line``.
        hidden: The callables whose code cannot be read, which may hold a check.
    """

    checks: dict[str, None] = field(default_factory=dict)
    hidden: dict[str, None] = field(default_factory=dict)


def found_inside(app: Flask, endpoint: str, method: str) -> Found:
    """Return the checks in the hooks and the view of *endpoint* that run for *method*."""
    look = _Look(method)
    for hook in _hooks(app, endpoint):
        look.at(hook)
    # What a hook hides is not what the endpoint is about.
    look.found.hidden.clear()
    look.at(WrittenGuards(app.view_functions.get(endpoint)).view)
    return look.found


def found_beneath(app: Flask, endpoint: str, method: str) -> Found:
    """Return the checks in the view of *endpoint* that its guards stand around."""
    view = WrittenGuards(app.view_functions.get(endpoint)).view
    cls = view_class(view)
    function = view if cls is None else handler(view, method)
    *_, innermost = layers_of(function)
    look = _Look(method)
    look.at(innermost if cls is None else MethodType(innermost, cls))  # type: ignore[arg-type] # a function
    return look.found


def _hooks(app: Flask, endpoint: str) -> Iterator[Callable[..., Any]]:
    for name in (None, *blueprints_of(endpoint)):
        yield from app.before_request_funcs.get(name, ())


class _Look:
    """A search for token checks through functions and what they call, each visited once.

    Args:
        method: The method of the request, which chooses the handler of a class.
    """

    def __init__(self, method: str) -> None:
        self.found = Found()
        self._method = method
        self._seen: set[int] = set()
        #: The searched objects; one that is gone would lend its id to another.
        self._kept: list[object] = []

    def at(self, thing: object, instance: object = UNTOLD, depth: int = _DEPTH) -> None:
        """Search a callable, and the callables that it reaches, down to *depth*."""
        if thing is None or id(thing) in self._seen or depth == 0:
            return
        self._seen.add(id(thing))
        self._kept.append(thing)
        guard = guard_of(thing)
        if (guard is not None and not opens(guard, self._method)) or is_guard_of_bridge(thing):
            self.found.checks[_place_of(thing)] = None
        elif isinstance(thing, partial):
            for part in (thing.func, *thing.args, *thing.keywords.values()):
                self._at_held(part, depth)
        elif isinstance(thing, MethodType):
            self.at(thing.__func__, thing.__self__, depth)
        elif isinstance(thing, FunctionType):
            self._at_function(thing, instance, depth)
        elif isinstance(getattr(type(thing), "__call__", None), FunctionType):  # noqa: B004 # read
            self.at(type(thing).__call__, thing, depth)
        elif callable(getattr(thing, "__wrapped__", None)):
            self.at(thing.__wrapped__, depth=depth)  # type: ignore[attr-defined] # it has one
        else:
            self.found.hidden[_name_of(thing)] = None

    def _at_function(self, function: FunctionType, instance: object, depth: int) -> None:
        cls = view_class(function)
        if function.__code__.co_filename == flask.views.__file__ and cls is not None:
            self._at_class(function, cls, depth)
        else:
            self._read(scope_of(function, instance), depth)

    def _at_class(self, view: object, cls: type, depth: int) -> None:
        """Search the class behind a view function of ``as_view``: its handler and decorators."""
        package = dispatcher(cls)
        if package not in ("flask", "flask_restful", "flask_restx"):
            # What it hands its arguments on to is the handler, which is looked at anyway.
            self.at(MethodType(cls.dispatch_request, cls), depth=depth - 1)  # type: ignore[attr-defined] # a View
        if package in ("flask_restful", "flask_restx"):
            for decorator in put_at_each_request(cls, self._method):
                self._at_decorator(decorator, depth)
        answering = handler(view, self._method)
        if answering is not None:
            self.at(MethodType(answering, cls), depth=depth)  # type: ignore[arg-type] # a function

    def _at_decorator(self, decorator: object, depth: int) -> None:
        """Search the wrapper that *decorator* will put around a handler; it does not exist yet."""
        while isinstance(decorator, partial):
            decorator = decorator.func
        if not isinstance(decorator, FunctionType):
            self.at(decorator, depth=depth)
        elif depth > 0:
            self._at_making(scope_of(decorator), depth - 1)

    def _at_making(self, scope: Scope, depth: int) -> None:
        """Search the wrapper inside a decorator's *scope*, and the decorators that it calls."""
        for call in scope.calls():
            if any(call.callee is maker for maker in (protect, *making())):
                self.found.checks[f"{_shown(scope.code.co_filename)}:{call.line}"] = None
            elif isinstance(call.callee, FunctionType) and not _is_plain(call.callee):
                self._at_decorator(call.callee, depth)
        for inner in scope.nested():
            self._read(inner, depth)

    def _read(self, scope: Scope, depth: int) -> None:
        is_followed = False
        for part in scope.held:
            is_followed |= self._at_held(part, depth)
        for call in scope.calls():
            if _is_check(call.callee):
                self.found.checks[f"{_shown(scope.code.co_filename)}:{call.line}"] = None
            elif call.callee is UNTOLD and call.name in _CHECKS:
                place = f"{_shown(scope.code.co_filename)}:{call.line}"
                self.found.hidden[f"{call.name} of something, at {place}"] = None
            elif _is_readable(call.callee) and not _is_plain(call.callee):
                is_followed = True
                self.at(call.callee, depth=depth - 1)
        for inner in scope.nested():
            self._read(inner, depth)
        if depth == _DEPTH and scope.hands_on() and not is_followed:
            place = f"{_shown(scope.code.co_filename)}:{scope.code.co_firstlineno}"
            self.found.hidden[f"{scope.code.co_qualname}, at {place}"] = None

    def _at_held(self, part: object, depth: int) -> bool:
        """Search an object of a function's closure or defaults; return whether it may be called."""
        if not _may_be_called(part) or _is_check(part):
            return False
        if _is_readable(part) or not _is_plain(part):
            self.at(part, depth=depth)
        return True


def _may_be_called(thing: object) -> bool:
    # A proxy would be asked what it stands for; classes make objects.
    return not isinstance(thing, LocalProxy | type) and callable(thing)


def _is_check(thing: object) -> bool:
    function = thing.__func__ if isinstance(thing, MethodType) else thing
    return any(function is check for check in (*verifying(), *_OURS))


_OURS: Final = (JWTManager.enforce, JWTManager.enforce_async)


def _is_readable(thing: object) -> bool:
    return isinstance(thing, FunctionType | MethodType | partial)


def _is_plain(thing: object) -> bool:
    module = getattr(thing, "__module__", None) or ""
    return module.partition(".")[0] in _PLAIN


def _shown(file: str) -> str:
    """Return the path of *file*, from the working directory where it is below."""
    here = os.path.join(os.getcwd(), "")
    return file.removeprefix(here)


def _place_of(guarded: Any) -> str:
    view = getattr(guarded, "__wrapped__", guarded)
    code = getattr(view, "__code__", None)
    if code is None:
        return _name_of(view)
    return f"{_shown(code.co_filename)}:{code.co_firstlineno}"


def _name_of(thing: object) -> str:
    kind = type(thing)
    return f"{kind.__module__}.{kind.__qualname__}"
