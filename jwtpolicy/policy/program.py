"""Compiled policies: evaluate a tree of leaves for one request, cheap leaves first.

There are two passes over a tree. `Node.weigh` computes the outcome as an integer and stops as soon
as it is certain (short-circuit); this is all that an allowed request pays. `Node.compose` builds
the `Decision` tree from the findings of the first pass, for a refusal or for `explain`. Both stop
at the same leaf, so that a decision has only findings on which the request depended.

Outcomes are ordered by hardness, ``ALLOW`` being 0: AND is their maximum, OR their minimum.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import ClassVar, Final, NamedTuple, Protocol, TypeVar

from ..decision import NEGATED, NO_CURE, Cure, Decision, Finding, Outcome
from ..exceptions import AccessError
from .request import AccessRequest

_ALLOW = Outcome.ALLOW
_NO_TOKEN = Outcome.NO_TOKEN
_PENDING = Outcome.PENDING

#: Costs of a leaf: comparisons of claims, the application's code, a round trip to a database.
PURE, CPU, IO = 0, 1, 2


class Leaf(Protocol):
    """Interface of a policy without operands, as a program evaluates it."""

    cost: ClassVar[int]
    #: The hardest outcome that the leaf can give.
    worst: ClassVar[Outcome]

    @property
    def is_async(self) -> bool:
        """Whether it is an async function of the application."""

    @property
    def is_awaited(self) -> bool:
        """Whether an asynchronous run calls `judge_async`."""

    @property
    def is_single_use(self) -> bool:
        """Whether the token is valid for one request only, and consumed when this leaf allows."""

    @property
    def is_consumed(self) -> bool:
        """Whether the guard consumes that token, and not the view."""

    @property
    def refuses_nobody(self) -> bool:
        """Whether every request without a token is ``NO_TOKEN``, known without calling `judge`."""

    @property
    def identity(self) -> object:
        """The key by which equal leaves share one finding; hashable, types included."""

    @property
    def needs(self) -> frozenset[str]:
        """The scopes that it requires."""

    def judge(self, access: AccessRequest) -> Finding:
        """Return the finding for *access*."""

    async def judge_async(self, access: AccessRequest) -> Finding:
        """Return the finding for *access*, awaiting the application's code."""


class Run:
    """One evaluation of a program: the request, and the findings of leaves so far.

    Attributes:
        findings: By number of the leaf; None where it was not evaluated yet.
        awaiting: Async leaves that the last pass reached; None in a synchronous run.
    """

    __slots__ = ("access", "awaiting", "findings")

    def __init__(self, access: AccessRequest, size: int, awaits: bool = False) -> None:
        self.access = access
        self.findings: list[Finding | None] = [None] * size
        self.awaiting: list[Literal] | None = [] if awaits else None

    def forget_pending(self) -> None:
        """Discard ``PENDING`` findings: resource or user are loaded now, so evaluate them again."""
        self.findings = [f if f and f.outcome is not _PENDING else None for f in self.findings]

    def replaced(self, index: int, finding: Finding) -> Run:
        """Return a copy of the run with another finding of the leaf at *index*."""
        other = Run(self.access, 0, self.awaiting is not None)
        other.findings = [*self.findings]
        other.findings[index] = finding
        return other


class Node(ABC):
    """A node of a compiled tree.

    Attributes:
        policy: The policy that it was compiled from, shown in decisions.
        worst: The hardest outcome that it can have.
        cost: The cost of its most expensive leaf.
        is_absence: Whether its outcome without a token is known without evaluating a leaf; only in
            programs that judge requests without one.
    """

    __slots__ = ("cost", "is_absence", "policy", "worst")
    policy: object
    worst: Outcome
    cost: int
    is_absence: bool

    @abstractmethod
    def weigh(self, run: Run) -> int:
        """Return the outcome, evaluating only leaves on which it still depends."""

    @abstractmethod
    def compose(self, run: Run) -> Decision:
        """Return the decision for the outcome of `weigh`, from the findings of that pass."""


