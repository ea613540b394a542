"""The servers that are compared accept the client's token; how fast they are is not asked."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import pytest

from benchmarks import servers
from benchmarks.machine import machine
from benchmarks.systems import Bare, Ours

PRINTED = """\
  12345 requests in 2.00s, 1.81MB read
{}Requests/sec:   6172.50
Transfer/sec:      0.90MB
"""


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(servers.SECRET, secrets.token_urlsafe(48))


@pytest.fixture
def wrk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program into the path that prints what wrk does."""
    program = tmp_path / "wrk"
    program.write_text(f"#!/bin/sh\ncat <<END\n{PRINTED.format('')}END\n", encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


def test_the_rate_of_wrk_is_read() -> None:
    assert servers.rate(PRINTED.format("")) == 6172.5


@pytest.mark.parametrize("printed", ["", PRINTED.format("  Non-2xx or 3xx responses: 3\n")])
def test_errors_are_no_rate(printed: str) -> None:
    with pytest.raises(ValueError, match=r"^$|Non-2xx"):
        servers.rate(printed)


@pytest.mark.parametrize("name", servers.SYSTEMS)
def test_a_server_accepts_the_token_that_is_made_for_it(name: str) -> None:
    headers = {"Authorization": f"Bearer {servers.make_token(name)}"}
    system = servers.make_system(name)

    answer = system.app.test_client().get("/plain", headers=headers)

    system.close()
    assert answer.status_code == 200


@pytest.fixture
def short(wrk: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Compare two systems on one kind of worker, and return the arguments for little time."""
    monkeypatch.setattr(servers, "SYSTEMS", {system.name: system for system in (Bare, Ours)})
    monkeypatch.setattr(servers, "WORKERS", {"gthread": servers.WORKERS["gthread"]})
    return ["--rounds", "1", "--seconds", "1"]


def test_gunicorn_serves_what_the_client_asks(
    short: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    servers.main(short)

    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["gthread", "bare", "1.00"],
        ["gthread", "jwtpolicy", "1.00", "goal", "0.85"],
    ]


def test_the_shares_are_written_with_the_machine(short: list[str], tmp_path: Path) -> None:
    to = tmp_path / "servers.json"

    servers.main([*short, "--json", str(to)])

    written = json.loads(to.read_text(encoding="utf-8"))
    assert written["rows"] == [{"worker": "gthread", "kept": {"bare": 1.0, "jwtpolicy": 1.0}}]
    assert written["machine"] == machine()
    assert {"flask", "gunicorn", "wrk"} < set(written["versions"])


def test_a_server_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_ATTEMPTS", 1)
    monkeypatch.setattr(servers, "server_command", lambda *_: ["false"])

    with pytest.raises(TimeoutError, match="nobody answers at port"):
        servers.measured("bare", "sync", 1)


def test_without_wrk_nothing_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SystemExit):
        servers.main([])

    assert capsys.readouterr().err == "wrk is not installed\n"


def test_the_token_for_a_command_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    servers.main(["--token", "jwtpolicy"])

    assert capsys.readouterr().out.count(".") == 2


def test_the_description_has_the_commands_that_are_run() -> None:
    server = servers.server_command("jwtpolicy", "gthread", 8000)
    client = servers.client_command("$token", 8000, 10)

    written = " ".join((servers.__doc__ or "").replace("\\\n", "").split())
    assert " ".join([*server[5:11], f"'{server[-1]}'"]) in written
    assert " ".join(client).replace(client[5], f'"{client[5]}"') in written
