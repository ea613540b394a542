"""Values of an access decision: outcomes, findings, cures, and the decision with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final, NamedTuple


class Outcome(IntEnum):
    """The result of a policy for one request, in the order of how hard a refusal is to overcome.

    ``&`` is the maximum of two outcomes, ``|`` the minimum. Only `ALLOW` admits a request. If the
    resource cannot change a refusal into `ALLOW`, it is not loaded, and policies that need it do
    not count.
    """

    #: The request is let in.
    ALLOW = 0
    #: The resource is not loaded yet. `Policy.evaluate` may say so, a guard never does.
    PENDING = 1
    #: No token was presented (401), so the client logs in.
    NO_TOKEN = 2
    #: The token cannot be used, because it is expired, revoked, forged or of another kind (401).
    INVALID_TOKEN = 3
    #: The request is malformed, such as one with two tokens (400).
    BAD_REQUEST = 4
    #: The caller asks too often (429, with ``Retry-After``).
    RATE_LIMITED = 5
    #: A claim that the policy reads is absent, or of another JSON type (403).
    MISSING_CLAIM = 6
    #: The store or the application's own code failed (503 or 500).
    ERROR = 7
    #: The user has to authenticate again, or more strongly (401).
    STEP_UP = 8
    #: The token lacks a scope (403), and the challenge names all that are needed.
    INSUFFICIENT_SCOPE = 9
    #: The policy says no (403).
    FORBIDDEN = 10
    #: The resource does not exist, or its existence is not disclosed (404).
    NOT_FOUND = 11

    @property
    def is_denied(self) -> bool:
        """Whether the policy could decide, and refuses."""
        return self >= Outcome.STEP_UP

    @property
    def is_determined(self) -> bool:
        """Whether the policy could decide; an outcome that is not determined is never negated."""
        return self is Outcome.ALLOW or self.is_denied

    def negated(self) -> Outcome:
        """Return the outcome of ``~`` on a leaf: undetermined stays itself."""
        return NEGATED[self]

    def __str__(self) -> str:
        return self.name


#: The outcome of ``~`` on a leaf, by the leaf's own outcome.
NEGATED: tuple[Outcome, ...] = (
    Outcome.FORBIDDEN,
    *(Outcome.ALLOW if outcome.is_denied else outcome for outcome in list(Outcome)[1:]),
)


#: What of a cure a challenge repeats, by outcome: RFC 9470 section 3 for the authentication,
#: RFC 6750 section 3 for the scope.
_CHALLENGED: Final[dict[Outcome, tuple[str, ...]]] = {
    Outcome.STEP_UP: ("max_age", "acr_values"),
    Outcome.INSUFFICIENT_SCOPE: ("scope",),
}


class Cure(NamedTuple):
    """Parameters that tell a client what would turn a refusal into a yes; None asks nothing.

    A new parameter is one more field, with its place in `parameters`, in `united` and in the table
    of what challenges repeat.

    Attributes:
        max_age: Seconds that the authentication may be old (:rfc:`9470#section-3`).
        acr: Authentication context classes, separated by spaces: the text of ``acr_values``.
        scope: The scopes that the token has to have, separated by spaces.
        retry_after: Seconds after which trying again may help.
    """

    max_age: int | None = None
    acr: str | None = None
    scope: str | None = None
    retry_after: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no parameter is set."""
        return self == NO_CURE

    @property
    def parameters(self) -> dict[str, str | int]:
        """The parameters that are set, by their names in challenges and headers."""
        named: dict[str, str | int | None] = {
            "max_age": self.max_age,
            "acr_values": self.acr,
            "scope": self.scope,
            "retry_after": self.retry_after,
        }
        return {name: value for name, value in named.items() if value is not None}

    def challenge(self, outcome: Outcome) -> dict[str, str]:
        """Return the parameters for the challenge of a refusal with *outcome*, in its order."""
        if outcome not in _CHALLENGED:
            return {}
        asked = self.parameters
        return {name: str(asked[name]) for name in _CHALLENGED[outcome] if name in asked}

    def united(self, others: Iterable[Cure]) -> Cure:
        """Return the cure of several refusals at once: least age, longest wait, all words.

        Each of them is cured by a younger authentication, and by a longer wait, than it asked for.
        """
        cures = [cure for cure in (self, *others) if not cure.is_empty]
        if len(cures) < 2:
            return cures[0] if cures else NO_CURE
        ages = [cure.max_age for cure in cures if cure.max_age is not None]
        waits = [cure.retry_after for cure in cures if cure.retry_after is not None]
        classes = [word for cure in cures if cure.acr for word in cure.acr.split(" ")]
        scopes = [word for cure in cures if cure.scope for word in cure.scope.split(" ")]
        return Cure(
            max_age=min(ages, default=None),
            acr=" ".join(dict.fromkeys(classes)) or None,
            scope=" ".join(sorted({*scopes})) or None,
            retry_after=max(waits, default=None),
        )

    @property
    def effort(self) -> tuple[int, int]:
        """Sort key of cures by cost for the client: kinds of demands beside scopes, then seconds.

        An authentication that may be older costs less.
        """
        return (int(self.acr is not None), (self.retry_after or 0) - (self.max_age or 0))


