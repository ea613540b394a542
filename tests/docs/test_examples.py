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
from flask.testing import FlaskClient

from examples.board import create_app as create_board
from examples.notes import create_app
from examples.notes.__main__ import reset
from examples.notes.database import database
from examples.notes.demo import calls
from examples.site.ways_back import local_path
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
    return act(create_app(str(tmp_path), DEMO=True, TESTING=True))


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
    return create_board(str(tmp_path), DEMO=True, TESTING=True)


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


def test_the_matrix_is_what_the_server_answers(site: ActingClient) -> None:
    """Of each request that changes nothing, by each user."""
    found = site.post("/demo/matrix", json={"tokens": {}}).json or {}
    with site.application.app_context():
        asked = list(calls())
    clients = {name: site.as_user(user(site, name)) for name in ("ada", "bob", "eve")}

    for number, call in enumerate(asked):
        if call.method == "GET":
            for name, client in {"nobody": site, **clients}.items():
                assert client.get(call.path).status_code == found[name][number], (name, call)
    assert len(asked) == 12


def test_the_matrix_is_about_the_tokens_that_are_held(site: Any, bob: Any) -> None:
    form = {"name": "bob", "password": "builder"}
    confirmed = bob.post("/step-up", json=form).json["access_token"]

    plain = site.post("/demo/matrix", json={"tokens": {}}).json["bob"]
    held = site.post("/demo/matrix", json={"tokens": {"bob": confirmed}}).json["bob"]

    assert plain.count(401) == 2
    assert held.count(401) == 0


def test_who_was_deleted_is_not_asked_about(site: Any) -> None:
    with site.application.app_context():
        database().delete_user(2)

    found = site.post("/demo/matrix", json={"tokens": {}}).json
    assert set(found["bob"]) == {None}
    assert None not in found["eve"]


@pytest.fixture(params=["notes", "board"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> FlaskClient:
    make = {"notes": create_app, "board": create_board}[request.param]
    return make(str(tmp_path)).test_client()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("PUT", "/logout", 405), ("POST", "/login", 400)],
)
def test_errors_are_pages_for_people_and_json_for_programs(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    page = client.open(path, method=method, headers=BROWSER)
    answer = client.open(path, method=method)

    assert (page.status_code, answer.status_code) == (status, status)
    assert page.mimetype == "text/html"
    assert '<a id="back" href="/">' in page.text
    assert answer.json is not None
    assert answer.json.keys() >= {"error", "error_description"}


def test_an_error_page_keeps_the_challenge(site: Any) -> None:
    page = site.get("/notes", headers=BROWSER)

    assert page.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert "Accept" in page.vary
    assert "A token is required." in page.text


def test_an_accident_is_a_page_too(board: Flask) -> None:
    board.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    del board.extensions["messages"]

    page = board.test_client().get("/", headers=BROWSER)

    assert page.status_code == 500
    assert '<a id="back" href="/">' in page.text


def test_pages_run_scripts_of_their_own_files_alone(client: FlaskClient) -> None:
    page = client.get("/")

    assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "<style" not in page.text
    assert "style=" not in page.text


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("/", True),
        ("/devices?limit=5", True),
        ("//evil.test", False),
        ("/\\evil.test", False),
        ("/\t/evil.test", False),
        ("/\n", False),
        ("https://evil.test/", False),
        ("evil.test", False),
        ("", False),
        (None, False),
    ],
)
def test_only_paths_of_this_site_are_returned_to(url: str | None, is_local: bool) -> None:
    assert local_path(url, "otherwise") == (url if is_local else "otherwise")


@pytest.mark.parametrize(
    ("referrer", "back"),
    [
        ("http://localhost/devices", "/devices"),
        ("http://localhost.evil.test/devices", "/"),
        ("http://localhost:80@evil.test/", "/"),
        ("https://evil.test/devices", "/"),
    ],
)
def test_an_error_leads_back_to_a_page_of_this_site(
    client: FlaskClient, referrer: str, back: str
) -> None:
    page = client.get("/nothing", headers={**BROWSER, "Referer": referrer})

    assert f'<a id="back" href="{back}">' in page.text


