"""Find a row of an audit."""

from __future__ import annotations

from jwtpolicy.audit import Audit, Row


def row_of(found: Audit, endpoint: str, method: str = "GET") -> Row:
    """Return the one row that is about *method* of *endpoint*."""
    (row,) = (r for r in found.rows if r.endpoint == endpoint and method in r.methods)
    return row
