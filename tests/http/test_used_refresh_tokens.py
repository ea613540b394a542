"""What becomes of a used refresh token does not depend on who guards the view."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, request, stream_with_context
from marshmallow import fields, pre_dump

from jwtpolicy import (
    ClaimSchema,
    JWTManager,
    NotRevoked,
    OptionalToken,
    Refresh,
    SingleUse,
    current_token,
    protect,
)
from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.endpoints import IntrospectionView, LogoutView, RefreshView
from jwtpolicy.exceptions import InvalidTokenError, RevokedTokenError, StoreUnavailableError
from jwtpolicy.signals import refresh_reused
from tests.support.applications import SECRET
from tests.support.clocks import StandingClock
from tests.support.requests import bearer

#: Endpoints that exchange refresh tokens, each as somebody would write it.
EXCHANGES = ["/view", "/hand-written", "/bridge"]
GRACE = 10


class ForAll(IntrospectionView):
    kinds = frozenset({"access", "refresh"})

    def is_allowed(self) -> bool:
        return True


class Site:
    """An application, its manager, a client, and what was noticed."""

    def __init__(self, tmp_path: Any, **settings: Any) -> None:
        # The bridge goes by the system's clock, and refuses tokens of the future.
        self.clock = StandingClock(int(time.time()) - 600)
        self.app = Flask("tests.used", instance_path=str(tmp_path))
        self.app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_REFRESH_GRACE=GRACE)
        self.app.config.update(settings)
        self.jwt = JWTManager(self.app, clock=self.clock)
        bridge.JWTManager(self.app)
        self._mount()
        self.client = self.app.test_client()
        self.reused: list[str] = []
        refresh_reused.connect(self._note, self.app)
        with self.app.app_context():
            self.first = self.jwt.login("ada")

    def _note(self, sender: Any, token: Any) -> None:
        self.reused.append(token.token_id)

    def _mount(self) -> None:
        app, jwt = self.app, self.jwt
        app.add_url_rule("/view", view_func=RefreshView.as_view("view"))

        @app.post("/hand-written")
        @protect(Refresh())
        def hand_written() -> Any:
            return jwt.refresh(current_token).as_response()

        @app.post("/bridge")
        @bridge.jwt_required(refresh=True)
        def bridged() -> Any:
            encoded = request.headers["Authorization"].removeprefix("Bearer ")
            return jwt.refresh(encoded).as_response()

        def is_known() -> str:
            return str(bool(current_token))

        async def is_known_later() -> str:
            return is_known()

        optional = OptionalToken(ignore_invalid=True) | Refresh()
        app.add_url_rule("/introspect", view_func=ForAll.as_view("introspect"))
        app.add_url_rule("/logout", view_func=LogoutView.as_view("logout"))
        app.get("/me", endpoint="me")(protect()(lambda: "in"))
        app.get("/only", endpoint="only")(protect(Refresh())(lambda: "in"))
        app.get("/once", endpoint="once")(protect(Refresh() & SingleUse())(lambda: "in"))
        app.get("/optional", endpoint="optional")(protect(optional)(is_known))
        app.get("/async", endpoint="async")(protect(Refresh())(is_known_later))
        app.get("/asks", endpoint="asks")(lambda: jwt.enforce(Refresh()) or "in")

        @app.get("/asks-later")
        async def asks_later() -> str:
            await jwt.enforce_async(Refresh())
            return "in"

    def exchange(self, path: str, token: str) -> Any:
        return self.client.post(path, headers=bearer(token))

    def is_open(self, access_token: str) -> bool:
        return bool(self.client.get("/me", headers=bearer(access_token)).status_code == 200)


@pytest.fixture
def make_site(tmp_path: Path) -> Callable[..., Site]:
    return lambda **settings: Site(tmp_path, **settings)


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


@pytest.mark.parametrize("path", EXCHANGES)
def test_a_repetition_within_the_grace_gets_the_same_pair(site: Site, path: str) -> None:
    """REF-4."""
    first = site.exchange(path, site.first.refresh_token)
    site.clock.advance(GRACE - 1)
    again = site.exchange(path, site.first.refresh_token)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json == first.json
    assert site.is_open(again.json["access_token"])


@pytest.mark.parametrize("path", EXCHANGES)
def test_a_reuse_after_the_grace_ends_the_session(site: Site, path: str) -> None:
    """REF-2."""
    first = site.exchange(path, site.first.refresh_token).json
    site.clock.advance(GRACE)

    assert site.exchange(path, site.first.refresh_token).status_code == 401
    assert len(site.reused) == 1
    assert not site.is_open(first["access_token"])
    assert site.exchange(path, first["refresh_token"]).status_code == 401


@pytest.mark.parametrize("path", EXCHANGES)
def test_any_token_in_its_grace_gets_the_newest_pair(site: Site, path: str) -> None:
    """REF-4: R0 → R1 → R2, then R0 again, gets the pair of R2 and ends nothing."""
    second = site.exchange(path, site.first.refresh_token).json
    site.clock.advance(4)
    third = site.exchange(path, second["refresh_token"]).json
    site.clock.advance(4)

    assert site.exchange(path, site.first.refresh_token).json == third
    site.clock.advance(3)
    assert site.exchange(path, second["refresh_token"]).json == third
    assert site.is_open(third["access_token"])
    assert site.exchange(path, site.first.refresh_token).status_code == 401
    assert not site.is_open(third["access_token"])


@pytest.mark.parametrize("path", EXCHANGES)
def test_what_was_replaced_is_refused_and_ends_nothing(site: Site, path: str) -> None:
    """Neither within the grace nor after it: R0 would get the fresh pair."""
    second = site.exchange(path, site.first.refresh_token).json
    with site.app.app_context():
        newest = site.jwt.issue("ada", "refresh", session=site.first.session_id)

    for seconds in (0, GRACE, 3600):
        site.clock.advance(seconds)
        for void in (site.first.refresh_token, second["refresh_token"]):
            assert site.exchange(path, void).status_code == 401
    assert site.reused == []
    assert site.exchange(path, newest).status_code == 200


@pytest.mark.parametrize("path", EXCHANGES)
def test_a_forged_or_foreign_token_ends_nothing(site: Site, path: str) -> None:
    """REF-3."""
    first = site.exchange(path, site.first.refresh_token).json
    site.clock.advance(GRACE)
    forged = site.first.refresh_token[:-4] + "AAAA"

    assert site.exchange(path, forged).status_code in {401, 422}
    assert site.exchange(path, first["access_token"]).status_code in {401, 422}
    assert site.is_open(first["access_token"])


def used_up(site: Site) -> str:
    """Return a refresh token that was used before the grace, and an access token of its session."""
    site.exchange("/view", site.first.refresh_token)
    site.clock.advance(GRACE)
    assert site.first.refresh_token is not None
    return site.first.refresh_token


def test_any_guard_that_accepts_refresh_tokens_notices(site: Site) -> None:
    """REF-2, K6: not only the endpoint that exchanges them."""
    old = used_up(site)

    assert site.client.get("/only", headers=bearer(old)).status_code == 401
    assert len(site.reused) == 1
    assert not site.is_open(site.first.access_token)


def test_a_used_token_passes_other_guards_within_the_grace(site: Site) -> None:
    """Whoever holds it could have its successor by asking."""
    site.exchange("/view", site.first.refresh_token)
    old = bearer(site.first.refresh_token)

    assert site.client.get("/only", headers=old).text == "in"
    assert site.client.get("/once", headers=old).status_code == 401


def test_an_async_guard_notices_too(site: Site) -> None:
    assert site.client.get("/async", headers=bearer(used_up(site))).status_code == 401
    assert len(site.reused) == 1


def ask_enforce(site: Site, old: str) -> int:
    """Ask about the token inside of a view that nobody guards."""
    return int(site.client.get("/asks", headers=bearer(old)).status_code)


def ask_enforce_async(site: Site, old: str) -> int:
    return int(site.client.get("/asks-later", headers=bearer(old)).status_code)


def ask_explain(site: Site, old: str) -> int:
    with site.app.test_request_context():
        return 200 if site.jwt.explain(Refresh() & NotRevoked(), old) else 401


def ask_other_guard(site: Site, old: str) -> int:
    """Ask a guard that takes no refresh tokens."""
    return int(site.client.get("/me", headers=bearer(old)).status_code)


def ask_introspection(site: Site, old: str) -> int:
    """Ask as a gateway does, which only hears whether the token is active."""
    is_active = site.client.post("/introspect", data={"token": old}).json["active"]
    return 200 if is_active else 401


@pytest.mark.parametrize(
    "ask", [ask_enforce, ask_enforce_async, ask_explain, ask_introspection, ask_other_guard]
)
def test_whoever_is_no_guard_of_refresh_tokens_only_refuses(site: Site, ask: Any) -> None:
    """REF-3."""
    old = used_up(site)

    assert ask(site, old) == 401
    assert site.reused == []
    assert site.is_open(site.first.access_token)


def test_a_view_that_used_the_token_up_itself_is_no_thief(make_site: Any) -> None:
    """An honest stream, or a guarded function that the view calls, would end its own session."""
    site = make_site(JWT_REFRESH_GRACE=0)
    inner = protect(Refresh())(lambda: "in")

    @site.app.post("/both")
    @protect(Refresh())
    def both() -> Any:
        pair = site.jwt.refresh(current_token)
        with pytest.raises(InvalidTokenError):
            inner()
        with pytest.raises(InvalidTokenError):
            site.jwt.enforce(Refresh() & NotRevoked())
        with pytest.raises(RevokedTokenError):
            site.jwt.refresh(current_token)
        return pair.as_response()

    answer = site.exchange("/both", site.first.refresh_token)
    assert answer.status_code == 200
    assert site.reused == []
    assert site.is_open(answer.json["access_token"])


def test_a_stream_that_lasts_longer_than_its_token_is_no_thief(site: Site) -> None:
    """Its guard looked when the token was good; another tab has used it since."""
    inner = protect(Refresh())(lambda: "in")

    @site.app.get("/stream")
    @protect(Refresh())
    def stream() -> Any:
        def lines() -> Any:
            yield "first "
            try:
                yield inner()
            except InvalidTokenError:
                yield "out"

        return stream_with_context(lines())

    answer = site.client.get("/stream", headers=bearer(str(site.first.refresh_token)))
    lines = answer.iter_encoded()
    assert next(lines) == b"first "
    pair = site.exchange("/view", str(site.first.refresh_token)).json
    site.clock.advance(GRACE)

    assert list(lines)
    assert site.reused == []
    assert site.is_open(pair["access_token"])


def test_a_used_cookie_needs_its_csrf_value_to_end_anything(make_site: Any) -> None:
    """CSRF-1: another site's form must not throw people out."""
    places = ["headers", "cookies"]
    site = make_site(JWT_TOKEN_LOCATION=places, JWT_REFRESH_COOKIE_PATH="/")
    with site.app.app_context():
        csrf = site.jwt.verify(site.first.refresh_token, kind="refresh").csrf
    site.exchange("/view", site.first.refresh_token)
    site.clock.advance(GRACE)
    site.client.set_cookie("__Host-refresh_token", str(site.first.refresh_token))

    assert site.client.post("/view").status_code == 403
    assert site.reused == []
    site.client.post("/view", headers={"X-CSRF-TOKEN": str(csrf)})
    assert len(site.reused) == 1


