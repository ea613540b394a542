"""Turn guards into policies: ``@jwt_required(fresh=True)`` into ``@protect(Fresh())``."""

from __future__ import annotations

import ast
from typing import Final

from ..application import Reference
from ..demands import ROUTES, Demand, demand_of
from ..source import Function, Part, literal
from ..work import Work
from .hooks import hooks_of


def rewrite_decorator(work: Work, reference: Reference) -> None:
    """Rewrite one ``jwt_required``."""
    demand = demand_of(reference.call)
    obstacle = _obstacle(work, demand) if reference.call is not None else _VALUE
    if obstacle or demand is None or reference.call is None:
        work.hinder(reference.node, obstacle)
        return
    _check_place(work, reference)
    policy = policy_text(work, demand)
    said: list[Part] = [policy]
    if demand.locations is not None:
        said += [", transports=" if policy else "transports=", demand.locations]
    work.source.replace(reference.call, work.native("protect"), "(", *said, ")")


_VALUE: Final = "it is used as a value: write jwt_required(…) where a view is to be guarded"


def _obstacle(work: Work, demand: Demand | None) -> str:
    """Return the advice to a person, where no policy expresses the demand."""
    if demand is None:
        return "its arguments are not plain: write True and False, and no stars"
    if demand.skip_revocation_check and work.application.registers("token_in_blocklist_loader"):
        return (
            "a revoked token is refused everywhere here: leave skip_revocation_check out, and let "
            "clients take the 401 of a second logout for a success"
        )
    if demand.fresh and demand.refresh:
        return "no token is fresh and a refresh token: leave one of them out"
    return ""


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


def _check_place(work: Work, reference: Reference) -> None:
    """Add hindrances for guards that guard nothing, and views that answer OPTIONS."""
    function = next(work.source.parents(reference.call or reference.node))
    if not isinstance(function, Function):
        return
    decorators = function.decorator_list
    own = decorators.index(reference.call)  # type: ignore[arg-type] # a guard is called
    if any(_is_route(decorator) for decorator in decorators[own + 1 :]):
        work.hinder(
            reference.node,
            "the route is open, because its decorator stands below the guard: write it above",
        )
    if any(_answers_options(decorator) for decorator in decorators):
        work.hinder(
            reference.node,
            "this view answers OPTIONS itself, which would need a token: leave OPTIONS to Flask",
        )
    if set(hooks_of(function)):
        work.hinder(reference.node, _HOOK)


_HOOK: Final = (
    "what runs around requests cannot be guarded: guard the views, with @jwt_required() on each, "
    "and remove it; jwt.protect_blueprint(blueprint) can take its place afterwards"
)


def _is_route(decorator: ast.AST) -> bool:
    function = decorator.func if isinstance(decorator, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr in ROUTES


def _answers_options(decorator: ast.AST) -> bool:
    if not isinstance(decorator, ast.Call) or not _is_route(decorator):
        return False
    given = next((k.value for k in decorator.keywords if k.arg == "methods"), None)
    methods = () if given is None else literal(given)
    listed = methods if isinstance(methods, list | tuple | set) else ()
    return any(isinstance(method, str) and method.upper() == "OPTIONS" for method in listed)


def rewrite_verification(work: Work, reference: Reference) -> None:
    """Rewrite one ``verify_jwt_in_request`` into ``enforce``."""
    demand = demand_of(reference.call)
    obstacle = _obstacle_inside(work, reference, demand)
    if obstacle or demand is None or reference.call is None:
        work.hinder(reference.node, obstacle)
        return
    policy = policy_text(work, demand) or f"{work.native('Access')}()"
    work.source.replace(reference.call, f"{work.manager(reference.node)}.enforce({policy})")


def _obstacle_inside(work: Work, reference: Reference, demand: Demand | None) -> str:
    """Return the advice to a person, where a check inside a function cannot be rewritten."""
    if reference.call is None or set(hooks_of(work.source.function_around(reference.node))):
        return _HOOK
    if demand is not None and demand.locations is not None:
        return "only a guard chooses places: write @jwt_required(locations=…) on the views"
    if not isinstance(work.source.parent(reference.call), ast.Expr):
        return (
            "call it in a line of its own, and read get_jwt_header(), get_jwt() or "
            "get_jwt_identity() below it"
        )
    return _obstacle(work, demand)
