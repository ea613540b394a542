"""Format an audit as a text table or as JSON, and choose the exit code."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Final

from .findings import Audit, Protection, Row

_HEADER: Final = ("RULE", "METHODS", "ENDPOINT", "PROTECTION", "DEMANDS", "NOTES")
_GAP: Final = "  "


#: The endpoints that may check inside, or None where all rows are wanted.
Allowed = Collection[str] | None


def exit_code(audit: Audit, unguarded_but: Allowed) -> int:
    """Return 1 if the audit has problems, impassable or unguarded endpoints, else 0."""
    is_open = unguarded_but is not None and audit.unguarded_but(unguarded_but)
    return 1 if audit.problems or audit.impassable or is_open else 0


def as_json(audit: Audit, unguarded_but: Allowed) -> str:
    """Return the audit as a JSON object; its members are the attributes of `Audit`.

    Rows have the text of their policies, and not the objects.
    """
    shown = _shown(audit, unguarded_but)
    members = asdict(replace(shown, rows=tuple(replace(row, policies=()) for row in shown.rows)))
    for row in members["rows"]:
        del row["policies"]
    return json.dumps(members, indent=2)


def as_text(audit: Audit, unguarded_but: Allowed) -> str:
    """Return the audit as an aligned table with a head and a foot."""
    return "\n".join([*_head(audit), *_body(audit, unguarded_but), *_foot(audit)])


def _shown(audit: Audit, unguarded_but: Allowed) -> Audit:
    if unguarded_but is None:
        return audit
    return replace(audit, rows=audit.unguarded_but(unguarded_but))


def _head(audit: Audit) -> Iterator[str]:
    yield f"Application: {audit.application}"
    yield f"Baseline: {audit.baseline or 'none'}"
    yield f"Tokens are read from: {', '.join(audit.places) or 'where the bridge looks'}"
    yield ""


def _body(audit: Audit, unguarded_but: Allowed) -> Iterator[str]:
    rows = [row for row in _shown(audit, unguarded_but).rows if _is_of_interest(row)]
    if rows:
        yield from table(_HEADER, list(map(_cells, rows)))
    else:
        yield "There is no endpoint to show."


def _is_of_interest(row: Row) -> bool:
    """Whether a person should see *row*: what Flask answers itself is beside every rule."""
    return row.protection is not Protection.AUTOMATIC


def _cells(row: Row) -> tuple[str, ...]:
    demands = [row.demands, f"bridge: {row.bridge}" if row.bridge else ""]
    return (
        row.domain + row.rule,
        ", ".join(row.methods),
        row.endpoint,
        row.protection,
        "; ".join(filter(None, demands)),
        "; ".join(row.notes if row.problem is None else (*row.notes, "impassable")),
    )


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines, aligned; a column in which nothing stands is left out."""
    columns = [(title, *cells) for title, *cells in zip(header, *lines, strict=True) if any(cells)]
    padded = [[cell.ljust(max(map(len, column))) for cell in column] for column in columns]
    for line in zip(*padded, strict=True):
        yield _GAP.join(line).rstrip()


def _foot(audit: Audit) -> Iterator[str]:
    problems = [*audit.problems, *map(_problem, audit.impassable)]
    yield from listed("No request can pass", problems)
    yield from listed("Remarks", audit.remarks)


def _problem(row: Row) -> str:
    return f"{', '.join(row.methods)} {row.domain}{row.rule} ({row.endpoint}): {row.problem}"


def listed(title: str, entries: Iterable[str]) -> Iterator[str]:
    """Yield a list with its title, behind an empty line; nothing if it has no entries."""
    entries = [entry.replace("\n", "\n    ") for entry in entries]
    if entries:
        yield from ("", f"{title}:", *(f"  - {entry}" for entry in entries))
