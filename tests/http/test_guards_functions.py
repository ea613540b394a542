"""Functions behind ``@protect`` and ``@public``."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from jwtpolicy import (
    Access,
    Fresh,
    HasRole,
    HasScope,
    OptionalToken,
    Owns,
    Public,
    Refresh,
    current_token,
    policy,
    protect,
    public,
)
from jwtpolicy.exceptions import PolicyDefinitionError

ADMIN = {"claims": {"roles": ["admin"]}}


@policy
async def is_admin(access: Any) -> bool:
    return "admin" in access.token.claims["roles"]


def test_a_bare_decorator_asks_for_an_access_token(app: Any, client: Any, access: Any) -> None:
    @app.get("/")
    @protect
    def view() -> str:
        return current_token.subject

    assert client.get("/").status_code == 401
    assert client.get("/", headers=access()).text == "u1"


def test_parentheses_without_policies_mean_the_same(app: Any, client: Any, access: Any) -> None:
    @app.get("/")
    @protect()
    def view() -> str:
        return "in"

    assert client.get("/").status_code == 401
    assert client.get("/", headers=access()).text == "in"


def test_several_policies_all_have_to_allow(app: Any, client: Any, access: Any) -> None:
    @app.get("/")
    @protect(HasRole("admin"), HasScope("a"))
    def view() -> str:
        return "in"

    assert client.get("/", headers=access(**ADMIN)).status_code == 403
    assert client.get("/", headers=access(**ADMIN, scope="a")).status_code == 200


def test_stacked_guards_are_one_decision(app: Any, client: Any, access: Any) -> None:
    @app.get("/")
    @protect(HasRole("admin"))
    @protect(Fresh())
    def view() -> str:
        return "in"

    assert client.get("/", headers=access(**ADMIN)).status_code == 401
    assert client.get("/", headers=access(**ADMIN, fresh=True)).status_code == 200


def test_stacked_guards_that_cannot_meet_fail_at_the_first_request(app: Any, client: Any) -> None:
    @app.get("/")
    @protect(Refresh())
    @protect(HasRole("admin"))
    def view() -> str:
        return "in"

    with pytest.raises(PolicyDefinitionError, match="no token can pass"):
        client.get("/")


def test_a_guard_above_its_route_is_noticed(app: Any, client: Any) -> None:
    @protect()
    @app.get("/")
    def view() -> str:
        return "open"

    with pytest.raises(PolicyDefinitionError, match="below the route"):
        client.get("/")


def test_an_outer_guard_above_the_route_is_noticed_too(app: Any, client: Any) -> None:
    @protect(HasRole("admin"))
    @app.get("/")
    @protect()
    def view() -> str:
        return "in"

    with pytest.raises(PolicyDefinitionError, match=r"its @protect\(HasRole\('admin'\)\)"):
        client.get("/")


def whoever() -> str:
    return "in"


def test_a_factory_guards_one_function_for_each_of_its_applications(
    make_app: Any, access: Any
) -> None:
    apps = [make_app()[0] for _ in range(2)]
    for app in apps:
        app.add_url_rule("/", "view", protect()(whoever))

    for client in [app.test_client() for app in apps]:
        assert client.get("/").status_code == 401
        assert client.get("/", headers=access()).status_code == 200


def test_one_function_has_a_policy_for_each_of_its_routes(
    app: Any, client: Any, access: Any
) -> None:
    app.add_url_rule("/fresh", "fresh", protect(Fresh())(whoever))
    app.add_url_rule("/admin", "admin", protect(HasRole("admin"))(whoever))
    app.add_url_rule("/open", "open", public(whoever))

    found = [client.get(path, headers=access(**ADMIN)) for path in ("/fresh", "/admin", "/open")]
    assert [answer.status_code for answer in found] == [401, 200, 200]


def test_a_function_that_is_guarded_elsewhere_is_not_registered_bare(app: Any, client: Any) -> None:
    app.add_url_rule("/guarded", "guarded", protect()(whoever))
    app.add_url_rule("/bare", "bare", whoever)

    with pytest.raises(PolicyDefinitionError, match=r"bare is registered .* register public\(…\)"):
        client.get("/guarded")


def test_a_decorator_above_a_guarded_function_is_not_taken_for_it(
    app: Any, client: Any, access: Any
) -> None:
    """A mark does not travel with what ``functools.wraps`` copies."""
    guarded = protect()(whoever)
    outer = functools.wraps(guarded)(lambda: "outer")
    app.add_url_rule("/", "outer", protect(HasRole("admin"))(outer))

    assert client.get("/", headers=access(claims={"roles": []})).status_code == 403
    assert client.get("/", headers=access(**ADMIN)).text == "outer"


def test_an_async_view_awaits_an_async_policy(app: Any, client: Any, access: Any) -> None:
    @app.get("/")
    @protect(is_admin)
    async def view() -> str:
        return "in"

    assert client.get("/", headers=access(claims={"roles": []})).status_code == 403
    assert client.get("/", headers=access(**ADMIN)).status_code == 200


def test_a_sync_view_runs_an_async_policy(app: Any, client: Any, access: Any) -> None:
    @app.get("/")
    @protect(is_admin)
    def view() -> str:
        return "in"

    assert client.get("/", headers=access(claims={"roles": []})).status_code == 403
    assert client.get("/", headers=access(**ADMIN)).status_code == 200


def test_a_function_that_should_be_a_policy_is_reported_when_it_is_called() -> None:
    def is_boss(access: Any) -> bool:
        return False

    with pytest.raises(PolicyDefinitionError, match="forget @policy"):

        @protect(is_boss)
        def view() -> str:
            return "in"


def test_a_guarded_function_that_is_called_from_another_view_is_guarded(
    app: Any, client: Any, access: Any
) -> None:
    @protect(HasRole("admin"))
    def inner() -> str:
        return "in"

    @app.get("/")
    @protect()
    def view() -> str:
        return inner() + inner()

    assert client.get("/", headers=access(claims={"roles": []})).status_code == 403
    assert client.get("/", headers=access(**ADMIN)).text == "inin"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: protect(Public()), id="public is not a guard"),
        pytest.param(lambda: protect([]), id="an empty list"),
        pytest.param(lambda: protect(Fresh), id="a class"),
        pytest.param(lambda: protect(Owns("owner")), id="a resource nobody loads"),
        pytest.param(lambda: protect(Fresh() & Refresh()), id="what can never pass"),
        pytest.param(lambda: protect(Access())(type("View", (), {})), id="on a class"),
        pytest.param(lambda: protect(Access())(3), id="on a number"),
        pytest.param(lambda: public(type("View", (), {})), id="public on a class"),
        pytest.param(lambda: public(protect(lambda: "")), id="public and guarded"),
        pytest.param(lambda: protect()(public(lambda: "")), id="guarded and public"),
    ],
)
def test_a_mistake_at_a_guard_fails_where_it_is_written(make: Any) -> None:
    with pytest.raises(PolicyDefinitionError):
        make()


def test_an_optional_view_lets_both_in_but_no_forgery(app: Any, client: Any, access: Any) -> None:
    @app.get("/")
    @protect(OptionalToken())
    def view() -> str:
        return current_token.subject if current_token else "nobody"

    assert client.get("/").text == "nobody"
    assert client.get("/", headers=access()).text == "u1"
    assert client.get("/", headers={"Authorization": "Bearer a.b.c"}).status_code == 401


def test_an_ignoring_view_takes_a_bad_token_as_none(
    app: Any, jwt: Any, client: Any, access: Any
) -> None:
    @app.get("/")
    @protect(OptionalToken(ignore_invalid=True))
    def view() -> str:
        return current_token.subject if current_token else "nobody"

    headers = access()
    assert client.get("/", headers=headers).text == "u1"
    with app.app_context():
        jwt.revoke(headers["Authorization"].removeprefix("Bearer "))
    assert client.get("/", headers=headers).text == "nobody"
    assert client.get("/", headers={"Authorization": "Bearer a.b.c"}).text == "nobody"
    assert client.get("/", headers={"Authorization": "Bearer a b"}).status_code == 400


def test_a_token_of_another_kind_is_refused(app: Any, jwt: Any, client: Any, access: Any) -> None:
    @app.get("/")
    @protect()
    def view() -> str:
        return "in"

    other = access(kind="reset", expires_in=60)
    assert client.get("/", headers=other).json["error_description"].endswith("wrong kind.")
    assert client.get("/", headers=access()).status_code == 200
