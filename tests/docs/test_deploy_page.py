"""What the page about deploying prints beside its example is right; tests/machines runs it."""

from __future__ import annotations

import json
import re

import pytest

from jwtpolicy.settings import Settings
from tests.support.paths import DOCS, ROOT

PAGE = (DOCS / "operate/deploy.rst").read_text(encoding="utf-8")
CONTAINER = (DOCS / "operate/Dockerfile").read_text(encoding="utf-8").splitlines()
EXAMPLE = (ROOT / "examples/gunicorn_redis.py").read_text(encoding="utf-8")


def lines_of(word: str) -> list[str]:
    """Return what stands behind *word* in the lines of the container's file."""
    return [line.removeprefix(f"{word} ") for line in CONTAINER if line.startswith(f"{word} ")]


def test_the_container_runs_the_command_of_the_example() -> None:
    [command] = re.findall(r"^ +(gunicorn .*)$", EXAMPLE, re.MULTILINE)

    [line] = lines_of("CMD")

    assert json.loads(line) == command.replace("127.0.0.1", "0.0.0.0").split()
    assert lines_of("COPY") == ["requirements.txt gunicorn_redis.py ./"]


def test_the_container_has_a_user_and_no_secret() -> None:
    assert lines_of("USER") == ["shop"]
    assert lines_of("ENV") == lines_of("ARG") == []


@pytest.mark.parametrize("word", ["for", "proto", "host", "prefix"])
def test_nginx_sets_each_header_that_the_example_believes(word: str) -> None:
    nginx = (DOCS / "operate/nginx.conf").read_text(encoding="utf-8")

    assert f"x_{word}=1" in EXAMPLE
    assert f"proxy_set_header X-Forwarded-{word.title()} " in nginx


def test_the_time_that_the_page_compares_with_gunicorns_is_the_default() -> None:
    assert f"({Settings.from_mapping({}).store_timeout:g} seconds by default)" in " ".join(
        PAGE.split()
    )
