"""What verbs can be called with: each accepted form acts, each other is refused before it does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from markupsafe import Markup
from marshmallow import fields, post_dump, post_load
from werkzeug.local import LocalProxy

from jwtpolicy import (
    ClaimSchema,
    JWTManager,
    OptionalToken,
    Policy,
    Refresh,
    current_resource,
    current_token,
    current_user,
    protect,
)
from jwtpolicy.exceptions import (
    InvalidTokenError,
    IssueError,
    NotATokenError,
    NoTokenError,
    SetupError,
    SubjectError,
)
from jwtpolicy.policy.credentials import NotRevoked
from jwtpolicy.proxies import template_user
from jwtpolicy.stores import MemoryStore
from tests.support.applications import SECRET
from tests.support.clocks import StandingClock
from tests.support.requests import bearer
from tests.support.sharing import name_of

NUMBER = UUID("00000000-0000-0000-0000-000000000007")


@dataclass
class Person:
    """A user whose claims a schema writes."""

    name: Any
    roles: tuple[str, ...] = ("reader",)


class Admin(Person):
    """The schema of `Person` writes these too."""


class PersonClaims(ClaimSchema):
    sub = fields.String(attribute="name", required=True)
    roles = fields.List(fields.String())
    team = fields.String()


class Nick(Person):
    """A user of a second schema, so that tokens name theirs."""


class NickClaims(PersonClaims):
    nick = fields.String(allow_none=True)


class Name(str, Enum):  # noqa: UP042 # its str() is not its value
    """Text of the application's own."""

    ADA = "ada"


class Odd(str):
    """Text that says another thing than it is."""

    __slots__ = ()

    def __str__(self) -> str:
        return "bob"


