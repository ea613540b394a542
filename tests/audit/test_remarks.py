"""What the audit says of a whole application, and what it never says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import NEVER, ClaimsMatch, protect
from jwtpolicy.audit import audit
from jwtpolicy.audit.remarks import _SWITCHES
from jwtpolicy.compat.flask_jwt_extended import JWTManager as BridgeManager
from jwtpolicy.compat.flask_jwt_extended.config import SWITCHES
from jwtpolicy.settings import InsecureCookieWarning
from tests.support.applications import SECRET
from tests.support.audits import row_of

#: Where no remark is due: a store that other workers see too.
QUIET = {"store_url": "sqlite:///audited.sqlite3"}
COOKIES = {"token_location": ["headers", "cookies"]}


def remarks(make_app: Any, manager: Any = None, **settings: Any) -> list[str]:
    app, _ = make_app(manager=manager, **{**QUIET, **settings})
    return list(audit(app).remarks)


def test_of_an_application_as_it_should_be_nothing_is_said(make_app: Any) -> None:
    assert remarks(make_app, **COOKIES) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"store_url": "memory://"}, "kept in the memory of one process"),
        ({"require_exp": False}, "JWT_REQUIRE_EXP is off"),
        ({"session_absolute": None}, "JWT_SESSION_ABSOLUTE is None"),
        ({"accept_integer_subject": True}, "JWT_ACCEPT_INTEGER_SUBJECT is on"),
        ({"secret_key_fallbacks": [SECRET[::-1]]}, "JWT_SECRET_KEY_FALLBACKS"),
        ({"token_location": "query_string"}, "query string tokens"),
        ({**COOKIES, "cookie_samesite": "None"}, "SameSite is None"),
        ({**COOKIES, "refresh_cookie_samesite": "None"}, "SameSite is None"),
        ({**COOKIES, "cookie_domain": "shop.example"}, "every host of shop.example"),
        (
            {**COOKIES, "csrf_trusted_origins": ["https://shop.example"]},
            "pages of https://shop.example may send",
        ),
    ],
    ids=lambda value: next(reversed(value)) if isinstance(value, dict) else "",
)
def test_a_setting_that_gives_something_up_is_remarked(
    make_app: Any, settings: Any, said: str
) -> None:
    (remark,) = remarks(make_app, **settings)

    assert said in remark
    assert not any(said in other for other in remarks(make_app, **COOKIES))


def test_cookies_in_the_clear_are_remarked(make_app: Any) -> None:
    """COOKIE-1."""
    with pytest.warns(InsecureCookieWarning):
        (remark,) = remarks(make_app, **COOKIES, cookie_secure=False)

    assert remark.startswith("JWT_COOKIE_SECURE is off")


def test_without_a_baseline_and_a_store_both_are_remarked(make_app: Any) -> None:
    found = remarks(make_app, manager={"baseline": None}, store_url="none")

    assert [remark.split(":")[0] for remark in found] == [
        "baseline=None",
        "there is no token store",
    ]


@pytest.mark.parametrize(("is_lazy", "count"), [(True, 1), (False, 0)])
def test_a_lazy_user_loader_is_remarked(make_app: Any, is_lazy: bool, count: int) -> None:
    app, jwt = make_app(**QUIET)
    jwt.user_loader(lambda token: None, lazy=is_lazy)

    assert sum("lazy user loader" in remark for remark in audit(app).remarks) == count


@pytest.fixture
def lone() -> Callable[..., Flask]:
    """Return a factory of applications that only the bridge guards."""

    def make(**settings: Any) -> Flask:
        app = Flask("lone")
        app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
        app.config.update({f"JWT_{name.upper()}": value for name, value in settings.items()})
        BridgeManager(app)
        return app

    return make


ALONE = "there is no JWTManager of jwtpolicy here: only the bridge guards endpoints"


def test_that_only_the_bridge_guards_is_remarked(lone: Any) -> None:
    assert audit(lone()).remarks == (ALONE,)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"token_location": ["cookies"]}, "JWT_COOKIE_SECURE is off"),
        (
            {"token_location": "cookies", "cookie_secure": True, "cookie_csrf_protect": False},
            "JWT_COOKIE_CSRF_PROTECT is off",
        ),
        ({"access_token_expires": False}, "JWT_ACCESS_TOKEN_EXPIRES is False"),
        ({"refresh_token_expires": False}, "JWT_REFRESH_TOKEN_EXPIRES is False"),
    ],
)
def test_what_the_bridge_gives_up_is_remarked(lone: Any, settings: Any, said: str) -> None:
    (alone, remark) = audit(lone(**settings)).remarks

    assert alone == ALONE
    assert remark.startswith(said)


def test_cookies_that_are_as_they_should_be_are_not_remarked(lone: Any) -> None:
    assert audit(lone(token_location=["cookies"], cookie_secure=True)).remarks == (ALONE,)


@pytest.mark.parametrize("switch", sorted(SWITCHES))
def test_a_switch_of_the_bridge_is_remarked_where_it_is_on(lone: Any, switch: str) -> None:
    name = switch.removeprefix("JWT_").lower()

    assert f"{switch} is on: {_SWITCHES[switch]}" in audit(lone(**{name: True})).remarks
    assert audit(lone(**{name: False})).remarks == (ALONE,)


def test_every_switch_of_the_bridge_is_explained(lone: Any) -> None:
    assert set(_SWITCHES) == set(SWITCHES)

    app = lone()
    app.config["JWT_COMPAT_LATER"] = True
    assert audit(app).remarks[1] == "JWT_COMPAT_LATER is on: the bridge is less strict"


def test_secrets_are_never_shown(make_app: Any) -> None:
    """An author who writes one into a policy does not get it printed."""
    older = SECRET[::-1]
    app, _ = make_app(secret_key_fallbacks=[older.encode()])
    app.config["SECRET_KEY"] = "flask's own \n secret"
    guard = protect(ClaimsMatch(a=SECRET, b=older, c=app.config["SECRET_KEY"], d="shown"))
    app.add_url_rule("/", "view", guard(lambda: "in"))

    row = row_of(audit(app), "view")
    assert row.demands == "ClaimsMatch(a='…', b='…', c=\"…\", d='shown')"
    assert SECRET not in repr(audit(app))


def test_secrets_are_not_shown_in_problems_and_baselines(make_app: Any) -> None:
    secret = ClaimsMatch(a=SECRET)
    app, _ = make_app(manager={"baseline": secret})
    app.add_url_rule("/", "view", protect(~secret)(lambda: "in"))

    row = row_of(audit(app), "view")
    assert row.baseline == audit(app).baseline == "ClaimsMatch(a='…')"
    assert row.problem == "no request can pass ~ClaimsMatch(a='…') & ClaimsMatch(a='…')"


def test_short_settings_are_no_secrets(app: Any, add: Any, row: Any) -> None:
    app.config["SECRET_KEY"] = "a"
    add("view", protect(ClaimsMatch(a="a")))

    assert row("view").demands == "ClaimsMatch(a='a')"


def test_lifetimes_without_an_end_are_remarked_once(make_app: Any) -> None:
    (remark,) = remarks(make_app, require_exp=False, access_token_expires=NEVER)

    assert remark.startswith("JWT_REQUIRE_EXP is off")
