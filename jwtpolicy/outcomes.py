"""Put every answer that a policy can give on one chain."""

from __future__ import annotations

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