class Literal(Node):
    """A leaf, or its negation.

    A leaf and its negation share one finding: negation maps the outcome, without a second call.
    """

    __slots__ = ("index", "is_negated", "judge", "leaf")

    def __init__(self, leaf: Leaf, index: int, is_negated: bool, policy: object) -> None:
        self.leaf = leaf
        self.judge = leaf.judge
        self.index = index
        self.is_negated = is_negated
        self.policy = policy
        self.cost = leaf.cost
        self.is_absence = False
        # A negated leaf is FORBIDDEN where the leaf allows. An upper bound is enough, so that the
        # leaf's own is kept where it is harder.
        self.worst = max(leaf.worst, Outcome.FORBIDDEN) if is_negated else leaf.worst

    def finding(self, run: Run) -> Finding:
        found = run.findings[self.index]
        if found is None:
            found = run.findings[self.index] = self.judge(run.access)
        return found

    def weigh(self, run: Run) -> int:
        # The body of `finding`, inlined to save a call: each request passes here.
        found = run.findings[self.index]
        if found is None:
            found = run.findings[self.index] = self.judge(run.access)
        return NEGATED[found.outcome] if self.is_negated else found.outcome

    def compose(self, run: Run) -> Decision:
        found = self.finding(run)
        outcome = NEGATED[found.outcome] if self.is_negated else found.outcome
        if outcome is _ALLOW:
            return Decision(_ALLOW, self.policy, needs=self._needs)
        # The leaf allowed and so gave no reason; its negation refuses for just that.
        if self.is_negated and found.outcome is _ALLOW:
            return Decision(outcome, self.policy, said=_Holds(self.leaf))
        return self._refusal(found)

    @property
    def _needs(self) -> frozenset[str]:
        return frozenset() if self.is_negated else self.leaf.needs

    def _refusal(self, found: Finding) -> Decision:
        return Decision(
            found.outcome,
            self.policy,
            said=found.reason,
            cure=_with_scope(found.cure, found.outcome, self._needs),
            error=found.error,
            needs=self._needs,
        )


class _Holds(NamedTuple):
    """The reason of a negation that refuses: the leaf allowed."""

    leaf: Leaf

    def __str__(self) -> str:
        return f"{self.leaf!r} holds"


class AwaitedLiteral(Literal):
    """An async leaf: an asynchronous run awaits it, a synchronous one runs it to its end."""

    __slots__ = ()

    # `weigh` cannot await. It adds the leaf to `Run.awaiting` and goes on with PENDING as its
    # outcome, so that `weigh_async` awaits only leaves on which the outcome still depends.
    def finding(self, run: Run) -> Finding:
        if run.awaiting is None or run.findings[self.index] is not None:
            return Literal.finding(self, run)
        # Not stored in the findings: the next pass reaches the leaf again.
        run.awaiting.append(self)
        return Finding(_PENDING, "waits to be awaited")

    def weigh(self, run: Run) -> int:
        outcome = self.finding(run).outcome
        return NEGATED[outcome] if self.is_negated else outcome


class AlwaysTrue(Node):
    """A leaf that allows every token that the program judges: it is never evaluated."""

    __slots__ = ()

    def __init__(self, policy: object) -> None:
        self.policy = policy
        self.worst = _ALLOW
        self.cost = PURE
        self.is_absence = False

    def weigh(self, run: Run) -> int:
        return 0

    def compose(self, run: Run) -> Decision:
        return Decision(_ALLOW, self.policy)


class Absence:
    """Stand-in for all members of a node whose outcome without a token is the same.

    It is weighed in their place, so that a request without a token costs the same for any number
    of them; the decision is still composed of the members.
    """

    __slots__ = ()
    # At least that of each member that it replaces, so that no loop over bounds ends earlier.
    worst: ClassVar[Outcome] = Outcome.NOT_FOUND

    def weigh(self, run: Run) -> int:
        error = run.access.credential_error
        return _NO_TOKEN if error is None else error.outcome


_ABSENCE: Final = Absence()


