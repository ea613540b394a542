"""Every database keeps the contract of all stores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore
from tests.contracts.token_store import TokenStoreContract


class TestWithItsOwnEngine(TokenStoreContract):
    @pytest.fixture
    def store(self, url: str) -> Iterator[SQLAlchemyStore]:
        store = SQLAlchemyStore(url, timeout=30)
        yield store
        store.close()


@pytest.mark.parametrize("url", ["sqlite", "postgres", "mysql"], indirect=True)
class TestWithTheApplicationsEngine(TokenStoreContract):
    """An engine as an application makes it, with transactions of the database's own kind."""

    @pytest.fixture
    def store(self, url: str) -> Iterator[SQLAlchemyStore]:
        engine = create_engine(url)
        yield SQLAlchemyStore(lambda: engine)
        engine.dispose()
