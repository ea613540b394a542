"""The example that proves a leaked secret useless."""

from __future__ import annotations

import re
import secrets
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import Result

from tests.support.examples import SINGLE_FILES, run_example
from tests.support.paths import DOCS
from tests.support.requests import bearer
from tests.support.terminal import run

PASSWORD = "a long sentence of hers"
OLD, NEW = secrets.token_urlsafe(48), secrets.token_urlsafe(48)

Start = Callable[..., ModuleType]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Return a function that starts the example on one store, with the secrets it is given."""

    def make(secret: str, fallbacks: str = "") -> ModuleType:
        given = {
            "JWT_SECRET_KEY": secret,
            "JWT_SECRET_KEY_FALLBACKS": fallbacks,
            "LEAKED_SECRET": OLD,
            "ADA_PASSWORD": PASSWORD,
            "JWT_STORE_URL": f"sqlite:///{tmp_path}/sessions.sqlite3",
        }
        return run_example(SINGLE_FILES["leaked_key"], tmp_path, monkeypatch, **given)

    return make


def log_in(example: ModuleType) -> Any:
    credentials = {"username": "ada", "password": PASSWORD}
    return example.app.test_client().post("/auth/login", data=credentials).json


def status(example: ModuleType, token: str) -> int:
    client = example.app.test_client()
    return int(client.get("/auth/sessions", headers=bearer(token)).status_code)


def sessions(example: ModuleType) -> list[Any]:
    with example.app.app_context():
        return list(example.jwt.sessions("ada"))


def after_leak(example: ModuleType) -> Result:
    return example.app.test_cli_runner().invoke(args=["after-leak"])


def test_a_new_secret_refuses_what_the_leaked_one_signed(start: Start) -> None:
    page = (DOCS / "operate/keys.rst").read_text(encoding="utf-8")
    [shown] = re.findall(r"^   \$ flask --app leaked_key after-leak\n((?:   .*\n)+)", page, re.M)
    before = log_in(start(OLD))
    example = start(NEW)

    done = after_leak(example)

    assert done.exit_code == 0
    assert done.output == textwrap.dedent(shown)
    assert status(example, before["access_token"]) == 401
    assert sessions(example) == []
    assert status(example, log_in(example)["access_token"]) == 200


@pytest.mark.parametrize(("fallbacks", "code"), [("", 1), (OLD, 0)], ids=["gone", "fallback"])
def test_two_commands_prove_the_same_without_code(start: Start, fallbacks: str, code: int) -> None:
    page = (DOCS / "operate/keys.rst").read_text(encoding="utf-8")
    mint, inspect = re.findall(r"leaked_key jwtpolicy (.*?)(?: [<>] forged\.txt)", page)
    [last] = re.findall(r"^   (not valid here: .*)$", page, re.M)
    forged = run(start(OLD).app, *mint.split()).out

    answer = run(start(NEW, fallbacks).app, *inspect.split(), given=forged)

    assert answer.code == code
    assert answer.out.rstrip().splitlines()[-1] == (last if code else "valid here")


@pytest.mark.parametrize(
    ("secret", "fallbacks"), [(NEW, OLD), (OLD, "")], ids=["fallback", "unchanged"]
)
def test_a_leaked_secret_that_still_verifies_is_told(
    start: Start, secret: str, fallbacks: str
) -> None:
    example = start(secret, fallbacks)
    log_in(example)

    done = after_leak(example)

    assert done.exit_code == 1
    assert "the leaked secret still verifies: take it out of all settings" in done.output
    assert len(sessions(example)) == 1