@pytest.mark.parametrize("later", [0, GRACE])
def test_a_logout_by_a_used_token_ends_the_session(site: Site, later: int) -> None:
    """Whoever holds an old refresh token wants its session to end, and would think that it did."""
    site.exchange("/view", site.first.refresh_token)
    site.clock.advance(later)

    answer = site.client.post("/logout", headers=bearer(site.first.refresh_token))
    assert answer.status_code == 204
    assert not site.is_open(site.first.access_token)


def test_a_store_that_is_down_meanwhile_is_503(site: Site, monkeypatch: Any) -> None:
    """REF-2: the session could not be ended, and nobody is told that it was."""

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise StoreUnavailableError

    old = used_up(site)
    monkeypatch.setattr(site.app.extensions["jwtpolicy"].parts.store, "present", fail)

    assert site.exchange("/view", old).status_code == 503


def test_an_optional_view_notices_too(site: Site) -> None:
    old = used_up(site)

    assert site.client.get("/optional", headers=bearer(old)).text == "False"
    assert len(site.reused) == 1


def test_whoever_is_overtaken_where_there_is_no_grace_counts_as_a_thief(make_site: Any) -> None:
    """REF-2: the other one was faster between the look-up and the rotation."""
    site = make_site(JWT_REFRESH_GRACE=0)
    encoded, overtake = str(site.first.refresh_token), [True]

    class Claims(ClaimSchema):
        sub = fields.String(attribute="name", required=True)

        @pre_dump
        def be_overtaken(self, user: Any, **_: Any) -> Any:
            if overtake and overtake.pop():
                site.jwt.refresh(encoded)
            return user

    site.jwt.claims_for(SimpleNamespace)(Claims)
    site.jwt.user_loader(lambda token: SimpleNamespace(name=token.subject))
    with site.app.app_context(), pytest.raises(RevokedTokenError, match="reused"):
        site.jwt.refresh(encoded)
    assert len(site.reused) == 1


def test_a_used_token_that_has_expired_here_ends_nothing_at_the_bridge(make_site: Any) -> None:
    """Its bearer could do nothing with it but throw somebody out."""
    site = make_site(JWT_REFRESH_TOKEN_EXPIRES=900)
    pair = site.exchange("/view", site.first.refresh_token).json
    site.clock.advance(899 + GRACE)  # before that by the bridge's clock

    assert site.exchange("/bridge", site.first.refresh_token).status_code == 401
    site.clock.advance(-600)
    assert site.reused == []
    assert site.is_open(pair["access_token"])


def test_a_view_behind_the_bridge_that_used_the_token_up_is_no_thief(make_site: Any) -> None:
    site = make_site(JWT_REFRESH_GRACE=0)

    @site.app.post("/twice")
    @bridge.jwt_required(refresh=True)
    def twice() -> Any:
        pair = site.jwt.refresh(str(site.first.refresh_token))
        with pytest.raises(Exception, match="revoked"):
            bridge.verify_jwt_in_request(refresh=True)
        return pair.as_response()

    answer = site.exchange("/twice", site.first.refresh_token)
    assert (answer.status_code, site.reused) == (200, [])
    assert site.is_open(answer.json["access_token"])
