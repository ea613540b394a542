"""Say what an application for production is, and ask one check about it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from jwtpolicy.checklist.candidate import candidate_of
from jwtpolicy.checklist.catalogue import CHECKS
from jwtpolicy.checklist.check import Result

#: The fixtures ``make_shop`` and ``make_bridge``; keywords are keys of ``app.config``, but
#: ``manager``, which holds the manager's.
MakeShop = Callable[..., Flask]


def asked(app: Flask, name: str, *allowed: str) -> Result:
    """Return the result of the check *name* for *app*."""
    (check,) = (one for one in CHECKS if one.name == name)
    return check.ask(candidate_of(app, allowed))


def verdict(app: Flask, name: str, *allowed: str) -> str:
    """Return the verdict of the check *name* for *app*, and a colon and all that was found."""
    result = asked(app, name, *allowed)
    return f"{result.verdict}: {'; '.join(result.found)}"


def new_view() -> Callable[[], str]:
    """Return a view that no other test has guarded."""
    return lambda: "in"
