"""Ask every endpoint about every user, by dry runs: who would get in, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, Rule

from ..app.bound_app import BoundApp
from ..app.explained_request import ExplainedRequest
from ..app.explanation import Explanation, Verdict
from ..audit import Protection, Row, audit
from ..audit.report import listed, table
from ..decision import one_line
from ..extension import manager_here
from .explaining import notes_on
from .unanswerable import Unanswerable

#: The column of requests without a token, as the audit calls them.
_ANONYMOUS: Final = "no token"
_HEAD: Final = (
    "A number is the status of the answer. 200: the view would run, whatever it answers. "
    "No view ran.\n"
)
_OPEN_HOST: Final = "its host has variables: ask jwt.explain(method, path, base_url=…) in a test"
_OPEN_PATH: Final = "its URL has variables: give an example by --path"


class Subject(NamedTuple):
    """Somebody of whom every endpoint is asked.

    Attributes:
        name: The subject, or None for nobody.
        token: The encoded token that they present, or None.
    """

    name: str | None
    token: str | None


class Cell(NamedTuple):
    """The fate of one request.

    Attributes:
        told: The explanation of the dry run; None if there was none.
        hindrance: Why there was none, and what to do about it.
    """

    told: Explanation | None
    hindrance: str = ""

    @property
    def is_known(self) -> bool:
        """Whether somebody knows without running the view."""
        return self.told is not None and self.told.verdict is not Verdict.UNKNOWN

    @property
    def reason(self) -> str:
        """Why the request is refused, or why nobody knows."""
        return self.hindrance if self.told is None else self.told.reason

    @property
    def text(self) -> str:
        """The status, for people."""
        return str(self.told.status) if self.told is not None and self.is_known else "?"

    def members(self, name: str | None) -> dict[str, Any]:
        """Return the cell as JSON has it; *name* is its user's."""
        verdict = None if self.told is None else self.told.verdict.name
        status = self.told.status if self.told is not None and self.is_known else None
        return {"user": name, "verdict": verdict, "status": status, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Line:
    """A request, and its fate for each user.

    Attributes:
        method: Its method.
        path: Its path; the rule, where nobody gave an example.
        row: The endpoint's row of the audit.
        cells: The fate for each user, in their order.
        notes: What a status does not say.
    """

    method: str
    path: str
    row: Row
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]

    @property
    def request(self) -> str:
        """The method and the path, with the host or subdomain that the rule is for."""
        return f"{self.method} {self.row.domain}{self.path}"

    @property
    def texts(self) -> tuple[str, ...]:
        """The line as people read it, by columns."""
        where = self.row.domain + self.path
        return (self.method, where, self.row.endpoint, *(cell.text for cell in self.cells))


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every endpoint of an application and every user who was asked about.

    Attributes:
        application: The name of the application.
        users: Their names, None being nobody.
        lines: The requests.
    """

    application: str
    users: tuple[str | None, ...]
    lines: tuple[Line, ...]

    @property
    def exit_code(self) -> int:
        """0 if each cell is known, else 1."""
        return 0 if all(cell.is_known for line in self.lines for cell in line.cells) else 1

    def as_text(self) -> str:
        """Return a table for people, and below it what it does not say."""
        names = (_ANONYMOUS if name is None else name for name in self.users)
        header = ("METHOD", "PATH", "ENDPOINT", *names)
        rows = [line.texts for line in self.lines]
        foot = [
            *listed("Not known", _grouped((line.request, _unknown(line)) for line in self.lines)),
            *listed("Notes", _grouped((line.request, line.notes) for line in self.lines)),
        ]
        return "\n".join([f"Application: {self.application}", _HEAD, *table(header, rows), *foot])

    def as_json(self) -> str:
        """Return it as an object for machines."""
        rows = [
            {
                "method": line.method,
                "path": line.path,
                "rule": line.row.rule,
                "domain": line.row.domain,
                "endpoint": line.row.endpoint,
                "cells": [c.members(u) for u, c in zip(self.users, line.cells, strict=True)],
                "notes": line.notes,
            }
            for line in self.lines
        ]
        return json.dumps(
            {"application": self.application, "users": self.users, "rows": rows}, indent=2
        )


def asked(
    app: Flask,
    bound: BoundApp,
    subjects: Sequence[Subject],
    methods: Iterable[str],
    paths: Iterable[str],
) -> Matrix:
    """Return what would become of a request to each endpoint by each of *subjects*.

    HEAD is left out beside a GET that demands the same, unless it stands in *methods*; so is what
    Flask answers itself.

    Args:
        app: The application.
        bound: The same, bound.
        subjects: The users.
        methods: The methods to ask about; none of them: all.
        paths: Examples of paths, for rules that have variables.

    Raises:
        Unanswerable: A path leads to no endpoint, or no endpoint takes one of the methods.
    """
    rows = [row for row in audit(app).rows if row.protection is not Protection.AUTOMATIC]
    wanted = {method.upper() for method in methods}
    if strange := wanted.difference(*(row.methods for row in rows)):
        msg = f"--method {', '.join(sorted(strange))}: no endpoint takes it"
        raise Unanswerable(msg)
    examples = _examples(app, bound, rows, paths)
    return Matrix(
        app.name,
        tuple(subject.name for subject in subjects),
        tuple(
            _line(app, method, row, path, subjects)
            for row in rows
            for method in _methods(row, wanted)
            for path in examples.get((_key(row), method), (row.rule,))
        ),
    )


def _methods(row: Row, wanted: set[str]) -> list[str]:
    if wanted:
        return [method for method in row.methods if method in wanted]
    return [method for method in row.methods if method != "HEAD" or "GET" not in row.methods]


def _key(row: Row) -> tuple[str, ...]:
    return row.domain, row.rule, row.endpoint


def _examples(
    app: Flask, bound: BoundApp, rows: Iterable[Row], paths: Iterable[str]
) -> Mapping[tuple[tuple[str, ...], str], list[str]]:
    """Return the examples of each rule and method.

    Raises:
        Unanswerable: A path leads to no endpoint.
    """
    methods = sorted({method for row in rows for method in row.methods})
    found: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for path in paths:
        rules = {method: _rule(app, bound, method, path) for method in methods}
        if not any(rules.values()):
            msg = f"--path {path}: no endpoint is there; flask jwtpolicy routes lists the rules"
            raise Unanswerable(msg)
        for method, rule in rules.items():
            if rule is not None:
                key = (rule.host or rule.subdomain or "", rule.rule, rule.endpoint)
                found.setdefault((key, method), []).append(path)
    return found


def _rule(app: Flask, bound: BoundApp, method: str, path: str) -> Rule | None:
    """Return the rule that a request is for, or None."""
    environ = ExplainedRequest(app, bound, method, path, {}).environ
    # None only outside of a request.
    adapter = cast(MapAdapter, app.create_url_adapter(app.request_class(environ)))
    try:
        return adapter.match(return_rule=True)[0]
    except HTTPException:  # no rule, another method, a redirect
        return None


def _line(app: Flask, method: str, row: Row, path: str, subjects: Sequence[Subject]) -> Line:
    cells = tuple(_cell(app, method, row, path, subject.token) for subject in subjects)
    notes = (note for cell in cells if cell.told for note in _notes(app, row, cell.told))
    return Line(method, path, row, cells, tuple(dict.fromkeys(notes)))


def _cell(app: Flask, method: str, row: Row, path: str, token: str | None) -> Cell:
    if "<" in row.domain:
        return Cell(None, _OPEN_HOST)
    if path == row.rule and "<" in path:
        return Cell(None, _OPEN_PATH)
    try:
        told = manager_here().explain(method, path, token=token, **_at(app, row.domain))
    except ValueError as error:
        return Cell(None, str(error))
    return Cell(told)


def _at(app: Flask, domain: str) -> dict[str, Any]:
    """Return the parts of a request that bring it to the host or subdomain of a rule."""
    if not domain:
        return {}
    return {"base_url": f"http://{domain}"} if app.url_map.host_matching else {"subdomain": domain}


def _notes(app: Flask, row: Row, told: Explanation) -> Iterator[str]:
    yield from told.notes
    yield from notes_on(app, told)
    if told.endpoint not in (None, row.endpoint):
        yield f"another rule comes first, that of the endpoint {told.endpoint}"


def _unknown(line: Line) -> list[str]:
    return list(dict.fromkeys(cell.reason for cell in line.cells if not cell.is_known))


def _grouped(notes: Iterable[tuple[str, Iterable[str]]]) -> Iterator[str]:
    """Yield each note once, behind the requests that it is about."""
    found: dict[str, list[str]] = {}
    for request, texts in notes:
        for text in texts:
            found.setdefault(text, []).append(request)
    for text, requests in found.items():
        # An exception of the application's may hold what a terminal obeys.
        yield one_line(f"{', '.join(requests)}: {text}")
