"""What reads requests and finishes answers quickly agrees with what does so slowly."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, cast

from flask import Response
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import parse_cookie
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from jwtpolicy.app.responses import _instruct_caches
from jwtpolicy.exceptions import InvalidRequestError
from jwtpolicy.guards.csrf import CSRFNames, _brought
from jwtpolicy.settings import CookieShape
from jwtpolicy.transports import CookieTransport, HeaderTransport, Places, QueryTransport, Transport

NAME = "__Host-access_token"
COOKIES = CookieTransport(
    {"access": CookieShape("access", NAME, "/", "__Host-csrf_access", "Lax")},
    domain=None,
    secure=True,
    partitioned=False,
    csrf_in_cookies=True,
    clock=lambda: 0,
)
#: The grammar of a pair in a header (:rfc:`6265#section-4.2.1`), as lax as browsers are.
PAIR = re.compile(rf"(?:^|;)[ \t]*{NAME}=([^;]*)")

pieces = st.sampled_from([NAME, "=", ";", "; ", " ", "\t", '"', "\\", "a.b.c", "x", "\xa0", "\x00"])
#: Headers of all shapes, in which the name stands often enough.
hostile = st.lists(pieces | st.just(f"{NAME}=") | st.just(f"; {NAME}="), max_size=12).map("".join)
names = st.sampled_from([NAME, NAME.lower(), f"x{NAME}", f"{NAME}x", "session"])
pairs = st.lists(st.tuples(names, st.sampled_from(["a.b.c", "d", ""])), max_size=5)


def found_in(header: str) -> list[str] | None:
    """Return the tokens that the transport finds; None where there are two."""
    request: Any = SimpleNamespace(environ={"HTTP_COOKIE": header})
    try:
        return [one.encoded for one in COOKIES.presented(request, ("access", "refresh"))]
    except InvalidRequestError:
        return None


def plain(value: str) -> str:
    value = value.strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if is_quoted else value


@given(hostile)
def test_a_cookie_is_found_where_the_grammar_finds_it(header: str) -> None:
    values = PAIR.findall(header)
    expected = [value for value in map(plain, values[:1]) if value]

    assert found_in(header) == (None if len(values) > 1 else expected)


@given(hostile)
def test_each_value_of_a_cookie_is_found_where_the_grammar_finds_it(header: str) -> None:
    request: Any = SimpleNamespace(environ={"HTTP_COOKIE": header})
    expected = [value for value in dict.fromkeys(map(plain, PAIR.findall(header))) if value]

    assert [one.encoded for one in COOKIES.each(request, ["access"])] == expected


@given(pairs, st.sampled_from(["; ", ";", " ;\t"]))
def test_an_orderly_header_is_read_as_werkzeug_reads_it(
    listed: list[tuple[str, str]], between: str
) -> None:
    header = between.join(f"{name}={value}" for name, value in listed)
    values = parse_cookie(header).getlist(NAME)

    assert found_in(header) == (None if len(values) > 1 else [value for value in values if value])


@given(
    st.sampled_from(
        ["X-CSRF-TOKEN", "x-csrf-token", "Content-Type", "content-length", "Anti-CSRF"]
    ),
    st.dictionaries(
        st.sampled_from(["X-Csrf-Token", "Other", "Content-Type"]),
        st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=5),
    ),
)
def test_the_csrf_value_is_that_of_the_header(name: str, headers: dict[str, str]) -> None:
    request: Any = Request(EnvironBuilder(headers=headers).get_environ())

    assert _brought(request, CSRFNames(name, None)) == (request.headers.get(name) or "")


HEADERS, QUERY = HeaderTransport(), QueryTransport()
said = st.lists(
    st.tuples(
        st.sampled_from(["Vary", "vary", "Cache-Control", "CACHE-CONTROL", "Referrer-Policy", "X"]),
        st.sampled_from(["", "*", "Cookie", "accept, cookie", '"*"', "private", "origin"]),
    ),
    max_size=5,
)


class Met:
    """A plan that a request has met: where it looks, and where the token stood that it let in."""

    kinds = ("access",)

    def __init__(self, transports: tuple[Transport, ...], admitted: Transport | None) -> None:
        self.places = Places(transports)
        self.admitted = admitted if admitted in transports else None


plans = st.lists(
    st.builds(
        Met,
        st.sampled_from([(HEADERS, COOKIES), (COOKIES, QUERY), (QUERY,), (HEADERS,)]),
        st.sampled_from([None, HEADERS, COOKIES, QUERY]),
    ),
    min_size=1,
    max_size=3,
)


def instruct_slowly(response: Response, request: Request, met: list[Met]) -> None:
    """Tell caches the same, by what werkzeug offers for single headers."""
    if any(plan.places.has_ambient for plan in met) and "*" not in response.vary:
        response.vary.add("Cookie")
    filled = [COOKIES] if "HTTP_COOKIE" in request.environ else []
    filled += [QUERY] if request.args else []
    for plan in met:
        for place in filled if plan.admitted is None else [plan.admitted]:
            if place in plan.places.transports and place is not HEADERS:
                response.headers.setdefault("Cache-Control", "no-store")
            if place in plan.places.transports and place is QUERY:
                response.headers.setdefault("Referrer-Policy", "no-referrer")


@given(
    said,
    plans,
    st.sampled_from([{}, {"headers": {"Cookie": f"{NAME}=x"}}, {"query_string": "jwt=x"}]),
)
def test_caches_are_told_byte_for_byte_what_werkzeug_would_tell_them(
    listed: list[tuple[str, str]], met: list[Met], sent: dict[str, Any]
) -> None:
    fast, slow = Response(headers=listed), Response(headers=listed)
    request: Any = Request(EnvironBuilder(**sent).get_environ())
    admitted: Any = {plan: SimpleNamespace(place=plan.admitted) for plan in met if plan.admitted}
    _instruct_caches(fast, request, cast(Any, met), admitted)
    instruct_slowly(slow, request, met)

    assert list(fast.headers) == list(slow.headers)
