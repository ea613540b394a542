"""Where the application of a command does not start, its name and the reason are one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.cli import ScriptInfo

from jwtpolicy import JWTManager
from jwtpolicy.stores import MemoryStore
from tests.support.applications import SECRET
from tests.support.paths import ROOT
from tests.support.terminal import run

COMMANDS = [["explain", "GET", "/"], ["inspect", "-"], ["mint", "--as", "alice"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("raise LookupError('no database')", "cannot start: LookupError: no database"),
        ("raise SystemExit(0)", "cannot start: SystemExit: 0"),
        ("import nothing_of_that_name", "No module named 'nothing_of_that_name'"),
        ("answer = 42", "Failed to find Flask application"),
        ("from flask import Flask; app = Flask('bare')", "has no JWTManager"),
    ],
    ids=["raises", "exits", "imports", "is none", "is bare"],
)
def test_an_application_that_does_not_start_is_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    source: str,
    sentence: str,
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "unstartable.py").write_text(source, encoding="utf-8")
    monkeypatch.delitem(sys.modules, "unstartable", raising=False)

    done = run(ScriptInfo(app_import_path="unstartable"), *command, given="a.b.c")

    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert "Traceback" not in done.err


class Unreachable(MemoryStore):
    """A store that cannot be asked when the application starts."""

    def check(self) -> None:
        raise TimeoutError("no answer")


def test_a_store_that_fails_at_start_is_a_sentence() -> None:
    app = Flask("tests.unreachable")
    app.config.update(JWT_SECRET_KEY=SECRET)
    JWTManager[Any](app, store=Unreachable())

    done = run(app, "explain", "GET", "/")

    assert (done.code, done.out) == (2, "")
    assert "cannot start: the token store raised TimeoutError in check" in done.err


def test_an_application_whose_teardown_fails_is_a_sentence() -> None:
    app = Flask("tests.teardown")
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    JWTManager[Any](app)
    app.teardown_appcontext(lambda error: 1 / 0)

    done = run(app, "explain", "GET", "/")

    assert (done.code, done.out) == (2, "")
    assert "cannot start: ZeroDivisionError" in done.err


def test_a_hook_that_exits_does_not_choose_the_exit_code() -> None:
    app = Flask("tests.exits")
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    JWTManager[Any](app)
    app.before_request(lambda: sys.exit(0))

    done = run(app, "explain", "GET", "/")

    assert (done.code, done.out) == (2, "")
    assert "the application raised SystemExit: 0" in done.err


def test_an_outage_is_told_in_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    """Python prints the log of the library to a terminal where nobody has set it up."""
    # Its folder is a file.
    store = f"sqlite:///{tmp_path}/lost.py/db"
    source = (
        "from flask import Flask\n"
        "from jwtpolicy import JWTManager, protect\n"
        "app = Flask('tests.lost')\n"
        f"app.config.update(JWT_SECRET_KEY={SECRET!r}, JWT_STORE_URL={store!r})\n"
        "JWTManager(app)\n"
        "app.add_url_rule('/', 'home', protect(lambda: ''))\n"
    )
    (tmp_path / "lost.py").write_text(source, encoding="utf-8")
    asked = ["jwtpolicy", "explain", "GET", "/", "--as", "alice"]
    command = [sys.executable, "-m", "flask", "--app", "lost", *asked]

    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True
    )

    assert (done.returncode, done.stderr) == (1, b"")
    assert b"503 Service Unavailable" in done.stdout
