"""Offer short ways to one row of an audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from jwtpolicy.audit import Row, audit
from tests.support.audits import row_of

#: Returns the row of an endpoint and a method.
Rows = Callable[..., Row]


@pytest.fixture
def row(app: Flask) -> Rows:
    """Return what finds a row of the application as it is then."""
    return lambda endpoint, method="GET": row_of(audit(app), endpoint, method)


@pytest.fixture
def add(app: Flask) -> Callable[..., None]:
    """Return what adds an endpoint for a view, which needs no function of its own."""

    def add(name: str, guard: Any = None, rule: str | None = None, **options: Any) -> None:
        def view(**view_args: Any) -> str:
            return name

        guarded = view if guard is None else guard(view)
        app.add_url_rule(rule or f"/{name}", name, guarded, **options)

    return add
