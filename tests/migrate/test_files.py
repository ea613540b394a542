"""Files are found, read and written whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jwtpolicy.migrate.files import Unusable, check_whole, found, parsed, write


def test_folders_are_searched_and_foreign_code_is_skipped(tmp_path: Path) -> None:
    kept = ["a.py", "pkg/b.py", "pkg/inner/c.py"]
    skipped = [
        ".git/d.py",
        "__pycache__/d.py",
        "env/pyvenv.cfg",
        "env/lib/d.py",
        "node_modules/d.py",
        "pkg/words.txt",
        "venv/d.py",
    ]
    for name in kept + skipped:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "loop").symlink_to(tmp_path)

    names = [Path(name).relative_to(tmp_path).as_posix() for name in found([str(tmp_path)])]

    assert names == kept


def test_a_file_is_taken_once_and_whatever_its_name(tmp_path: Path) -> None:
    file = tmp_path / "script"
    file.write_text("")

    assert list(found([str(file), f"{tmp_path}/../{tmp_path.name}/script"])) == [str(file)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"\xff = 1", "neither UTF-8"),
        (b"# -*- coding: klingon -*-\n", "neither UTF-8"),
        (b"x = 1\ndef (:\n", "line 2 is no Python"),
        (b"print 'x'\n", "line 1 is no Python"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "app.py"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(Unusable, match=reason):
        parsed(str(file))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x = 1",
        b"x = 1\r\ny = 2\r\n",
        b"x = 1\ny = 2\r\n",
        b"\xef\xbb\xbfx = '\xc3\xa4'\n",
        b"# -*- coding: latin-1 -*-\nx = '\xe4'\n",
        b"\tif x:\n\t  y\n"[1:],
        b"x = '\x0c\x1c'\n",
    ],
)
def test_what_is_read_is_written_byte_for_byte(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "app.py"
    file.write_bytes(content)

    write(str(file), parsed(str(file)).bytes)

    assert file.read_bytes() == content


def test_what_would_be_lost_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_bytes(b"x = 1\n\x0cy = 2\n")

    with pytest.raises(Unusable, match="form feeds"):
        check_whole(str(file), parsed(str(file)))


def test_writing_keeps_permissions_and_links(tmp_path: Path) -> None:
    file, link = tmp_path / "app.py", tmp_path / "link.py"
    file.write_text("old")
    file.chmod(0o751)
    link.symlink_to(file)

    write(str(link), b"new")

    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o751)
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["app.py", "link.py"]


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "app.py"
    folder.mkdir()

    with pytest.raises(Unusable, match="directory"):
        write(str(folder), b"new")

    assert os.listdir(tmp_path) == ["app.py"]


def test_a_folder_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="No such file"):
        write(str(tmp_path / "gone" / "app.py"), b"new")
