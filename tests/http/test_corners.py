"""What happens seldom, and must still be right."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask

from jwtpolicy import (
    AccessRequest,
    HasRole,
    JWTManager,
    NotRevoked,
    Policy,
    ProtectedView,
    Public,
    Refresh,
    SingleUse,
    current_token,
    policy,
    protect,
    public,
)
from jwtpolicy.exceptions import (
    ConfigurationError,
    PolicyDefinitionError,
    RevokedTokenError,
    StoreNotConfiguredError,
)
from jwtpolicy.sessions.revocation import ref_of
from jwtpolicy.tokens.status import TokenStatus
from jwtpolicy.tokens.token import _verified
from tests.support.applications import SECRET
from tests.support.forgeries import signed
from tests.support.keys import EC_KEY, MATERIALS, PUBLIC_PEM, RSA_KEY, pem
from tests.support.requests import bearer


def test_an_application_knows_the_plan_of_an_endpoint(app: Any) -> None:
    app.add_url_rule("/", view_func=protect(HasRole("a"))(lambda: "in"), endpoint="view")
    app.add_url_rule("/open", view_func=lambda: "open", endpoint="open")
    extension = app.extensions["jwtpolicy"]

    assert "HasRole('a')" in repr(extension.plan("view", "GET").closed.policy)
    assert extension.plan("open", "GET") is None


def test_a_public_method_of_a_class_beside_a_guard_is_a_mistake(app: Any) -> None:
    class Open(ProtectedView):
        policies = Public()

        @protect(HasRole("a"))
        def get(self) -> str:
            return "in"

    app.add_url_rule("/", view_func=Open.as_view("view"))
    with pytest.raises(PolicyDefinitionError, match="public and guarded"):
        app.test_client().get("/")


def test_a_public_async_view_is_open(app: Any, access: Any) -> None:
    class Open(ProtectedView):
        policies = Public()

        async def get(self) -> str:
            return "open"

    app.add_url_rule("/", view_func=Open.as_view("view"))
    assert app.test_client().get("/").text == "open"


def test_a_stacked_async_guard_decides_once(app: Any, access: Any) -> None:
    asked: list[int] = []

    @policy
    async def counts(access: Any) -> bool:
        asked.append(1)
        return True

    @app.get("/")
    @protect(counts)
    @protect()
    async def view() -> str:
        return "in"

    assert app.test_client().get("/", headers=access()).text == "in"
    assert asked == [1]


def test_a_lost_race_for_a_single_use_token_is_refused(
    app: Any, jwt: Any, access: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = app.extensions["jwtpolicy"].parts.store
    app.add_url_rule("/", view_func=protect(SingleUse())(lambda: "in"), endpoint="view")
    client, headers = app.test_client(), access()
    # The other request comes between the look and the taking, as it may on real threads.
    real = store.consume

    def overtaken(*args: Any, **kwargs: Any) -> bool:
        real(*args, **kwargs)
        return real(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(store, "consume", overtaken)
        assert client.get("/", headers=headers).status_code == 401
    assert client.get("/", headers=access()).status_code == 200


def test_enforcing_an_async_policy_in_a_sync_view_runs_it(app: Any, jwt: Any, access: Any) -> None:
    @policy
    async def slow(access: Any) -> bool:
        return access.token.subject == "u1"

    @app.get("/")
    @protect()
    def view() -> str:
        jwt.enforce(slow)
        return "in"

    assert app.test_client().get("/", headers=access()).text == "in"
    assert app.test_client().get("/", headers=access("u2")).status_code == 403


def test_a_blueprint_can_be_guarded_twice(app: Any, jwt: Any, access: Any) -> None:
    office = Blueprint("office", __name__)
    office.add_url_rule("/", view_func=lambda: "in", endpoint="view")
    jwt.protect_blueprint(office, HasRole("a"))
    jwt.protect_blueprint(office, HasRole("b"))
    app.register_blueprint(office)

    client = app.test_client()
    assert client.get("/", headers=access(claims={"roles": ["a"]})).status_code == 403
    assert client.get("/", headers=access(claims={"roles": ["a", "b"]})).status_code == 200


def test_guards_print_what_they_guard() -> None:
    class Guarded(ProtectedView):
        def get(self) -> str:
            return "in"

    from jwtpolicy.guards.levels import ClassGuard, FunctionGuard

    assert repr(ClassGuard(Guarded, ["GET"])) == "Guarded"
    assert repr(FunctionGuard(HasRole("a"))) == "@protect(HasRole('a'))"


def test_a_service_that_only_verifies_has_no_store_by_itself() -> None:

    app = Flask("verifies")
    app.config.update(JWT_ALGORITHM="ES256", JWT_PUBLIC_KEY=PUBLIC_PEM)
    with pytest.raises(ConfigurationError, match="baseline=None"):
        JWTManager(app)

    jwt: JWTManager[Any] = JWTManager(baseline=None)
    jwt.init_app(app)
    with app.app_context(), pytest.raises(ConfigurationError, match="no key that can sign"):
        jwt.issue("u1")


def test_no_key_at_all_is_an_error_that_makes_one() -> None:
    with pytest.raises(ConfigurationError, match=r"token_urlsafe\(48\)"):
        JWTManager(Flask("bare"))


def test_a_token_that_cannot_be_looked_up_counts_as_revoked(app: Any, jwt: Any) -> None:
    """CLAIM-5."""
    token = _verified({"sub": "u1", "type": "access"}, {}, "", True, "u1")
    revocation = app.extensions["jwtpolicy"].enforcement.services.revocation

    assert revocation.standing(token) is TokenStatus.REVOKED
    with pytest.raises(RevokedTokenError):
        ref_of(token)


def test_a_user_that_the_guard_loaded_is_not_loaded_again_by_an_async_view(
    app: Any, jwt: Any, access: Any
) -> None:
    loads: list[int] = []

    @jwt.user_loader
    async def load(token: Any) -> str:
        loads.append(1)
        return "Ada"

    @app.get("/")
    @protect()
    async def view() -> str:
        from jwtpolicy import KnownUser

        await jwt.enforce_async(KnownUser())
        return "in"

    assert app.test_client().get("/", headers=access()).text == "in"
    assert loads == [1]


def test_a_policy_sees_the_endpoint_and_the_address(app: Any, access: Any) -> None:
    seen: list[Any] = []

    class Sees(Policy):
        def __init__(self) -> None:
            super().__init__()
            self.note = "mine"

        def decide(self, access: AccessRequest) -> bool:
            seen.extend([access.endpoint, access.remote_addr, dict(access.view_args)])
            return True

        async def unused(self) -> None:
            """Only `decide` counts."""

    app.add_url_rule("/<int:n>", view_func=protect(Sees())(lambda n: "in"), endpoint="view")
    app.test_client().get("/3", headers=access())

    assert seen == ["view", "127.0.0.1", {"n": 3}]


def test_an_async_policy_that_wants_a_token_is_not_asked_without(app: Any) -> None:
    @policy
    async def never(access: Any) -> bool:
        raise AssertionError

    @app.get("/")
    @protect(never)
    async def view() -> str:
        return "in"

    assert app.test_client().get("/").status_code == 401


def test_a_guarded_function_can_be_called_in_an_error_handler(app: Any, access: Any) -> None:
    @protect(HasRole("a"))
    def secret(note: str) -> str:
        return f"{note} {current_token.subject}"

    @app.errorhandler(404)
    def lost(error: Any) -> str:
        return secret("lost")

    client = app.test_client()
    assert client.get("/nowhere", headers=access(claims={"roles": ["a"]})).text == "lost u1"


def test_an_async_guarded_function_takes_positional_arguments(app: Any, access: Any) -> None:
    @protect()
    async def inner(note: str) -> str:
        return note

    @app.get("/")
    @protect()
    async def view() -> str:
        return await inner("in")

    assert app.test_client().get("/", headers=access()).text == "in"


def test_a_callable_object_can_be_a_view(app: Any, access: Any) -> None:
    class Page:
        __name__ = "page"

        def __call__(self) -> str:
            return "in"

    app.add_url_rule("/", view_func=protect()(Page()), endpoint="page")
    assert app.test_client().get("/", headers=access()).text == "in"


def test_public_can_stand_on_a_function_of_a_guarded_blueprint(app: Any, jwt: Any) -> None:
    office = Blueprint("office", __name__)
    jwt.protect_blueprint(office)
    office.add_url_rule("/", view_func=public(lambda: "open"), endpoint="view")
    app.register_blueprint(office)

    assert app.test_client().get("/").text == "open"


def test_fallback_secrets_verify_and_do_not_sign(make_app: Any) -> None:
    """KEY-1."""
    old_app, old = make_app()
    new_app, new = make_app(secret_key=SECRET[::-1], secret_key_fallbacks=[SECRET])
    other_app, other = make_app(secret_key=SECRET[::-1])
    with old_app.app_context():
        encoded = old.issue("u1")
    with new_app.app_context():
        assert new.verify(encoded).subject == "u1"
        signed = new.issue("u1")
    with other_app.app_context():
        assert other.verify(signed).subject == "u1"


def test_enforcing_revocation_without_a_store_says_what_is_missing(make_app: Any) -> None:
    app, jwt = make_app(manager={"baseline": None}, store_url="none")

    @app.get("/")
    @protect()
    def view() -> str:
        jwt.enforce(NotRevoked())
        return "in"

    with app.app_context():
        headers = bearer(jwt.issue("u1"))
    with pytest.raises(StoreNotConfiguredError, match="NotRevoked needs a token store"):
        app.test_client().get("/", headers=headers)


def test_an_async_view_refuses_a_bad_token(app: Any, access: Any) -> None:
    @app.get("/")
    @protect()
    async def view() -> str:
        return "in"

    client = app.test_client()
    assert client.get("/", headers=bearer("a.b.c")).status_code == 401
    assert client.get("/", headers=access()).status_code == 200


def test_a_kind_as_an_alternative_lets_all_of_it_in(app: Any, jwt: Any, access: Any) -> None:
    rule = Refresh() | HasRole("admin")
    app.add_url_rule("/", view_func=protect(rule)(lambda: "in"), endpoint="view")
    client = app.test_client()
    with app.app_context():
        refresh = bearer(jwt.login("u1").refresh_token)

    assert client.get("/", headers=refresh).status_code == 200
    assert client.get("/", headers=access(claims={"roles": ["admin"]})).status_code == 200
    assert client.get("/", headers=access(claims={"roles": []})).status_code == 401
    plan = app.extensions["jwtpolicy"].plan("view", "GET")
    run = plan.programs["refresh"].run(AccessRequest())
    assert "Refresh()" in plan.programs["refresh"].root.compose(run).explain()


@pytest.mark.parametrize(
    ("algorithm", "private"),
    [
        pytest.param("ES256", EC_KEY, id="ES256"),
        pytest.param("RS256", RSA_KEY, id="RS256"),
        pytest.param("PS384", RSA_KEY, id="PS384"),
        pytest.param("EdDSA", MATERIALS["EdDSA"], id="EdDSA"),
        pytest.param("ES512", MATERIALS["ES512"], id="ES512"),
    ],
)
def test_an_application_signs_with_any_algorithm(algorithm: str, private: Any) -> None:
    """ALG-1: and a token of another algorithm is refused."""
    app = Flask("asymmetric")
    app.config.update(TESTING=True, JWT_ALGORITHM=algorithm, JWT_PRIVATE_KEY=pem(private))
    jwt: JWTManager[Any] = JWTManager(app)
    app.add_url_rule("/", view_func=protect()(lambda: current_token.key_id), endpoint="view")
    with app.app_context():
        encoded = jwt.issue("u1")

    client = app.test_client()
    assert len(client.get("/", headers=bearer(encoded)).text) == 43
    assert client.get("/", headers=bearer(signed())).status_code == 401
