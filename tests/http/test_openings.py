"""What `public` opens: the function that Flask calls, and what stands behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import flask_restful
import pytest
from flask import Blueprint, Flask
from flask.views import MethodView, View

from jwtpolicy import JWTManager, ProtectedView, Public, protect, public
from jwtpolicy.exceptions import PolicyDefinitionError, SetupError
from tests.support.registrations import through

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restful")

Answers = Callable[..., int]


def hello(*args: Any) -> str:
    return "hello"


def notice() -> str:
    return "notice"


@pytest.fixture
def answers(app: Flask, jwt: JWTManager[Any]) -> Answers:
    """Return what registers views in a guarded blueprint, and what a stranger gets of one."""

    def answers(view: Any = None, register: Any = None, method: str = "GET") -> int:
        office = Blueprint("office", __name__)
        if register is None:
            office.add_url_rule("/", "it", view, methods=[method])
        else:
            register(office)
        jwt.protect_blueprint(office)
        app.register_blueprint(office)
        return app.test_client().open("/", method=method).status_code

    return answers


def as_resource(resource: Any) -> Any:
    return lambda home: flask_restful.Api(home).add_resource(resource, "/", endpoint="it")


async def hello_async() -> str:
    return "hello"


@pytest.mark.parametrize("view", [hello, hello_async])
def test_public_opens_a_function_and_leaves_it_as_it_was(answers: Answers, view: Any) -> None:
    opened = public(view)

    assert opened is not view
    assert answers(opened) == 200
    assert vars(view) == {}


def test_public_opens_one_of_two_routes_of_a_function(app: Flask, answers: Answers) -> None:
    app.add_url_rule("/open", "open", public(hello))

    assert answers(hello) == 401
    assert app.test_client().get("/open").text == "hello"


def test_public_above_another_decorator_opens(answers: Answers) -> None:
    assert answers(public(through(hello))) == 200


def test_public_beneath_another_decorator_is_a_mistake_that_shows_the_order(
    answers: Answers,
) -> None:
    order = r"(?s)beneath another .*through.*    @public\n    @other\n    def view"
    with pytest.raises(PolicyDefinitionError, match=order):
        answers(through(public(hello)))


def test_what_only_looks_like_a_public_view_is_no_public_one(answers: Answers) -> None:
    with pytest.raises(PolicyDefinitionError, match="beneath another decorator"):
        answers(wraps(public(hello))(lambda: "secret"))


def test_a_view_that_a_framework_wraps_is_opened_where_the_mistake_says(app: Flask) -> None:
    app.add_url_rule("/", "it", through(public(hello)))
    app.view_functions["it"] = public(app.view_functions["it"])

    assert app.test_client().get("/").status_code == 200


def test_a_method_beneath_another_decorator_is_a_mistake_too(answers: Answers) -> None:
    class It(MethodView):
        get = through(public(hello))

    with pytest.raises(PolicyDefinitionError, match="beneath another decorator"):
        answers(It.as_view("it"))


class OpenMethod(MethodView):
    get = public(hello)
    post = hello


class OwnDispatch(OpenMethod):
    def dispatch_request(self, **kwargs: Any) -> Any:
        return "secret"


class DescribedDispatch(OpenMethod):
    dispatch_request = wraps(MethodView.dispatch_request)(lambda self: "secret")


class OpenDispatch(View):
    dispatch_request = public(hello)


class OpenResource(flask_restful.Resource):  # type: ignore[misc] # it has no types
    get = public(hello)


class OpenClass(ProtectedView):
    policies = Public()
    get = hello


class OpenClassWithItsOwnDispatch(OpenClass):
    def dispatch_request(self, **kwargs: Any) -> Any:
        return "hello"


class OpenClassOfRestful(ProtectedView, flask_restful.Resource):  # type: ignore[misc] # as above
    policies = Public()
    get = hello


@pytest.mark.parametrize(
    ("given", "status"),
    [
        pytest.param({"view": OpenMethod.as_view("it")}, 200, id="a method"),
        pytest.param({"view": OpenMethod.as_view("it"), "method": "POST"}, 401, id="no other"),
        pytest.param({"view": through(OpenMethod.as_view("it"))}, 200, id="beneath a decorator"),
        pytest.param({"register": as_resource(OpenResource)}, 200, id="a method of RESTful"),
        pytest.param({"view": OwnDispatch.as_view("it")}, 401, id="not called by all we know"),
        pytest.param({"view": DescribedDispatch.as_view("it")}, 401, id="only by its name"),
        pytest.param({"view": OpenDispatch.as_view("it")}, 200, id="the dispatch itself"),
        pytest.param({"view": public(OwnDispatch.as_view("it"))}, 200, id="the whole class"),
        pytest.param({"view": OpenClass.as_view("it")}, 200, id="a class of ours"),
        pytest.param({"view": through(OpenClass.as_view("it"))}, 200, id="the same, decorated"),
        pytest.param(
            {"view": OpenClassWithItsOwnDispatch.as_view("it")}, 200, id="it is what Flask calls"
        ),
        pytest.param(
            {"view": through(OpenClassWithItsOwnDispatch.as_view("it"))}, 401, id="it is not"
        ),
        pytest.param({"register": as_resource(OpenClassOfRestful)}, 200, id="ours and RESTful's"),
    ],
)
def test_opening_counts_on_what_runs(answers: Answers, given: Any, status: int) -> None:
    assert answers(**given) == status


def test_an_opening_that_does_not_count_is_none_where_all_is_closed(make_app: Any) -> None:
    app, _ = make_app(default_deny=True)
    app.add_url_rule("/", view_func=OwnDispatch.as_view("it"))
    app.add_url_rule("/open", view_func=OpenMethod.as_view("open"))

    found = [app.test_client().get(path).status_code for path in ("/", "/open")]
    assert found == [403, 200]


def test_public_twice_is_public(answers: Answers) -> None:
    assert answers(public(public(hello))) == 200


def test_public_on_a_class_with_a_guarded_method_is_a_mistake(answers: Answers) -> None:
    class It(MethodView):
        get = protect()(hello)

    with pytest.raises(PolicyDefinitionError, match="public and guarded at once"):
        answers(public(It.as_view("it")))


def test_public_above_the_route_opens_nothing_and_says_so(app: Flask, jwt: Any) -> None:
    """K37: the route has the function as it was, and a guard of the blueprint would meet it."""

    @public
    @app.get("/login")
    def login() -> str:
        return "form"

    with pytest.raises(SetupError, match=r"GET login is registered without its @public.*\n"):
        app.test_client().get("/login")


def test_public_above_the_route_of_a_factory_is_noticed_too(app: Flask, jwt: Any) -> None:
    def register() -> None:
        @public
        @app.get("/login")
        def login() -> str:
            return "form"

    register()

    with pytest.raises(SetupError, match="write it below"):
        app.test_client().get("/login")


def test_another_application_may_guard_what_one_has_opened(make_app: Any) -> None:
    def view() -> str:
        return "page"

    first, _ = make_app()
    first.add_url_rule("/", "view", public(view))
    assert first.test_client().get("/").text == "page"

    second, _ = make_app(default_deny=True)
    second.add_url_rule("/", "view", view)
    assert second.test_client().get("/").status_code == 403


def test_what_another_application_opens_by_a_call_is_no_mistake_of_this_one(make_app: Any) -> None:
    """Whichever of them is bound first."""
    public(notice)
    app, _ = make_app(default_deny=True)
    app.add_url_rule("/", "view", notice)

    assert app.test_client().get("/").status_code == 403


def test_a_method_of_an_object_can_be_opened(answers: Answers) -> None:
    class Site:
        def page(self) -> str:
            return "page"

    assert answers(public(Site().page)) == 200
