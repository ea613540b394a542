"""The example that counts refusals."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from jwtpolicy.signals import refresh_reused
from tests.support.examples import SINGLE_FILES, run_example
from tests.support.requests import bearer
from tests.support.terminal import run

ADA = {"username": "ada", "password": "a long sentence of hers"}


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = SINGLE_FILES["metrics"]
    return run_example(path, tmp_path, monkeypatch, ADA_PASSWORD=ADA["password"])


def read(example: ModuleType, scope: str = "metrics") -> tuple[int, list[str]]:
    """Return the status of ``/metrics`` and its lines, for the token that the docstring makes."""
    [line] = re.findall("jwtpolicy (mint .*)", example.__doc__ or "")
    minted = run(example.app, *line.replace("scope metrics", f"scope {scope}").split())
    answer = example.app.test_client().get("/metrics", headers=bearer(minted.out.strip()))
    return answer.status_code, answer.text.splitlines()


def test_a_wrong_password_is_counted_and_answered_as_before(example: ModuleType) -> None:
    answer = example.app.test_client().post("/auth/login", data=ADA | {"password": "x"})

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_credentials")
    assert "WWW-Authenticate" in answer.headers
    labels = 'endpoint="auth.login",status="401",error="invalid_credentials"'
    assert read(example) == (200, [f"jwt_refusals_total{{{labels}}} 1"])


def test_logins_and_logouts_are_counted(example: ModuleType) -> None:
    client = example.app.test_client()
    tokens = [client.post("/auth/login", data=ADA).json["access_token"] for _ in range(2)]
    assert client.post("/auth/logout", headers=bearer(tokens[0])).status_code == 204

    assert read(example)[1] == ["jwt_logins_total 2", "jwt_logouts_total 1"]


def test_a_refresh_token_that_comes_back_is_counted(example: ModuleType) -> None:
    refresh_reused.send(example.app, token=None)
    refresh_reused.send(object(), token=None)

    assert read(example)[1] == ["jwt_refresh_reused_total 1"]


def test_only_the_scope_reads_the_numbers(example: ModuleType) -> None:
    assert example.app.test_client().get("/metrics").status_code == 401
    assert read(example, scope="other")[0] == 403
    assert read(example)[0] == 200
