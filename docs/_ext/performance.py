"""Show the figures of the page "What a request costs" as tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from sizing import csv_table
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

Data = dict[str, Any]

#: The heading of each system's column.
SYSTEMS = {
    "hand-written": "by hand",
    "flask-jwt-extended": "Flask-JWT-Extended",
    "jwtpolicy": "jwtpolicy, memory",
    "jwtpolicy, SQLite": "jwtpolicy, SQLite",
}


def costs(data: Data, names: str) -> Iterator[Sequence[str]]:
    """Yield the rows that *names* are: what the base takes, and what each system adds to it."""
    rows = {row["name"]: row for row in data["rows"]}
    chosen = [rows[name] for name in names.split()]
    systems = [system for system in SYSTEMS if any(system in row["added"] for row in chosen)]
    yield ["what", "base", *(SYSTEMS[system] for system in systems)]
    for row in chosen:
        cells = [_cell(row, system) for system in systems]
        yield [f"{row['title']} ({row['unit']})", _number(row["base"]), *cells]


def servers(data: Data) -> Iterator[Sequence[str]]:
    """Yield the share of the bare view's requests that each system answers, by kind of worker."""
    yield ["worker", *SYSTEMS.values()]
    for row in data["rows"]:
        yield [row["worker"], *(f"{row['kept'][system]:.2f}" for system in SYSTEMS)]


def measured_on(data: Data) -> str:
    """Return on what machine, and with which versions, the figures were measured."""
    versions = ", ".join(f"{name} {number}" for name, number in data["versions"].items())
    machine = "{cpu}, {cores} cores, {system}".format(**data["machine"])
    return f"{machine}; {versions}; {data['rounds']} rounds."


def _cell(row: Data, system: str) -> str:
    """Return what *system* adds; in brackets the share of the reference, where that is a time."""
    if system not in row["added"]:
        return ""
    number, share = _number(row["added"][system]), row["shares"].get(system, 1)
    return number if share == 1 or row["unit"] != "µs" else f"{number} ({share:.2f})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"


class Costs(SphinxDirective):
    """Insert the rows of ``figures.json`` that the argument names."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(csv_table(costs(self.data("figures"), *self.arguments)))

    def data(self, name: str) -> Data:
        """Return what a file of figures says."""
        relative, path = self.env.relfn2path(f"/performance/{name}.json")
        self.env.note_dependency(relative)
        data: Data = json.loads(Path(path).read_text(encoding="utf-8"))
        return data


class Servers(Costs):
    """Insert the table of ``servers.json``."""

    required_arguments = 0

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(csv_table(servers(self.data("servers"))))


class MeasuredOn(Costs):
    """Insert what the file that the argument names was measured on."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(measured_on(self.data(*self.arguments)))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("costs", Costs)
    app.add_directive("servers", Servers)
    app.add_directive("measured-on", MeasuredOn)
    return {"parallel_read_safe": True}
