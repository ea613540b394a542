"""Guarded functions that guarded views call: each has its own token and resource (C23)."""

from __future__ import annotations

from functools import wraps
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import (
    HasRole,
    JWTManager,
    OptionalToken,
    ProtectedView,
    current_resource,
    current_token,
    protect,
    public,
)
from jwtpolicy.exceptions import AccessDeniedError
from tests.support.requests import bearer


def who() -> str:
    """Return who the current user is, and what the endpoint is about."""
    subject = current_token.subject if current_token else "nobody"
    return f"{subject}/{current_resource or 'nothing'}"


by_query = protect(transports="query_string")(who)
perhaps_by_query = protect(OptionalToken(), transports="query_string")(who)
with_its_own = protect(resource=lambda **args: "inner")(who)
plain = protect()(who)
for_admins = protect(HasRole("admin"), resource=lambda **args: "inner")(who)


class View(ProtectedView):
    """Calls one of the functions, and says who is current before, within and after."""

    inner: Any = None

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def load_resource(self) -> str:
        return "outer"

    def get(self) -> str:
        return " ".join([who(), self.inner(), self.inner(), who()])


CASES = [
    pytest.param(perhaps_by_query, "", "nobody/nothing", id="one that needs no token"),
    pytest.param(by_query, "u2", "u2/nothing", id="one with a token of its own"),
    pytest.param(with_its_own, "", "u1/inner", id="one with a resource of its own"),
    pytest.param(plain, "", "u1/nothing", id="one without a resource"),
]


@pytest.mark.parametrize(("inner", "other", "within"), CASES)
def test_a_guarded_function_leaves_its_caller_as_it_was(
    app: Flask, jwt: JWTManager[Any], access: Any, inner: Any, other: str, within: str
) -> None:
    """C23."""
    app.add_url_rule("/", view_func=View.as_view("view", inner))
    with app.app_context():
        query = {"jwt": jwt.issue(other)} if other else {}
    answer = app.test_client().get("/", headers=access(), query_string=query)

    assert answer.text == f"u1/outer {within} {within} u1/outer"


def decorated(view: Any) -> Any:
    """Return *view* beneath another decorator, which might answer for it."""

    @wraps(view)
    def inner() -> str:
        return str(view())

    return inner


@pytest.mark.parametrize("around", [lambda view: view, decorated], ids=["bare", "decorated"])
@pytest.mark.parametrize(("called", "other", "within"), CASES)
def test_so_does_the_view_of_another_endpoint(
    app: Flask, jwt: JWTManager[Any], access: Any, called: Any, other: str, within: str, around: Any
) -> None:
    app.add_url_rule("/", view_func=View.as_view("view", lambda: app.view_functions["other"]()))
    app.add_url_rule("/other", endpoint="other", view_func=around(called))
    with app.app_context():
        query = {"jwt": jwt.issue(other)} if other else {}
    answer = app.test_client().get("/", headers=access(), query_string=query)

    assert answer.text == f"u1/outer {within} {within} u1/outer"


def test_so_does_one_that_is_refused(app: Flask, access: Any) -> None:
    """C23: the caller goes on with its own resource, not with the one that was refused to it."""

    @app.get("/")
    @protect(resource=lambda: "outer")
    def view() -> str:
        with pytest.raises(AccessDeniedError):
            for_admins()
        return who()

    assert app.test_client().get("/", headers=access(claims={"roles": []})).text == "u1/outer"


def test_so_does_one_that_fails(app: Flask, access: Any) -> None:
    @protect(OptionalToken(), transports="query_string")
    def fails() -> None:
        raise ZeroDivisionError

    @app.get("/")
    @protect()
    def view() -> str:
        with pytest.raises(ZeroDivisionError):
            fails()
        return who()

    assert app.test_client().get("/", headers=access()).text == "u1/nothing"


def test_so_does_an_async_one(app: Flask, access: Any) -> None:
    @protect(OptionalToken(), transports="query_string")
    async def inner() -> str:
        return who()

    @app.get("/")
    @protect()
    async def view() -> str:
        return f"{await inner()} {await inner()} {who()}"

    found = app.test_client().get("/", headers=access()).text
    assert found == "nobody/nothing nobody/nothing u1/nothing"


def test_what_a_public_view_calls_says_who_came(app: Flask, access: Any) -> None:
    """There was nobody before, so whoever was let in last is the current one."""
    app.add_url_rule("/", view_func=public(lambda: f"{plain()} {who()}"), endpoint="view")

    assert app.test_client().get("/", headers=access()).text == "u1/nothing u1/nothing"
    assert app.test_client().get("/", headers=bearer("x.y.z")).status_code == 401
