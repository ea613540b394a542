"""Users of one type who try to be, or to see, those of another (RFC 7519, section 4.1.2)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import fields

from jwtpolicy import (
    ClaimSchema,
    IsSubject,
    JWTManager,
    Owns,
    Refresh,
    current_token,
    protect,
)
from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.endpoints import auth_blueprint
from jwtpolicy.exceptions import ForeignSubjectError, PolicyDefinitionError
from tests.support.applications import SECRET, AppAndManager, MakeApp
from tests.support.forgeries import CLAIMS, signed
from tests.support.requests import bearer

CLIENT = ("gateway", secrets.token_urlsafe(32))


@dataclass
class User:
    """Somebody who may choose a name."""

    name: str


@dataclass
class Machine:
    """Something with a number."""

    number: int


class UserClaims(ClaimSchema):
    sub = fields.String(attribute="name", required=True)


class MachineClaims(ClaimSchema):
    sub = fields.String(attribute="number", required=True)

    class Meta:
        subject_prefix = "machine:"


#: Whoever can log in, by what is sent as the name.
PEOPLE: dict[str, Any] = {
    "1": User("1"),
    "machine:1": User("machine:1"),
    "machine 1": Machine(1),
    "text machine:1": "machine:1",
}
NOTES = {
    "user's": SimpleNamespace(owner="1"),
    "machine's": SimpleNamespace(owner=1),
    "spoofed": SimpleNamespace(owner="machine:1"),
}


@pytest.fixture
def app_and_jwt(make_app: MakeApp) -> AppAndManager:
    app, jwt = make_app()
    jwt.claims_for(User)(UserClaims)
    jwt.claims_for(Machine)(MachineClaims)
    listed = ["login", "step_up", "refresh", "logout", "sessions", "revoke", "introspect"]
    by = auth_blueprint(
        lambda credentials: PEOPLE[credentials["username"]],
        endpoints=listed,
        clients=dict([CLIENT]),
    )
    app.register_blueprint(by)
    app.get("/me")(protect()(lambda: repr(current_token.principal)))
    guards = {
        "/users/<x>": protect(IsSubject("x")),
        "/machines/<x>": protect(IsSubject("x", of=Machine)),
        "/notes/<x>": protect(Owns("owner"), resource=lambda x: NOTES[x]),
        "/jobs/<x>": protect(Owns("owner", of=Machine), resource=lambda x: NOTES[x]),
    }
    for rule, guard in guards.items():
        app.get(rule, endpoint=rule)(guard(lambda x: "in"))
    return app, jwt


def log_in(client: Any, name: str) -> Any:
    return client.post("/auth/login", data={"username": name, "password": "x"})


@pytest.fixture
def user(client: FlaskClient) -> dict[str, str]:
    return bearer(log_in(client, "1").json["access_token"])


@pytest.fixture
def machine(client: FlaskClient) -> dict[str, str]:
    return bearer(log_in(client, "machine 1").json["access_token"])


def test_each_is_read_as_what_it_is(client: Any, user: Any, machine: Any) -> None:
    answers = [client.get("/me", headers=headers).text for headers in (user, machine)]

    assert answers == ["User(sub='1')", "Machine(sub='1')"]


@pytest.mark.parametrize("name", ["machine:1", "text machine:1"])
def test_nobody_logs_in_by_a_name_that_is_a_machines(client: Any, caplog: Any, name: str) -> None:
    answer = log_in(client, name)

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_credentials")
    assert "begins with the prefix of another type of users" in caplog.text
    assert log_in(client, "1").status_code == 200


@pytest.mark.parametrize("who", ["machine:1", User("machine:1")], ids=["text", "a user"])
def test_nor_in_a_view_that_was_written_by_hand(app: Any, jwt: Any, client: Any, who: Any) -> None:
    app.post("/by-hand", endpoint="any")(lambda: jwt.login(who).as_response())
    app.post("/by-hand/machine", endpoint="m")(lambda: jwt.login(Machine(1)).as_response())

    answer = client.post("/by-hand")
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_credentials")
    assert client.post("/by-hand/machine").status_code == 200


def test_nor_confirms_by_it(client: Any, machine: Any) -> None:
    form = {"username": "machine:1", "password": "x"}
    confirmed = client.post("/auth/step-up", headers=machine, data=form)
    good = client.post("/auth/step-up", headers=machine, data={**form, "username": "machine 1"})

    assert (confirmed.status_code, good.status_code) == (401, 200)


def test_nor_is_anything_issued_for_it(app: Any, jwt: Any) -> None:
    with app.app_context():
        for who in (User("machine:1"), "machine:1"):
            with pytest.raises(ForeignSubjectError):
                jwt.issue(who)
        assert jwt.verify(jwt.issue(Machine(1))).subject == "machine:1"


FORGED = [
    pytest.param({"sub": "machine:1"}, id="without schema, as of Flask-JWT-Extended"),
    pytest.param({"sub": "machine:1", "schema": "UserClaims"}, id="a user called so"),
    pytest.param({"sub": "1", "schema": "MachineClaims"}, id="a machine without its prefix"),
    pytest.param({"sub": "machine:", "schema": "MachineClaims"}, id="a machine without number"),
    pytest.param({"sub": "machine:1", "schema": "MachineClaims/2"}, id="a newer one"),
    pytest.param({"sub": 1, "schema": "MachineClaims"}, id="a number"),
]


@pytest.mark.parametrize("kind", ["access", "refresh"])
@pytest.mark.parametrize("claims", FORGED)
def test_a_token_that_was_signed_before_or_elsewhere_is_refused(
    app: Any, client: Any, claims: Any, kind: str
) -> None:
    app.get("/renew", endpoint="renew")(protect(Refresh())(lambda: "in"))
    path = "/me" if kind == "access" else "/renew"

    def status(**members: Any) -> int:
        headers = bearer(signed(claims={**CLAIMS, "type": kind, **members}))
        return int(client.get(path, headers=headers).status_code)

    assert status(**claims) == 401
    assert status(sub="machine:1", schema="MachineClaims") == 200


def test_numbers_are_users_where_a_switch_takes_them(make_app: Any) -> None:
    app, jwt = make_app(accept_integer_subject=True)
    jwt.claims_for(Machine)(MachineClaims)
    with app.app_context():
        token = jwt.verify(signed(claims={**CLAIMS, "sub": 1}))

    assert (token.subject, token.principal) == ("1", "1")


def test_another_identity_claim_has_the_prefix(make_app: Any) -> None:
    app, jwt = make_app(identity_claim="uid")
    jwt.claims_for(Machine)(MachineClaims)
    with app.app_context():
        token = jwt.verify(jwt.refresh(str(jwt.login(Machine(1)).refresh_token)).access_token)

    assert (token.claims["uid"], token.subject, token.principal.sub) == ("machine:1",) * 2 + ("1",)


REACHED = [
    pytest.param("/users/1", "user", id="a user"),
    pytest.param("/machines/1", "machine", id="a machine"),
    pytest.param("/users/machine:1", None, id="a machine, called as a user"),
    pytest.param("/machines/machine:1", None, id="a machine, called by its subject"),
    pytest.param("/notes/user's", "user", id="a user's note"),
    pytest.param("/notes/machine's", "user", id="a user's note, owned by a number"),
    pytest.param("/notes/spoofed", None, id="a note of a user who is called so"),
    pytest.param("/jobs/user's", "machine", id="a machine's job, owned by text"),
    pytest.param("/jobs/machine's", "machine", id="a machine's job"),
    pytest.param("/jobs/spoofed", None, id="a job of a machine that is called so"),
]


@pytest.mark.parametrize(("path", "owner"), REACHED)
def test_only_the_one_who_is_meant_gets_there(
    client: Any, user: Any, machine: Any, path: str, owner: str | None
) -> None:
    """K12."""
    statuses = {
        name: client.get(path, headers=headers).status_code
        for name, headers in (("user", user), ("machine", machine))
    }

    assert statuses == {name: 200 if name == owner else 403 for name in ("user", "machine")}


def test_sessions_are_listed_and_ended_by_type(client: Any, user: Any, machine: Any) -> None:
    log_in(client, "1")
    counts = [
        len(client.get("/auth/sessions", headers=headers).json["sessions"])
        for headers in (user, machine)
    ]
    assert counts == [2, 1]

    assert client.delete("/auth/sessions", headers=user).status_code == 204
    assert [client.get("/me", headers=headers).status_code for headers in (user, machine)] == [
        401,
        200,
    ]


def test_a_session_of_the_other_type_is_unknown(client: Any, user: Any, machine: Any) -> None:
    (session,) = client.get("/auth/sessions", headers=machine).json["sessions"]
    path = f"/auth/sessions/{session['id']}"

    assert client.delete(path, headers=user).status_code == 404
    assert client.delete(path, headers=machine).status_code == 204


def test_a_token_of_the_other_type_is_somebody_elses(client: Any, user: Any, machine: Any) -> None:
    data = {"token": machine["Authorization"].removeprefix("Bearer ")}

    assert client.post("/auth/revoke", headers=user, data=data).status_code == 403
    assert client.post("/auth/revoke", headers=machine, data=data).status_code == 200


def test_introspection_shows_the_prefix(client: Any, machine: Any) -> None:
    data = {"token": machine["Authorization"].removeprefix("Bearer ")}

    told = client.post("/auth/introspect", data=data, auth=CLIENT).json
    assert (told["active"], told["sub"]) == (True, "machine:1")


def test_the_bridge_shows_the_prefix_and_makes_nobody_a_machine(tmp_path: Any) -> None:
    app = Flask("both", instance_path=str(tmp_path))
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    bridge.JWTManager(app)
    jwt = JWTManager[Any](app)
    jwt.claims_for(Machine)(MachineClaims)
    for name, options in {"bridge": {}, "skips": {"skip_revocation_check": True}}.items():
        guard = bridge.jwt_required(**options)
        app.get(f"/{name}", endpoint=name)(guard(lambda: bridge.get_jwt_identity()))
    app.get("/native", endpoint="n")(protect()(lambda: current_token.subject))
    with app.app_context():
        machine, plain = bearer(jwt.issue(Machine(1))), bearer(bridge.create_access_token("1"))
    named = bearer(signed(claims={**CLAIMS, "sub": "machine:1", "iat": 1, "exp": 4_000_000_000}))
    client = app.test_client()

    def answers(headers: Any) -> list[Any]:
        found = [client.get(f"/{name}", headers=headers) for name in ("bridge", "skips", "native")]
        return [one.text if one.status_code == 200 else one.status_code for one in found]

    assert answers(machine) == ["machine:1"] * 3
    assert answers(plain) == ["1"] * 3
    assert answers(named) == [422, 422, 401]


@pytest.mark.parametrize("make", [bridge.create_access_token, bridge.create_refresh_token])
def test_the_bridge_issues_nothing_in_the_name_of_a_machine(tmp_path: Any, make: Any) -> None:
    app = Flask("both", instance_path=str(tmp_path))
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    bridge.JWTManager(app)
    JWTManager[Any](app).claims_for(Machine)(MachineClaims)
    app.post("/<name>")(lambda name: make(name))

    assert app.test_client().post("/machine:1").status_code == 401
    assert app.test_client().post("/ada").status_code == 200


@pytest.mark.parametrize("loaded", ["machine:1", User("machine:1"), User("1"), Machine(2)])
def test_a_loader_that_takes_one_for_another_renews_nothing(
    app: Any, jwt: Any, loaded: Any
) -> None:
    found: list[Any] = [Machine(1)]
    jwt.user_loader(lambda token: found[0])
    client = app.test_client()
    headers = bearer(log_in(client, "machine 1").json["refresh_token"])
    found[0] = loaded
    assert client.post("/auth/refresh", headers=headers).status_code == 401

    found[0] = Machine(1)
    assert client.post("/auth/refresh", headers=headers).status_code == 200


def test_a_type_that_no_schema_describes_is_a_mistake_at_the_first_request(
    app: Any, access: Any
) -> None:
    app.get("/a", endpoint="a")(protect(IsSubject("x", of=Flask))(lambda: "in"))

    with pytest.raises(PolicyDefinitionError, match=r"no schema describes Flask: @jwt.claims_for"):
        app.test_client().get("/me")


def test_so_it_is_in_the_baseline(make_app: Any) -> None:
    app, jwt = make_app(manager={"baseline": IsSubject("x", of=Machine)})
    app.get("/<x>")(protect()(lambda x: "in"))
    with pytest.raises(PolicyDefinitionError, match="no schema describes Machine"):
        app.test_client().get("/1")

    jwt.claims_for(Machine)(MachineClaims)
    with app.app_context():
        headers = bearer(jwt.issue(Machine(1)))
    assert app.test_client().get("/1", headers=headers).status_code == 200


def test_what_is_enforced_of_an_unknown_type_tells_nothing(app: Any, jwt: Any) -> None:
    with app.app_context():
        token = jwt.issue(Machine(1))
        rule = IsSubject("x", of=Flask)
        found = [jwt.explain(one, token, view_args={"x": 1}) for one in (rule, ~rule)]

    assert [decision.outcome.name for decision in found] == ["MISSING_CLAIM"] * 2


def test_no_loader_makes_a_machine_of_a_token_that_says_only_its_subject(
    app: Any, jwt: Any, client: Any
) -> None:
    """Where users are loaded again a refresh token may say nothing else, as others' do."""
    jwt.user_loader(lambda token: Machine(1))
    bare = {**CLAIMS, "type": "refresh", "sub": "machine:1"}
    statuses = [
        client.post("/auth/refresh", headers=bearer(signed(claims=claims))).status_code
        for claims in (bare, {**bare, "schema": "UserClaims"}, {**bare, "schema": "MachineClaims"})
    ]

    assert statuses == [401, 401, 200]
