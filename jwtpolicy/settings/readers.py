"""Readers of the values of settings: each returns the value, or raises what is allowed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import timedelta
from os import PathLike, fspath
from typing import Any, Final

from ..exceptions import ChallengeError, ConfigurationError, quoted
from ..markers import NEVER
from ..tokens.claims import CARRIED, RESERVED_CLAIMS

#: Seconds.
MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86_400

#: The longest lifetime; ``exp`` has to stay a date (CLAIM-1), and stores keep 64-bit integers.
_CENTURY: Final = 100 * 365 * DAY


class Wrong(Exception):  # noqa: N818 # becomes a ConfigurationError that names the key
    """The value is refused; the message is what is allowed instead."""


Reader = Callable[[Any], Any]


def flag(value: Any) -> bool:
    """Read True or False; a string is neither."""
    if type(value) is not bool:
        hint = "in the environment `FLASK_JWT_…=false`, in lower case: Flask reads JSON"
        msg = f"True or False ({hint})"
        raise Wrong(msg)
    return value


def text(value: Any) -> str:
    """Read a string that is not empty."""
    if type(value) is not str or not value:
        msg = "a non-empty string"
        raise Wrong(msg)
    return value


def any_text(value: Any) -> str:
    """Read a string."""
    return "" if value == "" else text(value)


def secret(value: Any) -> str | bytes:
    """Read text or bytes that are not empty."""
    if not isinstance(value, str | bytes) or not value:
        msg = "a non-empty string or bytes"
        raise Wrong(msg)
    return value


def key_text(value: Any) -> str | bytes:
    """Read the text of a key, or the path of its file."""
    return secret(fspath(value) if isinstance(value, PathLike) else value)


def folder(value: Any) -> str:
    """Read the path of a folder."""
    return text(fspath(value) if isinstance(value, PathLike) else value)


def secrets(value: Any) -> tuple[str | bytes, ...]:
    """Read a list of secrets."""
    if not isinstance(value, list | tuple) or len(value) > 3:
        msg = "a list of at most three old secrets"
        raise Wrong(msg)
    return tuple(map(secret, value))


_NUMBER: Final = "in the environment `FLASK_JWT_…=60`, without quotes: Flask reads JSON"


def seconds(value: Any) -> float:
    """Read a number of seconds."""
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if type(number) not in (int, float) or not math.isfinite(number):
        msg = f"seconds as a number ({_NUMBER}), or a timedelta"
        raise Wrong(msg)
    return float(number)


def lifetime(value: Any) -> int | None:
    """Read a lifetime of tokens in whole seconds; None: they never expire."""
    if value is NEVER:
        return None
    try:
        found = seconds(value)
    except Wrong:
        found = 0
    if not 1 <= found <= _CENTURY:
        msg = (
            f"at least one second and at most a century, as a number ({_NUMBER}) or a timedelta; "
            "for ever is spelt jwtpolicy.NEVER"
        )
        raise Wrong(msg)
    return int(found)


def between(low: float, high: float) -> Reader:
    """Return a reader of seconds in a range."""

    def read(value: Any) -> float:
        found = seconds(value)
        if not low <= found <= high:
            msg = f"seconds from {low} to {high}"
            raise Wrong(msg)
        return found

    return read


def grace(value: Any) -> int:
    """Read the grace of used refresh tokens, in whole seconds."""
    found = seconds(value)
    if not 0 <= found <= 30 or found != int(found):
        msg = "whole seconds from 0 to 30"
        raise Wrong(msg)
    return int(found)


def count(value: Any) -> int:
    """Read a whole number above 0."""
    if type(value) is not int or value < 1:
        msg = f"a whole number above 0 ({_NUMBER})"
        raise Wrong(msg)
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Read one string, or several."""
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, list | tuple | set | frozenset) or not listed:
        msg = "a non-empty string, or a list of them"
        raise Wrong(msg)
    found = tuple(map(text, listed))
    return tuple(sorted(found)) if isinstance(listed, set | frozenset) else found


def patterns(value: Any) -> tuple[str, ...]:
    """Read a list of strings, which may be empty."""
    return () if value in ([], ()) else texts(value)


