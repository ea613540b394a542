"""Ways in which a guarded view comes to an application, one function for each.

Each registers an endpoint at ``/it`` that only admins may see, and tells *ran* when it runs. In
all but the first something stands above the guard, or instead of it, that could answer alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper, wraps
from typing import Any, ClassVar

import flask_restful  # type: ignore[import-untyped]
import flask_restx  # type: ignore[import-untyped]
import pytest
from flask import Blueprint, Flask, current_app, request
from flask.views import MethodView, View
from werkzeug.routing import Rule

from jwtpolicy import HasRole, ProtectedView, protect

#: An application or a blueprint; what was called is told to the list.
Register = Callable[[Any, list[str]], None]

for_admins = protect(HasRole("admin"))


def cache() -> Callable[[Any], Any]:
    """Return a decorator that answers from memory whoever comes second."""
    kept: dict[str, Any] = {}

    def decorate(view: Any) -> Any:
        @wraps(view)
        def outer(*args: Any, **kwargs: Any) -> Any:
            if request.path not in kept:
                kept[request.path] = current_app.ensure_sync(view)(*args, **kwargs)
            return kept[request.path]

        return outer

    return decorate


def cached(view: Any) -> Any:
    """Answer with what *view* answered first, as caches above views do."""
    return cache()(view)


class Cached:
    """The same as an object."""

    def __init__(self, view: Callable[..., Any]) -> None:
        update_wrapper(self, view)
        self.view = cached(view)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.view(*args, **kwargs)


def through(view: Any) -> Any:
    """Put a decorator around *view* that copies all that it says of itself."""

    @wraps(view)
    def outer(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return outer


def bare(ran: list[str]) -> Callable[..., Any]:
    """Return a view without any guard."""

    def view(*args: Any, **kwargs: Any) -> Any:
        ran.append(request.method)
        return {"secret": 1}

    return view


def plain(home: Any, ran: list[str]) -> None:
    home.add_url_rule("/it", "it", for_admins(bare(ran)))


def beneath_a_cache(home: Any, ran: list[str]) -> None:
    home.add_url_rule("/it", "it", cached(for_admins(bare(ran))))


def beneath_a_cache_that_is_an_object(home: Any, ran: list[str]) -> None:
    home.add_url_rule("/it", "it", Cached(for_admins(bare(ran))))


def a_part_of_a_cache(home: Any, ran: list[str]) -> None:
    home.add_url_rule("/it", "it", partial(cached(for_admins(bare(ran)))))


def an_object_that_guards_itself(home: Any, ran: list[str]) -> None:
    class It:
        __call__ = cached(for_admins(bare(ran)))

    home.add_url_rule("/it", "it", It())


def between_guards(home: Any, ran: list[str]) -> None:
    home.add_url_rule("/it", "it", protect()(cached(for_admins(bare(ran)))))


def async_beneath_a_cache(home: Any, ran: list[str]) -> None:
    async def view() -> Any:
        return bare(ran)()

    home.add_url_rule("/it", "it", cached(for_admins(view)))


def async_beneath_another_async(home: Any, ran: list[str]) -> None:
    kept: list[Any] = []

    @for_admins
    async def view() -> Any:
        return bare(ran)()

    @wraps(view)
    async def outer() -> Any:
        kept[:] = kept or [await view()]
        return kept[0]

    home.add_url_rule("/it", "it", outer)


def never_called(home: Any, ran: list[str]) -> None:
    view = bare(ran)
    home.add_url_rule("/it", "it", wraps(for_admins(lambda: "guarded"))(lambda: view()))


def under_two_names(home: Any, ran: list[str]) -> None:
    view = cached(for_admins(bare(ran)))
    home.add_url_rule("/that", "that", view)
    home.add_url_rule("/it", "it", view)


def a_guarded_method(home: Any, ran: list[str]) -> None:
    class It(MethodView):
        get = for_admins(bare(ran))

    home.add_url_rule("/it", view_func=It.as_view("it"))


def a_method_beneath_a_cache(home: Any, ran: list[str]) -> None:
    class It(MethodView):
        get = cached(for_admins(bare(ran)))

    home.add_url_rule("/it", view_func=It.as_view("it"))


def a_method_of_a_cached_class(home: Any, ran: list[str]) -> None:
    class It(MethodView):
        decorators: ClassVar[Any] = (cached,)
        get = for_admins(bare(ran))

    home.add_url_rule("/it", view_func=It.as_view("it"))


def decorators_of_a_class(home: Any, ran: list[str]) -> None:
    class It(MethodView):
        decorators: ClassVar[Any] = (for_admins, cached)
        get = bare(ran)

    home.add_url_rule("/it", view_func=It.as_view("it"))


def a_cached_class_of_ours(home: Any, ran: list[str]) -> None:
    class It(ProtectedView):
        policies = HasRole("admin")
        get = bare(ran)

    home.add_url_rule("/it", view_func=cached(It.as_view("it")))


def a_dispatch_that_calls_no_handler(home: Any, ran: list[str]) -> None:
    class It(View):
        get = for_admins(lambda self: "guarded")
        dispatch_request = bare(ran)

    home.add_url_rule("/it", view_func=It.as_view("it"))


def a_guarded_dispatch_in_a_cache(home: Any, ran: list[str]) -> None:
    class It(View):
        decorators: ClassVar[Any] = (cached,)
        dispatch_request = for_admins(bare(ran))

    home.add_url_rule("/it", view_func=It.as_view("it"))


def restful(**members: Any) -> Register:
    def register(home: Any, ran: list[str]) -> None:
        handlers = {"get": for_admins(bare(ran))} if "guarded" in members else {"get": bare(ran)}
        It = type("It", (flask_restful.Resource,), {**members, **handlers})  # noqa: N806
        flask_restful.Api(home).add_resource(It, "/it", endpoint="it")

    return register


def restx(**members: Any) -> Register:
    def register(home: Any, ran: list[str]) -> None:
        handlers = {"get": for_admins(bare(ran))} if "guarded" in members else {"get": bare(ran)}
        It = type("It", (flask_restx.Resource,), {**members, **handlers})  # noqa: N806
        flask_restx.Api(home, doc=False).add_resource(It, "/it", endpoint="it")

    return register


def restful_in_a_cache(home: Any, ran: list[str]) -> None:
    class It(ProtectedView, flask_restful.Resource):  # type: ignore[misc] # it has no types
        policies = HasRole("admin")
        get = bare(ran)

    flask_restful.Api(home, decorators=[cached]).add_resource(It, "/it", endpoint="it")


def smorest(home: Any, ran: list[str]) -> None:
    # With the lowest Flask there is none.
    flask_smorest = pytest.importorskip("flask_smorest", reason="pip install flask-smorest")
    shop = flask_smorest.Blueprint("shop", __name__)

    @shop.route("/it", endpoint="it")
    class It(MethodView):
        get = cached(for_admins(shop.response(200)(bare(ran))))

    home.register_blueprint(shop)


def by_hand(app: Flask) -> None:
    """Add a rule for a view that is there, or comes."""
    rule = Rule("/it", endpoint="it", methods=["GET", "OPTIONS"])
    rule.provide_automatic_options = True  # type: ignore[attr-defined] # as Flask does
    app.url_map.add(rule)


def with_a_rule_made_by_hand(app: Any, ran: list[str]) -> None:
    app.endpoint("it")(cached(for_admins(bare(ran))))
    by_hand(app)


def replaced_before_the_first_request(app: Flask, ran: list[str]) -> None:
    plain(app, ran)
    app.view_functions["it"] = cached(app.view_functions["it"])


def replaced_after_the_first_request(app: Flask, ran: list[str]) -> None:
    plain(app, ran)
    app.test_client().get("/it")
    app.view_functions["it"] = cached(app.view_functions["it"])


def wrapped_again_after_the_first_request(app: Flask, ran: list[str]) -> None:
    beneath_a_cache(app, ran)
    app.test_client().get("/it")
    app.view_functions.update(it=cached(app.view_functions["it"]))


def guarded_after_the_first_request(app: Flask, ran: list[str]) -> None:
    app.add_url_rule("/it", "it", lambda: "open")
    app.test_client().get("/it")
    app.view_functions |= {"it": cached(for_admins(bare(ran)))}


def added_after_the_first_request(app: Flask, ran: list[str]) -> None:
    app.test_client().get("/it")
    app.view_functions.setdefault("it", cached(for_admins(bare(ran))))
    by_hand(app)


def in_another_mapping(app: Flask, ran: list[str]) -> None:
    plain(app, ran)
    app.test_client().get("/it")
    app.view_functions = {name: cached(view) for name, view in app.view_functions.items()}


def taken_from_another_endpoint(app: Flask, ran: list[str]) -> None:
    app.add_url_rule("/that", "that", cached(for_admins(bare(ran))))
    app.test_client().get("/that")
    app.view_functions["it"] = app.view_functions["that"]
    by_hand(app)


#: Those that an application and a blueprint can take.
ANYWHERE: dict[str, Register] = {
    **{
        register.__name__: register
        for register in (
            plain,
            beneath_a_cache,
            beneath_a_cache_that_is_an_object,
            a_part_of_a_cache,
            an_object_that_guards_itself,
            between_guards,
            async_beneath_a_cache,
            async_beneath_another_async,
            never_called,
            under_two_names,
            a_guarded_method,
            a_method_beneath_a_cache,
            a_method_of_a_cached_class,
            decorators_of_a_class,
            a_cached_class_of_ours,
            a_dispatch_that_calls_no_handler,
            a_guarded_dispatch_in_a_cache,
            restful_in_a_cache,
        )
    },
    "restful: a cache around the handler": restful(guarded=True, method_decorators=[cache()]),
    "restful: the guard in a list": restful(method_decorators=[for_admins, cache()]),
    "restful: the guard in a mapping": restful(method_decorators={"get": [for_admins, cache()]}),
    "restful: the guard alone, by method": restful(method_decorators={"get": [for_admins]}),
    "restx: a cache around the handler": restx(guarded=True, method_decorators=[cache()]),
    "restx: the guard in a list": restx(method_decorators=[for_admins, cache()]),
}

#: Those that only applications can take.
IN_APPLICATIONS: dict[str, Register] = {
    register.__name__: register
    for register in (
        smorest,
        with_a_rule_made_by_hand,
        replaced_before_the_first_request,
        replaced_after_the_first_request,
        wrapped_again_after_the_first_request,
        guarded_after_the_first_request,
        added_after_the_first_request,
        in_another_mapping,
        taken_from_another_endpoint,
    )
}


def in_a_blueprint(register: Register) -> Register:
    """Return what registers in a blueprint of the application that is guarded itself."""

    def registered(app: Any, ran: list[str]) -> None:
        office = Blueprint("office", __name__)
        register(office, ran)
        app.extensions["jwtpolicy"].manager.protect_blueprint(office, ~HasRole("guest"))
        app.register_blueprint(office)

    return registered


WAYS: dict[str, Register] = {
    **ANYWHERE,
    **IN_APPLICATIONS,
    **{f"in a blueprint: {name}": in_a_blueprint(one) for name, one in ANYWHERE.items()},
}
