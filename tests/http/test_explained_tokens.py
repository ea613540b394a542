"""The token of an explained request stands where a client would put it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import request

from jwtpolicy import JWTManager, OptionalToken, Refresh, TokenKind, Verdict, policy, protect
from jwtpolicy.testing import act
from jwtpolicy.transports import Transport
from tests.support.applications import AppAndManager, MakeApp

EVERYWHERE = ["headers", "cookies", "query_string", "json"]


class Drawer(Transport):
    """A place of the application's own."""

    def read(self, request: Any) -> str | None:
        return request.headers.get("X-Drawer")


@pytest.fixture
def site(make_app: MakeApp) -> AppAndManager:
    """Return an application that reads tokens everywhere; `/odd` reads them in one odd place."""
    app, jwt = make_app(
        manager={"transports": [Drawer()]},
        token_location=EVERYWHERE,
        refresh_cookie_path="/",
        query_string_value_prefix="Bearer ",
        refresh_csrf_header_name="X-Again",
    )
    both = protect(OptionalToken() | Refresh())
    app.add_url_rule("/both", "both", both(lambda: ""), methods=["GET", "POST"])
    app.add_url_rule("/odd", "odd", protect(transports="query_string")(lambda: ""))
    app.add_url_rule("/drawer", "drawer", protect(transports=Drawer())(lambda: ""))
    return app, jwt


def explain(site: AppAndManager, *asked: str, user: str = "u1", **request: Any) -> Any:
    app, jwt = site
    with app.app_context():
        return jwt.explain(*asked, token=jwt.login(user).access_token, **request)


@pytest.mark.parametrize("place", EVERYWHERE)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_token_gets_in_from_every_place(
    site: AppAndManager, place: str, method: str, kind: str
) -> None:
    app, jwt = site
    with app.app_context():
        token = getattr(jwt.login("u1"), kind)

        told = jwt.explain(method, "/both", token=token, place=place)

    assert told.verdict is Verdict.ALLOWED
    assert str(told.decision).count("NO_TOKEN") == 0


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_stands_where_the_test_kit_puts_it(site: AppAndManager, method: str) -> None:
    """In its cookie, as that of a browser, wherever the endpoint reads those."""
    app = site[0]
    seen: list[str | None] = []

    @policy
    def placed(access: Any) -> bool:
        seen.append(access.transport)
        return True

    app.add_url_rule("/seen", "seen", protect(placed)(lambda: ""), methods=[method])
    assert explain(site, method, "/seen")
    assert act(app).as_user("u1").explain(method, "/seen")

    assert set(seen) == {"cookies"}


def test_a_token_without_a_cookie_stands_in_the_header(site: AppAndManager) -> None:
    app, jwt = site
    both = protect(TokenKind("reset"), transports=["cookies", "query_string", "headers"])
    app.add_url_rule("/reset", "reset", both(lambda: ""))

    with app.app_context():
        reset = jwt.issue("u1", "reset", expires_in=60)

        assert jwt.explain("GET", "/reset", token=reset)
        assert jwt.explain("GET", "/reset", token=reset, place="cookies").status == 401


def test_the_csrf_value_of_a_cookie_can_be_left_out(site: AppAndManager) -> None:
    told = explain(site, "POST", "/both", place="cookies", csrf=False)

    assert (told.status, told.error.error) == (403, "csrf_failed")
    assert told.cures == ("has to send the CSRF value of its cookie, from a page of this site",)


def test_the_place_is_one_that_the_endpoint_reads(site: AppAndManager) -> None:
    assert explain(site, "GET", "/odd").verdict is Verdict.ALLOWED
    assert explain(site, "GET", "/odd?page=2").verdict is Verdict.ALLOWED


def test_a_path_without_a_guard_has_the_places_of_the_application(site: AppAndManager) -> None:
    assert explain(site, "GET", "/nowhere", place="json").verdict is Verdict.NOT_FOUND


def test_a_place_that_is_not_read_there_is_named_with_those_that_are(site: AppAndManager) -> None:
    with pytest.raises(ValueError, match="not read from headers here, but from query_string"):
        explain(site, "GET", "/odd", place="headers")


def test_a_place_of_the_applications_own_is_filled_by_itself(site: AppAndManager) -> None:
    with pytest.raises(ValueError, match="Drawer is a transport of your own"):
        explain(site, "GET", "/drawer")

    app, jwt = site
    with app.app_context():
        token = {"X-Drawer": jwt.issue("u1")}
        assert jwt.explain("GET", "/drawer", headers=token)


