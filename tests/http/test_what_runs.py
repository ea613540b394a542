"""A guard that is written somewhere guards what runs, whatever stands above it."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

import flask_restful
import pytest
from flask import Blueprint, Flask, redirect, request, stream_with_context
from flask.views import MethodView
from werkzeug.routing import Rule

from jwtpolicy import (
    AccessRequest,
    Refresh,
    SingleUse,
    current_resource,
    current_token,
    policy,
    protect,
)
from jwtpolicy.exceptions import PolicyDefinitionError
from tests.support.registrations import WAYS, bare, cache, cached, for_admins

pytestmark = [
    # Their own: they read attributes that their dependencies have deprecated.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restx"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restful"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:jsonschema"),
]

#: What a view with ``@protect`` alone answers to nobody, to a user and to an admin.
ANSWERS = {
    "GET": [401, 403, 200],
    "HEAD": [401, 403, 200],
    "POST": [405, 405, 405],
    "OPTIONS": [200, 200, 200],
}


@pytest.fixture
def callers(access: Callable[..., dict[str, str]]) -> list[dict[str, str]]:
    """Return the headers of nobody, of a user and of an admin."""
    return [{}, access(claims={"roles": []}), access(claims={"roles": ["admin"]})]


@pytest.mark.parametrize("method", ANSWERS)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_register_a_view_answers_like_a_plain_one(
    app: Any, callers: Any, way: str, method: str
) -> None:
    """K3."""
    app.config.update(API_TITLE="t", API_VERSION="1", OPENAPI_VERSION="3.0.3")
    ran: list[str] = []
    WAYS[way](app, ran)
    client = app.test_client()
    # An admin comes first, so that whatever keeps answers has one.
    client.open("/it", method=method, headers=callers[2])
    times = len(ran)
    answers = [client.open("/it", method=method, headers=headers) for headers in callers]

    assert [answer.status_code for answer in answers] == ANSWERS[method]
    assert not any("secret" in answer.text for answer in answers[:2])
    assert len(ran) <= times + 1


def keeps(app: Flask, **options: Any) -> list[str]:
    """Register a cache above a guard at ``/it``, and return what is told of the view."""
    ran: list[str] = []
    app.add_url_rule("/it", "it", cached(for_admins(bare(ran))), **options)
    return ran


def test_a_cache_still_answers_those_whom_the_guard_lets_in(app: Flask, callers: Any) -> None:
    ran = keeps(app)
    client = app.test_client()

    assert [client.get("/it", headers=callers[2]).json for _ in range(3)] == [{"secret": 1}] * 3
    assert ran == ["GET"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param(lambda: redirect("https://localhost/it"), 302, id="a redirect to https"),
        pytest.param(lambda: ("back soon", 503), 503, id="a maintenance page"),
        pytest.param(lambda: "kept", 200, id="a cache of whole pages"),
    ],
)
def test_what_answers_before_any_view_is_left_alone(
    make_app: Any, answer: Any, status: int
) -> None:
    app, _ = make_app(default_deny=True)
    keeps(app)
    app.before_request(answer)

    assert [app.test_client().get("/it").status_code for _ in range(2)] == [status] * 2


def test_what_replaces_answers_afterwards_is_left_alone(app: Flask, callers: Any) -> None:
    keeps(app)
    app.after_request(lambda response: app.make_response((f"was {response.status_code}", 200)))

    found = [app.test_client().get("/it", headers=headers).text for headers in callers]
    assert found == ["was 401", "was 403", "was 200"]


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_decorator_answers_preflights_above_a_guard(make_app: Any, is_closed: bool) -> None:
    """HTTP-8: browsers send no token with them."""
    app, jwt = make_app(default_deny=is_closed)
    office = Blueprint("office", __name__)

    def cors(view: Any) -> Any:
        @wraps(view)
        def outer() -> Any:
            return ("", 204) if request.method == "OPTIONS" else view()

        return outer

    office.add_url_rule("/it", "it", cors(for_admins(bare([]))), methods=["GET", "OPTIONS"])
    jwt.protect_blueprint(office)
    app.register_blueprint(office)

    client = app.test_client()
    assert (client.options("/it").status_code, client.get("/it").status_code) == (204, 401)


def test_an_async_decorator_answers_preflights_too(app: Flask) -> None:
    @for_admins
    async def view() -> str:
        return "in"

    @wraps(view)
    async def outer() -> Any:
        return ("", 204) if request.method == "OPTIONS" else await view()

    app.add_url_rule("/it", "it", outer, methods=["GET", "OPTIONS"])
    client = app.test_client()
    assert (client.options("/it").status_code, client.get("/it").status_code) == (204, 401)


def test_a_handler_of_options_is_guarded_by_its_own_guard(app: Flask, callers: Any) -> None:
    class It(MethodView):
        decorators = (cached,)
        options = for_admins(bare([]))

    app.add_url_rule("/it", view_func=It.as_view("it"))
    assert app.test_client().options("/it").status_code == 401
    assert app.test_client().options("/it", headers=callers[2]).status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/static/nothing", 404)])
def test_what_has_no_guard_is_as_it_was(app: Flask, path: str, status: int) -> None:
    keeps(app)
    before = app.view_functions["static"]

    assert app.test_client().get(path).status_code == status
    assert app.view_functions["static"] is before


def test_methods_of_a_class_that_are_not_guarded_stay_open(app: Flask) -> None:
    class It(MethodView):
        get = cached(for_admins(bare([])))

        def post(self) -> str:
            return "open"

    app.add_url_rule("/it", view_func=It.as_view("it"))
    assert [app.test_client().open("/it", method=m).status_code for m in ("GET", "POST")] == [
        401,
        200,
    ]


def test_a_handler_of_a_method_that_nobody_lists_is_guarded(app: Flask, callers: Any) -> None:
    class It(MethodView):
        decorators = (cached,)
        fetch = for_admins(bare([]))

    app.endpoint("it")(It.as_view("it"))
    app.url_map.add(Rule("/it", endpoint="it"))
    client = app.test_client()

    found = [client.open("/it", method="FETCH", headers=callers[n]).status_code for n in (2, 0, 1)]
    assert found == [200, 401, 403]


def test_a_stream_beneath_a_decorator_is_sent(app: Flask, callers: Any) -> None:
    @app.get("/it")
    @stream_with_context
    @for_admins
    def it() -> Any:
        yield from (current_token.subject, "!")

    assert app.test_client().get("/it", headers=callers[2]).text == "u1!"
    assert app.test_client().get("/it").status_code == 401


def test_a_view_that_is_a_guard_itself_is_called_as_it_is(app: Flask, callers: Any) -> None:
    guarded, opened = for_admins(bare([])), bare([])
    controller = type("Controller", (), {"index": for_admins(bare([]))})()
    app.add_url_rule("/it", "it", guarded)
    app.add_url_rule("/open", "open", opened)
    app.add_url_rule("/index", "index", controller.index)
    app.test_client().get("/it")

    assert app.view_functions["it"] is guarded
    assert app.view_functions["open"] is opened
    assert app.view_functions["index"] == controller.index
    assert app.test_client().get("/index", headers=callers[0]).status_code == 401


def test_others_read_from_a_view_what_they_read_before(app: Flask) -> None:
    class It(MethodView):
        """Shows it."""

        decorators = (cached,)
        get = for_admins(bare([]))

    view = It.as_view("it")
    app.add_url_rule("/it", view_func=view)
    app.test_client().get("/it")

    bound: Any = app.view_functions["it"]
    for name in ("__name__", "__module__", "__doc__", "view_class", "methods"):
        assert getattr(bound, name) == getattr(view, name)
    assert bound.__wrapped__ is view
    assert not inspect.iscoroutinefunction(bound)


def test_an_async_view_stays_one(app: Flask) -> None:
    @for_admins
    async def view() -> str:
        return "in"

    @wraps(view)
    async def outer() -> Any:
        return await view()

    app.add_url_rule("/it", "it", outer)
    app.test_client().get("/it")
    assert inspect.iscoroutinefunction(app.view_functions["it"])


def once(ran: list[str]) -> Any:
    """Return a guard that uses the token up, and tells of it."""

    @policy
    def told(access: AccessRequest) -> bool:
        ran.append(access.method)
        return True

    return protect(told & SingleUse())


def in_a_list_of_restful(app: Flask, guard: Any) -> None:
    It = type("It", (flask_restful.Resource,), {"method_decorators": [guard, cache()]})  # noqa: N806
    It.get = bare([])
    flask_restful.Api(app).add_resource(It, "/it", endpoint="it")


def for_any_method(app: Flask, guard: Any) -> None:
    app.endpoint("it")(cached(guard(bare([]))))
    app.url_map.add(Rule("/it", endpoint="it"))


@pytest.mark.parametrize(
    ("register", "method"),
    [
        pytest.param(in_a_list_of_restful, "GET", id="a guard that is made for each request"),
        pytest.param(for_any_method, "GET", id="a rule of all methods"),
        pytest.param(for_any_method, "FETCH", id="a method that the client made up"),
    ],
)
def test_one_request_is_decided_once(app: Flask, access: Any, register: Any, method: str) -> None:
    asked: list[str] = []
    register(app, once(asked))
    headers, client = access(), app.test_client()

    assert client.open("/it", method=method, headers=headers).status_code == 200
    assert asked == [method]
    assert client.open("/it", method=method, headers=headers).status_code == 401


def test_an_async_loader_is_awaited_beneath_a_sync_decorator(app: Flask, callers: Any) -> None:
    async def load() -> str:
        return "loaded"

    @protect(resource=load)
    async def view() -> str:
        return str(current_resource)

    app.add_url_rule("/it", "it", cached(view))
    assert app.test_client().get("/it", headers=callers[1]).text == "loaded"


def test_an_async_loader_that_finds_nothing_is_404_beneath_a_sync_decorator(
    app: Flask, callers: Any
) -> None:
    async def load() -> None:
        return None

    @protect(resource=load)
    async def view() -> str:
        return "in"

    app.add_url_rule("/it", "it", cached(view))
    assert app.test_client().get("/it", headers=callers[1]).status_code == 404


def test_a_view_that_another_endpoint_calls_is_judged_as_its_own(app: Flask, callers: Any) -> None:
    keeps(app)
    app.add_url_rule("/that", "that", lambda: app.view_functions["it"]())
    client = app.test_client()

    found = [client.get("/that", headers=callers[n]).status_code for n in (2, 0, 1, 2)]
    assert found == [200, 401, 403, 200]


def test_a_view_function_of_another_application_is_judged_here(
    app: Flask, make_app: Any, callers: Any
) -> None:
    keeps(app)
    app.test_client().get("/it", headers=callers[2])
    other, _ = make_app()
    other.add_url_rule("/that", "that", app.view_functions["it"])
    client = other.test_client()

    found = [client.get("/that", headers=callers[n]).status_code for n in (2, 0, 1)]
    assert found == [200, 401, 403]


def test_a_mistake_in_a_view_that_came_late_is_raised_where_it_is_called(
    app: Flask, callers: Any
) -> None:
    keeps(app)
    app.add_url_rule("/other", "other", for_admins(bare([])))
    client = app.test_client()
    client.get("/it")
    app.view_functions["it"] = cached(protect(Refresh())(for_admins(bare([]))))

    with pytest.raises(PolicyDefinitionError, match="no token can pass"):
        client.get("/it")
    assert client.get("/other", headers=callers[2]).status_code == 200


def test_a_late_view_without_a_guard_is_open(app: Flask) -> None:
    keeps(app)
    app.test_client().get("/it")
    app.view_functions["it"] = lambda: "maintenance"

    assert app.test_client().get("/it").text == "maintenance"


def test_a_default_of_the_view_functions_is_only_a_default(app: Flask) -> None:
    keeps(app)
    app.test_client().get("/it")

    assert app.view_functions.setdefault("it", bare([])) is app.view_functions["it"]
    assert app.test_client().get("/it").status_code == 401


def test_a_plan_of_a_view_that_is_replaced_meanwhile_is_not_kept(
    app: Flask, callers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.add_url_rule("/it", "it", cached(protect()(bare([]))))
    client = app.test_client()
    client.get("/it")
    planner = app.extensions["jwtpolicy"].planner
    plan = planner.plan

    def slowly(*arguments: Any) -> Any:
        found = plan(*arguments)
        monkeypatch.undo()
        app.view_functions["it"] = cached(for_admins(bare([])))
        return found

    app.view_functions["it"] = app.view_functions["it"]
    monkeypatch.setattr(planner, "plan", slowly)
    found = [client.get("/it", headers=callers[n]).status_code for n in (1, 2, 1)]
    assert found == [403, 200, 403]


def test_a_late_guard_that_reads_the_query_keeps_the_answer_private(
    app: Flask, jwt: Any, callers: Any
) -> None:
    """HTTP-7."""
    keeps(app)
    app.test_client().get("/it")
    app.view_functions["it"] = protect(transports="query_string")(bare([]))
    with app.app_context():
        token = jwt.issue("ada")

    answer = app.test_client().get("/it", query_string={"jwt": token})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


@pytest.mark.parametrize(
    "level", [pytest.param(protect(), id="sync"), pytest.param("async", id="async"), "blueprint"]
)
def test_another_mapping_of_views_is_noticed_at_the_next_guard(
    app: Flask, jwt: Any, caplog: Any, level: Any
) -> None:
    """K3: whichever guard it is."""

    @wraps(keeps)
    def closed() -> str:
        return "secret"

    async def other() -> str:
        return "other"

    blueprint = Blueprint("b", __name__)
    if level == "blueprint":
        jwt.protect_blueprint(blueprint)
        blueprint.add_url_rule("/other", "other", lambda: "other")
    else:
        view = protect(other) if level == "async" else level(lambda: "other")
        blueprint.add_url_rule("/other", "other", view)
    app.register_blueprint(blueprint)
    app.add_url_rule("/it", "it", protect(closed))
    client = app.test_client()
    client.get("/it")
    app.view_functions = {**app.view_functions, "it": wraps(protect(closed))(lambda: "kept")}

    assert client.get("/other").status_code == 401
    assert client.get("/it").status_code == 401
    assert "app.view_functions was replaced" in caplog.text


def test_another_mapping_of_views_is_guarded_once_though_two_requests_notice_it(
    app: Flask, jwt: Any, caplog: Any
) -> None:
    """The second one passes its own look while the first one is at work."""
    app.add_url_rule("/it", "it", protect(lambda: "secret"))
    client = app.test_client()
    client.get("/it")
    second = threading.Thread(target=lambda: app.test_client().get("/it"))

    class Views(dict[str, Any]):
        def items(self) -> Any:
            if second.ident is None:
                second.start()
                second.join(0.2)
            return super().items()

    app.view_functions = Views(app.view_functions)
    assert client.get("/it").status_code == 401
    second.join()
    assert caplog.text.count("app.view_functions was replaced") == 1
