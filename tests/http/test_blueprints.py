"""Blueprints, and applications that are closed by default."""

from __future__ import annotations

import functools
import re
from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from jwtpolicy import (
    Access,
    Anonymous,
    Fresh,
    HasRole,
    OptionalToken,
    Owns,
    Policy,
    ProtectedView,
    Public,
    Refresh,
    current_token,
    protect,
    public,
)
from jwtpolicy.exceptions import PolicyDefinitionError, SetupError
from jwtpolicy.testing import anonymous, assert_policy
from tests.support.applications import MakeApp

ADMIN = {"claims": {"roles": ["admin"]}}


@pytest.fixture
def office() -> Blueprint:
    blueprint = Blueprint("office", __name__, url_prefix="/office")

    @blueprint.get("/plain")
    def plain() -> str:
        return current_token.subject

    @blueprint.get("/fresh")
    @protect(Fresh())
    def fresh() -> str:
        return "fresh"

    @blueprint.get("/open")
    @public
    def opened() -> str:
        return "open"

    return blueprint


def test_a_blueprint_guards_endpoints_without_a_guard(
    app: Any, jwt: Any, client: Any, access: Any, office: Blueprint
) -> None:
    jwt.protect_blueprint(office, HasRole("admin"))
    app.register_blueprint(office)

    assert client.get("/office/plain").status_code == 401
    assert client.get("/office/plain", headers=access(claims={"roles": []})).status_code == 403
    assert client.get("/office/plain", headers=access(**ADMIN)).text == "u1"


def test_a_blueprint_is_one_more_level_of_a_guard(
    app: Any, jwt: Any, client: Any, access: Any, office: Blueprint
) -> None:
    jwt.protect_blueprint(office, HasRole("admin"))
    app.register_blueprint(office)

    not_admin = access(claims={"roles": []}, fresh=True)
    assert client.get("/office/fresh", headers=access(**ADMIN)).status_code == 401
    assert client.get("/office/fresh", headers=not_admin).status_code == 403
    assert client.get("/office/fresh", headers=access(**ADMIN, fresh=True)).status_code == 200


def test_without_policies_a_blueprint_asks_for_an_access_token(
    app: Any, jwt: Any, client: Any, access: Any, office: Blueprint
) -> None:
    jwt.protect_blueprint(office)
    app.register_blueprint(office)

    assert client.get("/office/plain").status_code == 401
    assert client.get("/office/plain", headers=access()).status_code == 200


def test_public_lifts_the_blueprint(app: Any, jwt: Any, client: Any, office: Blueprint) -> None:
    jwt.protect_blueprint(office)
    app.register_blueprint(office)

    rubbish = {"Authorization": "Bearer rubbish"}
    assert client.get("/office/open", headers=rubbish).text == "open"
    assert client.get("/office/plain", headers=rubbish).status_code == 401


def test_a_blueprint_guards_nested_ones(
    app: Any, jwt: Any, client: Any, access: Any, office: Blueprint
) -> None:
    company = Blueprint("company", __name__, url_prefix="/company")
    jwt.protect_blueprint(company, HasRole("admin"))
    jwt.protect_blueprint(office, Fresh())
    company.register_blueprint(office)
    app.register_blueprint(company)

    assert client.get("/company/office/plain", headers=access(**ADMIN)).status_code == 401
    both = access(**ADMIN, fresh=True)
    assert client.get("/company/office/plain", headers=both).status_code == 200


def test_a_blueprint_does_not_replace_the_level_of_a_view(
    app: Any, jwt: Any, client: Any, access: Any
) -> None:
    shop = Blueprint("shop", __name__)
    jwt.protect_blueprint(shop, OptionalToken())
    shop.add_url_rule("/closed", "closed", protect(lambda: "in"))
    shop.add_url_rule("/open", "open", protect(OptionalToken())(lambda: "in"))
    app.register_blueprint(shop)

    assert [client.get(path).status_code for path in ("/closed", "/open")] == [401, 200]
    assert client.get("/closed", headers=access()).status_code == 200


class WithoutLevels(ProtectedView):
    """A class that leaves its level to the blueprint, which none can."""

    def get(self) -> str:
        return "in"


class WithOneLevel(ProtectedView):
    """A class with a level for another method."""

    method_policies: ClassVar[Any] = {"POST": OptionalToken()}

    def get(self) -> str:
        return "in"

    def post(self) -> str:
        return "in"


