"""The page about backups: what an older copy brings back, what closes that, and a full disk."""

from __future__ import annotations

import inspect
import logging
import re
import secrets
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine

from jwtpolicy import JWTManager, SingleUse, protect
from jwtpolicy.endpoints import auth_blueprint
from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import MemoryStore
from jwtpolicy.stores.redis import RedisStore
from tests.support.pages import run_page
from tests.support.paths import DOCS
from tests.support.requests import bearer

PAGE = "operate/backup-and-upgrade.rst"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what the page has defined, with a new store and no copy."""
    found = run_page(PAGE, tmp_path, monkeypatch)
    found["remove"]()
    return found


def restored(page: dict[str, Any], **more: str) -> Flask:
    """Start the application on the copy, as another process."""
    page["remove"]()
    page["copy"](page["COPY"], page["STORE"])
    app: Flask = page["start"](page["os"].environ["OLD_SECRET"], **more)
    return app


def refresh(app: Flask, token: str) -> Any:
    return app.test_client().post("/auth/refresh", headers=bearer(token))


def saved(page: dict[str, Any]) -> tuple[Flask, Any]:
    """Return an application and a session that its copy knows."""
    app = restored(page)
    with app.app_context():
        pair = app.extensions["tokens"].login("ada")
    page["copy"](page["STORE"], page["COPY"])
    return app, pair


def test_a_used_refresh_token_can_be_used_again_and_its_successor_ends_the_session(
    page: dict[str, Any],
) -> None:
    app, pair = saved(page)
    newer = refresh(app, pair.refresh_token).json

    app = restored(page)

    assert app.test_client().get("/auth/sessions", headers=bearer(newer["access_token"])).json
    assert refresh(app, newer["refresh_token"]).status_code == 401
    assert refresh(app, pair.refresh_token).status_code == 401  # the session has ended

    assert refresh(restored(page), pair.refresh_token).status_code == 200


def test_a_session_that_the_copy_does_not_know_cannot_be_refreshed(page: dict[str, Any]) -> None:
    app, _ = saved(page)
    with app.app_context():
        later = app.extensions["tokens"].login("ada")

    assert page["statuses"](restored(page), later) == [200, 401]


def test_a_used_link_works_again(page: dict[str, Any]) -> None:
    app, _ = saved(page)
    guard = protect(SingleUse())

    def opened(app: Flask, token: str) -> int:
        app.add_url_rule("/link", "link", guard(lambda: "in"))
        return app.test_client().get("/link", headers=bearer(token)).status_code

    with app.app_context():
        token = app.extensions["tokens"].issue("ada", kind="access")
    assert opened(restored(page), token) == 200
    assert opened(page["start"](page["os"].environ["OLD_SECRET"]), token) == 401
    assert opened(restored(page), token) == 200


def test_the_statements_of_the_page_empty_a_database(tmp_path: Path) -> None:
    """The second way: whatever was issued before is refused, and a login works."""
    text = (DOCS / PAGE).read_text(encoding="utf-8")
    [block] = re.findall(r"^     \.\. code-block:: sql\n\n((?:        .*\n)+)", text, re.MULTILINE)
    url, secret = f"sqlite+pysqlite:///{tmp_path}/s.sqlite3", secrets.token_urlsafe(48)

    def start() -> Flask:
        app = Flask("shop")
        app.config.update(JWT_SECRET_KEY=secret, JWT_STORE_URL=url, JWT_STORE_LOST="deny")
        app.extensions["tokens"] = JWTManager(app)
        app.add_url_rule("/mine", "mine", protect()(lambda: "mine"))
        return app

    def log_in(app: Flask) -> str:
        with app.app_context():
            return str(app.extensions["tokens"].login("ada").access_token)

    def status(app: Flask, token: str) -> int:
        return app.test_client().get("/mine", headers=bearer(token)).status_code

    before = log_in(first := start())
    assert status(first, before) == 200
    with create_engine(url).begin() as connection:
        for statement in textwrap.dedent(block).split(";\n")[:-1]:
            connection.exec_driver_sql(statement)

    second = start()
    assert status(second, before) == 401
    assert status(second, log_in(second)) == 200


def test_the_backup_of_the_page_is_whole_while_the_application_runs(page: dict[str, Any]) -> None:
    [line] = re.findall(r"^ +\$ (python -c .*)$", (DOCS / PAGE).read_text("utf-8"), re.MULTILINE)
    _, pair = saved(page)
    page["COPY"].unlink()
    assert page["STORE"].with_name("sessions.sqlite3-wal").exists()

    command = [sys.executable, *shlex.split(line)[1:]]
    subprocess.run(command, cwd=page["STORE"].parent, check=True)

    assert page["COPY"].name == "copy.sqlite3"
    assert refresh(restored(page), pair.refresh_token).status_code == 200


def test_the_keys_of_redis_begin_as_the_page_says() -> None:
    [pattern] = re.findall(r'--pattern "(.*?)\*"', (DOCS / PAGE).read_text(encoding="utf-8"))

    assert inspect.signature(RedisStore).parameters["prefix"].default == pattern


def test_a_logout_that_failed_is_found_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    class Full(MemoryStore):
        def revoke_session(self, *_: Any, **__: Any) -> None:
            raise StoreUnavailableError("the disk is full")

    app = Flask("shop")
    app.config["JWT_SECRET_KEY"] = secrets.token_urlsafe(48)
    manager = JWTManager[str](app, store=Full())
    app.register_blueprint(auth_blueprint(endpoints=["logout", "sessions"]))
    with app.app_context():
        headers = bearer(manager.login("ada").access_token)

    with caplog.at_level(logging.INFO, "jwtpolicy"):
        answer = app.test_client().post("/auth/logout", headers=headers)

    assert answer.status_code == 503
    assert "auth.logout: 503" in caplog.text
    assert app.test_client().get("/auth/sessions", headers=headers).status_code == 200
