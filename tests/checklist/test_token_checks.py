"""The checks of lifetimes, of the baseline, and of the safeguards of the bridge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jwtpolicy import NEVER, KnownUser, NotRevoked
from tests.support.checklists import MakeShop, verdict

DAY = 86_400


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, "ok: tokens and sessions end"),
        ({"ACCESS_TOKEN_EXPIRES": DAY}, "ok"),
        ({"ACCESS_TOKEN_EXPIRES": 2 * DAY}, "warning: JWT_ACCESS_TOKEN_EXPIRES is 2 days"),
        ({"ACCESS_TOKEN_EXPIRES": NEVER}, "warning: JWT_ACCESS_TOKEN_EXPIRES has no end"),
        ({"REFRESH_TOKEN_EXPIRES": 90 * DAY}, "ok"),
        ({"REFRESH_TOKEN_EXPIRES": 91 * DAY}, "warning: JWT_REFRESH_TOKEN_EXPIRES is 91 days"),
        ({"RESET_TOKEN_EXPIRES": 30 * DAY}, "ok"),
        ({"RESET_TOKEN_EXPIRES": 31 * DAY}, "warning: JWT_RESET_TOKEN_EXPIRES is 31 days"),
        ({"SESSION_ABSOLUTE": 365 * DAY}, "ok"),
        ({"SESSION_ABSOLUTE": 366 * DAY}, "warning: JWT_SESSION_ABSOLUTE is 366 days"),
        ({"SESSION_ABSOLUTE": None}, "warning: JWT_SESSION_ABSOLUTE is None"),
        ({"REQUIRE_EXP": False}, "warning: JWT_REQUIRE_EXP is off"),
    ],
    ids=str,
)
def test_a_lifetime_that_is_very_long_is_a_warning(
    make_shop: MakeShop, config: dict[str, Any], found: str
) -> None:
    app = make_shop(**{f"JWT_{key}": value for key, value in config.items()})

    assert verdict(app, "lifetimes").startswith(found)


@pytest.mark.parametrize(
    ("span", "found"),
    [
        (None, "ok"),
        (60, "ok"),
        (timedelta(days=1), "ok"),
        (timedelta(days=3), "warning: the bridge: JWT_ACCESS_TOKEN_EXPIRES is 3 days"),
        (False, "warning: the bridge: JWT_ACCESS_TOKEN_EXPIRES has no end"),
    ],
    ids=str,
)
def test_lifetimes_of_the_bridge_have_an_end(make_bridge: MakeShop, span: Any, found: str) -> None:
    config = {} if span is None else {"JWT_ACCESS_TOKEN_EXPIRES": span}

    assert verdict(make_bridge(**config), "lifetimes").startswith(found)


@pytest.mark.parametrize(
    ("baseline", "found"),
    [
        (NotRevoked(), "ok: the baseline is NotRevoked()"),
        (NotRevoked() & KnownUser(), "ok"),
        (KnownUser(), "warning: the baseline KnownUser() does not demand NotRevoked()"),
        (None, "warning: baseline=None: revoked tokens"),
    ],
    ids=repr,
)
def test_every_token_is_asked_whether_it_was_revoked(
    make_shop: MakeShop, baseline: Any, found: str
) -> None:
    assert verdict(make_shop(manager={"baseline": baseline}), "baseline").startswith(found)


def test_the_bridge_has_no_baseline(make_bridge: MakeShop) -> None:
    assert verdict(make_bridge(), "baseline").startswith("ok: only the bridge guards here")


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, "ok: all are on"),
        ({"JWT_COMPAT_UNTYPED": False}, "ok"),
        ({"JWT_COMPAT_UNTYPED": True}, "warning: JWT_COMPAT_UNTYPED is on"),
        ({"JWT_COMPAT_WEAK_KEYS": True}, "failure: JWT_COMPAT_WEAK_KEYS is on"),
    ],
    ids=str,
)
def test_switches_that_give_up_a_safeguard_are_told(
    make_bridge: MakeShop, config: dict[str, Any], found: str
) -> None:
    assert verdict(make_bridge(**config), "switches").startswith(found)


@pytest.mark.parametrize(
    ("protects", "found"), [(True, "ok"), (False, "failure: JWT_COOKIE_CSRF_PROTECT is off")]
)
def test_cookies_without_csrf_protection_are_a_failure(
    make_bridge: MakeShop, protects: bool, found: str
) -> None:
    app = make_bridge(JWT_TOKEN_LOCATION=["cookies"], JWT_COOKIE_CSRF_PROTECT=protects)

    assert verdict(app, "switches").startswith(found)
