"""Draw the order of the package, and list its parts, from ``docs/layers.toml``.

``python docs/_ext/layers.py`` prints the map. The test suite imports this module too: only `setup`
needs Sphinx.
"""

from __future__ import annotations

import ast
import textwrap
import tomllib
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
MAP = ROOT / "docs/layers.toml"
PACKAGE = ROOT / "jwtpolicy"
PAGE = "project/architecture"

#: Units of the drawing; on a telephone of 390 pixels one is about a pixel.
_WIDTH, _BOX, _LINE, _GAP, _STOP = 350, 126, 17, 5, 18
_TOP = 22

#: Colours are the theme's, so that the picture follows its dark mode.
_STYLE = """
.layers { display: block; width: 100%; max-width: 28rem; margin: 1rem auto; height: auto; }
.layers text { font: 12px sans-serif; fill: var(--color-foreground-primary, currentColor); }
.layers rect { fill: none; stroke: var(--color-foreground-muted, gray); }
.layers .flask { fill: var(--color-background-border, silver); }
.layers .guide { stroke: var(--color-background-border, silver); stroke-dasharray: 2 3; }
.layers .way { stroke: var(--color-brand-primary, blue); stroke-width: 2; fill: none; }
.layers circle, .layers .head { fill: var(--color-brand-primary, blue); }
.layers .stop { font-weight: bold; font-size: 11px; text-anchor: middle;
  fill: var(--color-background-primary, white); }
.layers .end { text-anchor: end; }
"""


@cache
def the_map() -> dict[str, Any]:
    """Return what ``docs/layers.toml`` says."""
    return tomllib.loads(MAP.read_text(encoding="utf-8"))


def purpose(part: str) -> str:
    """Return the first line of a part's own docstring."""
    folder, module = PACKAGE / part / "__init__.py", PACKAGE / f"{part}.py"
    tree = ast.parse((folder if folder.exists() else module).read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def text_lines() -> Iterator[str]:
    """Yield the map for a terminal; parts of one layer have one number."""
    for number, names in enumerate(the_map()["layers"], 1):
        for name in names:
            yield f"{number:2} {name:12} {purpose(name)}"


def table_lines() -> Iterator[str]:
    """Yield the parts as a reStructuredText table."""
    yield from (".. list-table::", "   :header-rows: 1", "   :widths: 15 85", "")
    yield from ("   * - part", "     - what it is for")
    for names in the_map()["layers"]:
        for name in names:
            yield from (f"   * - ``{name}``", f"     - {purpose(name)}")


def request_lines() -> Iterator[str]:
    """Yield where a request goes through as a reStructuredText list; numbers are the picture's."""
    for number, stop in enumerate(the_map()["request"], 1):
        yield f"{number}. ``{stop['part']}``: {stop['does']}"


def alternative() -> str:
    """Return in words what the picture shows."""
    layers = "; ".join(", ".join(names) for names in the_map()["layers"])
    way = ", ".join(stop["part"] for stop in the_map()["request"])
    without = ", ".join(the_map()["without_flask"])
    return (
        f"The parts of the package, from top to bottom: {layers}. "
        f"A request goes through {way}. These know no Flask: {without}."
    )


def picture() -> str:
    """Return the picture as SVG: the layers from top to bottom, the request from left to right."""
    rows, height = _rows()
    stops = [(_x(index), rows[stop["part"]]) for index, stop in enumerate(the_map()["request"])]
    return "\n".join(
        [
            f'<svg class="layers" viewBox="0 0 {_WIDTH} {height + 30}" role="img" '
            'xmlns="http://www.w3.org/2000/svg" aria-labelledby="layers-title layers-text">',
            '<title id="layers-title">The layers of the package, and a request</title>',
            f'<desc id="layers-text">{escape(alternative())}</desc>',
            f"<style>{_STYLE}</style>",
            *_boxes(),
            *_way(stops),
            *_legend(height),
            "</svg>",
        ]
    )


def _wrapped() -> list[tuple[list[str], list[str]]]:
    """Return the parts of each layer, and the lines that their names fill in its box."""
    return [(names, textwrap.wrap(", ".join(names), width=18)) for names in the_map()["layers"]]


def _rows() -> tuple[dict[str, float], int]:
    """Return where the middle of each part is, from the top, and where the last box ends."""
    rows, y = {}, _TOP
    for names, lines in _wrapped():
        height = _LINE * len(lines)
        rows.update(dict.fromkeys(names, y + height / 2))
        y += height + _GAP
    return rows, y


def _x(index: int) -> int:
    """Return where a stop is, from the left."""
    return _BOX + 22 + index * (_STOP + 1)


def _boxes() -> Iterator[str]:
    """Yield a box for each layer, and the line along which its stops lie."""
    rows, _ = _rows()
    for names, lines in _wrapped():
        height, middle = _LINE * len(lines), rows[names[0]]
        kind = "plain" if names[0] in the_map()["without_flask"] else "flask"
        top = middle - height / 2
        yield (
            f'<rect class="{kind}" x="1" y="{top}" width="{_BOX}" height="{height}" rx="3"/>'
            f'<path class="guide" d="M{_BOX + 1} {middle}H{_WIDTH}"/>'
        )
        for number, line in enumerate(lines):
            yield f'<text x="8" y="{top + _LINE * number + 12.5}">{escape(line)}</text>'


def _way(stops: list[tuple[int, float]]) -> Iterator[str]:
    """Yield the arrow through *stops*, with their numbers."""
    (first, start), (last, end) = stops[0], stops[-1]
    over = end - 28
    path = f"M{first} {start - 28}V{start}" + "".join(f"H{x}V{y}" for x, y in stops[1:])
    yield f'<path class="way" d="{path}V{over}"/>'
    yield f'<path class="head" d="M{last - 5} {over}h10l-5 -8z"/>'
    yield f'<text x="{_BOX + 6}" y="{start - 33}">request</text>'
    yield f'<text class="end" x="{_WIDTH}" y="{over - 14}">answer</text>'
    for number, (x, y) in enumerate(stops, 1):
        yield f'<circle cx="{x}" cy="{y}" r="{_STOP / 2}"/>'
        yield f'<text class="stop" x="{x}" y="{y + 4}">{number}</text>'


def _legend(y: int) -> Iterator[str]:
    """Yield what the filling of a box means."""
    for x, kind, words in ((1, "flask", "may import Flask"), (150, "plain", "knows no Flask")):
        yield f'<rect class="{kind}" x="{x}" y="{y + 10}" width="14" height="14" rx="3"/>'
        yield f'<text x="{x + 20}" y="{y + 21.5}">{words}</text>'


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives of the picture, of the request's way and of the table."""
    from docutils import nodes
    from sphinx.util.docutils import SphinxDirective
    from tables import Table

    class Picture(SphinxDirective):
        """Insert the picture."""

        def run(self) -> list[nodes.Node]:
            return [nodes.raw("", picture(), format="html")]

    class Request(Table):
        """Insert the list of where a request goes through."""

        lines = staticmethod(request_lines)

    class Parts(Table):
        """Insert the table of parts."""

        lines = staticmethod(table_lines)

    app.add_directive("layers-picture", Picture)
    app.add_directive("layers-request", Request)
    app.add_directive("layers-table", Parts)
    # The map, or a docstring, may have changed though the page has not.
    app.connect("env-get-outdated", lambda *_: [PAGE])
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    print("\n".join(text_lines()))
