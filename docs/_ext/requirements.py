"""Render the requirements with the tests that name them, and compare both.

The test suite imports this module too: only `setup` needs Sphinx.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs/reference/requirements.toml"
#: The pages that show them, without the one that lists the pages.
PAGES = sorted(path.stem for path in (ROOT / "docs/reference/requirements").glob("*.rst"))

#: Where an id may be mentioned; tests stand in the first two.
TESTS = ("tests", "jwtpolicy/testing")
PLACES = ("jwtpolicy", "tests", "docs", "examples", "benchmarks", "README.md", "CHANGELOG.md")
ENDINGS = {".py", ".rst", ".md", ".toml"}

#: What looks like an id and is none.
OTHER_WORDS = {"BSD", "CVE", "CWE", "SHA", "UTF"}

ID = re.compile(r"\b([A-Z]{2,})-\d+\b")

#: The form of a source, and how to link it.
_LINKS = {
    r"RFC (\d+) §([\d.]+)": r":rfc:`\1#section-\2`",
    r"RFC (\d+)": r":rfc:`\1`",
    r"(CVE-\d+-\d+)": r"`\1 <https://www.cve.org/CVERecord?id=\1>`__",
    r"(GHSA(?:-\w{4}){3})": r"`\1 <https://github.com/advisories/\1>`__",
    r"CWE-(\d+)": r"`CWE-\1 <https://cwe.mitre.org/data/definitions/\1.html>`__",
}


@cache
def requirements() -> dict[str, dict[str, Any]]:
    """Return the table, by id."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def ids_in(text: str, form: re.Pattern[str] = ID) -> Iterator[str]:
    """Yield what is an id of that *form* in *text*, or looks like one."""
    for found in form.finditer(text):
        if found[1] not in OTHER_WORDS:
            yield found[0]


def files(places: Iterable[str], form: re.Pattern[str] = ID) -> Iterator[tuple[str, str]]:
    """Yield the files that mention an id of that *form*: the name from the root, and the text."""
    for place in places:
        root = ROOT / place
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.suffix in ENDINGS and "_build" not in path.parts:
                text = path.read_text(encoding="utf-8")
                if form.search(text):
                    yield path.relative_to(ROOT).as_posix(), text


def mentions() -> dict[str, set[str]]:
    """Return the files that mention each id, or what looks like one."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, text in files(PLACES):
        for id_ in ids_in(text):
            found[id_].add(name)
    return found


def tests() -> dict[str, list[tuple[str, str]]]:
    """Return the tests of each requirement: the file, and the name of the function."""
    return naming(ID)


@cache
def naming(form: re.Pattern[str]) -> dict[str, list[tuple[str, str]]]:
    """Return the tests whose docstrings name each id of that *form*."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, text in files(TESTS, form):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for id_ in dict.fromkeys(ids_in(ast.get_docstring(node) or "", form)):
                    found[id_].append((name, node.name))
    return found


def problems(
    table: dict[str, dict[str, Any]],
    tested: Iterable[str],
    mentioned: dict[str, set[str]],
) -> list[str]:
    """Return what the table, the tests and the mentions do not agree about."""
    wrong = [
        f"{id_} is unknown: {', '.join(sorted(where))}"
        for id_, where in sorted(mentioned.items())
        if id_ not in table
    ]
    for id_, row in table.items():
        if id_ in tested and "not-built" in row:
            wrong.append(f"{id_} is marked as not built, and a test names it")
        if id_ not in tested and "not-built" not in row:
            wrong.append(f"{id_} has no test and is not marked as not built")
    return wrong


def requirement_lines(family: str) -> Iterator[str]:
    """Yield the requirements of a family as reStructuredText."""
    for id_, row in requirements().items():
        if id_.startswith(f"{family}-"):
            yield f".. requirement:: {id_}"
            yield ""
            yield f"   {' '.join(row['says'].split())}"
            yield ""
            yield f"   Source: {', '.join(map(linked, row['source']))}."
            yield ""
            yield from lines_of_tests(tests()[id_]) if id_ in tests() else ["   *Not built.*", ""]


def linked(source: str) -> str:
    """Return a source as a link, where its form is known."""
    for form, link in _LINKS.items():
        found = re.fullmatch(form, source)
        if found:
            return found.expand(link)
    return source


def lines_of_tests(found: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the tests that were *found*, folded away."""
    if not found:
        return
    by_file: dict[str, list[str]] = defaultdict(list)
    for file, name in found:
        by_file[file].append(name.removeprefix("test_").replace("_", " "))
    count = "1 test" if len(found) == 1 else f"{len(found)} tests"
    yield from _html(f"<details><summary>{count}</summary>")
    for file, names in by_file.items():
        yield f"   * ``{file}``: {'; '.join(names)}"
    yield ""
    yield from _html("</details>")


def _html(text: str) -> list[str]:
    return ["   .. raw:: html", "", f"      {text}", ""]


def _check(app: Sphinx) -> None:
    from sphinx.errors import ExtensionError

    wrong = problems(requirements(), tests(), mentions())
    if wrong:
        raise ExtensionError("\n".join(wrong))


def _link_ids(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Make links of the ids in docstrings."""
    lines[:] = [ID.sub(_as_link, line) for line in lines]


def _as_link(found: re.Match[str]) -> str:
    return f":requirement:`{found[0]}`" if found[0] in requirements() else found[0]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives of families and requirements, the role, the links and the check."""
    from tables import Table

    class Family(Table):
        """Insert the requirements of a family."""

        required_arguments = 1

        def lines(self) -> Iterator[str]:
            return requirement_lines(self.arguments[0])

    app.add_object_type("requirement", "requirement", "single: %s", objname="requirement")
    app.add_directive("requirements", Family)
    app.connect("builder-inited", _check)
    app.connect("autodoc-process-docstring", _link_ids)
    # The tests may have changed though the pages have not.
    app.connect("env-get-outdated", lambda *_: [f"reference/requirements/{name}" for name in PAGES])
    return {"parallel_read_safe": True}
