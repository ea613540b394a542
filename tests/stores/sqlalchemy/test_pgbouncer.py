"""Behind PgBouncer a URL alone works, whichever connection to the server a statement gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine, text

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.stores import RotationState, open_store
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore, metadata
from jwtpolicy.testing.token_store import (
    NOW,
    SESSION,
    TokenStoreContract,
    all_at_once,
    ref,
    rotate,
    standing,
)
from jwtpolicy.tokens.status import TokenStatus
from tests import services
from tests.services.pgbouncer import PgBouncer

UrlOf = Callable[[str], str]

#: How many connections to the server there are. A session keeps one, and a store has up to 15.
SIZES = {"transaction": 3, "session": 16}


LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


@pytest.fixture(scope="module")
def pooled(url_of: UrlOf) -> Iterator[UrlOf]:
    """Return what gives the URL of a PgBouncer in front of PostgreSQL, by its mode."""
    binary = services.FINDERS["pgbouncer"]()
    if binary is None:
        services.missing("pgbouncer", "there is no pgbouncer; the package pgbouncer has it")
    started: dict[str, PgBouncer] = {}
    with ExitStack() as stack:

        def url(mode: str) -> str:
            if mode not in started:
                server = PgBouncer(binary, url_of("postgres"), mode, SIZES[mode])
                stack.callback(server.remove)
                server.initialise()
                server.start()
                started[mode] = server
            return started[mode].url

        yield url


@pytest.fixture(params=[*SIZES])
def url(request: pytest.FixtureRequest, pooled: UrlOf, url_of: UrlOf, emptied: UrlOf) -> str:
    emptied(url_of("postgres"))
    return pooled(request.param)


@pytest.fixture(scope="module")
def stores() -> Iterator[dict[str, SQLAlchemyStore]]:
    made: dict[str, SQLAlchemyStore] = {}
    yield made
    for store in made.values():
        store.close()


class TestTransactionMode(TokenStoreContract):
    """The whole contract, where nothing outlives a transaction."""

    @pytest.fixture
    def store(
        self,
        pooled: UrlOf,
        url_of: UrlOf,
        emptied: UrlOf,
        stores: dict[str, SQLAlchemyStore],
    ) -> SQLAlchemyStore:
        emptied(url_of("postgres"))
        url = pooled("transaction")
        return stores.setdefault(url, SQLAlchemyStore(url, timeout=30))


@pytest.mark.full
class TestSessionMode(TokenStoreContract):
    """It takes as long again, and finds what the other mode finds."""

    @pytest.fixture
    def store(self, pooled: UrlOf, url_of: UrlOf, emptied: UrlOf) -> Iterator[SQLAlchemyStore]:
        emptied(url_of("postgres"))
        store = SQLAlchemyStore(pooled("session"), timeout=30)
        yield store
        store.close()


def test_a_url_alone_works(url: str) -> None:
    """K44: PgBouncer refuses start-up options, and what one connection prepared no other knows."""
    store = open_store(url, instance_path=".", timeout=30)
    assert isinstance(store, SQLAlchemyStore)
    store.open_session(SESSION)
    for number in range(12):
        assert rotate(store, f"r{number + 1}", f"r{number + 2}").state is RotationState.ROTATED
        assert standing(store) is TokenStatus.GOOD
    store.revoke_token(ref(), expires_at=None, now=NOW)
    assert set(all_at_once(8, lambda _: standing(store))) == {TokenStatus.REVOKED}
    store.close()


def test_the_tables_are_made_and_upgraded_through_it(url: str, url_of: UrlOf) -> None:
    engine = create_engine(url_of("postgres"), poolclass=NullPool)
    metadata.drop_all(engine)
    store = SQLAlchemyStore(url, timeout=30)

    assert standing(store, session_id="unknown") is TokenStatus.GOOD
    assert store.upgrade() == "-- nothing to upgrade\n"
    store.close()


def test_nothing_is_left_on_a_connection_that_others_get(url: str) -> None:
    """Limits hold for the store's transactions, and not for those of the application."""
    store = SQLAlchemyStore(url, timeout=1)
    for number in range(6):
        store.revoke_subject("", f"user-{number}", now=NOW, until=NOW)
    engine = create_engine(f"{url}", poolclass=NullPool)
    found = set()
    for _ in range(6):
        with engine.connect() as connection:
            found.add(connection.execute(text("SHOW statement_timeout")).scalar_one())
    store.close()

    assert found == {"0"}


def test_a_transaction_is_told_what_it_may_wait_for(url: str) -> None:
    """By the server, so that nobody goes on who was given up."""
    store = SQLAlchemyStore(url, timeout=20)

    def ask(connection: Connection) -> list[str]:
        return [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in LIMITS]

    assert store._database.transact(ask) == ["16s"] * 3
    store.close()


@pytest.mark.parametrize(
    ("query", "pooled_too", "expected"),
    [
        pytest.param("", False, 5, id="direct"),
        pytest.param("", True, None, id="pooled"),
        pytest.param("?prepare_threshold=none", False, None, id="off"),
        pytest.param("?prepare_threshold=0", False, 0, id="at once"),
        pytest.param("?prepare_threshold=9", True, 9, id="a pooler that knows how"),
    ],
)
def test_statements_are_prepared_where_the_server_stays_the_same(
    pooled: UrlOf, url_of: UrlOf, query: str, pooled_too: bool, expected: int | None
) -> None:
    """Prepared ones take half of the time."""
    url = pooled("transaction") if pooled_too else url_of("postgres")
    store = SQLAlchemyStore(f"{url}{query}")
    with store._database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        assert driver.prepare_threshold == expected
    store.close()


@pytest.mark.parametrize("query", ["many", "-1", "5&prepare_threshold=6"])
def test_another_threshold_is_refused(query: str) -> None:
    with pytest.raises(ConfigurationError, match="'prepare_threshold'"):
        SQLAlchemyStore(f"postgresql://u@h/db?prepare_threshold={query}")


def test_elsewhere_it_is_no_option() -> None:
    with pytest.raises(ConfigurationError, match="'prepare_threshold'"):
        SQLAlchemyStore("mysql://u@h/db?prepare_threshold=5")
