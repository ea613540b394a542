"""The page about refusals shows what the command prints."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path

import pytest

from tests.support.pages import run_page
from tests.support.paths import DOCS
from tests.support.terminal import run

PAGE = "howto/explain-a-refusal.rst"
_BLOCK = re.compile(r"^   \$ flask --app shop jwtpolicy (.*)\n((?:   .*\n|\n)+)", re.MULTILINE)
#: The file and the line where a level was written, which are others here.
_PLACE = re.compile(r"\s+\(\S+:\d+\)$", re.MULTILINE)


def test_the_page_shows_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = run_page(PAGE, tmp_path, monkeypatch)["shop"]
    [(command, shown)] = _BLOCK.findall((DOCS / PAGE).read_text(encoding="utf-8"))

    done = run(shop, *shlex.split(command))

    assert done.code == 1
    assert _PLACE.sub("", done.out.strip()) == _PLACE.sub("", textwrap.dedent(shown).strip())
