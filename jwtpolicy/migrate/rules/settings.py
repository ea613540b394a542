"""Judge the settings that an application writes, by what the library itself says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any, Final

import libcst as cst

from ...exceptions import ConfigurationError
from ...settings import Settings
from ...settings.checks import doubts, own_kind
from ...settings.cookies import check_cookies
from ...settings.readers import read_setting
from ..configured import Setting, keys_read
from ..nodes import ABSENT, dotted, literal, string
from ..work import Work

_KNOWN: Final[dict[str, Field[Any]]] = {
    field.metadata["key"]: field for field in fields(Settings) if field.metadata.get("read")
}
_LIFETIMES: Final = frozenset({"JWT_ACCESS_TOKEN_EXPIRES", "JWT_REFRESH_TOKEN_EXPIRES"})
_SECRETS: Final = frozenset({"JWT_SECRET_KEY", "JWT_PRIVATE_KEY"})
_FROM_ENVIRONMENT: Final = frozenset({"os.environ.get", "os.getenv"})


def rewrite_settings(work: Work) -> None:
    """Rewrite endless lifetimes, and list what a person has to look at."""
    for setting in work.facts.settings:
        if setting.key in _LIFETIMES and literal(setting.value) is False:
            _spell_never(work, setting)
        for text in _complaints(work, setting):
            work.note(setting.node, text)
    for key, node in keys_read(work.source):
        if key not in work.project.settings:
            work.note(
                node, f"defaults are not written to app.config: set {key}, or read it with get"
            )
    _find_late(work)


def _spell_never(work: Work, setting: Setting) -> None:
    work.edits.replace(setting.value, cst.Name(work.native("NEVER")))
    work.note(
        setting.node,
        "jwt.login ends such tokens with their session; jwt.issue refuses them unless "
        "JWT_REQUIRE_EXP is False",
    )


def _complaints(work: Work, setting: Setting) -> Iterator[str]:
    if setting.key in _SECRETS and _is_written_out(setting.value):
        yield f"{setting.key} stands in the source: read a new one from the environment"
    if setting.key not in _KNOWN:
        yield from _doubts(setting.key)
    elif setting.key not in _SECRETS:
        yield from _misfits(setting)
    if any(origin.startswith("jwt.") for origin in work.source.origins(setting.value)):
        yield f"{setting.key} takes text: the PEM, and no object of PyJWT"
    if setting.key in _MORE:
        yield from _MORE[setting.key](work, setting)


def _is_written_out(value: cst.BaseExpression) -> bool:
    """Whether *value* is text, or falls back on one."""
    if isinstance(value, cst.Call) and len(value.args) == 2:
        is_fallback = dotted(value.func) in _FROM_ENVIRONMENT
        return is_fallback and string(value.args[1].value) is not None
    if isinstance(value, cst.BooleanOperation):
        return _is_written_out(value.right)
    return isinstance(literal(value), str | bytes)


def _doubts(key: str) -> Iterator[str]:
    """Yield what the library says of a key that means nothing, or is misspelt."""
    own = {key} if own_kind(key) else set()
    try:
        yield from doubts([key], {*_KNOWN, *own})
    except ConfigurationError as error:
        yield str(error)


def _misfits(setting: Setting) -> Iterator[str]:
    """Yield what the library says of a value that cannot be meant."""
    field, value = _KNOWN[setting.key], _value(setting)
    is_left_out = value is None and field.default in (None, ())
    if value is ABSENT or is_left_out:
        return
    try:
        read_setting(setting.key, value, field.metadata["read"], is_secret=not field.repr)
    except ConfigurationError as error:
        yield str(error)


def _value(setting: Setting) -> object:
    """Return a value that is written out; an endless lifetime is spelt already."""
    value = literal(setting.value)
    return ABSENT if setting.key in _LIFETIMES and value is False else value


def _old_names(work: Work, setting: Setting) -> Iterator[str]:
    places = literal(setting.value)
    takes_cookies = isinstance(places, str | list | tuple | set) and "cookies" in places
    if takes_cookies and "JWT_ACCESS_COOKIE_NAME" not in work.project.settings:
        yield (
            "cookies are called otherwise here: mend scripts that read csrf_access_token, or keep "
            "the names with JWT_ACCESS_COOKIE_NAME, JWT_ACCESS_CSRF_COOKIE_NAME and their twins"
        )


def _insecure(work: Work, setting: Setting) -> Iterator[str]:
    if literal(setting.value) is False:
        try:
            check_cookies(
                Settings(token_location=("cookies",), cookie_secure=False), is_development=False
            )
        except ConfigurationError as error:
            yield str(error)


def _two_subjects(work: Work, setting: Setting) -> Iterator[str]:
    if literal(setting.value) != "sub":
        yield "tokens whose `sub` says something else than this claim are refused here"


_MORE: Final = {
    "JWT_TOKEN_LOCATION": _old_names,
    "JWT_COOKIE_SECURE": _insecure,
    "JWT_IDENTITY_CLAIM": _two_subjects,
}


def _find_late(work: Work) -> None:
    """Find settings that are written after the manager has read them."""
    for setting in work.facts.settings:
        for manager in work.facts.managers:
            same = work.source.scope(setting.node) is work.source.scope(manager.target)
            late = work.source.line(setting.node) > work.source.line(manager.call)
            if manager.call.args and same and late and isinstance(setting.node, cst.Assign):
                work.note(setting.node, "the manager has read the settings already: set it before")