class Lost:
    """A store that nobody may touch."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


class Site:
    """An application with a guarded view, which does what the test wants."""

    def __init__(self, store: str, clock: Any) -> None:
        self.app = Flask("site")
        self.app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL=store)
        self.jwt: JWTManager[Any] = JWTManager(self.app, clock=clock)
        self.jwt.claims_for(Person)(PersonClaims)
        self.action: Callable[[], Any] = lambda: None
        self.app.post("/act", endpoint="act")(protect(OptionalToken() | Refresh())(self._act))
        self.app.get("/", endpoint="in")(protect()(lambda: "in"))
        self.client = self.app.test_client()

    def _act(self) -> str:
        return str(self.action())

    def login(self, user: Any = "ada") -> Any:
        with self.app.app_context():
            return self.jwt.login(user)

    def call(self, verb: str, *arguments: Any, **named: Any) -> Any:
        with self.app.app_context():
            return getattr(self.jwt, verb)(*arguments, **named)

    def act(self, encoded: str | None, action: Callable[[], Any]) -> Any:
        """Do it in a request."""
        self.action = action
        return self.client.post("/act", headers=bearer(encoded) if encoded else {})

    def is_in(self, encoded: str) -> bool:
        return bool(self.client.get("/", headers=bearer(encoded)).status_code == 200)

    def token(self, encoded: str) -> Any:
        return self.call("verify", encoded)


@pytest.fixture(params=["memory", "sqlite"])
def site(request: pytest.FixtureRequest, tmp_path: Path, clock: StandingClock) -> Site:
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/tokens.db"
    return Site(url, clock)


#: What is a subject, by the subject that it is.
SUBJECTS = [
    pytest.param("ada", "ada", id="str"),
    pytest.param(7, "7", id="int"),
    pytest.param(NUMBER, str(NUMBER), id="UUID"),
    pytest.param(Person("ada"), "ada", id="an object with a schema"),
    pytest.param(Admin("ada"), "ada", id="one of a subclass"),
    pytest.param(Markup("ada"), "ada", id="Markup"),
    pytest.param(Name.ADA, "ada", id="an enumeration of text"),
    pytest.param(Odd("ada"), "ada", id="text that says another thing"),
    pytest.param(LocalProxy(lambda: Person("ada")), "ada", id="a proxy of the application"),
    pytest.param(LocalProxy(lambda: LocalProxy(lambda: "ada")), "ada", id="a proxy of a proxy"),
]

#: What is none.
NOBODIES = [
    pytest.param(value, id=name_of(value)[:30])
    for value in (
        *(None, "", Markup(""), True, False, {}, {"sub": "ada"}, b"ada", 1.5, ["ada"]),
        *(object(), Person, HTTPStatus.OK, ValueError("ada"), ..., Lost()),
    )
]

#: What does something to a subject.
SUBJECT_VERBS: dict[str, Callable[[JWTManager[Any], Any], object]] = {
    "login": lambda jwt, user: jwt.login(user),
    "issue": lambda jwt, user: jwt.issue(user),
    "sessions": lambda jwt, user: jwt.sessions(user),
    "revoke_subject": lambda jwt, user: jwt.revoke_subject(user),
    "revoke_token_id": lambda jwt, user: jwt.revoke_token_id("j", subject=user, expires_at=None),
    "step_up": lambda jwt, user: jwt.step_up(user),
}


@pytest.mark.parametrize(("user", "subject"), SUBJECTS)
def test_a_subject_is_revoked_by_whatever_it_could_log_in_by(
    site: Site, user: Any, subject: str
) -> None:
    pair, other = site.login(user), site.login("eve")
    site.call("revoke_subject", user)

    assert site.token(pair.access_token).subject == subject
    assert not site.is_in(pair.access_token)
    assert site.is_in(other.access_token)


@pytest.mark.parametrize(("user", "subject"), SUBJECTS)
def test_sessions_are_listed_by_whatever_their_user_could_log_in_by(
    site: Site, user: Any, subject: str
) -> None:
    pair = site.login(user)

    assert [one.session_id for one in site.call("sessions", user)] == [pair.session_id]
    assert site.call("sessions", subject) == site.call("sessions", user)


@pytest.mark.parametrize(("user", "subject"), SUBJECTS)
def test_a_user_steps_up_by_whatever_it_could_log_in_by(
    site: Site, user: Any, subject: str
) -> None:
    encoded, found = site.login(user).access_token, []
    answer = site.act(encoded, lambda: found.append(site.jwt.step_up(user)))

    assert answer.status_code == 200
    assert site.token(found[0].access_token).subject == subject


@pytest.mark.parametrize(("user", "subject"), SUBJECTS)
@pytest.mark.parametrize("expires_at", [None, 4_000_000_000, datetime(2099, 1, 1, tzinfo=UTC)])
def test_a_token_is_revoked_by_its_id_and_subject(
    site: Site, user: Any, subject: str, expires_at: Any
) -> None:
    pair, other = site.login(user), site.login(user)
    token_id = site.token(pair.access_token).token_id
    site.call("revoke_token_id", Markup(token_id), subject=user, expires_at=expires_at)

    assert not site.is_in(pair.access_token)
    assert site.is_in(other.access_token)


@pytest.mark.parametrize("verb", SUBJECT_VERBS)
@pytest.mark.parametrize("user", NOBODIES)
def test_nobody_is_refused_by_every_verb_and_nothing_changes(
    site: Site, verb: str, user: Any
) -> None:
    """K9."""
    pair, raised = site.login(Person("ada")), []

    def action() -> None:
        try:
            SUBJECT_VERBS[verb](site.jwt, user)
        except TypeError as error:
            raised.append(str(error))

    site.jwt.extra_claims(lambda user, kind: {"by": user.name})
    assert site.act(pair.access_token, action).status_code == 200
    assert "pass a str that is not empty, an int, a UUID, or an object" in raised[0]
    assert site.is_in(pair.access_token)
    assert len(site.call("sessions", "ada")) == 1


@pytest.mark.parametrize("verb", SUBJECT_VERBS)
def test_a_user_who_has_no_subject_yet_is_refused(site: Site, verb: str) -> None:
    pair = site.login()

    def action() -> None:
        SUBJECT_VERBS[verb](site.jwt, Person(None))

    with pytest.raises(IssueError, match="sub"):
        site.act(pair.access_token, action)
    assert site.is_in(pair.access_token)


@pytest.mark.parametrize("verb", SUBJECT_VERBS)
@pytest.mark.parametrize("proxy", [current_user, template_user, current_token])
def test_a_proxy_behind_which_is_nobody_asks_for_a_token(site: Site, verb: str, proxy: Any) -> None:
    answer = site.act(None, lambda: SUBJECT_VERBS[verb](site.jwt, proxy))

    assert (answer.status_code, answer.json["error"]) == (401, "token_required")


def test_a_proxy_of_no_resource_is_no_user(site: Site) -> None:
    with pytest.raises(TypeError, match="current_resource"):
        site.call("revoke_subject", current_resource)


@pytest.mark.parametrize("proxy", [current_user, template_user])
@pytest.mark.parametrize("has_loader", [True, False])
@pytest.mark.parametrize("user", ["ada", Person("ada")], ids=["text", "an object"])
def test_the_current_user_can_end_what_is_theirs(
    site: Site, proxy: Any, has_loader: bool, user: Any
) -> None:
    if has_loader:
        site.jwt.user_loader(lambda token: Person(token.subject))
    pair, other = site.login(user), site.login("eve")
    assert site.act(pair.access_token, lambda: site.jwt.revoke_subject(proxy)).text == "None"

    assert not site.is_in(pair.access_token)
    assert site.is_in(other.access_token)


@pytest.mark.parametrize("shown", ["Ada Lovelace", "eve", Person("eve")], ids=repr)
def test_the_current_user_is_whom_the_token_is_about_whatever_the_loader_made_of_it(
    site: Site, shown: Any
) -> None:
    site.jwt.user_loader(lambda token: shown)
    pair, other = site.login("ada"), site.login("eve")
    ended = site.act(pair.access_token, lambda: site.jwt.revoke_subject(current_user))

    assert ended.status_code == 200
    assert (site.is_in(pair.access_token), site.is_in(other.access_token)) == (False, True)


@pytest.mark.parametrize("has_loader", [True, False])
def test_the_current_user_can_step_up_and_see_their_sessions(site: Site, has_loader: bool) -> None:
    if has_loader:
        site.jwt.user_loader(lambda token: Person(token.subject))
    pair, found = site.login(Person("ada", ("admin",))), []

    def action() -> None:
        found.append(len(site.jwt.sessions(current_user)))
        found.append(site.jwt.step_up(current_user))

    assert site.act(pair.access_token, action).status_code == 200
    token = site.token(found[1].access_token)
    assert (found[0], token.subject, token.session_id) == (1, "ada", pair.session_id)
    assert token.claims["roles"] == (("reader",) if has_loader else ("admin",))
    assert site.call("refresh", found[1].refresh_token)


@pytest.mark.parametrize("verb", ["login", "issue"])
@pytest.mark.parametrize("has_loader", [True, False])
def test_the_current_user_gets_tokens_that_say_what_the_schema_does(
    site: Site, verb: str, has_loader: bool
) -> None:
    if has_loader:
        site.jwt.user_loader(lambda token: Person(token.subject, ("admin",)))
    site.jwt.claims_for(Nick)(NickClaims)
    encoded, found = site.login(Person("ada", ("admin",))).access_token, []
    action = SUBJECT_VERBS[verb]
    assert site.act(encoded, lambda: found.append(action(site.jwt, current_user))).text == "None"

    token = site.token(found[0] if verb == "issue" else found[0].access_token)
    old = site.token(encoded)
    assert (token.subject, token.principal) == ("ada", old.principal)
    assert {"roles", "schema", "team"} & set(token.claims) == {"roles", "schema"}


def test_what_a_schema_made_of_another_token_is_its_user(site: Site) -> None:
    pair, other = site.login(Person("ada")), site.login(Person("bob"))
    principal = site.token(other.access_token).principal
    site.act(pair.access_token, lambda: site.jwt.revoke_subject(principal))

    assert site.is_in(pair.access_token)
    assert not site.is_in(other.access_token)


@dataclass
class Principal:
    """What a `post_load` makes; no schema is for it."""

    name: str


class PrincipalClaims(PersonClaims):
    @post_load
    def load_principal(self, data: Any, **kwargs: Any) -> Principal:
        return Principal(data["name"])


def test_what_a_post_load_made_stands_for_the_current_subject_alone(make_app: Any) -> None:
    app, jwt = make_app()
    jwt.claims_for(Person)(PrincipalClaims)
    ends = {"own": lambda: jwt.current_user, "other": lambda: Principal("ada")}
    app.post("/<whose>")(protect()(lambda whose: str(jwt.revoke_subject(ends[whose]()))))
    with app.app_context():
        headers = bearer(jwt.login(Person("ada")).access_token)
    client = app.test_client()

    with pytest.raises(SubjectError, match="no claim schema fits Principal"):
        client.post("/other", headers=headers)
    assert client.post("/own", headers=headers).status_code == 200
    assert client.post("/own", headers=headers).status_code == 401


@pytest.mark.parametrize("has_loader", [True, False])
def test_what_a_post_load_made_steps_up_in_its_session(make_app: Any, has_loader: bool) -> None:
    app, jwt = make_app()
    jwt.claims_for(Person)(PrincipalClaims)
    if has_loader:
        jwt.user_loader(lambda token: Person(token.subject))

    @app.post("/")
    @protect()
    def view() -> Any:
        return jwt.step_up(current_token.principal, acr="gold").as_response()

    with app.app_context():
        pair = jwt.login(Person("ada"))
        answer = app.test_client().post("/", headers=bearer(pair.access_token))
        token = jwt.verify(answer.json["access_token"])
    assert (token.session_id, token.subject, token.claims["acr"]) == (
        pair.session_id,
        "ada",
        "gold",
    )


@pytest.mark.parametrize("verb", ["login", "issue"])
def test_of_what_a_post_load_made_no_token_can_be_issued(make_app: Any, verb: str) -> None:
    """The schema does not know how to write it: nothing is signed that it could not read."""
    app, jwt = make_app()
    jwt.claims_for(Person)(PrincipalClaims)
    app.post("/")(protect()(lambda: str(SUBJECT_VERBS[verb](jwt, current_user))))
    with app.app_context():
        headers = bearer(jwt.login(Person("ada")).access_token)

    with pytest.raises(TypeError, match="no claim schema fits Principal"):
        app.test_client().post("/", headers=headers)


def test_a_principal_of_a_post_load_can_step_up(make_app: Any) -> None:
    app, jwt = make_app()
    jwt.claims_for(Person)(PrincipalClaims)
    found: list[Any] = []
    app.post("/")(protect()(lambda: str(found.append(jwt.step_up(current_user)))))
    with app.app_context():
        headers = bearer(jwt.login(Person("ada")).access_token)
    assert app.test_client().post("/", headers=headers).status_code == 200

    with app.app_context():
        token = jwt.verify(jwt.refresh(found[0].refresh_token).access_token)
    assert (token.principal, token.claims["roles"]) == (Principal("ada"), ("reader",))


def test_a_principal_that_reads_like_a_subject_stands_for_its_token(make_app: Any) -> None:
    class Numbered(ClaimSchema):
        sub = fields.String(attribute="name", required=True)

        @post_load
        def number(self, data: Any, **kwargs: Any) -> int:
            return 7

    app, jwt = make_app()
    jwt.claims_for(Person)(Numbered)
    app.post("/")(protect()(lambda: str(jwt.revoke_subject(current_user))))
    with app.app_context():
        ada, seven = jwt.login(Person("ada")), jwt.login(Person("7"))
    client = app.test_client()

    assert client.post("/", headers=bearer(ada.access_token)).status_code == 200
    assert client.post("/", headers=bearer(ada.access_token)).status_code == 401
    assert client.post("/", headers=bearer(seven.access_token)).status_code == 200


def test_a_loaded_user_without_a_schema_is_the_current_one(make_app: Any) -> None:
    app, jwt = make_app()
    jwt.user_loader(lambda token: Person(token.subject))
    app.post("/")(protect()(lambda: str(jwt.revoke_subject(current_user))))
    with app.app_context():
        encoded = jwt.login("ada").access_token
    client = app.test_client()

    assert client.post("/", headers=bearer(encoded)).status_code == 200
    assert client.post("/", headers=bearer(encoded)).status_code == 401


def test_of_a_user_only_the_subject_is_read(make_app: Any) -> None:
    class Stub:
        name = "ada"

        @property
        def roles(self) -> Any:
            raise AssertionError

    app, jwt = make_app()
    jwt.claims_for(Stub)(PersonClaims)
    with app.app_context():
        jwt.login("ada")
        jwt.revoke_subject(Stub())

        assert jwt.sessions(Stub()) == []


def test_a_subject_that_a_hook_makes_is_made_by_the_hook(make_app: Any) -> None:
    class Tenants(PersonClaims):
        @post_dump
        def name_tenant(self, data: Any, **kwargs: Any) -> Any:
            return {**data, "sub": f"{data['roles'][0]}:{data['sub']}"}

    app, jwt = make_app()
    jwt.claims_for(Person)(Tenants)
    with app.app_context():
        jwt.login(Person("ada"))
        sessions = jwt.sessions(Person("ada"))

    assert [one.subject for one in sessions] == ["reader:ada"]


def test_a_schema_for_one_kind_names_the_subject_too(make_app: Any) -> None:
    app, jwt = make_app(invite_token_expires=60)
    jwt.claims_for(Person, kind="invite")(PersonClaims)
    with app.app_context():
        jwt.login("ada")

        assert len(jwt.sessions(Person("ada"))) == 1


#: What names a session, made of a pair and what `sessions` lists.
SESSIONS: dict[str, Callable[[Any, Any], Any]] = {
    "its id": lambda pair, listed: pair.session_id,
    "its id as other text": lambda pair, listed: Markup(pair.session_id),
    "a TokenPair": lambda pair, listed: pair,
    "an OpenSession": lambda pair, listed: listed,
}

NO_SESSIONS = [
    pytest.param(value, id=name_of(value)[:30])
    for value in (None, "", True, 1, 1.5, b"s", {}, ["s"], NUMBER, object(), Lost(), current_token)
]


@pytest.mark.parametrize("form", SESSIONS)
def test_a_session_is_ended_by_whatever_names_it(site: Site, form: str) -> None:
    pair, other = site.login(), site.login()
    listed = next(s for s in site.call("sessions", "ada") if s.session_id == pair.session_id)
    site.call("revoke_session", SESSIONS[form](pair, listed))

    assert not site.is_in(pair.access_token)
    assert site.is_in(other.access_token)


@pytest.mark.parametrize("form", SESSIONS)
def test_a_token_is_issued_for_whatever_names_a_session(site: Site, form: str) -> None:
    pair = site.login()
    (listed,) = site.call("sessions", "ada")
    encoded = site.call("issue", "ada", session=SESSIONS[form](pair, listed))

    assert site.token(encoded).session_id == pair.session_id


@pytest.mark.parametrize("session", NO_SESSIONS)
@pytest.mark.parametrize("verb", ["revoke_session", "issue"])
def test_what_names_no_session_is_refused_and_nothing_changes(
    site: Site, session: Any, verb: str
) -> None:
    if verb == "issue" and session is None:
        session = b""
    pair = site.login()
    arguments = {"session_id": session} if verb == "revoke_session" else {"session": session}
    user = () if verb == "revoke_session" else ("ada",)
    with pytest.raises(TypeError, match="names no session: pass its id"):
        site.call(verb, *user, **arguments)

    assert site.is_in(pair.access_token)


def test_a_pair_without_a_session_names_none(make_app: Any) -> None:
    app, jwt = make_app({"baseline": None}, store_url="none")
    with app.app_context(), pytest.raises(TypeError, match="names no session"):
        jwt.revoke_session(jwt.login("ada"))


#: What is a token, made of its encoded form; in its own request.
TOKENS: dict[str, Callable[[Site, str], Any]] = {
    "encoded": lambda site, encoded: encoded,
    "verified": lambda site, encoded: site.jwt.verify(encoded),
    "the current one": lambda site, encoded: current_token,
    "the object behind it": lambda site, encoded: current_token._get_current_object(),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("form", TOKENS)
def test_a_token_is_revoked_in_whatever_form_it_is(site: Site, form: str) -> None:
    pair, other = site.login(), site.login()
    encoded = pair.access_token
    site.act(encoded, lambda: site.jwt.revoke(TOKENS[form](site, encoded)))

    assert not site.is_in(encoded)
    assert site.is_in(other.access_token)


@pytest.mark.parametrize("form", TOKENS)
def test_a_token_is_explained_in_whatever_form_it_is(site: Site, form: str) -> None:
    policy: Policy = NotRevoked()
    encoded, found = site.login().access_token, []
    site.act(encoded, lambda: found.append(site.jwt.explain(policy, TOKENS[form](site, encoded))))

    assert bool(found[0])


def test_the_current_refresh_token_can_be_refreshed(site: Site) -> None:
    pair, found = site.login(), []
    site.act(pair.refresh_token, lambda: found.append(site.jwt.refresh(current_token)))

    assert site.is_in(found[0].access_token)


NO_TOKENS = ["", "x", "a.b.c", "e30.e30.e30", "\0", "x" * 20_000, "\ud800"]
NO_TOKEN_TYPES = [True, 1, 1.5, b"a.b.c", {}, ["a.b.c"], object(), Lost()]


def _revoke(jwt: Any, token: Any) -> object:
    return jwt.revoke(token)


def _explain(jwt: Any, token: Any) -> object:
    return jwt.explain(NotRevoked(), token)


@pytest.mark.parametrize("token", NO_TOKENS, ids=lambda token: name_of(token)[:20])
@pytest.mark.parametrize("verb", [_revoke, _explain])
def test_what_is_no_token_says_nothing_of_the_callers_own(
    site: Site, token: str, verb: Any
) -> None:
    """K11."""
    own = site.login().access_token
    answer = site.act(own, lambda: verb(site.jwt, token))

    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert "WWW-Authenticate" not in answer.headers
    assert site.is_in(own)


def test_a_token_of_somebody_elses_is_no_token(site: Site, make_app: Any) -> None:
    app, jwt = make_app(secret_key=SECRET[::-1])
    with app.app_context():
        foreign = jwt.issue("ada")
    with pytest.raises(ValueError, match="signature") as caught:
        site.call("revoke", foreign)

    assert isinstance(caught.value, NotATokenError)
    assert isinstance(caught.value.__cause__, InvalidTokenError)


def test_an_expired_token_can_be_revoked_and_not_explained(site: Site, clock: Any) -> None:
    encoded = site.login().access_token
    clock.advance(100_000)
    site.call("revoke", encoded)

    with pytest.raises(NotATokenError, match="exp has passed"):
        site.call("explain", NotRevoked(), encoded)


@pytest.mark.parametrize("token", NO_TOKEN_TYPES, ids=lambda token: name_of(token)[:20])
@pytest.mark.parametrize("verb", [_revoke, _explain])
def test_what_is_not_even_text_is_a_mistake_of_the_application(
    site: Site, token: Any, verb: Any
) -> None:
    with site.app.app_context(), pytest.raises(TypeError, match="pass a token, encoded as str"):
        verb(site.jwt, token)


def test_a_pair_is_not_one_token(site: Site) -> None:
    pair = site.login()
    with pytest.raises(TypeError, match="not TokenPair"):
        site.call("revoke", pair)
    with pytest.raises(TypeError, match="not NoneType"):
        site.call("revoke", None)

    assert site.is_in(pair.access_token)


@pytest.mark.parametrize("token", [*NO_TOKENS, *NO_TOKEN_TYPES, None], ids=name_of)
@pytest.mark.parametrize("verb", ["verify", "refresh"])
def test_what_a_client_sent_is_still_an_invalid_token(site: Site, token: Any, verb: str) -> None:
    with pytest.raises(InvalidTokenError):
        site.call(verb, token)


@pytest.mark.parametrize("verb", ["revoke", "refresh", "verify"])
def test_the_current_token_of_nobody_is_no_token(site: Site, verb: str) -> None:
    error = InvalidTokenError if verb == "verify" else NoTokenError
    with pytest.raises(error):
        site.call(verb, current_token)


@pytest.mark.parametrize(
    "expires_at",
    [
        *("2099-01-01", True, -1, 1_800_000_000_000, float("nan"), float("inf"), b""),
        *(timedelta(1), datetime(2099, 1, 1)),  # noqa: DTZ001 # naive
    ],
    ids=repr,
)
def test_an_expiry_that_is_no_moment_is_refused(site: Site, expires_at: Any) -> None:
    pair = site.login()
    token_id = site.token(pair.access_token).token_id
    with pytest.raises(TypeError, match="an aware datetime, seconds since the epoch, or None"):
        site.call("revoke_token_id", token_id, subject="ada", expires_at=expires_at)

    assert site.is_in(pair.access_token)


@pytest.mark.parametrize("token_id", [None, "", True, 1, b"j", NUMBER, {}])
def test_an_id_that_is_no_text_is_refused(site: Site, token_id: Any) -> None:
    with pytest.raises(TypeError, match="token_id is text"):
        site.call("revoke_token_id", token_id, subject="ada", expires_at=None)


def test_how_long_a_revoked_id_is_remembered_has_to_be_said(site: Site) -> None:
    with pytest.raises(TypeError, match="expires_at"):
        site.call("revoke_token_id", "j", subject="ada")


class Untouched(MemoryStore):
    """A store that may be opened and not asked."""

    def __getattribute__(self, name: str) -> Any:
        if name in {"sessions", "session", "standing", "open_session", "revoke_subject"}:
            raise AssertionError(name)
        return super().__getattribute__(name)


@pytest.mark.parametrize("verb", ["login", "issue", "sessions", "revoke_subject"])
def test_no_store_is_asked_about_nobody(make_app: Any, verb: str) -> None:
    app, jwt = make_app({"store": Untouched()})
    with app.app_context(), pytest.raises(TypeError, match="no claim schema fits bool"):
        getattr(jwt, verb)(True)


@pytest.mark.parametrize("limit", [0, -1, None, "2", 1.0, True])
def test_a_page_has_a_number_of_sessions(site: Site, limit: Any) -> None:
    site.login()
    with pytest.raises(TypeError, match="at least 1"):
        site.call("sessions", "ada", limit=limit)

    assert len(site.call("sessions", "ada", limit=1)) == 1


def test_a_page_begins_after_a_session(site: Site) -> None:
    pair = site.login()
    for before in (pair.session_id, pair, 0):
        with pytest.raises(TypeError, match="as sessions"):
            site.call("sessions", "ada", before=before)


@pytest.mark.parametrize("since", ["x", True, math.nan, math.inf, object()])
def test_a_login_begins_at_a_moment(site: Site, since: Any) -> None:
    with pytest.raises(TypeError, match="seconds since the epoch"):
        site.call("login", "ada", since=since)

    assert site.call("sessions", "ada") == []


def test_a_label_is_text(site: Site) -> None:
    with pytest.raises(TypeError, match="label is text"):
        site.call("login", "ada", label=5)

    assert site.call("sessions", "ada") == []


@pytest.mark.parametrize("label", ["\ud800phone", "\0phone"])
def test_a_label_that_a_client_made_up_is_kept_as_far_as_it_is_text(site: Site, label: str) -> None:
    site.call("login", "ada", label=label)

    assert [one.label for one in site.call("sessions", "ada")] == ["?phone"]


@pytest.mark.parametrize("value", [None, 1, "False"], ids=repr)
def test_whether_an_expired_token_is_taken_is_true_or_false(
    site: Site, clock: Any, value: Any
) -> None:
    encoded = site.login().access_token
    clock.advance(100_000)

    with pytest.raises(TypeError, match="allow_expired is True or False"):
        site.call("verify", encoded, allow_expired=value)
    assert site.call("verify", encoded, allow_expired=True).subject


@pytest.mark.parametrize("verb", ["revocation_check", "extra_claims", "extra_headers"])
def test_what_is_registered_is_a_function(make_app: Any, verb: str) -> None:
    _, jwt = make_app()
    with pytest.raises(SetupError, match="takes a function"):
        getattr(jwt, verb)(None)

    getattr(jwt, verb)(lambda *_: {})
