"""What the pages say of leaks holds against a thief (K46)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from werkzeug.security import generate_password_hash

from tests.support.examples import SINGLE_FILES, run_example
from tests.support.pages import run_page
from tests.support.requests import bearer


@pytest.fixture
def leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return run_page("operate/keys.rst", tmp_path, monkeypatch)


def forged_pair(leak: dict[str, Any], app: Any) -> dict[str, str]:
    """Return what a thief gets for a refresh token that he signed with the old secret."""
    headers = {"Authorization": f"Bearer {leak['forge'](leak['old'], type='refresh')}"}
    answer = app.test_client().post("/auth/refresh", headers=headers)
    assert answer.status_code == 200
    pair: dict[str, str] = answer.json
    return pair


def test_the_warning_of_the_page_is_true(leak: dict[str, Any]) -> None:
    """K46: a pair of the present secret outlives the fallback that it was got by."""
    routine, after = leak["start"](leak["new"], leak["old"]), leak["start"](leak["new"])
    pair = forged_pair(leak, routine)

    assert leak["status"](after, "GET", "/auth/sessions", pair["access_token"]) == 200

    both = leak["start"](leak["secrets"].token_urlsafe(48))
    assert leak["status"](both, "GET", "/auth/sessions", pair["access_token"]) == 401
    assert leak["status"](both, "POST", "/auth/refresh", pair["refresh_token"]) == 401


def test_after_the_steps_for_a_leak_no_token_names_a_session_of_before(
    leak: dict[str, Any],
) -> None:
    before, after, forge = leak["before"], leak["after"], leak["forge"]
    sid = leak["pair"].session_id
    forged = forge(leak["old"], type="access", sub="ada", sid=sid, roles=["admin"])

    assert leak["status"](before, "GET", "/salaries", forged) == 200
    assert leak["status"](after, "GET", "/salaries", forged) == 401


def test_a_pair_that_was_kept_for_a_repetition_is_not_given_out_after_a_leak(
    leak: dict[str, Any],
) -> None:
    before, after, token = leak["before"], leak["after"], leak["pair"].refresh_token
    assert leak["status"](before, "POST", "/auth/refresh", token) == 200
    assert leak["status"](before, "POST", "/auth/refresh", token) == 200

    assert leak["status"](after, "POST", "/auth/refresh", token) == 401


def test_the_list_of_sessions_is_cleared_as_the_page_says(leak: dict[str, Any]) -> None:
    app = leak["after"]
    manager = app.extensions["tokens"]
    with app.app_context():
        assert len(manager.sessions("ada")) == 2

        manager.revoke_subject("ada")

        assert manager.sessions("ada") == []


def test_the_first_example_shows_nobody_what_is_not_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = run_example(SINGLE_FILES["quickstart"], tmp_path, monkeypatch)
    client = example.app.test_client()
    example.HASHES["eve"] = generate_password_hash("a long sentence")
    form = {"username": "eve", "password": "a long sentence"}

    def status() -> int:
        token = client.post("/auth/login", data=form).json["access_token"]
        return int(client.get("/invoices/2", headers=bearer(token)).status_code)

    assert client.post("/auth/login", data=form | {"username": "ada"}).status_code == 401
    assert status() == 403
    example.INVOICES[2]["owner"] = "eve"
    assert status() == 200


def test_of_guesses_at_the_same_time_one_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counter of the page counts before it compares: what failed is known too late."""
    page = run_page("howto/limit-attempts.rst", tmp_path, monkeypatch)
    page["BLOCKED"].clear()
    statuses: list[int] = []

    def compare(stored: str, password: str) -> bool:
        if password == "first":
            statuses.append(guess("second"))
        return False

    def guess(password: str) -> int:
        form = {"username": "ada", "password": password}
        return int(page["app"].test_client().post("/auth/login", data=form).status_code)

    monkeypatch.setitem(page, "check_password", compare)
    statuses.append(guess("first"))

    assert statuses == [429, 401]