@pytest.mark.parametrize(
    ("level", "printed"),
    [
        pytest.param(OptionalToken(), "@protect(OptionalToken())", id="optional"),
        pytest.param(Anonymous() | Access(), "@protect(Anonymous() | Access())", id="spelt out"),
        pytest.param(OptionalToken(ignore_invalid=True), "ignore_invalid=True", id="ignoring"),
    ],
)
@pytest.mark.parametrize(
    "view",
    [
        pytest.param(lambda: "in", id="a function"),
        pytest.param(WithoutLevels.as_view("view"), id="a class"),
        pytest.param(WithOneLevel.as_view("view"), id="another method"),
    ],
)
def test_a_blueprint_that_opens_a_view_in_vain_is_a_mistake(
    app: Any, jwt: Any, client: Any, view: Any, level: Policy, printed: str
) -> None:
    """K36: it was 401 for everybody without a token."""
    shop = Blueprint("shop", __name__)
    jwt.protect_blueprint(shop, level)
    shop.add_url_rule("/it", "it", view)
    app.register_blueprint(shop)

    with pytest.raises(PolicyDefinitionError, match=re.escape(printed)):
        client.get("/elsewhere")


def test_what_the_message_names_opens_a_class(app: Any, jwt: Any, client: Any) -> None:
    class Named(WithoutLevels):
        policies = OptionalToken()

    shop = Blueprint("shop", __name__)
    jwt.protect_blueprint(shop, OptionalToken())
    shop.add_url_rule("/it", view_func=Named.as_view("it"))
    app.register_blueprint(shop)

    assert client.get("/it").status_code == 200


def test_a_blueprint_that_demands_a_token_guards_a_view_without_a_level(
    app: Any, jwt: Any, client: Any, access: Any
) -> None:
    shop = Blueprint("shop", __name__)
    jwt.protect_blueprint(shop, ~Anonymous(ignore_invalid=True))
    shop.get("/it")(lambda: "in")
    app.register_blueprint(shop)

    assert client.get("/it").status_code == 401
    assert client.get("/it", headers=access()).status_code == 200


@pytest.mark.parametrize("levels", [(OptionalToken(), Access()), (Access(), OptionalToken())])
def test_where_another_blueprint_demands_a_token_nothing_is_open_in_vain(
    app: Any, jwt: Any, client: Any, access: Any, levels: tuple[Policy, Policy]
) -> None:
    """K36: such as the pages of an office within an open shop."""
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    jwt.protect_blueprint(outer, levels[0])
    jwt.protect_blueprint(inner, levels[1])
    inner.get("/it")(lambda: "in")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)

    assert client.get("/it").status_code == 401
    assert client.get("/it", headers=access()).status_code == 200


def test_static_files_in_an_optional_blueprint_are_such_a_view(
    app: Any, jwt: Any, client: Any, tmp_path: Any
) -> None:
    shop = Blueprint("shop", __name__, static_folder=tmp_path, url_prefix="/shop")
    jwt.protect_blueprint(shop, OptionalToken())
    app.register_blueprint(shop)

    with pytest.raises(PolicyDefinitionError, match=r"shop.static.* a blueprint of their own"):
        client.get("/elsewhere")


def test_automatic_options_of_a_blueprint_is_free(
    app: Any, jwt: Any, client: Any, office: Blueprint
) -> None:
    """HTTP-8."""
    jwt.protect_blueprint(office)
    app.register_blueprint(office)

    assert client.options("/office/plain").status_code == 200
    assert client.get("/office/plain").status_code == 401


@pytest.mark.parametrize(
    "policies",
    [
        pytest.param([Public()], id="public"),
        pytest.param([Fresh], id="a class"),
        pytest.param([lambda access: True], id="a function"),
    ],
)
def test_a_mistake_at_a_blueprint_fails_at_once(jwt: Any, office: Blueprint, policies: Any) -> None:
    with pytest.raises(PolicyDefinitionError):
        jwt.protect_blueprint(office, *policies)


@pytest.mark.parametrize(
    ("level", "why"),
    [
        pytest.param(Refresh(), "no token can pass", id="cannot meet"),
        pytest.param(Owns("owner"), "needs a resource", id="a resource nobody loads"),
    ],
)
def test_what_cannot_work_is_raised_on_every_request(
    app: Any, jwt: Any, client: Any, office: Blueprint, level: Any, why: str
) -> None:
    jwt.protect_blueprint(office, level)
    app.register_blueprint(office)

    for _ in range(2):
        with pytest.raises(PolicyDefinitionError, match=why):
            client.get("/office/open")


