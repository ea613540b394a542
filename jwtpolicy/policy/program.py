"""Compiled policies: weigh a tree of leaves against one request, cheap leaves first.

A request weighs the tree, which makes nothing but integers; only a refusal, or `explain`, composes
the `Decision` of what the leaves have said then. Both stop at the same leaf, so that no decision
names one on which the request did not depend.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import ClassVar, Final, Protocol, TypeVar

from ..decision import NEGATED, NO_CURE, Cure, Decision, Finding, Outcome
from ..exceptions import AccessError
from .request import AccessRequest

_ALLOW = Outcome.ALLOW
_NO_TOKEN = Outcome.NO_TOKEN
_PENDING = Outcome.PENDING

#: What a leaf costs: arithmetic on claims, the application's code, a round trip.
PURE, CPU, IO = 0, 1, 2


class Leaf(Protocol):
    """The smallest policy: the interface of what a program asks."""

    cost: ClassVar[int]
    #: The hardest outcome that the leaf can give.
    worst: ClassVar[Outcome]

    @property
    def is_async(self) -> bool:
        """Whether it has to be awaited."""

    @property
    def is_awaited(self) -> bool:
        """Whether an asynchronous run calls `judge_async`."""

    @property
    def is_single_use(self) -> bool:
        """Whether a token that this leaf let in is to be used up."""

    @property
    def is_consumed(self) -> bool:
        """Whether the guard does that, and not the view."""

    @property
    def refuses_nobody(self) -> bool:
        """Whether it says ``NO_TOKEN`` of every request without a token, and asks nobody."""

    @property
    def identity(self) -> object:
        """What tells it from other leaves; hashable, types included."""

    @property
    def needs(self) -> frozenset[str]:
        """The scopes it asks for."""

    def judge(self, access: AccessRequest) -> Finding:
        """Return what it says of *access*."""

    async def judge_async(self, access: AccessRequest) -> Finding:
        """Return what it says of *access*, awaiting what has to be awaited."""


class Run:
    """One evaluation: the request, and what its leaves have said so far.

    Attributes:
        awaiting: Leaves that wait to be awaited, or None where nobody awaits.
    """

    __slots__ = ("access", "awaiting", "findings")

    def __init__(self, access: AccessRequest, size: int, awaits: bool = False) -> None:
        self.access = access
        self.findings: list[Finding | None] = [None] * size
        self.awaiting: list[Literal] | None = [] if awaits else None

    def forget_pending(self) -> None:
        """Ask those again that waited for the resource."""
        self.findings = [f if f and f.outcome is not _PENDING else None for f in self.findings]

    def replaced(self, index: int, finding: Finding) -> Run:
        """Return a copy of the run in which the leaf at *index* has said *finding*."""
        other = Run(self.access, 0, self.awaiting is not None)
        other.findings = [*self.findings]
        other.findings[index] = finding
        return other


class Node(ABC):
    """A part of a compiled tree.

    Attributes:
        policy: The policy that it was compiled from, for people to read.
        worst: The hardest outcome that it can give.
        cost: What its dearest leaf costs.
        is_absence: Whether all its leaves say that there is no token, which nobody has to ask.
    """

    __slots__ = ("cost", "is_absence", "policy", "worst")
    policy: object
    worst: Outcome
    cost: int
    is_absence: bool

    @abstractmethod
    def weigh(self, run: Run) -> int:
        """Return the outcome, asking only leaves on which it still depends."""

    @abstractmethod
    def compose(self, run: Run) -> Decision:
        """Return the decision that `weigh` came to, from what the leaves said then."""


class Literal(Node):
    """A leaf, or its negation.

    A leaf and its negation share one finding: negating turns the outcome, and asks nobody again.
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
        self.worst = max(leaf.worst, Outcome.FORBIDDEN) if is_negated else leaf.worst

    def finding(self, run: Run) -> Finding:
        found = run.findings[self.index]
        if found is None:
            found = run.findings[self.index] = self.judge(run.access)
        return found

    def weigh(self, run: Run) -> int:
        # `finding` once more, without the call: this is what every request does.
        found = run.findings[self.index]
        if found is None:
            found = run.findings[self.index] = self.judge(run.access)
        return NEGATED[found.outcome] if self.is_negated else found.outcome

    def compose(self, run: Run) -> Decision:
        found = self.finding(run)
        outcome = NEGATED[found.outcome] if self.is_negated else found.outcome
        if outcome is _ALLOW:
            return Decision(_ALLOW, self.policy, needs=self._needs)
        # The leaf gave no reason: it held, and that is what the negation refuses.
        if self.is_negated and found.outcome is _ALLOW:
            return Decision(outcome, self.policy, reason=f"{self.leaf!r} holds")
        return self._refusal(found)

    @property
    def _needs(self) -> frozenset[str]:
        return frozenset() if self.is_negated else self.leaf.needs

    def _refusal(self, found: Finding) -> Decision:
        return Decision(
            found.outcome,
            self.policy,
            reason=found.reason,
            cure=_with_scope(found.cure, found.outcome, self._needs),
            error=found.error,
            needs=self._needs,
        )


