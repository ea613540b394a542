"""What hooks may answer where a user, a key or a yes is meant; nothing else is taken for one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Any

import pytest
from flask import Flask, Response
from marshmallow import fields, post_load

from jwtpolicy import Access, AccessRequest, ClaimSchema, JWTManager, Outcome, current_user, protect
from jwtpolicy.endpoints import (
    IntrospectionView,
    LoginView,
    PasswordCheck,
    RefreshView,
    RevocationView,
)
from jwtpolicy.exceptions import ConfigurationError, PolicyError, RateLimitedError, SchemaError
from jwtpolicy.keys import Key, KeyRing
from tests.support.applications import SECRET
from tests.support.requests import bearer
from tests.support.sharing import name_of


@dataclass
class Person:
    """A user."""

    name: str

    def __bool__(self) -> bool:
        return False


async def later() -> str:
    return "ada"


class Later:
    def __await__(self) -> Any:
        yield


def generated() -> Any:
    yield "ada"


async def generated_later() -> Any:
    yield "ada"


#: Makes an answer that is neither a user nor None, by what it is.
NO_USERS: dict[str, Callable[[], Any]] = {
    "true": lambda: True,
    "false": lambda: False,
    "zero": lambda: 0,
    "zero point": lambda: 0.0,
    "no text": lambda: "",
    "no bytes": lambda: b"",
    "an empty list": list,
    "an empty dict": dict,
    "an empty tuple": tuple,
    "NotImplemented": lambda: NotImplemented,
    "an ellipsis": lambda: ...,
    "an exception": lambda: KeyError("ada"),
    "a class": lambda: Person,
    "a function": lambda: generated,
    "a coroutine": later,
    "an awaitable": Later,
    "a generator": generated,
    "an async generator": generated_later,
    "an answer": lambda: Response("no such user", 404),
    "an outcome": lambda: Outcome.FORBIDDEN,
    "the outcome that allows": lambda: Outcome.ALLOW,
    "what access.deny says": lambda: AccessRequest().deny("banned"),
    "a decision": lambda: Access().evaluate(AccessRequest()),
    "a decimal zero": lambda: Decimal(0),
    "a fraction zero": lambda: Fraction(0),
    "an empty range": lambda: range(0),
    "an empty deque": deque,
    "an empty mapping proxy": lambda: MappingProxyType({}),
    "an empty bytearray": bytearray,
    "a filter": lambda: filter(None, []),
    "a map": lambda: map(str, ["ada"]),
    "a partial": lambda: partial(Person, "ada"),
}

#: Users, however unusual.
USERS: dict[str, Callable[[], Any]] = {
    "a person who is false": lambda: Person("ada"),
    "text": lambda: "ada",
    "a number": lambda: 7,
    "a dict": lambda: {"name": "ada"},
    "a decimal": lambda: Decimal(7),
    "a mapping proxy": lambda: MappingProxyType({"name": "ada"}),
}

no_users = pytest.mark.parametrize("make", NO_USERS.values(), ids=NO_USERS)
users = pytest.mark.parametrize("make", USERS.values(), ids=USERS)


@pytest.fixture
def site(app: Flask, jwt: JWTManager[Any]) -> Flask:
    app.get("/", endpoint="in")(protect()(lambda: current_user.__class__.__name__))
    app.add_url_rule("/refresh", view_func=RefreshView.as_view("refresh"))
    return app


@no_users
def test_what_a_user_loader_cannot_mean_lets_nobody_in(
    site: Any, jwt: Any, access: Any, make: Any, caplog: Any
) -> None:
    """HTTP-11, K10: the guard refuses, and the log says what was returned."""
    jwt.user_loader(lambda token: make())
    answer = site.test_client().get("/", headers=access())

    assert (answer.status_code, answer.json["error"]) == (500, "server_error")
    assert "neither a user nor None" in caplog.text


@no_users
def test_what_an_async_user_loader_cannot_mean_lets_nobody_in(
    app: Any, jwt: Any, access: Any, make: Any
) -> None:
    @jwt.user_loader
    async def load(token: Any) -> Any:
        await asyncio.sleep(0)
        return make()

    @app.get("/")
    @protect()
    async def view() -> str:
        return "in"

    assert app.test_client().get("/", headers=access()).status_code == 500


@no_users
def test_what_a_lazy_user_loader_cannot_mean_is_nobody(
    site: Any, jwt: Any, access: Any, make: Any
) -> None:
    jwt.user_loader(lambda token: make(), lazy=True)

    assert site.test_client().get("/", headers=access()).status_code == 500


@no_users
def test_nothing_is_renewed_for_what_a_user_loader_cannot_mean(
    site: Any, jwt: Any, make: Any
) -> None:
    with site.app_context():
        pair = jwt.login("ada")
        jwt.user_loader(lambda token: make())
        with pytest.raises(PolicyError, match="user loader returned"):
            jwt.refresh(pair.refresh_token)


@users
def test_whoever_may_be_a_user_is_one(site: Any, jwt: Any, access: Any, make: Any) -> None:
    jwt.user_loader(lambda token: make())

    assert site.test_client().get("/", headers=access()).text == type(make()).__name__


@no_users
def test_what_authenticate_cannot_mean_logs_nobody_in(app: Any, make: Any, caplog: Any) -> None:
    class Login(LoginView):
        fields = ("name",)

        def authenticate(self, credentials: Any) -> Any:
            return make()

    app.add_url_rule("/login", view_func=Login.as_view("login"))
    answer = app.test_client().post("/login", data={"name": "ada"})

    assert (answer.status_code, answer.json["error"]) == (500, "server_error")
    assert "Login.authenticate returned" in caplog.text


def made_by(make: Callable[[], Any]) -> type[ClaimSchema]:
    """Return a schema whose `post_load` answers so."""

    class PersonClaims(ClaimSchema):
        sub = fields.String(attribute="name", required=True)

        @post_load
        def load_person(self, data: Any, **kwargs: Any) -> Any:
            return make()

    return PersonClaims


@pytest.mark.parametrize("make", [*NO_USERS.values(), lambda: None], ids=[*NO_USERS, "nothing"])
def test_nothing_is_signed_that_reads_back_as_no_user(app: Any, jwt: Any, make: Any) -> None:
    jwt.claims_for(Person)(made_by(make))

    with app.app_context(), pytest.raises(SchemaError, match="post_load of PersonClaims returned"):
        jwt.login(Person("ada"))


@pytest.mark.parametrize("make", [*NO_USERS.values(), lambda: None], ids=[*NO_USERS, "nothing"])
def test_a_token_that_reads_as_no_user_is_refused(
    site: Any, jwt: Any, access: Any, make: Any, caplog: Any
) -> None:
    """Signed before the schema was changed, say."""
    headers = access("ada")
    jwt.claims_for(Person)(made_by(make))

    assert site.test_client().get("/", headers=headers).status_code == 401
    assert "PersonClaims returned" in caplog.text or "PersonClaims raised" in caplog.text


@users
def test_a_token_that_reads_as_a_user_passes(site: Any, jwt: Any, access: Any, make: Any) -> None:
    jwt.claims_for(Person)(made_by(make))

    answer = site.test_client().get("/", headers=access(Person("ada")))
    assert answer.text == type(make()).__name__


class Ring(KeyRing):
    """A ring that answers what a test wants."""

    signed: Any = None
    found: Any = ()

    def signing_key_for(self, subject: str, claims: Any) -> Any:
        return self.signed

    def find(self, algorithm: str, key_id: str | None) -> Any:
        return self.found

    def may_sign(self, key: Key, claims: Any) -> bool:
        return True


class Yes(Key):
    """A key that verifies by what is true and no yes."""

    __slots__ = ()

    def verify(self, signing_input: bytes, signature: bytes) -> Any:
        return 1


@pytest.fixture
def ring() -> Ring:
    ring = Ring()
    ring.signed = Key(SECRET, "HS256")
    ring.found = (ring.signed,)
    return ring


@pytest.mark.parametrize(
    "answer", [True, False, 0, "", SECRET, NotImplemented, Key, (), later], ids=name_of
)
def test_what_is_no_key_signs_nothing(make_app: Any, ring: Ring, answer: Any) -> None:
    app, jwt = make_app({"keys": ring})
    ring.signed = answer

    with app.app_context(), pytest.raises(ConfigurationError, match="neither a Key nor None"):
        jwt.login("ada")


@pytest.mark.parametrize(
    "answer",
    [True, None, 0, "HS256", [True], [None], [Key], (SECRET,), NotImplemented],
    ids=name_of,
)
def test_what_is_no_key_verifies_nothing(
    make_app: Any, ring: Ring, answer: Any, caplog: Any
) -> None:
    app, jwt = make_app({"keys": ring})
    app.get("/")(protect()(lambda: "in"))
    with app.app_context():
        headers = bearer(jwt.login("ada").access_token)
    client = app.test_client()

    assert client.get("/", headers=headers).status_code == 200
    ring.found = answer
    assert client.get("/", headers=headers).status_code == 401
    assert "the key ring" in caplog.text


def test_a_key_that_answers_anything_but_true_verifies_nothing(make_app: Any, ring: Ring) -> None:
    app, jwt = make_app({"keys": ring})
    ring.found = (Yes(SECRET, "HS256"),)
    app.get("/")(protect()(lambda: "in"))
    with app.app_context():
        headers = bearer(jwt.login("ada").access_token)

    assert app.test_client().get("/", headers=headers).status_code == 401


NO_ANSWERS: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "one": lambda: 1,
    "text": lambda: "yes",
    "a coroutine": later,
}


@pytest.mark.parametrize("make", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_whoever_may_introspect_is_said_by_true_alone(
    app: Any, jwt: Any, make: Any, access: Any, caplog: Any
) -> None:
    """S3: an async `is_allowed` would let everybody ask."""

    class Introspect(IntrospectionView):
        def is_allowed(self) -> Any:
            return make()

    app.add_url_rule("/introspect", view_func=Introspect.as_view("introspect"))
    answer = app.test_client().post("/introspect", data={"token": "x"})

    assert (answer.status_code, answer.json["error"]) == (500, "server_error")
    assert "Introspect.is_allowed returned" in caplog.text


@pytest.mark.parametrize("make", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_whoever_may_revoke_is_said_by_true_alone(
    site: Any, jwt: Any, make: Any, access: Any
) -> None:
    """S3."""

    class Revoke(RevocationView):
        def may_revoke(self, token: Any) -> Any:
            return make()

    site.add_url_rule("/revoke", view_func=Revoke.as_view("revoke"))
    client, other = site.test_client(), access("bob")
    form = {"token": other["Authorization"].removeprefix("Bearer ")}

    assert client.post("/revoke", data=form, headers=access()).status_code == 500
    assert client.get("/", headers=other).status_code == 200


def test_a_limit_may_be_async(app: Any) -> None:
    """It would limit nobody if nobody awaited it."""

    class Login(LoginView):
        fields = ("name",)

        async def limit(self, credentials: Any) -> None:  # type: ignore[override] # the point
            raise RateLimitedError

        def authenticate(self, credentials: Any) -> Any:
            return credentials["name"]

    app.add_url_rule("/login", view_func=Login.as_view("login"))

    assert app.test_client().post("/login", data={"name": "ada"}).status_code == 429


@pytest.mark.parametrize("answer", [None, 1, "ada", NotImplemented])
def test_a_password_is_right_by_true_alone(answer: Any) -> None:
    check = PasswordCheck(lambda password: "hash", lambda stored, password: answer)

    with pytest.raises(TypeError, match="True or False"):
        check("hash", "lovelace")
