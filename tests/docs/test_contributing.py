"""What CONTRIBUTING and the records of decisions name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PLACES = TEXT.partition("## Where do I put …")[2].partition("\n## ")[0]
#: What a newcomer may want, and the text that says where it belongs.
WISHES = dict(wish.split("?**", 1) for wish in PLACES.split("\n- **")[1:])

#: What takes more than three files today, and how many.
MORE = {
    "a claim of the library's own": 5,
}

RECORDS = sorted((ROOT / "docs/project/decisions").glob("*-*.rst"))
PARTS = ("Context.", "Decision.", "Consequences.", "What would change our mind.")


def files_in(text: str) -> list[str]:
    """Return the files that *text* names; ``<name>`` stands for a new one."""
    return re.findall(r"`((?:jwtpolicy|tests|docs)/[\w/<>.-]+\.\w+)`", text)


@pytest.mark.parametrize("name", sorted(set(files_in(TEXT))))
def test_a_file_that_is_named_is_there(name: str) -> None:
    path = ROOT / name

    assert path.parent.is_dir() if "<name>" in name else path.is_file()


@pytest.mark.parametrize("wish", WISHES)
def test_a_change_costs_at_most_three_files(wish: str) -> None:
    count = len(set(files_in(WISHES[wish])))

    assert count == MORE[wish] if wish in MORE else count <= 3


def test_there_are_ten_changes_and_one_variant() -> None:
    assert len(WISHES) == 11


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_is_short_and_says_what_would_overrule_it(record: Path) -> None:
    text = record.read_text(encoding="utf-8")

    assert re.findall(r"^\*\*(.+?)\*\*", text, re.MULTILINE) == list(PARTS)
    assert 15 <= len(text.splitlines()) <= 30


def test_every_record_is_listed() -> None:
    index = (ROOT / "docs/project/decisions/index.rst").read_text(encoding="utf-8")

    assert re.findall(r"^   ([\w-]+)$", index, re.MULTILINE) != []
    assert all(f"   {record.stem}\n" in index for record in RECORDS)
