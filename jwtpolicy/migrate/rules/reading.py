"""Rewrite ``get_jwt`` and its like to ``current_token`` and ``current_user``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from ..application import Reference
from ..source import Function, last_name, string
from ..work import Work
from .hooks import hooks_of

#: Statements in which a conditional expression needs no parentheses.
_OPEN: Final = (ast.Assign, ast.AnnAssign, ast.Return)
_CHANGING: Final = frozenset({"clear", "pop", "popitem", "setdefault", "update"})


def rewrite_identity(work: Work, reference: Reference) -> None:
    """Rewrite ``get_jwt_identity()``."""
    _replace(work, reference, "{}.subject", "None")


def rewrite_claims(work: Work, reference: Reference) -> None:
    """Rewrite ``get_jwt()``."""
    _rewrite_mapping(work, reference, "{}.claims")


def rewrite_header(work: Work, reference: Reference) -> None:
    """Rewrite ``get_jwt_header()``."""
    _rewrite_mapping(work, reference, "{}.header")


def _rewrite_mapping(work: Work, reference: Reference, text: str) -> None:
    uses = list(uses_of(work, reference.call)) if reference.call is not None else []
    if any(is_changed(work, use) for use in uses):
        if uses[0] is reference.call:
            work.hinder(reference.node, "claims are read-only: change a copy of them, dict(…)")
        text = f"dict({text})"
    if reference.name == "get_jwt" and work.application.has_refresh_claims:
        _check_members(work, reference, uses)
    _replace(work, reference, text, "{}")


def _check_members(work: Work, reference: Reference, uses: list[ast.AST]) -> None:
    """Add hindrances for claims of a login read from refresh tokens, which lack them here."""
    demand = work.file.demands.around(reference.node)
    if demand is not None and not demand.refresh and demand.verify_type:
        return
    for use in uses:
        member = _member(work, use)
        key = member.slice if isinstance(member, ast.Subscript) else None
        if isinstance(member, ast.Call) and member.args:
            key = member.args[0]
        if string(key) not in _IN_EVERY_TOKEN:
            work.hinder(
                use,
                "a refresh token does not have the claims of its login here: read them of the "
                "user, or where only access tokens come call verify_jwt_in_request() above",
            )


#: Claims that refresh tokens have too.
_IN_EVERY_TOKEN: Final = frozenset({"sub", "jti", "iat", "nbf", "exp", "type", "fresh", "csrf"})


def rewrite_user(work: Work, reference: Reference) -> None:
    """Rewrite ``get_current_user()``, which returned the user and no proxy of it."""
    _replace(work, reference, f"{work.manager(reference.node)}.current_user", "None")


def rewrite_location(work: Work, reference: Reference) -> None:
    """Rewrite ``get_jwt_request_location()``."""
    _replace(work, reference, f"{work.manager(reference.node)}.current_transport")


def rewrite_user_proxy(work: Work, reference: Reference) -> None:
    """Have ``current_user`` imported from here; it is a proxy too."""
    above = work.source.parent(reference.node)
    is_behind = isinstance(above, ast.Attribute) and above.attr == "_get_current_object"
    is_compared = isinstance(above, ast.Compare) and any(
        isinstance(operator, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for operator in above.ops
    )
    if is_compared or (is_behind and work.application.has_optional):
        work.hinder(
            reference.node,
            "without a token this is not None here: write get_current_user() in its place",
        )
    move(work, reference, "current_user")


def move(work: Work, reference: Reference, name: str, module: str = "jwtpolicy") -> None:
    """Import the name of the same meaning from this library."""
    if isinstance(reference.node, ast.Name):
        work.needed[module].add((name, reference.node.id))
    else:
        work.source.replace(reference.node, work.native(name, module))


def _replace(work: Work, reference: Reference, text: str, otherwise: str | None = None) -> None:
    """Replace a call by *text*, or where requests may come without a token also by *otherwise*."""
    if reference.call is None:
        work.hinder(
            reference.node, f"it is used as a value: write lambda: {ast.unparse(reference.node)}()"
        )
        return
    _check_rescue(work, reference)
    token = work.native("current_token") if "{}" in text or otherwise is not None else ""
    text = text.replace("{}", token)
    if otherwise is not None and _may_be_absent(work, reference):
        text = f"{text} if {token} else {otherwise}"
        if not isinstance(work.source.parent(reference.call), _OPEN):
            text = f"({text})"
    work.source.replace(reference.call, text)


def _may_be_absent(work: Work, reference: Reference) -> bool:
    """Whether the request may have no token although a guard has run."""
    if not work.application.has_optional:
        return False
    demands = work.sight.before(work.file, reference.node)
    if None in demands:
        work.hinder(reference.node, _UNSEEN)
    return any(demand is not None and demand.optional for demand in demands)


_UNSEEN: Final = (
    "no guard is seen to run before this, where it was a RuntimeError without one: call "
    "verify_jwt_in_request() above, with optional=True if requests without a token are allowed"
)


def _check_rescue(work: Work, reference: Reference) -> None:
    """Add hindrances where the ``RuntimeError`` outside of guarded views is caught."""
    for above in work.source.parents(reference.node):
        if _is_rescue(above):
            is_hook = any(hooks_of(work.source.function_around(above)))
            work.hinder(reference.node, _IN_HOOK if is_hook else _RESCUED)
        if isinstance(above, Function):
            return


_RESCUED: Final = (
    "without a guard this was a RuntimeError, which is caught here, and is none any more: call "
    "verify_jwt_in_request(optional=True) first and compare with None"
)
_IN_HOOK: Final = (
    "what runs around requests cannot know whether a guard has let a token in: read it in the "
    "views; cookies slide by JWT_COOKIE_RENEW_WITHIN here, where the login has made both tokens"
)


def _is_rescue(node: ast.AST) -> bool:
    """Whether *node* catches a ``RuntimeError`` that is raised below it."""
    if isinstance(node, ast.Try | ast.TryStar):
        return any(h.type is None or _names_rescue(h.type) for h in node.handlers)
    items = node.items if isinstance(node, ast.With | ast.AsyncWith) else ()
    calls = [i.context_expr for i in items if last_name(i.context_expr) == "suppress"]
    return any(map(_names_rescue, calls))


def _names_rescue(node: ast.AST) -> bool:
    return any(last_name(found) in _RESCUING for found in ast.walk(node))


_RESCUING: Final = frozenset({"BaseException", "Exception", "RuntimeError"})


def uses_of(work: Work, node: ast.AST) -> Iterator[ast.AST]:
    """Yield *node*, or where it is assigned to one local variable the uses of that."""
    statement = work.source.parent(node)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    if isinstance(target, ast.Name) and len(statement.targets) == 1:  # type: ignore[union-attr] # an Assign
        yield from work.source.uses(target.id, next(work.source.scopes(target)))
    else:
        yield node


def is_changed(work: Work, node: ast.AST) -> bool:
    """Whether a member of the mapping *node* is assigned or deleted, or all of it."""
    parent = work.source.parent(node)
    if isinstance(parent, ast.Subscript):
        return not isinstance(parent.ctx, ast.Load) or is_target(work, parent)
    return isinstance(parent, ast.Attribute) and parent.attr in _CHANGING


def is_target(work: Work, node: ast.AST) -> bool:
    """Whether *node* is the target of an augmented assignment."""
    above = work.source.parent(node)
    return isinstance(above, ast.AugAssign) and above.target is node


def _member(work: Work, node: ast.AST) -> ast.AST:
    """Return the member that is read of a mapping: ``node["x"]``, ``node.get("x")``."""
    parent = work.source.parent(node)
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return parent
    above = work.source.parent(parent) if isinstance(parent, ast.Attribute) else None
    is_get = isinstance(above, ast.Call) and above.func is parent
    return above if is_get and above is not None else node
