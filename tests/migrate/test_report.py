"""What is printed can be used: diffs can be applied, lines are those of the file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy.migrate.edits import Note
from jwtpolicy.migrate.report import diff, moved


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\n", "a\nc\n"),
        ("a\nb", "a\nc"),
        ("a", "a\n"),
        ("a\r\nb\r\n", "a\r\nc\r\n"),
        ("a\x0c\x1cb\u2028\nb\n", "a\x0c\x1cb\u2028\nc\n"),
    ],
)
def test_a_diff_can_be_applied(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "app.py"
    file.write_bytes(before.encode())
    patch = "".join(diff("app.py", before, after))

    command = ["git", "apply", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=tmp_path, check=True, input=patch.encode())

    assert file.read_bytes() == after.encode()


def test_a_diff_of_an_absolute_path_names_no_empty_folder() -> None:
    assert next(diff("/srv/app.py", "a\n", "b\n")) == "--- a/srv/app.py\n"


def test_nothing_is_printed_where_nothing_changes() -> None:
    assert list(diff("app.py", "a\n", "a\n")) == []


def test_notes_move_with_their_lines() -> None:
    before = "import a\nimport b\nx = 1\ny = 2\n"
    after = "import c\nx = 1\nz = 3\ny = 4\n"

    found = moved([Note(line, "") for line in (1, 2, 3, 4)], before, after)

    assert [note.line for note in found] == [1, 1, 2, 4]


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_a_moved_note_stands_on_a_line_that_is_there(old: list[str], new: list[str]) -> None:
    notes = [Note(line + 1, "") for line in range(len(old))]

    found = moved(notes, "\n".join(old), "\n".join(new))

    assert all(1 <= note.line <= max(1, len(new)) for note in found)
