"""The layers of the package from top to bottom, and a request from left to right."""

from __future__ import annotations

from layers import the_map

from .drawing import NARROW, Drawing, Point, wrapped

TITLE = "The layers of the package, and a request"
FORMS = (NARROW,)

_BOX, _LINE, _GAP, _STEP = 132, 18, 6, 17


def words() -> str:
    """Return in words what the picture shows."""
    layers = "; ".join(", ".join(names) for names in the_map()["layers"])
    way = ", ".join(stop["part"] for stop in the_map()["request"])
    without = ", ".join(the_map()["without_flask"])
    return (
        f"The parts of the package, from top to bottom: {layers}. "
        f"A request goes through {way}. These know no Flask: {without}."
    )


def draw(drawing: Drawing) -> None:
    """Draw a box for each layer, and the way of a request through them."""
    y, rows = 1.0, {}
    for names in the_map()["layers"]:
        lines = wrapped(", ".join(names), _BOX - 14, "plain")
        kind = "outer" if names[0] in the_map()["without_flask"] else "filled"
        box = drawing.frame(1, y, _BOX, _LINE * len(lines) + 4, kind)
        drawing.lines(9, y + 2, lines, "plain")
        rows.update(dict.fromkeys(names, box.centre))
        drawing.line((box.right, box.centre), (drawing.width, box.centre), kind="guide")
        y = box.bottom + _GAP
    stops: list[Point] = [
        (_BOX + 14 + _STEP * index, rows[stop["part"]])
        for index, stop in enumerate(the_map()["request"])
    ]
    _way(drawing, stops)
    drawing.frame(1, y + 8, 14, 14, "filled")
    drawing.text(22, y + 15, "may import Flask", "small")
    drawing.frame(160, y + 8, 14, 14, "outer")
    drawing.text(181, y + 15, "knows no Flask", "small")


def _way(drawing: Drawing, stops: list[Point]) -> None:
    """Draw the arrow through *stops*, with their numbers."""
    (first, start), (last, end) = stops[0], stops[-1]
    path = [(first, start - 40), stops[0]]
    for x, y in stops[1:]:
        path += [(x, path[-1][1]), (x, y)]
    drawing.arrow(*path, (last, end - 40), tone="good")
    drawing.text(first, start - 50, "request", "small", "start")
    drawing.text(drawing.width, end - 50, "answer", "small", "end")
    for number, (x, y) in enumerate(stops, 1):
        drawing.dot(x, y, str(number))
