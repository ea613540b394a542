"""Find the guards of the Flask-JWT-Extended bridge on endpoints, hooks and decorators."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

from flask import Flask

from ..guards.levels import guard_of, layers_of
from .planner import WrittenGuards, handler, put_at_each_request, view_class

#: The key in ``app.extensions`` of the bridge's manager, and of Flask-JWT-Extended's.
EXTENSION: Final = "flask-jwt-extended"

#: The name under which a guard of the bridge carries its view and its own source text.
MARK: Final = "__jwtpolicy_bridge__"

#: The name of the check that applications call, or register as a hook before each request.
_CALL: Final = "verify_jwt_in_request"
_DECORATORS: Final = "jwtpolicy.compat.flask_jwt_extended.view_decorators"
_OTHER_DECORATORS: Final = "flask_jwt_extended.view_decorators"


def bridge_around(app: Flask, endpoint: str, method: str) -> str | None:
    """Return the source text of the bridge's guards of an endpoint, or None."""
    return _joined([*_hooks(app, endpoint), *_on_view(app.view_functions.get(endpoint), method)])


def bridge_on(view: object, method: str) -> str | None:
    """Return the source text of the bridge's guards on *view* itself, without hooks, or None."""
    return _joined(_on_view(view, method))


def _joined(found: Iterable[str]) -> str | None:
    return " & ".join(dict.fromkeys(found)) or None


def _on_view(view: object, method: str) -> Iterator[str]:
    yield from _marks(view)
    put = put_at_each_request(view_class(view), method)
    yield from (str(one) for one in put if _makes_guards(one))
    yield from _marks(handler(view, method))


def is_passed_by(view: object) -> bool:
    """Whether a decorator stands above the guard of the bridge, and may answer without it."""
    view = WrittenGuards(view).view
    is_first = guard_of(view) is not None or _mark_on(view) is not None
    return not is_first and any(_marks(view))


def is_bridge(extension: object) -> bool:
    """Whether *extension* is the bridge's `JWTManager`, not that of Flask-JWT-Extended."""
    return _is_ours(type(extension))


def _marks(function: object) -> Iterator[str]:
    for layer in layers_of(function):
        if (text := _mark_on(layer)) is not None:
            yield text


def _mark_on(layer: object) -> str | None:
    """Return the source text of the bridge's guard if *layer* itself is one.

    ``functools.wraps`` copies the mark to outer functions, on which it does not count.
    """
    found = getattr(layer, "__dict__", {}).get(MARK)
    if found is None or found[0] is not getattr(layer, "__wrapped__", None):
        return None
    return str(found[1])


def is_guard_of_bridge(thing: object) -> bool:
    """Whether *thing* is a view guarded by the bridge, or ``jwt_required`` itself."""
    return _mark_on(thing) is not None or _makes_guards(thing)


def verifying() -> list[object]:
    """Return ``verify_jwt_in_request`` of the bridge and of Flask-JWT-Extended, if imported."""
    return _named(_CALL)


def making() -> list[object]:
    """Return ``jwt_required`` of the bridge and of Flask-JWT-Extended, if imported."""
    return _named("jwt_required")


def _named(name: str) -> list[object]:
    modules = (sys.modules.get(module) for module in (_DECORATORS, _OTHER_DECORATORS))
    return [getattr(module, name) for module in modules if module is not None]


def _makes_guards(thing: object) -> bool:
    # Where the module was never imported there is nothing of it.
    module: Any = sys.modules.get(_DECORATORS)
    return module is not None and isinstance(thing, module.Guard)


def _hooks(app: Flask, endpoint: str) -> Iterator[str]:
    """Yield the bridge's guard where it runs before every request of the endpoint."""
    check = getattr(sys.modules.get(_DECORATORS), _CALL, None)
    names = [None, *blueprints_of(endpoint)]
    if any(hook is check for name in names for hook in app.before_request_funcs.get(name, ())):
        yield f"{_CALL}()"


def blueprints_of(endpoint: str) -> Iterator[str]:
    """Yield the names of the blueprints around an endpoint, the innermost first."""
    while endpoint := endpoint.rpartition(".")[0]:
        yield endpoint


def _is_ours(thing: object) -> bool:
    return str(getattr(thing, "__module__", "")).startswith("jwtpolicy.compat.")
