"""``flask jwtpolicy migrate`` shows, writes and lists."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from jwtpolicy.cli import jwtpolicy
from jwtpolicy.migrate.diff import diff

OLD = """\
from flask_jwt_extended import JWTManager, jwt_required
jwt = JWTManager(app)
@jwt_required()
def view():
    return app.config.from_prefixed_env()
"""
NEW = OLD.replace("flask_jwt_extended", "jwtpolicy").replace("jwt_required", "protect")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "app.py"
    file.write_text(OLD)
    return file


def run(*arguments: str, to: str = "native") -> tuple[int, list[str]]:
    """Return the exit code and the lines of both outputs."""
    result = CliRunner().invoke(jwtpolicy, ["migrate", "--to", to, *arguments])
    return result.exit_code, result.output.splitlines()


def test_a_diff_is_shown_and_nothing_is_written(app: Path) -> None:
    code, lines = run("app.py")

    assert code == 0
    assert lines[:3] == ["Reading", "--- a/app.py", "+++ b/app.py"]
    assert {"-@jwt_required()", "+@protect()"} <= set(lines)
    assert app.read_text() == OLD


def test_files_are_written_and_named(app: Path) -> None:
    code, lines = run("--write", ".")

    assert (code, app.read_text()) == (0, NEW)
    assert lines[:2] == ["Reading", "app.py"]
    assert lines[2].startswith("app.py:2: sessions and revocations are kept now")
    assert lines[-1] == "files rewritten: 1; reminders: 1"


def test_a_second_run_changes_nothing_and_repeats_what_holds(app: Path) -> None:
    _, first = run("--write", "app.py")
    before = app.stat().st_mtime_ns

    code, lines = run("--write", "app.py")

    assert (code, app.stat().st_mtime_ns) == (0, before)
    assert lines[1:-1] == first[2:-1]
    assert lines[-1] == "files rewritten: 0; reminders: 1"


def test_bad_files_are_named_and_nothing_is_done(app: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_bytes(b"\xff")
    (tmp_path / "worse.py").write_bytes(b"def")

    code, lines = run("--write", ".", "gone.py")

    assert (code, app.read_text()) == (1, OLD)
    assert "bad.py: it is neither UTF-8 nor of the encoding that its first lines name" in lines
    assert "gone.py: No such file or directory" in lines
    assert any(line.startswith("worse.py: line 1 is no Python") for line in lines)
    assert lines[-1] == "nothing changes: mend the files above first"


def test_a_file_that_cannot_be_written_is_named(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("jwtpolicy.migrate.files.tempfile.mkstemp", refuse)

    code, lines = run("--write", "app.py")

    assert (code, app.read_text()) == (1, OLD)
    assert "app.py: Permission denied; nothing was written" in lines


@pytest.mark.parametrize("arguments", [["--to", "native"], ["app.py"], ["--to", "x", "app.py"]])
def test_the_way_and_the_paths_have_to_be_named(arguments: list[str]) -> None:
    result = CliRunner().invoke(jwtpolicy, ["migrate", *arguments])

    assert result.exit_code == 2


def test_an_application_of_other_things_is_left_alone(app: Path) -> None:
    app.write_text("JWT_ACCESS_TOKEN_EXPIRES = False\n")

    code, lines = run("--write", "app.py")

    assert (code, lines[-1]) == (0, "files rewritten: 0; reminders: 0")


def test_no_application_has_to_be_loadable(app: Path, tmp_path: Path) -> None:
    (tmp_path / "wsgi.py").write_text("raise SystemError\n")
    command = [sys.executable, "-m", "flask", "jwtpolicy", "migrate", "--to", "bridge", "app.py"]

    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)

    assert done.stdout.startswith("--- a/app.py\n+++ b/app.py\n")
    assert done.stderr == "Reading\nfiles to be rewritten with --write: 1; reminders: 0\n"


def test_python_runs_it_too(
    app: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["migrate", "--to", "bridge", "app.py"])

    with pytest.raises(SystemExit) as exited:
        # Not by `runpy`: pytest's way to import the packages of its plugins does not know it.
        importlib.import_module("jwtpolicy.migrate.__main__")

    assert (exited.value.code, "+++ b/app.py" in capsys.readouterr().out) == (0, True)


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
