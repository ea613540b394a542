"""The design items of the survey (D1 to D21), natively."""

from __future__ import annotations

import inspect
import logging
import tomllib
import typing
from datetime import UTC, datetime
from typing import Any

import jwt as pyjwt
import pytest
from flask import Blueprint, Flask
from marshmallow import fields

from jwtpolicy import (
    AccessRequest,
    ClaimSchema,
    Fresh,
    HasRole,
    HasScope,
    JWTManager,
    NumericDate,
    Outcome,
    ProtectedView,
    current_token,
    current_user,
    exceptions,
    policy,
    protect,
)
from jwtpolicy.endpoints import RefreshView
from jwtpolicy.exceptions import AccessDeniedError, AccessError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.signals import logged_in, logged_out, refresh_reused
from tests.support.applications import SECRET
from tests.support.forgeries import CLAIMS, signed
from tests.support.paths import ROOT
from tests.support.requests import bearer


def test_blueprints_and_views_differ_in_all_that_they_demand(
    app: Flask, jwt: JWTManager[Any], access: Any
) -> None:
    """D1: policies hang where they count, instead of one callback for all."""
    office, shop = Blueprint("office", __name__), Blueprint("shop", __name__)
    jwt.protect_blueprint(office, HasRole("clerk"))
    office.get("/office")(protect(Fresh())(lambda: "office"))
    shop.get("/shop")(protect(HasScope("buy"))(lambda: "shop"))
    app.register_blueprint(office)
    app.register_blueprint(shop)
    client, clerk = app.test_client(), access(claims={"roles": ["clerk"]}, fresh=True)

    assert client.get("/office", headers=clerk).status_code == 200
    assert client.get("/shop", headers=clerk).status_code == 403
    assert client.get("/shop", headers=access(scope="buy")).status_code == 200


def test_each_application_of_a_manager_has_its_own_profile(clock: Any) -> None:
    """D2: partners and users apart, each with an issuer, an audience and a key of its own."""
    manager: JWTManager[Any] = JWTManager(clock=clock)
    sites: dict[str, Flask] = {}
    for name in ("partners", "users"):
        sites[name] = Flask(name)
        settings = {"ENCODE_ISSUER": name, "ENCODE_AUDIENCE": name, "SECRET_KEY": SECRET}
        sites[name].config.update({f"JWT_{key}": value for key, value in settings.items()})
        sites[name].testing = True
        manager.init_app(sites[name])
        sites[name].add_url_rule("/", "view", protect()(lambda: str(current_token.audience)))
    with sites["users"].app_context():
        headers = bearer(manager.issue("u1"))

    assert sites["users"].test_client().get("/", headers=headers).text == "('users',)"
    assert sites["partners"].test_client().get("/", headers=headers).status_code == 401


def test_several_keys_are_told_apart_by_their_names(make_app: Any) -> None:
    """D3: one signs, the others verify until they are retired."""
    old, new = Key(SECRET, "HS256", "old"), Key(SECRET[::-1], "HS256", "new")
    before, old_jwt = make_app(manager={"keys": KeyRing(old)})
    after, jwt = make_app(manager={"keys": KeyRing(new, [old])})
    retired, last_jwt = make_app(manager={"keys": KeyRing(new)})
    with before.app_context():
        token = old_jwt.issue("u1")

    with after.app_context():
        assert jwt.verify(token).key_id == "old"
        assert jwt.verify(jwt.issue("u1")).key_id == "new"
    with retired.app_context(), pytest.raises(exceptions.InvalidTokenError):
        last_jwt.verify(token)


def test_who_may_do_what_is_an_object(app: Flask, access: Any) -> None:
    """D4: it has a name, is written once, combines and prints as it was written."""
    staff = HasRole("clerk") | HasRole("admin")
    app.add_url_rule("/", "view", protect(staff & ~HasScope("guest"))(lambda: "in"))
    client = app.test_client()

    assert client.get("/", headers=access(claims={"roles": ["clerk"]})).status_code == 200
    assert client.get("/", headers=access(claims={"roles": []})).status_code == 403
    assert client.get("/", headers=access()).status_code == 403
    assert repr(staff) == "HasRole('clerk') | HasRole('admin')"


STATUSES = {
    "/token": (401, "token_required"),
    "/forged": (401, "invalid_token"),
    "/malformed": (400, "invalid_request"),
    "/stale": (401, "insufficient_user_authentication"),
    "/scope": (403, "insufficient_scope"),
    "/role": (403, "access_denied"),
}


