"""The dataclass field of a setting, whose metadata the documentation is made from."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from .readers import Reader


def setting(
    key: str, default: Any, read: Reader, allowed: str, effect: str, *, is_secret: bool = False
) -> Any:
    """Return a field whose metadata holds its key, its reader, what is allowed and its effect."""
    metadata = {"key": key, "read": read, "allowed": allowed, "effect": effect}
    return field(default=default, repr=not is_secret, metadata=metadata)
