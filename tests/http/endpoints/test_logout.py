"""Logging out by the ready-made view."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import bearer
from tests.http.endpoints.conftest import (
    HTTPS,
    access_of,
    cookie_log_in,
    csrf_of,
    log_in,
    refresh_of,
)


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
