"""Audit one method of one endpoint."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from ..app.bound_app import BoundApp, is_automatic, is_listed
from ..app.bridge_guards import bridge_around, is_passed_by
from ..app.planner import Demand, WrittenGuards
from ..exceptions import SetupError
from ..policy.credentials import Public
from ..settings import Settings
from .findings import Protection, Row, row_at
from .guarded import Guarded
from .inside import found_inside


@dataclass(frozen=True, slots=True)
class Judge:
    """The judge of endpoints: it makes the audit's row of a rule and a method.

    Attributes:
        app: The Flask application.
        application: Its bound application, or None where only the bridge guards it.
    """

    app: Flask
    application: BoundApp | None

    def row(self, rule: Rule, method: str) -> Row:
        """Return the row of *rule* for *method*; its ``methods`` are left empty."""
        view = self.app.view_functions.get(rule.endpoint)
        bridge = bridge_around(self.app, rule.endpoint, method)
        if is_automatic(rule, method):
            return row_at(rule, Protection.AUTOMATIC)
        try:
            if self.application is None:
                row = self._of_bridge(rule, view, method, bridge)
            else:
                row = self._of_plan(rule, method, bridge, self.application)
            return replace(row, notes=(*row.notes, *_on_order(view, method)))
        except SetupError as error:
            # The method stands in `methods`, so that rows of several methods can be one.
            problem = str(error).replace(f"{method} {rule.endpoint}", rule.endpoint)
            problem = problem.removeprefix(f"{rule.endpoint}: ")
            return row_at(rule, Protection.BROKEN, problem=problem, bridge=bridge)

    def _of_bridge(self, rule: Rule, view: Any, method: str, bridge: str | None) -> Row:
        if guards := WrittenGuards(view).all(method):
            problem = f"{guards[0]!r} has no JWTManager to ask; write JWTManager(app)"
            return row_at(rule, Protection.BROKEN, problem=problem, bridge=bridge)
        return self._without_plan(rule, method, Settings(), bridge)

    def _of_plan(self, rule: Rule, method: str, bridge: str | None, application: BoundApp) -> Row:
        """Return the row of an endpoint that may have native guards.

        Raises:
            SetupError: The guards of the endpoint contradict each other or cannot work.
        """
        demand = application.planner.demand(rule.endpoint, method)
        plan = application.planner.plan(rule.endpoint, method, application.baseline)
        if plan is None:
            return self._without_plan(rule, method, application.settings, bridge)
        if plan.is_public:
            return _public(rule, demand, bridge)
        return Guarded(application, rule, demand, plan, self._variables(rule)).row(bridge)

    def _without_plan(self, rule: Rule, method: str, settings: Settings, bridge: str | None) -> Row:
        listed = is_listed(rule.endpoint, settings)
        denied = settings.default_deny and not listed
        if bridge is not None:
            problem = (
                "JWT_DEFAULT_DENY knows no guard of the bridge; list it in JWT_PUBLIC_ENDPOINTS"
            )
            return row_at(
                rule, Protection.GUARDED, bridge=bridge, problem=problem if denied else None
            )
        if listed:
            return row_at(rule, Protection.PUBLIC, notes=("JWT_PUBLIC_ENDPOINTS",))
        protection, notes = self._inside(rule.endpoint, method)
        return row_at(
            rule,
            protection,
            notes=(*notes, *(("JWT_DEFAULT_DENY answers 403",) if denied else ())),
        )

    def _inside(self, endpoint: str, method: str) -> tuple[Protection, tuple[str, ...]]:
        """Return the protection of an endpoint without a visible guard, and notes on it."""
        found = found_inside(self.app, endpoint, method)
        if found.checks:
            return Protection.INSIDE, (f"at {', '.join(found.checks)}",)
        if found.hidden:
            return Protection.UNKNOWN, (f"cannot be read: {', '.join(found.hidden)}",)
        return Protection.UNGUARDED, ()

    def _variables(self, rule: Rule) -> Collection[str] | None:
        """Return the variables of the URL, or None where a preprocessor may change them."""
        return None if self.app.url_value_preprocessors else rule.arguments


def _on_order(view: object, method: str) -> Iterator[str]:
    """Yield notes about decorators above the guard of *view* and levels that do not count."""
    written = WrittenGuards(view)
    counting = written.counting(method)
    if len(counting) < len(written.all(method)):
        yield "Public() is ignored, because the view has a dispatch_request of its own"
    if method == "OPTIONS" and counting and written.is_passed_by:
        yield "decorators above the guard may answer OPTIONS"
    if is_passed_by(view):
        yield "decorators above the guard of the bridge may answer without it"


def _public(rule: Rule, demand: Demand, bridge: str | None) -> Row:
    notes = tuple(f"lifts the blueprint level {level!r}" for level in demand.outer)
    protection = Protection.PUBLIC if bridge is None else Protection.GUARDED
    level = Public()
    return row_at(
        rule, protection, demands=repr(level), policies=(level,), bridge=bridge, notes=notes
    )
