"""Hints for "no token was sent": the place in the request where a token was misplaced."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from flask import Request

from ..exceptions import InvalidRequestError
from ..transports import HeaderTransport, JSONTransport, Places, parameters_of

#: Words that a log may repeat; what else stands before the first space may be the token itself.
_SCHEMES: Final = {
    word.lower(): word
    for word in (
        "ApiKey",
        "AWS4-HMAC-SHA256",
        "Basic",
        "Bearer",
        "Digest",
        "DPoP",
        "GNAP",
        "Hawk",
        "HOBA",
        "JWT",
        "Key",
        "Mutual",
        "Negotiate",
        "NTLM",
        "OAuth",
        "PrivateToken",
        "Token",
    )
}

#: Headers that other libraries read, so that clients may have been written for them.
_HEADERS: Final = (
    "Authorization",
    "X-Access-Token",
    "X-Auth-Token",
    "X-Authorization",
    "X-JWT",
    "X-JWT-Token",
    "X-Token",
    "X-Api-Key",
    "Access-Token",
    "Token",
    "JWT",
)
_PARAMETERS: Final = ("access_token", "auth_token", "jwt", "token")
_COOKIES: Final = ("access_token", "access_token_cookie", "auth_token", "jwt", "token")

#: The media types of forms.
_FORMS: Final = dict.fromkeys(
    ("application/x-www-form-urlencoded", "multipart/form-data"), "a form"
)

#: Characters of what is looked at; servers take no longer headers.
_LONGEST: Final = 16_384

#: A compact JWS whose header is a JSON object, behind at most one word.
_JWS: Final = r"(?a:(?:[A-Za-z]{1,16}:? )? ?eyJ[\w-]*\.[\w-]+\.[\w-]*)"


def misplaced(request: Request, places: Places) -> str | None:
    """Return the place where a token seems to stand and its fault there; None: none was found.

    Only words of this file are repeated, nothing that came with the request.

    Args:
        request: A request in which *places* have found no token.
        places: The transports of its endpoint.
    """
    return next(_found(request, places), None)


def _found(request: Request, places: Places) -> Iterator[str]:
    read = [place for place in places.transports if isinstance(place, HeaderTransport)]
    for place in read:
        if value := request.environ.get(place.key):
            yield _other_scheme(place, value)
    parameters = _parameters(request)
    headers = {f"HTTP_{name.upper().replace('-', '_')}": name for name in _HEADERS}
    where = [
        *(
            (f"the header {name}", request.environ.get(key))
            for key, name in headers.items()
            if key not in {place.key for place in read}
        ),
        *((f"the parameter {name}", parameters.get(name)) for name in _PARAMETERS),
        *((f"the cookie {name}", request.cookies.get(name)) for name in _COOKIES),
    ]
    for name, value in where:
        if value and _is_token(value):
            yield f"a token was sent in {name}, which this endpoint does not read"
    if (body := _body(request, places)) is not None:
        # It is not read: whoever sends no token must not make us wait for the rest of it.
        yield f"no token was sent; the body, which is {body}, was not searched for one"


def _parameters(request: Request) -> Mapping[str, str]:
    try:
        return parameters_of(request)
    except InvalidRequestError:
        return {}


def _body(request: Request, places: Places) -> str | None:
    """Return the kind of body that may carry a token and that no transport reads, or None."""
    reads_json = any(isinstance(place, JSONTransport) for place in places.transports)
    if not request.content_length or (request.is_json and reads_json):
        return None
    return "JSON" if request.is_json else _FORMS.get(request.mimetype)


def _other_scheme(place: HeaderTransport, value: str) -> str:
    """Return the fault of a header of tokens that has another scheme, or none."""
    said = _SCHEMES.get(value.partition(" ")[0].lower())
    if said is not None:
        return f"the header {place.header} says {said}, not {place.scheme}"
    if _is_token(value):
        return f"the header {place.header} holds a token without the word {place.scheme}"
    return f"the header {place.header} does not begin with {place.scheme}"


def _is_token(value: str) -> bool:
    return len(value) <= _LONGEST and re.fullmatch(_JWS, value) is not None
