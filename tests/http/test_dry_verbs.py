"""Verbs that a hook calls during a dry run write nothing, and what comes after has met them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import request

from jwtpolicy import Access, Refresh, SingleUse, Verdict, current_token, policy, protect
from jwtpolicy.inspector.minting import Wish, minted
from jwtpolicy.signals import logged_in, logged_out, refresh_reused
from jwtpolicy.stores import MemoryStore
from jwtpolicy.stores.base import TokenStore
from jwtpolicy.stores.dry import DryStore
from tests.support.applications import MakeApp
from tests.support.dry_runs import Site

#: What a hook does with the manager and the pair of the session whose access token is presented.
VERBS: dict[str, Callable[[Any, Any], object]] = {
    "logout": lambda jwt, pair: (jwt.enforce(Access()), jwt.logout()),
    "revoke": lambda jwt, pair: jwt.revoke(pair.access_token),
    "revoke refresh": lambda jwt, pair: jwt.revoke(pair.refresh_token),
    "revoke_session": lambda jwt, pair: jwt.revoke_session(pair),
    "revoke_subject": lambda jwt, pair: jwt.revoke_subject("u1"),
    "revoke_token_id": lambda jwt, pair: jwt.revoke_token_id("x", subject="u1", expires_at=None),
    "others": lambda jwt, pair: (jwt.enforce(Access()), jwt.revoke_other_sessions()),
    "login": lambda jwt, pair: jwt.login("u2"),
    "login, logout": lambda jwt, pair: jwt.revoke_session(jwt.login("u2")),
    "ended, login": lambda jwt, pair: (jwt.revoke_subject("u1"), jwt.login("u1")),
    "step_up": lambda jwt, pair: (jwt.enforce(Access()), jwt.step_up("u1")),
    "refresh": lambda jwt, pair: jwt.refresh(pair.refresh_token),
    "refresh twice": lambda jwt, pair: jwt.refresh(jwt.refresh(pair.refresh_token).refresh_token),
    "repeated": lambda jwt, pair: [jwt.refresh(pair.refresh_token) for _ in range(2)],
    "reused": lambda jwt, pair: (jwt.step_up("u1"), jwt.refresh(pair.refresh_token)),
    "issue": lambda jwt, pair: jwt.issue("u1", "refresh", session=pair),
    "renewed": lambda jwt, pair: (jwt.enforce(Access()), jwt.renewed(current_token)),
    "consume": lambda jwt, pair: (jwt.enforce(Access()), jwt.consume()),
    "consume twice": lambda jwt, pair: (jwt.enforce(Access()), jwt.consume(), jwt.consume()),
    "single use": lambda jwt, pair: jwt.enforce(SingleUse()),
}


class Hooked:
    """An application whose hook calls a verb, with two sessions of one user.

    Args:
        url: A store URL; None for a `MemoryStore`.
        verb: The name of the verb.
    """

    def __init__(self, url: str | None, verb: str) -> None:
        self.site = Site(url)
        jwt = self.site.jwt
        with self.site.app.app_context():
            self.pair = jwt.login("u1")
            jwt.login("u1")

        @self.site.app.before_request
        def calls() -> None:
            if request.endpoint == "once":
                VERBS[verb](jwt, self.pair)


@pytest.fixture(params=["memory", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """Return the URL of each store that can be looked into; None for one in memory."""
    return None if request.param == "memory" else f"sqlite:///{tmp_path}/tokens.db"


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_in_a_hook_writes_nothing_and_the_guard_has_met_it(
    url: str | None, verb: str
) -> None:
    hooked, sent = Hooked(url, verb), []
    site, token = hooked.site, hooked.pair.access_token
    for signal in (logged_in, logged_out, refresh_reused):
        signal.connect(sent.append, site.app)
    before = site.written()

    told = site.explain("GET", "/once", token)

    assert (site.written(), sent) == (before, [])
    assert told.status == site.send("GET", "/once", token).status_code


@pytest.mark.parametrize("verb", sorted(VERBS.keys() - {"single use", "consume", "reused"}))
def test_what_a_verb_would_write_is_an_effect(verb: str) -> None:
    hooked = Hooked(None, verb)

    told = hooked.site.explain("GET", "/once", hooked.pair.access_token)

    assert len(told.effects) == len(set(told.effects)) > 0


def test_a_refresh_token_without_a_session_is_adopted_by_nobody() -> None:
    site = Site(JWT_REFRESH_TOKEN_EXPIRES=600)
    with site.app.app_context():
        token = minted(site.app, site.app.extensions["jwtpolicy"], Wish("u1", "refresh"))
    before = site.written()
    site.app.before_request(lambda: site.jwt.refresh(token) and None)

    told = site.explain("GET", "/open")

    assert told.effects == ("a session would be opened", "the refresh token would be used up")
    assert site.written() == before


def test_a_dry_store_calls_no_method_that_writes() -> None:
    reading = {"standing", "session", "sessions", "new_session_id", "adopted_session_id", "check"}
    own = {name for name in vars(TokenStore) if not name.startswith("_")} - {"is_shared"}
    code = {name: getattr(DryStore, name).__code__ for name in own if name in vars(DryStore)}

    called = {name for name in own - reading for one in code.values() if name in one.co_names}

    assert called <= {"present", "replace"}  # its own, and that of dataclasses
    assert DryStore(MemoryStore(), []).prune(now=0) == 0


def test_a_predicate_that_fails_is_no_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    site.app.add_url_rule("/breaks", "breaks", protect(policy(lambda access: 1 / 0))(lambda: ""))

    told = site.explain("GET", "/breaks", site.issue("u1"))

    assert (told.status, caplog.records) == (500, [])
    assert site.send("GET", "/breaks", site.issue("u1")).status_code == 500
    assert [record.levelno for record in caplog.records][:1] == [logging.ERROR]


def test_the_decision_is_that_of_the_guard_before_the_token_is_used_up(url: str | None) -> None:
    site = Site(url)

    told = site.explain("GET", "/once", site.issue("u1"))

    assert told.decision
    assert told.effects == ("the single-use token would be used up",)


@pytest.mark.parametrize("method", ["OPTIONS", "DELETE"])
def test_a_token_that_a_hook_has_let_in_is_not_that_of_the_guard(method: str) -> None:
    """The guard's plan has no program for it, and has not been asked yet."""
    site = Site()
    with site.app.app_context():
        token = site.jwt.login("u1").refresh_token
    view = site.app.view_functions["thing"]
    site.app.add_url_rule("/pre", "pre", lambda: view(), methods=["OPTIONS", "DELETE"])
    site.app.view_functions["pre"].__wrapped__ = view  # type: ignore[attr-defined]
    site.app.before_request(lambda: site.jwt.enforce(Refresh()))

    told = site.explain(method, "/pre", token)

    assert told.verdict is (Verdict.UNKNOWN if method == "OPTIONS" else Verdict.REFUSED)


