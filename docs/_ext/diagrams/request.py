"""The life of a request: five steps, and what ends each."""

from __future__ import annotations

from typing import NamedTuple

from jwtpolicy import exceptions
from jwtpolicy.exceptions import AccessError

from .drawing import NARROW, WIDE, Box, Drawing, width_of

TITLE = "The life of a request in five steps"
FORMS = (NARROW, WIDE)


class Stage(NamedTuple):
    """A step of a request, and the refusals that end the request there."""

    name: str
    does: str
    ends: tuple[type[AccessError], ...]


STAGES = (
    Stage("Guard", "finds the plan of this endpoint and method", ()),
    Stage(
        "Transport",
        "reads the encoded token from header, cookie, query string or body",
        (exceptions.InvalidRequestError, exceptions.NoTokenError),
    ),
    Stage(
        "Verifier",
        "checks form, key, signature, claims and CSRF value",
        (
            exceptions.InvalidTokenError,
            exceptions.CSRFError,
            exceptions.KeysUnavailableError,
        ),
    ),
    Stage(
        "Policies",
        "decide about the token, ask the store, load the object",
        (
            exceptions.RevokedTokenError,
            exceptions.StepUpRequiredError,
            exceptions.InsufficientScopeError,
            exceptions.AccessDeniedError,
            exceptions.ResourceNotFoundError,
            exceptions.RateLimitedError,
            exceptions.StoreUnavailableError,
            exceptions.PolicyError,
        ),
    ),
    Stage("View", "runs with current_token and current_user", ()),
)


def endings(stage: Stage) -> list[str]:
    """Return what ends a request at *stage*: status and code."""
    return list(dict.fromkeys(f"{cls.code} {cls.error}" for cls in stage.ends))


def words() -> str:
    """Return in words what the picture shows."""
    told = []
    for number, stage in enumerate(STAGES, 1):
        ends = f" It may end here: {', '.join(endings(stage))}." if stage.ends else ""
        told.append(f"{number}. {stage.name}: {stage.does}.{ends}")
    return " ".join(told)


def draw(drawing: Drawing) -> None:
    """Draw the steps below each other, each with its refusals at its side."""
    start, wide = (1.0, 138.0) if drawing.is_narrow else (70.0, 290.0)
    middle = start + wide / 2
    drawing.text(middle, 8, "request", "small", "middle", "quiet")
    y = 18.0
    for number, stage in enumerate(STAGES, 1):
        drawing.arrow((middle, y), (middle, y + 24), tone="good")
        ends = [_broken(each, drawing.width - start - wide - 58) for each in endings(stage)]
        high = sum(4.6 + 15.4 * (len(lines) - 1) for lines in ends)
        box = drawing.box(
            start, y + 24, wide, f"{number}  {stage.name}", stage.does, height=high + 12
        )
        if ends:
            _end(drawing, box, ends, high)
        y = box.bottom
    drawing.arrow((middle, y), (middle, y + 24), tone="good")
    drawing.text(middle, y + 34, "answer", "small", "middle", "quiet")


def _end(drawing: Drawing, box: Box, ends: list[list[str]], high: float) -> None:
    """Draw what ends a request at the right side of a step."""
    at, y = box.right + 14, box.centre - high / 2
    drawing.line((box.right, box.centre), (at, box.centre), tone="bad")
    drawing.line((at, y), (at, y + high), tone="bad")
    y += 2.5
    for status, *lines in ends:
        drawing.text(at + 10, y + 7.5, status, "tiny-code", tone="bad")
        y = drawing.lines(at + 40, y, lines, "tiny-code") + 4.4


def _broken(ending: str, width: float) -> list[str]:
    """Return the status and the code, which is broken at an underscore if it is too wide."""
    status, code = ending.split()
    if width_of(code, "tiny-code") <= width:
        return [status, code]
    first, _, rest = code.rpartition("_")
    return [status, f"{first}_", rest]
