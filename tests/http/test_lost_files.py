"""What ``JWT_STORE_LOST`` does about an SQLite file that was deleted under an application."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jwtpolicy import protect
from tests.support.applications import MakeApp
from tests.support.clocks import StandingClock
from tests.support.requests import bearer


@pytest.mark.parametrize(("lost", "expected"), [("accept", 200), ("deny", 401)])
def test_a_logged_out_token_and_a_file_that_is_lost(
    make_app: MakeApp, clock: StandingClock, tmp_path: Path, lost: str, expected: int
) -> None:
    """REV-1: the clock that tells when memory began is the application's."""
    path = tmp_path / "x.db"
    app, jwt = make_app(store_url=f"sqlite:///{path}", store_lost=lost)
    app.add_url_rule("/", "index", protect()(lambda: "in"))
    with app.app_context():
        pair = jwt.login("u1")
        jwt.revoke_session(pair.session_id)
        app.extensions["jwtpolicy"].parts.store.close()
        path.unlink()
        clock.advance(1)
        later = jwt.login("u1")
    client = app.test_client()

    assert client.get("/", headers=bearer(pair.access_token)).status_code == expected
    assert client.get("/", headers=bearer(later.access_token)).status_code == 200
    app.extensions["jwtpolicy"].parts.store.close()


def test_a_file_of_an_older_version_is_503_and_the_log_says_what_to_do(
    make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "x.db"
    app, jwt = make_app(store_url=f"sqlite:///{path}")
    app.add_url_rule("/", "index", protect()(lambda: "in"))
    with app.app_context():
        encoded = jwt.issue("u1")
    make_old(path)

    answer = app.test_client().get("/", headers=bearer(encoded))
    assert answer.status_code == 503
    assert "flask jwtpolicy store upgrade" in caplog.text


def test_a_file_that_cannot_be_opened_is_503_and_the_log_says_so(
    make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder stands for the file of another user, which root could open."""
    path = tmp_path / "x.db"
    app, jwt = make_app(store_url=f"sqlite:///{path}")
    app.add_url_rule("/", "index", protect()(lambda: "in"))
    with app.app_context():
        encoded = jwt.issue("u1")
    path.mkdir()

    answer = app.test_client().get("/", headers=bearer(encoded))

    assert answer.status_code == 503
    assert "the SQLite token store failed: unable to open database file" in caplog.text


def make_old(path: Path) -> None:
    """Leave a file whose tables say of no version, as those of version 1 did."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE jwtpolicy_sessions (id)")
