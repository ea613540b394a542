"""What the how-tos about protecting promise of the applications that they print."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jwtpolicy.testing import act, anonymous, assert_policy, with_
from tests.support.pages import run_page

#: Runs a page, and returns what it has defined.
Run = Callable[[str], dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return lambda page: run_page(f"howto/{page}.rst", tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("GET /notes/1", {anonymous: 401, "ada": 200, "bob": 404}),
        ("GET /notes/3", {anonymous: 401, "ada": 404, "bob": 404}),
        ("DELETE /notes/1", {with_("ada", fresh=False): 401, "ada": 200, "bob": 403}),
        ("DELETE /notes/2", {with_("ada", fresh=False): 401, "ada": 403, "bob": 200}),
        ("DELETE /notes/3", {with_("ada", fresh=False): 401, "ada": 404}),
    ],
)
def test_the_answer_about_an_object_tells_no_more_than_it_should(
    run: Run, request_: str, expected: dict[Any, int]
) -> None:
    method, path = request_.split()

    assert_policy(run("objects")["app"], method, path, expected)


@pytest.mark.parametrize(
    ("pair", "status"), [("1/1", 200), ("1/2", 403), ("2/1", 403), ("1/3", 404), ("3/1", 404)]
)
def test_each_object_that_a_view_asks_about_decides(run: Run, pair: str, status: int) -> None:
    ada = act(run("objects")["app"]).as_user("ada")

    assert ada.get(f"/notes/{pair.replace('/', '/compare/')}").status_code == status


@pytest.mark.parametrize(("seconds", "statuses"), [(0, [200, 403, 404]), (301, [401, 403, 404])])
def test_the_password_is_asked_for_ones_own_object_alone(
    run: Run, seconds: int, statuses: list[int]
) -> None:
    ada = act(run("objects")["app"]).as_user("ada")
    with ada.clock:
        ada.wait(seconds)

        answers = [ada.delete(f"/drafts/{number}").status_code for number in (1, 2, 3)]

    assert answers == statuses
