"""The contract of every `Transport` as test classes: inherit, and say how clients use the place."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, ClassVar, Final

import pytest
from flask import Flask, Request
from flask.testing import EnvironBuilder, FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from ..exceptions import InvalidRequestError
from ..extension import JWTManager, current_manager
from ..policy import Access, OptionalToken, Refresh, TokenKind
from ..proxies import current_token
from ..transports import Presented, Transport
from ..views import protect, public

#: Arguments of ``client.open`` with which a request is sent, as ``{"headers": {…}}``.
Sending = Mapping[str, Any]

#: Text that looks like a token.
ENCODED: Final = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
ANOTHER: Final = f"{ENCODED}0"

#: Requests of which no part is a token's.
_NEIGHBOURS: Final[Mapping[str, Sending]] = {
    "nothing": {},
    "a query": {"query_string": {"unrelated": "1"}},
    "a header": {"headers": {"X-Unrelated": "1"}},
    "a cookie": {"headers": {"Cookie": "unrelated=1"}},
    "a form": {"data": {"unrelated": "1"}},
    "JSON": {"json": {"unrelated": 1}},
    "bytes": {"data": b"\xff\x00", "content_type": "application/octet-stream"},
}

#: Values that no token has; a client may not be able to send each of them.
_HOSTILE: Final[Mapping[str, str]] = {
    "nothing": "",
    "a space": " ",
    "a tab": "\t",
    "one segment": "a",
    "empty segments": "..",
    "two words": f"{ENCODED} {ENCODED}",
    "a comma": f"{ENCODED},{ENCODED}",
    "a semicolon": f"{ENCODED};{ENCODED}",
    "quotes": '"a.b.c"',
    "a scheme": "Bearer a.b.c",
    "a line feed": "a.b\r\nc: d",
    "NUL": "a.b\0.c",
    "an escape": "a.%00.b",
    "Latin-1": "a.é.b",
    "Japanese": "a.日本.b",
    "a lone surrogate": "a.\ud800.b",
    "JSON": '{"a": [null]}',
    "100,000 characters": "a" * 100_000,
}

#: What a server may pass on of a request that nobody has written by hand.
_GARBAGE: Final[Mapping[str, dict[str, str]]] = {
    "a query": {"QUERY_STRING": "%ff=%&&=\xff&a=%zz"},
    "cookies": {"HTTP_COOKIE": '\xff=;;=; a="\\777; =b'},
    "an authorization": {"HTTP_AUTHORIZATION": "\xff\x00 ,=,"},
    "a type": {"CONTENT_TYPE": "multipart/form-data; boundary=\xff"},
    "a form without a boundary": {"CONTENT_TYPE": "multipart/form-data", "CONTENT_LENGTH": "9"},
    "no JSON": {"CONTENT_TYPE": "application/json; charset=utf-16", "CONTENT_LENGTH": "9"},
    "a length": {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "-1"},
    "no length": {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "many"},
    "chunks": {"CONTENT_TYPE": "application/json", "HTTP_TRANSFER_ENCODING": "chunked"},
}


class _Aside(Transport):
    """Another place, in which a token was put on purpose."""

    name = "aside"

    def read(self, request: Request) -> str | None:
        return request.headers.get("X-Aside")


class TransportContract:
    """The contract of a place for tokens: HTTP-1, HTTP-2, HTTP-4, HTTP-5, HTTP-7, HTTP-9, CSRF-4.

    Supply the fixture `transport` and say by `present` and `present_two` what a client sends. Each
    of them returns what ``client.open`` of Flask takes, as ``{"headers": {"X-Token": encoded}}``.
    """

    #: The method of the requests: one that changes something, so that CSRF matters.
    method: ClassVar[str] = "POST"

    @pytest.fixture
    def transport(self) -> Any:
        """Return the place; an object of its own for each test."""
        raise NotImplementedError

    def present(self, encoded: str, kind: str = "access") -> Sending:
        """Return what a client sends that presents *encoded*.

        Args:
            encoded: The token, or what somebody sends in its place.
            kind: The kind of the token, for places that have a name for each.
        """
        raise NotImplementedError

    def present_two(self, first: str, second: str) -> Sending | None:
        """Return a client's request with two tokens; None if the place cannot hold two."""
        raise NotImplementedError

    def malformed(self) -> Sequence[Sending]:
        """Return what clients may put into the place that is not one token."""
        return ()

    @pytest.fixture
    def site(self, transport: Transport) -> FlaskClient:
        """Return a client of an application whose views read tokens from the place."""
        app = Flask(__name__)
        app.config.update(
            TESTING=True,
            JWT_SECRET_KEY=secrets.token_urlsafe(48),
            JWT_RESET_TOKEN_EXPIRES=60,
            PROPAGATE_EXCEPTIONS=False,
        )
        JWTManager(app, transports=[transport])
        levels: dict[str, Any] = {
            "guarded": protect(transports=transport),
            "optional": protect(OptionalToken(), transports=transport),
            "kinds": protect(Access() | Refresh() | TokenKind("reset"), transports=transport),
            "beside": protect(transports=[transport, _Aside()]),
        }
        for path, guard in levels.items():
            app.add_url_rule(f"/{path}", path, guard(_who), methods=[self.method])
        return app.test_client(use_cookies=False)

    def request(self, sending: Sending) -> Request:
        """Return the request that a client sends; the caller closes it, because of its files."""
        environ = self._environ(Flask(__name__), "/", sending)
        assert environ is not None, f"{sending} cannot be sent"
        return Request(environ)

    def read(self, transport: Transport, sending: Sending) -> str | None:
        """Return the token that the place reads from what a client sends."""
        with closing(self.request(sending)) as request:
            return transport.read(request)

    def presented(self, transport: Transport, sending: Sending, *kinds: str) -> list[Presented]:
        """Return what the place finds of these kinds in what a client sends."""
        with closing(self.request(sending)) as request:
            return transport.presented(request, kinds or ("access",))

    def _environ(self, app: Flask, path: str, sending: Sending) -> dict[str, Any] | None:
        """Return what a server passes on of a request; None where no client can send it."""
        try:
            with closing(EnvironBuilder(app, path, method=self.method, **sending)) as builder:
                environ = builder.get_environ()
            for value in environ.values():
                # PEP 3333: bytes, as Latin-1 text.
                (value if isinstance(value, str) else "").encode("latin-1")
        except ValueError:
            return None
        return environ

    def open(self, site: FlaskClient, path: str, sending: Sending, **more: str) -> TestResponse:
        """Return the answer to what a client sends, with members of the environ beside it."""
        environ = self._environ(site.application, path, sending)
        assert environ is not None, f"{sending} cannot be sent"
        return site.open({**environ, **more})

    def open_with(self, site: FlaskClient, path: str, encoded: str, kind: str) -> TestResponse:
        """Return the answer to a good token, with its CSRF value if the place needs it."""
        with site.application.app_context():
            csrf = current_manager.verify(encoded, kind=kind).csrf
        more = {} if csrf is None else {"HTTP_X_CSRF_TOKEN": csrf}
        return self.open(site, path, self.present(encoded, kind), **more)

    def test_a_presented_token_is_read(self, transport: Transport) -> None:
        (found,) = self.presented(transport, self.present(ENCODED))

        assert (found.encoded, found.place) == (ENCODED, transport)
        assert self.read(transport, self.present(ENCODED)) == ENCODED

    def test_a_long_token_is_read_whole(self, transport: Transport) -> None:
        encoded = f"{ENCODED[:-4]}{'A' * 3_000}"

        assert self.read(transport, self.present(encoded)) == encoded

    def test_reading_twice_is_reading_once(self, transport: Transport) -> None:
        with closing(self.request(self.present(ENCODED))) as request:
            assert [transport.read(request) for _ in range(2)] == [ENCODED, ENCODED]

    @pytest.mark.parametrize("sending", _NEIGHBOURS.values(), ids=_NEIGHBOURS)
    def test_a_request_without_a_token_presents_none(
        self, transport: Transport, sending: Sending
    ) -> None:
        assert self.read(transport, sending) is None
        assert self.presented(transport, sending, "access", "refresh") == []
        with closing(self.request(sending)) as request:
            assert transport.each(request, ("access", "refresh")) == []

    def test_no_request_is_served_with_the_token_of_another(
        self, transport: Transport, site: FlaskClient
    ) -> None:
        """One object reads all requests: it keeps nothing of them, and changes none."""
        mine, theirs = self.present(ENCODED), self.present(ANOTHER)
        found = [self.read(transport, one) for one in (mine, {}, theirs, mine)]
        self.open_with(site, "/guarded", _issue(site, "access"), "access")

        assert found == [ENCODED, None, ANOTHER, ENCODED]
        assert self.open(site, "/optional", {}).get_json()["sub"] is None

    @pytest.mark.parametrize("second", [ENCODED, ANOTHER], ids=["the same", "another"])
    def test_two_tokens_are_refused(
        self, transport: Transport, site: FlaskClient, second: str
    ) -> None:
        """HTTP-4: nobody knows which of them is a stranger's."""
        sending = self.present_two(ENCODED, second)
        if sending is not None:
            with pytest.raises(InvalidRequestError):
                self.presented(transport, sending)
            assert self.open(site, "/optional", sending).status_code == 400

    def test_what_is_malformed_is_refused_and_never_taken_for_nothing(
        self, transport: Transport, site: FlaskClient
    ) -> None:
        """HTTP-5."""
        statuses = [self.open(site, "/optional", one).status_code for one in self.malformed()]

        assert statuses == [400] * len(statuses)
        for sending in self.malformed():
            with pytest.raises(InvalidRequestError):
                self.presented(transport, sending)

    @pytest.mark.parametrize("value", _HOSTILE.values(), ids=_HOSTILE)
    def test_what_is_no_token_is_refused_whatever_it_is(
        self, transport: Transport, site: FlaskClient, value: str
    ) -> None:
        """HTTP-1, HTTP-5: empty, very long, not ASCII; what looks like a token is never nothing."""
        sending = self.present(value)
        environ = self._environ(site.application, "/guarded", sending)
        if environ is not None:
            assert self.open(site, "/guarded", sending).status_code in (400, 401, 413)
            # Other characters may be lost on the way, as in cookies.
            is_like_one = value.isascii() and value.replace(".", "").isalnum()
            assert self.open(site, "/optional", sending).status_code >= 400 or not is_like_one
            assert _is_read_or_refused(transport, environ)

    @pytest.mark.parametrize("garbage", _GARBAGE.values(), ids=_GARBAGE)
    def test_no_request_is_an_error_of_the_place(
        self, transport: Transport, site: FlaskClient, garbage: dict[str, str]
    ) -> None:
        """HTTP-1."""
        environ = {**self.request({"data": b"{garbage}"}).environ, **garbage}

        assert _is_read_or_refused(transport, environ)
        assert self.open(site, "/optional", {"data": b"{garbage}"}, **garbage).status_code < 500

    @pytest.mark.parametrize("kind", ["access", "refresh", "reset"])
    def test_a_place_for_one_kind_holds_no_other(self, transport: Transport, kind: str) -> None:
        kinds = ("access", "refresh", "reset")
        (found,) = self.presented(transport, self.present(ENCODED, kind), *kinds)

        assert found.kind in (None, kind)
        if found.kind is not None:
            others = [name for name in kinds if name != kind]
            assert self.presented(transport, self.present(ENCODED, kind), *others) == []

    @pytest.mark.parametrize("kind", ["access", "refresh", "reset"])
    def test_a_guard_admits_tokens_of_each_kind(
        self, transport: Transport, site: FlaskClient, kind: str
    ) -> None:
        answer = self.open_with(site, "/kinds", _issue(site, kind), kind)

        assert answer.json == {"sub": "ada", "kind": kind, "at": transport.name}

    def test_a_guard_asks_for_a_token_where_none_is_presented(self, site: FlaskClient) -> None:
        """HTTP-2."""
        answer = self.open(site, "/guarded", {})

        assert (answer.status_code, answer.get_json()["error"]) == (401, "token_required")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert self.open(site, "/optional", {}).get_json()["sub"] is None

    @pytest.mark.parametrize("path", ["/guarded", "/optional"])
    def test_a_token_that_does_not_verify_is_refused(self, site: FlaskClient, path: str) -> None:
        """HTTP-5."""
        answer = self.open(site, path, self.present(ENCODED))

        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]

    def test_what_stands_in_a_cookie_is_ambient(self, transport: Transport) -> None:
        """CSRF-4: browsers send cookies by themselves."""
        environ = self.request(self.present(ENCODED)).environ
        is_cookie = ENCODED in environ.get("HTTP_COOKIE", "")

        assert transport.is_ambient in (True, False)
        assert transport.is_ambient or not is_cookie

    def test_an_ambient_token_needs_a_csrf_value_and_no_other_does(
        self, transport: Transport, site: FlaskClient
    ) -> None:
        """CSRF-4."""
        encoded = _issue(site, "access")
        without = self.open(site, "/guarded", self.present(encoded)).status_code

        assert without == (403 if transport.is_ambient else 200)
        assert self.open_with(site, "/guarded", encoded, "access").status_code == 200

    def test_a_token_beside_one_in_another_place_is_refused_unless_it_is_ambient(
        self, transport: Transport, site: FlaskClient
    ) -> None:
        """HTTP-4."""
        encoded = _issue(site, "access")
        answer = self.open(site, "/beside", self.present(encoded), HTTP_X_ASIDE=encoded)

        assert answer.status_code == (200 if transport.is_ambient else 400)
        assert self.open(site, "/beside", {}, HTTP_X_ASIDE=encoded).get_json()["at"] == "aside"

    def test_no_cache_keeps_an_answer_to_what_it_cannot_tell_apart(
        self, transport: Transport, site: FlaskClient
    ) -> None:
        """HTTP-7, HTTP-9: a place in the URL is one for subclasses of `QueryTransport`."""
        encoded = _issue(site, "access")
        answer = self.open_with(site, "/guarded", encoded, "access")
        is_in_url = encoded in answer.request.environ.get("QUERY_STRING", "")

        assert ("Cookie" in answer.vary) or not transport.is_ambient
        if transport.is_ambient or is_in_url:
            assert answer.headers.get("Cache-Control") == "no-store"
        if is_in_url:
            assert answer.headers.get("Referrer-Policy") == "no-referrer"

    def test_what_is_shown_of_it_has_a_name_and_no_token(self, transport: Transport) -> None:
        """KEY-8."""
        found = self.presented(transport, self.present(ENCODED))

        assert transport.name in repr(found)
        assert ENCODED not in repr(found) + repr(transport)


