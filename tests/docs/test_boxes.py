"""What the warning boxes of pages and docstrings say is true, and each has its harmless twin."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import Anonymous, JWTManager, NotRevoked, OptionalToken, current_token, protect
from jwtpolicy.endpoints import auth_blueprint
from jwtpolicy.stores import MemoryStore, SQLiteStore
from tests.support.paths import DOCS
from tests.support.requests import bearer

Start = Callable[..., Flask]

SECRET = token_urlsafe(48)


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Return a function that starts the application on a store, as another process would."""

    def make(store: str = "one.sqlite3", **arguments: Any) -> Flask:
        app = Flask("shop", instance_path=str(tmp_path))
        app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL=f"sqlite:///{store}")
        app.extensions["tokens"] = JWTManager(app, **arguments)
        app.register_blueprint(auth_blueprint(endpoints=["refresh", "logout"]))
        app.add_url_rule("/mine", "mine", protect()(lambda: "mine"))
        return app

    return make


def logged_in(app: Flask) -> Any:
    """Return the tokens of a session."""
    with app.app_context():
        return app.extensions["tokens"].login("ada")


def log_out(app: Flask, pair: Any) -> None:
    answer = app.test_client().post("/auth/logout", headers=bearer(pair.access_token))
    assert answer.status_code == 204


def status(app: Flask, token: str, path: str = "/mine") -> int:
    return app.test_client().get(path, headers=bearer(token)).status_code


@pytest.mark.parametrize(
    "documented",
    [JWTManager, JWTManager.verify, Anonymous, OptionalToken, SQLiteStore, MemoryStore],
)
def test_what_hurts_has_a_box(documented: Any) -> None:
    assert re.search(r"\.\. (warning|danger):: [*\w]", documented.__doc__)


@pytest.mark.parametrize(
    ("page", "subject"),
    [
        ("operate/store", "in a container if the default file is on no volume"),
        ("operate/store", "``memory://``"),
        ("operate/store", "``baseline=None``"),
        ("operate/many-machines", "two containers"),
        ("howto/two-services", "A revoked token passes at this reader"),
        ("howto/cookies-and-csrf", "``OptionalToken(ignore_invalid=True)``"),
    ],
)
def test_a_page_says_the_consequence_first(page: str, subject: str) -> None:
    text = (DOCS / f"{page}.rst").read_text(encoding="utf-8")
    boxes = re.findall(r"^\.\. warning::\n\n((?:   .*\n|\n)+)", text, re.MULTILINE)

    assert any(subject in " ".join(box.split()) and box.startswith("   **") for box in boxes)


@pytest.mark.parametrize(("store", "expected"), [("one.sqlite3", 401), ("other.sqlite3", 200)])
def test_a_logout_holds_where_the_store_is_the_same(
    start: Start, store: str, expected: int
) -> None:
    """Two containers without a volume have two files."""
    first, second = start(), start(store)
    pair = logged_in(first)
    assert status(second, pair.access_token) == 200

    log_out(first, pair)

    assert status(first, pair.access_token) == 401
    assert status(second, pair.access_token) == expected


@pytest.mark.parametrize(("store", "expected"), [("one.sqlite3", 200), ("other.sqlite3", 401)])
def test_a_refresh_works_where_the_store_is_the_same(
    start: Start, store: str, expected: int
) -> None:
    pair = logged_in(start())

    answer = start(store).test_client().post("/auth/refresh", headers=bearer(pair.refresh_token))

    assert answer.status_code == expected


@pytest.mark.parametrize(("baseline", "expected"), [(NotRevoked(), 401), (None, 200)])
def test_without_a_baseline_a_revoked_token_passes(
    start: Start, baseline: Any, expected: int
) -> None:
    app = start(baseline=baseline)
    pair = logged_in(app)

    log_out(app, pair)

    assert status(app, pair.access_token) == expected


def test_verify_returns_a_revoked_token_that_a_guard_refuses(start: Start) -> None:
    app = start()
    pair = logged_in(app)

    log_out(app, pair)

    with app.app_context():
        assert app.extensions["tokens"].verify(pair.access_token).subject == "ada"
    assert status(app, pair.access_token) == 401


@pytest.mark.parametrize(("ignores", "expected"), [(True, 200), (False, 401)])
def test_a_revoked_token_is_a_strangers_where_it_is_ignored(
    start: Start, ignores: bool, expected: int
) -> None:
    app = start()
    guard = protect(OptionalToken(ignore_invalid=ignores))
    app.add_url_rule("/page", "page", guard(lambda: str(bool(current_token))))
    pair = logged_in(app)

    log_out(app, pair)

    answer = app.test_client().get("/page", headers=bearer(pair.access_token))
    assert answer.status_code == expected
    assert "True" not in answer.text
