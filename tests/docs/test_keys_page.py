"""The commands that the page about keys prints, one after the other."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path

import pytest
from flask import Flask

from jwtpolicy import JWTManager
from tests.support.paths import DOCS
from tests.support.terminal import run

PAGE = (DOCS / "operate" / "keys.rst").read_text(encoding="utf-8")
#: Each command after ``jwtpolicy``, with the lines that it prints.
PRINTED = re.findall(
    r"^   \$ flask (?:--app shop )?jwtpolicy (keys .*)\n((?:   [^$\n].*\n)+)", PAGE, re.MULTILINE
)
#: Seconds after which the page rotates.
MONTH = 31 * 86_400
_KID = re.compile(r"[\w-]{43}")
_FILE = re.compile(r"\d{4}-\d\d-\d\d-\w{8}\.jwk")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")


def shape(text: str) -> str:
    """Return *text* without what differs each time: names of keys and moments."""
    text = _MOMENT.sub("MOMENT", _FILE.sub("FILE", _KID.sub("KID", text)))
    return "\n".join(line.strip() for line in text.splitlines())


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Return the application of the page, after its first command."""
    monkeypatch.chdir(tmp_path)
    first = run(Flask("empty"), *shlex.split(PRINTED[0][0]))
    assert shape(first.out) == shape(PRINTED[0][1])
    app = Flask("shop", instance_path=str(tmp_path / "instance"))
    app.config.update(JWT_KEYS="keys", TESTING=True)
    JWTManager(app, clock=lambda: time.time() + MONTH)
    return app


def test_the_commands_print_what_the_page_says(shop: Flask, tmp_path: Path) -> None:
    first = next((tmp_path / "instance" / "keys").iterdir()).name

    for command, printed in PRINTED[1:]:
        done = run(shop, *shlex.split(_FILE.sub(first, command)))
        said = (done.out + done.err).replace(f"{tmp_path}/", "")
        assert shape(said) == shape(printed), command


def test_the_page_has_all_commands() -> None:
    verbs = {command.split()[1] for command, _ in PRINTED}

    assert verbs == {"generate", "list", "rotate", "retire"}