class Conjunction(Node):
    """AND: the hardest outcome of its members.

    Attributes:
        members: All members: first those that always allow, then the others by cost.
        held: The members that always allow; only `compose` needs them.
        steps: The other members, each with the hardest outcome that is still possible from there.
        quick: As `steps`, but one `Absence` first in place of members whose outcome it knows.
    """

    __slots__ = ("held", "members", "quick", "steps")

    def __init__(self, members: Sequence[Node], policy: object) -> None:
        self.policy = policy
        ordered = sorted(_flat(members), key=lambda node: node.cost)
        self.held = tuple(node for node in ordered if isinstance(node, AlwaysTrue))
        asked = tuple(node for node in ordered if not isinstance(node, AlwaysTrue))
        self.members = self.held + asked
        self.steps = tuple(_with_bounds(asked))
        self.is_absence = bool(asked) and all(node.is_absence for node in asked)
        known = any(node.is_absence for node in asked)
        # `Absence` goes first whatever the costs, because it evaluates no leaf.
        self.quick = tuple(_with_bounds(_quick(asked))) if known else self.steps
        self.cost = self.members[-1].cost
        self.worst = max(node.worst for node in self.members)

    def weigh(self, run: Run) -> int:
        worst = 0
        for node, bound in self.quick:
            # No remaining member can have a harder outcome. One that may have an equal one is still
            # evaluated: `_united` merges the cures of both into one challenge.
            if worst > bound:
                break
            outcome = node.weigh(run)
            if outcome > worst:  # not max(): a call for each member of each request
                worst = outcome
        return worst

    def compose(self, run: Run) -> Decision:
        children = [node.compose(run) for node in self.held]
        worst = _ALLOW
        for node, bound in self.steps:
            if worst > bound:
                break
            children.append(node.compose(run))
            worst = max(worst, children[-1].outcome)
        unasked = self.members[len(children) :]
        return _merged(self.policy, worst, children, children, unasked)


class Disjunction(Node):
    """OR: the easiest outcome of its members, which are ordered by cost."""

    __slots__ = ("members", "quick")

    def __init__(self, members: Sequence[Node], policy: object) -> None:
        self.policy = policy
        self.members = tuple(sorted(members, key=lambda node: node.cost))
        self.quick = _quick(self.members)
        self.is_absence = all(node.is_absence for node in self.members)
        self.cost = self.members[-1].cost
        # The worst case: each alternative refuses as hard as it can, and the easiest of these is
        # the outcome.
        self.worst = min(node.worst for node in self.members)

    def weigh(self, run: Run) -> int:
        best = 99  # above any outcome
        for node in self.quick:
            outcome = node.weigh(run)
            if outcome == 0:
                return 0
            best = min(best, outcome)
        return best

    def compose(self, run: Run) -> Decision:
        children: list[Decision] = []
        for node in self.members:
            children.append(node.compose(run))
            if children[-1].outcome is _ALLOW:
                break
        # Of equal outcomes the one that is easiest to cure is the reason and the challenge.
        chosen = min(children, key=_easiest)
        unasked = self.members[len(children) :]
        return _merged(self.policy, chosen.outcome, children, [chosen], unasked)


class Threshold(Node):
    """AT LEAST k: the k-th easiest outcome of its members.

    All of them are evaluated, because the k-th easiest is not known before.
    """

    __slots__ = ("count", "members")

    def __init__(self, count: int, members: Sequence[Node], policy: object) -> None:
        self.policy = policy
        self.count = count
        self.members = tuple(sorted(members, key=lambda node: node.cost))
        self.is_absence = all(node.is_absence for node in self.members)
        self.cost = self.members[-1].cost
        self.worst = sorted(node.worst for node in self.members)[count - 1]

    def weigh(self, run: Run) -> int:
        return sorted([node.weigh(run) for node in self.members])[self.count - 1]

    def compose(self, run: Run) -> Decision:
        children = [node.compose(run) for node in self.members]
        chosen = sorted(children, key=_easiest)[: self.count]
        return _merged(self.policy, chosen[-1].outcome, children, chosen, ())