def test_a_token_is_explained_where_no_store_keeps_its_use(make_app: MakeApp) -> None:
    app, jwt = make_app(manager={"baseline": None}, store_url="none")
    app.add_url_rule("/read", "read", protect(Access())(lambda: ""))

    with app.app_context():
        told = jwt.explain("GET", "/read", token=jwt.issue("u1"))

    assert (told.verdict, told.effects) == (Verdict.ALLOWED, ())
    assert told.decision


def test_a_session_that_is_opened_in_a_dry_run_has_an_id_of_the_other_store() -> None:
    made = DryStore(MemoryStore(), []).new_session_id("", "u1")

    assert len(made) == len(MemoryStore().new_session_id("", "u1"))


def test_verbs_of_teardown_functions_write_nothing(url: str | None) -> None:
    site = Site(url)
    with site.app.app_context():
        pair = site.jwt.login("u1")
    site.app.teardown_request(lambda error: site.jwt.revoke(pair.access_token))
    site.app.teardown_appcontext(lambda error: error and site.jwt.revoke_subject("u1"))
    before = site.written()

    assert site.explain("GET", "/open", pair.access_token)

    assert site.written() == before


def test_an_async_hook_writes_nothing(url: str | None) -> None:
    site, token = Site(url), ""

    @site.app.before_request
    async def revokes() -> None:
        site.jwt.revoke(token)

    token = site.issue("u1")
    with site.app.app_context():
        site.jwt.login("u2")
    before = site.written()

    assert site.explain("GET", "/maybe", token).status == 401

    assert site.written() == before
