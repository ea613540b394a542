"""Keys that sign and verify tokens, and the ring that chooses among them."""

from .ring import Key, KeyRing

__all__ = ["Key", "KeyRing"]
