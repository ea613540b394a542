"""Where a request's identity lives, and where it does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask, render_template_string, request
from flask.testing import FlaskClient
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from jwtpolicy import (
    AccessRequest,
    Fresh,
    HasRole,
    HasScope,
    IsSubject,
    JWTManager,
    NotRevoked,
    Owns,
    Refresh,
    current_resource,
    current_token,
    current_user,
    policy,
    protect,
)
from jwtpolicy.exceptions import (
    ConfigurationError,
    ResourceNotFoundError,
    SetupError,
    StoreUnavailableError,
)
from jwtpolicy.policy.request import PolicySettings
from jwtpolicy.stores import MemoryStore, TokenRef, TokenStatus
from tests.support.applications import SECRET
from tests.support.requests import bearer


@policy
def from_office(access: AccessRequest) -> bool:
    return str(access.remote_addr).startswith("10.")


@policy
def by_cookie(access: AccessRequest) -> bool:
    return access.transport == "cookies"


@pytest.fixture
def site(app: Flask) -> FlaskClient:
    @app.get("/in")
    @protect()
    def guarded() -> str:
        return current_token.subject

    @app.get("/out")
    def unguarded() -> str:
        return f"{bool(current_token)}{bool(current_user)}{bool(current_resource)}"

    return app.test_client()


def test_a_pushed_context_does_not_carry_an_identity_over(app: Any, site: Any, access: Any) -> None:
    """HTTP-10, S7."""
    headers = access()
    with app.app_context():
        assert site.get("/in", headers=headers).text == "u1"
        assert site.get("/out", headers=headers).text == "FalseFalseFalse"
        assert site.get("/in").status_code == 401


def test_two_requests_of_one_context_are_two_users(app: Any, site: Any, access: Any) -> None:
    """HTTP-10."""
    first, second = access("u1"), access("u2")
    with app.app_context():
        found = [site.get("/in", headers=headers).text for headers in (first, second, first)]

    assert found == ["u1", "u2", "u1"]


def test_a_nested_request_with_the_same_environ_is_judged_anew(
    app: Any, site: Any, access: Any
) -> None:
    headers = access()
    outer: dict[str, Any] = {}

    @app.get("/outer")
    @protect()
    def view() -> str:
        environ = request.environ
        environ["HTTP_AUTHORIZATION"] = outer["inner"]
        with app.request_context(environ):
            app.preprocess_request()
            return str(
                app.view_functions["view"] and current_token.subject if current_token else ""
            )

    outer["inner"] = access("u2")["Authorization"]
    assert site.get("/outer", headers=headers).text == ""


def test_applications_behind_one_dispatcher_do_not_share_identities(
    app: Any, site: Any, access: Any
) -> None:
    """HTTP-10."""
    other = Flask("other")
    other.config.update(TESTING=True, JWT_SECRET_KEY=SECRET[::-1])
    JWTManager(other)

    @other.get("/in")
    @protect()
    def view() -> str:
        return current_token.subject

    both = Client(DispatcherMiddleware(app.wsgi_app, {"/other": other.wsgi_app}))
    assert both.get("/in", headers=access()).text == "u1"
    assert both.get("/other/in", headers=access()).status_code == 401


def test_one_manager_serves_two_applications_with_their_own_settings(clock: Any) -> None:
    manager: JWTManager[Any] = JWTManager(clock=clock)
    apps = []
    for secret in (SECRET, SECRET[::-1]):
        app = Flask("one")
        app.config.update(TESTING=True, JWT_SECRET_KEY=secret)
        manager.init_app(app)
        app.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="view")
        apps.append(app)
    with apps[0].app_context():
        headers = bearer(manager.issue("u1"))

    assert [app.test_client().get("/", headers=headers).status_code for app in apps] == [200, 401]


def test_two_managers_of_one_application_are_an_error(app: Any) -> None:
    with pytest.raises(SetupError, match="already"):
        JWTManager(app)


def test_a_setting_that_changes_after_the_start_is_an_error(app: Any, site: Any) -> None:
    app.config["JWT_REALM"] = "later"

    with pytest.raises(ConfigurationError, match="JWT_REALM"):
        site.get("/out")


def test_a_guard_without_a_manager_says_so() -> None:
    app = Flask("bare")
    app.testing = True
    app.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="view")

    with pytest.raises(SetupError, match="no JWTManager"):
        app.test_client().get("/")


def test_without_a_request_the_proxies_are_false_and_say_why() -> None:
    assert not current_token
    with pytest.raises(AttributeError, match="there is no request"):
        _ = current_token.subject
    with pytest.raises(AttributeError, match="there is no request"):
        _ = current_resource.name


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(lambda app: Flask("bare").test_request_context(), "JWTManager", id="bare"),
        pytest.param(lambda app: app.test_request_context(), "no guard", id="unguarded"),
    ],
)
def test_in_a_request_without_a_token_the_proxies_say_why(app: Any, make: Any, why: str) -> None:
    with make(app):
        assert not current_user
        assert why in repr(current_user)
        with pytest.raises(AttributeError, match=why):
            _ = current_user.name


def test_a_template_outside_of_guards_renders_the_proxies_as_nothing(app: Any) -> None:
    """C9."""

    @app.get("/page")
    def page() -> str:
        return render_template_string(
            "[{{ user.name }}{{ user }}{{ token.subject }}]",
            user=current_user,
            token=current_token,
        )

    assert app.test_client().get("/page").text == "[]"


def test_an_anonymous_request_says_that_it_has_no_token(app: Any, client: Any) -> None:
    from jwtpolicy import OptionalToken

    @app.get("/maybe")
    @protect(OptionalToken())
    def maybe() -> str:
        return repr(current_token._get_current_object())  # type: ignore[attr-defined]

    assert "without a token" in client.get("/maybe").text


def test_a_token_is_read_only_all_the_way_down(app: Any, jwt: Any) -> None:
    with app.app_context():
        token = jwt.verify(jwt.issue("u1", claims={"a": {"b": [1]}}))

    for change in (
        lambda: setattr(token, "issuer", "x"),
        lambda: delattr(token, "issuer"),
        lambda: setattr(token.claims, "x", 1),
        lambda: token.claims["a"].__setitem__("b", 2),
        lambda: token.claims["a"]["b"].append(2),
    ):
        with pytest.raises((AttributeError, TypeError)):
            change()
    assert token.claims["a"]["b"] == (1,)


def test_the_user_of_the_manager_is_the_current_one(app: Any, jwt: Any, access: Any) -> None:
    @app.get("/me")
    @protect()
    def me() -> str:
        return f"{jwt.current_user} {current_user}"

    assert app.test_client().get("/me", headers=access()).text == "u1 u1"


def test_explaining_judges_the_current_token(app: Any, jwt: Any, access: Any) -> None:
    @app.get("/why")
    @protect()
    def why() -> str:
        return jwt.explain(HasRole("admin")).explain()

    text = app.test_client().get("/why", headers=access(claims={"roles": []})).text
    assert text == "FORBIDDEN: HasRole('admin')  (role admin is not held; the token has none)"


def test_explaining_takes_a_token_and_a_request(app: Any, jwt: Any) -> None:
    with app.app_context():
        encoded = jwt.issue("7")
        policy = IsSubject("user") & NotRevoked()

        assert jwt.explain(policy, encoded, view_args={"user": 7})
        assert not jwt.explain(policy, jwt.verify(encoded), view_args={"user": 8})
        assert not jwt.explain(policy)


#: How a request can be described, what is asked about it, and the outcome.
DESCRIBED: list[Any] = [
    pytest.param({}, Owns("owner"), "ERROR", id="no object"),
    pytest.param({"resource": SimpleNamespace(owner="7")}, Owns("owner"), "ALLOW", id="own"),
    pytest.param({"resource": SimpleNamespace(owner="8")}, Owns("owner"), "FORBIDDEN", id="other"),
    pytest.param({"resource": None}, Owns("owner"), "NOT_FOUND", id="nothing"),
    pytest.param({"resource": None}, ~Owns("owner"), "NOT_FOUND", id="nothing, negated"),
    pytest.param({"resource": None}, HasScope("a"), "INSUFFICIENT_SCOPE", id="not about it"),
    pytest.param({"resource": None}, Owns("owner") | NotRevoked(), "ALLOW", id="or allowed"),
    pytest.param({"view_args": {"user": 7}}, IsSubject("user"), "ALLOW", id="view_args"),
    pytest.param({"remote_addr": "10.0.0.1"}, from_office, "ALLOW", id="remote_addr"),
    pytest.param({"remote_addr": "11.0.0.1"}, from_office, "FORBIDDEN", id="from elsewhere"),
    pytest.param({"transport": "cookies"}, by_cookie, "ALLOW", id="transport"),
    pytest.param({"transport": "headers"}, by_cookie, "FORBIDDEN", id="by header"),
]


@pytest.mark.parametrize("is_made", [False, True], ids=["keywords", "AccessRequest"])
@pytest.mark.parametrize(("described", "asked", "outcome"), DESCRIBED)
def test_a_described_request_is_explained(
    app: Any, jwt: Any, described: Any, asked: Any, outcome: str, is_made: bool
) -> None:
    with app.app_context():
        token = jwt.verify(jwt.issue("7"))
        if is_made:
            decision = jwt.explain(asked, AccessRequest(token=token, **described))
        else:
            decision = jwt.explain(asked, token, **described)

    assert decision.outcome.name == outcome


def test_explaining_without_a_token_is_not_about_the_current_one(
    app: Any, jwt: Any, access: Any
) -> None:
    """None is what a request has that came without one, not what was left out."""

    @app.get("/")
    @protect()
    def view() -> list[str]:
        policy = NotRevoked()
        requests = [(), (None,), (AccessRequest(),)]
        return [jwt.explain(policy, *given).outcome.name for given in requests]

    found = app.test_client().get("/", headers=access()).json
    assert found == ["ALLOW", "NO_TOKEN", "NO_TOKEN"]


def test_what_nothing_is_found_for_explains_itself(app: Any, jwt: Any) -> None:
    with app.app_context():
        decision = jwt.explain(Owns("owner") | HasScope("a"), jwt.issue("7"), resource=None)

    assert isinstance(decision.error, ResourceNotFoundError)
    assert decision.explain().splitlines() == [
        "NOT_FOUND: Owns('owner') | HasScope('a')  (there is no such resource)",
        "> PENDING: Owns('owner')  (waits for the resource)",
        "  INSUFFICIENT_SCOPE: HasScope('a')  (scope a is not held; the token has none)",
    ]


def test_explaining_leaves_a_request_as_it_was_made(app: Any, jwt: Any, clock: Any) -> None:
    """The application's clock counts, unless the request has terms of its own."""
    with app.app_context():
        token = jwt.verify(jwt.issue("7", fresh=True))
        made = AccessRequest(token=token, resource=None)
        kept = AccessRequest(token=token, terms=PolicySettings(clock=lambda: clock.now + 600))
        decisions = [jwt.explain(Fresh(within=300), request) for request in (made, kept)]

    assert [decision.outcome.name for decision in decisions] == ["ALLOW", "STEP_UP"]
    assert made.resource is None
    with pytest.raises(LookupError):
        _ = made.services


