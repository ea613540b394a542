"""Hold what was decided, and why, without deciding anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum


class Outcome(IntEnum):
    """What a policy says of a request, ordered by what the refusal costs the client to cure.

    ``&`` is the maximum of two outcomes, ``|`` the minimum. Only `ALLOW` admits.
    """

    ALLOW = 0
    #: The resource is not loaded yet. `Policy.evaluate` may say so, a guard never does.
    PENDING = 1
    NO_TOKEN = 2
    INVALID_TOKEN = 3
    BAD_REQUEST = 4
    RATE_LIMITED = 5
    MISSING_CLAIM = 6
    ERROR = 7
    STEP_UP = 8
    INSUFFICIENT_SCOPE = 9
    FORBIDDEN = 10
    NOT_FOUND = 11

    @property
    def is_denied(self) -> bool:
        """Whether the question was decided, and the answer is no."""
        return self >= Outcome.STEP_UP

    @property
    def is_determined(self) -> bool:
        """Whether the question could be decided at all; what could not is never negated."""
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


@dataclass(frozen=True, slots=True)
class Finding:
    """What one leaf says of a request: an outcome, and what would cure a refusal.

    Attributes:
        outcome: The answer.
        reason: Why, for the log and for `Decision.explain`; clients do not see it.
        max_age: Seconds that the authentication may be old, where the outcome is ``STEP_UP``.
        acr: The authentication context class that is asked for, where it is ``STEP_UP``.
        retry_after: Seconds after which trying again may help.
        error: The exception that says it more precisely than the outcome.
    """

    outcome: Outcome
    reason: str = ""
    max_age: int | None = None
    acr: str | None = None
    retry_after: int | None = None
    error: Exception | None = None


ALLOWED = Finding(Outcome.ALLOW)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy decided about one request; true when it is allowed.

    Attributes:
        outcome: The answer.
        policy: The policy that was asked; any object whose ``repr`` is its source text.
        children: The decisions it was made of, as far as they were asked.
        unasked: The members that nothing depended on any more.
        reason: Why, for people; clients do not see it.
        parameters: What would cure the refusal: ``max_age`` (seconds), ``acr_values``, ``scope``
            (space-separated) and ``retry_after`` (seconds), where they apply.
        alternatives: Of an OR that refused: the refusals of its alternatives, easiest cure first.
        error: The exception that says it more precisely than the outcome, or None.
        needs: The scopes that the alternative which was judged asks for, held ones included.
    """

    outcome: Outcome
    policy: object
    children: tuple[Decision, ...] = ()
    unasked: tuple[object, ...] = ()
    reason: str = ""
    parameters: dict[str, str | int] = field(default_factory=dict, hash=False)
    alternatives: tuple[Decision, ...] = ()
    error: Exception | None = None
    needs: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.outcome is Outcome.ALLOW

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