@pytest.mark.parametrize("path", STATUSES)
def test_who_you_are_and_what_you_may_are_answered_apart(
    app: Flask, access: Any, path: str
) -> None:
    """D5, D6, D7, HTTP-1: by status, code and challenge; 422 is never an answer."""
    rules = {"/stale": Fresh(), "/scope": HasScope("a"), "/role": HasRole("a")}
    level = [rules[path]] if path in rules else []
    app.add_url_rule(path, "view", protect(*level)(lambda: "in"))
    sent = {"/token": {}, "/forged": bearer("a.b.c"), "/malformed": bearer("a b")}
    headers = sent.get(path) or ({} if path == "/token" else access(claims={"roles": []}))
    answer = app.test_client().get(path, headers=headers)

    assert (answer.status_code, answer.json["error"]) == STATUSES[path]
    assert ("WWW-Authenticate" in answer.headers) is (path != "/role")


def test_a_handler_gets_the_error_with_everything_that_is_known(app: Flask, access: Any) -> None:
    """D7: its class, code, parameters and decision, not a sentence."""
    app.add_url_rule("/", "view", protect(Fresh(within=60))(lambda: "in"))
    seen: list[AccessError] = []

    @app.errorhandler(AccessError)
    def answer(error: AccessError) -> Any:
        seen.append(error)
        return {"code": error.error}, error.code, error.headers

    app.test_client().get("/", headers=access())
    assert type(seen[0]) is exceptions.StepUpRequiredError
    assert seen[0].parameters == {"max_age": "60"}
    assert seen[0].decision is not None
    assert seen[0].decision.outcome is Outcome.STEP_UP


def test_a_predicate_says_why(app: Flask, access: Any, caplog: pytest.LogCaptureFixture) -> None:
    """D8: to the log and to handlers; to the client only where they pass it on."""

    @policy
    def open_hours(access: AccessRequest) -> Any:
        return access.deny("closed on Sundays")

    app.add_url_rule("/", "view", protect(open_hours)(lambda: "in"))
    app.register_error_handler(AccessDeniedError, lambda error: (error.reason, error.code))
    with caplog.at_level(logging.INFO, "jwtpolicy"):
        answer = app.test_client().get("/", headers=access())

    assert (answer.text, answer.status_code) == ("closed on Sundays", 403)
    assert "closed on Sundays" in caplog.text


def test_a_refresh_token_works_once_and_its_reuse_ends_the_session(
    app: Flask, jwt: JWTManager[Any], clock: Any
) -> None:
    """D10, REF-1, REF-2: and sessions can be listed."""
    with app.app_context():
        pair = jwt.login("u1", label="phone")
        successor = jwt.refresh(str(pair.refresh_token))
        assert [session.label for session in jwt.sessions("u1")] == ["phone"]
        clock.advance(60)
        with pytest.raises(exceptions.RevokedTokenError):
            jwt.refresh(str(pair.refresh_token))

        assert jwt.sessions("u1") == []
        with pytest.raises(exceptions.RevokedTokenError):
            jwt.refresh(str(successor.refresh_token))


@pytest.mark.parametrize("verb", ["revoke", "revoke_session", "revoke_subject"])
def test_the_server_can_withdraw_what_it_gave(app: Flask, jwt: JWTManager[Any], verb: str) -> None:
    """D11: one token, a session, or all of a subject."""
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    client = app.test_client()
    with app.app_context():
        pair = jwt.login("u1")
        about = {"revoke": pair.access_token, "revoke_session": pair.session_id}
        assert client.get("/", headers=bearer(pair.access_token)).status_code == 200
        getattr(jwt, verb)(about.get(verb, "u1"))

    assert client.get("/", headers=bearer(pair.access_token)).status_code == 401


def test_an_endpoint_says_how_recent_the_login_has_to_be(
    app: Flask, jwt: JWTManager[Any], clock: Any
) -> None:
    """D12: whatever was decided at the login, and after a refresh too."""
    for path, rule in {"/bank": Fresh(within=60), "/post": Fresh(within=3600)}.items():
        app.add_url_rule(path, path, protect(rule)(lambda: "in"))
    app.add_url_rule("/gold", "gold", protect(Fresh(acr="gold"))(lambda: "in"))
    with app.app_context():
        pair = jwt.login("u1", acr="gold")
        clock.advance(600)
        headers = bearer(jwt.refresh(str(pair.refresh_token)).access_token)
    client = app.test_client()

    found = [client.get(path, headers=headers).status_code for path in ("/bank", "/post", "/gold")]
    assert found == [401, 200, 200]
    assert 'max_age="60"' in client.get("/bank", headers=headers).headers["WWW-Authenticate"]


