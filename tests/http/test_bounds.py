"""Nothing grows with the number of requests, and nothing is issued that is too long to be read."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy import protect
from jwtpolicy.app import bound_app as binding
from jwtpolicy.exceptions import IssueError
from jwtpolicy.keys import Key, KeyRing
from tests.support.applications import SECRET
from tests.support.requests import bearer


def test_guards_that_are_made_for_each_request_are_not_kept_for_ever(
    app: Any, client: Any, access: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binding, "_MAX_INNER_PLANS", 5)
    app.get("/thing")(lambda: protect()(lambda: "in")())

    statuses = {client.get("/thing", headers=access()).status_code for _ in range(20)}

    assert statuses == {200}
    assert len(app.extensions["jwtpolicy"]._inner_plans) == 5


def test_an_inner_guard_that_reads_the_query_keeps_the_answer_private(
    app: Any, jwt: Any, client: Any
) -> None:
    """HTTP-7."""
    inner = protect(transports="query_string")(lambda: "in")
    app.get("/")(lambda: inner())
    with app.app_context():
        token = jwt.issue("ada")

    answer = client.get("/", query_string={"jwt": token})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_a_token_that_nobody_would_take_is_not_issued(make_app: Any) -> None:
    app, jwt = make_app(max_token_length=400)
    with app.app_context():
        assert jwt.verify(jwt.issue("ada")).subject == "ada"
        with pytest.raises(IssueError, match="JWT_MAX_TOKEN_LENGTH"):
            jwt.issue("ada", claims={"long": "x" * 400})


@pytest.mark.parametrize("found", [Key(SECRET, "HS256"), ["no key"], None, 5])
def test_a_ring_that_finds_no_keys_refuses(make_app: Any, found: Any) -> None:
    """ALG-4."""

    class Ring(KeyRing):
        def find(self, algorithm: str, key_id: str | None) -> Any:
            return found

    app, jwt = make_app({"keys": Ring(Key(SECRET, "HS256"))})
    app.get("/")(protect()(lambda: "in"))
    with app.app_context():
        token = jwt.issue("ada")

    assert app.test_client().get("/", headers=bearer(token)).status_code == 401
