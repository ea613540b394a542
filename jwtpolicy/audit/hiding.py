"""Remove an application's secrets from its audit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from ..settings import Settings
from .findings import Audit, Row

#: The keys whose values are secrets, Flask's own included.
_SECRET: Final = frozenset(
    {
        "SECRET_KEY",
        "SECRET_KEY_FALLBACKS",
        *(f.metadata["key"] for f in fields(Settings) if f.metadata and not f.repr),
    }
)
#: The length of the shortest secret; a shorter text may be a part of any word.
_SHORTEST: Final = 8


def without_secrets(audit: Audit, config: Mapping[str, Any]) -> Audit:
    """Return *audit* without the secrets of *config*, wherever an author wrote one down."""
    hidden = hider(config)
    return replace(
        audit,
        rows=tuple(_hidden(row, hidden) for row in audit.rows),
        remarks=tuple(map(hidden, audit.remarks)),
        problems=tuple(map(hidden, audit.problems)),
        baseline=audit.baseline and hidden(audit.baseline),
    )


def hider(config: Mapping[str, Any]) -> Callable[[str], str]:
    """Return a function that puts ``…`` in the place of each secret of *config* in a text."""
    secrets = sorted(set(_secrets(config)), key=len, reverse=True)

    def hidden(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "…")
        return text

    return hidden


def _hidden(row: Row, hidden: Callable[[str], str]) -> Row:
    return replace(
        row,
        demands=hidden(row.demands),
        bridge=row.bridge and hidden(row.bridge),
        baseline=row.baseline and hidden(row.baseline),
        notes=tuple(map(hidden, row.notes)),
        problem=row.problem and hidden(row.problem),
    )


def _secrets(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets as they are, and as they look in source text and in JSON."""
    for key in _SECRET & config.keys():
        value = config[key]
        for one in value if isinstance(value, list | tuple) else [value]:
            text = one.decode("latin-1") if isinstance(one, bytes) else one
            if isinstance(text, str) and len(text) >= _SHORTEST:
                yield text
                spelt = repr(one).removeprefix("b")[1:-1]
                yield from (spelt, json.dumps(text)[1:-1], json.dumps(spelt)[1:-1])
