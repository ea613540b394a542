"""Judge a guarded class or function without a route, by an `AccessRequest`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask
from flask.views import View
from werkzeug.exceptions import HTTPException

from ..app.bound_app import BoundApp
from ..app.planner import Demand, WrittenGuards
from ..audit.passing import missing_variables
from ..decision import Decision, Outcome
from ..exceptions import PolicyDefinitionError
from ..extension import JWTManager
from ..guards.challenges import refusal
from ..guards.plan import Plan
from ..markers import ANY, NOT_GIVEN
from ..policy.base import Policy
from ..policy.baseline import for_kind
from ..policy.closing import joined, leaves
from ..policy.request import NOT_LOADED, AccessRequest
from ..tokens.token import Token
from .movable_clock import bound_to
from .personas import Persona, in_app, log_in

#: A class with guarded methods, or a function under ``@protect``.
Guarded = type[View] | Callable[..., Any]


@dataclass(frozen=True)
class Situation:
    """A request that goes to no route.

    Attributes:
        method: The method, in upper case.
        view_args: The values that the URL would have.
        resource: The resource; `NOT_GIVEN` lets the guard's own loader load it.
    """

    method: str = "GET"
    view_args: Mapping[str, Any] = field(default_factory=dict)
    resource: object = NOT_GIVEN


class BareGuard:
    """The guards of a class or a function, as one policy with the baseline of an application.

    Args:
        app: The application whose users, settings and baseline count.
        guarded: The class or function.
        situation: The request.

    Raises:
        PolicyDefinitionError: Nothing guards *guarded* for this method, or no request could pass.
        ValueError: *guarded* is a class without a handler for the method, or its policies read
            a value of the URL that *situation* lacks.
    """

    def __init__(self, app: Flask, guarded: Guarded, situation: Situation) -> None:
        self._app = app
        self._situation = situation
        self.label = f"{situation.method} {getattr(guarded, '__name__', repr(guarded))}"
        self._plan = _plan_of(bound_to(app), guarded, situation.method, self.label)
        if not self._plan.is_public:
            _check_args(self._plan.closed.policy, situation.view_args, self.label)

    def judge(self, persona: Persona) -> Decision | None:
        """Return the decision about a request of *persona*; None where everybody may come in.

        Raises:
            ValueError: *persona* says where its token is put, and there is no request to put it.
        """
        if persona.credentials.get("place") is not None:
            msg = f"{persona!r} has a place, which means nothing without a route: name its route"
            raise ValueError(msg)
        if self._plan.is_public:
            return None
        tokens = None if persona.is_anonymous else log_in(self._app, persona)

        def decide(jwt: JWTManager[Any]) -> Decision:
            token = None if tokens is None else jwt.verify(tokens.current, kind=ANY)
            return self._decide(jwt, token)

        return in_app(self._app, decide)

    def _decide(self, jwt: JWTManager[Any], token: Token | None) -> Decision:
        policy, baseline = self._plan.closed.policy, bound_to(self._app).baseline
        base = None if token is None else for_kind(baseline, token.kind)
        whole = policy if base is None else joined([policy, base])
        decision = self._explained(jwt, whole, token)
        if base is None or decision.outcome <= Outcome.INVALID_TOKEN:
            return decision
        # As for a real request: whoever has a token that is void has to get another one first.
        of_baseline = self._explained(jwt, base, token)
        return of_baseline if of_baseline.outcome is Outcome.INVALID_TOKEN else decision

    def _explained(self, jwt: JWTManager[Any], policy: Any, token: Token | None) -> Decision:
        decision = jwt.explain(policy, self._access(token, NOT_LOADED))
        if decision.outcome is not Outcome.PENDING or self._plan.loader is None:
            return decision
        load = self._app.ensure_sync(self._plan.loader)
        try:
            resource = load(**self._situation.view_args)
        except HTTPException as error:
            return replace(decision, outcome=Outcome.ERROR, said=str(error), error=error)
        return jwt.explain(policy, self._access(token, resource))

    def _access(self, token: Token | None, resource: object) -> AccessRequest:
        given, loader = self._situation.resource, self._plan.loader
        if given is not NOT_GIVEN or loader is None:
            resource = given
        return AccessRequest(
            token=token,
            method=self._situation.method,
            view_args=self._situation.view_args,
            resource=resource,
        )


def _plan_of(bound: BoundApp, guarded: Guarded, method: str, label: str) -> Plan:
    """Return the plan that *guarded* would have for *method*.

    Raises:
        PolicyDefinitionError: Nothing guards it, or no request could pass.
        ValueError: It is a class without a handler for *method*.
    """
    view: Any = guarded
    if isinstance(guarded, type):
        handled = sorted(getattr(guarded, "methods", None) or ())
        # Flask lets GET's handler answer HEAD.
        asked = "GET" if method == "HEAD" and "HEAD" not in handled else method
        if handled and asked not in handled:
            msg = f"{label}: {guarded.__name__} handles {', '.join(handled)}"
            raise ValueError(msg)
        view = view.as_view(guarded.__name__)
    written = WrittenGuards(view)
    written.check(method, label)
    guards = written.counting(method)
    if not guards:
        msg = f"{label} has no guard of its own; if its blueprint has one, give its route instead"
        raise PolicyDefinitionError(msg)
    return bound.planner.joined(Demand(label, method, guards), bound.baseline)


def _check_args(policy: Policy, view_args: Mapping[str, Any], label: str) -> None:
    """Refuse a request whose URL lacks a value: everybody would be refused, whoever it is.

    Raises:
        ValueError: A policy compares with a value that is not among *view_args*.
    """
    lacking = [name for leaf in leaves(policy) for name in missing_variables(leaf, view_args)]
    if lacking:
        said = ", ".join(f"{name!r}: …" for name in dict.fromkeys(lacking))
        msg = f"{label}: its policies read values of the URL: pass view_args={{{said}}}"
        raise ValueError(msg)


def status_of(decision: Decision) -> int:
    """Return the status that answers *decision*; 200 where the view would run."""
    if decision:
        return 200
    error = refusal(decision)
    return (error.code or 500) if isinstance(error, HTTPException) else 500
