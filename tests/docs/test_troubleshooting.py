"""The page about troubleshooting has every error once, with commands that exist."""

from __future__ import annotations

import doctest
import re
import shlex
import sys
import textwrap
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from jwtpolicy.cli import jwtpolicy as commands
from jwtpolicy.exceptions import ConfigurationError
from tests.support.examples import SINGLE_FILES, run_example
from tests.support.paths import DOCS
from tests.support.terminal import run

sys.path.insert(0, str(DOCS / "_ext"))

import troubleshooting  # the folder of Sphinx's extensions is no package
from tables import error_classes

PAGE = (DOCS / "operate/troubleshooting.rst").read_text(encoding="utf-8")
COMMANDS = {row["show"] for row in troubleshooting.the_table() if "show" in row}
_SHOWN = re.compile(
    r"^     \$ flask --app gunicorn_redis jwtpolicy (.*)\n((?:     .*\n)+)", re.MULTILINE
)


def test_every_error_occurs_once() -> None:
    named = [row["class"] for row in troubleshooting.the_table()]

    assert sorted(named) == sorted(error.__name__ for error in error_classes())


def test_the_page_has_every_error_below_its_status(site: Path) -> None:
    html = (site / "operate/troubleshooting.html").read_text(encoding="utf-8")
    sections = BeautifulSoup(html, "html.parser").select("section > section:has(> h2)")
    found = {}
    for section in sections:
        codes = [row.select_one("code").get_text() for row in section.select("tbody tr")]
        if codes and section.h2.get_text().startswith("I get "):
            found[int(section.h2.get_text().split()[2])] = codes

    for status, codes in found.items():
        assert codes == [error.error for error in error_classes() if error.code == status]
    assert set(found) == {error.code for error in error_classes()}


@pytest.mark.parametrize("line", sorted(COMMANDS))
def test_a_command_can_be_called(line: str) -> None:
    name, *arguments = shlex.split(line)

    assert commands.commands[name].make_context(name, arguments)


def test_the_page_shows_what_the_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = f"sqlite:///{tmp_path}/sessions.sqlite3"
    path = SINGLE_FILES["gunicorn_redis"]
    other, example = (run_example(path, tmp_path, monkeypatch, JWT_STORE_URL=store) for _ in "12")
    token = run(other.app, "mint", "--as", "ada", "--force").out
    shown = _SHOWN.findall(PAGE)
    assert len(shown) == 2

    for line, text in shown:
        words = shlex.split(line.partition(" <")[0])
        out = run(example.app, *words, given=token).out
        parts = [part.strip() for part in textwrap.dedent(text).split("…\n")]
        assert [part for part in parts if part not in out] == []


@pytest.mark.parametrize(
    ("secret", "error", "says"),
    [
        (None, KeyError, "'JWT_SECRET_KEY'"),
        ("short", ConfigurationError, "make one with\n  python -c"),
    ],
)
def test_an_application_that_does_not_start_says_what_the_page_says(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    secret: str | None,
    error: type[Exception],
    says: str,
) -> None:
    source = SINGLE_FILES["owner"].read_text(encoding="utf-8")
    monkeypatch.delenv("JWT_SECRET_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    if secret is not None:
        monkeypatch.setenv("JWT_SECRET_KEY", secret)

    with pytest.raises(error, match=re.escape(says)):
        exec(compile(source, "owner.py", "exec"), {"__name__": "owner"})

    assert f"``{error.__name__}" in PAGE


def test_the_sessions_of_a_user_are_ended_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = f"sqlite:///{tmp_path}/sessions.sqlite3"
    example = run_example(
        SINGLE_FILES["gunicorn_redis"], tmp_path, monkeypatch, JWT_STORE_URL=store
    )
    page = (DOCS / "operate/monitor.rst").read_text(encoding="utf-8")
    typed = re.search(r"^   >>> from (?:.*\n)+?\n", page, re.MULTILINE)
    assert typed
    with example.app.app_context():
        cookie = f"__Host-access_token={example.jwt.login('ada').access_token}"
        lines = doctest.DocTestParser().get_doctest(textwrap.dedent(typed[0]), {}, "", None, None)
        assert lines.examples
        assert doctest.DocTestRunner().run(lines).failed == 0

    assert example.app.test_client().get("/me", headers={"Cookie": cookie}).status_code == 401
