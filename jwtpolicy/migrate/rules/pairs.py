"""Turn an access and a refresh token made side by side into one ``jwt.login``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import libcst as cst

from ..arguments import ACCESS, REFRESH, check_arguments, renamed, user_behind
from ..facts import Reference
from ..nodes import bound, expression, keyword, literal, text_of, values, walk
from ..work import Work

#: Where a call may not happen at all, or happen several times.
_CONDITIONAL: Final = (cst.IfExp, cst.BooleanOperation, cst.Lambda, cst.BaseComp)


@dataclass(frozen=True, slots=True)
class Made:
    """A token that is made once in a line.

    Attributes:
        reference: The function that makes it.
        arguments: Its arguments, by the names of the parameters.
        line: The statement in which it stands.
        block: The statements among which that one is.
    """

    reference: Reference
    arguments: Mapping[str, cst.Arg]
    line: cst.SimpleStatementLine
    block: Sequence[cst.CSTNode]

    @property
    def position(self) -> int:
        """Where the line is in the block."""
        return self.block.index(self.line)

    @property
    def texts(self) -> dict[str, str]:
        """The arguments as text."""
        return {name: text_of(argument.value) for name, argument in self.arguments.items()}


def rewrite_pairs(work: Work) -> None:
    """Rewrite what makes both tokens of one user in one block."""
    accesses = list(_made(work, "create_access_token", ACCESS))
    refreshes = list(_made(work, "create_refresh_token", REFRESH))
    for access in accesses:
        beside = [found for found in refreshes if found.block is access.block]
        rivals = [found for found in accesses if found.block is access.block]
        if len(beside) == len(rivals) == 1 and _fits(work, access, beside[0]):
            _rewrite(work, access, beside[0])


def _made(work: Work, name: str, parameters: Sequence[str]) -> Iterator[Made]:
    for reference in work.pending():
        if reference.name == name and reference.call is not None:
            arguments = bound(reference.call, parameters)
            line = _line_of(work, reference)
            if arguments is not None and line is not None:
                block = getattr(work.source.parent(line), "body", ())
                yield Made(reference, arguments, line, block)


def _line_of(work: Work, reference: Reference) -> cst.SimpleStatementLine | None:
    """Return the line in which a call happens exactly once, if there is one."""
    deciding = (cst.SimpleStatementLine, *_CONDITIONAL, cst.BaseStatement)
    parents = work.source.parents(reference.node)
    found = next(above for above in parents if isinstance(above, deciding))
    return found if isinstance(found, cst.SimpleStatementLine) else None


def _fits(work: Work, access: Made, refresh: Made) -> bool:
    """Whether both say the same of the same user, so that one login can say it."""
    said, again = access.texts, refresh.texts
    is_same = "identity" in again and again.items() <= said.items()
    demand = work.demands.around(access.reference.node)
    return (
        is_same
        and "expires_delta" not in said
        and access.position <= refresh.position
        and not (demand is not None and demand.refresh)
        and not _names_used(access) & _names_bound(access, refresh)
    )


def _names_used(made: Made) -> set[str]:
    found = (walk(argument.value) for argument in made.arguments.values())
    return {node.value for nodes in found for node in nodes if isinstance(node, cst.Name)}


def _names_bound(access: Made, refresh: Made) -> set[str]:
    """Return the names that get another meaning between the two."""
    between = access.block[access.position : refresh.position]
    nodes = [node for part in between for node in walk(part)]
    targets = [node.target for node in nodes if isinstance(node, _BINDING)]
    return {node.value for t in targets for node in walk(t) if isinstance(node, cst.Name)}


_BINDING: Final = (cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.NamedExpr, cst.For)


def _rewrite(work: Work, access: Made, refresh: Made) -> None:
    manager = work.manager(access.reference.node)
    if manager is None:
        return
    check_arguments(work, access.arguments)
    pair = work.free_name("pair")
    names = list(access.arguments)
    user = user_behind(work, access.arguments["identity"], manager)
    given: dict[str, cst.BaseExpression] = {}

    def part_of_pair(call: cst.Call) -> cst.BaseExpression:
        given.update(values(call, names))
        return expression(f"{pair}.access_token")

    def with_login(line: cst.SimpleStatementLine) -> cst.FlattenSentinel[cst.CSTNode]:
        call = cst.Call(expression(f"{manager}.login"), _login_arguments(given, user))
        login = cst.Assign([cst.AssignTarget(cst.Name(pair))], call)
        above = cst.SimpleStatementLine([login], line.leading_lines)
        return cst.FlattenSentinel([above, line.with_changes(leading_lines=[])])

    work.take(access.reference)
    work.take(refresh.reference)
    work.change_call(access.reference, part_of_pair)
    work.change_call(refresh.reference, lambda _: expression(f"{pair}.refresh_token"))
    work.edits.change(access.line, with_login)


def _login_arguments(
    given: Mapping[str, cst.BaseExpression], user: cst.BaseExpression | None
) -> list[cst.Arg]:
    rest = dict(given)
    identity, fresh = rest.pop("identity"), rest.pop("fresh", cst.Name("False"))
    marked = [] if literal(fresh) is True else [keyword("fresh", fresh)]
    return [cst.Arg(user or identity), *marked, *renamed(rest, "NEVER")]
