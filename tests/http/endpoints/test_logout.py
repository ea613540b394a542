"""Logging out by the ready-made view."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Request

from jwtpolicy.endpoints import LogoutView
from jwtpolicy.transports import Transport
from tests.support.cookies import csrf_of
from tests.support.endpoints import HTTPS, access_of, cookie_log_in, log_in, refresh_of
from tests.support.requests import bearer


@pytest.mark.parametrize("present", [access_of, refresh_of])
def test_either_token_ends_the_session(site: Any, present: Any) -> None:
    pair, other = log_in(site), log_in(site)

    assert site.post("/auth/logout", headers=present(pair)).status_code == 204

    assert site.get("/me", headers=access_of(pair)).status_code == 401
    assert site.post("/auth/refresh", headers=refresh_of(pair)).status_code == 401
    assert site.get("/me", headers=access_of(other)).status_code == 200


def test_a_refresh_token_that_was_used_ends_its_session_too(site: Any) -> None:
    """Its holder would think that it did."""
    pair, other = log_in(site), log_in(site)
    newer = site.post("/auth/refresh", headers=refresh_of(pair)).json

    assert site.post("/auth/logout", headers=refresh_of(pair)).status_code == 204

    assert site.get("/me", headers=access_of(newer)).status_code == 401
    assert site.get("/me", headers=access_of(other)).status_code == 200


@pytest.mark.parametrize("headers", [{}, bearer("a.b.c")])
def test_whoever_is_logged_out_can_log_out(site: Any, headers: Any) -> None:
    assert site.post("/auth/logout", headers=headers).status_code == 204


def test_a_logout_twice_is_as_good_as_once(site: Any) -> None:
    headers = access_of(log_in(site))

    assert [site.post("/auth/logout", headers=headers).status_code for _ in "ab"] == [204, 204]


def test_cookies_are_unset_and_their_session_ended(pages: Any) -> None:
    """COOKIE-3."""
    cookie_log_in(pages)
    stolen = pages.get_cookie("__Host-access_token").value

    assert pages.post("/auth/logout", headers=csrf_of(pages), **HTTPS).status_code == 204

    assert not list(pages._cookies)
    pages.set_cookie("__Host-access_token", stolen, domain="localhost", secure=True)
    assert pages.get("/me", **HTTPS).status_code == 401


def test_the_refresh_cookie_alone_is_enough(pages: Any) -> None:
    """An access cookie is gone with its token, after minutes."""
    cookie_log_in(pages)
    csrf = csrf_of(pages, "refresh")
    refresh = pages.get_cookie("__Secure-refresh_token", path="/auth").value
    pages.delete_cookie("__Host-access_token")

    assert pages.post("/auth/logout", headers=csrf, **HTTPS).status_code == 204

    pages.set_cookie("__Secure-refresh_token", refresh, domain="localhost", path="/auth")
    assert pages.post("/auth/refresh", headers=csrf, **HTTPS).status_code == 401


def test_a_cookie_needs_its_csrf_value(pages: Any) -> None:
    """CSRF-1."""
    cookie_log_in(pages)

    assert pages.post("/auth/logout", **HTTPS).status_code == 403
    assert pages.get("/me", **HTTPS).status_code == 200
    assert pages.post("/auth/logout", headers=csrf_of(pages), **HTTPS).status_code == 204


@pytest.mark.parametrize(("sender", "status"), [("cross-site", 403), ("same-origin", 204)])
def test_another_site_cannot_throw_people_out(pages: Any, sender: str, status: int) -> None:
    """CSRF-6: its form comes without the cookies, but the answer would unset them."""
    answer = pages.post("/auth/logout", headers={"Sec-Fetch-Site": sender}, **HTTPS)

    assert answer.status_code == status
    assert ("Set-Cookie" in answer.headers) is (status == 204)


def tossed(pages: Any, *values: str, refresh: str = "") -> dict[str, str]:
    """Return the header with the access cookie of the jar, and what another host has tossed in."""
    own = pages.get_cookie("__Host-access_token").value
    cookies = [f"__Host-access_token={value}" for value in values]
    place = len(cookies) // 2
    cookies.insert(place, f"__Host-access_token={own}")
    return {"Cookie": "; ".join([*cookies, f"__Secure-refresh_token={refresh}"])}


def other_login(pages: Any, name: str = "bob") -> Any:
    """Log in as somebody else, in another browser; return the value of the cookie."""
    other = pages.application.test_client()
    cookie_log_in(other, name)
    return other.get_cookie("__Host-access_token").value


def without_jar(pages: Any) -> Any:
    return pages.application.test_client(use_cookies=False)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["x.y.z"], id="before"),
        pytest.param(["x.y.z", "z.y.x"], id="around"),
        pytest.param(["bob's"], id="another's token"),
        pytest.param(["bob's", "", "x.y.z"], id="several"),
    ],
)
def test_a_cookie_that_was_tossed_in_keeps_nobody_logged_in(pages: Any, values: Any) -> None:
    """K27, HTTP-4: the own session is ended, and no other one."""
    cookie_log_in(pages)
    bobs = other_login(pages)
    cookies = tossed(pages, *(value.replace("bob's", bobs) for value in values))
    client = without_jar(pages)

    answer = client.post("/auth/logout", headers={**cookies, **csrf_of(pages)}, **HTTPS)
    assert answer.status_code == 204
    assert any("Max-Age=0" in cookie for cookie in answer.headers.getlist("Set-Cookie"))
    assert pages.get("/me", **HTTPS).status_code == 401
    bob = {"Cookie": f"__Host-access_token={bobs}"}
    assert client.get("/me", headers=bob, **HTTPS).status_code == 200


def test_a_cookie_that_was_tossed_in_needs_the_csrf_value_all_the_same(pages: Any) -> None:
    """K27, CSRF-1."""
    cookie_log_in(pages)
    cookies = tossed(pages, "x.y.z", other_login(pages))

    answer = without_jar(pages).post("/auth/logout", headers=cookies, **HTTPS)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert pages.get("/me", **HTTPS).status_code == 200


def test_nobody_is_kept_logged_in_whose_own_token_has_expired(pages: Any, clock: Any) -> None:
    """K27: what the guard cannot use, the logout ends all the same."""
    cookie_log_in(pages)
    clock.advance(3600)
    cookies = tossed(pages, other_login(pages))
    headers = {**cookies, **csrf_of(pages)}

    assert without_jar(pages).post("/auth/logout", headers=headers, **HTTPS).status_code == 204
    refresh = pages.get_cookie("__Secure-refresh_token", path="/auth").value
    value = {"Cookie": f"__Secure-refresh_token={refresh}", **csrf_of(pages, "refresh")}
    assert without_jar(pages).post("/auth/refresh", headers=value, **HTTPS).status_code == 401


def test_cookies_that_are_no_tokens_are_unset(pages: Any, caplog: Any) -> None:
    """K27."""
    headers = {"Cookie": "__Host-access_token=x.y.z; __Host-access_token=z.y.x"}

    answer = without_jar(pages).post("/auth/logout", headers=headers, **HTTPS)
    assert answer.status_code == 204
    assert "nothing was ended" in caplog.text
    assert without_jar(pages).get("/me", headers=headers, **HTTPS).status_code == 400


def test_two_places_are_a_bad_request_at_the_logout_too(mount: Any) -> None:
    """HTTP-4: nobody can toss in a header."""
    client = mount(token_location=["headers", "json", "cookies"], cookie_secure=True)
    pair = log_in(client)
    body = {"access_token": pair["access_token"]}

    answers = [
        client.post("/auth/logout", json=body, headers=headers, **HTTPS)
        for headers in (access_of(pair), {})
    ]
    assert [answer.status_code for answer in answers] == [400, 204]


class Handed(Transport):
    """A place of an application's own that browsers fill by themselves."""

    is_ambient = True

    def read(self, request: Request) -> str | None:
        return request.headers.get("X-Handed")


def test_a_place_of_ones_own_is_read_once(make_app: Any) -> None:
    """Where nobody can put a second token, there is nothing to choose from."""
    app, jwt = make_app(manager={"transports": (Handed(),)})
    app.add_url_rule("/logout", view_func=LogoutView.as_view("logout"))
    with app.app_context():
        pair = jwt.login("u1")
        csrf = jwt.verify(pair.access_token).csrf
    headers = {"X-Handed": pair.access_token, "X-CSRF-TOKEN": csrf}

    assert app.test_client().post("/logout", headers=headers).status_code == 204
    with app.app_context():
        assert jwt.sessions("u1") == []
