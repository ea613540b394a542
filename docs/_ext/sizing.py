"""Show the figures of the page "Sizing": a table, and a picture of what depends on the size."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

Rows = Sequence[Sequence[str]]

_AMONG = "µs among "
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 400, 15, 285  # of the frame, in a picture of 720 by 330


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
    """Return the times over the sizes as SVG, in the colour of the text around it."""
    sizes = [name.removeprefix(_AMONG) for name in rows[0] if name.startswith(_AMONG)]
    times = {row[0]: [float(cell) for cell in row[1 : len(sizes) + 1]] for row in rows[1:]}
    return "\n".join(_lines(sizes, times))


def _lines(sizes: Sequence[str], times: dict[str, list[float]]) -> Iterator[str]:
    yield '<svg viewBox="0 0 720 330" role="img" font-size="11" fill="currentColor">'
    yield "<title>µs of a look-up, over the sessions in the store</title>"
    logs = [math.log10(time) for row in times.values() for time in row]
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    across = [_LEFT + (_RIGHT - _LEFT) * n // max(len(sizes) - 1, 1) for n in range(len(sizes))]

    def down(time: float) -> int:
        return round(_BOTTOM - (_BOTTOM - _TOP) * (math.log10(time) - low) / (high - low))

    for time in (10.0**exponent for exponent in range(low, high + 1)):
        yield f'<path d="M{_LEFT} {down(time)}H{_RIGHT}" stroke="currentColor" opacity=".2"/>'
        yield f'<text x="{_LEFT - 6}" y="{down(time) + 4}" text-anchor="end">{time:g}</text>'
    for x, size in zip(across, sizes, strict=True):
        yield f'<text x="{x}" y="{_BOTTOM + 18}" text-anchor="middle">{size}</text>'
    yield f'<text x="{_LEFT}" y="{_BOTTOM + 36}">µs of a look-up, over sessions in the store</text>'
    for n, (title, row) in enumerate(times.items()):
        # So light that it can be told from white as well as from black.
        y, colour = _TOP + 10 + 22 * n, f"oklch(60% .15 {360 * n // len(times)})"
        dashes = "6 3" if n % 2 else "none"  # neighbours differ for who sees no colours
        points = "L".join(f"{x} {down(time)}" for x, time in zip(across, row, strict=True))
        yield f'<path d="M{points}M{_RIGHT + 20} {y}h22" fill="none" stroke="{colour}"'
        yield f' stroke-width="2" stroke-dasharray="{dashes}"/>'
        text = escape(re.sub(":data:|`", "", title))
        yield f'<text x="{_RIGHT + 48}" y="{y + 4}">{text}</text>'
    yield "</svg>"


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
