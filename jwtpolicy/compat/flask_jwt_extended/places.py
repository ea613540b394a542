"""Find the token of a request in the places where it may stand, in their order."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import request

from ...jose import parse_json
from .config import config
from .exceptions import (
    CSRFError,
    InvalidHeaderError,
    InvalidQueryParamError,
    JWTDecodeError,
    JWTExtendedException,
    NoAuthorizationError,
)

#: RFC 9110 section 9.2.1: methods that change nothing.
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True)
class Presented:
    """What stands in one place.

    Attributes:
        encoded: The token; anything, where it came in JSON.
        location: The place.
        csrf_value: What has to be the token's ``csrf``, or None where nothing is asked.
    """

    encoded: Any
    location: str
    csrf_value: str | None = None


def presented(locations: Collection[str], kinds: tuple[str, ...]) -> Presented:
    """Return the token in the first of *locations* that has one.

    Args:
        locations: The places.
        kinds: The kinds of token that are accepted: they have cookies and members of their own.

    Raises:
        NoAuthorizationError: There is none anywhere.
        JWTDecodeError: There is one in another place too (:rfc:`6750#section-2`).
        JWTExtendedException: The first that was found is malformed.
        RuntimeError: A location does not exist.
    """
    missing: list[str] = []
    for location in locations:
        try:
            found = _reader(location)(kinds)
        except NoAuthorizationError as error:
            missing.append(str(error))
        else:
            _refuse_second(found, locations, kinds)
            return found
    raise NoAuthorizationError(_nowhere(list(locations), missing))


def _nowhere(locations: list[str], missing: list[str]) -> str:
    if len(locations) == 1:
        return missing[0]
    start, end = ", ".join(locations[:-1]), locations[-1]
    return f"Missing JWT in {start} or {end} ({'; '.join(missing)})"


def _reader(location: str) -> Callable[[tuple[str, ...]], Presented]:
    reader = _READERS.get(location)
    if reader is None:
        msg = f"{location!r} is not a valid location; there are {', '.join(_READERS)}"
        raise RuntimeError(msg)
    return reader


def _refuse_second(found: Presented, locations: Collection[str], kinds: tuple[str, ...]) -> None:
    """Refuse a second token that somebody put somewhere; cookies come by themselves."""
    others = [place for place in locations if place not in (found.location, "cookies")]
    if found.location != "cookies" and any(_has_token(place, kinds) for place in others):
        msg = "More than one token was sent"
        raise JWTDecodeError(msg)


def _has_token(location: str, kinds: tuple[str, ...]) -> bool:
    try:
        _reader(location)(kinds)
    except JWTExtendedException:
        return False
    return True


def _from_headers(kinds: tuple[str, ...]) -> Presented:
    name, scheme = config.header_name, config.header_type
    value = request.headers.get(name, "").strip(" \t,")
    if not value:
        msg = f"Missing {name} Header"
        raise NoAuthorizationError(msg)
    expected = f"{name}: {scheme} <JWT>" if scheme else f"{name}: <JWT>"
    credentials = _of_scheme(value, scheme, f"in '{name}' header. Expected '{expected}'")
    if len(credentials) != 1 or not credentials[0]:
        msg = f"Bad {name} header. Expected '{expected}'"
        raise InvalidHeaderError(msg)
    return Presented(credentials[0], "headers")


def _of_scheme(value: str, scheme: str | None, where: str) -> list[str]:
    """Return what stands behind *scheme*, without it; all but single words are malformed.

    Raises:
        NoAuthorizationError: The scheme does not occur.
    """
    if not scheme:
        return re.split(" +", value)
    # RFC 9110 section 11.1: the scheme is case-insensitive.
    parts = [re.split(" +", part.strip(" \t")) for part in value.split(",")]
    ours = [words[1:] for words in parts if words[0].lower() == scheme.lower()]
    if not ours:
        msg = f"Missing '{scheme}' type {where}"
        raise NoAuthorizationError(msg)
    return [words[0] if len(words) == 1 else "" for words in ours]


def _from_cookies(kinds: tuple[str, ...]) -> Presented:
    names = {"access": config.access_cookie_name, "refresh": config.refresh_cookie_name}
    for kind in kinds:
        values = [value for value in request.cookies.getlist(names[kind]) if value]
        if len(values) > 1:
            msg = "The cookie was sent twice"
            raise JWTDecodeError(msg)
        if values:
            return Presented(values[0], "cookies", _csrf_value(kind))
    msg = f'Missing cookie "{names[kinds[0]]}"'
    raise NoAuthorizationError(msg)


def _csrf_value(kind: str) -> str | None:
    """Return the CSRF value that the request brings; None where it needs none.

    Raises:
        CSRFError: It needs one and brings none.
    """
    if not config.cookie_csrf_protect or not _needs_csrf(request.method):
        return None
    header, field = (
        (config.access_csrf_header_name, config.access_csrf_field_name)
        if kind == "access"
        else (config.refresh_csrf_header_name, config.refresh_csrf_field_name)
    )
    value = request.headers.get(header)
    if not value and config.csrf_check_form:
        value = request.form.get(field)
    if not value:
        msg = "Missing CSRF token"
        raise CSRFError(msg)
    return value


def _needs_csrf(method: str) -> bool:
    """Whether *method* is unsafe, or on the list where the application has one of its own (S8)."""
    if config.is_csrf_everywhere:
        return method not in _SAFE
    return method in {listed.upper() for listed in config.csrf_request_methods}


def _from_query_string(kinds: tuple[str, ...]) -> Presented:
    name, prefix = config.query_string_name, config.query_string_value_prefix
    values = [value for value in request.args.getlist(name) if value]
    if not values:
        msg = f"Missing '{name}' query paramater"
        raise NoAuthorizationError(msg)
    if len(values) > 1 or not values[0].startswith(prefix):
        msg = (
            f"Invalid value for query parameter '{name}'. "
            f"Expected the value to start with '{prefix}'"
        )
        raise InvalidQueryParamError(msg)
    return Presented(values[0].removeprefix(prefix), "query_string")


def _from_json(kinds: tuple[str, ...]) -> Presented:
    if not request.is_json:
        msg = "Invalid content-type. Must be application/json."
        raise NoAuthorizationError(msg)
    names = {"access": config.json_key, "refresh": config.refresh_json_key}
    body = _body()
    for encoded in (body.get(names[kind]) for kind in kinds):
        if encoded:
            return Presented(encoded, "json")
    msg = f'Missing "{names[kinds[0]]}" key in json data.'
    raise NoAuthorizationError(msg)


def _body() -> Mapping[str, Any]:
    """Return the body's JSON object; what is none can hold no token (C1)."""
    try:
        body = parse_json(request.get_data())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


_READERS: Final[Mapping[str, Callable[[tuple[str, ...]], Presented]]] = {
    "headers": _from_headers,
    "cookies": _from_cookies,
    "query_string": _from_query_string,
    "json": _from_json,
}


def places_of(locations: Any) -> Collection[str]:
    """Return the places that an endpoint names; where it names none, the configured ones."""
    listed: Collection[str] = (locations,) if isinstance(locations, str) else locations
    return listed or config.token_location
