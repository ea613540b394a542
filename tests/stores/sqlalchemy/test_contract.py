"""Every database keeps the contract of all stores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine

from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore
from jwtpolicy.testing.token_store import TokenStoreContract
from tests.support.stores.sqlalchemy import without_sync


@pytest.fixture(scope="module")
def stores() -> dict[str, SQLAlchemyStore]:
    """The stores by their URL: each compiles its SQL once, and not in every test."""
    return {}


class TestWithItsOwnEngine(TokenStoreContract):
    @pytest.fixture
    def store(self, url: str, stores: dict[str, SQLAlchemyStore]) -> Iterator[SQLAlchemyStore]:
        if url not in stores:
            stores[url] = SQLAlchemyStore(url, timeout=30)
            without_sync(stores[url]._engine())
        yield stores[url]
        stores[url].close()


@pytest.fixture(scope="module")
def engines() -> dict[str, Engine]:
    """The engines by their URL."""
    return {}


@pytest.mark.parametrize("url", ["postgres", "mysql"], indirect=True)
class TestWithTheApplicationsEngine(TokenStoreContract):
    """An engine as an application makes it, with transactions of the database's own kind."""

    @pytest.fixture
    def store(self, url: str, engines: dict[str, Engine]) -> Iterator[SQLAlchemyStore]:
        engine = engines.setdefault(url, create_engine(url))
        store = SQLAlchemyStore(lambda: engine)
        yield store
        store.close()
