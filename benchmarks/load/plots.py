"""Draw what was measured; this alone needs matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from .catalogue import NAMES, TITLES
from .results import Figures

#: SVG with text as text, and the same bytes for the same figures.
_STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "jwtpolicy", "font.size": 9}
_METADATA = {"Date": None, "Creator": None}


def draw(folder: Path) -> None:
    """Draw the results in *folder*, into it."""
    figures = Figures.read(folder / "figures.csv")
    with mpl.rc_context(_STYLE):
        _save(_look_ups(figures), folder / "look-ups.svg")
        _save(_rates(figures), folder / "rates.svg")


def _look_ups(figures: Figures) -> Figure:
    figure, axes = _canvas("sessions, and as many revoked tokens", "µs a look-up")
    axes.set_xscale("log")
    axes.set_yscale("log")
    for store in _measured(figures):
        sizes, medians = zip(*figures.series(store, "open_p50_us"), strict=True)
        worst = [value for _, value in figures.series(store, "open_p99_us")]
        (line,) = axes.plot(sizes, medians, marker="o", label=_title(store))
        axes.plot(sizes, worst, linestyle=":", color=line.get_color())
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), title="median; dotted: 99th perc.")
    return figure


def _rates(figures: Figures) -> Figure:
    figure, axes = _canvas("sessions, and as many revoked tokens", "rotations a second")
    axes.set_xscale("log")
    axes.set_yscale("log")
    for store in _measured(figures):
        several = list(figures.series(store, f"rotate_{figures.clients}_per_s"))
        alone = list(figures.series(store, "rotate_1_per_s"))
        sizes, rates = zip(*(several or alone), strict=True)
        axes.plot(sizes, rates, marker="o", label=_title(store))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), title=f"{figures.clients} clients")
    return figure


def _canvas(x: str, y: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(8, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, alpha=0.3)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata=_METADATA)
    # Lines of an SVG may end in spaces, which editors take away.
    lines = path.read_text("utf-8").splitlines()
    path.write_text("".join(f"{line.rstrip()}\n" for line in lines), encoding="utf-8")


def _measured(figures: Figures) -> list[str]:
    return [name for name in NAMES if name in figures.stores]


def _title(store: str) -> str:
    return TITLES[store].replace("`", "")
