"""Tokens in cookies: set, read, protected against other sites, unset."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from flask import Response
from flask.testing import FlaskClient

from jwtpolicy import (
    NEVER,
    Access,
    Anonymous,
    OptionalToken,
    ProtectedView,
    Refresh,
    current_token,
    protect,
    public,
)
from jwtpolicy.endpoints import RefreshView
from jwtpolicy.exceptions import ConfigurationError, IssueError
from tests.support.applications import AppAndManager, MakeApp
from tests.support.cookies import add, csrf_of
from tests.support.requests import bearer

COOKIES: dict[str, Any] = {
    "token_location": ["headers", "cookies"],
    "refresh_cookie_path": "/auth",
    "reset_token_expires": 60,
}


def build(make_app: MakeApp, **settings: Any) -> AppAndManager:
    """Return an application with a login, a page, a form, a refresh and a logout."""
    app, jwt = make_app(**{**COOKIES, **settings})
    add(app, "POST /login", public(lambda: jwt.login("u1").as_response(cookies=True)))
    add(app, "GET /page", protect()(lambda: f"{current_token.csrf}"))
    add(app, "POST /form", protect()(lambda: "done"), "PURGE", "GET")
    app.add_url_rule("/auth/refresh", view_func=RefreshView.as_view("refresh"))
    logout = protect(Access() | Refresh())(lambda: jwt.logout().as_response())
    add(app, "POST /auth/logout", logout)
    return app, jwt


def set_cookies_of(response: Any) -> dict[str, Any]:
    """Return the attributes of the cookies that an answer sets, by name."""
    found: dict[str, Any] = {}
    for header in response.headers.getlist("Set-Cookie"):
        pair, *attributes = header.split("; ")
        parts = [attribute.partition("=") for attribute in attributes]
        shape = {name.lower(): value or True for name, _, value in parts}
        found[pair.partition("=")[0]] = defaultdict(str, shape)
    return found


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    """Return a client that is logged in."""
    client = build(make_app)[0].test_client()
    client.post("/login")
    return client


def test_a_login_sets_four_cookies_with_the_safe_attributes(make_app: Any) -> None:
    """COOKIE-1, COOKIE-2, S15."""
    response = build(make_app)[0].test_client().post("/login")
    cookies = set_cookies_of(response)

    shapes = {
        name: (c["path"], c["samesite"], bool(c["httponly"]), c["max-age"])
        for name, c in cookies.items()
    }
    assert shapes == {
        "__Host-access_token": ("/", "Lax", True, "900"),
        "__Host-csrf_access": ("/", "Lax", False, "900"),
        "__Secure-refresh_token": ("/auth", "Strict", True, str(30 * 86_400)),
        "__Host-csrf_refresh": ("/", "Strict", False, str(30 * 86_400)),
    }
    assert all(c["secure"] and not c["domain"] for c in cookies.values())


def test_tokens_in_cookies_are_not_in_the_body(make_app: Any) -> None:
    """HTTP-9, COOKIE-1: a script that can read the body must not read the token."""
    response = build(make_app)[0].test_client().post("/login")

    assert response.json == {"token_type": "Bearer", "expires_in": 900}
    assert response.headers["Cache-Control"] == "no-store"


def test_where_cookies_are_the_only_place_a_pair_goes_into_them(make_app: Any) -> None:
    app, jwt = make_app(token_location="cookies", refresh_cookie_path="/auth")
    with app.app_context():
        alone = jwt.login("u1").as_response()
    app, jwt = make_app(**COOKIES)
    with app.app_context():
        beside = jwt.login("u1").as_response()

    assert "__Host-access_token" in set_cookies_of(alone)
    assert set_cookies_of(beside) == {}
    assert "access_token" in beside.json


def test_the_attributes_can_be_others(make_app: Any) -> None:
    app, _ = build(
        make_app,
        cookie_domain="shop.test",
        cookie_samesite="None",
        cookie_partitioned=True,
        access_cookie_name="at",
        access_csrf_cookie_name="ct",
    )
    response = app.test_client().post("/login")
    access = set_cookies_of(response)["at"]

    assert (access["domain"], access["samesite"]) == ("shop.test", "None")
    headers = response.headers.getlist("Set-Cookie")
    assert all(header.endswith("; Partitioned") for header in headers)
    assert "ct" in set_cookies_of(response)


def test_cookies_in_the_clear_drop_their_prefixes(make_app: Any) -> None:
    with pytest.warns(UserWarning, match="in the clear"):
        app, _ = build(make_app, cookie_secure=False)
    cookies = set_cookies_of(app.test_client().post("/login"))

    assert set(cookies) == {"access_token", "csrf_access", "refresh_token", "csrf_refresh"}
    assert not any(cookie["secure"] for cookie in cookies.values())


def test_csrf_values_can_stay_out_of_cookies(make_app: Any) -> None:
    cookies = set_cookies_of(build(make_app, csrf_in_cookies=False)[0].test_client().post("/login"))

    assert set(cookies) == {"__Host-access_token", "__Secure-refresh_token"}


def test_a_refresh_cookie_needs_a_path(make_app: Any) -> None:
    app, jwt = make_app(token_location="cookies")
    with app.app_context():
        pair = jwt.login("u1")
        with pytest.raises(IssueError, match="JWT_REFRESH_COOKIE_PATH"):
            pair.as_response()
        response = Response()
        jwt.set_cookies(response, pair.access_token)

    assert "__Host-access_token" in set_cookies_of(response)


def test_a_cookie_that_browsers_would_drop_is_an_error(make_app: Any) -> None:
    """COOKIE-3."""
    app, jwt = make_app(**COOKIES)
    with app.app_context():
        long = jwt.issue("u1", claims={"biography": "x" * 4000})
        with pytest.raises(IssueError, match=r"browsers keep 4096; .* claims: biography \(\d+\)"):
            jwt.set_cookies(Response(), long)
        jwt.set_cookies(Response(), jwt.issue("u1", claims={"biography": "x" * 400}))


def test_a_kind_of_ones_own_has_a_cookie(make_app: Any) -> None:
    app, jwt = make_app(**COOKIES)
    response = Response()
    with app.app_context():
        jwt.set_cookies(response, jwt.issue("u1", "reset"))
        with pytest.raises(IssueError, match="'invite' have no cookie"):
            jwt.set_cookies(response, jwt.issue("u1", "invite", expires_in=9))

    assert set_cookies_of(response)["__Host-reset_token"]["max-age"] == "60"


def test_a_token_that_never_expires_is_a_session_cookie(make_app: Any) -> None:
    app, jwt = make_app(**COOKIES, require_exp=False)
    response = Response()
    with app.app_context():
        jwt.set_cookies(response, jwt.issue("u1", expires_in=NEVER))

    assert set_cookies_of(response)["__Host-access_token"]["max-age"] == ""


@pytest.mark.parametrize("verb", ["set_cookies", "unset_cookies"])
def test_without_the_place_there_are_no_cookies(make_app: Any, verb: str) -> None:
    app, jwt = make_app()
    with app.app_context():
        pair = jwt.login("u1")
        arguments = (Response(), pair) if verb == "set_cookies" else (Response(),)
        with pytest.raises(ConfigurationError, match="add 'cookies' to JWT_TOKEN_LOCATION"):
            getattr(jwt, verb)(*arguments)
        with pytest.raises(ConfigurationError, match="add 'cookies'"):
            pair.as_response(cookies=True)


def test_a_cookie_lets_in_and_the_answer_stays_out_of_caches(client: Any) -> None:
    response = client.get("/page")

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Vary"] == "Cookie"


def test_an_answer_to_nobody_is_not_the_answer_to_somebody(make_app: Any) -> None:
    """A cache may keep what an optional view shows to strangers, but not show it to all."""
    app, _ = build(make_app)
    add(app, "GET /any", protect(OptionalToken())(lambda: "in"))
    add(app, "GET /header", protect(OptionalToken(), transports="headers")(lambda: "in"))
    client = app.test_client()

    assert client.get("/any").headers["Vary"] == "Cookie"
    assert "Cache-Control" not in client.get("/any").headers
    assert "Vary" not in client.get("/header").headers


def test_a_view_may_say_itself_how_its_answer_is_cached(make_app: Any) -> None:
    app, _ = build(make_app)
    headers = {"Cache-Control": "private, max-age=60"}
    add(app, "GET /cached", protect()(lambda: ("in", headers)))
    client = app.test_client()
    client.post("/login")

    assert client.get("/cached").headers["Cache-Control"] == "private, max-age=60"


def test_tokens_of_headers_need_no_csrf_value_and_no_care(make_app: Any) -> None:
    app, jwt = build(make_app)
    with app.app_context():
        headers = bearer(jwt.issue("u1"))
    response = app.test_client().post("/form", headers=headers)

    assert response.text == "done"
    assert "Cache-Control" not in response.headers


def test_a_header_wins_over_a_cookie(make_app: Any) -> None:
    """HTTP-4, CSRF-4, C20."""
    app, jwt = build(make_app)
    with app.app_context():
        headers = bearer(jwt.issue("u2"))
    add(app, "GET /who", protect()(lambda: current_token.subject))
    client = app.test_client()
    client.post("/login")

    assert client.get("/who", headers=headers).text == "u2"
    assert client.get("/who").text == "u1"


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Bearer a b", "Basic x", "x"])
def test_a_junk_header_does_not_switch_csrf_off(client: Any, header: str) -> None:
    """CSRF-4."""
    response = client.post("/form", headers={"Authorization": header})

    assert response.status_code in (400, 401, 403)
    assert client.post("/form", headers=csrf_of(client)).text == "done"


@pytest.mark.parametrize("method", ["POST", "PURGE"])
def test_an_unsafe_method_needs_the_csrf_value(client: Any, method: str) -> None:
    """CSRF-1, CSRF-2, S8."""
    response = client.open("/form", method=method)

    assert response.status_code == 403
    assert response.json["error"] == "csrf_failed"
    assert "WWW-Authenticate" not in response.headers
    assert client.open("/form", method=method, headers=csrf_of(client)).text == "done"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_safe_method_needs_none(client: Any, method: str) -> None:
    assert client.open("/form", method=method).status_code == 200


@pytest.mark.parametrize(
    "value", ["", "x", "é", "\udcff", "a" * 100_000, "None", "__CSRF__ ", "__csrf__"]
)
def test_another_csrf_value_is_refused(client: Any, value: str) -> None:
    """CSRF-2, CSRF-3, ALG-7, C2."""
    mine = csrf_of(client)["X-CSRF-TOKEN"]
    sent = value.replace("__CSRF__", mine + "x").replace("__csrf__", mine.swapcase())
    environ = {"HTTP_X_CSRF_TOKEN": sent}

    assert client.post("/form", environ_overrides=environ).status_code == 403
    assert client.post("/form", headers=csrf_of(client)).status_code == 200


def test_the_csrf_value_of_another_token_is_refused(client: Any) -> None:
    """CSRF-2."""
    other = client.application.test_client()
    other.post("/login")

    assert client.post("/form", headers=csrf_of(other)).status_code == 403
    assert client.post("/form", headers=csrf_of(client, "refresh")).status_code == 403
    assert client.post("/auth/refresh", headers=csrf_of(client)).status_code == 403
    assert client.post("/auth/refresh", headers=csrf_of(client, "refresh")).status_code == 200


def test_a_token_without_csrf_value_is_refused_as_a_cookie(make_app: Any) -> None:
    """CSRF-3."""
    app, jwt = make_app()
    with app.app_context():
        bare = jwt.issue("u1")
    app, _ = build(make_app)
    client = app.test_client()
    client.set_cookie("__Host-access_token", bare)

    assert client.post("/form", headers={"X-CSRF-TOKEN": ""}).status_code == 403
    assert client.get("/page").status_code == 200


def test_an_optional_view_does_not_overlook_a_failed_csrf_check(make_app: Any) -> None:
    app, _ = build(make_app)
    add(app, "POST /any", protect(OptionalToken(ignore_invalid=True))(lambda: "in"))
    client = app.test_client()
    assert client.post("/any").text == "in"

    client.post("/login")
    assert client.post("/any").status_code == 403
    client.set_cookie("__Host-access_token", "x.y.z")
    assert client.post("/any").text == "in"


def test_a_form_may_bring_the_value_where_that_is_enabled(make_app: Any) -> None:
    """CSRF-5."""
    client = build(make_app, csrf_check_form=True)[0].test_client()
    client.post("/login")
    mine = csrf_of(client)["X-CSRF-TOKEN"]

    assert client.post("/form", data={"csrf_token": mine}).text == "done"
    assert client.post("/form", data={"csrf_token": [mine, mine]}).status_code == 403
    wrong = {"X-CSRF-TOKEN": "wrong"}
    assert client.post("/form", data={"csrf_token": mine}, headers=wrong).status_code == 403


def test_an_empty_header_wins_over_a_form_too(make_app: Any) -> None:
    """CSRF-5: and a query is no form."""
    client = build(make_app, csrf_check_form=True)[0].test_client()
    client.post("/login")
    form = {"csrf_token": csrf_of(client)["X-CSRF-TOKEN"]}

    assert client.post("/form", data=form, headers={"X-CSRF-TOKEN": ""}).status_code == 403
    assert client.post("/form", query_string=form).status_code == 403
    assert client.post("/form", query_string=form, data={"a": "b"}).status_code == 403
    assert client.post("/form", data=form).text == "done"


def test_each_kind_has_its_header_and_its_field(make_app: Any) -> None:
    app, _ = build(
        make_app,
        csrf_check_form=True,
        access_csrf_header_name="X-A",
        refresh_csrf_header_name="X-R",
        access_csrf_field_name="a",
        refresh_csrf_field_name="r",
    )
    client = app.test_client()
    client.post("/login")
    mine = {kind: csrf_of(client, kind)["X-CSRF-TOKEN"] for kind in ("access", "refresh")}

    assert client.post("/form", headers={"X-R": mine["access"]}).status_code == 403
    assert client.post("/form", headers={"X-A": mine["access"]}).status_code == 200
    assert client.post("/form", data={"a": mine["access"]}).status_code == 200
    assert client.post("/auth/refresh", data={"a": mine["refresh"]}).status_code == 403
    assert client.post("/auth/refresh", data={"r": mine["refresh"]}).status_code == 200


def test_a_failed_csrf_check_is_not_overlooked_beside_a_stale_cookie(
    make_app: Any, clock: Any
) -> None:
    """HTTP-5: of two tokens that were refused, the one that nothing overlooks answers."""
    app, _ = build(make_app)
    rule = Anonymous(ignore_invalid=True) | Access() | Refresh()
    add(app, "POST /auth/any", protect(rule)(lambda: f"{bool(current_token)}"))
    client = app.test_client()
    client.post("/login")
    headers = csrf_of(client, "refresh")
    client.set_cookie("__Host-access_token", "x.y.z")

    assert client.post("/auth/any").status_code == 403
    assert client.post("/auth/any", headers=headers).text == "True"


def test_an_answer_that_sets_cookies_stays_out_of_caches(make_app: Any) -> None:
    """HTTP-9: whatever it said before."""
    app, jwt = make_app(**COOKIES)
    response = Response(headers={"Cache-Control": "public, max-age=60"})
    with app.app_context():
        jwt.set_cookies(response, jwt.issue("u1"))

    assert response.headers["Cache-Control"] == "no-store"


def test_a_form_is_not_looked_at_otherwise(client: Any) -> None:
    """CSRF-5."""
    mine = csrf_of(client)["X-CSRF-TOKEN"]

    assert client.post("/form", data={"csrf_token": mine}).status_code == 403
    assert client.post(f"/form?csrf_token={mine}").status_code == 403
    assert client.post("/form", json={"csrf_token": mine}).status_code == 403


@pytest.mark.parametrize(
    "header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"]
)
def test_overriding_the_method_changes_nothing(client: Any, header: str) -> None:
    """CSRF-5."""
    override, form = {header: "GET"}, {"_method": "GET"}

    assert client.post("/form?_method=GET", headers=override, data=form).status_code == 403
    assert client.post("/form", headers={**override, **csrf_of(client)}).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "Cross-Site"])
def test_the_page_of_another_site_is_refused_even_with_the_value(client: Any, site: str) -> None:
    """CSRF-6."""
    foreign = {**csrf_of(client), "Sec-Fetch-Site": site, "Origin": "https://evil.test"}

    assert client.post("/form", headers=foreign).status_code == 403
    for own in ("same-origin", "same-site", "none"):
        headers = {**csrf_of(client), "Sec-Fetch-Site": own}
        assert client.post("/form", headers=headers).status_code == 200


def test_a_trusted_site_passes_with_the_value(make_app: Any) -> None:
    """CSRF-6."""
    client = build(make_app, csrf_trusted_origins=["https://shop.test"])[0].test_client()
    client.post("/login")
    trusted = {"Sec-Fetch-Site": "cross-site", "Origin": "https://shop.test"}

    assert client.post("/form", headers={**trusted, **csrf_of(client)}).status_code == 200
    assert client.post("/form", headers=trusted).status_code == 403
    foreign = {**trusted, "Origin": "https://shop.test.evil.test"}
    assert client.post("/form", headers={**foreign, **csrf_of(client)}).status_code == 403


def test_a_guard_can_do_without_csrf(make_app: Any) -> None:
    app, _ = build(make_app)
    add(app, "POST /hook", protect(csrf=False)(lambda: "in"))
    add(app, "POST /strict", protect(csrf=True)(protect(csrf=False)(lambda: "in")))
    client = app.test_client()
    client.post("/login")

    assert client.post("/hook").text == "in"
    assert client.post("/strict").status_code == 403


def test_a_class_can_do_without_csrf(make_app: Any) -> None:
    app, _ = build(make_app)

    class Hook(ProtectedView):
        csrf = False

        def post(self) -> str:
            return "in"

    class Strict(Hook):
        csrf = True

    add(app, "POST /hook", Hook.as_view("hook"))
    add(app, "POST /strict", Strict.as_view("strict"))
    client = app.test_client()
    client.post("/login")

    assert client.post("/hook").text == "in"
    assert client.post("/strict").status_code == 403
    assert client.post("/strict", headers=csrf_of(client)).text == "in"


@pytest.mark.parametrize("header", ["{0}; {0}", "{0};{0}", "{0}; a=b;  {0}"])
def test_a_cookie_that_was_sent_twice_is_a_bad_request(make_app: Any, header: str) -> None:
    """HTTP-4: another host may have tossed one of them in."""
    app, jwt = build(make_app)
    with app.app_context():
        cookie = f"__Host-access_token={jwt.issue('u1')}"
    client = app.test_client(use_cookies=False)

    assert client.get("/page", headers={"Cookie": header.format(cookie)}).status_code == 400
    assert client.get("/page", headers={"Cookie": f"x=1; {cookie}"}).status_code == 200


def test_cookies_are_told_apart_by_their_whole_names(make_app: Any) -> None:
    app, jwt = build(make_app)
    with app.app_context():
        token = jwt.issue("u1")
    client = app.test_client(use_cookies=False)
    for name in ("X__Host-access_token", "__Host-access_token2", "__HOST-ACCESS_TOKEN"):
        assert client.get("/page", headers={"Cookie": f"{name}={token}"}).status_code == 401

    quoted = f'a="b; c"; __Host-access_token="{token}"'
    assert client.get("/page", headers={"Cookie": quoted}).status_code == 200


@pytest.mark.parametrize("cookie", ["", "__Host-access_token=", "__Host-access_token", ";;;", "=x"])
def test_what_is_left_of_a_cookie_is_none(make_app: Any, cookie: str) -> None:
    app, _ = build(make_app)
    add(app, "GET /any", protect(OptionalToken())(lambda: "in"))
    client = app.test_client(use_cookies=False)

    assert client.get("/any", headers={"Cookie": cookie}).text == "in"


@pytest.mark.parametrize("value", ['"', "x", '"x"', " x ", "\xff", "a,b"])
def test_a_cookie_that_is_no_token_is_not_none(make_app: Any, value: str) -> None:
    """HTTP-5."""
    app, _ = build(make_app)
    add(app, "GET /any", protect(OptionalToken())(lambda: "in"))
    client = app.test_client(use_cookies=False)
    environ = {"HTTP_COOKIE": f"__Host-access_token={value}"}

    assert client.get("/any", environ_overrides=environ).status_code == 401
    assert client.get("/any").text == "in"


def test_a_token_in_the_cookie_of_another_kind_is_refused(make_app: Any) -> None:
    app, jwt = build(make_app)
    add(app, "GET /both", protect(Access() | Refresh())(lambda: current_token.kind))
    with app.app_context():
        pair = jwt.login("u1")
    client = app.test_client()
    client.set_cookie("__Host-access_token", pair.refresh_token)
    assert client.get("/both").status_code == 401

    client.set_cookie("__Secure-refresh_token", pair.refresh_token)
    assert client.get("/both").text == "refresh"


def test_a_refresh_in_cookies_is_answered_in_cookies(client: Any) -> None:
    before = client.get_cookie("__Host-access_token").value
    response = client.post("/auth/refresh", headers=csrf_of(client, "refresh"))

    assert response.json == {"token_type": "Bearer", "expires_in": 900}
    assert client.get_cookie("__Host-access_token").value != before
    assert client.get("/page").status_code == 200


def test_a_refresh_by_header_is_answered_in_the_body(make_app: Any) -> None:
    app, jwt = build(make_app)
    with app.app_context():
        headers = bearer(str(jwt.login("u1").refresh_token))
    response = app.test_client().post("/auth/refresh", headers=headers)

    assert "access_token" in response.json
    assert set_cookies_of(response) == {}


def test_a_logout_unsets_what_was_set(client: Any) -> None:
    """COOKIE-3."""
    access = client.get_cookie("__Host-access_token").value
    response = client.post("/auth/logout", headers=csrf_of(client))

    mirrored = {
        name: (c["path"], c["samesite"], c["max-age"], bool(c["httponly"]))
        for name, c in set_cookies_of(response).items()
    }
    assert mirrored["__Host-access_token"] == ("/", "Lax", "0", True)
    assert mirrored["__Secure-refresh_token"] == ("/auth", "Strict", "0", True)
    assert mirrored["__Host-csrf_refresh"] == ("/", "Strict", "0", False)
    assert client.get("/page").status_code == 401
    client.set_cookie("__Host-access_token", access)
    assert client.get("/page").status_code == 401


def test_a_logout_by_the_refresh_cookie_alone_works(client: Any) -> None:
    """C13."""
    client.delete_cookie("__Host-access_token")
    wrong = client.post("/auth/logout", headers=csrf_of(client))
    right = client.post("/auth/logout", headers=csrf_of(client, "refresh"))

    assert (wrong.status_code, right.status_code) == (403, 204)


def test_a_logout_works_on_an_answer_of_ones_own(make_app: Any) -> None:
    app, jwt = build(make_app)

    @app.post("/bye")
    @protect(OptionalToken(ignore_invalid=True))
    def bye() -> Response:
        response = Response("bye")
        jwt.logout(response)
        return response

    client = app.test_client()
    client.set_cookie("__Host-access_token", "stale")
    response = client.post("/bye")

    assert response.text == "bye"
    assert "__Host-access_token" in set_cookies_of(response)


@pytest.mark.parametrize("domain", [None, "a.test", ""])
def test_a_call_can_choose_the_domain(make_app: Any, domain: str | None) -> None:
    """COOKIE-3, C15: the empty domain is the host alone, and not the setting's."""
    app, jwt = make_app(**COOKIES, cookie_domain="shop.test")
    written, erased = Response(), Response()
    with app.app_context():
        jwt.set_cookies(written, jwt.issue("u1"), domain=domain)
        jwt.unset_cookies(erased, domain=domain)

    expected = {"shop.test" if domain is None else domain}
    assert {c["domain"] for c in set_cookies_of(written).values()} == expected
    assert {c["domain"] for c in set_cookies_of(erased).values()} == expected


