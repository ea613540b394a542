"""A session: what becomes of a refresh token that is sent, and what ends the session."""

from __future__ import annotations

from typing import NamedTuple

from jwtpolicy.stores import RotationState

from .drawing import NARROW, Drawing, width_of

TITLE = "A session, from the login to its end"
FORMS = (NARROW,)


class Found(NamedTuple):
    """What a refresh token is that somebody sends, and what is answered.

    Attributes:
        state: How the store finds it.
        when: The condition, in words.
        status: The status of the answer.
        gets: What the answer is, in words.
        goes_on: Whether the session is open afterwards.
    """

    state: RotationState
    when: str
    status: int
    gets: str
    goes_on: bool


FOUND = (
    Found(
        RotationState.CURRENT,
        "it was not used yet; now it is used up (ROTATED)",
        200,
        "new pair",
        True,
    ),
    Found(RotationState.REPEATED, "it was used a few seconds ago", 200, "same pair", True),
    Found(RotationState.REPLACED, "a step-up put another one in its place", 401, "", True),
    Found(
        RotationState.REUSED,
        "it was used before that: somebody has a copy",
        401,
        "session ends",
        False,
    ),
    Found(RotationState.ENDED, "the session is over", 401, "", False),
)

#: What ends a session, beside a refresh token that is used twice: calls and settings.
ENDS = (
    ("logout", "this one"),
    ("revoke_session", "one by its id"),
    ("revoke_other_sessions", "all but this one"),
    ("revoke_subject", "all of a user"),
    ("JWT_SESSION_IDLE", "too long unused"),
    ("JWT_SESSION_ABSOLUTE", "too long open"),
)


def words() -> str:
    """Return in words what the picture shows."""
    told = [
        f"{one.state.name}, {one.when}: {one.status}{f', {one.gets}' if one.gets else ''}"
        for one in FOUND
    ]
    ends = ", ".join(f"{name} ({meaning})" for name, meaning in ENDS)
    return (
        "A login opens the session. When a refresh token of it is sent, the store finds one of "
        f"these states. {'; '.join(told)}. REUSED ends the session. These end it too: {ends}."
    )


def draw(drawing: Drawing) -> None:
    """Draw the open session above the ended one, and between them what ends it."""
    wide, left, middle = drawing.width - 2, 1.0, drawing.width / 2
    drawing.text(middle, 8, "login", "small", "middle", "quiet")
    drawing.arrow((middle, 18), (middle, 40), tone="good")
    behind = len(drawing.shapes)
    drawing.text(left + 12, 60, "The session is open", "head")
    drawing.text(
        left + 12, 80, "A refresh token of it is sent. The store finds it:", "small", tone="quiet"
    )
    y = 94.0
    for one in FOUND[:-1]:
        y = _row(drawing, one, left + 12, y, wide - 24)
    frame = drawing.frame(left, 40, wide, y - 38, "good")
    drawing.send_back(behind)
    y = frame.bottom + 20
    drawing.text(46, y, f"{FOUND[-2].state.name}, or one of these:", "small", tone="quiet")
    for name, meaning in ENDS:
        y += 19
        drawing.text(46, y, name if name.isupper() else f"{name}()", "tiny-code")
        drawing.text(216, y, meaning, "small", tone="quiet")
    over = drawing.frame(left, y + 22, wide, 78, "bad")
    drawing.arrow((24, frame.bottom), (24, over.y), tone="bad")
    drawing.text(left + 12, over.y + 20, "The session has ended", "head")
    _row(drawing, FOUND[-1], left + 12, over.y + 34, wide - 24)


def _row(drawing: Drawing, one: Found, x: float, y: float, width: float) -> float:
    drawing.text(x, y + 9, one.state.name, "code")
    said = f"{one.status} {one.gets}".strip()
    wide = width_of(said, "tiny-code") + 14
    drawing.chip(x + width - wide, y + 9, said, "good" if one.status == 200 else "bad", wide)
    return drawing.prose(x, y + 19, one.when, width, tone="quiet") + 8
