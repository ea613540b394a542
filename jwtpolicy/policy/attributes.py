"""Read an attribute of an object, or a member of a mapping, by a dotted path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .comparing import Unknown


def attribute_at(found: Any, path: str) -> object:
    """Return the attribute, or the member, at the dotted *path* of an object.

    An `AttributeError` from within a property cannot be told from an absent attribute; either
    counts as absent, which neither a match nor its negation admits.

    Raises:
        Unknown: The attribute is absent, or None.
    """
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else getattr(found, name, None)
    if found is None:
        msg = "it is absent"
        raise Unknown(msg)
    return found
