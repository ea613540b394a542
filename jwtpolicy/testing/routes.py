"""Assert that no endpoint of an application was forgotten."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Final

from flask import Flask

from ..audit import Audit, Protection, Row, audit
from ..exceptions import expect, expect_several

#: The protections of which a test has to say that they are meant, each with its explanation.
_ASKED: Final = {
    Protection.UNGUARDED: "Nothing guards these; add @protect or @public",
    Protection.INSIDE: "These have checks inside, which the audit cannot judge; read them",
    Protection.UNKNOWN: "It is unknown whether something guards these; read them",
    Protection.BROKEN: "These are set up wrongly, so that every request is answered with 500",
}


def assert_all_routes_guarded(app: Flask, *, except_: Iterable[str] = ()) -> None:
    """Assert that every endpoint of *app* has a guard, or is declared public.

    It uses the audit, as ``flask jwtpolicy routes --unguarded`` does. No request is sent, and the
    application can still be changed afterwards::

        def test_no_endpoint_was_forgotten(app):
            assert_all_routes_guarded(app, except_=["static", "webhooks.stripe"])

    The message lists each endpoint with its rule and methods: those without a guard; those that
    check inside, as by ``jwt.enforce`` in the view; and those that cannot be judged, because code
    around them cannot be read.

    Args:
        app: The application, with a `JWTManager`.
        except_: The names of endpoints that need no guard. A name that no endpoint has, or that is
            not needed any more, fails too, so that the list stays correct.

    Raises:
        AssertionError: An endpoint has no visible guard, or *except_* has a wrong name; or there
            are only endpoints for static files, so that nothing would be asserted.
        TypeError: *app* is not a Flask application, or *except_* is not a list of names.
        SetupError: *app* has no `JWTManager` that guards it.
    """
    expect(app, Flask, "assert_all_routes_guarded takes a Flask application")
    how = "except_ takes a list of endpoints: ['static']"
    excepted = [str(name) for name in expect_several(except_, how)]
    found = audit(app)
    complaints = [*_nothing(found), *_forgotten(found, set(excepted)), *_stale(found, excepted)]
    if complaints:
        msg = "\n\n".join(
            [f"{app.name}: some endpoints are neither guarded nor declared public", *complaints]
        )
        raise AssertionError(msg)


def _nothing(found: Audit) -> Iterator[str]:
    """Yield a paragraph about an application that has no endpoints yet."""
    if all(row.endpoint.rpartition(".")[2] == "static" for row in found.rows):
        yield "It has no endpoints yet: register its blueprints before, as your factory does"


def _forgotten(found: Audit, excepted: set[str]) -> Iterator[str]:
    """Yield a paragraph about each protection that has to be meant."""
    for protection, explanation in _ASKED.items():
        rows = [row for row in found.rows if row.protection is protection]
        lines = [_line(row) for row in rows if not _is_excepted(row, excepted)]
        if lines:
            yield "\n".join([f"{explanation}:", *lines])


def _is_excepted(row: Row, excepted: set[str]) -> bool:
    return row.endpoint in excepted and row.protection is not Protection.BROKEN


def _line(row: Row) -> str:
    notes = "; ".join(filter(None, (*row.notes, row.problem or "")))
    line = f"  {row.endpoint}: {', '.join(row.methods)} {row.domain}{row.rule}"
    return f"{line}  ({notes})" if notes else line


def _stale(found: Audit, excepted: Iterable[str]) -> Iterator[str]:
    """Yield a paragraph about names in ``except_`` that mean nothing."""
    names = {row.endpoint for row in found.rows}
    needed = {row.endpoint for row in found.rows if row.protection in _ASKED}
    unknown = [f"  {name}{_near(name, names)}" for name in excepted if name not in names]
    if unknown:
        yield "\n".join(["No endpoint is called like these in except_:", *unknown])
    needless = [f"  {name}" for name in excepted if name in names - needed]
    if needless:
        yield "\n".join(["These need no exception, take them out of except_:", *needless])


def _near(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {near[0]}?" if near else ""
