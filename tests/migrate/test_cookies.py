"""Cookies are set and unset by the manager, and tokens verified by it."""

from __future__ import annotations

from typing import Any

import pytest

PAIRS = [
    ("set_access_cookies(r, t)", "jwt.set_cookies(r, t)"),
    ("set_access_cookies(encoded_token=t, response=r)", "jwt.set_cookies(r, t)"),
    ("set_access_cookies(r, t, domain=d)", "jwt.set_cookies(r, t, domain=d)"),
    ("get_jti(t)", "jwt.verify(t, kind=ANY).token_id"),
    ("get_jti(encoded_token=t)", "jwt.verify(t, kind=ANY).token_id"),
    ("get_csrf_token(t)", "jwt.verify(t, kind=ANY).csrf"),
]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_the_manager_does_it(migrate_below: Any, before: str, after: str) -> None:
    found = migrate_below(f"{before}\n")

    assert found.body == f"{after}\n"
    assert found.notes == []


LISTED = [
    ("set_access_cookies(r, t, 60)", "jwt.set_cookies(r, t)", "cookies end with their tokens"),
    ("set_refresh_cookies(r, t)", "jwt.set_cookies(r, t)", "JWT_REFRESH_COOKIE_PATH"),
    ("unset_jwt_cookies(r)", "jwt.unset_cookies(r)", "the tokens themselves live on"),
    ("unset_jwt_cookies(r, d)", "jwt.unset_cookies(r, domain=d)", "live on"),
    ("decode_token(t)", "jwt.verify(t, kind=ANY).claims", "name the kind"),
    (
        "decode_token(t, allow_expired=True)",
        "jwt.verify(t, kind=ANY, allow_expired=True).claims",
        "name the kind",
    ),
    ("decode_token(t, allow_expired=False)", "jwt.verify(t, kind=ANY).claims", "name the kind"),
    ("unset_access_cookies(r)", "unset_access_cookies(r)", "of all kinds"),
    ("unset_refresh_cookies(r)", "unset_refresh_cookies(r)", "of all kinds"),
    ("decode_token(t, c)", "decode_token(t, c)", "by hand"),
    ("decode_token(*t)", "decode_token(*t)", "by hand"),
    ("decode_token()", "decode_token()", "by hand"),
    ("f = get_jti", "f = get_jti", "by hand"),
    ("set_access_cookies(*t)", "set_access_cookies(*t)", "by hand"),
    ("f = unset_jwt_cookies", "f = unset_jwt_cookies", "by hand"),
    ("get_unverified_jwt_headers(t)", "get_unverified_jwt_headers(t)", "believe nothing"),
]


@pytest.mark.parametrize(("before", "after", "about"), LISTED)
def test_what_means_something_else_is_listed(
    migrate_below: Any, before: str, after: str, about: str
) -> None:
    """S1: which kind is meant is said at every place."""
    found = migrate_below(f"{before}\n")

    assert found.body == f"{after}\n"
    assert found.lines_about(about) == [1]


def test_a_path_that_is_set_is_not_asked_for(migrate_below: Any) -> None:
    found = migrate_below(
        'app.config["JWT_REFRESH_COOKIE_PATH"] = "/auth"\nset_refresh_cookies(r, t)\n'
    )

    assert found.lines_about("JWT_REFRESH_COOKIE_PATH") == []


@pytest.mark.parametrize(
    "call",
    [
        "set_access_cookies(r, t)",
        "decode_token(t)",
        "create_access_token(u)",
        "get_jwt_request_location()",
    ],
)
def test_without_a_manager_the_way_to_it_is_told(migrate: Any, call: str) -> None:
    found = migrate(f"from flask_jwt_extended import {call.partition('(')[0]}\n{call}\n")

    assert found.code.endswith(f"\n{call}\n")
    assert [line for line, text in found.notes if "none of the files" in text] == [2]


def test_a_check_inside_needs_the_manager_too(migrate: Any) -> None:
    found = migrate(
        "from flask_jwt_extended import verify_jwt_in_request\n"
        "def f():\n    verify_jwt_in_request()\n"
    )

    assert [line for line, text in found.notes if "none of the files" in text] == [3]
