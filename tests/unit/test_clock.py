"""The clock moves where tests move it, and no deadline stands still with it."""

from __future__ import annotations

import ast
import sqlite3
import time
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from freezegun import freeze_time

import jwtpolicy
from jwtpolicy import JWTManager
from jwtpolicy.clock import elapsed, system_clock
from jwtpolicy.exceptions import ConfigurationError, ExpiredTokenError, StoreUnavailableError
from jwtpolicy.stores import SQLiteStore
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore
from tests.support.applications import SECRET
from tests.support.clocks import StandingClock

SOURCE = Path(jwtpolicy.__file__).parent
#: 2031-01-01T00:00:00Z.
THEN = 1_924_992_000
MOVERS = [
    pytest.param(lambda: freeze_time("2031-01-01"), id="freezegun"),
    pytest.param(
        lambda: time_machine.travel("2031-01-01T00:00:00Z", tick=False), id="time-machine"
    ),
]


def application(path: Path, **manager: Any) -> tuple[Flask, JWTManager[Any]]:
    app = Flask("tests.clock", instance_path=str(path))
    app.config.update(JWT_SECRET_KEY=SECRET)
    return app, JWTManager(app, **manager)


@pytest.mark.parametrize("move", MOVERS)
def test_what_moves_the_clock_of_tests_moves_ours(tmp_path: Path, move: Any) -> None:
    """K39; the default store too, which deletes by the machine's clock."""
    app, jwt = application(tmp_path)
    with app.app_context():
        with move():
            pair = jwt.login("u1")
            assert jwt.verify(pair.access_token).issued_at.timestamp() == THEN
            assert [one.created_at.timestamp() for one in jwt.sessions("u1")] == [THEN]
        now = jwt.issue("u1")
        with move(), pytest.raises(ExpiredTokenError):
            jwt.verify(now)


@pytest.mark.parametrize("move", MOVERS)
def test_a_deadline_does_not_stand_still_with_the_clock(tmp_path: Path, move: Any) -> None:
    """K39: who waits for a locked file gives up when it is time, not never."""
    store = SQLiteStore(tmp_path / "x.sqlite3", timeout=0.05)
    store.revoke_subject("", "u1", now=1, until=9)
    with closing(sqlite3.connect(store.path)) as other, move():
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError):
            store.revoke_subject("", "u1", now=2, until=9)
    store.close()


@pytest.mark.parametrize("move", MOVERS)
def test_a_pool_is_not_waited_for_for_ever(tmp_path: Path, move: Any) -> None:
    """K39: SQLAlchemy's own queue waits by the clock that stands."""
    store = SQLAlchemyStore(f"sqlite:///{tmp_path / 'x.sqlite3'}", timeout=0.05)
    store.revoke_subject("", "u1", now=1, until=9)
    with ExitStack() as held:
        for _ in range(15):
            held.enter_context(store._database.engine.connect())
        with move(), pytest.raises(StoreUnavailableError):
            store.revoke_subject("", "u1", now=2, until=9)
    store.revoke_subject("", "u1", now=2, until=9)
    store.close()


@pytest.mark.parametrize("move", MOVERS)
def test_seconds_pass_while_the_clock_stands(move: Any) -> None:
    with move():
        before = elapsed(), system_clock()
        time.sleep(0.01)
        after = elapsed(), system_clock()

    assert 0.01 <= after[0] - before[0] < 60
    assert before[1] == after[1] == THEN


def test_each_application_of_a_manager_may_have_a_clock(tmp_path: Path) -> None:
    early, late = StandingClock(1_000), StandingClock(2_000)
    jwt: JWTManager[Any] = JWTManager(clock=early)
    one, other = Flask("one"), Flask("other")
    for app in (one, other):
        app.config.update(JWT_SECRET_KEY=SECRET, TESTING=True)
    jwt.init_app(one)
    jwt.init_app(other, clock=late)

    for app, clock in ((one, early), (other, late)):
        with app.app_context():
            token = jwt.verify(jwt.login("u1", since=9_999).access_token)
            assert token.issued_at is not None
            assert token.issued_at.timestamp() == clock.now


def test_verbs_go_by_the_clock_of_the_current_application() -> None:
    """A login that began after the end of all sessions, by that clock, is none of them."""
    jwt: JWTManager[Any] = JWTManager(clock=StandingClock(1_000))
    app = Flask("late")
    app.config.update(JWT_SECRET_KEY=SECRET, TESTING=True)
    jwt.init_app(app, clock=StandingClock(5_000))

    with app.app_context():
        jwt.revoke_subject("u1")
        assert jwt.login("u1", since=5_001)
        fresh = jwt.verify(jwt.issue("u1", fresh=timedelta(seconds=9))).claims["fresh"]
    assert fresh == 5_009


@pytest.mark.parametrize(
    "clock", [1_800_000_000, "now", lambda: "now", lambda: None, lambda: True, lambda: float("nan")]
)
def test_a_clock_that_tells_no_time_is_refused_at_the_start(clock: Any) -> None:
    with pytest.raises(ConfigurationError, match="clock is a function that returns seconds"):
        JWTManager(clock=clock)
    with pytest.raises(ConfigurationError, match="clock is a function that returns seconds"):
        JWTManager().init_app(Flask("x"), clock=clock)


TIMES = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"}


def tells_time(node: ast.AST) -> bool:
    """Whether *node* reads a clock of Python's, or imports one."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "time" and any(alias.name in TIMES for alias in node.names)
    is_member = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return is_member and node.value.id == "time" and node.attr in TIMES  # type: ignore[attr-defined]


def test_one_file_asks_what_time_it_is() -> None:
    """K39: so nothing is bound at import that a test could not move, or that it would stop."""
    texts = {path.name: path.read_text("utf-8") for path in SOURCE.rglob("*.py")}
    trees = {name: ast.parse(text) for name, text in texts.items() if "time" in text.split()}
    asking = {name for name, tree in trees.items() if any(map(tells_time, ast.walk(tree)))}

    assert asking == {"clock.py"}
