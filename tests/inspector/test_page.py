"""The page "Explain a refusal" shows what the command prints."""

from __future__ import annotations

import re
import shlex
import sys
import textwrap

import pytest

from tests.support.pages import code_of
from tests.support.paths import DOCS
from tests.support.terminal import run

PAGE = "howto/explain-a-refusal.rst"
_BLOCK = re.compile(r"^   \$ flask --app shop jwtpolicy (.*)\n((?:   .*\n|\n)+)", re.MULTILINE)
#: The file and the line where a level was written, which are others here.
_PLACE = re.compile(r"\s+\(\S+:\d+\)$", re.MULTILINE)


def test_the_page_shows_what_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    module = type(sys)("page")
    monkeypatch.setitem(sys.modules, "page", module)
    exec(compile(code_of(PAGE), PAGE, "exec"), vars(module))
    [(command, shown)] = _BLOCK.findall((DOCS / PAGE).read_text(encoding="utf-8"))

    done = run(module.shop, *shlex.split(command))

    assert done.code == 1
    assert _PLACE.sub("", done.out.strip()) == _PLACE.sub("", textwrap.dedent(shown).strip())