def test_a_policy_can_ask_for_an_explanation(app: Any, jwt: Any, access: Any) -> None:
    @policy
    def explained(access: Any) -> bool:
        return bool(jwt.explain(IsSubject("user"), access))

    app.add_url_rule("/<user>", view_func=protect(explained)(lambda user: user), endpoint="view")
    client = app.test_client()

    assert client.get("/u1", headers=access()).text == "u1"
    assert client.get("/u2", headers=access()).status_code == 403


def test_a_request_is_not_described_twice(app: Any, jwt: Any) -> None:
    with app.app_context(), pytest.raises(TypeError, match="has its own; leave out method"):
        jwt.explain(NotRevoked(), AccessRequest(), method="POST")


def test_a_user_loader_that_is_none_is_a_mistake(jwt: Any) -> None:
    """Taken for no argument it would register nothing, and nobody would be shut out."""
    with pytest.raises(SetupError, match="takes a function, not None"):
        jwt.user_loader(None)


class TimedStore(MemoryStore):
    """A store that remembers the times at which it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[int] = []

    def standing(self, ref: TokenRef, *, now: int, leeway: float = 0) -> TokenStatus:
        self.times.append(now)
        return super().standing(ref, now=now, leeway=leeway)


def test_a_stream_that_asks_for_the_first_time_asks_by_the_time_of_then(
    make_app: Any, clock: Any
) -> None:
    """The time of the guard is good for the guard's own question, and no longer."""
    store = TimedStore()
    app, jwt = make_app({"store": store, "baseline": None})

    @app.get("/stream")
    @protect()
    def stream() -> str:
        clock.advance(100)
        jwt.enforce(NotRevoked())
        return "on"

    with app.app_context():
        token = jwt.login("ada").access_token
    began = int(clock.now)

    assert app.test_client().get("/stream", headers=bearer(token)).text == "on"
    assert store.times == [began + 100]


