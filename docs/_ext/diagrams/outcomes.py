"""The outcomes of policies, from the easiest to cure to the hardest."""

from __future__ import annotations

from jwtpolicy import Outcome
from jwtpolicy.exceptions import AccessError, PolicyError, StoreUnavailableError
from jwtpolicy.guards.challenges import ERRORS

from .drawing import NARROW, Drawing

TITLE = "The twelve outcomes of a policy"
FORMS = (NARROW,)

#: What the client can do about a refusal, by its outcome.
CURES = {
    Outcome.ALLOW: "the view runs",
    Outcome.PENDING: "the guard loads the object and asks again",
    Outcome.NO_TOKEN: "log in",
    Outcome.INVALID_TOKEN: "refresh the token, or log in",
    Outcome.BAD_REQUEST: "send a well-formed request",
    Outcome.RATE_LIMITED: "wait, and try again",
    Outcome.MISSING_CLAIM: "get a token that has the claim",
    Outcome.ERROR: "try again later",
    Outcome.STEP_UP: "authenticate again, or more strongly",
    Outcome.INSUFFICIENT_SCOPE: "get a token with more scopes",
    Outcome.FORBIDDEN: "nothing: the policy refuses this user",
    Outcome.NOT_FOUND: "nothing: there is no such object",
}

_ROW, _GROUP = 37, 30


def statuses(outcome: Outcome) -> str:
    """Return the statuses that answer *outcome*."""
    if outcome < Outcome.NO_TOKEN:
        return ""
    classes: set[type[AccessError]] = {ERRORS[outcome]}
    if outcome is Outcome.ERROR:
        classes = {PolicyError, StoreUnavailableError}
    return " or ".join(sorted(str(cls.code) for cls in classes))


def groups() -> list[tuple[str, list[Outcome]]]:
    """Return the outcomes by what ``~`` makes of them."""
    return [
        ("admitted: ~ refuses", [Outcome.ALLOW]),
        ("not decided: ~ changes nothing", [one for one in Outcome if not one.is_determined]),
        ("decided, refused: ~ admits", [one for one in Outcome if one.is_denied]),
    ]


def words() -> str:
    """Return in words what the picture shows."""
    told = []
    for heading, outcomes in groups():
        each = "; ".join(f"{one.name}{_bracketed(one)}: {CURES[one]}" for one in outcomes)
        told.append(f"{heading}: {each}.")
    order = "From top to bottom the outcomes are harder to cure."
    order += " a & b is the lower one of two, a | b the upper one."
    return " ".join([order, *told])


def _bracketed(outcome: Outcome) -> str:
    return f" ({statuses(outcome)})" if statuses(outcome) else ""


def draw(drawing: Drawing) -> None:
    """Draw a ladder with a row for each outcome."""
    left, y = 30, 4.0
    drawing.text(left, y + 8, "a | b is the upper one of two", "small", tone="quiet")
    y += 22
    first = y
    for heading, outcomes in groups():
        drawing.text(left, y + 12, heading, "head")
        frame = drawing.frame(left, y + 26, drawing.width - left - 1, _ROW * len(outcomes) + 4)
        y = frame.y + 2
        for outcome in outcomes:
            drawing.text(left + 30, y + 12, outcome.name, "code")
            drawing.text(left + 30, y + 27, CURES[outcome], "small", tone="quiet")
            drawing.text(left + 20, y + 12, str(outcome.value), "code", "end", "quiet")
            if status := statuses(outcome):
                wide = 84 if len(status) > 3 else 42
                drawing.chip(drawing.width - wide - 8, y + 12, status, "bad", wide)
            elif outcome is Outcome.ALLOW:
                drawing.chip(drawing.width - 68, y + 12, "let in", "good", 60)
            y += _ROW
        y = frame.bottom + 12
    drawing.arrow((10, first + 4), (10, y - 12))
    drawing.text(left, y + 4, "a & b is the lower one of two", "small", tone="quiet")
