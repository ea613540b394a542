"""Turn guards into policies: ``@jwt_required(fresh=True)`` into ``@protect(Fresh())``."""

from __future__ import annotations

from typing import Final

import libcst as cst

from ..demands import Demand, demand_of, guarded_by
from ..facts import Reference
from ..nodes import expression, keyword, literal, with_arguments
from ..work import Work

_AGAIN: Final = "and run this command again"
#: Attributes of applications and blueprints that register a view.
_ROUTES: Final = frozenset({"route", "get", "post", "put", "patch", "delete"})


def rewrite_decorator(work: Work, reference: Reference) -> None:
    """Rewrite one ``jwt_required``."""
    obstacle = _obstacle(work, reference)
    if obstacle is not None:
        _leave(work, reference, obstacle)
        return
    demand = demand_of(reference.call) or Demand()
    protect = work.native("protect")
    work.become(reference, protect)
    arguments = _arguments(work, demand)
    work.change_call(reference, lambda call: with_arguments(call, arguments))
    _check_place(work, reference, protect)
    _advise_rotation(work, reference, demand)


def _leave(work: Work, reference: Reference, text: str) -> None:
    """Leave a guard, and what goes on behind it, to a person."""
    work.note(reference.node, text)
    work.leave(guarded_by(reference, work.source) or reference.node)


def _obstacle(work: Work, reference: Reference) -> str | None:
    """Return what a person has to do, where it cannot be rewritten."""
    parent = work.source.parent(reference.node)
    if reference.call is None and not isinstance(parent, cst.Decorator):
        return f"jwt_required is used as a value: write protect(…) where it is called, {_AGAIN}"
    demand = demand_of(reference.call)
    if demand is None:
        return f"the arguments are not plain True and False: write @protect(…) by hand, {_AGAIN}"
    if _is_method_decorator(work, reference):
        return (
            f"method_decorators make a new guard for each request: put it on the methods, {_AGAIN}"
        )
    return _impossible(demand)


def _impossible(demand: Demand) -> str | None:
    if demand.skip_revocation_check:
        return (
            "revocation is always asked for: write @protect(), or for a logout that takes every "
            f"token @protect(OptionalToken(ignore_invalid=True)), {_AGAIN}"
        )
    if demand.fresh and demand.refresh:
        return f"no token is fresh and a refresh token: decide for one, {_AGAIN}"
    return None


def _is_method_decorator(work: Work, reference: Reference) -> bool:
    """Whether Flask-RESTful applies it anew at each request."""
    return any(
        isinstance(target.target, cst.Name) and target.target.value == "method_decorators"
        for above in work.source.parents(reference.node)
        if isinstance(above, cst.Assign)
        for target in above.targets
    )


def _arguments(work: Work, demand: Demand) -> list[cst.Arg]:
    text = policy_text(work, demand)
    arguments = [cst.Arg(expression(text))] if text else []
    if demand.locations is not None:
        arguments.append(keyword("transports", demand.locations.value))
    return arguments


def policy_text(work: Work, demand: Demand) -> str:
    """Return the policy that demands the same; an empty text for an access token."""
    kind = ""
    if demand.fresh:
        kind = f"{work.native('Fresh')}()"
    elif not demand.verify_type:
        kind = f"{work.native('Access')}() | {work.native('Refresh')}()"
    elif demand.refresh:
        kind = f"{work.native('Refresh')}()"
    if not demand.optional:
        return kind
    return f"{work.native('Anonymous')}() | {kind}" if kind else f"{work.native('OptionalToken')}()"


def _check_place(work: Work, reference: Reference, protect: str) -> None:
    """Find guards that guard nothing, and views that answer OPTIONS themselves."""
    function = guarded_by(reference, work.source)
    if not isinstance(function, cst.FunctionDef):
        return
    decorators = [decorator.decorator for decorator in function.decorators]
    own = next((d for d in decorators if d in (reference.node, reference.call)), None)
    if own is None:
        return
    below = decorators[decorators.index(own) + 1 :]
    if any(_is_route(decorator) for decorator in below):
        work.note(
            reference.node,
            f"the route is open today, because its decorator is below: move @{protect} below it",
        )
    if any(_answers_options(decorator) for decorator in decorators):
        work.note(
            reference.node,
            "this view answers OPTIONS itself, which needs a token now: let Flask answer it",
        )


def _is_route(decorator: cst.BaseExpression) -> bool:
    function = decorator.func if isinstance(decorator, cst.Call) else None
    return isinstance(function, cst.Attribute) and function.attr.value in _ROUTES


def _answers_options(decorator: cst.BaseExpression) -> bool:
    if not isinstance(decorator, cst.Call) or not _is_route(decorator):
        return False
    given = {arg.keyword.value: arg.value for arg in decorator.args if arg.keyword is not None}
    methods = literal(given["methods"]) if "methods" in given else ()
    listed = methods if isinstance(methods, list | tuple | set) else ()
    return any(isinstance(method, str) and method.upper() == "OPTIONS" for method in listed)


def _advise_rotation(work: Work, reference: Reference, demand: Demand) -> None:
    if not demand.refresh:
        return
    function = guarded_by(reference, work.source)
    inside = [ref for ref in work.facts.references if _is_inside(work, ref, function)]
    if any(ref.name == "create_access_token" for ref in inside):
        work.note(
            reference.node,
            "this view takes a refresh token again and again: let RefreshView of "
            "jwtpolicy.endpoints take its place, which uses it up and gives the next pair, and "
            "put claims that are added here into a ClaimSchema or @jwt.extra_claims",
        )


def _is_inside(work: Work, reference: Reference, function: cst.CSTNode | None) -> bool:
    return any(above is function for above in work.source.parents(reference.node))


def rewrite_verification(work: Work, reference: Reference) -> None:
    """Rewrite one ``verify_jwt_in_request`` into ``jwt.enforce``."""
    obstacle = _obstacle_inside(work, reference)
    manager = work.manager(reference.node) if obstacle is None else None
    if manager is None:
        _leave(work, reference, obstacle or f"this needs the manager: {work.managers.missing()}")
        return
    demand = demand_of(reference.call) or Demand()
    text = policy_text(work, demand) or f"{work.native('Access')}()"
    work.become(reference, f"{manager}.enforce")
    arguments = [cst.Arg(expression(text))]
    work.change_call(reference, lambda call: with_arguments(call, arguments))


def _obstacle_inside(work: Work, reference: Reference) -> str | None:
    """Return what a person has to do, where a check inside a function cannot be rewritten."""
    demand = demand_of(reference.call)
    if reference.call is None:
        return f"it is used as a value: write @protect() on the views, {_AGAIN}"
    if demand is None:
        return f"the arguments are not plain True and False: write jwt.enforce(…), {_AGAIN}"
    if demand.locations is not None:
        return f"only a guard chooses places: write @protect(transports=…) on the views, {_AGAIN}"
    if not isinstance(work.source.parent(reference.call), cst.Expr):
        return (
            "write jwt.enforce(Access()), and current_token.header and current_token.claims for "
            f"what it returned, {_AGAIN}"
        )
    return _impossible(demand)