def one_of(*allowed: Any) -> Reader:
    """Return a reader of a few values."""

    def read(value: Any) -> Any:
        if not any(value == item and type(value) is type(item) for item in allowed):
            raise Wrong(" or ".join(repr(item) for item in allowed))
        return value

    return read


#: The token locations.
PLACES: Final = ("headers", "cookies", "query_string", "json")


def places(value: Any) -> tuple[str, ...]:
    """Read the names of token locations, always in the same order."""
    found = texts(value)
    if not set(found) <= set(PLACES):
        msg = f"one or several of {', '.join(PLACES)}"
        raise Wrong(msg)
    return tuple(place for place in PLACES if place in found)


def header_name(value: Any) -> str:
    """Read the name of a header."""
    name = text(value)
    if not all(
        character.isascii() and (character.isalnum() or character == "-") for character in name
    ):
        msg = "the name of a header: letters, digits and '-'"
        raise Wrong(msg)
    return name


def scheme(value: Any) -> str | None:
    """Read an authentication scheme; None for none."""
    if value in (None, ""):
        return None
    return header_name(value)


#: RFC 6265 section 4.1.1: cookie-name is a token of RFC 9110 section 5.6.2.
_COOKIE_NAME: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"


def cookie_name(value: Any) -> str:
    """Read the name of a cookie."""
    if type(value) is not str or not re.fullmatch(_COOKIE_NAME, value):
        msg = "the name of a cookie: letters, digits and a few signs, no spaces"
        raise Wrong(msg)
    return value


def cookie_path(value: Any) -> str:
    """Read the path of a cookie."""
    if type(value) is not str or not re.fullmatch(r"/[\x21-\x3a\x3c-\x7e]*", value):
        msg = "a path that begins with '/', without spaces and ';'"
        raise Wrong(msg)
    return value


def domain(value: Any) -> str:
    """Read the domain of a cookie."""
    if type(value) is not str or not re.fullmatch(r"[^\s\x00-\x1f;,:/]+", value):
        msg = "a domain, without port, path, spaces, ',' and ';'"
        raise Wrong(msg)
    return value


def same_site(value: Any) -> str:
    """Read a value of SameSite, in any case."""
    found = value.capitalize() if isinstance(value, str) else value
    if found not in ("Strict", "Lax", "None"):
        msg = "'Strict', 'Lax' or 'None'"
        raise Wrong(msg)
    return str(found)


def origins(value: Any) -> tuple[str, ...]:
    """Read origins as browsers send them (:rfc:`6454#section-6.1`)."""
    found = patterns(value)
    if not all(re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+", origin) for origin in found):
        msg = "a list of origins: scheme and host in lower case, no path, 'https://shop.example'"
        raise Wrong(msg)
    return found


def claim_name(value: Any) -> str:
    """Read the name of a claim of the application's own, or ``sub``."""
    found = text(value)
    if found in {*RESERVED_CLAIMS, CARRIED}:
        msg = "the name of a claim that is not reserved"
        raise Wrong(msg)
    return found


def optional(read: Reader) -> Reader:
    """Return a reader that takes None as itself."""
    return lambda value: None if value is None else read(value)


def read_setting(key: str, value: Any, read: Reader, *, is_secret: bool = False) -> Any:
    """Return the value of a setting, converted by its reader.

    Raises:
        ConfigurationError: The reader refuses *value*; the message never shows a secret.
    """
    try:
        return read(value)
    except Wrong as allowed:
        expected = str(allowed).replace("JWT_…", key)
        msg = f"{key} is {_shown(value, is_secret)}; expected {expected}"
        raise ConfigurationError(msg) from None


def _shown(value: Any, is_secret: bool) -> str:
    """Return the description of a refused value: itself, unless it is secret, and its type."""
    kind = f"of type {type(value).__name__}"
    if isinstance(value, str | bytes | list | tuple | set) and not value:
        return f"empty, and {kind}"
    return kind if is_secret else f"{value!r:.60}, {kind}"


def quotable(value: Any) -> str:
    """Read text that can stand in a challenge as a quoted string."""
    try:
        quoted("realm", text(value))
    except ChallengeError:
        msg = "printable ASCII without quote and backslash (RFC 6750 section 3)"
        raise Wrong(msg) from None
    return str(value)