def test_an_application_without_a_manager_guards_nothing_silently(jwt: Any, office: Any) -> None:
    jwt.protect_blueprint(office)
    bare = Flask("bare")
    bare.testing = True
    bare.register_blueprint(office)

    with pytest.raises(SetupError, match="no JWTManager"):
        bare.test_client().get("/office/plain")


def test_nor_does_one_of_another_manager(jwt: Any, make_app: Any, office: Any) -> None:
    jwt.protect_blueprint(office)
    other, _ = make_app()
    other.register_blueprint(office)

    with pytest.raises(SetupError, match="office is protected by another JWTManager"):
        other.test_client().get("/office/plain")


def bound_by_a_dry_run(app: Flask) -> None:
    """Bind *app* while Flask still lets blueprints be registered: it has had no request."""
    assert_policy(app, "GET", "/nowhere", {anonymous: 404})


def test_a_blueprint_that_comes_after_the_binding_has_its_levels(
    app: Any, jwt: Any, client: Any, access: Any, office: Blueprint
) -> None:
    jwt.protect_blueprint(office)
    bound_by_a_dry_run(app)
    jwt.protect_blueprint(office, HasRole("admin"))
    app.register_blueprint(office)

    for path in ("/office/plain", "/office/fresh"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=access(claims={"roles": []})).status_code in (401, 403)
    assert client.get("/office/plain", headers=access(**ADMIN)).text == "u1"


def test_one_of_another_manager_that_comes_after_the_binding_is_an_error(
    jwt: Any, make_app: Any, office: Any
) -> None:
    jwt.protect_blueprint(office)
    other, _ = make_app()
    bound_by_a_dry_run(other)
    other.register_blueprint(office)

    with pytest.raises(SetupError, match="office is protected by another JWTManager"):
        other.test_client().get("/office/plain")


def test_two_managers_may_protect_one_blueprint(
    app: Any, jwt: Any, make_app: Any, office: Any
) -> None:
    other, others = make_app()
    for manager in (jwt, others):
        manager.protect_blueprint(office)
    for one in (app, other):
        one.register_blueprint(office)

        assert one.test_client().get("/office/plain").status_code == 401


@pytest.fixture
def closed(make_app: MakeApp) -> FlaskClient:
    """Return a client of an application that is closed by default."""
    app, _ = make_app(default_deny=True, public_endpoints=["static", "health*"])

    @app.get("/forgotten")
    def forgotten() -> str:
        return "leak"

    @app.get("/health")
    def health() -> str:
        return "well"

    @app.get("/guarded")
    @protect()
    def guarded() -> str:
        return "in"

    @app.get("/open")
    @public
    def opened() -> str:
        return "open"

    def unguarding(view: Any) -> Any:
        @functools.wraps(view)
        def outer() -> str:
            return "leak"

        return outer

    @app.get("/bypassed")
    @unguarding
    @protect()
    def bypassed() -> str:
        return "in"

    return app.test_client()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/forgotten", 403, id="without a guard"),
        pytest.param("/health", 200, id="matched by a pattern"),
        pytest.param("/open", 200, id="public"),
        pytest.param("/guarded", 401, id="guarded, without a token"),
        pytest.param("/nowhere", 404, id="not found"),
        pytest.param("/bypassed", 401, id="its guard is never called"),
    ],
)
def test_a_closed_application_answers(closed: Any, path: str, status: int) -> None:
    assert closed.get(path).status_code == status


def test_a_closed_application_lets_a_token_in(closed: Any, access: Any) -> None:
    assert closed.get("/guarded", headers=access()).text == "in"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("post", "/guarded", 405, id="another method"),
        pytest.param("options", "/forgotten", 200, id="automatic options"),
        pytest.param("options", "/guarded", 200, id="automatic options of a guarded one"),
    ],
)
def test_a_closed_application_leaves_the_protocol_alone(
    closed: Any, method: str, path: str, status: int
) -> None:
    assert getattr(closed, method)(path).status_code == status


def test_a_closed_application_counts_a_blueprint_as_a_guard(make_app: Any, office: Any) -> None:
    app, jwt = make_app(default_deny=True)
    jwt.protect_blueprint(office, Access())
    app.register_blueprint(office)

    assert app.test_client().get("/office/plain").status_code == 401
