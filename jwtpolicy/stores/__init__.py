"""Remember what became of tokens after they were issued."""

from ..access import Standing
from .base import Rotation, RotationState, Session, TokenStore
from .memory import MemoryStore
from .opening import open_store
from .sqlite import SQLiteStore

__all__ = [
    "MemoryStore",
    "Rotation",
    "RotationState",
    "SQLiteStore",
    "Session",
    "Standing",
    "TokenStore",
    "open_store",
]