@pytest.mark.parametrize("verb", ["set", "unset"])
@pytest.mark.parametrize("domain", ["a.test", "a.test; Path=/x", "a test", "a.test:443"])
def test_a_domain_with_which_browsers_drop_the_cookie_is_an_error(
    make_app: Any, verb: str, domain: str
) -> None:
    """COOKIE-2: names that begin with ``__Host-`` take no domain."""
    app, jwt = make_app(**COOKIES)
    with app.app_context():
        arguments = (Response(), jwt.issue("u1"))[: 2 if verb == "set" else 1]
        with pytest.raises(ConfigurationError, match=r"__Host-access_token|domain="):
            getattr(jwt, f"{verb}_cookies")(*arguments, domain=domain)
        getattr(jwt, f"{verb}_cookies")(*arguments, domain="")


def test_a_domain_in_the_settings_is_one(make_app: Any) -> None:
    with pytest.raises(ConfigurationError, match="JWT_COOKIE_DOMAIN"):
        make_app(**COOKIES, cookie_domain="shop.test; Secure")

    assert make_app(**COOKIES, cookie_domain=".shop.test")


LOOKS: dict[str, dict[str, Any]] = {
    "as they are": {},
    "for a domain": {"cookie_domain": "shop.test"},
    "of other sites": {"cookie_samesite": "None", "refresh_cookie_samesite": "Lax"},
    "kept apart": {"cookie_partitioned": True},
    "with other names": {
        "access_cookie_name": "at",
        "refresh_cookie_name": "rt",
        "access_csrf_cookie_name": "ac",
        "refresh_csrf_cookie_name": "rc",
    },
    "on other paths": {"access_cookie_path": "/api", "refresh_cookie_path": "/"},
    "without readable values": {"csrf_in_cookies": False},
}


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_unset_mirrors_what_was_set(make_app: Any, look: str) -> None:
    """COOKIE-3: in everything but the value and the time, or browsers would keep it."""
    app, jwt = make_app(**{**COOKIES, **LOOKS[look]})
    written, erased = Response(), Response()
    with app.app_context():
        jwt.set_cookies(written, jwt.login("u1"))
        jwt.unset_cookies(erased)

    was, is_gone = set_cookies_of(written), set_cookies_of(erased)
    for name, shape in was.items():
        timeless = {k: v for k, v in shape.items() if k not in ("max-age", "expires")}
        assert timeless == {k: is_gone[name][k] for k in timeless}
        assert is_gone[name]["max-age"] == "0"


