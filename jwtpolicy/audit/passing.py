"""Satisfiability of a compiled policy for a caller: a search over truth values of its leaves.

What is found impossible is impossible. The reverse does not hold: a predicate of the application
is taken to say yes and no as it likes, and so are most matchers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final, cast

from ..decision import ALLOWED, Finding, Outcome
from ..policy.base import Policy, without_token
from ..policy.claim_policies import Attribute, ClaimsMatch
from ..policy.credentials import Anonymous, Credential, TokenKind
from ..policy.freshness import Fresh
from ..policy.matchers import Matcher, view_arg
from ..policy.program import Conjunction, Disjunction, Literal, Node, Program, Threshold
from ..policy.request import AccessRequest
from ..policy.resource import ResourceMatch
from .facts import Fact, agree, facts_of

_DENIED: Final = Finding(Outcome.FORBIDDEN)
_INVALID: Final = Finding(Outcome.INVALID_TOKEN)
_MISSING: Final = Finding(Outcome.MISSING_CLAIM)
_NOBODY: Final = AccessRequest()

#: The most facts that are tried in all combinations; with more, nothing is found impossible.
_MOST: Final = 12


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller of an endpoint, as far as that decides whether the policies can pass.

    Attributes:
        kind: The kind of the caller's own token; None without one.
        variables: The variables of the URL; None where the application adds to them.
    """

    kind: str | None
    variables: Collection[str] | None = None


def can_pass(program: Program, caller: Caller) -> bool:
    """Whether *caller* may be allowed, whatever else is true of the token and the request."""
    # Leaves whose finding is certain for this caller keep it in every trial; those that depend on
    # facts are what is tried. A predicate has a fact of its own, which no other leaf shares.
    literals = list(_literals(program.root))
    certain: dict[int, Finding] = {}
    free: dict[int, frozenset[Fact]] = {}
    for literal in literals:
        leaf = cast(Policy, literal.leaf)
        found = _certain(leaf, caller)
        if found is None:
            free[literal.index] = facts_of(leaf)
        else:
            certain[literal.index] = found
    wanted = [(free[one.index], not one.is_negated) for one in literals if one.index in free]
    settled, doubtful = _sorted_out(wanted)
    # 2 ** 12 trials take a moment; beyond that no verdict, which here means that it can pass.
    if len(doubtful) > _MOST:
        return True
    return any(
        _allows(program, certain | _said(free, truth)) for truth in _trials(settled, doubtful)
    )


def missing_variables(policy: Policy, variables: Collection[str] | None) -> list[str]:
    """Return the URL variables that a leaf compares with and that the rule does not have."""
    if variables is None or not isinstance(policy, ClaimsMatch | ResourceMatch):
        return []
    return [name for _, matcher in policy.matchers for name in _missing(matcher, variables)]


def _missing(matcher: Matcher, variables: Collection[str]) -> list[str]:
    is_missing = isinstance(matcher, view_arg) and matcher.name not in variables
    return [cast(view_arg, matcher).name] if is_missing else []


def _literals(node: Node) -> Iterator[Literal]:
    if isinstance(node, Conjunction | Disjunction | Threshold):
        for member in node.members:
            yield from _literals(member)
    elif isinstance(node, Literal):
        yield node


def _certain(leaf: Policy, caller: Caller) -> Finding | None:
    """Return the finding of *leaf* that this caller always gets, or None if it depends."""
    if caller.kind is None:
        return _of_nobody(leaf)
    if isinstance(leaf, TokenKind):
        return ALLOWED if leaf.kind == caller.kind else _INVALID
    if isinstance(leaf, Credential):
        # The others allow or cannot tell, and what cannot tell is no use to anybody.
        return _DENIED if isinstance(leaf, Anonymous) else ALLOWED
    if isinstance(leaf, Fresh) and caller.kind != "access":
        return _INVALID
    if missing_variables(leaf, caller.variables):
        is_sure = isinstance(leaf, ClaimsMatch) and leaf.absent is not None
        return _DENIED if is_sure else _MISSING
    return None


def _of_nobody(leaf: Policy) -> Finding | None:
    if isinstance(leaf, Credential | Attribute):
        return leaf.judge(_NOBODY)
    return without_token(_NOBODY) if leaf.needs_token else None


def _sorted_out(
    wanted: Collection[tuple[frozenset[Fact], bool]],
) -> tuple[dict[Fact, bool], list[Fact]]:
    """Return the facts that need no trial, each with its best value, and those to be tried."""
    sides: dict[Fact, set[bool]] = {}
    for facts, side in wanted:
        for fact in facts:
            sides.setdefault(fact, set()).add(side)
    # Negation stands at literals alone, so the tree only gains when a literal allows. A fact that
    # is asked for on one side only, and that no other fact of its name can contradict, is best on
    # that side, and needs no trial.
    names = [fact.name for fact in sides]
    doubtful = [f for f, both in sides.items() if len(both) > 1 or names.count(f.name) > 1]
    settled = {fact: True in side for fact, side in sides.items() if fact not in doubtful}
    return settled, doubtful


def _trials(settled: Mapping[Fact, bool], doubtful: list[Fact]) -> Iterator[dict[Fact, bool]]:
    """Yield every assignment of truth values to the facts that does not contradict itself."""
    for values in product((True, False), repeat=len(doubtful)):
        truth = dict(zip(doubtful, values, strict=True))
        if agree(truth):
            yield {**settled, **truth}


def _said(free: Mapping[int, frozenset[Fact]], truth: Mapping[Fact, bool]) -> dict[int, Finding]:
    """Return the finding of each leaf under the assignment *truth*."""
    return {
        index: ALLOWED if all(truth[fact] for fact in facts) else _DENIED
        for index, facts in free.items()
    }


def _allows(program: Program, said: Mapping[int, Finding]) -> bool:
    run = program.run(_NOBODY)
    run.findings = [said[index] for index in range(program.size)]
    return program.root.weigh(run) == Outcome.ALLOW
