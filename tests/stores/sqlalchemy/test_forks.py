"""No connection of a database is shared with a child, whoever forks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore
from jwtpolicy.testing.token_store import standing
from jwtpolicy.tokens.status import TokenStatus
from tests.support.stores.forking import answers_in_child, either, fork_in_c, forks, leave_with
from tests.support.stores.forking import wrongs_on_both_sides as wrongs

pytestmark = forks


@either
def test_both_sides_refuse_what_they_revoke(
    store: SQLAlchemyStore, fork: Callable[[], int]
) -> None:
    """REV-1: on one socket they would read each other's rows."""
    if store._database.dialect != "sqlite":
        standing(store, session_id=None)

    assert wrongs(store, fork) == [0, 0]


@either
def test_an_sqlite_file_that_was_open_while_a_server_forked_in_c_stays_shut(
    tmp_path: Path, fork: Callable[[], int]
) -> None:
    """REV-1: SQLite would take the parent's locks for its own. Python's forks find it closed."""
    store = SQLAlchemyStore(f"sqlite+pysqlite:///{tmp_path / 'tokens.sqlite3'}")
    standing(store)
    if (pid := fork()) == 0:
        leave_with(lambda: is_shut(store) != (fork is fork_in_c))

    assert os.waitpid(pid, 0)[1] == 0
    assert standing(store) is TokenStatus.GOOD
    store.close()


def is_shut(store: SQLAlchemyStore) -> bool:
    try:
        return standing(store) is not TokenStatus.GOOD
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
    store.close()
    engine.dispose()

    assert found == [0, 0]


def test_the_applications_own_connections_are_not_touched(engine: Engine) -> None:
    """They are its own to look after, in the child as in the parent."""
    store, pool = SQLAlchemyStore(engine), engine.pool
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
    if (pid := fork_in_c()) == 0:
        leave_with(lambda: int(standing(store, session_id=None) is not TokenStatus.GOOD))

    assert os.waitpid(pid, 0)[1] == 0
    with engine.connect() as connection:
        assert connection.connection.driver_connection is raw
    assert engine.pool is pool
    engine.dispose()


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
        patched.setattr("jwtpolicy.connections.forks._ABANDONED", [])
        patched.setattr("jwtpolicy.connections.forks._getpid", lambda: -1)

        with pytest.raises(StoreUnavailableError, match="lazy-apps"):
            standing(store)
