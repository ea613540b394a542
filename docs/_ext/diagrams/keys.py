"""A key that is changed in peace, and one that leaked, on two time lines."""

from __future__ import annotations

from typing import NamedTuple

from .drawing import NARROW, WIDE, Drawing
from .facts import default

TITLE = "Change a secret in peace, and change one that leaked"
FORMS = (NARROW, WIDE)


class Phase(NamedTuple):
    """The settings of all machines for a while.

    Attributes:
        step: What is done at its beginning.
        signs: What ``JWT_SECRET_KEY`` is: ``old`` or ``new``; nothing while all is stopped.
        fallbacks: What ``JWT_SECRET_KEY_FALLBACKS`` holds.
    """

    step: str
    signs: str
    fallbacks: tuple[str, ...] = ()

    @property
    def verifies(self) -> tuple[str, ...]:
        """The secrets whose tokens are accepted."""
        return (*filter(None, [self.signs]), *self.fallbacks)


ROUTINE = (
    Phase("before", "old"),
    Phase("new one into the fallbacks", "old", ("new",)),
    Phase("swap the two", "new", ("old",)),
    Phase(f"old one out, after {default('REFRESH_TOKEN_EXPIRES')}", "new"),
)
LEAK = (
    Phase("before", "old"),
    Phase("stop every process", ""),
    Phase("start with the new one alone", "new"),
)
LINES = {"Leaked: everybody is logged out": LEAK, "Routine: nobody is logged out": ROUTINE}


def words() -> str:
    """Return in words what the picture shows."""
    told = []
    for heading, phases in LINES.items():
        each = []
        for phase in phases:
            signs = f"the {phase.signs} secret signs" if phase.signs else "nothing runs"
            verifies = " and ".join(phase.verifies)
            each.append(f"{phase.step}: {signs}" + (f", {verifies} verify" if verifies else ""))
        told.append(f"{heading}. {'; '.join(each)}.")
    return " ".join(
        [*told, "What a forger signs with the old secret passes as long as old verifies."]
    )


def draw(drawing: Drawing) -> None:
    """Draw a bar for each secret: filled while it signs, an outline while it verifies."""
    y = 4.0
    for heading, phases in LINES.items():
        y = _line(drawing, heading, phases, y) + 22
    _legend(drawing, y - 6)


def _line(drawing: Drawing, heading: str, phases: tuple[Phase, ...], y: float) -> float:
    """Draw one time line, and return where it ends."""
    left = 74.0 if drawing.is_narrow else 130.0
    wide = (drawing.width - left - 2) / len(phases)
    starts = [left + wide * number for number in range(len(phases))]
    drawing.text(0, y + 8, heading, "head")
    drawing.text(left, y + 34, phases[0].step, "small", tone="quiet")
    for number, x in enumerate(starts):
        drawing.line((x, y + 42), (x, y + 140), kind="guide")
        if number:
            drawing.dot(x, y + 34, str(number))
    for row, name in enumerate(("old", "new")):
        middle = y + 60 + 30 * row
        drawing.text(0, middle, f"{name} secret", "small")
        for x, phase in zip(starts, phases, strict=True):
            if name in phase.verifies:
                kind = "bar" if phase.signs == name else "outer"
                drawing.frame(x + 2, middle - 8, wide - 4, 16, kind)
    _forger(drawing, [(x, wide, phase) for x, phase in zip(starts, phases, strict=True)], y + 120)
    y += 148
    for number, phase in enumerate(phases[1:], 1):
        drawing.dot(9, y + 9, str(number))
        drawing.text(26, y + 9, phase.step, "small")
        y += 24
    return y


def _forger(drawing: Drawing, spans: list[tuple[float, float, Phase]], y: float) -> None:
    """Draw while what somebody else signs with the old secret passes."""
    drawing.text(0, y, "a forger", "small", tone="bad")
    for x, wide, phase in spans:
        if "old" in phase.verifies:
            drawing.frame(x + 2, y - 3, wide - 4, 6, "bar-bad")
        else:
            drawing.cross(x + wide / 2, y)


def _legend(drawing: Drawing, y: float) -> None:
    drawing.frame(1, y, 26, 12, "bar")
    drawing.text(34, y + 6, "signs and verifies", "small")
    drawing.frame(170, y, 26, 12, "outer")
    drawing.text(203, y + 6, "verifies only", "small")
    drawing.frame(1, y + 23, 26, 6, "bar-bad")
    drawing.text(34, y + 26, "a token that a thief signed with the old secret passes", "small")
