"""Find the guards of the compatibility bridge, which know nothing of policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from flask import Flask

from ..guards import guard_of, layers_of
from ..planning import WrittenGuards, handler

#: Where the bridge keeps what belongs to it; the library that it stands for does so too.
EXTENSION: Final = "flask-jwt-extended"

#: The name under which a guard of the bridge carries its view and its own source text.
MARK: Final = "__jwtpolicy_bridge__"

#: What applications call, or register to be called before each request.
_CALL: Final = "verify_jwt_in_request"


def bridge_around(app: Flask, endpoint: str, method: str) -> str | None:
    """Return the source text of the bridge's guards of an endpoint, or None."""
    view = app.view_functions.get(endpoint)
    found = [*_hooks(app, endpoint), *_marks(view), *_marks(handler(view, method))]
    return " & ".join(dict.fromkeys(found)) or None


def is_passed_by(view: object) -> bool:
    """Whether a decorator stands above the guard of the bridge, and may answer without it."""
    view = WrittenGuards(view).view
    is_first = guard_of(view) is not None or _mark_on(view) is not None
    return not is_first and any(_marks(view))


def is_bridge(extension: object) -> bool:
    """Whether what is registered as `EXTENSION` is the bridge, and not what it stands for."""
    return _is_ours(type(extension))


def _marks(function: object) -> Iterator[str]:
    for layer in layers_of(function):
        if (text := _mark_on(layer)) is not None:
            yield text


def _mark_on(layer: object) -> str | None:
    """Return the source text of the guard that *layer* itself is: marks travel by wrapping."""
    found = getattr(layer, "__dict__", {}).get(MARK)
    if found is None or found[0] is not getattr(layer, "__wrapped__", None):
        return None
    return str(found[1])


def _hooks(app: Flask, endpoint: str) -> Iterator[str]:
    """Yield the bridge's guard where it runs before every request of the endpoint."""
    names = [None, *_blueprints(endpoint)]
    if any(_is_guard(hook) for name in names for hook in app.before_request_funcs.get(name, ())):
        yield f"{_CALL}()"


def _blueprints(endpoint: str) -> Iterator[str]:
    while endpoint := endpoint.rpartition(".")[0]:
        yield endpoint


def _is_guard(hook: Callable[..., object]) -> bool:
    return getattr(hook, "__name__", "") == _CALL and _is_ours(hook)


def _is_ours(thing: object) -> bool:
    return str(getattr(thing, "__module__", "")).startswith("jwtpolicy.compat.")
