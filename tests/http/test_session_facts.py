"""What a login said belongs to its session, and every later token says it again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from marshmallow import fields

from jwtpolicy import ClaimSchema, JWTManager, current_token, current_user, protect
from jwtpolicy.exceptions import InvalidTokenError, IssueError
from tests.support.applications import MakeApp
from tests.support.requests import bearer

PENDING = {"mfa_pending": True, "act": {"sub": "support"}}
SAID: dict[str, Any] = {
    "claims": PENDING,
    "headers": {"tenant": "red"},
    "scope": "notes:read",
    "acr": "basic",
    "amr": ("pwd",),
}


class User:
    def __init__(self, name: str, roles: list[str]) -> None:
        self.name, self.roles = name, roles


class UserClaims(ClaimSchema):
    sub = fields.String(attribute="name", required=True)
    roles = fields.List(fields.String(), required=True)


USERS = {"ada": User("ada", ["admin"])}


def plain(jwt: JWTManager[Any]) -> Any:
    """The user is the subject, and nobody loads it again."""
    return "ada"


def loaded(jwt: JWTManager[Any]) -> Any:
    jwt.user_loader(lambda token: token.subject)
    return "ada"


def described(jwt: JWTManager[Any]) -> Any:
    """The user has a schema, whose claims refresh tokens carry."""
    jwt.claims_for(User)(UserClaims)
    return USERS["ada"]


def described_and_loaded(jwt: JWTManager[Any]) -> Any:
    jwt.claims_for(User)(UserClaims)
    jwt.user_loader(lambda token: USERS.get(token.subject))
    return USERS["ada"]


WORLDS = [plain, loaded, described, described_and_loaded]
STORES: list[dict[str, Any]] = [
    {"store_url": "memory://"},
    {"store_url": "none", "manager": {"baseline": None}},
]


@pytest.fixture(params=WORLDS)
def make_world(
    request: pytest.FixtureRequest, make_app: MakeApp
) -> Callable[..., tuple[Flask, JWTManager[Any], Any]]:
    def make(**settings: Any) -> tuple[Flask, JWTManager[Any], Any]:
        app, jwt = make_app(settings.pop("manager", None), **settings)
        return app, jwt, request.param(jwt)

    return make


def check(token: Any) -> None:
    """Hold a token against what the login said."""
    assert {name: token.claims[name] for name in PENDING} == PENDING
    assert token.header["tenant"] == "red"
    assert (token.claims["scope"], token.claims["acr"]) == ("notes:read", "basic")
    assert token.claims["amr"] == ("pwd",)
    assert token.claims["auth_time"] == 1_800_000_000


@pytest.mark.parametrize("settings", STORES)
def test_a_refresh_says_it_again(make_world: Any, clock: Any, settings: dict[str, Any]) -> None:
    """K5."""
    app, jwt, user = make_world(**settings)
    with app.app_context():
        pair = jwt.login(user, **SAID)
        for _ in range(3):
            clock.advance(60)
            pair = jwt.refresh(str(pair.refresh_token))
            check(jwt.verify(pair.access_token))

    assert pair.scope == "notes:read"


def test_a_sliding_cookie_says_it_again(make_world: Any, clock: Any) -> None:
    app, jwt, user = make_world()
    with app.app_context():
        token = jwt.verify(jwt.login(user, **SAID).access_token)
        clock.advance(60)

        check(jwt.verify(jwt.renewed(token)))


def test_a_token_that_is_issued_for_the_session_says_it_again(make_world: Any) -> None:
    app, jwt, user = make_world()
    with app.app_context():
        pair = jwt.login(user, **SAID)
        check(jwt.verify(jwt.issue(user, session=pair.session_id)))
        narrow = jwt.issue(user, session=pair.session_id, scope="", claims={"mfa_pending": 1})
        refresh = jwt.issue(user, "refresh", session=pair.session_id)

        assert jwt.verify(narrow).claims["mfa_pending"] == 1
        assert jwt.verify(narrow).scopes == frozenset()
        check(jwt.verify(jwt.refresh(refresh).access_token))


def stepping_up(app: Flask, jwt: JWTManager[Any], user: Any, **said: Any) -> Callable[[str], Any]:
    """Return what steps up with an access token, and answers with the pair."""

    def step_up() -> Any:
        return jwt.step_up(user, **said).as_response()

    app.post("/step-up")(protect()(step_up))
    return lambda token: app.test_client().post("/step-up", headers=bearer(token)).json


def test_a_step_up_merges_and_none_takes_back(make_world: Any, clock: Any) -> None:
    app, jwt, user = make_world()
    claims = {"mfa_pending": None, "device": "phone"}
    step_up = stepping_up(app, jwt, user, acr="mfa", amr=("pwd", "otp"), claims=claims)
    with app.app_context():
        first = jwt.login(user, **SAID)
    clock.advance(60)
    pair = step_up(first.access_token)
    with app.app_context():
        refreshed = jwt.refresh(pair["refresh_token"])
        tokens = [jwt.verify(t) for t in (pair["access_token"], refreshed.access_token)]
        slid = jwt.verify(jwt.renewed(jwt.verify(first.access_token)))

    for token in (*tokens, slid):
        assert "mfa_pending" not in token.claims
        assert (token.claims["device"], token.claims["act"]) == ("phone", PENDING["act"])
        assert (token.claims["acr"], token.claims["amr"]) == ("mfa", ("pwd", "otp"))
        assert (token.claims["scope"], token.header["tenant"]) == ("notes:read", "red")
        assert token.claims["auth_time"] == 1_800_000_060


@pytest.mark.parametrize("said", [{"claims": {"iss": "x"}}, {"claims": {"x": float("nan")}}])
def test_a_step_up_takes_no_claim_that_could_not_be_signed(make_app: Any, said: Any) -> None:
    app, jwt = make_app()
    app.testing = False
    step_up = stepping_up(app, jwt, "ada", **said)
    with app.app_context():
        pair = jwt.login("ada")

    assert step_up(pair.access_token) is None
    with app.app_context():
        assert jwt.refresh(str(pair.refresh_token)).refresh_token


@pytest.mark.parametrize("name", ["roles", "tier", "sub-less"])
def test_a_login_may_not_say_what_the_account_says(make_app: Any, name: str) -> None:
    """A role that was taken away would live as long as the session."""
    app, jwt = make_app()
    user = described_and_loaded(jwt)
    jwt.extra_claims(lambda user, kind: {"tier": "gold"})
    with app.app_context():
        if name == "sub-less":
            assert jwt.login(user, claims={name: 1}).access_token
            return
        with pytest.raises(IssueError, match=f"the login says {name}"):
            jwt.login(user, claims={name: ["admin"]})
        assert jwt.sessions("ada") == []


def test_a_login_may_not_say_a_header_that_a_hook_says(make_app: Any) -> None:
    app, jwt = make_app()
    jwt.user_loader(lambda token: token.subject)
    jwt.extra_headers(lambda user, kind: {"tenant": "blue"})
    with app.app_context(), pytest.raises(IssueError, match="the login says tenant"):
        jwt.login("ada", headers={"tenant": "red"})


def test_without_a_loader_a_login_may_say_it(make_app: Any) -> None:
    """Nobody would say it anew."""
    app, jwt = make_app()
    user = described(jwt)
    with app.app_context():
        pair = jwt.login(user, claims={"roles": ["guest"]})
        pair = jwt.refresh(str(pair.refresh_token))

        assert jwt.verify(pair.access_token).claims["roles"] == ("guest",)


def test_what_the_account_says_later_wins(make_app: Any) -> None:
    """A hook that begins to say a name of the login says the truth of now."""
    app, jwt = make_app()
    jwt.user_loader(lambda token: token.subject)
    said: dict[str, Any] = {}
    jwt.extra_claims(lambda user, kind: dict(said))
    with app.app_context():
        pair = jwt.login("ada", claims={"tier": "gold"})
        said["tier"] = "none"
        pair = jwt.refresh(str(pair.refresh_token))

        assert jwt.verify(pair.access_token).claims["tier"] == "none"


class RefreshClaims(ClaimSchema):
    sub = fields.String(attribute="name", required=True)
    family = fields.String(load_default="f", dump_default="f")


class OtherClaims(ClaimSchema):
    sub = fields.String(required=True)

    class Meta:
        subject_prefix = "other:"


class Other:
    def __init__(self, sub: str) -> None:
        self.sub = sub


@pytest.mark.parametrize("has_loader", [True, False])
@pytest.mark.parametrize("has_other", [True, False])
def test_a_schema_for_refresh_tokens_is_read_as_it_was_written(
    make_app: Any, has_loader: bool, has_other: bool
) -> None:
    """Nothing is signed that is then refused."""
    app, jwt = make_app()
    user = (described_and_loaded if has_loader else described)(jwt)
    jwt.claims_for(User, kind="refresh")(RefreshClaims)
    if has_other:
        jwt.claims_for(Other)(OtherClaims)
    with app.app_context():
        pair = jwt.login(user, **SAID)
        for _ in range(2):
            refresh = jwt.verify(pair.refresh_token, kind="refresh")
            assert refresh.principal.family == "f"
            pair = jwt.refresh(str(pair.refresh_token))

        assert jwt.verify(pair.access_token).claims["roles"] == ("admin",)


class FamilyClaims(ClaimSchema):
    sub = fields.String(attribute="name", required=True)
    family = fields.String(required=True, dump_default="f")


@pytest.mark.parametrize("has_other", [True, False])
def test_a_step_up_signs_no_refresh_token_that_is_then_refused(
    make_app: Any, has_other: bool
) -> None:
    """The access token does not say what the schema for refresh tokens asks for."""
    app, jwt = make_app()
    user = described(jwt)
    jwt.claims_for(User, kind="refresh")(FamilyClaims)
    if has_other:
        jwt.claims_for(Other)(OtherClaims)
    by_proxy = protect()(lambda: jwt.step_up(current_user).as_response())
    app.post("/by-proxy")(catching(IssueError, by_proxy))
    app.post("/by-object", endpoint="o")(protect()(lambda: jwt.step_up(user).as_response()))
    client = app.test_client()
    with app.app_context():
        pair = jwt.login(user)
        assert client.post("/by-proxy", headers=bearer(pair.access_token)).text == "IssueError"
        pair = jwt.refresh(str(pair.refresh_token))
        stepped = client.post("/by-object", headers=bearer(pair.access_token)).get_json()

        assert jwt.refresh(stepped["refresh_token"]).refresh_token


def catching(error: type[Exception], view: Callable[[], Any]) -> Callable[[], Any]:
    """Return a view that answers with the name of an error that *view* raises."""

    def caught() -> Any:
        try:
            return view()
        except error as found:
            return type(found).__name__

    return caught


def test_a_schema_that_gives_refresh_tokens_another_subject_is_an_error(make_app: Any) -> None:
    class Wrong(ClaimSchema):
        sub = fields.Function(lambda user: "somebody else", deserialize=lambda value: value)

    app, jwt = make_app()
    user = described(jwt)
    jwt.claims_for(User, kind="refresh")(Wrong)
    with app.app_context(), pytest.raises(IssueError, match="two subjects"):
        jwt.login(user)


def test_a_refresh_token_of_before_the_loader_is_the_subject_alone(make_app: Any) -> None:
    """It named the schema of access tokens, which the loader makes unnecessary."""
    app, jwt = make_app()
    user = described(jwt)
    jwt.claims_for(Other)(OtherClaims)
    store = app.extensions["jwtpolicy"].parts.store
    with app.app_context():
        old = str(jwt.login(user).refresh_token)
    other, other_jwt = make_app({"store": store})
    described_and_loaded(other_jwt)
    other_jwt.claims_for(Other)(OtherClaims)
    with other.app_context():
        assert other_jwt.verify(old, kind="refresh").principal == "ada"
        assert other_jwt.refresh(old).access_token


def test_a_refresh_token_that_says_too_little_is_refused_where_it_is_refreshed(
    make_app: Any,
) -> None:
    """Its access token could not be read back: the client has to log in again."""
    bare, bare_jwt = make_app()
    store = bare.extensions["jwtpolicy"].parts.store
    with bare.app_context():
        old = str(bare_jwt.login("ada").refresh_token)
    app, jwt = make_app({"store": store})
    described(jwt)
    with app.app_context(), pytest.raises(InvalidTokenError):
        jwt.refresh(old)
    with bare.app_context():
        assert bare_jwt.refresh(old).access_token


def test_what_a_session_says_reaches_the_view(make_world: Any) -> None:
    app, jwt, user = make_world()
    app.get("/")(protect()(lambda: dict(current_token.claims["act"])))
    with app.app_context():
        pair = jwt.refresh(str(jwt.login(user, **SAID).refresh_token))

    answer = app.test_client().get("/", headers=bearer(pair.access_token))
    assert answer.json == PENDING["act"]


def test_a_session_of_before_it_had_facts_goes_by_its_token(make_app: Any, tmp_path: Path) -> None:
    """A store that was upgraded has sessions whose login nobody wrote down."""
    app, jwt = make_app(store_url=f"sqlite:///{tmp_path}/tokens.db")
    with app.app_context():
        pair = jwt.login("ada", **SAID)
        with closing(sqlite3.connect(tmp_path / "tokens.db")) as raw, raw:
            raw.execute("UPDATE jwtpolicy_sessions SET facts = NULL")
        token = jwt.verify(jwt.refresh(str(pair.refresh_token)).access_token)

    assert (token.claims["scope"], token.claims["acr"]) == ("notes:read", "basic")


def test_nobody_steps_up_in_a_session_that_is_over(make_app: Any) -> None:
    app, jwt = make_app()

    @app.get("/")
    @protect()
    def view() -> Any:
        jwt.revoke_session(str(current_token.session_id))
        return jwt.step_up("ada", acr="gold").as_response()

    with app.app_context():
        headers = bearer(jwt.login("ada").access_token)
    assert app.test_client().get("/", headers=headers).status_code == 401
