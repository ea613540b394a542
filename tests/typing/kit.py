"""Checked by mypy and pyright, never run: tests of users that are written with the kit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_type

from flask import Flask
from flask.testing import FlaskClient

from jwtpolicy import Explanation, ProtectedView, TokenPair, protect
from jwtpolicy.testing import (
    ActingClient,
    MovableClock,
    Persona,
    act,
    anonymous,
    assert_all_routes_guarded,
    assert_policy,
    with_,
)


@dataclass
class User:
    """A user whom no hash tells apart."""

    name: str


class Account(ProtectedView):
    """A class without a route."""

    def get(self, user_id: int) -> str:
        """Show it."""
        return str(user_id)


@protect()
def view() -> str:
    """Show something."""
    return ""


def test_of_a_user(app: Flask, jwt_client: ActingClient) -> None:
    """Use everything as users do."""
    client = act(app)
    assert_type(client, ActingClient)
    plain: FlaskClient = client
    assert_type(client.as_user(User("bob"), fresh=False, scope="a b"), ActingClient)
    with client.as_user("ada", claims={"team": "red"}, kind="refresh", place="cookies") as ada:
        assert_type(ada, ActingClient)
        assert_type(ada.refresh(), TokenPair)
        ada.wait(301)
        ada.log_out()
    assert_type(client.explain("DELETE", "/accounts/2", csrf=False), Explanation)
    jwt_client.anonymous().post("/accounts", json={}, csrf=False)
    assert plain.get("/").status_code == 200
    with MovableClock(app) as clock:
        clock.tick(301)
        assert_type(clock(), float)
    assert_type(with_(User("bob"), acr="high"), Persona)
    assert_policy(app, "GET", "/accounts/2", {anonymous: 401, "bob": 200, with_(7): 403})
    assert_policy(app, "POST", "/accounts", [(User("bob"), 200)], json={"a": 1})
    assert_policy(app, Account, {"bob": 200}, method="GET", view_args={"user_id": 2})
    assert_policy(app, view, {"bob": 200}, resource=None)
    assert_all_routes_guarded(app, except_=["static"])
