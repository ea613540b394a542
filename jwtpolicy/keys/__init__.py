"""Keys that sign and verify tokens, and the ring that chooses among them."""

from .key import Key
from .ring import KeyRing

__all__ = ["Key", "KeyRing"]