def test_a_policy_that_takes_its_time_prolongs_no_grace(make_app: Any, clock: Any) -> None:
    """REF-4."""
    app, jwt = make_app(refresh_grace=10)

    @policy
    def slow(_: Any) -> bool:
        clock.advance(60)
        return True

    app.add_url_rule("/out", "out", protect(Refresh() & slow)(lambda: "in"))
    with app.app_context():
        used = jwt.login("ada").refresh_token
        jwt.refresh(used)

    assert app.test_client().get("/out", headers=bearer(used)).status_code == 401


def test_a_question_about_another_token_makes_no_answer_younger(make_app: Any, clock: Any) -> None:
    """REV-1: not even one that the store could not answer."""
    store = FailingStore()
    app, jwt = make_app({"store": store})
    jwt.revocation_check(lambda token: token.token_id in revoked)
    inner, revoked = protect(transports="query_string")(lambda: "in"), set[str | None]()

    @app.get("/")
    @protect(Refresh(), transports="headers")
    def view() -> str:
        clock.advance(30)
        revoked.add(current_token.token_id)
        with pytest.raises(StoreUnavailableError):
            inner()
        return cast(str, jwt.refresh(current_token).access_token)

    with app.app_context():
        pair = jwt.login("ada")
    path, headers = f"/?jwt={pair.access_token}", bearer(pair.refresh_token)

    assert app.test_client().get(path, headers=headers).status_code == 401


class FailingStore(MemoryStore):
    """A store that cannot be asked about access tokens."""

    def standing(self, ref: TokenRef, *, now: int, leeway: float = 0) -> TokenStatus:
        if ref.kind == "access":
            raise StoreUnavailableError
        return super().standing(ref, now=now, leeway=leeway)
