"""Know the names of Flask-JWT-Extended, and where they are imported from."""

from __future__ import annotations

from typing import Final

BRIDGE: Final = "jwtpolicy.compat.flask_jwt_extended"

#: Where its names are imported from: itself, and the bridge that stands in for it.
PACKAGES: Final = ("flask_jwt_extended", BRIDGE)

#: Its submodules that hold names of the package too.
_REPEATING: Final = frozenset({"jwt_manager", "utils", "view_decorators"})

SUBMODULES: Final = _REPEATING | {
    "config",
    "default_callbacks",
    "exceptions",
    "internal_utils",
    "tokens",
    "typing",
}


def own_name(qualified: str) -> str | None:
    """Return what Flask-JWT-Extended calls *qualified*, without the package.

    ``get_jwt``, ``exceptions.CSRFError``; an empty string for the package itself, ``utils`` for
    a submodule; None for whatever is not its own.
    """
    for package in PACKAGES:
        if qualified == package:
            return ""
        if qualified.startswith(f"{package}."):
            return _shortened(qualified.removeprefix(f"{package}."))
    return None


def _shortened(name: str) -> str:
    first, _, rest = name.partition(".")
    return rest if first in _REPEATING and rest else name


def is_reference(name: str) -> bool:
    """Whether *name*, as `own_name` returns it, is a thing and neither a module nor a member."""
    first, *rest = name.split(".")
    return len(rest) == 1 if first in SUBMODULES else bool(first) and not rest
