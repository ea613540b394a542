"""Whoever the levels of an endpoint refuse meets neither its view nor an answer of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Flask
from flask.views import MethodView, View
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy import HasRole, JWTManager, protect
from tests.support.applications import SECRET
from tests.support.registrations import bare, cached, through
from tests.support.requests import bearer

ROLES = ["a", "b"]

#: What may be written around a view, from the inside out; a role stands for its guard.
Layer = str | None | Callable[[Any], Any]
layers = st.lists(st.sampled_from([*ROLES, None, cached, through]), max_size=4)


def stacked(view: Any, written: Sequence[Layer]) -> Any:
    for layer in written:
        guard = protect(HasRole(layer)) if isinstance(layer, str) else protect()
        view = layer(view) if callable(layer) else guard(view)
    return view


def as_function(home: Any, view: Any, written: Sequence[Layer]) -> None:
    home.add_url_rule("/it", "it", stacked(view, written))


def as_method(home: Any, view: Any, written: Sequence[Layer]) -> None:
    It = type("It", (MethodView,), {"get": stacked(view, written)})  # noqa: N806
    home.add_url_rule("/it", view_func=It.as_view("it"))


def as_decorators(home: Any, view: Any, written: Sequence[Layer]) -> None:
    decorate = [lambda view, layer=layer: stacked(view, [layer]) for layer in written]
    It = type("It", (MethodView,), {"get": view, "decorators": decorate})  # noqa: N806
    home.add_url_rule("/it", view_func=It.as_view("it"))


def beside_the_handler(home: Any, view: Any, written: Sequence[Layer]) -> None:
    members = {"get": stacked(lambda self: "never", written), "dispatch_request": view}
    home.add_url_rule("/it", view_func=type("It", (View,), members).as_view("it"))


def by_an_extension(home: Any, view: Any, written: Sequence[Layer]) -> None:
    """Replace the view function: of an application late, of a blueprint when it is registered."""
    home.add_url_rule("/it", "it", view)
    if isinstance(home, Flask):
        home.test_client().get("/it")
        home.view_functions["it"] = stacked(view, written)
    else:
        guarded = {"office.it": stacked(view, written)}
        home.record(lambda state: state.app.view_functions.update(guarded))


WAYS = [as_function, as_method, as_decorators, beside_the_handler, by_an_extension]

#: A caller: the roles of its token, or None without one.
callers = st.none() | st.sets(st.sampled_from([*ROLES, "guest"]))


def expected(caller: set[str] | None, written: Sequence[Layer], is_office: bool) -> int:
    """Return the status, from what was written alone."""
    demanded = [layer for layer in written if not callable(layer)]
    if not demanded and not is_office:
        return 200
    if caller is None:
        return 401
    is_guest = is_office and "guest" in caller
    return 403 if is_guest or not caller.issuperset(filter(None, demanded)) else 200


@given(
    register=st.sampled_from(WAYS),
    written=layers,
    is_office=st.booleans(),
    came=st.lists(callers, min_size=1, max_size=5),
)
def test_nobody_is_answered_whom_the_levels_refuse(
    register: Any, written: Any, is_office: bool, came: Any
) -> None:
    app = Flask("law")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    jwt: JWTManager[Any] = JWTManager(app)
    office, ran = Blueprint("office", __name__), list[str]()
    register(office if is_office else app, bare(ran), written)
    if is_office:
        jwt.protect_blueprint(office, ~HasRole("guest"))
        app.register_blueprint(office)
    for caller in came:
        with app.app_context():
            token = None if caller is None else jwt.issue("u", claims={"roles": sorted(caller)})
        times = len(ran)
        answer = app.test_client().get("/it", headers=bearer(token) if token else {})

        assert answer.status_code == expected(caller, written, is_office)
        assert answer.status_code == 200 or ("secret" not in answer.text and len(ran) == times)
