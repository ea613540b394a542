"""An application's own store whose driver fails answers 503, on every path that asks it (K24)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from jwtpolicy import Refresh, SingleUse, protect
from jwtpolicy.cli import jwtpolicy
from jwtpolicy.endpoints import auth_blueprint
from jwtpolicy.exceptions import ConfigurationError, StoreUnavailableError
from jwtpolicy.stores import MemoryStore
from tests.support.applications import MakeApp
from tests.support.requests import bearer

CLIENT_SECRET = "s" * 32


class OwnStore(MemoryStore):
    """A store whose database can be switched off."""

    is_down = False

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        is_asked = not name.startswith(("_", "is_", "check")) and callable(found)
        return self.fail if is_asked and name != "fail" and self.is_down else found

    def fail(self, *ids: Any, **times: Any) -> Any:
        raise LookupError("the driver's own error")


@pytest.fixture
def site(make_app: MakeApp) -> FlaskClient:
    """Return a client of an application that has a path for each way to the store."""
    store = OwnStore()
    app, jwt = make_app(
        {"store": store},
        token_location=["headers", "cookies"],
        cookie_renew_within=600,
        refresh_cookie_path="/",
    )
    app.register_blueprint(
        auth_blueprint(
            lambda credentials: credentials["username"],
            endpoints=["login", "refresh", "step_up", "logout", "sessions", "revoke", "introspect"],
            clients={"gateway": CLIENT_SECRET},
        )
    )
    app.add_url_rule("/once", "once", protect(SingleUse())(lambda: "once"))
    app.add_url_rule("/me", "me", protect()(lambda: "me"))
    app.add_url_rule("/again", "again", protect(Refresh())(lambda: "again"))
    site = app.test_client()
    site.application.extensions["parts"] = (jwt, store)
    return site


PATHS: dict[str, Callable[[Any, Any], Any]] = {
    "guard": lambda site, pair: site.get("/me", headers=bearer(pair["access_token"])),
    "refresh guard": lambda site, pair: site.get("/again", headers=bearer(pair["refresh_token"])),
    "single use": lambda site, pair: site.get("/once", headers=bearer(pair["access_token"])),
    "login": lambda site, pair: site.post("/auth/login", data=CREDENTIALS),
    "refresh": lambda site, pair: site.post("/auth/refresh", headers=bearer(pair["refresh_token"])),
    "step-up": lambda site, pair: site.post(
        "/auth/step-up", data=CREDENTIALS, headers=bearer(pair["access_token"])
    ),
    "logout": lambda site, pair: site.post("/auth/logout", headers=bearer(pair["access_token"])),
    "sessions": lambda site, pair: site.get("/auth/sessions", headers=bearer(pair["access_token"])),
    "others": lambda site, pair: site.delete(
        "/auth/sessions/others", headers=bearer(pair["access_token"])
    ),
    "revocation": lambda site, pair: site.post(
        "/auth/revoke", data={"token": pair["refresh_token"]}, auth=("gateway", CLIENT_SECRET)
    ),
    "introspection": lambda site, pair: site.post(
        "/auth/introspect", data={"token": pair["access_token"]}, auth=("gateway", CLIENT_SECRET)
    ),
}
CREDENTIALS = {"username": "ada", "password": "x"}


@pytest.mark.parametrize("path", PATHS)
def test_every_path_is_503_while_the_driver_fails_and_logged(
    site: Any, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    _, store = site.application.extensions["parts"]
    pair = site.post("/auth/login", data=CREDENTIALS).json
    store.is_down = True
    refused = PATHS[path](site, pair)
    store.is_down = False

    assert refused.status_code == 503
    assert b"driver" not in refused.data
    assert any("the token store raised LookupError in" in said for said in caplog.messages)
    assert PATHS[path](site, pair).status_code < 300


VERBS: dict[str, Callable[[Any], Any]] = {
    "revoke_subject": lambda jwt: jwt.revoke_subject("ada"),
    "revoke_session": lambda jwt: jwt.revoke_session("s1"),
    "revoke_token_id": lambda jwt: jwt.revoke_token_id("j", subject="ada", expires_at=None),
    "sessions": lambda jwt: jwt.sessions("ada"),
    "login": lambda jwt: jwt.login("ada"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_says_that_the_store_cannot_be_asked(site: Any, verb: str) -> None:
    jwt, store = site.application.extensions["parts"]
    store.is_down = True
    with site.application.app_context():
        with pytest.raises(StoreUnavailableError, match="LookupError"):
            VERBS[verb](jwt)
        store.is_down = False

        VERBS[verb](jwt)


def test_a_sliding_cookie_is_not_renewed_and_the_view_answers(site: Any, clock: Any) -> None:
    """The guard has asked before; what comes after the view takes nothing from the user."""
    _, store = site.application.extensions["parts"]

    pair = site.post("/auth/login", data=CREDENTIALS).json
    site.set_cookie("__Host-access_token", pair["access_token"], secure=True)
    clock.advance(600)
    answer = site.get("/me", base_url="https://localhost")
    assert "Set-Cookie" in answer.headers
    store.touch = store.fail
    clock.advance(60)
    answer = site.get("/me", base_url="https://localhost")

    assert (answer.status_code, answer.text) == (200, "me")


@pytest.mark.parametrize("command", [["prune"], ["store", "upgrade"]])
def test_a_command_says_why_without_a_traceback(site: Any, command: list[str]) -> None:
    _, store = site.application.extensions["parts"]
    store.is_down = True
    done = site.application.test_cli_runner().invoke(jwtpolicy, command)

    assert done.exit_code == 1
    assert "the token store raised LookupError" in done.output


@pytest.mark.parametrize("store", ["redis://h", 0, MemoryStore])
def test_what_is_no_store_is_an_error_of_the_set_up(make_app: Any, store: Any) -> None:
    with pytest.raises(ConfigurationError, match="takes a TokenStore"):
        make_app({"store": store})


def test_a_store_that_counts_as_false_is_one(make_app: Any) -> None:
    """Such as one that has a length, and is empty: it was replaced by a file before."""

    class Empty(MemoryStore):
        def __len__(self) -> int:
            return 0

    app, _ = make_app({"store": Empty()})
    assert isinstance(app.extensions["jwtpolicy"].parts.store, Empty)
