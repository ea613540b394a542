"""The checks of endpoints, the rest of the audit's remarks, and settings that code reads unset."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import HasRole, JWTManager, protect, public
from jwtpolicy.checklist.candidate import candidate_of
from jwtpolicy.compat import flask_jwt_extended as bridge
from tests.support.checklists import MakeShop, asked, new_view, verdict


def test_guarded_and_public_endpoints_are_no_finding(make_shop: MakeShop) -> None:
    app = make_shop()
    app.add_url_rule("/in", "in", protect(new_view()))
    app.add_url_rule("/news", "news", public(new_view()))

    assert verdict(app, "unguarded").startswith("ok")
    assert verdict(app, "hidden-guards").startswith("ok")


@pytest.mark.parametrize("allowed", [(), ("forgotten",)], ids=["not allowed", "allowed"])
def test_an_endpoint_without_a_guard_is_a_failure_whatever_is_allowed(
    make_shop: MakeShop, allowed: tuple[str, ...]
) -> None:
    app = make_shop()
    app.add_url_rule("/forgotten", "forgotten", new_view())

    assert verdict(app, "unguarded", *allowed) == "failure: GET, HEAD /forgotten (forgotten)"
    assert verdict(app, "hidden-guards", *allowed).startswith("ok")


@pytest.fixture
def hiding(make_shop: MakeShop) -> Flask:
    """Return an application that checks inside of one view, and has one that nobody can read."""
    app = make_shop()
    jwt: JWTManager[Any] = app.extensions["jwtpolicy"].manager

    @app.get("/inside")
    def inside() -> str:
        jwt.enforce(HasRole("admin"))
        return "in"

    app.add_url_rule("/unknown", "unknown", type(sys)("module").__class__)
    return app


def test_checks_inside_are_told_apart_from_what_cannot_be_read(hiding: Flask) -> None:
    found = asked(hiding, "hidden-guards")

    assert (found.verdict, len(found.found)) == ("failure", 2)
    assert "(inside): checks inside at " in found.found[0]
    assert "(unknown): unknown cannot be read: " in found.found[1]


def test_what_is_allowed_by_name_may_check_inside(hiding: Flask) -> None:
    one = asked(hiding, "hidden-guards", "inside")

    assert ["(unknown)" in text for text in one.found] == [True]
    assert verdict(hiding, "hidden-guards", "inside", "unknown").startswith("ok")


def test_an_endpoint_that_no_request_can_pass_is_a_failure(make_shop: MakeShop) -> None:
    app = make_shop()
    app.add_url_rule("/admin", "admin", protect(HasRole("a"))(new_view()))
    assert verdict(app, "impassable").startswith("ok")

    app.add_url_rule("/nobody", "nobody", protect(HasRole("a") & ~HasRole("a"))(new_view()))

    assert "failure: GET, HEAD /nobody (nobody): no request" in verdict(app, "impassable")


def test_a_remark_that_another_check_makes_is_made_once(make_shop: MakeShop) -> None:
    plain = make_shop(JWT_REQUIRE_EXP=False, manager={"baseline": None})
    integer = make_shop(JWT_ACCEPT_INTEGER_SUBJECT=True)

    assert verdict(plain, "remarks").startswith("ok")
    assert verdict(integer, "remarks").startswith("warning: JWT_ACCEPT_INTEGER_SUBJECT is on")


#: One setting, or argument, for each remark of the audit that another check makes.
ELSEWHERE: dict[str, dict[str, Any]] = {
    "old-secrets": {"JWT_SECRET_KEY_FALLBACKS": ["an older secret, which is long enough"]},
    "lifetimes": {"JWT_SESSION_ABSOLUTE": None},
    "baseline": {"manager": {"baseline": None}},
    "store": {"JWT_STORE_URL": "memory://"},
    "same-site": {
        "JWT_TOKEN_LOCATION": ["cookies"],
        "JWT_REFRESH_COOKIE_PATH": "/auth",
        "JWT_COOKIE_SAMESITE": "None",
    },
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_no_remark_of_the_audit_is_lost(make_shop: MakeShop, name: str) -> None:
    app = make_shop(**ELSEWHERE[name])

    assert verdict(app, "remarks").startswith("ok")
    assert not verdict(app, name).startswith("ok")


def test_what_is_said_of_the_bridge_is_said_once(make_bridge: MakeShop) -> None:
    app = make_bridge(
        JWT_COMPAT_UNTYPED=True,
        JWT_TOKEN_LOCATION=["cookies"],
        JWT_COOKIE_CSRF_PROTECT=False,
        JWT_ACCESS_TOKEN_EXPIRES=False,
    )

    assert len(candidate_of(app, ()).audit.remarks) == 5
    assert asked(app, "remarks").found == (
        "there is no JWTManager of jwtpolicy here: only the bridge guards endpoints",
    )


READING = """
from flask import Flask
from jwtpolicy.compat.flask_jwt_extended import JWTManager
app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = {secret!r}
{setting}
JWTManager(app)
def minutes(): return app.config["JWT_ACCESS_TOKEN_EXPIRES"]
"""


@pytest.mark.parametrize(
    ("name", "setting", "found"),
    [
        (
            "set_shop",
            "app.config['JWT_ACCESS_TOKEN_EXPIRES'] = 60",
            "ok: each is set that the code reads",
        ),
        (
            "unset_shop",
            "",
            "warning: unset_shop:8 reads JWT_ACCESS_TOKEN_EXPIRES",
        ),
    ],
    ids=["set", "not set"],
)
def test_settings_that_the_code_reads_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, setting: str, found: str
) -> None:
    source = READING.format(secret="x" * 20 + "a secret of enough bytes", setting=setting)
    (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    app: Flask = importlib.import_module(name).app

    assert verdict(app, "bridge-settings").startswith(found)


def test_without_a_bridge_no_setting_was_filled_in(make_shop: MakeShop) -> None:
    assert verdict(make_shop(), "bridge-settings") == "ok: there is no bridge"


def test_both_managers_are_checked_where_both_are(make_shop: MakeShop) -> None:
    app = make_shop(JWT_TOKEN_LOCATION=["cookies"], JWT_REFRESH_COOKIE_PATH="/auth")
    bridge.JWTManager(app)

    assert verdict(app, "secure-cookies").startswith("failure: the bridge: JWT_COOKIE_SECURE")
