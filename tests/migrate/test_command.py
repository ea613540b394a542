"""``flask jwtpolicy migrate`` shows, writes and lists."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from jwtpolicy.cli import jwtpolicy

OLD = """\
from flask_jwt_extended import jwt_required, create_refresh_token
@jwt_required()
def view():
    return create_refresh_token(1)
"""
NEW = """\
from jwtpolicy import protect
from jwtpolicy.compat.flask_jwt_extended import create_refresh_token
@protect()
def view():
    return create_refresh_token(1)
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "app.py"
    file.write_text(OLD)
    return file


def run(*arguments: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines of both outputs."""
    result = CliRunner().invoke(jwtpolicy, ["migrate", *arguments])
    return result.exit_code, result.output.splitlines()


def test_a_diff_is_shown_and_nothing_is_written(app: Path) -> None:
    code, lines = run("app.py")

    assert code == 0
    assert lines[:2] == ["--- a/app.py", "+++ b/app.py"]
    assert {"-@jwt_required()", "+@protect()"} <= set(lines)
    assert app.read_text() == OLD


def test_what_is_left_is_listed_with_its_line(app: Path) -> None:
    _, lines = run("app.py")

    listed = [line for line in lines if line.startswith("app.py:")]
    assert [line.split(":")[1] for line in listed] == ["4"]
    assert lines[-1] == "files to be rewritten with --write: 1; places for a person: 1"


def test_files_are_written_and_named(app: Path) -> None:
    code, lines = run("--write", ".")

    assert (code, app.read_text()) == (0, NEW)
    assert lines[0] == "app.py"
    assert lines[1].startswith("app.py:5: a refresh token belongs to a session")
    assert lines[-1] == "files rewritten: 1; places for a person: 1"


def test_a_second_run_changes_nothing(app: Path) -> None:
    run("--write", "app.py")
    before = app.stat().st_mtime_ns

    code, lines = run("--write", "app.py")

    assert (code, app.stat().st_mtime_ns) == (0, before)
    assert lines[-1] == "files rewritten: 0; places for a person: 1"


def test_bad_files_are_named_and_the_others_done(app: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_bytes(b"\xff")
    (tmp_path / "worse.py").write_bytes(b"def")

    code, lines = run("--write", ".", "gone.py")

    assert (code, app.read_text()) == (1, NEW)
    assert "bad.py: it is neither UTF-8 nor what its first lines say" in lines
    assert "gone.py: No such file or directory" in lines
    assert any(line.startswith("worse.py: line 1 is no Python") for line in lines)


def test_a_file_that_cannot_be_written_is_named(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("jwtpolicy.migrate.files.tempfile.mkstemp", refuse)

    code, lines = run("--write", "app.py")

    assert (code, app.read_text()) == (1, OLD)
    assert "app.py: Permission denied" in lines
    assert any(line.startswith("app.py:4:") for line in lines)


def test_paths_have_to_be_named() -> None:
    code, lines = run()

    assert code == 2
    assert any("PATH" in line for line in lines)


def test_without_the_extra_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("jwtpolicy.migrate")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "libcst", None)

    code, lines = run("app.py")

    assert (code, lines) == (1, ['Error: this needs libcst: pip install "jwtpolicy[migrate]"'])


def test_another_missing_module_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "jwtpolicy.migrate.command", raising=False)
    monkeypatch.setitem(sys.modules, "jwtpolicy.migrate.report", None)

    result = CliRunner().invoke(jwtpolicy, ["migrate", "app.py"])

    assert isinstance(result.exception, ModuleNotFoundError)


def test_no_application_has_to_be_loadable(app: Path, tmp_path: Path) -> None:
    (tmp_path / "wsgi.py").write_text("raise SystemError\n")
    command = [sys.executable, "-m", "flask", "jwtpolicy", "migrate", "app.py"]

    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)

    assert done.stdout.startswith("--- a/app.py\n+++ b/app.py\n")
    assert done.stderr.startswith("app.py:4: ")


def test_the_command_alone_does_not_import_the_parser() -> None:
    code = "import sys, jwtpolicy.cli; print('libcst' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout == "False\n"