class WritableTransportContract(TransportContract):
    """The contract of a place that answers fill, by ``write``, and empty, by ``erase``."""

    @pytest.fixture
    def browser(self, transport: Any, site: FlaskClient) -> FlaskClient:
        """Return a client that keeps cookies, of an application that writes into the place."""
        app = site.application

        def fill() -> Response:
            encoded = _issue(site, "access")
            response = Response(current_manager.verify(encoded).csrf)
            transport.write(response, encoded)
            return response

        def empty() -> Response:
            response = Response()
            transport.erase(response)
            return response

        app.add_url_rule("/fill", view_func=public(fill))
        app.add_url_rule("/empty", view_func=public(empty))
        return app.test_client()

    def test_what_is_written_is_presented_until_it_is_erased(self, browser: FlaskClient) -> None:
        csrf = {"X-CSRF-TOKEN": browser.get("/fill").text}
        statuses = [browser.open("/guarded", method=self.method, headers=csrf).status_code]
        browser.get("/empty")
        statuses.append(browser.open("/guarded", method=self.method, headers=csrf).status_code)

        assert statuses == [200, 401]

    def test_erasing_mirrors_writing(self, browser: FlaskClient) -> None:
        """COOKIE-3: browsers take a cookie with another path or domain for another cookie."""
        written, erased = (_cookies_of(browser.get(path)) for path in ("/fill", "/empty"))

        assert written
        assert written.items() <= erased.items()