class AwaitedLiteral(Literal):
    """A leaf that an asynchronous run awaits, and a synchronous one runs to its end."""

    __slots__ = ()

    # `weigh` cannot await. It notes what it would have to await and goes on as if the leaf were
    # undecided, so that `weigh_async` awaits only leaves on which the outcome still depends.
    def finding(self, run: Run) -> Finding:
        if run.awaiting is None or run.findings[self.index] is not None:
            return Literal.finding(self, run)
        run.awaiting.append(self)
        return Finding(_PENDING, "waits to be awaited")

    def weigh(self, run: Run) -> int:
        outcome = self.finding(run).outcome
        return NEGATED[outcome] if self.is_negated else outcome


class AlwaysTrue(Node):
    """A leaf that holds for every token that the program judges, so that nobody has to ask."""

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
    """Stand-in for all parts of a node that say the same of every request without a token.

    It is weighed in their stead, so that such a request costs the same for any number of them;
    the decision is still composed of the parts.
    """

    __slots__ = ()
    # No lower than that of any leaf that it stands for: nobody is asked less than before.
    worst: ClassVar[Outcome] = Outcome.NOT_FOUND

    def weigh(self, run: Run) -> int:
        error = run.access.credential_error
        return _NO_TOKEN if error is None else error.outcome


_ABSENCE: Final = Absence()


class Conjunction(Node):
    """AND: the hardest outcome of its members."""

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
        # Nothing is lost by looking at them first: nobody has to be asked.
        self.quick = tuple(_with_bounds(_quick(asked))) if known else self.steps
        self.cost = self.members[-1].cost
        self.worst = max(node.worst for node in self.members)

    def weigh(self, run: Run) -> int:
        worst = 0
        for node, bound in self.quick:
            # No member that is left can give a harder outcome. One that may give an equal one is
            # still asked: what cures both is united.
            if worst > bound:
                break
            outcome = node.weigh(run)
            if outcome > worst:  # max() is a call
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
    """OR: the easiest outcome of its members."""

    __slots__ = ("members", "quick")

    def __init__(self, members: Sequence[Node], policy: object) -> None:
        self.policy = policy
        self.members = tuple(sorted(members, key=lambda node: node.cost))
        self.quick = _quick(self.members)
        self.is_absence = all(node.is_absence for node in self.members)
        self.cost = self.members[-1].cost
        # At its hardest each alternative refuses, and the easiest of those is the answer.
        self.worst = min(node.worst for node in self.members)

    def weigh(self, run: Run) -> int:
        best = 99  # harder than any outcome
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
        chosen = min(children, key=_easiest)
        unasked = self.members[len(children) :]
        return _merged(self.policy, chosen.outcome, children, [chosen], unasked)


class Threshold(Node):
    """AT LEAST k: the k-th easiest outcome of its members.

    All of them are asked, because the k-th is not known before.
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
    """Numbers the leaves of one tree: equal ones have one number, and are asked once.

    Args:
        held: The identities of leaves that hold for every token that the program judges.
        judges_absence: Whether the program judges requests without a token alone.
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
        # Negated it would always refuse; that is rare, and not worth a node of its own.
        if not is_negated and leaf.identity in self.held:
            return AlwaysTrue(policy)
        index = self.literals.setdefault(leaf.identity, len(self.literals))
        if leaf.is_single_use and index not in self.single_uses:
            self.single_uses.append(index)
        if leaf.is_consumed and index not in self.consumed:
            self.consumed.append(index)
        self.is_async = self.is_async or leaf.is_async
        self.refuses_nobody = self.refuses_nobody and leaf.refuses_nobody
        # An awaited leaf stays itself: who composes a decision finds what it has said.
        if leaf.is_awaited:
            return AwaitedLiteral(leaf, index, is_negated, policy)
        literal = Literal(leaf, index, is_negated, policy)
        literal.is_absence = self.judges_absence and leaf.refuses_nobody
        return literal


def _quick(nodes: Sequence[Node]) -> tuple[Node | Absence, ...]:
    """Return *nodes* with one that stands for all that say that there is no token."""
    rest = tuple(node for node in nodes if not node.is_absence)
    return rest if len(rest) == len(nodes) else (_ABSENCE, *rest)


Weighed = TypeVar("Weighed", bound=Node | Absence)


# Only AND is taken apart: cheap members of an inner one go before dear ones of the outer. An inner
# OR is a unit, whose dearest leaf says when it is asked.
def _flat(members: Iterable[Node]) -> list[Node]:
    flat: list[Node] = []
    for node in members:
        flat += node.members if isinstance(node, Conjunction) else [node]
    return flat


