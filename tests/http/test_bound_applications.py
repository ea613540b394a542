"""What is registered on a manager has one life: guards and verbs of an application go by it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from weakref import ref

import pytest
from flask import Blueprint, Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import fields

from jwtpolicy import (
    Access,
    ClaimSchema,
    HasRole,
    JWTManager,
    NotRevoked,
    Policy,
    current_token,
    current_user,
    protect,
)
from jwtpolicy.endpoints import IntrospectionView, RefreshView
from jwtpolicy.exceptions import (
    InvalidTokenError,
    IssueError,
    NoTokenError,
    SchemaError,
    SetupError,
)
from jwtpolicy.sessions.revocation import REVOCATION_CHECKS
from tests.support.applications import SECRET
from tests.support.clocks import StandingClock
from tests.support.requests import bearer

CLIENT = ("board", "s" * 32)


@dataclass
class Person:
    """A user that a schema is for."""

    name: str


class PersonClaims(ClaimSchema):
    sub = fields.String(attribute="name", required=True)


class Introspect(IntrospectionView):
    clients = {CLIENT[0]: CLIENT[1]}  # noqa: RUF012 # read only


class Site:
    """One application of a manager, and what its guards and verbs say."""

    def __init__(self, jwt: JWTManager[Any], blueprint: Blueprint | None = None) -> None:
        self.jwt = jwt
        self.app = Flask("site")
        self.app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
        jwt.init_app(self.app)
        self.app.get("/", endpoint="in")(protect()(lambda: f"{current_user}"))
        self.app.add_url_rule("/refresh", view_func=RefreshView.as_view("refresh"))
        self.app.add_url_rule("/introspect", view_func=Introspect.as_view("introspect"))
        if blueprint is not None:
            self.app.register_blueprint(blueprint)
        self.client = self.app.test_client()

    def bind(self) -> None:
        assert self.client.get("/").status_code == 401

    def login(self, user: Any = "ada") -> Any:
        with self.app.app_context():
            return self.jwt.login(user)

    def get(self, path: str, encoded: str | None = None) -> Any:
        return self.client.get(path, headers=bearer(encoded or self.login().access_token))

    def verb(self, name: str, *arguments: Any) -> Any:
        with self.app.app_context():
            return getattr(self.jwt, name)(*arguments)


#: What was heard by guards, and by verbs.
Heard = tuple[bool, bool]


def refuses_ada(site: Site) -> Heard:
    pair, is_refused = site.login(), False
    try:
        site.verb("refresh", pair.refresh_token)
    except InvalidTokenError:
        is_refused = True
    return site.get("/").status_code == 401, is_refused


def says_who(site: Site) -> Heard:
    pair = site.login()
    encoded = [pair.access_token, site.verb("issue", "ada")]
    encoded.append(site.verb("refresh", pair.refresh_token).access_token)
    tokens = [site.verb("verify", one) for one in encoded]
    heard = {"by" in token.claims or "by" in token.header for token in tokens}
    return True in heard, False not in heard


def knows_persons(site: Site) -> Heard:
    is_issued = True
    try:
        site.login(Person("ada"))
    except IssueError:
        is_issued = False
    return site.get("/").text.startswith("Person("), is_issued


def asks_for_a_role(site: Site) -> Heard:
    is_asked = site.get("/office/").status_code == 403
    return is_asked, is_asked


Register = Callable[[JWTManager[Any], Blueprint], object]

#: What registers, and what says whether a site has heard of it.
VERBS: dict[str, tuple[Register, Callable[[Site], Heard]]] = {
    "revocation_check": (
        lambda jwt, _: jwt.revocation_check(lambda token: token.subject == "ada"),
        refuses_ada,
    ),
    "user_loader": (lambda jwt, _: jwt.user_loader(lambda token: None), refuses_ada),
    "extra_claims": (lambda jwt, _: jwt.extra_claims(lambda user, kind: {"by": "us"}), says_who),
    "extra_headers": (lambda jwt, _: jwt.extra_headers(lambda user, kind: {"by": "us"}), says_who),
    "claims_for": (lambda jwt, _: jwt.claims_for(Person)(PersonClaims), knows_persons),
    "protect_blueprint": (
        lambda jwt, office: jwt.protect_blueprint(office, HasRole("admin")),
        asks_for_a_role,
    ),
}

each_verb = pytest.mark.parametrize(("register", "heard"), VERBS.values(), ids=VERBS)


@pytest.fixture
def jwt(clock: StandingClock) -> JWTManager[Any]:
    return JWTManager(clock=clock)


@pytest.fixture
def office(jwt: JWTManager[Any]) -> Blueprint:
    """Return a blueprint that has a level already: Flask then lets it have more at any time."""
    office = Blueprint("office", "office", url_prefix="/office")
    office.get("/")(lambda: "in")
    jwt.protect_blueprint(office, Access())
    return office


@each_verb
def test_what_comes_before_the_binding_is_heard_by_guards_and_verbs(
    register: Register, heard: Any, jwt: Any, office: Blueprint
) -> None:
    site = Site(jwt, office)
    register(jwt, office)
    site.bind()

    assert heard(site) == (True, True)


@each_verb
def test_what_comes_after_the_binding_is_an_error_and_heard_by_nobody(
    register: Register, heard: Any, jwt: Any, office: Blueprint
) -> None:
    """K4."""
    site = Site(jwt, office)
    site.bind()
    with pytest.raises(SetupError, match=r"too late for site: .* before the first request"):
        register(jwt, office)

    assert heard(site) == (False, False)


@each_verb
def test_what_comes_when_one_of_two_is_bound_concerns_the_other(
    register: Register, heard: Any, jwt: Any, office: Blueprint
) -> None:
    bound = Site(jwt, None if register is VERBS["protect_blueprint"][0] else office)
    bound.bind()
    unbound = Site(jwt, office)
    register(jwt, office)

    assert heard(unbound) == (True, True)
    assert bound.get("/office/").status_code == 404 or heard(bound) == (False, False)


def test_a_blueprint_of_a_bound_application_gets_no_more_levels(
    jwt: Any, office: Blueprint
) -> None:
    bound, other = Site(jwt, office), Site(jwt, office)
    bound.bind()
    with pytest.raises(SetupError, match=r"protect_blueprint\(office\) comes too late for site"):
        jwt.protect_blueprint(office, HasRole("admin"))

    assert other.get("/office/").status_code == 200


def test_a_nested_blueprint_of_a_bound_application_gets_no_more_levels(
    jwt: Any, office: Blueprint
) -> None:
    house = Blueprint("house", "house", url_prefix="/house")
    house.register_blueprint(office)
    site = Site(jwt, house)
    site.bind()
    with pytest.raises(SetupError, match="too late"):
        jwt.protect_blueprint(office, HasRole("admin"))

    assert site.get("/house/office/").status_code == 200


def test_a_level_that_a_blueprint_has_already_may_be_said_again(
    jwt: Any, office: Blueprint
) -> None:
    """A factory of applications says it for each of them."""
    bound = Site(jwt, office)
    bound.bind()
    jwt.protect_blueprint(office, Access())

    assert bound.get("/office/").status_code == 200
    assert Site(jwt, office).get("/office/").status_code == 200


def test_a_factory_registers_again_for_each_application(jwt: Any) -> None:
    def make(name: str) -> Site:
        site = Site(jwt)
        jwt.user_loader(lambda token: name)
        jwt.extra_claims(lambda user, kind: {"by": name})
        jwt.claims_for(Person)(type("PersonClaims", (PersonClaims,), {}))
        site.bind()
        return site

    sites = [make("one"), make("two")]
    pairs = [site.login(Person("ada")) for site in sites]
    answers = [site.get("/", pair.access_token).text for site, pair in zip(sites, pairs, strict=1)]
    said = [s.verb("verify", p.access_token).claims["by"] for s, p in zip(sites, pairs, strict=1)]
    assert answers == said == ["one", "two"]


@pytest.mark.parametrize("verb", ["user_loader", "extra_claims", "extra_headers"])
def test_a_second_hook_for_an_application_that_is_not_bound_is_a_mistake(
    verb: str, jwt: Any
) -> None:
    bound, unbound = Site(jwt), Site(jwt)
    bound.bind()
    getattr(jwt, verb)(lambda *_: {})
    with pytest.raises(SetupError, match=f"there is a {verb} already"):
        getattr(jwt, verb)(lambda *_: {})

    assert not unbound.app.extensions["jwtpolicy"].is_bound


def test_a_second_schema_for_an_application_that_is_not_bound_is_a_mistake(jwt: Any) -> None:
    bound, unbound = Site(jwt), Site(jwt)
    bound.bind()
    jwt.claims_for(Person)(PersonClaims)

    with pytest.raises(SchemaError, match="already"):
        jwt.claims_for(Person)(type("Others", (PersonClaims,), {}))
    assert knows_persons(unbound) == (True, True)


def test_the_same_check_is_asked_once(jwt: Any) -> None:
    asked: list[str] = []

    def check(token: Any) -> bool:
        asked.append(token.subject)
        return False

    sites = [Site(jwt), Site(jwt)]
    for site in sites:
        jwt.revocation_check(check)
        site.bind()

    assert sites[1].get("/").status_code == 200
    assert asked == ["ada"]


class Checker:
    """What keeps the revocations of one tenant."""

    def check(self, token: Any) -> bool:
        asked = getattr(self, "asked", 0)
        self.asked = asked + 1
        return False


def test_the_same_method_is_asked_once(jwt: Any) -> None:
    checker, site = Checker(), Site(jwt)
    for _ in range(2):
        jwt.revocation_check(checker.check)

    assert site.get("/").status_code == 200
    assert checker.asked == 1


@dataclass(frozen=True)
class TenantCheck:
    """Equals every other of its class, by what its author has written."""

    denied: str = field(compare=False)

    def __call__(self, token: Any) -> bool:
        return bool(token.subject == self.denied)


@pytest.mark.parametrize("order", [("ada", "bob"), ("bob", "ada")])
def test_a_check_that_calls_itself_equal_to_another_is_asked(jwt: Any, order: Any) -> None:
    site = Site(jwt)
    for denied in order:
        jwt.revocation_check(TenantCheck(denied))

    assert [site.get("/", site.login(who).access_token).status_code for who in order] == [401, 401]
    assert site.get("/", site.login("eve").access_token).status_code == 200


@dataclass(frozen=True)
class TenantPolicy(Policy):
    """Equals every other of its class, by what its author has written."""

    subject: str = field(compare=False)

    def decide(self, access: Any) -> Any:
        return access.token.subject != self.subject


@pytest.mark.parametrize("order", [("ada", "bob"), ("bob", "ada")])
def test_a_level_that_calls_itself_equal_to_another_is_asked(
    jwt: Any, office: Blueprint, order: Any
) -> None:
    for denied in order:
        jwt.protect_blueprint(office, TenantPolicy(denied))
    site = Site(jwt, office)

    def status(who: str) -> int:
        return int(site.get("/office/", site.login(who).access_token).status_code)

    assert [status(who) for who in (*order, "eve")] == [403, 403, 200]


def test_verbs_before_the_binding_use_what_is_registered_then_and_bind_nothing(jwt: Any) -> None:
    site = Site(jwt)
    early = site.login()
    with site.app.test_request_context():
        jwt.sessions("ada")
        jwt.revoke_session("none")
        jwt.explain(NotRevoked(), early.access_token)
        jwt.logout()
        assert not current_token
        assert jwt.current_transport is None
        with pytest.raises(NoTokenError):
            _ = jwt.current_user
    jwt.revocation_check(lambda token: token.subject == "ada")

    assert not site.verb("explain", NotRevoked(), early.access_token)
    assert refuses_ada(site) == (True, True)


def test_a_binding_that_fails_leaves_the_application_open_for_what_mends_it(jwt: Any) -> None:
    site = Site(jwt)
    site.app.config["JWT_REALM"] = "later"
    with pytest.raises(SetupError, match="JWT_REALM"):
        site.client.get("/")
    jwt.revocation_check(lambda token: True)
    del site.app.config["JWT_REALM"]

    assert refuses_ada(site) == (True, True)


def test_guards_and_verbs_of_a_bound_application_share_one_object(jwt: Any) -> None:
    site = Site(jwt)
    site.bind()
    application = site.app.extensions["jwtpolicy"]

    assert application.components is application.components
    assert application.components.services is application.enforcement.services


class Meanwhile(Policy):
    """While plans are made of it, these threads run."""

    def __init__(self, threads: list[Thread]) -> None:
        self.threads = threads

    def compile(self, builder: Any, is_negated: bool) -> Any:
        for thread in self.threads:
            if thread.ident is None:
                thread.start()
                thread.join(0.1)
        return Access().compile(builder, is_negated)


def test_what_another_thread_registers_while_an_application_is_bound_is_an_error(jwt: Any) -> None:
    site, raised = Site(jwt), []

    def register() -> None:
        try:
            jwt.revocation_check(lambda token: True)
        except SetupError as error:
            raised.append(error)

    threads: list[Thread] = []
    site.app.get("/slow", endpoint="slow")(protect(Meanwhile(threads))(lambda: "in"))
    threads.append(Thread(target=register))
    site.bind()
    threads[0].join()

    assert len(raised) == 1
    assert site.get("/").status_code == 200


def test_what_another_extension_leaves_too_late_is_an_error_there(jwt: Any) -> None:
    site = Site(jwt)
    site.bind()

    with pytest.raises(AttributeError, match="append"):
        site.app.extensions.setdefault(REVOCATION_CHECKS, []).append(lambda token: True)


def test_a_manager_does_not_keep_the_applications_of_a_test_suite(jwt: Any) -> None:
    site = Site(jwt)
    site.bind()
    gone = ref(site.app)
    del site
    gc.collect()

    assert gone() is None
    jwt.revocation_check(lambda token: True)


#: Whose tokens a check calls revoked, when it is registered; None binds the application.
moments = st.lists(st.sampled_from(["ada", "bob", "eve", None, None]), max_size=6)


@settings(deadline=None, max_examples=60)
@given(moments=moments)
def test_guards_refresh_introspection_and_explain_agree_on_every_token(
    moments: list[str | None],
) -> None:
    """REV-1: whenever a check was registered, all have heard of it or nobody has."""
    jwt: JWTManager[Any] = JWTManager()
    site = Site(jwt)
    pairs = {name: site.login(name) for name in ("ada", "bob", "eve")}
    for name in moments:
        if name is None:
            site.bind()
            continue
        try:
            jwt.revocation_check(lambda token, name=name: token.subject == name)
        except SetupError:
            assert site.app.extensions["jwtpolicy"].is_bound

    for pair in pairs.values():
        said = {site.get("/", pair.access_token).status_code == 200}
        said.add(bool(site.verb("explain", NotRevoked(), pair.access_token)))
        form = {"token": pair.access_token}
        said.add(site.client.post("/introspect", data=form, auth=CLIENT).json["active"])
        answer = site.client.post("/refresh", headers=bearer(pair.refresh_token))
        said.add(answer.status_code == 200)
        assert len(said) == 1
