"""Levels: what is written on a blueprint, a base class and a class becomes one tree."""

from __future__ import annotations

import secrets
from functools import cache
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

from .drawing import NARROW, WIDE, Drawing

TITLE = "The levels of a view become one tree of policies"
FORMS = (NARROW, WIDE)
METHOD, RULE = "DELETE", "/invoices/<int:number>"


class Shown(NamedTuple):
    """What the picture shows: the levels as they were written, and the row of the audit."""

    levels: dict[str, list[str]]
    row: Any


@cache
def shown() -> Shown:
    """Return the levels and the audit of a small application."""
    from flask import Blueprint, Flask

    from jwtpolicy import ClaimsMatch, Fresh, HasRole, HasScope, JWTManager, ProtectedView
    from jwtpolicy.app.bound_app import bound_app_of
    from jwtpolicy.audit import audit

    app = Flask("shop")
    secret = secrets.token_urlsafe(48)
    app.config.update(JWT_SECRET_KEY=secret, JWT_STORE_URL="memory://")
    shop = Blueprint("shop", "shop")
    JWTManager(app).protect_blueprint(shop, HasScope("shop"))

    class Staff(ProtectedView):
        policies = HasRole("staff")

    class Invoice(Staff):
        policies = ClaimsMatch(team="sales")
        method_policies: ClassVar = {"DELETE": Fresh(within=300)}

        def delete(self, number: int) -> str:
            return str(number)

    shop.add_url_rule(RULE, view_func=Invoice.as_view("invoice"))
    app.register_blueprint(shop)
    (row,) = (row for row in audit(app).rows if METHOD in row.methods)
    written = bound_app_of(app).levels(row.endpoint, METHOD)
    levels: dict[str, list[str]] = {"blueprint shop": [], "class Staff": [], "class Invoice": []}
    for one in written:
        if one.source != "baseline":
            levels[f"{one.source} {one.name}"] += str(one.policy).split(" & ")
    return Shown({name: sorted(leaves) for name, leaves in levels.items()}, row)


def words() -> str:
    """Return in words what the picture shows."""
    levels = "; ".join(f"{name}: {' & '.join(each)}" for name, each in shown().levels.items())
    row = shown().row
    return (
        f"Each level can only narrow. {levels}. Together they are what {METHOD} {RULE} demands: "
        f"{row.demands}. Accepted tokens: {', '.join(row.accepts)}. "
        f"The baseline is asked of every token as well: {row.baseline}."
    )


def draw(drawing: Drawing) -> None:
    """Draw the levels, and below or beside them the tree that they become."""
    levels, row = shown()
    wide = 330 if not drawing.is_narrow else drawing.width - 2
    y, boxes = 1.0, []
    for name, lines in levels.items():
        box = drawing.frame(1, y, wide, 34 + 18 * len(lines))
        drawing.text(13, y + 16, name, "head")
        for number, line in enumerate(lines):
            drawing.text(13, y + 36 + 18 * number, ("& " if number else "") + line, "code")
        boxes.append(box)
        y = box.bottom + 26
    for above, below in pairwise(boxes):
        middle = (above.bottom + below.y) / 2
        drawing.text(above.middle, middle, "&", "head", "middle")
    x, top = (1.0, y + 14) if drawing.is_narrow else (390.0, 1.0)
    across = drawing.width - x - 1
    demands = row.demands.split(" & ")
    bottom = boxes[-1].bottom
    high = 128 + 18 * len(demands)
    if not drawing.is_narrow:
        top = max(1, boxes[1].centre - high / 2)
    tree = drawing.frame(x, top, across, high, "good")
    drawing.text(x + 12, top + 16, f"{METHOD} {RULE}", "head")
    at = top + 38
    for number, line in enumerate(demands):
        drawing.text(x + 12, at, ("& " if number else "") + line, "code")
        at += 18
    drawing.line((x, at - 4), (tree.right, at - 4), kind="guide")
    drawing.text(x + 12, at + 10, "kinds of token that are accepted", "small", tone="quiet")
    drawing.text(x + 12, at + 27, ", ".join(row.accepts), "code")
    drawing.text(x + 12, at + 48, "baseline, asked of every token", "small", tone="quiet")
    drawing.text(x + 12, at + 65, row.baseline, "code")
    if drawing.is_narrow:
        drawing.arrow((tree.middle, bottom), (tree.middle, top), tone="good")
        return
    for box in boxes:
        drawing.line((box.right, box.centre), (box.right + 26, box.centre), tone="good")
    drawing.line((wide + 27, boxes[0].centre), (wide + 27, boxes[-1].centre), tone="good")
    drawing.arrow((boxes[1].right, boxes[1].centre), (x, boxes[1].centre), tone="good")
