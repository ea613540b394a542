"""The names of Flask-JWT-Extended, those of version 3 included."""

from __future__ import annotations

from typing import Final

ORIGINAL: Final = "flask_jwt_extended"
BRIDGE: Final = "jwtpolicy.compat.flask_jwt_extended"

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

#: Names that version 4 has renamed or removed; `OLD_ATTRIBUTES` are the manager's.
OLD_NAMES: Final = frozenset(
    {
        "fresh_jwt_required",
        "get_jwt_claims",
        "get_raw_jwt",
        "get_raw_jwt_header",
        "jwt_optional",
        "jwt_refresh_token_required",
        "verify_fresh_jwt_in_request",
        "verify_jwt_in_argument",
        "verify_jwt_in_request_optional",
        "verify_jwt_refresh_token_in_request",
    }
)
OLD_ATTRIBUTES: Final = frozenset(
    {
        "claims_verification_failed_loader",
        "claims_verification_loader",
        "token_in_blacklist_loader",
        "user_claims_loader",
        "user_loader_callback_loader",
        "user_loader_error_loader",
    }
)


def own_name(qualified: str | None) -> str | None:
    """Return the name of *qualified* within Flask-JWT-Extended, without the package.

    ``get_jwt``, ``exceptions.CSRFError``; an empty string for the package itself, ``utils`` for
    a submodule; None for whatever is not its own.
    """
    for package in (ORIGINAL, BRIDGE):
        if qualified == package:
            return ""
        if qualified is not None and qualified.startswith(f"{package}."):
            return _shortened(qualified.removeprefix(f"{package}."))
    return None


def _shortened(name: str) -> str:
    first, _, rest = name.partition(".")
    return rest if first in _REPEATING and rest else name


def is_reference(name: str) -> bool:
    """Whether *name*, as `own_name` returns it, is a function or class, no module or member."""
    first, *rest = name.split(".")
    return len(rest) == 1 if first in SUBMODULES else bool(first) and not rest
