"""Rewrite ``create_access_token`` to ``issue``; with a refresh token, both to one ``login``."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from ...tokens.claims import RESERVED_CLAIMS
from ...tokens.jose import RESERVED_HEADERS
from ..application import Reference
from ..names import own_name
from ..source import Part, arguments, literal
from ..work import Work
from .identities import Identity, said_by
from .members import check_members

#: The parameters of ``create_access_token``.
_ACCESS: Final = (
    "identity",
    "fresh",
    "expires_delta",
    "additional_claims",
    "additional_headers",
)
#: The parameters of ``create_refresh_token``.
_REFRESH: Final = ("identity", "expires_delta", "additional_claims", "additional_headers")

#: The names of arguments in this library.
_RENAMED: Final = {
    "fresh": "fresh",
    "expires_delta": "expires_in",
    "additional_claims": "claims",
    "additional_headers": "headers",
}
_RESERVED: Final = {
    "additional_claims": RESERVED_CLAIMS | {"sub"},
    "additional_headers": RESERVED_HEADERS,
}
#: Nodes in which a call may not happen at all, or happen several times.
_CONDITIONAL: Final = (
    ast.IfExp,
    ast.BoolOp,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
_UNTOLD: Final = "its arguments cannot be told: name them, identity=…, without stars"
_LONE: Final = (
    "a refresh token belongs to a login here: make an access token beside it, in the same block "
    "and for the same identity"
)


@dataclass(frozen=True, slots=True)
class Made:
    """A call of ``create_access_token`` or ``create_refresh_token``.

    Attributes:
        reference: The reference to the function.
        given: Its arguments, by the names of the parameters.
        statement: The statement that makes the call exactly once; None if it may not.
    """

    reference: Reference
    given: Mapping[str, ast.expr]
    statement: ast.stmt | None

    @property
    def call(self) -> ast.Call:
        """The call of it."""
        return self.reference.call  # type: ignore[return-value] # checked when it was made

    @property
    def texts(self) -> dict[str, str]:
        """The arguments that are not None, as source text."""
        return {n: ast.unparse(v) for n, v in self.given.items() if literal(v) is not None}


def rewrite_issuing(work: Work, identity: Identity | None) -> None:
    """Rewrite all calls that make tokens in a file."""
    accesses = _made(work, "create_access_token", _ACCESS)
    refreshes = _made(work, "create_refresh_token", _REFRESH)
    for refresh in refreshes:
        block = _block(work, refresh)
        beside = [found for found in accesses if block and _block(work, found) is block]
        rivals = [found for found in refreshes if block and _block(work, found) is block]
        if len(beside) == 1 and len(rivals) == 1:
            accesses.remove(beside[0])
            _rewrite_pair(work, beside[0], refresh, identity)
        else:
            work.hinder(refresh.call, _LONE)
    for access in accesses:
        _rewrite_access(work, access, identity)


def _made(work: Work, name: str, parameters: Sequence[str]) -> list[Made]:
    found: list[Made] = []
    for reference in work.file.of(name):
        given = arguments(reference.call, parameters)
        if given is None or "identity" not in given:
            work.hinder(reference.node, _UNTOLD)
            continue
        _check_arguments(work, given)
        found.append(Made(reference, given, _statement(work, reference)))
    return found


def _statement(work: Work, reference: Reference) -> ast.stmt | None:
    """Return the statement that makes the call exactly once, or None."""
    deciding = (*_CONDITIONAL, ast.stmt)
    found = next(
        above for above in work.source.parents(reference.node) if isinstance(above, deciding)
    )
    simple = (ast.Assign, ast.AnnAssign, ast.Expr, ast.Return)
    return found if isinstance(found, simple) and work.source.is_alone(found) else None


def _block(work: Work, made: Made) -> list[ast.stmt] | None:
    """Return the block of statements that holds the call of a token, or None."""
    statement = made.statement
    above = None if statement is None else work.source.parent(statement)
    names = ("body", "orelse", "finalbody")
    blocks: list[list[ast.stmt]] = [getattr(above, name, []) for name in names]
    return next((block for block in blocks if statement in block), None)


def _check_arguments(work: Work, given: Mapping[str, ast.expr]) -> None:
    """Add hindrances for arguments that this library does not have, with advice."""
    fresh, lifetime = given.get("fresh"), given.get("expires_delta")
    if fresh is not None and (
        type(literal(fresh)) in (int, float) or "timestamp" in ast.unparse(fresh)
    ):
        work.hinder(fresh, "fresh is True, False or a timedelta here")
    if lifetime is not None and any(isinstance(n, ast.USub) for n in ast.walk(lifetime)):
        work.hinder(
            lifetime,
            "no token is made here that has expired already: make one of a second, and move the "
            "clock, with freezegun or time-machine",
        )
    if lifetime is not None and "relativedelta" in ast.unparse(lifetime):
        work.hinder(lifetime, "a lifetime is a timedelta here")
    if lifetime is not None and literal(lifetime) is False:
        setting = work.application.settings.get("JWT_REQUIRE_EXP")
        if setting is None or literal(setting.value) is not False:
            work.hinder(
                lifetime,
                "tokens that never expire are refused here: give it a timedelta, or set "
                "JWT_REQUIRE_EXP = False, which changes nothing before",
            )
    for name, reserved in _RESERVED.items():
        if name in given:
            check_members(work, given[name], reserved)


def _rewrite_access(work: Work, made: Made, identity: Identity | None) -> None:
    demand = work.file.demands.around(made.call)
    user = _user(work, made, identity)
    more = list(_renamed(work, made.given))
    if demand is not None and demand.refresh:
        # So that a logout ends what a refresh token was exchanged for.
        more.append((", session=", f"{work.native('current_token')}.session_id"))
    parts = chain.from_iterable(more)
    work.source.replace(made.call, f"{work.manager(made.call)}.issue(", *user, *parts, ")")


def _renamed(work: Work, given: Mapping[str, ast.expr]) -> list[tuple[Part, ...]]:
    found: list[tuple[Part, ...]] = []
    for name, value in given.items():
        meant = literal(value)
        if name == "identity" or meant is None or (name == "fresh" and meant is False):
            continue
        is_endless = name == "expires_delta" and meant is False
        found.append((f", {_RENAMED[name]}=", work.native("NEVER") if is_endless else value))
    return found


def _user(work: Work, made: Made, identity: Identity | None) -> tuple[Part, ...]:
    """Return the expression of the user; of the proxy ``current_user`` the user itself."""
    given = made.given["identity"]
    if identity is not None:
        return said_by(work, identity, given)
    if own_name(work.source.origin(given)) == "current_user":
        work.hinder(given, "pass the identity itself: get_jwt_identity()")
    return (given,)


def _rewrite_pair(work: Work, access: Made, refresh: Made, identity: Identity | None) -> None:
    demand = work.file.demands.around(access.call)
    obstacle = _obstacle(work, access, refresh, is_rotation=demand is not None and demand.refresh)
    if obstacle:
        work.hinder(refresh.call, obstacle)
        return
    manager, pair = work.manager(access.call), work.free_name("pair")
    parts: list[Part]
    if demand is not None and demand.refresh:
        parts = [f"{manager}.refresh({work.native('current_token')})"]
    else:
        said = {"fresh": ast.Constant(value=False), **access.given}
        marked: list[Part] = [", fresh=", _text_or_node(said["fresh"])]
        if literal(said.pop("fresh")) is True:
            marked = []
        more = chain.from_iterable(_renamed(work, said))
        parts = [f"{manager}.login(", *_user(work, access, identity), *marked, *more, ")"]
    statements = filter(None, (access.statement, refresh.statement))
    first = min(statements, key=lambda statement: statement.lineno)
    start = work.source.line_start(first)
    indent = work.source.text[start : work.source.span(first)[0]]
    work.source.replace_span(start, start, f"{indent}{pair} = ", *parts, work.source.newline)
    work.source.replace(access.call, f"{pair}.access_token")
    work.source.replace(refresh.call, f"{pair}.refresh_token")


def _text_or_node(node: ast.expr) -> Part:
    return node if hasattr(node, "lineno") else ast.unparse(node)


def _obstacle(work: Work, access: Made, refresh: Made, *, is_rotation: bool) -> str:
    """Return the reason why one login cannot make both tokens, with advice."""
    said, again = access.texts, refresh.texts
    if "expires_delta" in {*said, *again}:
        return (
            "the settings say when the tokens of a login expire: set JWT_ACCESS_TOKEN_EXPIRES "
            "and JWT_REFRESH_TOKEN_EXPIRES, and leave expires_delta out"
        )
    if said.get("identity") != again.get("identity") or _is_bound_between(work, access, refresh):
        return _LONE
    if is_rotation:
        is_same = (
            set(said) <= {"identity", "fresh"}
            and literal(access.given.get("fresh", ast.Constant(value=False))) is False
        )
        if not is_same or not _is_current(work, access.given["identity"]):
            return (
                "a refresh uses the claims of the login: make both tokens of "
                "get_jwt_identity() alone, and add claims by @jwt.additional_claims_loader"
            )
        return ""
    both = ("additional_claims_loader", "user_lookup_loader")
    if "additional_claims" in said and all(map(work.application.registers, both)):
        return (
            "the claims of a login and those of a loader may not say the same names here: let "
            "@jwt.additional_claims_loader say them all"
        )
    if any(said.get(name) != again.get(name) for name in _RESERVED):
        return (
            "what a login says beside the user all its tokens say, after each refresh too: where "
            "that is meant, pass create_refresh_token the same claims and headers"
        )
    return ""


def _is_current(work: Work, node: ast.expr) -> bool:
    """Whether *node* is the identity of the current token, or a variable that holds it."""
    if isinstance(node, ast.Name):
        scope, found = work.source.bound(node.id, node)
        statement = work.source.parent(found[0].node) if len(found) == 1 else None
        if isinstance(statement, ast.Assign) and scope is not work.source.tree:
            return _is_current(work, statement.value)
    names = ("get_jwt_identity", "current_user", "get_current_user")
    function = node.func if isinstance(node, ast.Call) else node
    return own_name(work.source.origin(function)) in names


def _is_bound_between(work: Work, access: Made, refresh: Made) -> bool:
    """Whether a name in the arguments is rebound between the first and the second call."""
    block = _block(work, access) or []
    first, last = sorted(block.index(made.statement) for made in (access, refresh))  # type: ignore[arg-type] # in it
    used = {
        node.id
        for made in (access, refresh)
        for value in made.given.values()
        for node in ast.walk(value)
        if isinstance(node, ast.Name)
    }
    bound = {
        node.id
        for statement in block[first:last]
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    return bool(used & bound)
