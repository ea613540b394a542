"""Find the token of a request in the token locations, in their order."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple

from flask import request

from ...parsing.strict_json import parse_json
from ...tokens.jose import MAX_BODY
from . import exceptions as errors
from .config import CSRF_METHODS, config, places

#: RFC 9110 section 9.2.1: methods that change nothing.
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

#: The attribute of a request with the names of the cookies that guards have looked for.
COOKIES: Final = "jwtpolicy.compat.cookies"

#: Kinds of token that are accepted; each has a cookie and a member of its own.
Kinds = tuple[str, ...]


class _UnreadError(errors.JWTDecodeError):
    """A body may hold a token, and is not read; what stands in another place counts."""


class Presented(NamedTuple):
    """A token as it was presented, not verified.

    Attributes:
        encoded: The token; in JSON it may be of any type.
        location: The token location: ``headers``, ``cookies``, ``query_string`` or ``json``.
        csrf: The value that the claim ``csrf`` has to have, or None without a CSRF check.
    """

    encoded: Any
    location: str
    csrf: str | None = None


def presented(locations: str | Collection[str] | None, kinds: Kinds) -> Presented:
    """Return the token in the first of *locations* that has one; None: where the application looks.

    Raises:
        NoAuthorizationError: No location holds a token.
        JWTDecodeError: A second location holds a token too (:rfc:`6750#section-2`).
        JWTExtendedException: The first token that was found is malformed.
        RuntimeError: A location does not exist.
    """
    listed = list(places("locations", locations) if locations else config.token_location)
    if "cookies" in listed:
        setattr(request, COOKIES, {*getattr(request, COOKIES, ()), *_cookie_names(kinds)})
    missing: list[errors.JWTExtendedException] = []
    for n, location in enumerate(listed, 1):
        found = _tried(location, kinds)
        if isinstance(found, Presented):
            # Somebody put a token into each of the other places; cookies come by themselves.
            others = [place for place in listed[n:] if "cookies" not in (place, location)]
            if any(isinstance(_tried(place, kinds), Presented) for place in others):
                raise errors.JWTDecodeError("More than one token was sent")
            return found
        if not isinstance(found, errors.NoAuthorizationError | _UnreadError):
            raise found
        missing.append(found)
    first = min(missing, key=lambda error: not isinstance(error, _UnreadError))
    if len(listed) == 1 or isinstance(first, _UnreadError):
        raise first
    named = f"{', '.join(listed[:-1])} or {listed[-1]}"
    raise errors.NoAuthorizationError(f"Missing JWT in {named} ({'; '.join(map(str, missing))})")


def _tried(location: str, kinds: Kinds) -> Presented | errors.JWTExtendedException:
    try:
        return _READERS[location](kinds)
    except errors.JWTExtendedException as error:
        return error


def _from_headers(kinds: Kinds) -> Presented:
    name, scheme = config.header_name, config.header_type or ""
    value = request.headers.get(name, "").strip(" \t,")
    if not value:
        raise errors.NoAuthorizationError(f"Missing {name} Header")
    # Each member of a list is a scheme and a token; the scheme's case does not matter
    # (RFC 9110 section 11.1), and what ends it is a mistake unless it is a space. Without a
    # scheme the whole value is the token.
    parts = [part.strip(" \t") for part in value.split(",")] if scheme else [f" {value}"]
    begins = f"(?i:{re.escape(scheme)})"
    ours = [part for part in parts if re.match(begins + r"(?!\S)", part)]
    expected = f"Expected '{name}: {f'{scheme} <JWT>'.lstrip()}'"
    if not ours:
        raise errors.NoAuthorizationError(f"Missing '{scheme}' type in '{name}' header. {expected}")
    found = re.fullmatch(begins + " +([^ ]+)", ours[0])
    if found is None or len(ours) > 1:
        raise errors.InvalidHeaderError(f"Bad {name} header. {expected}")
    return Presented(found[1], "headers")


def _from_cookies(kinds: Kinds) -> Presented:
    names = _cookie_names(kinds)
    for name, kind in zip(names, kinds, strict=True):
        values = [value for value in request.cookies.getlist(name) if value]
        if len(values) > 1:
            raise errors.JWTDecodeError("The cookie was sent twice")
        if values:
            return Presented(values[0], "cookies", _csrf_value(kind))
    raise errors.NoAuthorizationError(f'Missing cookie "{names[0]}"')


def _cookie_names(kinds: Kinds) -> list[str]:
    return [getattr(config, f"{kind}_cookie_name") for kind in kinds]


def _csrf_value(kind: str) -> str | None:
    """Return the CSRF value that the request brings; None where it needs none.

    Raises:
        CSRFError: The method needs a CSRF value, and the request has none.
    """
    if not config.cookie_csrf_protect or not _needs_csrf(request.method):
        return None
    value = request.headers.get(getattr(config, f"{kind}_csrf_header_name"))
    if not value and config.csrf_check_form:
        value = request.form.get(getattr(config, f"{kind}_csrf_field_name"))
    if not value:
        raise errors.CSRFError("Missing CSRF token")
    return value


def _needs_csrf(method: str) -> bool:
    """Whether *method* is unsafe, or on the list where the application has one of its own (S8)."""
    listed = {name.upper() for name in config.csrf_request_methods}
    return method not in _SAFE if listed == set(CSRF_METHODS) else method in listed


def _from_query_string(kinds: Kinds) -> Presented:
    name, prefix = config.query_string_name, config.query_string_value_prefix
    try:
        values = [value for value in request.args.getlist(name) if value]
    except UnicodeDecodeError:
        # Servers pass on the bytes that a client sends.
        msg = "Invalid query string: it is not UTF-8"
        raise errors.InvalidQueryParamError(msg) from None
    if not values:
        raise errors.NoAuthorizationError(f"Missing '{name}' query paramater")
    if len(values) > 1 or not values[0].startswith(prefix):
        expected = f"Expected the value to start with '{prefix}'"
        msg = f"Invalid value for query parameter '{name}'. {expected}"
        raise errors.InvalidQueryParamError(msg)
    return Presented(values[0].removeprefix(prefix), "query_string")


def _from_json(kinds: Kinds) -> Presented:
    if not request.is_json:
        raise errors.NoAuthorizationError("Invalid content-type. Must be application/json.")
    # A body that comes in chunks cannot be measured before it is read (HTTP-6).
    if "HTTP_TRANSFER_ENCODING" in request.environ or (request.content_length or 0) > MAX_BODY:
        raise _UnreadError("The body is too long to hold a token, or of unknown length")
    keys = [config.refresh_json_key if kind == "refresh" else config.json_key for kind in kinds]
    try:
        body = parse_json(request.get_data())
    except ValueError:
        body = None
    # A body that is no object can hold no token (C1).
    found = next(filter(None, map(body.get, keys)), None) if isinstance(body, dict) else None
    if found is None:
        raise errors.NoAuthorizationError(f'Missing "{keys[0]}" key in json data.')
    return Presented(found, "json")


_READERS: Final[Mapping[str, Callable[[Kinds], Presented]]] = {
    "headers": _from_headers,
    "cookies": _from_cookies,
    "query_string": _from_query_string,
    "json": _from_json,
}
