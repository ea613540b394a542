"""Check the settings of an application with the library's own readers and checks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any, Final

from ..compat.flask_jwt_extended.config import Config
from ..exceptions import ConfigurationError
from ..settings import Settings
from ..settings.checks import doubts, own_kind
from ..settings.readers import read_setting
from .application import Application, File
from .configured import Setting, keys_read
from .source import ABSENT, Note, literal

_KNOWN: Final[dict[str, Field[Any]]] = {
    field.metadata["key"]: field for field in fields(Settings) if field.metadata.get("read")
}
_LIFETIMES: Final = frozenset({"JWT_ACCESS_TOKEN_EXPIRES", "JWT_REFRESH_TOKEN_EXPIRES"})
_SECRETS: Final = frozenset({"JWT_SECRET_KEY", "JWT_PRIVATE_KEY"})
_KEYS: Final = _SECRETS | {"JWT_PUBLIC_KEY"}
#: The shortest secret of HS256, in bytes; the bridge refuses what has less than half of it.
_SECRET_LENGTH: Final = 32

#: Defaults of the original, by key.
_DEFAULTS: Final[dict[str, object]] = {
    option._key: option._default for option in vars(Config).values() if hasattr(option, "_key")
}
#: The settings of cookies' names, which both libraries need alike to read the other's cookies.
_COOKIES: Final = (
    "JWT_ACCESS_COOKIE_NAME",
    "JWT_ACCESS_CSRF_COOKIE_NAME",
    "JWT_REFRESH_COOKIE_NAME",
    "JWT_REFRESH_CSRF_COOKIE_NAME",
)


def hinder_by_settings(application: Application) -> None:
    """Add hindrances for settings that the native API refuses, or understands differently."""
    for file in application.files:
        for setting in file.settings:
            for text in _obstacles(application, setting):
                file.hinder(setting.node, text)
        for note in unread(application, file):
            file.hindrances.add(note)
        for call in _managers(file):
            for text in _missing(application):
                file.hinder(call, text)
        _hinder_late(file)


def _managers(file: File) -> Iterator[ast.AST]:
    return (r.call for r in file.of("JWTManager") if r.call is not None)


def _obstacles(application: Application, setting: Setting) -> Iterator[str]:
    key, value = setting.key, literal(setting.value)
    if key in _SECRETS:
        if (
            isinstance(value, str | bytes)
            and len(value) < _SECRET_LENGTH
            and key != "JWT_PRIVATE_KEY"
        ):
            yield f"{key} is too short: read one of {_SECRET_LENGTH} bytes from the environment"
        return
    if key in _LIFETIMES and value is False:
        required = application.settings.get("JWT_REQUIRE_EXP")
        if required is None or literal(required.value) is not False:
            yield (
                "tokens that never expire are refused here: set an end, or JWT_REQUIRE_EXP = "
                "False, which changes nothing before"
            )
    elif key in _KNOWN and value is not ABSENT:
        yield from _misfits(key, value)
    if key in _MEANT and value is not ABSENT and value != _MEANT[key][0]:
        yield _MEANT[key][1]


def _misfits(key: str, value: object) -> Iterator[str]:
    """Yield the library's own message about a value that it refuses."""
    field = _KNOWN[key]
    if value is None and field.default in (None, ()):
        return
    try:
        read_setting(key, value, field.metadata["read"], is_secret=not field.repr)
    except ConfigurationError as error:
        yield str(error)


#: Values that are what this library does anyway; with others it does something else.
_MEANT: Final[dict[str, tuple[object, str]]] = {
    "JWT_COOKIE_SECURE": (
        True,
        "cookies without HTTPS are for development: make it True, or not app.debug",
    ),
    "JWT_COOKIE_CSRF_PROTECT": (
        True,
        "cookies are always protected here: set it to True, and let clients send the value",
    ),
    "JWT_IDENTITY_CLAIM": (
        "sub",
        "identities are in `sub`: remove this, after the last token of today has expired",
    ),
    "JWT_VERIFY_SUB": (
        True,
        "identities are text: make them with str(…), read them with int(get_jwt_identity()), and "
        "remove this",
    ),
}