#: The empty cure; shared, so that an admitted request makes none.
NO_CURE: Final = Cure()


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one leaf for one request: an outcome, its reason, and a cure.

    Attributes:
        outcome: The answer.
        reason: Why, for the log and for `Decision.explain`; clients do not see it. A text, or an
            object whose ``str`` is the text: most refusals are never explained to anybody.
        cure: The parameters that would turn the refusal into a yes.
        error: The exception that says it more precisely than the outcome.
    """

    outcome: Outcome
    reason: object = ""
    cure: Cure = NO_CURE
    error: Exception | None = None


ALLOWED = Finding(Outcome.ALLOW)


#: The key in ``vars(policy)`` of what its author wrote, where closing has added something to it.
#: Its value is None where closing has added the policy itself.
WRITTEN: Final = "jwtpolicy.written"

#: Different reasons that the reason of a tree names.
_MOST_REASONS: Final = 3
#: Columns of a line that other lines say in full.
_WIDTH: Final = 80


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of a policy and of its parts for one request; true if the request is allowed.

    Attributes:
        outcome: The result.
        policy: The policy; an object whose ``repr`` is its source text.
        children: The decisions of its parts that were evaluated.
        unasked: The parts that were not evaluated, because they could not change the result.
        said: The reason of this policy itself: a text, or an object whose ``str`` is the text.
            Operators have the reasons of their parts.
        cure: What the client can do about the refusal; `parameters` has it by name.
        alternatives: If an OR refused, the refusals of its alternatives, the easiest first.
        error: The exception with a more precise reason than the outcome, or None.
        needs: The scopes that the evaluated alternative asks for, including those that the token
            has.
        deciding: The children whose refusal is this one.
    """

    outcome: Outcome
    policy: object
    children: tuple[Decision, ...] = ()
    unasked: tuple[object, ...] = ()
    said: object = ""
    cure: Cure = NO_CURE
    # Some of the children again: to print or compare them twice on each level would never end.
    alternatives: tuple[Decision, ...] = field(default=(), repr=False, compare=False)
    error: Exception | None = None
    needs: frozenset[str] = frozenset()
    deciding: tuple[Decision, ...] = field(default=(), repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.outcome is Outcome.ALLOW

    @property
    def parameters(self) -> dict[str, str | int]:
        """The parameters of the cure, by name.

        They are ``max_age`` (seconds), ``acr_values``, ``scope`` (separated by spaces) and
        ``retry_after`` (seconds), as far as they apply.
        """
        return self.cure.parameters

    @property
    def reason(self) -> str:
        """The reason of a refusal, which clients do not see; empty if the request is allowed."""
        found: dict[str, None] = {}
        for text in self._reasons():
            if len(found) == _MOST_REASONS and text not in found:
                return "; ".join(found) + "; …"
            found[text] = None
        return "; ".join(found)

    def _reasons(self) -> Iterator[str]:
        if self.said:
            yield str(self.said)
            return
        for child in self.deciding:
            yield from child._reasons()

    def explain(self, *, verbose: bool = False) -> str:
        """Return the decision as an indented tree, one line for each policy.

        ``>`` marks the refusals that decide. The line of an operator is cut at 80 columns, because
        the lines of its members follow.

        Args:
            verbose: Whether to show whole lines, and the checks of the token's kind and issuer that
                guards add to the policies. Otherwise these are shown only if they alone refuse.
        """
        return "\n".join(_Tree(verbose).lines(self, 0, is_deciding=True))

    def __str__(self) -> str:
        return self.explain()


class _Tree(NamedTuple):
    """The lines of a decision's tree.

    Attributes:
        is_verbose: Whether they are whole, and nothing that closing has added is left out.
    """

    is_verbose: bool

    def lines(self, decision: Decision, depth: int, is_deciding: bool) -> Iterator[str]:
        """Yield the lines of *decision* and its parts.

        Args:
            decision: The decision, or a part of it.
            depth: How deep it stands in the tree.
            is_deciding: Whether the whole decision is what this part says.
        """
        deciding = self._deciding(decision)
        children = self._shown(decision, deciding)
        unasked = [one for one in decision.unasked if self.is_verbose or not is_added(one)]
        if len(children) == 1 and not unasked and self._is_same(decision, children[0]):
            # All beside it was added: the two lines would be the same.
            yield from self.lines(children[0], depth, is_deciding)
            return
        is_leaf = not children
        yield self._line(decision, depth, is_leaf, is_leaf and is_deciding)
        for child in children:
            decides = is_deciding and any(child is one for one in deciding)
            yield from self.lines(child, depth + 1, decides)
        for policy in unasked:
            yield f"{'  ' * depth}  not asked: {one_line(self._text(policy))}"

    def _deciding(self, decision: Decision) -> Sequence[Decision]:
        """Return the children that decide: those that were added only where no other does."""
        written = [child for child in decision.deciding if not is_added(child.policy)]
        return decision.deciding if self.is_verbose else written or decision.deciding

    def _shown(self, decision: Decision, deciding: Sequence[Decision]) -> list[Decision]:
        return [
            child
            for child in decision.children
            if self.is_verbose
            or not is_added(child.policy)
            or any(child is one for one in deciding)
        ]

    def _is_same(self, decision: Decision, child: Decision) -> bool:
        return not self.is_verbose and bool(written(decision.policy) == written(child.policy))

    def _line(self, decision: Decision, depth: int, is_leaf: bool, is_marked: bool) -> str:
        indent = "  " * depth
        if depth and is_marked:
            indent = f">{indent[1:]}"
        added = "  [added]" if is_added(decision.policy) else ""
        note = f"  ({decision.said})" if decision.said else ""
        text = one_line(f"{indent}{decision.outcome.name}: {self._text(decision.policy)}")
        if not (is_leaf or self.is_verbose or len(text) <= _WIDTH):
            text = f"{text[: _WIDTH - 1]}…"
        return f"{text}{added}{one_line(note)}"

    def _text(self, policy: object) -> str:
        return repr(policy if self.is_verbose or is_added(policy) else written(policy))


def retold(decision: Decision, said: str, instead: str) -> Decision:
    """Return *decision* with the reason *instead* wherever a part of it has the reason *said*."""
    made: dict[int, Decision] = {}

    def again(part: Decision) -> Decision:
        # The parts that decide are children once more, and have to be the same objects.
        if id(part) not in made:
            made[id(part)] = replace(
                part,
                said=instead if part.said == said else part.said,
                children=tuple(map(again, part.children)),
                alternatives=tuple(map(again, part.alternatives)),
                deciding=tuple(map(again, part.deciding)),
            )
        return made[id(part)]

    return again(decision)


def written(policy: object) -> object:
    """Return what the author of *policy* wrote, without what closing has added.

    It is None where closing has added all of it.
    """
    return getattr(policy, "__dict__", {}).get(WRITTEN, policy)


def is_added(policy: object) -> bool:
    """Whether closing has added *policy*: nobody wrote it."""
    return written(policy) is None


def one_line(text: str) -> str:
    """Return *text* with escapes in place of characters that cannot be printed on one line."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
