"""Use the example application, in this process and as a real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from examples.notes import create_app
from tests.services.processes import end, free_port
from tests.support.paths import ROOT
from tests.support.requests import bearer
from tests.support.waiting import wait_for


@pytest.fixture
def site(tmp_path: Path) -> FlaskClient:
    return create_app(str(tmp_path), TESTING=True).test_client()


def logged_in(site: Any, name: str, password: str) -> dict[str, str]:
    answer = site.post("/login", data={"name": name, "password": password})
    return bearer(answer.json["access_token"])


@pytest.fixture
def bob(site: FlaskClient) -> dict[str, str]:
    return logged_in(site, "bob", "builder")


@pytest.fixture
def ada(site: FlaskClient) -> dict[str, str]:
    return logged_in(site, "ada", "lovelace")


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(site: Any) -> None:
    answers = [
        site.post("/login", json={"name": name, "password": "wrong"}) for name in ("bob", "nobody")
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].data == answers[1].data
    assert site.post("/login", json=[]).status_code == 400


def test_users_see_their_own_notes(site: Any, bob: Any) -> None:
    assert site.get("/notes").status_code == 401
    assert site.get("/notes", headers=bob).json["notes"][0]["text"] == "A first note of bob"


def test_a_note_can_be_written_and_deleted_by_its_owner(site: Any, bob: Any, ada: Any) -> None:
    note = site.post("/notes", headers=bob, json={"text": "mine"}).json["id"]

    assert site.delete(f"/notes/{note}", headers=ada).status_code == 403
    assert site.delete(f"/notes/{note}", headers=bob).status_code == 204
    assert site.get(f"/notes/{note}", headers=bob).status_code == 404
    assert site.post("/notes", headers=bob, json={"text": 3}).status_code == 400


def test_an_admin_may_read_what_others_may_not(site: Any, bob: Any, ada: Any) -> None:
    assert site.get("/notes/2", headers=ada).status_code == 200
    assert site.get("/notes/1", headers=bob).status_code == 403
    assert len(site.get("/accounts", headers=ada).json["accounts"]) == 3
    assert site.get("/accounts", headers=bob).status_code == 403
    assert site.get("/accounts/9", headers=ada).status_code == 404


def test_deleting_an_account_wants_the_password_again(site: Any, bob: Any) -> None:
    assert site.get("/accounts/2", headers=bob).json["name"] == "bob"
    refused = site.delete("/accounts/2", headers=bob)
    assert 'acr_values="confirmed"' in refused.headers["WWW-Authenticate"]

    form = {"name": "bob", "password": "builder"}
    confirmed = bearer(site.post("/step-up", headers=bob, data=form).json["access_token"])

    assert site.delete("/accounts/2", headers=confirmed).status_code == 204
    assert site.get("/me", headers=confirmed).status_code == 401


def test_a_change_of_the_password_logs_the_other_devices_out(site: Any, bob: Any) -> None:
    form = {"name": "bob", "password": "builder"}
    phone = logged_in(site, "bob", "builder")
    assert site.post("/password", headers=bob, json={"new": "fixer"}).status_code == 401
    confirmed = bearer(site.post("/step-up", headers=bob, data=form).json["access_token"])
    assert len(site.get("/sessions", headers=confirmed).json["sessions"]) == 2

    answer = site.post("/password", headers=confirmed, json={"new": "fixer"})

    assert answer.json == {"logged_out": 1}
    assert site.get("/me", headers=phone).status_code == 401
    assert site.get("/me", headers=confirmed).status_code == 200
    assert site.post("/login", data=form).status_code == 401
    assert site.post("/login", data={**form, "password": "fixer"}).status_code == 200
    assert site.post("/password", headers=confirmed, json={}).status_code == 400


def test_a_logged_out_user_stays_logged_out(site: Any, bob: Any) -> None:
    assert site.get("/me", headers=bob).json["name"] == "bob"

    assert site.post("/logout", headers=bob).status_code == 204

    assert site.get("/me", headers=bob).status_code == 401


def test_the_page_offers_every_call(site: Any) -> None:
    html = site.get("/").text

    for call in (
        "POST /step-up",
        "POST /password",
        "GET /sessions",
        "POST /refresh",
        "POST /logout",
        "GET /accounts",
        "DELETE own",
    ):
        assert f'data-call="{call}"' in html


def test_the_secret_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    secrets = {create_app(str(tmp_path)).config["JWT_SECRET_KEY"] for _ in range(2)}

    assert len(secrets) == 1
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


@pytest.fixture
def printed(tmp_path: Path) -> Iterator[str]:
    """Start an example as ``make run`` does, in a copy, and return what it prints."""
    with started("notes", tmp_path) as (process, _):
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        text = ""
        while "DELETE" not in text:
            text += next(lines)
        yield text


@contextmanager
def started(example: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run an example in a copy; give its process and its port."""
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=lambda *_: {"instance"})
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", f"examples.{example}"],
        cwd=folder,
        env={**os.environ, "PORT": str(port), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        wait_for(port, process)  # type: ignore[arg-type]
        yield process, port
    finally:
        end(process)


def test_the_board_starts_and_says_who_can_log_in(tmp_path: Path) -> None:
    with started("board", tmp_path) as (process, port):
        with urllib.request.urlopen(f"http://localhost:{port}/login") as answer:
            page = answer.read().decode()
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]

    assert "Try ada with lovelace" in page
    assert "  ada    lovelace\n" in lines


def test_the_printed_curl_lines_work_when_pasted(printed: str, tmp_path: Path) -> None:
    assert "ada    lovelace" in printed
    lines = printed.split("terminal:\n\n")[1]
    assert len(lines.strip().splitlines()) == 5

    done = subprocess.run(["bash", "-euc", lines], check=True, capture_output=True, text=True)

    statuses = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("HTTP/")]
    assert statuses == ["401", "200", "403", "401"]
    assert "insufficient_user_authentication" in done.stdout
