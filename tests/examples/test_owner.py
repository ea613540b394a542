"""Everybody sees what is theirs, and what is shared, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

from jwtpolicy.testing import act, anonymous, assert_policy
from tests.support.examples import running_example


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with running_example("owner", tmp_path_factory, ADA_PASSWORD="lovelace") as example:
        yield example


@pytest.fixture
def app(example: ModuleType) -> Iterator[Flask]:
    """Return the application with the notes that it starts with."""
    notes = deepcopy(example.NOTES)
    yield example.app
    example.NOTES.update(notes)


@pytest.mark.parametrize(
    ("request_", "ada", "bob"),
    [
        ("GET /notes", 200, 200),
        ("GET /notes/1", 200, 403),
        ("GET /notes/2", 403, 200),
        ("GET /notes/3", 200, 200),
        ("GET /notes/4", 404, 404),
        ("DELETE /notes/1", 200, 403),
        ("DELETE /notes/3", 403, 200),
        ("POST /notes/1/share", 200, 403),
        ("POST /notes/4/share", 404, 404),
    ],
)
def test_who_may_do_what_with_a_note(app: Any, request_: str, ada: int, bob: int) -> None:
    method, path = request_.split()

    assert_policy(app, method, path, {anonymous: 401, "ada": ada, "bob": bob})


def test_the_list_has_the_callers_own_notes(app: Any) -> None:
    listed = act(app).as_user("bob").get("/notes").json

    assert [note["text"] for note in listed] == ["Call Eve", "Party on Friday"]


def test_a_note_that_is_shared_can_be_read_by_others(app: Any) -> None:
    bob = act(app).as_user("bob")
    assert bob.get("/notes/1").status_code == 403

    act(app).as_user("ada").post("/notes/1/share")

    assert bob.get("/notes/1").json["text"] == "Buy paper"
    assert bob.delete("/notes/1").status_code == 403


def test_a_note_that_was_deleted_is_gone(app: Any) -> None:
    ada = act(app).as_user("ada")

    assert ada.delete("/notes/1").status_code == 200

    assert ada.get("/notes/1").status_code == 404


@pytest.mark.parametrize(("password", "status"), [("lovelace", 200), ("guessed", 401)])
def test_the_password_is_asked_for(app: Any, password: str, status: int) -> None:
    form = {"username": "ada", "password": password}

    assert app.test_client().post("/auth/login", data=form).status_code == status
