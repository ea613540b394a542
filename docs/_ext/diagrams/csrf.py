"""CSRF: what a page of another site can make a browser send, and where it is stopped."""

from __future__ import annotations

from typing import NamedTuple

from .drawing import NARROW, WIDE, Drawing

TITLE = "What a page of another site can make a browser send"
FORMS = (NARROW, WIDE)


class Request(NamedTuple):
    """A request that a page starts in the browser of somebody who is logged in.

    Attributes:
        start: The page, and what it does.
        method: The method.
        site: How the browser marks it: ``Sec-Fetch-Site``.
        has_cookie: Whether the browser adds the cookie, which is ``SameSite=Lax``.
        has_value: Whether the page knows the CSRF value.
        status: The status of the answer.
    """

    start: str
    method: str
    site: str
    has_cookie: bool
    has_value: bool
    status: int


REQUESTS = (
    Request("Another site: form or script", "POST", "cross-site", False, False, 401),
    Request("Another site, with SameSite=None", "POST", "cross-site", True, False, 403),
    Request("Another host of your own site", "POST", "same-site", True, False, 403),
    Request("Another site: a link", "GET", "cross-site", True, False, 200),
    Request("A page of yours", "POST", "same-origin", True, True, 200),
)

#: What a request has to get past, in this order: who looks, and at what.
GATES = (("browser", "SameSite"), ("guard", "CSRF value"))


def stopped_at(request: Request) -> int:
    """Return the number of the gate that stops *request*, from 0; their count if none does."""
    if not request.has_cookie:
        return 0
    return 1 if request.status == 403 else len(GATES)


def words() -> str:
    """Return in words what the picture shows."""
    told = []
    for one in REQUESTS:
        cookie = "with" if one.has_cookie else "without"
        value = "with" if one.has_value else "without"
        told.append(
            f"{one.start}, {one.method}: sent {cookie} the cookie and {value} the CSRF value, "
            f"answered with {one.status}."
        )
    return " ".join(told) + " A link may only read, and the other site does not see the answer."


def draw(drawing: Drawing) -> None:
    """Draw each request as an arrow towards the view, through the gates."""
    width = drawing.width
    gates = [width * share for share in (0.36, 0.66)]
    view = width - 62
    for x, (who, what) in zip(gates, GATES, strict=True):
        drawing.text(x, 8, who, "small", "middle", "quiet")
        drawing.text(x, 24, what, "small", "middle")
    y, behind = 56.0, len(drawing.shapes)
    for one in REQUESTS:
        gate = stopped_at(one)
        drawing.text(0, y, one.start, "small halo")
        lane = y + 24
        drawing.text(0, lane, one.method, "code")
        if gate < len(GATES):
            drawing.line((42, lane), (gates[gate], lane), tone="bad")
            drawing.cross(gates[gate], lane)
            drawing.chip(gates[gate] - 58, lane, str(one.status), "bad", 42)
        else:
            drawing.arrow((42, lane), (view, lane), tone="good")
            drawing.chip(width - 48, lane, str(one.status), "good", 42)
        y += 58
    for x in gates:
        drawing.line((x, 36), (x, y - 18))
        drawing.send_back(behind)
    box = drawing.frame(view, 36, width - view - 1, y - 54)
    drawing.send_back(behind)
    drawing.text(box.middle, 8, "your", "small", "middle", "quiet")
    drawing.text(box.middle, 24, "view", "small", "middle")
