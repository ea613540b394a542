"""The checks of cookies, native and of the bridge, and of addresses without encryption."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint

from jwtpolicy import JWTManager
from jwtpolicy.endpoints import resource_metadata_blueprint
from tests.support.applications import SECRET
from tests.support.checklists import MakeShop, verdict

COOKIES: dict[str, Any] = {"JWT_TOKEN_LOCATION": ["cookies"], "JWT_REFRESH_COOKIE_PATH": "/auth"}
NAMES = ("secure-cookies", "same-site", "cookie-names")


@pytest.mark.parametrize("name", NAMES)
def test_without_cookies_there_is_nothing_to_ask(
    make_shop: MakeShop, make_bridge: MakeShop, name: str
) -> None:
    assert verdict(make_shop(), name) == "ok: no token is read from cookies"
    assert verdict(make_bridge(), name) == "ok: no token is read from cookies"


@pytest.mark.parametrize("name", NAMES)
def test_cookies_are_safe_as_they_are(make_shop: MakeShop, name: str) -> None:
    assert verdict(make_shop(**COOKIES), name).startswith("ok")


@pytest.mark.filterwarnings("ignore::jwtpolicy.settings.InsecureCookieWarning")
def test_cookies_in_the_clear_are_a_failure(make_shop: MakeShop) -> None:
    app = make_shop(JWT_COOKIE_SECURE=False, DEBUG=True, **COOKIES)

    assert verdict(app, "secure-cookies").startswith("failure: JWT_COOKIE_SECURE is off")
    assert verdict(app, "cookie-names").count("has no prefix") == 4


@pytest.mark.parametrize("key", ["JWT_COOKIE_SAMESITE", "JWT_REFRESH_COOKIE_SAMESITE"])
def test_requests_of_other_sites_may_carry_cookies_of_none(make_shop: MakeShop, key: str) -> None:
    app = make_shop(**COOKIES, **{key: "None"})

    assert verdict(app, "same-site") == (
        "warning: SameSite is None: requests from other sites may carry them"
    )


def test_a_name_without_a_prefix_is_a_warning(make_shop: MakeShop) -> None:
    app = make_shop(JWT_ACCESS_COOKIE_NAME="token", **COOKIES)

    assert verdict(app, "cookie-names").startswith("warning: token has no prefix")


def test_the_bridge_has_unsafe_defaults(make_bridge: MakeShop) -> None:
    app = make_bridge(JWT_TOKEN_LOCATION=["cookies"])

    assert verdict(app, "secure-cookies").startswith("failure: the bridge: JWT_COOKIE_SECURE")
    assert verdict(app, "same-site").startswith("warning: the bridge: SameSite is not set")
    assert "the bridge: access_token_cookie has no prefix" in verdict(app, "cookie-names")


def test_the_bridge_can_be_made_safe(make_bridge: MakeShop) -> None:
    app = make_bridge(
        JWT_TOKEN_LOCATION=["cookies"],
        JWT_COOKIE_SECURE=True,
        JWT_COOKIE_SAMESITE="Lax",
        JWT_ACCESS_COOKIE_NAME="__Host-access",
        JWT_REFRESH_COOKIE_NAME="__Secure-refresh",
    )

    assert [verdict(app, name)[:3] for name in NAMES] == ["ok:"] * 3


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, "ok"),
        ({"JWT_CSRF_TRUSTED_ORIGINS": ["https://shop.example"]}, "ok"),
        ({"JWT_CSRF_TRUSTED_ORIGINS": ["http://shop.example"]}, "warning: JWT_CSRF_TRUSTED"),
        ({"JWT_RESOURCE_METADATA": "https://shop.example/m"}, "ok"),
        ({"JWT_RESOURCE_METADATA": "http://shop.example/m"}, "warning: JWT_RESOURCE_METADATA"),
        ({"SECRET_KEY": SECRET, "SESSION_COOKIE_SECURE": True}, "ok"),
        ({"SECRET_KEY": SECRET}, "warning: SESSION_COOKIE_SECURE is off"),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value),
)
def test_addresses_are_encrypted(make_shop: MakeShop, config: dict[str, Any], found: str) -> None:
    assert verdict(make_shop(**config), "https").startswith(found)


@pytest.mark.parametrize(("url", "found"), [("http://localhost", "warning"), ("https://a", "ok")])
def test_a_resource_that_is_for_one_machine_alone_is_no_resource_of_production(
    make_shop: MakeShop, url: str, found: str
) -> None:
    app = make_shop(JWT_ENCODE_AUDIENCE=url)
    jwt: JWTManager[Any] = app.extensions["jwtpolicy"].manager
    servers = ["https://login.example"]
    metadata = resource_metadata_blueprint(
        jwt,
        Blueprint("mcp", __name__),
        resource=url,
        authorization_servers=servers,
        allow_http=True,
    )
    app.register_blueprint(metadata)

    assert verdict(app, "https").startswith(found)


def test_the_bridge_names_no_addresses(make_bridge: MakeShop) -> None:
    assert verdict(make_bridge(), "https").startswith("ok")
