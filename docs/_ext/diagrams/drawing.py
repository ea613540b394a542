"""Draw boxes, arrows and text as SVG, in the colours of the page around them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

#: The two widths of pictures, in units that are about a pixel: on a telephone, and beside it.
NARROW, WIDE = 350, 720

#: Sizes of text by what it is, in units. `static/diagrams.css` has the same.
SIZES = {"head": 14, "plain": 13, "small": 11.5, "code": 12, "tiny-code": 11}
_LEADING = 1.4

#: Widths of the characters from the space on, in hundredths of the size: those of DejaVu Sans,
#: which is wider than what most systems have. So text that fits here fits everywhere.
_PLAIN = (
    "32 40 46 84 64 95 78 27 39 39 50 84 32 36 32 34 64 64 64 64 64 64 64 64 "
    "64 64 34 34 84 84 84 53 100 68 69 70 77 63 58 77 75 29 29 66 56 86 75 79 "
    "60 79 69 63 61 73 68 99 69 61 69 39 34 39 84 50 50 61 63 55 63 62 35 63 "
    "63 28 28 58 28 97 63 61 63 63 41 52 39 63 59 82 59 59 52 64 34 64 84"
)
_WIDTHS = [int(width) for width in _PLAIN.split()]
_BOLD, _MONO, _OTHER = 1.12, 61, 90

#: What a line, a box or a text says by its colour: nothing, the good way, a refusal.
Tone = Literal["", "good", "bad", "quiet"]
Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]


def size_of(kind: str) -> float:
    """Return the size of text; *kind* may have further words after the one that says it."""
    return SIZES[kind.partition(" ")[0]]


def width_of(words: str, kind: str = "plain") -> float:
    """Return about how wide *words* are, and rather more than less."""
    if kind.endswith("code"):
        return len(words) * _MONO * size_of(kind) / 100
    hundredths = sum(_WIDTHS[ord(c) - 32] if " " <= c <= "~" else _OTHER for c in words)
    return hundredths * size_of(kind) / 100 * (_BOLD if kind == "head" else 1)


def wrapped(words: str, width: float, kind: str = "plain") -> list[str]:
    """Return *words* in lines that are at most *width* wide; a newline begins one."""
    lines: list[str] = []
    for part in words.split("\n"):
        line = ""
        for word in part.split():
            longer = f"{line} {word}".strip()
            if line and width_of(longer, kind) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def height_of(lines: Sequence[str], kind: str = "plain") -> float:
    """Return how high *lines* are."""
    return len(lines) * size_of(kind) * _LEADING


@dataclass(frozen=True)
class Box:
    """A box that was drawn: arrows begin and end at its sides."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def centre(self) -> float:
        return self.y + self.height / 2