def test_a_class_has_policies_by_method_and_hands_them_on(app: Flask, access: Any) -> None:
    """D13: subclasses only ever add to them."""

    class Base(ProtectedView):
        policies = HasScope("read")
        method_policies: Any = {"DELETE": HasRole("admin")}  # noqa: RUF012 # as users write it

        def get(self) -> str:
            return "in"

    class Account(Base):
        def delete(self) -> str:
            return "gone"

    app.add_url_rule("/", view_func=Account.as_view("view"))
    client, headers = app.test_client(), access(scope="read", claims={"roles": []})
    assert client.get("/", headers=headers).status_code == 200
    assert client.delete("/", headers=headers).status_code == 403
    admin = access(scope="read", claims={"roles": ["admin"]})
    assert client.delete("/", headers=admin).text == "gone"


def test_types_survive_guards_and_name_the_user() -> None:
    """D14: mypy checks the file that says so; here is what it builds on."""

    @protect(HasRole("admin"))
    def view(number: int) -> str:
        return str(number)

    checked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    usage = (ROOT / "tests/typing/usage.py").read_text(encoding="utf-8")
    assert "tests/typing" in checked["files"]
    assert "assert_type(jwt.current_user, User)" in usage
    assert typing.get_type_hints(view) == {"number": int, "return": str}
    assert list(inspect.signature(view).parameters) == ["number"]


class Member:
    """Somebody who joined at some time."""

    def __init__(self, name: str, joined: datetime) -> None:
        self.name, self.joined = name, joined


class MemberClaims(ClaimSchema):
    sub = fields.String(attribute="name", required=True)
    joined = NumericDate(required=True)


def test_claims_have_types_both_ways(app: Flask, jwt: JWTManager[Any], access: Any) -> None:
    """D15: a date comes back as a date."""
    jwt.claims_for(Member)(MemberClaims)
    joined = datetime(2026, 1, 1, tzinfo=UTC)
    app.add_url_rule("/", "view", protect()(lambda: f"{current_user.joined == joined}"))

    assert app.test_client().get("/", headers=access(Member("ada", joined))).text == "True"
    wrong = bearer(signed(claims={**CLAIMS, "joined": "yesterday"}))
    assert app.test_client().get("/", headers=wrong).status_code == 401


class OlderClaims(ClaimSchema):
    class Meta:
        name, version = "MemberClaims", 2

    sub = fields.String(required=True)
    tags = fields.List(fields.String(), required=True)

    def upgrade(self, claims: dict[str, Any], version: int) -> dict[str, Any]:
        return {**claims, "tags": [claims["tag"]]}


def test_claims_have_versions(app: Flask, jwt: JWTManager[Any], access: Any) -> None:
    """D15: tokens of before the schema changed are read by what upgrades them."""
    jwt.claims_for(Member)(OlderClaims)
    app.add_url_rule("/", "view", protect()(lambda: str(current_user.tags)))
    old = access("ada", claims={"tag": "x"})

    assert app.test_client().get("/", headers=old).text == "['x']"


def test_what_happens_is_announced(app: Flask, jwt: JWTManager[Any], clock: Any) -> None:
    """D20: by signals, and in the log with the reason."""
    heard: list[str] = []
    watched = {"in": logged_in, "reused": refresh_reused, "out": logged_out}
    receivers = {
        name: signal.connect(lambda sender, name=name, **rest: heard.append(name), weak=False)
        for name, signal in watched.items()
    }
    app.post("/logout")(protect()(lambda: jwt.logout().as_response()))
    with app.app_context():
        pair = jwt.login("u1")
        jwt.refresh(str(pair.refresh_token))
        clock.advance(60)
        with pytest.raises(exceptions.RevokedTokenError):
            jwt.refresh(str(pair.refresh_token))
        headers = bearer(jwt.login("u1").access_token)
    app.test_client().post("/logout", headers=headers)

    assert heard == ["in", "reused", "in", "out"]
    for name, receiver in receivers.items():
        watched[name].disconnect(receiver)


def test_nobody_has_to_know_the_library_below() -> None:
    """D21: no class of PyJWT is part of what users catch, or are given."""
    classes = [value for value in vars(exceptions).values() if isinstance(value, type)]
    assert not any(issubclass(cls, pyjwt.PyJWTError) for cls in classes)

    error = exceptions.InvalidTokenError("x")
    assert not isinstance(error, pyjwt.PyJWTError)
    assert issubclass(exceptions.ExpiredTokenError, exceptions.InvalidTokenError)


def test_a_refresh_view_is_there_to_be_used(app: Flask, jwt: JWTManager[Any]) -> None:
    """D10: the endpoint that every application needs."""
    app.add_url_rule("/refresh", view_func=RefreshView.as_view("refresh"))
    with app.app_context():
        headers = bearer(str(jwt.login("u1").refresh_token))
    answer = app.test_client().post("/refresh", headers=headers)

    assert set(answer.json) >= {"access_token", "refresh_token", "token_type"}
