"""No connection of a database is shared with a child, whoever forks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from jwtpolicy.access import Standing
from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore
from jwtpolicy.stores.sqlalchemy.database import Databases
from jwtpolicy.testing.token_store import NOW, ref, standing
from tests.stores.forking import answers_in_child, either, fork_in_c, forks, leave_with
from tests.stores.forking import wrongs_on_both_sides as wrongs

pytestmark = forks


@either
def test_both_sides_refuse_what_they_revoke(
    store: SQLAlchemyStore, fork: Callable[[], int]
) -> None:
    """REV-1: on one socket they would read each other's rows."""
    if store._database.dialect != "sqlite":
        standing(store, session_id=None)

    assert wrongs(store, fork) == [0, 0]


@pytest.mark.parametrize("is_own", [True, False])
@either
def test_an_sqlite_file_that_was_open_while_a_server_forked_in_c_stays_shut(
    tmp_path: Path, is_own: bool, fork: Callable[[], int]
) -> None:
    """REV-1: SQLite would take the parent's locks for its own. Python's forks find it closed."""
    url = f"sqlite+pysqlite:///{tmp_path / 'tokens.sqlite3'}"
    engine = create_engine(url)
    store = SQLAlchemyStore(url if is_own else engine)
    standing(store)
    if (pid := fork()) == 0:
        leave_with(lambda: is_shut(store) != (fork is fork_in_c))

    assert os.waitpid(pid, 0)[1] == 0
    assert standing(store) is Standing.GOOD
    store.close()
    engine.dispose()


def is_shut(store: SQLAlchemyStore) -> bool:
    try:
        return standing(store) is not Standing.GOOD
    except StoreUnavailableError as error:
        return "lazy-apps" in str(error.reason)


@pytest.fixture(params=["postgres", "mysql"])
def engine(request: pytest.FixtureRequest, url_of: Callable[[str], str]) -> Engine:
    """An application's own, with a connection that is kept."""
    engine = create_engine(url_of(request.param))
    engine.connect().close()
    return engine


@pytest.mark.parametrize("database", [lambda e: e, lambda e: lambda: e], ids=["engine", "function"])
@either
def test_an_engine_that_was_handed_over_is_left_to_the_parent_too(
    engine: Engine, database: Callable[[Engine], Engine], fork: Callable[[], int]
) -> None:
    store = SQLAlchemyStore(database(engine))
    standing(store, session_id=None)
    found = wrongs(store, fork)
    engine.dispose()

    assert found == [0, 0]


def test_one_that_the_store_has_not_used_before_is_left_too(engine: Engine) -> None:
    """The application has."""
    store = SQLAlchemyStore(engine)
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
    pid = fork_in_c()
    if pid == 0:
        standing(store)
        with engine.connect() as connection:
            leave_with(lambda: int(connection.connection.driver_connection is raw))

    assert os.waitpid(pid, 0)[1] == 0
    engine.dispose()


def test_a_database_in_memory_is_kept() -> None:
    """It would be gone with its connection."""
    engine = create_engine("sqlite+pysqlite://")
    store = SQLAlchemyStore(engine)
    store.revoke_token(ref(), expires_at=None, now=NOW)
    pid = fork_in_c()
    if pid == 0:
        leave_with(lambda: int(standing(store) is not Standing.REVOKED))

    assert os.waitpid(pid, 0)[1] == 0
    engine.dispose()


def test_a_child_leaves_each_engine_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there are more engines than are remembered."""
    monkeypatch.setattr("jwtpolicy.stores.sqlalchemy.database._ENGINES", 1)
    engines = [engine, create_engine(engine.url)]
    turn = iter(engines * 4)
    databases = Databases(lambda: next(turn), is_own=False, may_create=True, timeout=5)
    databases._process = 0  # as in a child
    pools = []
    for _ in range(4):
        databases.current()
        databases.current()
        pools.append([one.pool for one in engines])
    for one in engines:
        one.dispose()

    assert pools == [pools[0]] * 4


def test_a_child_can_use_what_its_parent_closed(store: SQLAlchemyStore) -> None:
    standing(store)
    store.close()

    assert answers_in_child(store, fork_in_c)


def test_a_process_that_inherited_an_open_file_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SQLAlchemyStore(f"sqlite+pysqlite:///{tmp_path / 'tokens.sqlite3'}")
    standing(store)
    with monkeypatch.context() as patched:
        patched.setattr("jwtpolicy.stores.forks._ABANDONED", [])
        patched.setattr("jwtpolicy.stores.forks._getpid", lambda: -1)

        with pytest.raises(StoreUnavailableError, match="lazy-apps"):
            standing(store)
