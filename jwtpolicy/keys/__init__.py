"""Offer the keys that sign and verify."""

from .ring import Key, KeyRing

__all__ = ["Key", "KeyRing"]
