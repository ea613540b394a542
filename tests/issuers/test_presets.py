"""A preset is a list of plain arguments of `Issuer`, and its docstring has all of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import pytest

from jwtpolicy import Issuer
from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.issuers import presets
from jwtpolicy.markers import ANY
from tests.support.token_shapes import TENANT

POOL = "eu-central-1_AbCdEf123"

#: Each preset: how it is called, the same by hand, and the words of its docstring for arguments.
PRESETS: dict[str, tuple[Callable[..., Issuer], dict[str, Any], dict[str, str]]] = {
    "auth0": (
        lambda **more: Issuer.auth0("shop.eu.auth0.com", audience="api", **more),
        {
            "url": "https://shop.eu.auth0.com/",
            "audience": "api",
            "access_when": ("at+jwt", {"azp": ANY, "gty": ANY}, {"azp": ANY, "scope": str}),
            "machine_when": ({"gty": "client-credentials"}, presets._is_auth0_client),
            "roles": "permissions",
            "requires_jti": False,
        },
        {"DOMAIN": "shop.eu.auth0.com"},
    ),
    "keycloak": (
        lambda **more: Issuer.keycloak("https://login.example/", "shop", audience="api", **more),
        {
            "url": "https://login.example/realms/shop",
            "audience": "api",
            "access_when": {"typ": "Bearer"},
            "machine_when": presets._is_service_account,
            "roles": ("realm_access", "roles"),
        },
        {"URL": "https://login.example", "REALM": "shop"},
    ),
    "cognito": (
        lambda **more: Issuer.cognito("eu-central-1", POOL, client_ids="app", **more),
        {
            "url": f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL}",
            "client_ids": "app",
            "access_when": {"token_use": "access"},
            "roles": "cognito:groups",
        },
        {"REGION": "eu-central-1", "POOL": POOL},
    ),
    "entra": (
        lambda **more: Issuer.entra(TENANT, audience="api", **more),
        {
            "url": f"https://login.microsoftonline.com/{TENANT}/v2.0",
            "audience": "api",
            "access_when": ({"scp": str}, presets._is_entra_application),
            "machine_when": presets._is_entra_application,
            "algorithms": ["RS256"],
            "scopes": "scp",
            "roles": "roles",
            "requires_jti": False,
        },
        {"TENANT": TENANT},
    ),
    "okta": (
        lambda **more: Issuer.okta("shop.okta.com", audience="api", **more),
        {
            "url": "https://shop.okta.com/oauth2/default",
            "audience": "api",
            "access_when": {"scp": list, "cid": ANY},
            "subject": "uid",
            "scopes": "scp",
        },
        {"DOMAIN": "shop.okta.com", "SERVER": "default"},
    ),
}


def attributes(issuer: Issuer) -> dict[str, Any]:
    return {name: value for name, value in vars(issuer).items() if not name.startswith("_")}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_the_issuer_that_one_would_write_by_hand(name: str) -> None:
    make, arguments, _ = PRESETS[name]

    assert attributes(make()) == attributes(Issuer(**arguments))


@pytest.mark.parametrize("name", PRESETS)
def test_an_argument_of_ones_own_takes_the_place_of_the_presets(name: str) -> None:
    make, arguments, _ = PRESETS[name]
    own = {"subject": "oid", "roles": ("a", "b"), "requires_jti": True, "subject_prefix": "x:"}

    assert attributes(make(**own)) == attributes(Issuer(**{**arguments, **own}))


def docstring_of(name: str) -> str:
    """Return what the docstring of a preset says before its own arguments."""
    return " ".join(str(getattr(Issuer, name).__doc__).partition("Args:")[0].split())


#: What a docstring says in sentences, and what the caller passes.
IN_WORDS = {"access_when", "machine_when", "audience", "client_ids"}


@pytest.mark.parametrize("name", PRESETS)
def test_the_docstring_of_a_preset_lists_its_arguments(name: str) -> None:
    _, arguments, words = PRESETS[name]
    text = docstring_of(name)
    for word, meant in words.items():
        text = re.sub(rf"\b{word}\b", meant, text)
    said = {key: ast.literal_eval(value) for key, value in re.findall(r"``(\w+)=(.+?)``", text)}

    assert said == {key: value for key, value in arguments.items() if key not in IN_WORDS}


@pytest.mark.parametrize("name", PRESETS)
def test_the_docstring_of_a_preset_says_what_marks_a_token(name: str) -> None:
    _, arguments, _ = PRESETS[name]
    text = docstring_of(name)

    assert "An access token has" in text
    assert "machine" in text or "machine_when" not in arguments


def test_the_versions_of_entra_have_issuers_of_their_own() -> None:
    one = Issuer.entra(TENANT, audience="api://shop", version=1)

    assert one.url == f"https://sts.windows.net/{TENANT}/"


@pytest.mark.parametrize(
    ("url", "realm", "expected"),
    [
        ("https://login.example", "shop", "https://login.example/realms/shop"),
        ("https://login.example/", "shop", "https://login.example/realms/shop"),
        ("https://login.example/auth", "shop", "https://login.example/auth/realms/shop"),
        ("https://login.example:8443", "my.shop", "https://login.example:8443/realms/my.shop"),
        ("https://login.example", "käse", "https://login.example/realms/k%C3%A4se"),
    ],
)
def test_a_realm_has_its_url_as_keycloak_writes_it(url: str, realm: str, expected: str) -> None:
    assert Issuer.keycloak(url, realm, audience="api").url == expected


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Issuer.auth0("", audience="a"), "example.eu.auth0.com"),
        (lambda: Issuer.auth0("https://shop.eu.auth0.com", audience="a"), "example.eu.auth0.com"),
        (lambda: Issuer.auth0("shop.eu.auth0.com/", audience="a"), "example.eu.auth0.com"),
        (lambda: Issuer.auth0("SHOP.eu.auth0.com", audience="a"), "write it in lower case"),
        (lambda: Issuer.auth0("schöp.auth0.com", audience="a"), "example.eu.auth0.com"),
        (lambda: Issuer.auth0("a.com@evil.example", audience="a"), "example.eu.auth0.com"),
        (lambda: Issuer.okta("https://shop.okta.com", audience="a"), "example.okta.com"),
        (lambda: Issuer.okta("Shop.okta.com", audience="a"), "write it in lower case"),
        (lambda: Issuer.okta("shop.okta.com", "a/b", audience="a"), "default"),
        (lambda: Issuer.okta("shop.okta.com", "", audience="a"), "default"),
        (lambda: Issuer.keycloak("login.example", "shop", audience="a"), "https://login.example"),
        (
            lambda: Issuer.keycloak("https://login.example/realms/shop", "shop", audience="a"),
            "https://login.example.com",
        ),
        (lambda: Issuer.keycloak("https://a.example", "a/b", audience="a"), "'shop'"),
        (lambda: Issuer.keycloak("https://a.example", "", audience="a"), "'shop'"),
        (lambda: Issuer.keycloak("https://a.example", "shop", audience="account"), "mapper"),
        (
            lambda: Issuer.keycloak("https://a.example", "shop", audience=["api", "account"]),
            "audience mapper",
        ),
        (lambda: Issuer.keycloak("http://a.example", "shop", audience="a"), "https"),
        (lambda: Issuer.cognito("Frankfurt", POOL, client_ids="a"), "eu-central-1"),
        (lambda: Issuer.cognito("eu-west-1", POOL, client_ids="a"), "eu-west-1_AbCdEf123"),
        (lambda: Issuer.cognito("eu-central-1", "AbCdEf123", client_ids="a"), "eu-central-1_Ab"),
        (lambda: Issuer.cognito("eu-central-1", POOL, client_ids=[]), "client_ids= is missing"),
        (lambda: Issuer.entra("common", audience="a"), "the id of your tenant, a UUID"),
        (lambda: Issuer.entra("organizations", audience="a"), "tokens of all tenants"),
        (lambda: Issuer.entra("consumers", audience="a"), "tokens of all tenants"),
        (lambda: Issuer.entra("shop.onmicrosoft.com", audience="a"), "72f988bf"),
        (lambda: Issuer.entra(TENANT.upper(), audience="a"), "write it in lower case"),
        (lambda: Issuer.entra(TENANT, audience="a", version=3), "is 1 or 2"),
        (lambda: Issuer.entra(TENANT, audience="a", version=True), "is 1 or 2"),
        (lambda: Issuer.entra(TENANT, audience=[]), "audience= is missing"),
    ],
)
def test_an_address_that_cannot_be_meant_is_told_what_was_expected(
    make: Callable[[], Issuer], told: str
) -> None:
    """K37."""
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        make()
