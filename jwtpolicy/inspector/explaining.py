"""Explain one request on the command line: the answer as text or JSON, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from flask import Flask

from ..app.bound_app import bound_app_of, is_listed
from ..app.explanation import Explanation, Verdict, labelled
from ..audit.inside import found_beneath

#: The exit code of each verdict; of the others it is 1.
_CODES: Final = {
    Verdict.ALLOWED: 0,
    Verdict.OPEN: 0,
    Verdict.NOT_FOUND: 2,
    Verdict.METHOD_NOT_ALLOWED: 2,
    Verdict.UNKNOWN: 2,
}


def exit_code(told: Explanation) -> int:
    """Return 0 where the view would run, 1 where it would not, 2 where there is no telling."""
    return _CODES.get(told.verdict, 1)


def as_text(app: Flask, told: Explanation, *, verbose: bool) -> str:
    """Return the explanation for people, with the checks that stand inside of the view."""
    notes = [line for note in notes_on(app, told) for line in labelled("note", note)]
    return "\n".join([told.text(verbose=verbose), *notes])


def as_json(app: Flask, told: Explanation, *, verbose: bool) -> str:
    """Return the explanation for machines: one object, whose members are named as its attributes.

    The decision is the lines of its tree.
    """
    levels = [
        {"source": one.source, "name": one.name, "policy": repr(one.policy), "where": one.where}
        for one in told.levels
    ]
    members = {
        "method": told.method,
        "path": told.path,
        "endpoint": told.endpoint,
        "verdict": told.verdict.name,
        "status": told.status,
        "reason": told.reason,
        "challenge": told.challenge,
        "cures": told.cures,
        "effects": told.effects,
        "levels": levels,
        "decision": _tree(told, verbose=verbose),
        "notes": [*told.notes, *notes_on(app, told)],
    }
    return json.dumps(members, indent=2)


def _tree(told: Explanation, *, verbose: bool) -> list[str] | None:
    decision = told.decision
    return None if decision is None else decision.explain(verbose=verbose).splitlines()


def notes_on(app: Flask, told: Explanation) -> Iterator[str]:
    """Yield what the walk has not asked, because it stands inside of the view."""
    if not told or told.endpoint is None:
        return
    found = found_beneath(app, told.endpoint, told.method)
    for place in found.checks:
        yield f"a check inside of the view was not asked: {place}"
    # A view behind a guard is seldom the place of another check, and a public one is so on purpose.
    if told.verdict is Verdict.OPEN and not is_listed(told.endpoint, bound_app_of(app).settings):
        for name in found.hidden:
            yield f"whether this checks anything cannot be read: {name}"
