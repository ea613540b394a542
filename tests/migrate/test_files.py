"""Files are found, read and written whole, all of an application or none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jwtpolicy.migrate.files import Unusable, found, read, write_all
from jwtpolicy.migrate.source import Source


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
        (b"x = '\0'\n", "line 1 is no Python"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "app.py"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(Unusable, match=reason):
        Source(str(file), read(str(file))[0])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x = 1",
        b"x = 1\r\ny = 2\r\n",
        b"\xef\xbb\xbfx = '\xc3\xa4'\n",
        b"# -*- coding: latin-1 -*-\nx = '\xe4'\n",
        b"x = 1\n\x0cy = '\x0c\x1c'\n",
    ],
)
def test_what_is_read_is_written_byte_for_byte(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "app.py"
    file.write_bytes(content)
    text, encoding = read(str(file))

    write_all({str(file): Source(str(file), text).rendered().encode(encoding)})

    assert file.read_bytes() == content


def test_writing_keeps_permissions_and_links(tmp_path: Path) -> None:
    file, link = tmp_path / "app.py", tmp_path / "link.py"
    file.write_text("old")
    file.chmod(0o751)
    link.symlink_to(file)

    write_all({str(link): b"new"})

    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o751)
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["app.py", "link.py"]


def refusing(function: Any, number: int) -> Callable[..., Any]:
    """Return *function*, which is refused at its call of that *number*."""
    calls = iter(range(100))

    def refuse(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == number:
            raise PermissionError(13, "Permission denied")
        return function(*args, **kwargs)

    return refuse


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("place", ["shutil.copymode", "tempfile.mkstemp", "Path.replace"])
def test_where_one_file_cannot_be_written_none_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, number: int
) -> None:
    names = [str(tmp_path / f"{name}.py") for name in "abc"]
    for name in names:
        Path(name).write_text("old")
    owner, _, attribute = place.partition(".")
    target = Path if owner == "Path" else __import__(owner)
    monkeypatch.setattr(target, attribute, refusing(getattr(target, attribute), number))

    with pytest.raises(Unusable, match=f"{'abc'[number]}.py: Permission denied"):
        write_all(dict.fromkeys(names, b"new"))

    assert sorted(os.listdir(tmp_path)) == ["a.py", "b.py", "c.py"]
    assert {Path(name).read_text() for name in names} == {"old"}


def test_a_folder_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="No such file"):
        write_all({str(tmp_path / "gone" / "app.py"): b"new"})
