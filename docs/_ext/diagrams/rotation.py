"""Rotation, grace and theft: two clients that have the same refresh token."""

from __future__ import annotations

from typing import NamedTuple

from .drawing import NARROW, WIDE, Drawing, Tone, height_of, wrapped

TITLE = "A stolen refresh token is noticed when it is used twice"
FORMS = (NARROW, WIDE)


class Step(NamedTuple):
    """A request of one of the two clients, and its answer.

    Attributes:
        who: ``user`` or ``thief``.
        sends: What is sent: a login, or the name of a refresh token.
        after: Seconds since the step before.
        status: The status of the answer.
        gets: The name of the refresh token in the answer, or nothing.
        why: What happens, in words.
    """

    who: str
    sends: str
    after: int
    status: int
    gets: str
    why: str


STEPS = (
    Step("user", "login", 0, 200, "R1", "A login opens the session."),
    Step("user", "R1", 900, 200, "R2", "R1 is exchanged, and used up."),
    Step("user", "R1", 5, 200, "R2", "Within the grace of 10 seconds: the same pair again."),
    Step(
        "thief", "R1", 60, 401, "", "After the grace: the session ends, and refresh_reused is sent."
    ),
    Step("user", "R2", 60, 401, "", "The user has to log in again."),
)
#: After this step the thief has a copy of R1.
STOLEN_AFTER = 1


def words() -> str:
    """Return in words what the picture shows."""
    told = []
    for number, step in enumerate(STEPS, 1):
        gets = f" with {step.gets}" if step.gets else ""
        told.append(
            f"{number}. The {step.who} sends {step.sends}, and gets {step.status}{gets}. {step.why}"
        )
        if number == STOLEN_AFTER:
            told.append("A thief copies R1.")
    return " ".join(told)


def draw(drawing: Drawing) -> None:
    """Draw three life lines, and each step as an arrow to the middle one and back."""
    edge = 34.0 if drawing.is_narrow else 60.0
    places = {"user": edge, "server": drawing.width / 2, "thief": drawing.width - edge}
    heads = {"user": "user", "server": "application", "thief": "thief"}
    for who, x in places.items():
        wide = 66 if who != "server" else 104
        kind = "bad" if who == "thief" else "good" if who == "user" else "box"
        drawing.box(x - wide / 2, 1, wide, heads[who], kind=kind)
    lines_at = len(drawing.shapes)
    y, middle = 52.0, (places["user"] + places["server"]) / 2
    for number, step in enumerate(STEPS, 1):
        y = _step(drawing, places, number, step, y)
        if number == STOLEN_AFTER:
            drawing.arrow(
                (places["user"], y + 6), (places["thief"], y + 6), tone="bad", kind="dashed"
            )
            drawing.text(middle, y - 6, "a copy of R1", "small", "middle", "bad")
            y += 26
    for x in places.values():
        drawing.line((x, 34), (x, y - 6), kind="guide")
        drawing.send_back(lines_at)


def _step(drawing: Drawing, places: dict[str, float], number: int, step: Step, y: float) -> float:
    """Draw a request and its answer, and return where the next one begins."""
    own, server = places[step.who], places["server"]
    tone: Tone = "good" if step.status == 200 else "bad"
    towards = 1 if own < server else -1
    middle = (own + server) / 2
    drawing.text(middle + 6 * towards, y, step.sends, "code", "middle")
    drawing.arrow((own, y + 11), (server, y + 11))
    said = f"{step.status} {step.gets}".strip()
    drawing.text(middle + 6 * towards, y + 26, said, "code", "middle", tone)
    drawing.arrow((server, y + 37), (own, y + 37), tone=tone)
    free = drawing.width - server - 18 if drawing.is_narrow else drawing.width - server - 90
    lines = wrapped(step.why, free, "small")
    top = y + 24 - height_of(lines, "small") / 2
    at = server + 14 if towards > 0 else server - 14
    drawing.lines(at, top, lines, "small halo", "start" if towards > 0 else "end")
    drawing.dot(own, y + 24, str(number), 8, "")
    return y + max(37, height_of(lines, "small")) + 32
