"""Applications with a database beside, and the commands that look after the store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import protect
from jwtpolicy.cli import jwtpolicy
from jwtpolicy.stores import CachedStore
from jwtpolicy.stores.sqlalchemy import ddl
from tests.support.applications import MakeApp
from tests.support.clocks import StandingClock
from tests.support.requests import bearer


def test_a_database_that_is_down_is_503(make_app: MakeApp) -> None:
    """REV-1."""
    app, jwt = make_app(store_url="postgresql://u@127.0.0.1:1/db")
    app.add_url_rule("/", "index", protect()(lambda: "in"))
    with app.app_context():
        encoded = jwt.issue("u1")
    answer = app.test_client().get("/", headers=bearer(encoded))

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])
def test_prune_removes_what_nobody_needs(
    make_app: MakeApp, clock: StandingClock, tmp_path: Path, scheme: str
) -> None:
    clock.now = 1_700_000_000  # what is over by the machine's own clock, too
    app, jwt = make_app(store_url=f"{scheme}:///{tmp_path / 'x.db'}")
    with app.app_context():
        for _ in range(7):
            jwt.revoke(jwt.issue("u1"))
        clock.advance(86_400)
        jwt.revoke(jwt.issue("u1"))
    done = app.test_cli_runner().invoke(jwtpolicy, ["prune", "--batch", "3"])

    assert done.exit_code == 0
    assert done.output.splitlines()[-1] == "7 entries removed"
    store = app.extensions["jwtpolicy"].parts.store
    assert store.prunable(now=int(clock()) + 86_400) == 1
    store.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"store_url": "none"}, "no token store"),
        ({"store_url": "postgresql://u@127.0.0.1:1/db"}, "database failed"),
    ],
)
def test_prune_says_why_it_cannot(make_app: MakeApp, settings: dict[str, Any], said: str) -> None:
    app, _ = make_app(manager={"baseline": None}, **settings)
    done = app.test_cli_runner().invoke(jwtpolicy, ["prune"])

    assert done.exit_code == 1
    assert said in done.output


def test_prune_needs_a_manager() -> None:
    done = Flask("tests.app").test_cli_runner().invoke(jwtpolicy, ["prune"])

    assert "no token store" in done.output


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
def test_ddl_prints_sql_and_nothing_else(dialect: str) -> None:
    runner = Flask("tests.app").test_cli_runner()
    done = runner.invoke(jwtpolicy, ["ddl", "--dialect", dialect])

    assert done.output == ddl(dialect)
    assert done.output.startswith("CREATE TABLE jwtpolicy_")


def test_ddl_names_the_extra_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("jwtpolicy.stores.sqla")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    runner = Flask("tests.app").test_cli_runner()
    done = runner.invoke(jwtpolicy, ["ddl", "--dialect", "mysql"])

    assert done.exit_code == 1
    assert "pip install 'jwtpolicy[sqlalchemy]'" in done.output


def test_a_setting_puts_a_cache_before_the_store(make_app: MakeApp) -> None:
    app, _ = make_app(store_cache_seconds=2)
    without, _ = make_app(store_cache_seconds=2, store_url="none", manager={"baseline": None})

    assert isinstance(app.extensions["jwtpolicy"].parts.store, CachedStore)
    assert without.extensions["jwtpolicy"].parts.store is None


def test_a_setting_forbids_to_make_tables(make_app: MakeApp, tmp_path: Path) -> None:
    url = f"sqlite+pysqlite:///{tmp_path / 'x.db'}"
    app, _ = make_app(store_url=url, store_create_tables=False)

    assert "create_tables=False" in repr(app.extensions["jwtpolicy"].parts.store)


VERSION_1 = "CREATE TABLE jwtpolicy_schema (version INTEGER PRIMARY KEY)"


def test_upgrade_prints_the_sql_that_somebody_has_to_run(make_app: MakeApp, tmp_path: Path) -> None:
    app, _ = make_app(store_url=f"sqlite+pysqlite:///{tmp_path / 'x.db'}")
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as raw:
        raw.execute(VERSION_1)
        raw.execute("INSERT INTO jwtpolicy_schema VALUES (1)")
    done = app.test_cli_runner().invoke(jwtpolicy, ["store", "upgrade"])

    assert done.exit_code == 0
    assert done.output.startswith("BEGIN IMMEDIATE;\nALTER TABLE jwtpolicy_session RENAME")
    assert done.output.endswith("UPDATE jwtpolicy_schema SET version = 2;\nCOMMIT;\n")


def test_upgrade_says_that_there_is_nothing_to_do(make_app: MakeApp, tmp_path: Path) -> None:
    app, _ = make_app(store_url=f"sqlite:///{tmp_path / 'x.db'}")
    done = app.test_cli_runner().invoke(jwtpolicy, ["store", "upgrade"])

    assert (done.exit_code, done.output) == (0, f"{tmp_path / 'x.db'}: nothing to upgrade\n")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"store_url": "none"}, "no token store"),
        ({"store_url": "postgresql://u@127.0.0.1:1/db"}, "database failed"),
    ],
)
def test_upgrade_says_why_it_cannot(make_app: MakeApp, settings: dict[str, Any], said: str) -> None:
    app, _ = make_app(manager={"baseline": None}, **settings)
    done = app.test_cli_runner().invoke(jwtpolicy, ["store", "upgrade"])

    assert done.exit_code == 1
    assert said in done.output
