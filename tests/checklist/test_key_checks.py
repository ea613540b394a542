"""The checks of keys: their strength, whose they are, and what is left over."""

from __future__ import annotations

import secrets
import warnings
from typing import Any

import pytest

from jwtpolicy.keys import Key, KeyRing
from tests.support.applications import SECRET
from tests.support.checklists import MakeShop, verdict
from tests.support.keys import PRIVATE_PEM, PUBLIC_PEM

OTHER = secrets.token_urlsafe(48)
SHORT = secrets.token_urlsafe(18)
PRIVATE = {"JWT_SECRET_KEY": None, "JWT_ALGORITHM": "ES256", "JWT_PRIVATE_KEY": PRIVATE_PEM}
PUBLIC = {"JWT_SECRET_KEY": None, "JWT_ALGORITHM": "ES256", "JWT_PUBLIC_KEY": PUBLIC_PEM}


class Tenants(KeyRing):
    """A ring that knows each key when it is asked for it."""

    def find(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        return ()

    def signing_key_for(self, subject: str, claims: Any) -> Key | None:
        return None

    def may_sign(self, key: Key, claims: Any) -> bool:
        return False


def test_a_key_was_judged_when_it_was_read(make_shop: MakeShop) -> None:
    assert verdict(make_shop(), "secret") == "ok: each key was judged when it was read"


def test_a_service_with_public_keys_has_no_secret(make_shop: MakeShop) -> None:
    app = make_shop(manager={"baseline": None}, **PUBLIC)

    assert verdict(app, "secret").startswith("ok: this service has public keys")


def test_the_keys_of_a_ring_that_makes_them_are_not_known(make_shop: MakeShop) -> None:
    app = make_shop(manager={"keys": Tenants()})

    assert verdict(app, "secret").startswith("cannot tell: the key ring chooses")


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, "ok: each key was judged when it was read"),
        ({"JWT_SECRET_KEY": SHORT}, "failure: JWT_SECRET_KEY of the bridge has 24 bytes"),
        ({"JWT_SECRET_KEY": None, "SECRET_KEY": SHORT}, "failure: SECRET_KEY of the bridge has 24"),
        ({"JWT_SECRET_KEY": None}, "ok: each key"),
        (PRIVATE, "ok: each key"),
    ],
    ids=["long", "short", "Flask's", "none", "a pair"],
)
def test_the_bridge_takes_short_secrets_and_the_check_does_not(
    make_bridge: MakeShop, config: dict[str, Any], found: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = make_bridge(**config)

    assert verdict(app, "secret").startswith(found)


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, "ok: Flask's SECRET_KEY signs no token"),
        ({"SECRET_KEY": OTHER}, "ok: Flask's SECRET_KEY signs no token"),
        ({"SECRET_KEY": SECRET}, "warning: SECRET_KEY signs tokens too"),
        ({"SECRET_KEY": SECRET.encode()}, "warning: SECRET_KEY signs tokens too"),
        ({"SECRET_KEY": SECRET, **PRIVATE}, "ok: Flask's"),
    ],
    ids=["none", "another", "the same", "the same in bytes", "beside a pair"],
)
def test_flasks_secret_is_another_one(
    make_shop: MakeShop, config: dict[str, Any], found: str
) -> None:
    assert verdict(make_shop(**config), "own-secret").startswith(found)


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"SECRET_KEY": OTHER}, "ok"),
        ({"JWT_SECRET_KEY": None, "SECRET_KEY": OTHER}, "warning: JWT_SECRET_KEY is not set"),
    ],
    ids=["its own", "Flask's"],
)
def test_the_bridge_falls_back_to_flasks_secret(
    make_bridge: MakeShop, config: dict[str, Any], found: str
) -> None:
    assert verdict(make_bridge(**config), "own-secret").startswith(found)


@pytest.mark.parametrize(
    ("older", "found"),
    [
        ([], "ok: no older secret verifies"),
        ([OTHER], "warning: 1 older secret still verifies"),
        ([OTHER, OTHER + "x"], "warning: 2 older secrets still verify"),
    ],
    ids=["none", "one", "two"],
)
def test_older_secrets_are_left_over(make_shop: MakeShop, older: list[str], found: str) -> None:
    assert verdict(make_shop(JWT_SECRET_KEY_FALLBACKS=older), "old-secrets") == found


def test_the_bridge_has_no_older_secrets(make_bridge: MakeShop) -> None:
    assert verdict(make_bridge(), "old-secrets").startswith("ok")


ISSUERS = {"JWT_ENCODE_ISSUER": "shop", "JWT_DECODE_ISSUER": ["shop", "bank"]}


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, "ok"),
        ({"JWT_ENCODE_ISSUER": "shop"}, "ok"),
        (ISSUERS, "warning: tokens of bank are accepted, and verify with a secret"),
        ({**PRIVATE, **ISSUERS}, "ok"),
    ],
    ids=["no issuer", "one issuer", "two issuers", "two issuers and a pair"],
)
def test_a_secret_is_not_for_several_issuers(
    make_shop: MakeShop, config: dict[str, Any], found: str
) -> None:
    assert verdict(make_shop(**config), "algorithm").startswith(found)


@pytest.mark.parametrize(
    ("algorithms", "found"),
    [(["HS256"], "ok"), (["HS256", "HS512"], "warning: the bridge accepts HS512 beside its own")],
    ids=str,
)
def test_the_bridge_accepts_one_algorithm(
    make_bridge: MakeShop, algorithms: list[str], found: str
) -> None:
    assert verdict(make_bridge(JWT_DECODE_ALGORITHMS=algorithms), "algorithm").startswith(found)