def test_a_cookie_ends_when_its_token_does(make_app: Any, clock: Any) -> None:
    """S15: however long ago the token was made."""
    app, jwt = make_app(**COOKIES)
    with app.app_context():
        token = jwt.issue("u1", expires_in=100)
        ages = []
        for passed in (0, 40, 59.5, 100):
            clock.advance(passed)
            response = Response()
            jwt.set_cookies(response, token)
            ages.append(set_cookies_of(response)["__Host-access_token"]["max-age"])

    assert ages == ["100", "60", "0", "0"]


def test_templates_and_tokens_show_the_csrf_value(make_app: Any) -> None:
    app, jwt = build(make_app)
    client = app.test_client()
    client.post("/login")
    assert client.get("/page").text == csrf_of(client)["X-CSRF-TOKEN"]

    app, jwt = make_app()
    with app.app_context():
        assert jwt.verify(jwt.issue("u1")).csrf is None


def test_what_has_no_path_is_not_unset(make_app: Any) -> None:
    app, jwt = make_app(token_location="cookies")
    response = Response()
    with app.app_context():
        jwt.unset_cookies(response)

    assert set(set_cookies_of(response)) == {"__Host-access_token", "__Host-csrf_access"}


def test_a_logout_outside_of_a_request_only_unsets(make_app: Any) -> None:
    app, jwt = make_app(**COOKIES)
    with app.app_context():
        logout = jwt.logout()

        assert logout.session_id is None
        assert "__Host-access_token" in set_cookies_of(logout.as_response())
