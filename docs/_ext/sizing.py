"""Show the figures of the page "Sizing": a table, and a picture of what depends on the size."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from diagrams.drawing import NARROW, WIDE, Drawing
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

Rows = Sequence[Sequence[str]]

_AMONG = "µs among "
_LEFT, _TOP, _BOTTOM = 44, 15, 285  # of the frame, in units of the picture


def read(path: Path) -> Rows:
    """Return the rows of a file, the names of its columns being the first."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def table(rows: Rows) -> str:
    """Return a table as reStructuredText, with look-ups among the most sessions only."""
    *drawn, _ = [n for n, name in enumerate(rows[0]) if name.startswith(_AMONG)]
    return csv_table([cell for n, cell in enumerate(row) if n not in drawn] for row in rows)


def csv_table(rows: Iterable[Sequence[str]]) -> str:
    """Return *rows* as reStructuredText, the first as the heading; a dash where nothing is."""
    file = io.StringIO()
    filled = ([cell or "—" for cell in row] for row in rows)
    csv.writer(file, lineterminator="\n   ").writerows(filled)
    return f".. csv-table::\n   :header-rows: 1\n   :stub-columns: 1\n\n   {file.getvalue()}"


def picture(rows: Rows) -> str:
    """Return the times over the sizes as a figure, in a form for telephones and in a wide one."""
    sizes = [name.removeprefix(_AMONG) for name in rows[0] if name.startswith(_AMONG)]
    times = {row[0]: [float(cell) for cell in row[1 : len(sizes) + 1]] for row in rows[1:]}
    forms = {"narrow": Drawing(NARROW), "wide": Drawing(WIDE)}
    for drawing in forms.values():
        _draw(drawing, sizes, times)
    title = "µs of a look-up, over the sessions in the store"
    words = "; ".join(f"{_plain(name)}: {row[0]:g} to {row[-1]:g}" for name, row in times.items())
    words = f"From {sizes[0]} to {sizes[-1]} sessions. {words}."
    svgs = [drawing.svg(title, words, form) for form, drawing in forms.items()]
    return "\n".join(['<figure class="diagram">', *svgs, "</figure>"])


def _plain(title: str) -> str:
    return re.sub(":data:|`", "", title)


def _draw(drawing: Drawing, sizes: Sequence[str], times: dict[str, list[float]]) -> None:
    """Draw the frame, and a line for each store with its name beside or below."""
    logs = [math.log10(time) for row in times.values() for time in row]
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    right = drawing.width - 14 if drawing.is_narrow else 410
    across = [_LEFT + (right - _LEFT) * n // max(len(sizes) - 1, 1) for n in range(len(sizes))]

    def down(time: float) -> int:
        return round(_BOTTOM - (_BOTTOM - _TOP) * (math.log10(time) - low) / (high - low))

    for time in (10.0**exponent for exponent in range(low, high + 1)):
        drawing.line((_LEFT, down(time)), (right, down(time)), kind="guide")
        drawing.text(_LEFT - 6, down(time), f"{time:g}", "small", "end")
    for x, size in zip(across, sizes, strict=True):
        drawing.text(x, _BOTTOM + 16, size, "small", "middle")
    caption = "µs of a look-up, over sessions in the store"
    drawing.text(_LEFT, _BOTTOM + 36, caption, "small", tone="quiet")
    for n, (title, row) in enumerate(times.items()):
        # So light that it can be told from white as well as from black.
        colour = f"oklch(60% .15 {360 * n // len(times)})"
        dashes = "6 3" if n % 2 else "none"  # neighbours differ for who sees no colours
        points = "L".join(f"{x} {down(time)}" for x, time in zip(across, row, strict=True))
        x, y = (4, _BOTTOM + 62) if drawing.is_narrow else (right + 26, _TOP + 10)
        y += 22 * n
        drawing.shapes.append(
            f'<path d="M{points}M{x} {y}h22" fill="none" stroke="{colour}"'
            f' stroke-width="2" stroke-dasharray="{dashes}"/>'
        )
        drawing.text(x + 30, y, _plain(title), "small")


class Sizing(SphinxDirective):
    """Insert what is made of the figures."""

    def run(self) -> list[nodes.Node]:
        relative, path = self.env.relfn2path("/sizing/figures.csv")
        self.env.note_dependency(relative)
        rows = read(Path(path))
        svg = nodes.raw("", picture(rows), format="html")
        return [*self.parse_text_to_nodes(table(rows)), svg]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("sizing", Sizing)
    return {"parallel_read_safe": True}
