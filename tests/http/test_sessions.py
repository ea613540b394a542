"""Logins, refreshing, logging out, revoking."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jwtpolicy import (
    ANY,
    NEVER,
    Fresh,
    HasScope,
    JWTManager,
    SingleUse,
    TokenKind,
    current_token,
    protect,
)
from jwtpolicy.endpoints import RefreshView
from jwtpolicy.exceptions import (
    AccessError,
    ConfigurationError,
    ExpiredTokenError,
    InvalidTokenError,
    IssueError,
    NoTokenError,
    RevokedTokenError,
    SetupError,
    StoreNotConfiguredError,
    WrongKindError,
)
from jwtpolicy.signals import refresh_reused
from jwtpolicy.stores import SQLiteStore
from jwtpolicy.tokens.signer import TokenRequest
from tests.support.requests import bearer

DAY = 86_400


@pytest.fixture
def site(app: Flask, jwt: JWTManager[Any]) -> FlaskClient:
    """Return a client of an application with a login, a refresh, a logout and guarded views."""
    mount(app, jwt)
    return app.test_client()


def mount(app: Any, jwt: Any) -> None:
    @app.post("/login")
    def login() -> Any:
        return jwt.login("u1", scope="a").as_response()

    @app.post("/logout")
    @protect()
    def logout() -> Any:
        return jwt.logout().as_response()

    @app.post("/step-up")
    @protect()
    def step_up() -> Any:
        return jwt.step_up("u1", acr="gold").as_response()

    @app.get("/me")
    @protect()
    def me() -> str:
        return current_token.subject

    @app.get("/fresh")
    @protect(Fresh(within=300))
    def fresh() -> str:
        return current_token.subject

    @app.get("/gold")
    @protect(Fresh(acr="gold"))
    def gold() -> str:
        return current_token.subject

    app.add_url_rule("/refresh", view_func=RefreshView.as_view("refresh"))


def test_a_login_answers_as_the_standard_says(site: Any) -> None:
    """HTTP-9, RFC 6749 section 5.1."""
    answer = site.post("/login")

    assert answer.headers["Cache-Control"] == "no-store"
    assert sorted(answer.json) == [
        "access_token",
        "expires_in",
        "refresh_token",
        "scope",
        "token_type",
    ]
    assert site.get("/me", headers=bearer(answer.json["access_token"])).text == "u1"


def test_refreshing_gives_a_pair_that_works_and_is_not_fresh(site: Any, clock: Any) -> None:
    """REF-5: never fresh, never wider."""
    first = site.post("/login").json
    clock.advance(301)

    second = site.post("/refresh", headers=bearer(first["refresh_token"])).json

    headers = bearer(second["access_token"])
    assert second["scope"] == "a"
    assert site.get("/me", headers=headers).status_code == 200
    assert site.get("/fresh", headers=headers).status_code == 401


def test_a_refresh_token_used_twice_ends_its_session_alone(site: Any, app: Any, clock: Any) -> None:
    """REF-1, REF-2."""
    reused: list[str] = []

    def record(sender: Any, token: Any) -> None:
        reused.append(token.subject)

    first, other = site.post("/login").json, site.post("/login").json
    with refresh_reused.connected_to(record):
        second = site.post("/refresh", headers=bearer(first["refresh_token"])).json
        clock.advance(10)
        again = site.post("/refresh", headers=bearer(first["refresh_token"]))

    assert again.json["error_description"] == "The token has been revoked."
    assert reused == ["u1"]
    assert site.get("/me", headers=bearer(second["access_token"])).status_code == 401
    assert site.get("/me", headers=bearer(other["access_token"])).status_code == 200


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda pair: pair["access_token"], id="of the wrong kind"),
        pytest.param(lambda pair: pair["refresh_token"][:-4] + "AAAA", id="forged"),
    ],
)
def test_only_a_verified_refresh_token_burns_anything(site: Any, spoil: Any) -> None:
    """REF-3."""
    pair = site.post("/login").json

    assert site.post("/refresh", headers=bearer(spoil(pair))).status_code == 401

    assert site.post("/refresh", headers=bearer(pair["refresh_token"])).status_code == 200


def test_an_expired_refresh_token_burns_nothing(site: Any, clock: Any) -> None:
    """REF-3: though it was used before, which would be a reuse."""
    used = site.post("/login").json["refresh_token"]
    clock.advance(20 * 86_400)
    newer = site.post("/refresh", headers=bearer(used)).json["refresh_token"]
    clock.advance(11 * 86_400)

    answer = site.post("/refresh", headers=bearer(used))

    assert answer.json["error_description"] == "The token has expired."
    assert site.post("/refresh", headers=bearer(newer)).status_code == 200


def test_a_logout_kills_both_tokens_for_good(site: Any) -> None:
    pair = site.post("/login").json
    headers = bearer(pair["access_token"])
    assert site.get("/me", headers=headers).status_code == 200

    assert site.post("/logout", headers=headers).status_code == 204

    assert site.get("/me", headers=headers).status_code == 401
    assert site.post("/refresh", headers=bearer(pair["refresh_token"])).status_code == 401


def test_a_session_ends_however_often_it_is_refreshed(make_app: Any, clock: Any) -> None:
    """REF-5, REF-6: the absolute lifetime."""
    app, jwt = make_app(session_absolute=100, access_token_expires=60)
    mount(app, jwt)
    site = app.test_client()
    first = site.post("/login").json
    clock.advance(90)

    second = site.post("/refresh", headers=bearer(first["refresh_token"])).json

    assert second["expires_in"] == 10
    clock.advance(10)
    assert site.post("/refresh", headers=bearer(second["refresh_token"])).status_code == 401


@pytest.mark.parametrize(("idle", "seconds"), [(100, 100), (1000, 900), (None, 900)])
def test_no_access_token_outlives_the_idle_time_of_its_session(
    make_app: Any, idle: int | None, seconds: int
) -> None:
    """REV-1: what has idled away need not be remembered, and then nobody could end it."""
    app, jwt = make_app(session_idle=idle, access_token_expires=900)
    with app.app_context():
        pair = jwt.login("u1")
        issued = jwt.issue("u1", session=pair, expires_in=900)
        refreshed = jwt.refresh(pair.refresh_token)
        renewed = jwt.renewed(jwt.verify(refreshed.access_token))
        tokens = map(jwt.verify, (pair.access_token, issued, refreshed.access_token, renewed))
        lifetimes = {token.claims["exp"] - token.claims["iat"] for token in tokens}

    assert lifetimes == {seconds}
    assert pair.expires_in == refreshed.expires_in == seconds


@pytest.mark.parametrize(
    ("settings", "days"),
    [
        pytest.param({}, 30, id="refresh token"),
        pytest.param({"decode_leeway": 300}, 30, id="leeway"),
        pytest.param({"access_token_expires": 40 * DAY}, 40, id="access token"),
        pytest.param({"session_idle": DAY}, 1, id="idle"),
        pytest.param({"access_token_expires": NEVER}, 90, id="endless access token"),
        pytest.param({"refresh_token_expires": NEVER}, 90, id="endless refresh token"),
    ],
)
def test_a_session_is_listed_until_nobody_can_go_on_with_it(
    make_app: Any, clock: Any, settings: dict[str, int], days: int
) -> None:
    app, jwt = make_app(**settings)
    left = settings.get("decode_leeway", 0)
    with app.app_context():
        jwt.login("u1")
        [listed] = jwt.sessions("u1")
        clock.advance(days * DAY + left - 1)
        before = jwt.sessions("u1")
        clock.advance(1)

        assert (before, jwt.sessions("u1")) == ([listed], [])
    assert (listed.expires_at - listed.created_at).total_seconds() == days * DAY + left


def test_a_refresh_token_of_a_lifetime_of_its_own_keeps_its_session(
    make_app: Any, clock: Any
) -> None:
    app, jwt = make_app()
    with app.app_context():
        pair = jwt.login("u1")
        long = jwt.issue("u1", "refresh", expires_in=60 * DAY, session=pair)
        jwt.renewed(jwt.verify(pair.access_token))  # as sliding cookies do
        clock.advance(60 * DAY - 1)

        assert len(jwt.sessions("u1")) == 1
        assert jwt.refresh(long).session_id == pair.session_id


def test_an_idle_session_ends(make_app: Any, clock: Any) -> None:
    """REF-6."""
    app, jwt = make_app(session_idle=100)
    mount(app, jwt)
    site = app.test_client()
    first = site.post("/login").json
    clock.advance(99)
    second = site.post("/refresh", headers=bearer(first["refresh_token"])).json
    clock.advance(100)

    assert site.post("/refresh", headers=bearer(second["refresh_token"])).status_code == 401


def test_stepping_up_makes_the_session_fresh_and_replaces_its_refresh_token(
    site: Any, clock: Any
) -> None:
    """STEP-1."""
    pair = site.post("/login").json
    clock.advance(301)
    refused = site.get("/fresh", headers=bearer(pair["access_token"]))
    assert 'max_age="300"' in refused.headers["WWW-Authenticate"]

    stepped = site.post("/step-up", headers=bearer(pair["access_token"])).json

    assert site.get("/fresh", headers=bearer(stepped["access_token"])).status_code == 200
    assert site.get("/gold", headers=bearer(stepped["access_token"])).status_code == 200
    assert site.post("/refresh", headers=bearer(pair["refresh_token"])).status_code == 401


def test_a_stepped_up_refresh_token_carries_the_session_on(site: Any) -> None:
    pair = site.post("/login").json
    stepped = site.post("/step-up", headers=bearer(pair["access_token"])).json

    assert site.post("/refresh", headers=bearer(stepped["refresh_token"])).status_code == 200


def test_a_remembered_login_is_not_fresh(app: Any, jwt: Any, site: Any) -> None:
    with app.app_context():
        remembered = jwt.login("u1", fresh=False)
        authenticated = jwt.login("u1")

    assert site.get("/fresh", headers=bearer(remembered.access_token)).status_code == 401
    assert site.get("/fresh", headers=bearer(authenticated.access_token)).status_code == 200


def test_stepping_up_as_somebody_else_is_an_error(app: Any, jwt: Any, site: Any) -> None:
    @app.post("/switch")
    @protect()
    def switch() -> Any:
        return jwt.step_up("u2").as_response()

    pair = site.post("/login").json

    with pytest.raises(IssueError, match="current user"):
        site.post("/switch", headers=bearer(pair["access_token"]))


def test_stepping_up_outside_of_a_session_is_an_error(site: Any, access: Any) -> None:
    with pytest.raises(IssueError, match="no session"):
        site.post("/step-up", headers=access())


def test_so_it_is_where_there_are_no_sessions(make_app: Any) -> None:
    app, jwt = make_app({"baseline": None}, store_url="none")
    app.add_url_rule("/", "view", protect()(lambda: jwt.step_up("u1").as_response()))
    with app.app_context():
        pair = jwt.login("u1")

    with pytest.raises(IssueError, match="no session"):
        app.test_client().get("/", headers=bearer(pair.access_token))


def test_a_password_reset_token_works_once_and_nowhere_else(
    app: Any, jwt: Any, site: Any, access: Any
) -> None:
    """CLAIM-6, S1."""

    @app.post("/reset")
    @protect(TokenKind("password_reset") & SingleUse())
    def reset() -> str:
        return current_token.subject

    headers = access(kind="password_reset", expires_in=600)

    assert site.get("/me", headers=headers).status_code == 401
    assert site.post("/reset", headers=headers).text == "u1"
    assert site.post("/reset", headers=headers).status_code == 401
    assert site.post("/reset", headers=access()).status_code == 401


def test_a_single_use_token_is_kept_where_the_request_gets_in_without(
    app: Any, jwt: Any, site: Any, access: Any
) -> None:
    @app.get("/either")
    @protect(HasScope("a") | SingleUse())
    def either() -> str:
        return "in"

    wide, narrow = access(scope="a"), access()
    assert [site.get("/either", headers=wide).status_code for _ in range(2)] == [200, 200]
    assert [site.get("/either", headers=narrow).status_code for _ in range(2)] == [200, 401]


def test_a_view_can_use_the_token_up_itself(app: Any, jwt: Any, site: Any, access: Any) -> None:
    @app.post("/vote")
    @protect(SingleUse(consume=False))
    def vote() -> str:
        jwt.consume()
        return "counted"

    headers = access()
    assert site.post("/vote", headers=headers).text == "counted"
    assert site.post("/vote", headers=headers).status_code == 401


def test_using_a_token_up_twice_in_a_view_is_refused(
    app: Any, jwt: Any, site: Any, access: Any
) -> None:
    @app.post("/vote")
    @protect()
    def vote() -> str:
        jwt.consume()
        jwt.consume()
        return "counted"

    assert site.post("/vote", headers=access()).status_code == 401


@pytest.mark.parametrize(
    "revoke",
    [
        pytest.param(lambda jwt, pair: jwt.revoke(pair.access_token), id="the token"),
        pytest.param(lambda jwt, pair: jwt.revoke(pair.refresh_token), id="its refresh token"),
        pytest.param(lambda jwt, pair: jwt.revoke_session(pair.session_id), id="the session"),
        pytest.param(lambda jwt, pair: jwt.revoke_subject("u1"), id="the subject"),
    ],
)
def test_revoking_is_seen_by_the_next_request(app: Any, jwt: Any, site: Any, revoke: Any) -> None:
    """REV-1."""
    with app.app_context():
        pair, other = jwt.login("u1"), jwt.login("u2")
        revoke(jwt, pair)

    assert site.get("/me", headers=bearer(pair.access_token)).status_code == 401
    assert site.get("/me", headers=bearer(other.access_token)).status_code == 200


@pytest.mark.parametrize("act", ["login", "issue"])
def test_an_outage_that_a_verb_meets_is_logged(
    make_app: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, act: str
) -> None:
    """REV-1: the client learns that it was no fault of its own, the log learns what it was."""
    (tmp_path / "no").mkdir()
    app, jwt = make_app({"store": SQLiteStore(tmp_path / "no")})
    mount(app, jwt)
    app.add_url_rule("/issue", view_func=lambda: jwt.issue("u1", session="s"), methods=["POST"])

    assert app.test_client().post(f"/{act}").status_code == 503
    assert "503 temporarily_unavailable: " in caplog.text
    assert "unable to open database" in caplog.text


def test_what_was_revoked_stays_so_however_long_it_lives(
    app: Any, jwt: Any, site: Any, clock: Any
) -> None:
    """REV-1: the token outlives every configured lifetime."""
    with app.app_context():
        token = jwt.issue("u1", expires_in=365 * 86_400)
        other = jwt.issue("u2", expires_in=365 * 86_400)
        jwt.revoke_subject("u1")
        clock.now += 200 * 86_400
        app.extensions["jwtpolicy"].parts.store.prune(now=int(clock.now))

    assert site.get("/me", headers=bearer(token)).status_code == 401
    assert site.get("/me", headers=bearer(other)).status_code == 200


@pytest.mark.parametrize(("kind", "days"), [("access", 30), ("refresh", 90), ("reset", 30)])
def test_a_token_never_outlives_its_session(app: Any, jwt: Any, kind: str, days: int) -> None:
    """REV-1: what ended a session is known for as long as the session could have lived."""
    with app.app_context():
        session_id = jwt.login("u1").session_id
        long = jwt.issue("u1", kind, expires_in=365 * 86_400, session=session_id)
        short = jwt.issue("u1", kind, expires_in=60, session=session_id)
        tokens = [jwt.verify(encoded, kind=kind) for encoded in (long, short)]

    assert [t.claims["exp"] - t.claims["iat"] for t in tokens] == [days * 86_400, 60]


def test_without_a_store_a_token_lives_as_long_as_it_says(make_app: Any) -> None:
    app, jwt = make_app({"baseline": None}, store_url="none")
    with app.app_context():
        token = jwt.verify(jwt.issue("u1", expires_in=60, session="elsewhere"))

    assert token.session_id == "elsewhere"
    assert token.claims["exp"] - token.claims["iat"] == 60


@pytest.mark.parametrize("user", ["u2", "u1"])
def test_a_token_is_issued_for_an_open_session_of_its_user_alone(
    app: Any, jwt: Any, user: str
) -> None:
    with app.app_context():
        session_id = jwt.login("u1").session_id
        if user == "u1":
            jwt.revoke_session(session_id)

        with pytest.raises(IssueError, match="an open session of the user"):
            jwt.issue(user, session=session_id)


def test_a_revoked_refresh_token_is_not_exchanged(app: Any, jwt: Any, clock: Any) -> None:
    with app.app_context():
        pair = jwt.login("u1")
        token = jwt.verify(pair.refresh_token, kind="refresh")
        jwt.revoke_subject("u1")

        with pytest.raises(RevokedTokenError):
            jwt.refresh(token)


def test_revoking_inside_a_request_is_seen_there(app: Any, jwt: Any, site: Any) -> None:
    from jwtpolicy import NotRevoked

    @app.post("/all-out")
    @protect()
    def all_out() -> str:
        jwt.revoke_session(current_token.session_id)
        jwt.enforce(NotRevoked())
        return "still in"

    pair = site.post("/login").json
    assert site.post("/all-out", headers=bearer(pair["access_token"])).status_code == 401


def test_the_open_sessions_of_a_user_can_be_listed(app: Any, jwt: Any) -> None:
    with app.app_context():
        jwt.login("u1", label="phone")
        ended = jwt.login("u1", label="laptop")
        jwt.revoke_session(ended.session_id)

        assert [session.label for session in jwt.sessions("u1")] == ["phone"]


def test_a_refresh_token_can_be_issued_into_a_session(app: Any, jwt: Any) -> None:
    with app.app_context():
        pair = jwt.login("u1")
        issued = jwt.issue("u1", "refresh", session=pair.session_id)

        assert jwt.refresh(issued).session_id == pair.session_id


def test_a_refresh_token_without_a_session_opens_one_once(app: Any, jwt: Any, clock: Any) -> None:
    with app.app_context():
        signer = app.extensions["jwtpolicy"].parts.signer
        orphan = signer.sign(TokenRequest("refresh", "u1", int(clock()), 60)).encoded

        first = jwt.refresh(orphan)
        assert first.session_id
        assert jwt.refresh(orphan) == first
        clock.advance(10)
        with pytest.raises(RevokedTokenError):
            jwt.refresh(orphan)
        with pytest.raises(RevokedTokenError):
            jwt.refresh(first.refresh_token)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param({"kind": "reset"}, "JWT_RESET_TOKEN_EXPIRES", id="no lifetime"),
        pytest.param({"kind": "refresh"}, "session=", id="a refresh token without session"),
        pytest.param({"kind": "refresh", "session": "x"}, "open session", id="no such session"),
        pytest.param({"kind": "x", "expires_in": 9, "fresh": True}, "fresh", id="fresh elsewhere"),
        pytest.param({"expires_in": 0}, "at least one second", id="zero"),
        pytest.param({"expires_in": True}, "at least one second", id="a flag"),
        pytest.param({"expires_in": float("nan")}, "at least one second", id="not a number"),
        pytest.param({"expires_in": NEVER}, "JWT_REQUIRE_EXP", id="never, but demanded"),
        pytest.param({"claims": {"type": "x"}}, "type", id="a reserved claim"),
        pytest.param({"claims": {"sub": "x"}}, "sub", id="the subject"),
        pytest.param({"claims": {"x": {1}}}, "claims.x: set", id="not JSON"),
        pytest.param({"headers": {"alg": "none"}}, "alg", id="a reserved header"),
    ],
)
def test_what_cannot_be_issued_says_why(app: Any, jwt: Any, arguments: Any, why: str) -> None:
    """CLAIM-10, S2."""
    with app.app_context(), pytest.raises(IssueError, match=why):
        jwt.issue("u1", **arguments)


def test_a_token_for_ever_is_spelt_out(make_app: Any) -> None:
    app, jwt = make_app(require_exp=False, access_token_expires=NEVER)
    with app.app_context():
        pair = jwt.login("u1")

        assert pair.expires_in is not None
        assert jwt.verify(jwt.issue("u1", expires_in=NEVER)).expires_at is None


def test_a_token_for_ever_is_not_issued_where_it_would_be_refused(make_app: Any) -> None:
    """CLAIM-1: a session gives its tokens an end, but this one has no session."""
    app, jwt = make_app(access_token_expires=NEVER)
    with app.app_context():
        assert jwt.verify(jwt.login("u1").access_token).expires_at is not None

        with pytest.raises(IssueError, match="JWT_REQUIRE_EXP"):
            jwt.issue("u1")


def test_verifying_asks_for_the_kind(app: Any, jwt: Any, clock: Any) -> None:
    with app.app_context():
        encoded = jwt.issue("u1", "reset", expires_in=60)
        with pytest.raises(WrongKindError):
            jwt.verify(encoded)

        assert jwt.verify(encoded, kind="reset") == jwt.verify(encoded, kind=ANY)
        clock.advance(60)
        with pytest.raises(ExpiredTokenError):
            jwt.verify(encoded, kind="reset")
        assert jwt.verify(encoded, kind="reset", allow_expired=True).subject == "u1"


def test_an_error_of_a_verb_names_the_realm(make_app: Any) -> None:
    app, jwt = make_app(realm="shop")
    with app.app_context(), pytest.raises(InvalidTokenError) as caught:
        jwt.verify("rubbish")

    assert caught.value.challenge.startswith('Bearer realm="shop"')


def test_refreshing_a_verified_token_of_another_kind_is_refused(app: Any, jwt: Any) -> None:
    with app.app_context():
        token = jwt.verify(jwt.issue("u1"))

        with pytest.raises(WrongKindError):
            jwt.refresh(token)


def test_verbs_about_the_current_token_need_one(app: Any, jwt: Any) -> None:
    with app.test_request_context("/"):
        for verb in (jwt.consume, lambda: jwt.step_up("u1"), lambda: jwt.current_user):
            with pytest.raises(NoTokenError):
                verb()

        assert jwt.logout().session_id is None


def test_a_logout_of_a_token_without_a_session_revokes_it(site: Any, access: Any) -> None:
    headers = access()
    assert site.post("/logout", headers=headers).status_code == 204

    assert site.get("/me", headers=headers).status_code == 401


def test_without_a_store_refreshing_keeps_the_refresh_token(make_app: Any) -> None:
    app, jwt = make_app(manager={"baseline": None}, store_url="none")
    mount(app, jwt)
    site = app.test_client()
    pair = site.post("/login").json

    with app.app_context():
        again = jwt.refresh(pair["refresh_token"])

    assert again.refresh_token == pair["refresh_token"]
    assert site.get("/me", headers=bearer(again.access_token)).status_code == 200


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(lambda jwt, token: jwt.revoke(token), id="revoke"),
        pytest.param(lambda jwt, token: jwt.revoke_session("s"), id="revoke_session"),
        pytest.param(lambda jwt, token: jwt.revoke_subject("s"), id="revoke_subject"),
        pytest.param(lambda jwt, token: jwt.sessions("s"), id="sessions"),
    ],
)
def test_without_a_store_nothing_can_be_revoked(make_app: Any, verb: Any) -> None:
    app, jwt = make_app(manager={"baseline": None}, store_url="none")
    with app.app_context(), pytest.raises(StoreNotConfiguredError):
        verb(jwt, jwt.issue("u1"))


def test_without_a_store_a_policy_that_needs_one_is_a_mistake(make_app: Any) -> None:
    with pytest.raises(ConfigurationError, match="baseline=None"):
        make_app(store_url="none")

    app, _ = make_app(manager={"baseline": None}, store_url="none")

    @app.get("/")
    @protect(SingleUse())
    def view() -> str:
        return "in"

    with pytest.raises(SetupError):
        app.test_client().get("/")


def test_a_store_that_is_down_refuses_everybody(make_app: Any, tmp_path: Path) -> None:
    """REV-1: closed, with 503, and the view does not run."""
    path = tmp_path / "tokens.sqlite3"
    app, jwt = make_app(manager={"store": SQLiteStore(path, timeout=0.05)})
    ran: list[str] = []

    @app.get("/")
    @protect()
    def view() -> str:
        ran.append("view")
        return "in"

    site = app.test_client()
    with app.app_context():
        headers = bearer(jwt.login("u1").access_token)
    assert site.get("/", headers=headers).status_code == 200
    app.extensions["jwtpolicy"].parts.store.close()
    path.write_bytes(b"this is not a database" * 1000)
    answer = site.get("/", headers=headers)

    assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert ran == ["view"]


def test_a_login_that_cannot_be_remembered_fails(make_app: Any, tmp_path: Path) -> None:
    path = tmp_path / "tokens.sqlite3"
    app, jwt = make_app(manager={"store": SQLiteStore(path, timeout=0.05)})
    mount(app, jwt)
    site = app.test_client()
    assert site.post("/login").status_code == 200

    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert site.post("/login").status_code == 503


def test_integer_and_uuid_users_need_no_schema(app: Any, jwt: Any) -> None:
    user = uuid.uuid4()
    with app.app_context():
        assert jwt.verify(jwt.issue(7)).subject == "7"
        assert jwt.verify(jwt.issue(user)).subject == str(user)


def test_every_error_of_a_request_is_an_access_error() -> None:
    assert issubclass(RevokedTokenError, AccessError)
    assert not issubclass(SetupError, AccessError)


def test_a_manager_is_for_its_own_applications(app: Any) -> None:
    other: JWTManager[Any] = JWTManager()
    with app.app_context(), pytest.raises(SetupError, match="another JWTManager"):
        other.issue("u1")


def test_a_token_that_opens_its_session_counts_as_a_login(make_app: Any) -> None:
    """K29: it came from Flask-JWT-Extended, and has no session."""
    app, jwt = make_app(session_max=1)
    plain, issuer = make_app({"baseline": None}, store_url="none")
    with plain.app_context():
        foreign = issuer.login("u1").refresh_token
    with app.app_context():
        first = jwt.login("u1")
        adopted = jwt.refresh(foreign)

        assert [one.session_id for one in jwt.sessions("u1")] == [adopted.session_id]
        with pytest.raises(RevokedTokenError):
            jwt.refresh(first.refresh_token)


def test_a_maximum_needs_a_store(make_app: Any) -> None:
    with pytest.raises(ConfigurationError, match="JWT_SESSION_MAX needs a token store"):
        make_app({"baseline": None}, store_url="none", session_max=3)


def test_any_number_of_sessions_can_be_asked_for(app: Any, jwt: Any) -> None:
    with app.app_context():
        jwt.login("u1")

        assert len(jwt.sessions("u1", limit=10**40)) == 1


@pytest.mark.parametrize(
    ("label", "kept"),
    [
        pytest.param("Firefox on Linux", "Firefox on Linux", id="as it is"),
        pytest.param(
            "\U0001f469\u200d\U0001f4bb é \u0645",
            "\U0001f469\u200d\U0001f4bb é \u0645",
            id="joined",
        ),
        pytest.param("a\0b\x1bc\nd\x85e\x7f", "a?b?c?d?e?", id="control characters"),
        pytest.param("x\ud83d", "x?", id="half of a character"),
        pytest.param("a\u2028b\u202ec\u2066d", "a?b?c?d", id="lines and directions"),
        pytest.param("x" * 81, "x" * 80, id="long"),
        pytest.param("", "", id="empty"),
        pytest.param(None, None, id="none"),
    ],
)
def test_a_label_is_cleaned_and_cut(make_app: Any, tmp_path: Path, label: Any, kept: Any) -> None:
    """K24: it may come from the client, and is shown in lists and written to logs."""
    app, jwt = make_app(store_url=f"sqlite:///{tmp_path / 's.sqlite3'}")
    with app.app_context():
        jwt.login("u1", label=label)

        assert [session.label for session in jwt.sessions("u1")] == [kept]
