"""Start each database once, and hand out stores with empty tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore, metadata
from tests import services
from tests.services.processes import Server
from tests.support.stores.sqlalchemy import KINDS, delete_rows, make_server, without_sync

Start = Callable[[], Server]


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Server]]:
    started: dict[str, Server] = {}
    yield started
    for server in started.values():
        server.remove()


@pytest.fixture(scope="session")
def url_of(servers: dict[str, Server]) -> Callable[[str], str]:
    """Return what gives the URL of a running server, by the name of its kind."""

    def url(name: str) -> str:
        found = services.FINDERS[name]() or ""
        if "://" in found:
            return found
        if name not in servers:
            servers[name] = make_server(name)
        return servers[name].url

    return url


@pytest.fixture(scope="session")
def emptied() -> Callable[[str], str]:
    """Return what removes the rows of earlier tests from the tables, and gives the URL back."""
    engines: dict[str, Engine] = {}

    def empty(url: str) -> str:
        # No pool: servers are killed between two tests.
        engine = engines.setdefault(url, create_engine(url, poolclass=NullPool))
        try:
            delete_rows(engine)
        except DBAPIError:
            metadata.create_all(engine)
            delete_rows(engine)
        return url

    return empty


@pytest.fixture(params=["sqlite", *KINDS])
def url(
    request: pytest.FixtureRequest,
    url_of: Callable[[str], str],
    emptied: Callable[[str], str],
    tmp_path: Path,
) -> str:
    """The URL of an empty database, of every kind in turn."""
    if request.param == "sqlite":
        return f"sqlite+pysqlite:///{tmp_path / 'tokens.sqlite3'}"
    return emptied(url_of(request.param))


@pytest.fixture
def store(url: str) -> Iterator[SQLAlchemyStore]:
    store = SQLAlchemyStore(url, timeout=30)
    without_sync(store._engine())
    yield store
    store.close()


@pytest.fixture(params=["postgres", "mysql"])
def server(
    request: pytest.FixtureRequest,
    servers: dict[str, Server],
    url_of: Callable[[str], str],
    emptied: Callable[[str], str],
) -> Server:
    """A server that may be killed, with empty tables."""
    emptied(url_of(request.param))
    if request.param not in servers:
        pytest.skip("only a server that the tests started themselves may be killed")
    return servers[request.param]
