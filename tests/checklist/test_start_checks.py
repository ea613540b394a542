"""The checks of the start: what hinders it, debug mode, and the proxy in front."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from jwtpolicy import protect
from jwtpolicy.stores import MemoryStore
from tests.support.checklists import MakeShop, asked, new_view, verdict


def test_an_application_that_fits_together_starts(make_shop: MakeShop) -> None:
    assert verdict(make_shop(), "start") == "ok: settings, guards and policies fit together"


def test_a_setting_that_changed_too_late_hinders_the_start(make_shop: MakeShop) -> None:
    app = make_shop()
    app.config["JWT_REALM"] = "late"

    assert "failure: every request would be answered with 500: JWT_REALM" in verdict(app, "start")


class Unreachable(MemoryStore):
    """A store that cannot be asked when the application starts."""

    def check(self) -> None:
        raise TimeoutError("no answer")


def test_a_store_that_fails_hinders_the_start(make_shop: MakeShop) -> None:
    app = make_shop(manager={"store": Unreachable()})

    assert verdict(app, "start").startswith("failure: the token store raised TimeoutError")


def test_the_bridge_has_read_its_settings_when_it_is_made(make_bridge: MakeShop) -> None:
    assert verdict(make_bridge(), "start").startswith("ok: only the bridge guards here")


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, "ok: both are off"),
        ({"DEBUG": True}, "failure: debug mode is on"),
        ({"TESTING": True}, "failure: TESTING is on"),
    ],
    ids=str,
)
def test_debug_mode_and_testing_are_for_development(
    make_shop: MakeShop, config: dict[str, Any], found: str
) -> None:
    assert verdict(make_shop(**config), "debug").startswith(found)


def behind(app: Flask, **counts: int) -> Flask:
    """Return *app* inside of a `ProxyFix`, and of another middleware around that."""

    outer = SimpleNamespace(app=ProxyFix(app.wsgi_app, **counts))
    app.wsgi_app = outer  # type: ignore[assignment] # nobody calls it
    return app


def test_proxy_fix_is_found_beneath_other_middlewares(make_shop: MakeShop) -> None:
    assert verdict(behind(make_shop()), "proxy") == "ok: ProxyFix takes the scheme of 1 proxy"


def test_a_proxy_fix_without_the_scheme_is_a_warning(make_shop: MakeShop) -> None:
    assert "warning: ProxyFix has x_proto=0" in verdict(behind(make_shop(), x_proto=0), "proxy")


def test_https_without_a_proxy_fix_is_a_warning(make_shop: MakeShop) -> None:
    app = make_shop(PREFERRED_URL_SCHEME="https")

    assert "warning: PREFERRED_URL_SCHEME is https" in verdict(app, "proxy")


def test_whether_there_is_a_proxy_cannot_be_told(make_shop: MakeShop) -> None:
    assert verdict(make_shop(), "proxy").startswith("cannot tell: there is no ProxyFix")


def test_middlewares_in_a_circle_have_an_end(make_shop: MakeShop) -> None:
    class Round:
        @property
        def app(self) -> Round:
            return self

    app = make_shop()
    app.wsgi_app = Round()  # type: ignore[assignment] # nobody calls it

    assert verdict(app, "proxy").startswith("cannot tell")


def test_an_error_of_one_check_is_its_answer(make_shop: MakeShop) -> None:
    class Raising:
        @property
        def app(self) -> None:
            raise LookupError("nothing inside")

    app = make_shop()
    app.wsgi_app = Raising()  # type: ignore[assignment] # nobody calls it

    assert verdict(app, "proxy").endswith("the application raised LookupError: nothing inside")


def test_advice_is_given_where_something_is_to_do(make_shop: MakeShop) -> None:
    assert asked(make_shop(DEBUG=True), "debug").advice.startswith("Unset FLASK_DEBUG")
    assert asked(make_shop(), "debug").advice == ""


def test_an_endpoint_with_a_guard_is_bound_by_the_check(make_shop: MakeShop) -> None:
    app = make_shop()
    app.add_url_rule("/", "home", protect(new_view()))

    assert verdict(app, "start").startswith("ok")
    assert app.extensions["jwtpolicy"].is_bound
