"""Token stores: sessions, revocations and single uses, in memory, SQLite, SQL or Redis."""

from typing import TYPE_CHECKING

from ..tokens.status import TokenStatus
from .base import (
    Known,
    Opening,
    Predecessor,
    Rotation,
    RotationState,
    Session,
    SessionRecord,
    Step,
    TokenRef,
    TokenStore,
    judge_standing,
)
from .caching import CachedStore
from .memory import MemoryStore
from .opening import open_store

if TYPE_CHECKING:
    from .sqlalchemy import SQLAlchemyStore as SQLAlchemyStore
    from .sqlite import SQLiteStore

#: The name of `TokenStatus` before it had its own.
Standing = TokenStatus

__all__ = [
    "CachedStore",
    "Known",
    "MemoryStore",
    "Opening",
    "Predecessor",
    "Rotation",
    "RotationState",
    "SQLiteStore",
    "Session",
    "SessionRecord",
    "Standing",
    "Step",
    "TokenRef",
    "TokenStatus",
    "TokenStore",
    "judge_standing",
    "open_store",
]


def __getattr__(name: str) -> object:
    """Import a store at its first use: its library may not be installed, or not be needed."""
    if name == "SQLiteStore":
        from .sqlite import SQLiteStore

        return SQLiteStore
    if name == "SQLAlchemyStore":
        from .sqlalchemy import SQLAlchemyStore

        return SQLAlchemyStore
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
