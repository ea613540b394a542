"""Cookies of the bridge, and the CSRF value that they come with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Response

from jwtpolicy.compat.flask_jwt_extended import (
    get_csrf_token,
    set_access_cookies,
    set_refresh_cookies,
    unset_jwt_cookies,
)
from jwtpolicy.exceptions import ConfigurationError, IssueError
from tests.support.bridge import Bridged, MakeBridged, claims, forged


@pytest.fixture
def cookies(make_bridged: MakeBridged) -> Bridged:
    return make_bridged(token_location=["cookies"])


UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "PURGE", "QUERY"]


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize("path", ["/access", "/optional", "/either"])
def test_every_unsafe_method_needs_the_value(cookies: Bridged, path: str, method: str) -> None:
    """S8, CSRF-1."""
    client = cookies.with_cookie(forged(claims(csrf="value")))
    headers = {"X-CSRF-TOKEN": "value"}

    assert client.open(path, method=method).status_code == 401
    assert client.open(path, method=method, headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_safe_method_needs_none(cookies: Bridged, method: str) -> None:
    client = cookies.with_cookie(cookies.access())

    assert client.open("/access", method=method).status_code == 200


@pytest.mark.parametrize("methods", [["post", "Patch"], ("post", "patch"), {"POST", "PATCH"}])
def test_a_list_of_ones_own_is_read_in_any_case(make_bridged: Any, methods: Any) -> None:
    """S8."""
    bridged = make_bridged(token_location="cookies", csrf_methods=methods)
    client = bridged.with_cookie(bridged.access())

    assert client.post("/access").status_code == client.patch("/access").status_code == 401
    assert client.put("/access").status_code == 200


@pytest.mark.parametrize("methods", [["DELETE", "PATCH", "PUT", "POST"], ("POST", "PUT")])
def test_the_default_list_means_all_in_any_order(make_bridged: Any, methods: Any) -> None:
    """S8."""
    bridged = make_bridged(token_location="cookies", csrf_methods=methods)
    client = bridged.with_cookie(bridged.access())

    assert client.open("/access", method="PURGE").status_code == (401 if len(methods) == 4 else 200)


@pytest.mark.parametrize("text", ["POST", "post", "POST,PUT", "POST, PUT", "PUT POST"])
def test_text_in_place_of_a_list_does_not_switch_it_off(make_bridged: Any, text: str) -> None:
    """S8: it would be a list of letters."""
    bridged = make_bridged(token_location="cookies", csrf_methods=text)
    client = bridged.with_cookie(bridged.access())

    assert client.post("/access").status_code == 401


VALUES = ["", "\xe9", "x" * 10_000, "null", "value\xff", "VALUE", " "]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value[:9]))
def test_a_value_of_any_form_is_a_refusal(cookies: Bridged, value: str) -> None:
    """C2, ALG-7."""
    client = cookies.with_cookie(forged(claims(csrf="value")))

    assert client.post("/access", headers={"X-CSRF-TOKEN": value}).status_code == 401
    assert client.post("/access", headers={"X-CSRF-TOKEN": "value"}).status_code == 200


@pytest.mark.parametrize("value", [7, True, ["value"], {"value": 1}, "", 1.5])
def test_a_claim_of_any_form_is_a_refusal(cookies: Bridged, value: Any) -> None:
    """C2, CSRF-3."""
    client = cookies.with_cookie(forged({**claims(), "csrf": value}))

    for brought in ("value", "7", "True", " "):
        answer = client.post("/access", headers={"X-CSRF-TOKEN": brought})
        assert answer.status_code in (401, 422)


@pytest.mark.parametrize("value", ["", None])
def test_a_token_without_the_claim_cannot_come_in_a_cookie(cookies: Bridged, value: Any) -> None:
    """CSRF-3."""
    client = cookies.with_cookie(forged(claims(csrf=None)))
    headers = {} if value is None else {"X-CSRF-TOKEN": value}

    assert client.post("/access", headers=headers).status_code == 401
    assert client.post("/access", headers={"X-CSRF-TOKEN": "x"}).status_code == 422


def test_the_value_of_another_token_is_refused(cookies: Bridged) -> None:
    """CSRF-2: of another session, and of the refresh token of the same one."""
    with cookies.app.app_context():
        mine, other, refresh = cookies.access(), cookies.access(), cookies.refresh()
        values = [get_csrf_token(token) for token in (mine, other, refresh)]
    client = cookies.with_cookie(mine)

    statuses = [
        client.post("/access", headers={"X-CSRF-TOKEN": value}).status_code for value in values
    ]
    assert statuses == [200, 401, 401]


@pytest.mark.parametrize("junk", ["Basic x", "", "Digest y", ","])
def test_a_junk_header_does_not_switch_it_off(make_bridged: Any, junk: str) -> None:
    """CSRF-4."""
    bridged = make_bridged(token_location=["headers", "cookies"])
    client = bridged.with_cookie(forged(claims(csrf="value")))
    headers = {"Authorization": junk}

    assert client.post("/access", headers=headers).status_code == 401
    headers["X-CSRF-TOKEN"] = "value"
    assert client.post("/access", headers=headers).status_code == 200


def test_a_form_field_counts_where_that_was_chosen(make_bridged: Any) -> None:
    """CSRF-5: a wrong header is not mended by a right field, nor by a parameter or a body."""
    bridged = make_bridged(token_location="cookies", csrf_check_form=True)
    client = bridged.with_cookie(forged(claims(csrf="value")))
    right = {"csrf_token": "value"}

    assert client.post("/access", data=right).status_code == 200
    assert client.post("/access", data=right, headers={"X-CSRF-TOKEN": "x"}).status_code == 401
    assert client.post("/access", query_string=right).status_code == 401
    assert client.post("/access", json=right).status_code == 401


def test_a_form_field_does_not_count_where_it_was_not(cookies: Bridged) -> None:
    """CSRF-5."""
    client = cookies.with_cookie(forged(claims(csrf="value")))

    assert client.post("/access", data={"csrf_token": "value"}).status_code == 401


def test_a_token_in_a_header_needs_no_value(bridged: Bridged) -> None:
    answer = bridged.client.post("/access", headers={"Authorization": f"Bearer {bridged.access()}"})

    assert answer.status_code == 200


def written(bridged: Bridged, token: str, **arguments: Any) -> list[str]:
    """Return the cookies that are set for an access token."""
    with bridged.app.test_request_context():
        response = Response()
        set_access_cookies(response, token, **arguments)
    return response.headers.getlist("Set-Cookie")


@pytest.mark.parametrize("is_on", [True, False])
def test_cookies_may_be_partitioned_and_are_unset_so_too(make_bridged: Any, is_on: bool) -> None:
    """COOKIE-3: a browser keeps them apart, and forgets only what it is told in the same way."""
    settings = {"token_location": ["cookies"], "cookie_secure": True}
    bridged = make_bridged(cookie_partitioned=is_on, **settings)
    made, unmade = Response(), Response()
    with bridged.app.app_context():
        set_access_cookies(made, bridged.access())
        unset_jwt_cookies(unmade)

    cookies = made.headers.getlist("Set-Cookie") + unmade.headers.getlist("Set-Cookie")
    assert len(cookies) == 6
    assert {cookie.endswith("; Partitioned") for cookie in cookies} == {is_on}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"cookie_partitioned": "True"}, "JWT_COOKIE_PARTITIONED is .*, of type str"),
        ({"cookie_partitioned": True}, "needs JWT_COOKIE_SECURE"),
    ],
)
def test_what_browsers_would_drop_is_an_error_at_start(
    make_bridged: Any, settings: Any, told: str
) -> None:
    """COOKIE-1: a partitioned cookie has to be a secure one."""
    with pytest.raises(ConfigurationError, match=told):
        make_bridged(**settings)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"max_age": 0}, "Max-Age=0"),
        ({"max_age": 60}, "Max-Age=60"),
        ({"max_age": timedelta(minutes=1)}, "Max-Age=60"),
        ({"domain": "example.com"}, "Domain=example.com"),
    ],
)
def test_what_is_asked_of_a_cookie_is_done(cookies: Bridged, arguments: Any, text: str) -> None:
    """C15."""
    assert all(text in cookie for cookie in written(cookies, cookies.access(), **arguments))


def test_an_empty_domain_is_none(make_bridged: Any) -> None:
    """C15."""
    bridged = make_bridged(token_location="cookies", cookie_domain="example.com")

    assert all("Domain" not in each for each in written(bridged, bridged.access(), domain=""))
    assert all("Domain=example.com" in each for each in written(bridged, bridged.access()))


@pytest.mark.parametrize(
    "change", [{"exp": 1}, {"nbf": 4_000_000_000}, {"aud": "another"}], ids=lambda each: str(each)
)
def test_a_token_that_does_not_pass_yet_can_be_set(cookies: Bridged, change: Any) -> None:
    """C14."""
    set_cookies = written(cookies, forged(claims(csrf="value", **change)))

    assert [cookie.split(";")[0].partition("=")[0] for cookie in set_cookies] == [
        "access_token_cookie",
        "csrf_access_token",
    ]


def test_a_token_that_was_made_without_a_csrf_value_is_an_error_that_says_so(
    cookies: Bridged, make_bridged: Any
) -> None:
    """C14: it was made while the protection was off, and could only be read."""
    token = forged(claims(csrf=None))
    unprotected = make_bridged(token_location="cookies", cookie_csrf_protect=False)

    with pytest.raises(IssueError, match="JWT_COOKIE_CSRF_PROTECT"):
        written(cookies, token)
    assert len(written(unprotected, token)) == 1


def test_a_token_is_not_set_in_the_place_of_another_kind(cookies: Bridged) -> None:
    """C14."""
    with cookies.app.test_request_context():
        with pytest.raises(IssueError, match="kind"):
            set_access_cookies(Response(), cookies.refresh())
        with pytest.raises(IssueError, match="kind"):
            set_refresh_cookies(Response(), cookies.access())
        set_refresh_cookies(Response(), cookies.refresh())


def test_what_is_unset_mirrors_what_was_set(make_bridged: Any) -> None:
    """COOKIE-3."""
    bridged = make_bridged(
        token_location="cookies",
        cookie_secure=True,
        cookie_partitioned=True,
        cookie_samesite="Strict",
        cookie_domain="example.com",
        access_cookie_path="/api",
    )
    with bridged.app.test_request_context():
        response = Response()
        set_access_cookies(response, bridged.access())
        set_refresh_cookies(response, bridged.refresh())
        made = [marks(each) for each in response.headers.getlist("Set-Cookie")]
        response = Response()
        unset_jwt_cookies(response)
        unmade = [marks(each) for each in response.headers.getlist("Set-Cookie")]

    assert len(made) == 4
    assert sorted(made) == sorted(unmade)


def marks(cookie: str) -> tuple[str, ...]:
    """Return the name of a cookie, and which cookie it is."""
    name, *parts = cookie.split("; ")
    kept = [p for p in parts if p.startswith(("Domain", "Path", "Secure", "SameSite", "Part"))]
    return (name.partition("=")[0], *sorted(kept))
