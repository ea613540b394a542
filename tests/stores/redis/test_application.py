"""Applications on several machines, as their clients meet them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import JWTManager, protect
from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.stores.redis.keys import tag_of
from tests.services.redis import RedisServer, wait_until
from tests.support.applications import SECRET
from tests.support.requests import bearer


def make_machine(url: str, **settings: Any) -> tuple[Flask, JWTManager[Any]]:
    """Return one of several machines that run the same application."""
    app = Flask("tests.app")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL=url, **settings)
    jwt = JWTManager[Any](app)
    app.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="index")
    return app, jwt


def status(app: Flask, token: str) -> int:
    return app.test_client().get("/", headers=bearer(token)).status_code


@pytest.mark.parametrize("kind", ["redis", "valkey", "cluster", "sentinel"])
def test_what_one_machine_revokes_all_others_refuse(
    kind: str, url_of: Callable[[str], str]
) -> None:
    """REV-1: at the very next request."""
    (here, jwt), (there, _) = make_machine(url_of(kind)), make_machine(url_of(kind))
    user = secrets.token_hex(8)
    with here.app_context():
        ended, going_on = jwt.login(user), jwt.login(user)
        assert [status(there, pair.access_token) for pair in (ended, going_on)] == [200, 200]
        jwt.revoke_session(ended.session_id)
        assert [status(there, pair.access_token) for pair in (ended, going_on)] == [401, 200]
        jwt.revoke_subject(user)

    assert [status(there, pair.access_token) for pair in (ended, going_on)] == [401, 401]


def test_a_session_says_where_it_is_kept(url_of: Callable[[str], str]) -> None:
    app, jwt = make_machine(url_of("redis"))
    with app.app_context():
        pair = jwt.login("alice")

    assert pair.session_id is not None
    assert pair.session_id.startswith(f"{tag_of('', 'alice')}.")


def test_a_machine_remembers_what_it_asked(url_of: Callable[[str], str]) -> None:
    """REV-1: and forgets it when another machine says so."""
    near, _ = make_machine(url_of("valkey"), JWT_STORE_NEAR_CACHE=30)
    other, jwt = make_machine(url_of("valkey"))
    with other.app_context():
        pair = jwt.login(secrets.token_hex(8))
        assert [status(near, pair.access_token) for _ in range(3)] == [200] * 3
        jwt.revoke_session(pair.session_id)

    wait_until(lambda: status(near, pair.access_token) == 401)


def test_without_its_server_nobody_is_let_in(server: RedisServer) -> None:
    """REV-1: 503 as long as it is down, and the same answers as before when it is back."""
    app, jwt = make_machine(server.url, JWT_STORE_TIMEOUT=0.5)
    with app.app_context():
        pair = jwt.login("alice")
    assert status(app, pair.access_token) == 200
    server.kill()
    assert status(app, pair.access_token) == 503
    server.start()

    assert status(app, pair.access_token) == 200


@pytest.mark.parametrize(("lost", "expected"), [("accept", 200), ("deny", 401)])
def test_a_server_without_its_memory(server: RedisServer, lost: str, expected: int) -> None:
    app, jwt = make_machine(server.url, JWT_STORE_LOST=lost)
    with app.app_context():
        pair = jwt.login("alice")
        assert status(app, pair.access_token) == 200
        server.kill()
        server.start()
        assert status(app, pair.access_token) == expected

        assert status(app, jwt.login("alice").access_token) == 200


def test_the_settings_reach_the_store() -> None:
    app, _ = make_machine("redis://h", JWT_STORE_LOST="deny", JWT_STORE_NEAR_CACHE=2)
    store = app.extensions["jwtpolicy"].parts.store

    assert isinstance(store, RedisStore)
    assert store._epoch is not None
    assert store._near is not None