class Builder:
    """Compiler state for one tree: numbers its leaves, so that equal ones are evaluated once.

    Args:
        held: The identities of leaves that allow every token that the program judges.
        judges_absence: Whether the program judges only requests without a token.

    Attributes:
        literals: The number of each leaf, by identity.
        single_uses: Numbers of leaves whose token is consumed.
        consumed: Those of them whose token the guard consumes.
        is_async: Whether a leaf is async.
        refuses_nobody: Whether each leaf has this property.
    """

    def __init__(self, held: Collection[object] = (), *, judges_absence: bool = False) -> None:
        self.held = held
        self.judges_absence = judges_absence
        self.literals: dict[object, int] = {}
        self.consumed: list[int] = []
        self.single_uses: list[int] = []
        self.is_async = False
        self.refuses_nobody = True

    def literal(self, leaf: Leaf, is_negated: bool, policy: object) -> Node:
        # Negated such a leaf always refuses. That is rare, so it is evaluated like any other.
        if not is_negated and leaf.identity in self.held:
            return AlwaysTrue(policy)
        index = self.literals.setdefault(leaf.identity, len(self.literals))
        if leaf.is_single_use and index not in self.single_uses:
            self.single_uses.append(index)
        if leaf.is_consumed and index not in self.consumed:
            self.consumed.append(index)
        self.is_async = self.is_async or leaf.is_async
        self.refuses_nobody = self.refuses_nobody and leaf.refuses_nobody
        # An awaited leaf is never replaced by `Absence`: `compose` reads its finding from the run,
        # and only weighing it stores one there.
        if leaf.is_awaited:
            return AwaitedLiteral(leaf, index, is_negated, policy)
        literal = Literal(leaf, index, is_negated, policy)
        literal.is_absence = self.judges_absence and leaf.refuses_nobody
        return literal


def _quick(nodes: Sequence[Node]) -> tuple[Node | Absence, ...]:
    """Return *nodes* with one `Absence` in place of all whose outcome without a token is known."""
    rest = tuple(node for node in nodes if not node.is_absence)
    return rest if len(rest) == len(nodes) else (_ABSENCE, *rest)


Weighed = TypeVar("Weighed", bound=Node | Absence)


# Only AND is flattened: cheap members of an inner AND go before expensive ones of the outer. An
# inner OR is one member, ordered by its most expensive leaf.
def _flat(members: Iterable[Node]) -> list[Node]:
    flat: list[Node] = []
    for node in members:
        flat += node.members if isinstance(node, Conjunction) else [node]
    return flat


def _with_bounds(members: Sequence[Weighed]) -> list[tuple[Weighed, int]]:
    """Pair each member with the hardest outcome that it or a later one can have."""
    pairs: list[tuple[Weighed, int]] = []
    bound = 0
    for node in reversed(members):
        bound = max(bound, node.worst)
        pairs.append((node, int(bound)))
    return pairs[::-1]


def _easiest(decision: Decision) -> tuple[tuple[int, int, int], str]:
    """Sort key of refusals: what they cost the client, not the order of writing.

    The source text comes last, so that the choice between two equal ones is deterministic.
    """
    return (_cost(decision), repr(decision.policy))


def _cost(decision: Decision) -> tuple[int, int, int]:
    """Return the outcome of a refusal, then what the client has to do."""
    kinds, amount = decision.cure.effort
    return (int(decision.outcome), len(decision.needs) + kinds, amount)


def _deciding(hardest: Sequence[Decision], children: Sequence[Decision]) -> list[Decision]:
    """Return *hardest*, with the alternatives that are as hard: no rule chose between them.

    What the client has to do counts only where it would help.
    """
    costs = [_cost(one) for one in hardest]
    vain = [one.outcome for one in hardest if one.cure.is_empty]
    return [
        child
        for child in children
        if _cost(child) in costs or (child.cure.is_empty and child.outcome in vain)
    ]


def _merged(
    policy: object,
    outcome: Outcome,
    children: Sequence[Decision],
    chosen: Sequence[Decision],
    unasked: Sequence[Node],
) -> Decision:
    # Reasons, cure and error come from members with the node's own outcome. To satisfy one that
    # refuses less hard would not change the answer.
    hardest = [child for child in chosen if child.outcome is outcome]
    needs = frozenset[str]().union(*(child.needs for child in chosen))
    refused = outcome is not _ALLOW
    is_choice = refused and len(chosen) < len(children)
    return Decision(
        outcome,
        policy,
        children=tuple(children),
        unasked=tuple(node.policy for node in unasked),
        cure=_with_scope(_united(hardest), outcome, needs) if refused else NO_CURE,
        alternatives=_sorted(children) if is_choice else (),
        error=_first_error(hardest) if refused else None,
        needs=needs,
        deciding=tuple(_deciding(hardest, children) if is_choice else hardest) if refused else (),
    )