def test_a_request_is_explained_to_whoever_has_its_token(site: Any, bob: Any) -> None:
    token = bob.post("/login", json={"name": "bob", "password": "builder"}).json["access_token"]
    asked = {"method": "DELETE", "path": "/accounts/2", "token": token}

    answer = site.post("/demo/explain", json=asked).json

    assert answer["reason"] == "acr is absent, asked is 'confirmed'"
    assert (answer["cure"], len(answer["cures"])) == ("confirm", 1)
    (decisive,) = (line for line in answer["tree"] if line["decides"])
    assert (decisive["outcome"], decisive["depth"]) == ("STEP_UP", 1)
    assert decisive["policy"] == "Fresh(within=300, acr='confirmed')"
    assert site.get("/accounts/2", headers=bearer(token)).status_code == 200


@pytest.mark.parametrize(
    ("path", "where", "first", "decisive"),
    [
        ("/accounts", "accounts.py", "@protect(", "@protect(HasRole("),
        ("/accounts/3", "accounts.py", "class Account(", "    policies = IsSubject("),
        ("/notes/1", "notes.py", "class OneNote(", '        "GET": Owns('),
    ],
)
def test_the_source_that_decided_is_shown(
    site: Any, bob: Any, path: str, where: str, first: str, decisive: str
) -> None:
    token = bob.post("/login", json={"name": "bob", "password": "builder"}).json["access_token"]
    asked = {"method": "GET", "path": path, "token": token}

    baseline, level = site.post("/demo/explain", json=asked).json["source"]

    assert baseline["baseline"] == "NotRevoked() & KnownUser()"
    assert f"examples/notes/{where}:" in level["where"]
    assert level["lines"][0]["text"].startswith(first)
    assert next(line["text"] for line in level["lines"] if line["decides"]).startswith(decisive)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("explain", None),
        ("explain", []),
        ("explain", {"method": "GET"}),
        ("explain", {"method": "GET", "path": "//[", "token": None}),
        ("matrix", None),
        ("matrix", {"tokens": {"bob": 2}}),
        ("matrix", {"tokens": {"bob": "\ud800"}}),
    ],
)
def test_what_cannot_be_explained_is_refused(site: Any, path: str, asked: Any) -> None:
    assert site.post(f"/demo/{path}", json=asked).status_code == 400


def test_a_reset_brings_back_who_was_deleted_and_ends_what_was_open(
    site: ActingClient, bob: ActingClient
) -> None:
    with site.application.app_context():
        database().delete_user(3)
    login = {"name": "eve", "password": "dropper"}
    assert site.post("/login", json=login).status_code == 401

    reset(site.application)

    assert site.post("/login", json=login).status_code == 200
    assert [user(site, name).id for name in ("ada", "bob", "eve")] == [1, 2, 3]
    assert bob.get("/me").status_code == 401


def test_without_the_demo_no_password_is_known_and_nobody_explains(
    client: FlaskClient,
) -> None:
    forms = [{"name": "ada", "password": "lovelace"}, {"name": "bob", "password": "builder"}]

    assert [client.post("/login", json=form).status_code for form in forms] == [401, 401]
    assert client.post("/demo/matrix", json={"tokens": {}}).status_code == 404
    assert "lovelace" not in client.get("/login", headers=BROWSER).text


@pytest.mark.parametrize("text", ["\ud800", "a\ud800b"])
def test_half_a_character_is_no_error_of_the_server(bob: ActingClient, text: str) -> None:
    answer = bob.post("/notes", json={"text": text})

    assert (answer.status_code, answer.get_json()["text"]) == (201, text.replace("\ud800", "?"))


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_number_that_no_database_holds_is_not_found(bob: ActingClient, method: str) -> None:
    assert bob.open(f"/notes/{'9' * 30}", method=method).status_code == 404


@pytest.mark.parametrize("make", [create_app, create_board])
def test_the_secret_is_made_once_and_kept_to_its_owner(make: Any, tmp_path: Path) -> None:
    secrets = {make(str(tmp_path)).config["JWT_SECRET_KEY"] for _ in range(2)}

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
