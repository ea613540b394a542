"""A database into which an older dump was restored is noticed, or one whose tables are new."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, create_engine, inspect, text

from jwtpolicy.exceptions import ConfigurationError, StoreUnavailableError
from jwtpolicy.stores import open_store
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore, metadata
from jwtpolicy.testing.token_store import (
    NOW,
    SESSION,
    TokenStoreContract,
    adoptable,
    ref,
    standing,
)
from jwtpolicy.tokens.status import TokenStatus
from tests.services.redis import wait_until
from tests.support.clocks import StandingClock
from tests.support.stores.going_back import LATER, Copies, GoingBack, forget_to_wait
from tests.support.stores.sqlalchemy import run, without_sync

Make = Callable[..., SQLAlchemyStore]

#: The wheel's is the same PostgreSQL, newer.
EVERY_KIND = pytest.mark.parametrize("url", ["sqlite", "postgres", "mysql"], indirect=True)


class Dumps:
    """The rows of all tables, as a dump of them has them."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, poolclass=NullPool)
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def save(self) -> None:
        with self._engine.connect() as connection:
            for table in metadata.sorted_tables:
                found = connection.execute(table.select()).mappings()
                self._rows[table.name] = [dict(row) for row in found]

    def restore(self) -> None:
        with self._engine.begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(table.delete())
                if self._rows[table.name]:
                    connection.execute(table.insert(), self._rows[table.name])


@pytest.fixture
def make(url: str, clock: StandingClock) -> Iterator[Make]:
    with ExitStack() as stack:

        def make(**options: Any) -> SQLAlchemyStore:
            store = SQLAlchemyStore(url, **{"lost": "deny", "clock": clock, **options})
            without_sync(store._engine())
            stack.callback(store.close)
            return store

        yield make


@EVERY_KIND
class TestDatabases(GoingBack):
    @pytest.fixture
    def copies(self, url: str) -> Copies:
        return Dumps(url)

    def test_nothing_old_is_adopted(self, store: SQLAlchemyStore, copies: Copies) -> None:
        """It asks in the transaction that opens the session."""
        token, session = adoptable(store)
        copies.save()
        forget_to_wait(store)
        store.consume(token, expires_at=None, now=NOW)
        copies.restore()

        assert store.adopt(token, session, token_expires_at=None) is None
        late = token._replace(issued_at=LATER + 1)
        assert store.adopt(late, session, token_expires_at=None) == session


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_a_transaction_that_sees_the_past_takes_it_for_no_older_copy(
    url: str, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    """K45: REPEATABLE READ as the database's default refused everybody's tokens."""
    isolated = f"{url}?options=-c%20default_transaction_isolation%3Drepeatable%5C%20read"
    with closing(SQLAlchemyStore(isolated, lost="deny", timeout=30, clock=clock)) as store:
        token, session = adoptable(store)
        store.open_session(SESSION)
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as holder, ThreadPoolExecutor() as pool:
            holder.execute(text("SELECT 1 FROM jwtpolicy_subject FOR UPDATE"))
            adopting = pool.submit(store.adopt, token, session, token_expires_at=None)
            wait_until(lambda: is_waiting(engine))
            forget_to_wait(store)
            store.revoke_token(ref("a9"), expires_at=None, now=NOW)
            holder.commit()
            assert adopting.result() == session

    assert "went back" not in caplog.text


def is_waiting(engine: Engine) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with engine.connect() as connection:
        return bool(connection.execute(text(waiting)).scalar_one())


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
class TestContract(TokenStoreContract):
    """Whoever denies what was lost keeps the contract of all stores."""

    @pytest.fixture
    def store(self, make: Make, clock: StandingClock) -> SQLAlchemyStore:
        clock.now = -1
        return make()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(NOW - 10)


@EVERY_KIND
def test_tables_that_are_new_remember_nothing_older(
    url: str, make: Make, clock: StandingClock
) -> None:
    """REV-1: somebody dropped them."""
    store = make()
    assert standing(store, session_id=None) is TokenStatus.GOOD
    engine = create_engine(url, poolclass=NullPool)
    metadata.drop_all(engine)
    clock.now = NOW + 0.5
    with pytest.raises(StoreUnavailableError):
        standing(store)

    assert standing(store, session_id=None) is TokenStatus.REVOKED
    assert standing(store, session_id=None, issued_at=NOW + 1) is TokenStatus.GOOD


@EVERY_KIND
def test_a_database_of_before_learns_to_say_it(url: str, make: Make, clock: StandingClock) -> None:
    """Version 2 began without the table; what is in it was not forgotten."""
    before = make(lost="accept")
    before.open_session(SESSION)
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("DROP TABLE jwtpolicy_memory"))
    clock.now = LATER

    assert standing(before) is TokenStatus.GOOD
    store = make()
    assert standing(store) is TokenStatus.GOOD
    assert standing(store, session_id=None, issued_at=NOW) is TokenStatus.REVOKED
    assert standing(store, session_id=None, issued_at=NOW + 1) is TokenStatus.GOOD


@EVERY_KIND
def test_who_may_not_make_it_is_told_what_to_run(url: str, make: Make) -> None:
    standing(make())
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("DROP TABLE jwtpolicy_memory"))
    store = make(create_tables=False)
    with pytest.raises(StoreUnavailableError, match="flask jwtpolicy store upgrade"):
        standing(store)
    printed = store.upgrade()
    run(url, printed)

    assert standing(store, session_id=None, issued_at=NOW) is TokenStatus.GOOD
    assert inspect(create_engine(url, poolclass=NullPool)).has_table("jwtpolicy_memory")
    assert store.upgrade() == "-- nothing to upgrade\n"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_database_that_does_not_say_admits_nothing(url: str, make: Make) -> None:
    store = make()
    assert standing(store, session_id=None) is TokenStatus.GOOD
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("DELETE FROM jwtpolicy_memory"))
    store.revoke_token(ref("a9"), expires_at=None, now=NOW)

    assert standing(store, session_id=None) is TokenStatus.REVOKED


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_by_default_an_older_dump_is_believed(url: str, make: Make) -> None:
    store, copies = make(lost="accept"), Dumps(url)
    store.open_session(SESSION)
    copies.save()
    store.revoke_session("", "s1", now=NOW)
    copies.restore()

    assert standing(store) is TokenStatus.GOOD


def test_another_word_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'accept' or 'deny', not 'maybe'"):
        SQLAlchemyStore("postgresql://h/db", lost="maybe")


@pytest.mark.parametrize(
    ("lost", "expected"), [("deny", TokenStatus.REVOKED), ("accept", TokenStatus.GOOD)]
)
def test_a_database_has_a_setting_for_its_loss(
    tmp_path: Path, lost: str, expected: TokenStatus
) -> None:
    """Named by a URL, as settings name it."""
    url = "sqlite+pysqlite:///x.db"
    store = open_store(url, instance_path=tmp_path, lost=lost, clock=lambda: NOW + 5)

    assert store is not None
    assert standing(store, session_id=None) is expected
    store.close()