def _sorted(children: Sequence[Decision]) -> tuple[Decision, ...]:
    return tuple(sorted(children, key=_easiest))


def _united(hardest: Sequence[Decision]) -> Cure:
    """Return one cure that satisfies all of *hardest*."""
    return NO_CURE.united(child.cure for child in hardest)


def _with_scope(cure: Cure, outcome: Outcome, needs: frozenset[str]) -> Cure:
    """Return *cure* with all required scopes, where one of them is missing.

    Scopes that the token has are among them: a challenge names "the scope necessary to access the
    protected resource" (:rfc:`6750#section-3.1`), which the next token has to have.
    """
    if outcome is not Outcome.INSUFFICIENT_SCOPE or not needs:
        return cure
    scope = " ".join(sorted(needs))
    return cure if cure.scope == scope else cure.united([Cure(scope=scope)])


def _first_error(hardest: Sequence[Decision]) -> Exception | None:
    """Return the error with the lowest status: a broken predicate (500) before an outage (503)."""
    errors = [child.error for child in hardest if child.error is not None]
    return min(errors, key=_severity, default=None)


def _severity(error: Exception) -> int:
    return error.code or 0 if isinstance(error, AccessError) else 0


class Program:
    """A compiled policy, shared by all requests; the state of a request is in its `Run`.

    Attributes:
        root: The whole tree.
        baseline: The subtree of the baseline policy, or None.
        size: The number of different leaves.
        is_async: Whether a leaf is an async function of the application.
        single_uses: Numbers of the leaves whose token is consumed.
        consumed: Those of them whose token the guard consumes, and not the view.
        refuses_nobody: Whether each request without a token is ``NO_TOKEN``: each leaf has that
            outcome then, and AND, OR and ``~`` keep it.
        weigh: Computes the outcome of the whole tree.
    """

    __slots__ = (
        "baseline",
        "consumed",
        "is_async",
        "refuses_nobody",
        "root",
        "single_uses",
        "size",
        "weigh",
    )

    def __init__(self, root: Node, builder: Builder, baseline: Node | None = None) -> None:
        self.root = root
        self.size = len(builder.literals)
        self.is_async = builder.is_async
        self.refuses_nobody = builder.refuses_nobody
        self.consumed = tuple(builder.consumed)
        self.single_uses = tuple(builder.single_uses)
        # An AND of one member that can refuse is that member: this saves a call and a loop.
        is_one = isinstance(root, Conjunction) and len(root.steps) == 1
        self.weigh = root.steps[0][0].weigh if is_one else root.weigh  # type: ignore[attr-defined]
        self.baseline = baseline

    def run(self, access: AccessRequest, awaits: bool = False) -> Run:
        return Run(access, self.size, awaits)

    def lacks_token_alone(self, run: Run) -> bool:
        """Whether the outcome ``NO_TOKEN`` of *run* came from no evaluated leaf.

        Then the refusal has no other reason and no cure, and the decision need not be composed.
        """
        return all(found is None or found.outcome is not _NO_TOKEN for found in run.findings)


async def weigh_async(node: Node, run: Run) -> int:
    """Return the outcome of *node*, awaiting the leaves and the user on which it still depends.

    Each pass weighs the tree again with the findings so far, then awaits one leaf or the user: so
    async leaves run one after the other, and only where the outcome depends on them.
    """
    while True:
        run.awaiting = []
        outcome = _weighed(node, run)
        # Allowed already, by an alternative that does not need the leaves that wait.
        if outcome == 0:
            return outcome
        if run.awaiting:
            literal = run.awaiting[0]
            run.findings[literal.index] = await literal.leaf.judge_async(run.access)
        # PENDING is the easiest outcome after ALLOW: AND has it only if no other member refuses.
        # So the user is loaded only where the outcome depends on it.
        elif outcome == _PENDING and run.access.waits_for_user:
            run.access.waits_for_user = False
            await run.access.load_user()
            run.forget_pending()
        else:
            return outcome


def _weighed(node: Node, run: Run) -> int:
    """Weigh *node*; a leaf that reads the user is ``PENDING`` instead of loading it."""
    run.access.awaits_user = True
    try:
        return node.weigh(run)
    finally:
        run.access.awaits_user = False