def _missing(application: Application) -> Iterator[str]:
    """Yield the settings that have to be written, because the defaults of both differ."""
    if not _KEYS & application.settings.keys() and not application.reads_elsewhere:
        yield (
            f"set JWT_SECRET_KEY, to {_SECRET_LENGTH} bytes or more: SECRET_KEY is not used "
            "for it here"
        )
    if takes_cookies(application):
        wanted = [*_COOKIES, "JWT_COOKIE_SECURE"]
        if any(any(file.of("set_refresh_cookies")) for file in application.files):
            wanted.append("JWT_REFRESH_COOKIE_PATH")
        for key in wanted:
            if key not in application.settings:
                yield (
                    f"set {key}, whose default differs here: {_DEFAULTS[key]!r} is what it is now"
                )


def takes_cookies(application: Application) -> bool:
    """Whether tokens are read from cookies."""
    setting = application.settings.get("JWT_TOKEN_LOCATION")
    value = () if setting is None else literal(setting.value)
    return value is ABSENT or "cookies" in (value or ())  # type: ignore[operator] # a container


def _hinder_late(file: File) -> None:
    """Add hindrances for settings that are written after the manager has read them."""
    source = file.source
    for setting in file.settings:
        for call in _managers(file):
            one, other = source.function_around(setting.node), source.function_around(call)
            is_late = setting.node.lineno > call.lineno  # type: ignore[attr-defined] # they have lines
            is_given = isinstance(call, ast.Call) and bool(call.args or call.keywords)
            if one is other and is_late and is_given and _is_written(file, setting):
                file.hinder(setting.node, "the manager has read the settings: write it above")


def _is_written(file: File, setting: Setting) -> bool:
    """Whether a setting is put into ``app.config`` there, and not into an object for it."""
    above = file.source.parent(setting.node)
    if isinstance(above, ast.Assign):
        return isinstance(above.targets[0], ast.Subscript)
    return isinstance(above, ast.keyword | ast.Dict | ast.Call)


def unread(application: Application, file: File) -> Iterator[Note]:
    """Yield notes on settings that are read but not set: the original filled them in."""
    for key, node in keys_read(file.source):
        if key not in application.settings and key in _DEFAULTS:
            text = f"nothing fills {key} in: set it, to {_DEFAULTS[key]!r}, or read it with get"
            yield Note(node.lineno, text)


def to_set(application: Application) -> Iterator[tuple[File, Note]]:
    """Yield notes on settings that have to be written for the bridge."""
    for file in application.files:
        for setting in file.settings:
            value = literal(setting.value)
            is_short = isinstance(value, str | bytes) and len(value) < _SECRET_LENGTH // 2
            if setting.key == "JWT_SECRET_KEY" and is_short:
                yield file, Note(setting.node.lineno, _WEAK)  # type: ignore[attr-defined] # an expression
            if setting.key in _LIFETIMES and value == 0 and value is not False:
                text = f"zero used to mean that tokens never expire; write {setting.key} = False"
                yield file, Note(setting.node.lineno, text)  # type: ignore[attr-defined] # an expression
        for note in unread(application, file):
            yield file, note


_WEAK: Final = (
    f"secrets of less than {_SECRET_LENGTH // 2} bytes are refused: set JWT_SECRET_KEY to "
    f"{_SECRET_LENGTH} bytes from the environment, or JWT_COMPAT_WEAK_KEYS = True until you have"
)


def reminders_of(application: Application) -> Iterator[tuple[File, Note]]:
    """Yield reminders about the settings of a native application, such as secrets in source."""
    for file in application.files:
        for setting in file.settings:
            line = setting.node.lineno  # type: ignore[attr-defined] # an expression
            if setting.key in _SECRETS and isinstance(literal(setting.value), str | bytes):
                text = f"{setting.key} is in the source: read a new one from the environment"
                yield file, Note(line, text)
            if setting.key not in _KNOWN:
                own = {setting.key} if own_kind(setting.key) else set()
                for text in doubts([setting.key], {*_KNOWN, *own}):
                    yield file, Note(line, text)
