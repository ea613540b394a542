"""Find reserved members of claims and headers, which only the library writes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from ..source import Source, string
from ..work import Work

#: The replacements of some reserved claims.
_INSTEAD: Final = {
    "aud": "set JWT_ENCODE_AUDIENCE",
    "exp": "write expires_delta=…",
    "iss": "set JWT_ENCODE_ISSUER",
    "sub": "it is the identity that the token is made for",
}


def check_members(work: Work, value: ast.expr, reserved: frozenset[str]) -> None:
    """Add hindrances for the reserved members of a mapping."""
    for key in _keys(work.source, value):
        name = string(key)
        if name in reserved:
            instead = _INSTEAD.get(name or "", "give it another name")
            work.hinder(key, f"`{name}` is written by the library and refused here: {instead}")


def _keys(source: Source, value: ast.expr) -> Iterator[ast.expr]:
    """Yield the keys of a dict that is written out there, or assigned to that name once."""
    if isinstance(value, ast.Dict):
        yield from filter(None, value.keys)
    elif isinstance(value, ast.Name):
        _, made = source.bound(value.id, value)
        statement = source.parent(made[0].node) if len(made) == 1 else None
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict):
            yield from filter(None, statement.value.keys)
