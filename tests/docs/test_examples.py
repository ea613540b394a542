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
from flask import Flask

from examples.board import create_app as create_board
from examples.notes import create_app
from examples.notes.database import database
from jwtpolicy.testing import (
    ActingClient,
    act,
    anonymous,
    assert_all_routes_guarded,
    assert_policy,
    with_,
)
from tests.services.processes import end, free_port
from tests.support.paths import ROOT
from tests.support.requests import bearer
from tests.support.waiting import wait_for

#: How a browser asks for a page.
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def site(tmp_path: Path) -> ActingClient:
    """Return a client of the notes at which nobody is logged in."""
    return act(create_app(str(tmp_path), TESTING=True))


def user(site: ActingClient, name: str) -> Any:
    with site.application.app_context():
        return next(one for one in database().users() if one.name == name)


@pytest.fixture
def bob(site: ActingClient) -> ActingClient:
    return site.as_user(user(site, "bob"))


@pytest.fixture
def ada(site: ActingClient) -> ActingClient:
    return site.as_user(user(site, "ada"))


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(site: Any) -> None:
    answers = [
        site.post("/login", json={"name": name, "password": "wrong"}) for name in ("bob", "nobody")
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].data == answers[1].data
    assert site.post("/login", json=[]).status_code == 400


def test_no_endpoint_of_the_notes_was_forgotten(site: ActingClient) -> None:
    assert_all_routes_guarded(site.application)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("GET /notes", {"nobody": 401, "ada": 200, "bob": 200, "eve": 200}),
        ("GET /notes/2", {"nobody": 401, "ada": 200, "bob": 200, "eve": 403}),
        ("DELETE /notes/2", {"nobody": 401, "ada": 403, "bob": 204, "eve": 403}),
        ("GET /accounts", {"nobody": 401, "ada": 200, "bob": 403, "eve": 403}),
        ("GET /accounts/2", {"nobody": 401, "ada": 200, "bob": 200, "eve": 403}),
        ("DELETE /accounts/2", {"nobody": 401, "ada": 401, "bob": 401, "eve": 403}),
        ("POST /password", {"nobody": 401, "bob": 401}),
    ],
)
def test_who_may_do_what_with_notes(
    site: ActingClient, request_: str, expected: dict[str, int]
) -> None:
    method, path = request_.split()
    table = [
        (anonymous if name == "nobody" else user(site, name), status)
        for name, status in expected.items()
    ]

    assert_policy(site.application, method, path, table)


def test_users_see_their_own_notes(bob: Any) -> None:
    assert bob.get("/notes").json["notes"][0]["text"] == "A first note of bob"


def test_a_note_can_be_written_and_deleted_by_its_owner(bob: Any) -> None:
    note = bob.post("/notes", json={"text": "mine"}).json["id"]

    assert bob.delete(f"/notes/{note}").status_code == 204
    assert bob.get(f"/notes/{note}").status_code == 404
    assert bob.post("/notes", json={"text": 3}).status_code == 400


def test_an_admin_sees_everybody(ada: Any) -> None:
    assert len(ada.get("/accounts").json["accounts"]) == 3
    assert ada.get("/accounts/9").status_code == 404


def test_deleting_an_account_wants_the_password_again(site: Any, bob: Any) -> None:
    assert bob.get("/accounts/2").json["name"] == "bob"
    refused = bob.delete("/accounts/2")
    assert 'acr_values="confirmed"' in refused.headers["WWW-Authenticate"]

    form = {"name": "bob", "password": "builder"}
    confirmed = bearer(bob.post("/step-up", data=form).json["access_token"])

    assert site.delete("/accounts/2", headers=confirmed).status_code == 204
    assert site.get("/me", headers=confirmed).status_code == 401


def test_a_change_of_the_password_logs_the_other_devices_out(site: Any, bob: Any) -> None:
    form = {"name": "bob", "password": "builder"}
    phone = bearer(site.post("/login", data=form).json["access_token"])
    confirmed = bearer(bob.post("/step-up", data=form).json["access_token"])
    assert len(site.get("/sessions", headers=confirmed).json["sessions"]) == 2

    answer = site.post("/password", headers=confirmed, json={"new": "fixer"})

    assert answer.json == {"logged_out": 1}
    assert site.get("/me", headers=phone).status_code == 401
    assert site.get("/me", headers=confirmed).status_code == 200
    assert site.post("/login", data=form).status_code == 401
    assert site.post("/login", data={**form, "password": "fixer"}).status_code == 200
    assert site.post("/password", headers=confirmed, json={}).status_code == 400


def test_a_confirmation_lasts_five_minutes(site: ActingClient) -> None:
    bob = site.as_user(user(site, "bob"), acr="confirmed")
    with site.clock:
        bob.wait(301)
        assert bob.delete("/accounts/2").status_code == 401
    assert site.as_user(user(site, "bob"), acr="confirmed").delete("/accounts/2").status_code == 204


def test_a_logged_out_user_stays_logged_out(bob: Any) -> None:
    assert bob.get("/me").json["name"] == "bob"

    assert bob.post("/logout").status_code == 204

    assert bob.get("/me").status_code == 401


@pytest.fixture
def board(tmp_path: Path) -> Flask:
    return create_board(str(tmp_path), TESTING=True)


def test_no_page_of_the_board_was_forgotten(board: Flask) -> None:
    assert_all_routes_guarded(board)


@pytest.mark.parametrize(
    ("request_", "nobody", "ada"),
    [
        ("GET /", 200, 200),
        ("GET /private", 303, 200),
        ("POST /messages", 303, 200),
        ("GET /private/delete", 303, 200),
        ("POST /private/delete", 303, 200),
        ("GET /devices", 303, 200),
    ],
)
def test_who_may_do_what_on_the_board(board: Flask, request_: str, nobody: int, ada: int) -> None:
    """303 is the way to the login form, for browsers; programs get 401."""
    method, path = request_.split()
    table = {anonymous: nobody, "ada": ada}

    assert_policy(board, method, path, table, headers=BROWSER)
    assert_policy(board, method, path, {anonymous: 401 if nobody == 303 else nobody})
    if method == "POST":
        assert_policy(board, method, path, {"ada": 403}, csrf=False)


def test_whoever_was_only_remembered_logs_in_before_the_account_goes(board: Flask) -> None:
    remembered = with_("ada", fresh=False)

    assert_policy(board, "POST", "/private/delete", {remembered: 303}, headers=BROWSER)
    assert_policy(board, "POST", "/private/delete", {remembered: 401})


def test_a_message_is_written_with_the_name_of_its_author(board: Flask) -> None:
    ada = act(board).as_user("ada")

    assert "ada: hello" in ada.post("/messages", data={"text": "hello"}, follow_redirects=True).text


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
