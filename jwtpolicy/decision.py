"""Values of an access decision: outcomes, findings, cures, and the decision with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple


class Outcome(IntEnum):
    """Result of a policy for one request, ordered by what a refusal costs the client to cure.

    ``&`` is the maximum of two outcomes, ``|`` the minimum. Only `ALLOW` admits.
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
        """Whether the policy could decide, and said no."""
        return self >= Outcome.STEP_UP

    @property
    def is_determined(self) -> bool:
        """Whether the policy could decide; the outcome of one that could not is never negated."""
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
        reason: Why, for the log and for `Decision.explain`; clients do not see it.
        cure: The parameters that would turn the refusal into a yes.
        error: The exception that says it more precisely than the outcome.
    """

    outcome: Outcome
    reason: str = ""
    cure: Cure = NO_CURE
    error: Exception | None = None


ALLOWED = Finding(Outcome.ALLOW)


@dataclass(frozen=True, slots=True)
class Decision:
    """Result of a policy and of its parts for one request; true when it is allowed.

    Attributes:
        outcome: The answer.
        policy: The policy that was asked; any object whose ``repr`` is its source text.
        children: The decisions it was made of, as far as they were asked.
        unasked: The members that nothing depended on any more.
        reason: Why, for people; clients do not see it.
        cure: What would cure the refusal; `parameters` has it by name.
        alternatives: Of an OR that refused: the refusals of its alternatives, easiest cure first.
        error: The exception that says it more precisely than the outcome, or None.
        needs: The scopes that the alternative which was judged asks for, held ones included.
    """

    outcome: Outcome
    policy: object
    children: tuple[Decision, ...] = ()
    unasked: tuple[object, ...] = ()
    reason: str = ""
    cure: Cure = NO_CURE
    alternatives: tuple[Decision, ...] = ()
    error: Exception | None = None
    needs: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.outcome is Outcome.ALLOW

    @property
    def parameters(self) -> dict[str, str | int]:
        """The parameters of the cure, by name.

        They are ``max_age`` (seconds), ``acr_values``, ``scope`` (space-separated) and
        ``retry_after`` (seconds), where they apply.
        """
        return self.cure.parameters

    def explain(self) -> str:
        """Return the decision as an indented tree, one line for each policy."""
        return "\n".join(self._lines(0))

    def _lines(self, depth: int) -> Iterator[str]:
        indent = "  " * depth
        note = f"  ({self.reason})" if self.reason else ""
        yield f"{indent}{self.outcome.name}: {self.policy!r}{note}"
        for child in self.children:
            yield from child._lines(depth + 1)
        for policy in self.unasked:
            yield f"{indent}  not asked: {policy!r}"

    def __str__(self) -> str:
        return self.explain()
