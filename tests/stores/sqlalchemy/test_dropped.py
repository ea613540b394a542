"""A store that is dropped closes its connections."""

from __future__ import annotations

import gc
from typing import Any

from sqlalchemy import event

from jwtpolicy.stores import SQLAlchemyStore
from jwtpolicy.testing.token_store import standing


def test_a_dropped_store_closes_its_connections(url: str) -> None:
    """And drivers that warn of one that is left find none: a warning is an error."""
    store: Any = SQLAlchemyStore(url)
    opened: list[object] = []
    closed: list[object] = []
    event.listen(store._engine(), "connect", lambda raw, record: opened.append(id(raw)))
    event.listen(store._engine(), "close", lambda raw, record: closed.append(id(raw)))
    standing(store)
    store.ring = store
    del store
    gc.collect()

    assert opened
    assert sorted(opened) == sorted(closed)