@dataclass
class Drawing:
    """A picture of one width that becomes as high as what is drawn in it."""

    width: float
    height: float = 0
    shapes: list[str] = field(default_factory=list)

    @property
    def is_narrow(self) -> bool:
        """Whether this is the form for a telephone."""
        return self.width < WIDE

    def text(
        self, x: float, y: float, words: str, kind: str = "plain",
        anchor: Anchor = "start", tone: Tone = "",
    ) -> None:  # fmt: skip
        """Write one line, of which *y* is the middle."""
        base = y + size_of(kind) * 0.36
        classes = f"{kind} {tone}".strip()
        extra = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.shapes.append(
            f'<text class="{classes}" x="{x:g}" y="{base:.1f}"{extra}>{escape(words)}</text>'
        )
        self._reach(y + size_of(kind) * 0.7)

    def lines(
        self, x: float, y: float, lines: Sequence[str], kind: str = "plain",
        anchor: Anchor = "start", tone: Tone = "",
    ) -> float:  # fmt: skip
        """Write *lines* below *y*, and return where the last one ends."""
        step = size_of(kind) * _LEADING
        for number, line in enumerate(lines):
            self.text(x, y + step * (number + 0.5), line, kind, anchor, tone)
        return y + step * len(lines)

    def prose(
        self, x: float, y: float, words: str, width: float, kind: str = "small",
        anchor: Anchor = "start", tone: Tone = "",
    ) -> float:  # fmt: skip
        """Write *words* in lines of at most *width* below *y*, and return where they end."""
        return self.lines(x, y, wrapped(words, width, kind), kind, anchor, tone)

    def frame(self, x: float, y: float, width: float, height: float, kind: str = "box") -> Box:
        """Draw an empty box; *kind* is ``box``, ``outer``, ``good``, ``bad`` or ``dashed``."""
        self._rect(kind, Box(x, y, width, height), 5)
        return Box(x, y, width, height)

    def box(
        self, x: float, y: float, width: float, head: str, body: str = "", *,
        kind: str = "box", code: bool = False, height: float = 0, pad: float = 10,
    ) -> Box:  # fmt: skip
        """Draw a box with a heading and, below it, some words; it becomes as high as they are."""
        told = "code" if code else "small"
        inner = width - 2 * pad
        heads = wrapped(head, inner, "head") if head else []
        bodies = wrapped(body, inner, told) if body else []
        gap = 3 if heads and bodies else 0
        needs = height_of(heads, "head") + gap + height_of(bodies, told)
        box = self.frame(x, y, width, max(height, needs + 1.6 * pad), kind)
        top = y + (box.height - needs) / 2
        at = self.lines(box.middle, top, heads, "head", "middle")
        self.lines(box.middle, at + gap, bodies, told, "middle")
        return box

    def chip(self, x: float, y: float, words: str, tone: Tone = "", width: float = 0) -> Box:
        """Draw a short text in a rounded frame, of which *y* is the middle."""
        wide = width or width_of(words, "tiny-code") + 12
        box = Box(x, y - 9, wide, 18)
        self._rect(f"chip {tone}".strip(), box, 9)
        self.text(box.middle, y, words, "tiny-code", "middle", tone)
        return box

    def line(self, *points: Point, tone: Tone = "", kind: str = "") -> None:
        """Draw a line through *points*."""
        path = "L".join(f"{x:g} {y:g}" for x, y in points)
        classes = f"line {tone} {kind}".split()
        self.shapes.append(f'<path class="{" ".join(classes)}" d="M{path}"/>')
        self._reach(max(y for _, y in points) + 1)

    def arrow(self, *points: Point, tone: Tone = "", kind: str = "") -> None:
        """Draw a line through *points* with a head at the last."""
        end = self._head(points[-2], points[-1], tone)
        self.line(*points[:-1], end, tone=tone, kind=kind)

    def down(self, start: Box, rail: float, end: Point, tone: Tone = "") -> None:
        """Draw an arrow from the lower side of *start* to *end*, which turns at height *rail*."""
        x, y = end
        way = [(start.middle, start.bottom), (start.middle, rail), (x, rail), (x, y)]
        self.arrow(*(way if x != start.middle else (way[0], way[-1])), tone=tone)

    def cross(self, x: float, y: float, size: float = 5) -> None:
        """Mark that something ends here."""
        x0, x1, y0, y1 = x - size, x + size, y - size, y + size
        self.shapes.append(
            f'<path class="line bad" d="M{x0:g} {y0:g}L{x1:g} {y1:g}M{x0:g} {y1:g}L{x1:g} {y0:g}"/>'
        )
        self._reach(y1 + 1)

    def send_back(self, place: int) -> None:
        """Draw the last shape earlier: below all from *place* on."""
        self.shapes.insert(place, self.shapes.pop())

    def dot(
        self, x: float, y: float, words: str = "", radius: float = 9, tone: Tone = "good"
    ) -> None:
        """Draw a filled circle with a number or a letter in it."""
        self.shapes.append(f'<circle class="dot {tone}" cx="{x:g}" cy="{y:g}" r="{radius:g}"/>')
        if words:
            base = y + 4
            self.shapes.append(
                f'<text class="on-dot" x="{x:g}" y="{base:g}">{escape(words)}</text>'
            )
        self._reach(y + radius)

    def svg(self, title: str, words: str, form: str) -> str:
        """Return the picture, which says in words what it shows."""
        height = math.ceil(self.height) + 1
        return "\n".join(
            [
                f'<svg class="diagram-{form}" viewBox="0 0 {self.width:g} {height}" role="img" '
                'xmlns="http://www.w3.org/2000/svg">',
                f"<title>{escape(title)}</title>",
                f"<desc>{escape(words)}</desc>",
                *self.shapes,
                "</svg>",
            ]
        )

    def _head(self, before: Point, end: Point, tone: Tone) -> Point:
        """Draw the head of an arrow, and return the middle of its base, where the line ends."""
        (x0, y0), (x, y) = before, end
        length = math.hypot(x - x0, y - y0) or 1
        dx, dy = (x - x0) / length, (y - y0) / length
        bx, by = x - 8 * dx, y - 8 * dy
        corners = ((x, y), (bx - 4.5 * dy, by + 4.5 * dx), (bx + 4.5 * dy, by - 4.5 * dx))
        path = "L".join(f"{cx:.1f} {cy:.1f}" for cx, cy in corners)
        self.shapes.append(f'<path class="{f"head {tone}".strip()}" d="M{path}z"/>')
        return bx, by

    def _rect(self, kind: str, box: Box, radius: float) -> None:
        size = f'width="{box.width:g}" height="{box.height:g}" rx="{radius:g}"'
        self.shapes.append(f'<rect class="{kind}" x="{box.x:g}" y="{box.y:g}" {size}/>')
        self._reach(box.bottom + 1)

    def _reach(self, y: float) -> None:
        self.height = max(self.height, y)


def columns(total: float, count: int, gap: float) -> Iterator[tuple[float, float]]:
    """Yield the place and the width of each of *count* columns with *gap* between them."""
    width = (total - gap * (count - 1)) / count
    yield from ((number * (width + gap), width) for number in range(count))