@pytest.mark.parametrize("token", ["two\nlines", "caf\xe9", "nul\0"])
def test_what_no_client_could_send_is_an_error(site: AppAndManager, token: str) -> None:
    app, jwt = site
    with app.app_context(), pytest.raises(ValueError, match="one line of printable ASCII"):
        jwt.explain("GET", "/both", token=token)


@pytest.mark.parametrize("place", EVERYWHERE)
def test_what_is_no_token_is_refused_from_every_place(site: AppAndManager, place: str) -> None:
    app, jwt = site
    with app.app_context():
        told = jwt.explain("POST", "/both", token="a.b.c", place=place)

    assert (told.verdict, told.status) == (Verdict.REFUSED, 401)


def test_a_request_is_described_as_for_flasks_test_client(site: AppAndManager) -> None:
    seen: list[Any] = []
    site[0].before_request(lambda: seen.append((request.json, dict(request.cookies), request.host)))
    url = {"base_url": "http://sea.example", "headers": {"Cookie": "lang=en"}}

    told = explain(site, "GET", "/both", place="cookies", json={"a": 1}, **url)

    assert told.verdict is Verdict.ALLOWED
    [(body, cookies, host)] = seen
    assert (body, cookies["lang"], host) == ({"a": 1}, "en", "sea.example")


@pytest.mark.parametrize(
    ("asked", "token"), [(("GET", 1), None), (("GET", "/both"), b"bytes")], ids=["path", "token"]
)
def test_arguments_of_another_type_are_told_what_was_expected(
    site: AppAndManager, asked: Any, token: Any
) -> None:
    app, jwt = site
    with app.app_context(), pytest.raises(TypeError, match="explain"):
        jwt.explain(*asked, token=token)


def test_a_method_without_a_path_is_told_what_is_missing(site: AppAndManager) -> None:
    app, jwt = site
    unfinished: Any = jwt.explain
    with app.app_context(), pytest.raises(TypeError, match=r"explain\('GET', '/path'\)"):
        unfinished("GET")


@pytest.mark.parametrize("place", [{}, {"place": "headers"}], ids=["usual", "named"])
def test_a_second_token_is_not_passed_over(site: AppAndManager, place: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="the request has a value in headers"):
        explain(site, "GET", "/both", headers={"Authorization": "Bearer a.b.c"}, **place)
    assert explain(site, "GET", "/both", headers={"X-Other": "Bearer a.b.c"}, **place)


def test_what_is_no_part_of_a_request_is_an_error_with_what_to_write(site: AppAndManager) -> None:
    app, jwt = site
    with app.app_context(), pytest.raises(TypeError, match=r"not user; a user is named by a token"):
        jwt.explain("GET", "/both", user="u1")
    with app.app_context():
        assert jwt.explain("GET", "/both", token=jwt.issue("u1"))


def test_a_token_in_json_needs_a_body_that_is_an_object(site: AppAndManager) -> None:
    with pytest.raises(ValueError, match="json= has to be an object"):
        explain(site, "POST", "/both", place="json", json=[1])


def test_a_manager_of_another_application_is_an_error(make_app: MakeApp) -> None:
    app, _ = make_app()
    other: JWTManager[Any] = make_app()[1]

    with app.app_context(), pytest.raises(Exception, match="belongs to another JWTManager"):
        other.explain("GET", "/")


def test_a_file_of_the_described_body_is_there_for_hooks(site: AppAndManager) -> None:
    seen: list[bytes] = []
    site[0].before_request(lambda: seen.append(request.files["note"].read()))

    told = explain(site, "POST", "/both", data={"note": (io.BytesIO(b"hello"), "note.txt")})

    assert (told.verdict, seen) == (Verdict.ALLOWED, [b"hello"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("", "/open"),
        ("G T", "/open"),
        ("GET\n", "/open"),
        ("GET", ""),
        ("GET", "open"),
        ("GET", "//elsewhere.example/open"),
        ("GET", "/op\nen"),
        ("GET", "/\ud800"),
    ],
)
def test_what_would_be_read_as_another_request_is_an_error(
    site: AppAndManager, method: str, path: str
) -> None:
    app, jwt = site
    with app.app_context(), pytest.raises(ValueError, match=r"method is one|a path|the path"):
        jwt.explain(method, path)


@pytest.mark.parametrize("path", ["/a?b=c", "http://localhost/a", "/\u00fc", "/%0A"])
def test_a_path_with_what_a_path_may_have_is_explained(site: AppAndManager, path: str) -> None:
    app, jwt = site
    with app.app_context():
        assert jwt.explain("PROP-FIND", path).verdict is Verdict.NOT_FOUND
