"""The pages of requirements: code and tests name no other ids, and each has a test or says so."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import DOCS

sys.path.insert(0, str(DOCS / "_ext"))

import fault_rows  # the folder of Sphinx's extensions is no package
import requirements as page

TEXT = "\n".join(
    (DOCS / f"reference/requirements/{name}.rst").read_text(encoding="utf-8") for name in page.PAGES
)
FAMILIES = re.findall(r"^\.\. requirements:: (\w+)$", TEXT, re.MULTILINE)
#: In two parts, or it would be a mention itself.
UNKNOWN = "REF" + "-99"
BUILT: dict[str, Any] = {"REF-1": {}}
PLANNED: dict[str, Any] = {"REF-1": {"not-built": True}}


def test_the_table_the_tests_and_all_mentions_agree() -> None:
    assert page.problems(page.requirements(), page.tests(), page.mentions()) == []


def test_an_id_that_is_built_and_tested_is_no_problem() -> None:
    assert page.problems(BUILT, {"REF-1"}, {"REF-1": {"a.py"}}) == []


def test_an_id_that_is_neither_is_no_problem_where_it_says_so() -> None:
    assert page.problems(PLANNED, set(), {"REF-1": {"a.py"}}) == []


@pytest.mark.parametrize(
    ("table", "tested", "mentioned", "problem"),
    [
        (BUILT, {"REF-1"}, {UNKNOWN: {"b", "a"}}, f"{UNKNOWN} is unknown: a, b"),
        (BUILT, set(), {}, "REF-1 has no test and is not marked as not built"),
        (PLANNED, {"REF-1"}, {}, "REF-1 is marked as not built, and a test names it"),
    ],
)
def test_what_differs_is_named(table: Any, tested: Any, mentioned: Any, problem: str) -> None:
    assert page.problems(table, tested, mentioned) == [problem]


def test_a_family_that_nobody_knows_is_noticed_and_other_words_are_not() -> None:
    unknown = "FER" + "-2"
    text = f"(REF-1, {unknown}) in UTF-8, CVE-2022-29217, K46 and S19"

    assert list(page.ids_in(text)) == ["REF-1", unknown]


def test_the_pages_have_every_family_once() -> None:
    assert sorted(FAMILIES) == sorted({id_.partition("-")[0] for id_ in page.requirements()})


@pytest.mark.parametrize("family", FAMILIES)
def test_the_ids_of_a_family_count_from_one(family: str) -> None:
    ids = [id_ for id_ in page.requirements() if id_.startswith(f"{family}-")]

    assert ids == [f"{family}-{number}" for number in range(1, len(ids) + 1)]


@pytest.mark.parametrize("id_", page.requirements())
def test_a_requirement_has_a_sentence_and_a_source(id_: str) -> None:
    row = page.requirements()[id_]

    assert row.keys() <= {"says", "source", "not-built"}
    assert row.get("not-built", True) is True
    assert row["says"].endswith(".")
    assert row["source"]


def test_a_requirement_shows_its_tests() -> None:
    lines = list(page.requirement_lines("KEY"))
    at = lines.index(".. requirement:: KEY-2")

    assert any("tests</summary>" in line for line in lines[at : at + 10])
    assert any("the name of a key is its thumbprint" in line for line in lines[at : at + 14])
    assert "   *Not built.*" in page.requirement_lines("DPOP")


def test_a_row_of_what_cannot_happen_has_an_anchor_and_shows_its_tests() -> None:
    row = "   * - K30\n     - A login tells who exists.\n     - It does not.\n"

    lines = fault_rows.linked_rows(row).splitlines()

    assert lines[:3] == ["   * - .. _k30:", "", "       K30"]
    assert "tests</summary>" in lines[8]
    assert any("tests/http/test_head.py" in line for line in lines)


@pytest.mark.parametrize(
    ("source", "link"),
    [
        ("RFC 8725 §3.1", ":rfc:`8725#section-3.1`"),
        ("RFC 7493", ":rfc:`7493`"),
        ("CVE-2022-21449", "cve.org/CVERecord?id=CVE-2022-21449"),
        ("GHSA-hxm8-2xgr-2p9m", "github.com/advisories/GHSA-hxm8-2xgr-2p9m"),
        ("CWE-208", "definitions/208.html"),
        ("RFC 6265bis §5.6", "RFC 6265bis §5.6"),
    ],
)
def test_a_source_is_a_link_where_its_form_is_known(source: str, link: str) -> None:
    assert link in page.linked(source)


@pytest.fixture
def build(tmp_path: Path) -> Callable[[], str]:
    """Return a small project of Sphinx with the extension, which `build()` builds."""
    from sphinx.application import Sphinx

    (tmp_path / "index.rst").write_text(
        ".. autofunction:: shown.tested\n\n.. requirements:: STEP\n"
    )
    (tmp_path / "shown.py").write_text(f'def tested():\n    """Obey (STEP-1), not {UNKNOWN}."""\n')

    def build() -> str:
        settings = {"extensions": ["sphinx.ext.autodoc", "requirements"]}
        out = tmp_path / "out"
        Sphinx(tmp_path, None, out, out, "html", settings, None, None, warningiserror=True).build()
        return (out / "index.html").read_text(encoding="utf-8")

    return build


def test_a_docstring_links_to_the_requirement(
    build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shown", raising=False)

    html = build()

    assert 'id="requirement-STEP-1"' in html
    assert 'href="#requirement-STEP-1"' in html
    assert f"not {UNKNOWN}" in html


def test_the_documentation_is_not_built_where_something_differs(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sphinx.errors import ExtensionError

    monkeypatch.setattr(page, "mentions", lambda: {UNKNOWN: {"a.py"}})

    with pytest.raises(ExtensionError, match=f"{UNKNOWN} is unknown"):
        build()
