"""Every place of the library keeps the contract of places."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from flask import Request

from jwtpolicy.settings import CookieShape
from jwtpolicy.testing import TransportContract, WritableTransportContract
from jwtpolicy.testing.transport import Sending
from jwtpolicy.transports import (
    CookieTransport,
    HeaderTransport,
    JSONTransport,
    QueryTransport,
    Transport,
)

COOKIES = {"access": "__Host-access_token", "refresh": "__Host-refresh", "reset": "reset"}
MEMBERS = {"access": "access_token", "refresh": "again", "reset": "reset_token"}


class TestHeaders(TransportContract):
    @pytest.fixture
    def transport(self) -> HeaderTransport:
        return HeaderTransport()

    def present(self, encoded: str, kind: str = "access") -> Sending:
        return {"headers": {"Authorization": f"Bearer {encoded}"}}

    def present_two(self, first: str, second: str) -> Sending:
        return {"headers": {"Authorization": f"Bearer {first}, Bearer {second}"}}

    def malformed(self) -> Sequence[Sending]:
        values = ["Bearer", "Bearer ", "Bearer a b", "\xa0", "Bearer\ta", "Basic x, bearer y"]
        return [{"headers": {"Authorization": value}} for value in values]


class TestHeaderOfOneToken(TransportContract):
    @pytest.fixture
    def transport(self) -> HeaderTransport:
        return HeaderTransport("X-Token", None)

    def present(self, encoded: str, kind: str = "access") -> Sending:
        return {"headers": {"X-Token": encoded}}

    def present_two(self, first: str, second: str) -> Sending:
        return {"headers": {"X-Token": f"{first},{second}"}}

    def malformed(self) -> Sequence[Sending]:
        return [{"headers": {"X-Token": value}} for value in ("Bearer a", "\xa0", "=")]


class TestCookies(WritableTransportContract):
    @pytest.fixture
    def transport(self) -> CookieTransport:
        shapes = {
            kind: CookieShape(kind, name, "/", f"csrf_{kind}", "Lax")
            for kind, name in COOKIES.items()
        }
        return CookieTransport(
            shapes,
            domain=None,
            secure=True,
            partitioned=True,
            csrf_in_cookies=True,
            clock=time.time,
        )

    def present(self, encoded: str, kind: str = "access") -> Sending:
        return {"headers": {"Cookie": f"a=b; {COOKIES[kind]}={encoded}"}}

    def present_two(self, first: str, second: str) -> Sending:
        name = COOKIES["access"]
        return {"headers": {"Cookie": f"{name}={first}; {name}={second}"}}


class TestQueryString(TransportContract):
    @pytest.fixture
    def transport(self) -> QueryTransport:
        return QueryTransport()

    def present(self, encoded: str, kind: str = "access") -> Sending:
        return {"query_string": {"jwt": encoded}}

    def present_two(self, first: str, second: str) -> Sending:
        return {"query_string": {"jwt": [first, second]}}


class TestQueryStringWithAPrefix(TestQueryString):
    @pytest.fixture
    def transport(self) -> QueryTransport:
        return QueryTransport("token", "Bearer ")

    def present(self, encoded: str, kind: str = "access") -> Sending:
        return {"query_string": {"token": f"Bearer {encoded}"}}

    def present_two(self, first: str, second: str) -> Sending:
        return {"query_string": {"token": [f"Bearer {first}", f"Bearer {second}"]}}

    def malformed(self) -> Sequence[Sending]:
        return [{"query_string": {"token": value}} for value in ("", "a.b.c", "Bearer", "bearer a")]


class TestJSON(TransportContract):
    @pytest.fixture
    def transport(self) -> JSONTransport:
        return JSONTransport(MEMBERS)

    def present(self, encoded: str, kind: str = "access") -> Sending:
        return {"json": {MEMBERS[kind]: encoded}}

    def present_two(self, first: str, second: str) -> Sending:
        member = MEMBERS["access"]
        body = f'{{"{member}": "{first}", "{member}": "{second}"}}'
        return {"data": body, "content_type": "application/json"}

    def malformed(self) -> Sequence[Sending]:
        return [{"json": {MEMBERS["access"]: value}} for value in (3, None, ["a.b.c"], {})]


class Certificate(Transport):
    """A header that a proxy makes of what browsers send by themselves."""

    name = "certificate"
    is_ambient = True

    def read(self, request: Request) -> str | None:
        return request.headers.get("X-Certificate-Token")


class TestWhatBrowsersSendByThemselves(TransportContract):
    @pytest.fixture
    def transport(self) -> Certificate:
        return Certificate()

    def present(self, encoded: str, kind: str = "access") -> Sending:
        return {"headers": {"X-Certificate-Token": encoded}}

    def present_two(self, first: str, second: str) -> None:
        """There is one proxy, and it sends one header."""
