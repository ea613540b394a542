"""The key of a customer speaks for that customer's users, and for nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import JWTManager
from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.testing import anonymous, assert_policy
from tests.support.examples import running_example
from tests.support.requests import bearer


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with running_example("tenants", tmp_path_factory, ADA_PASSWORD="lovelace") as example:
        yield example


def test_a_user_sees_the_report_of_the_own_tenant(tenants: Any) -> None:
    expected = {anonymous: 401, "red:ada": 200, "blue:bob": 403}

    assert_policy(tenants.app, "GET", "/red/report", expected)


@pytest.mark.parametrize(
    ("tenant", "key_id", "status"),
    [("red", "red", 200), ("blue", "red", 401), ("blue", "blue", 401), ("red", "green", 401)],
)
def test_a_thief_of_one_secret_is_nobody_elsewhere(
    tenants: Any, tenant: str, key_id: str, status: int
) -> None:
    """The secret is red's; only a token of a user of red, under red's name, is accepted."""
    forged = signed_by(Key(tenants.SECRETS["red"], "HS256", key_id), f"{tenant}:mallory")

    answer = tenants.app.test_client().get(f"/{tenant}/report", headers=bearer(forged))

    assert answer.status_code == status


def signed_by(key: Key, subject: str) -> str:
    app = Flask("forger")
    app.config["JWT_STORE_URL"] = "memory://"
    forger: Any = JWTManager(app, keys=KeyRing(key))
    with app.app_context():
        return str(forger.issue(subject))


@pytest.mark.parametrize(("tenant", "status"), [("red", 200), ("blue", 401)])
def test_a_password_is_that_of_one_tenant(tenants: Any, tenant: str, status: int) -> None:
    form = {"tenant": tenant, "username": "ada", "password": "lovelace"}

    assert tenants.app.test_client().post("/auth/login", data=form).status_code == status


def test_a_refresh_is_signed_with_the_same_key(tenants: Any) -> None:
    client = tenants.app.test_client()
    with tenants.app.app_context():
        pair = tenants.jwt.login("blue:bob")

    answer = client.post("/auth/refresh", headers=bearer(pair.refresh_token))

    with tenants.app.app_context():
        assert tenants.jwt.verify(answer.json["access_token"]).key_id == "blue"


def test_nothing_is_signed_for_a_tenant_that_does_not_exist(tenants: Any) -> None:
    with tenants.app.app_context(), pytest.raises(ConfigurationError, match="TenantKeys"):
        tenants.jwt.login("green:eve")