def _with_bounds(members: Sequence[Weighed]) -> list[tuple[Weighed, int]]:
    """Pair each member with the hardest outcome that it or a later one can give."""
    pairs: list[tuple[Weighed, int]] = []
    bound = 0
    for node in reversed(members):
        bound = max(bound, node.worst)
        pairs.append((node, int(bound)))
    return pairs[::-1]


def _easiest(decision: Decision) -> tuple[int, int, int, str]:
    """Sort key of refusals: what they ask of the client, not the order in which they were written.

    The source text comes last, so that of two that ask the same it is always one that is named.
    """
    kinds, amount = decision.cure.effort
    return (int(decision.outcome), len(decision.needs) + kinds, amount, repr(decision.policy))


def _merged(
    policy: object,
    outcome: Outcome,
    children: Sequence[Decision],
    chosen: Sequence[Decision],
    unasked: Sequence[Node],
) -> Decision:
    hardest = [child for child in chosen if child.outcome is outcome]
    needs = frozenset[str]().union(*(child.needs for child in chosen))
    refused = outcome is not _ALLOW
    return Decision(
        outcome,
        policy,
        children=tuple(children),
        unasked=tuple(node.policy for node in unasked),
        reason="; ".join(dict.fromkeys(c.reason for c in hardest if c.reason)) if refused else "",
        cure=_with_scope(_united(hardest), outcome, needs) if refused else NO_CURE,
        alternatives=_sorted(children) if refused and len(chosen) < len(children) else (),
        error=_first_error(hardest) if refused else None,
        needs=needs,
    )


def _sorted(children: Sequence[Decision]) -> tuple[Decision, ...]:
    return tuple(sorted(children, key=_easiest))


def _united(hardest: Sequence[Decision]) -> Cure:
    """Return what cures all of *hardest* at once."""
    return NO_CURE.united(child.cure for child in hardest)


def _with_scope(cure: Cure, outcome: Outcome, needs: frozenset[str]) -> Cure:
    """Return *cure*, with all the scopes that are needed where one of them is missing.

    Those that the token has are among them: a challenge names "the scope necessary to access the
    protected resource" (:rfc:`6750#section-3.1`), which is what the next token has to have.
    """
    if outcome is not Outcome.INSUFFICIENT_SCOPE or not needs:
        return cure
    scope = " ".join(sorted(needs))
    return cure if cure.scope == scope else cure.united([Cure(scope=scope)])


def _first_error(hardest: Sequence[Decision]) -> Exception | None:
    """Return the error that says most; a broken predicate (500) before an outage (503)."""
    errors = [child.error for child in hardest if child.error is not None]
    return min(errors, key=_severity, default=None)


def _severity(error: Exception) -> int:
    return error.code or 0 if isinstance(error, AccessError) else 0


class Program:
    """A compiled policy, which requests share: what they find is in their `Run`.

    Attributes:
        root: The whole tree.
        baseline: The part of it that the baseline makes, or None.
        size: How many different leaves there are.
        is_async: Whether one of them is the application's own and async.
        single_uses: Where the findings of leaves are whose tokens are to be used up.
        consumed: Those of them whose tokens the guard uses up, and not the view.
        refuses_nobody: Whether the answer to a request without a token is ``NO_TOKEN``, whatever
            else it brings: each leaf says so, and neither AND, OR nor ``~`` makes anything else
            of that.
        weigh: The quickest way to the outcome of the whole tree.
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
        is_one = isinstance(root, Conjunction) and len(root.steps) == 1
        self.weigh = root.steps[0][0].weigh if is_one else root.weigh  # type: ignore[attr-defined]
        self.baseline = baseline

    def run(self, access: AccessRequest, awaits: bool = False) -> Run:
        return Run(access, self.size, awaits)

    def lacks_token_alone(self, run: Run) -> bool:
        """Whether the outcome ``NO_TOKEN`` came of leaves alone that say so without being asked.

        Then the refusal has no other reason and no cure, whatever the decision would look like.
        """
        return all(found is None or found.outcome is not _NO_TOKEN for found in run.findings)


async def weigh_async(node: Node, run: Run) -> int:
    """Return what *node* says, awaiting leaves, and the user, on which it still depends."""
    while True:
        run.awaiting = []
        outcome = _weighed(node, run)
        if outcome == 0:
            return outcome
        if run.awaiting:
            literal = run.awaiting[0]
            run.findings[literal.index] = await literal.leaf.judge_async(run.access)
        elif outcome == _PENDING and run.access.waits_for_user:
            run.access.waits_for_user = False
            await run.access.load_user()
            run.forget_pending()
        else:
            return outcome


def _weighed(node: Node, run: Run) -> int:
    """Weigh *node* while leaves that touch the user are told to wait instead of loading it."""
    run.access.awaits_user = True
    try:
        return node.weigh(run)
    finally:
        run.access.awaits_user = False