def _cookies_of(answer: TestResponse) -> dict[str, set[str]]:
    """Return the attributes of the cookies that an answer sets, but for when they end."""
    found = {}
    for cookie in answer.headers.getlist("Set-Cookie"):
        pair, *attributes = cookie.split("; ")
        ends = ("Max-Age=", "Expires=")
        kept = {attribute for attribute in attributes if not attribute.startswith(ends)}
        found[pair.partition("=")[0]] = kept
    return found


def _who() -> dict[str, Any]:
    place = current_manager.current_transport
    if place is None:
        return {"sub": None, "kind": None, "at": place}
    return {"sub": current_token.subject, "kind": current_token.kind, "at": place}


def _issue(site: FlaskClient, kind: str) -> str:
    """Return a token of the application: those of a login, or one that is issued alone."""
    with site.application.app_context():
        if kind == "reset":
            return current_manager.issue("ada", kind)
        encoded: str = getattr(current_manager.login("ada"), f"{kind}_token")
        return encoded


def _is_read_or_refused(transport: Transport, environ: dict[str, Any]) -> bool:
    """Whether a place reads a request, or refuses it by an answer 4xx; else the error is raised."""
    try:
        with closing(Request(environ)) as request:
            return isinstance(transport.presented(request, ("access",)), list)
    except HTTPException as error:
        return (error.code or 500) < 500
