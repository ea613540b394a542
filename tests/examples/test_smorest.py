"""The example with flask-smorest: the guard comes first, and the document says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jwtpolicy.testing import act, anonymous, assert_policy
from tests.support.examples import running_example


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("flask_smorest", reason="pip install flask-smorest")
    with running_example("smorest", tmp_path_factory, ADA_PASSWORD="lovelace") as example:
        yield example


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_only_the_owner_gets_at_a_note(notes: Any, method: str) -> None:
    assert_policy(notes.app, method, "/notes/1", {anonymous: 401, "ada": 200, "bob": 403})
    assert_policy(notes.app, method, "/notes/3", {anonymous: 401, "ada": 404})


@pytest.mark.parametrize(
    ("number", "body", "status", "error"),
    [
        (2, {}, 403, ("error", "access_denied")),
        (1, {}, 422, ("json", {"text": ["Missing data for required field."]})),
    ],
)
def test_the_guard_is_asked_before_the_body_is_looked_at(
    notes: Any, number: int, body: dict[str, str], status: int, error: tuple[str, Any]
) -> None:
    answer = act(notes.app).as_user("ada").put(f"/notes/{number}", json=body)

    assert answer.status_code == status
    assert error in answer.json["errors"].items()


def test_the_owner_changes_a_note(notes: Any) -> None:
    ada = act(notes.app).as_user("ada")

    assert ada.put("/notes/1", json={"text": "Buy ink"}).status_code == 200

    assert ada.get("/notes/1").json == {"owner": "ada", "text": "Buy ink"}


def test_the_document_says_that_a_token_is_needed(notes: Any) -> None:
    with notes.app.app_context():
        document = notes.api.spec.to_dict()

    path = document["paths"]["/notes/{number}"]
    assert path["get"]["security"] == path["put"]["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


@pytest.mark.parametrize(("password", "status"), [("lovelace", 200), ("guessed", 401)])
def test_the_password_is_asked_for(notes: Any, password: str, status: int) -> None:
    form = {"username": "ada", "password": password}

    assert notes.app.test_client().post("/auth/login", data=form).status_code == status
