"""The audit says where checks are made inside of views, and what it cannot see (K43)."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache, partial, wraps
from typing import Any, ClassVar

import flask_jwt_extended as original
import flask_restful
import flask_restx
import pytest
from flask import Blueprint, Flask, Response, current_app
from flask.views import MethodView, View

import jwtpolicy
from jwtpolicy import Access, JWTManager, current_manager, protect
from jwtpolicy.audit import Protection, audit
from jwtpolicy.cli import jwtpolicy as commands
from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.compat.flask_jwt_extended import jwt_required, verify_jwt_in_request
from tests.support.audits import row_of

INSIDE, UNKNOWN, UNGUARDED = Protection.INSIDE, Protection.UNKNOWN, Protection.UNGUARDED
HERE = "tests/audit/test_checks_inside.py"
manager = JWTManager()


def line(function: Any, after: int = 1) -> str:
    """Return the place *after* lines below the first line of *function*."""
    return f"at {HERE}:{function.__code__.co_firstlineno + after}"


def plain() -> str:
    return "open"


def guarded_by_call(view: Any) -> Any:
    return jwt_required()(view)


def endless(view: Any) -> Any:
    return endless(endless) if view is None else view


def natively(view: Any) -> Any:
    return protect()(view)


def checked() -> str:
    verify_jwt_in_request()
    return "in"


def enforced() -> str:
    current_manager.enforce(Access())
    return "in"


def enforced_by_the_object() -> str:
    jwtpolicy.audit, manager.enforce(Access())
    return "in"


async def awaited() -> str:
    await manager.enforce_async(Access())
    return "in"


def by_the_module() -> str:
    bridge.view_decorators.verify_jwt_in_request(optional=True)  # type: ignore[attr-defined] # it has
    return "in"


def with_an_import() -> str:
    from jwtpolicy.compat.flask_jwt_extended import verify_jwt_in_request as check

    check()
    return "in"


def with_a_module() -> str:
    import jwtpolicy.compat.flask_jwt_extended as fje

    fje.verify_jwt_in_request()
    return "in"


def with_the_package() -> str:
    import jwtpolicy.compat.flask_jwt_extended.view_decorators

    jwtpolicy.compat.flask_jwt_extended.view_decorators.verify_jwt_in_request()
    return "in"


def with_a_relative_import() -> str:
    from ..compat import names

    return str(names)


def under_another_name() -> str:
    check = verify_jwt_in_request
    check(*())
    return "in"


def helped() -> str:
    return checked()


def streaming() -> Response:
    def lines() -> Any:
        current_manager.enforce(Access())
        yield "in"

    return Response(lines())


class Guards:
    """Checks that need no instance."""

    @staticmethod
    def plain() -> None:
        verify_jwt_in_request()

    @classmethod
    def named(cls) -> None:
        cls.plain()


def by_a_static_method() -> str:
    Guards.plain()
    return "in"


def by_a_class_method() -> str:
    Guards.named()
    return "in"


def of_the_original() -> str:
    original.verify_jwt_in_request()
    return "in"


@pytest.mark.parametrize(
    ("view", "where"),
    [
        (checked, line(checked)),
        (enforced, line(enforced)),
        (enforced_by_the_object, line(enforced_by_the_object)),
        (awaited, line(awaited)),
        (by_the_module, line(by_the_module)),
        (with_an_import, line(with_an_import, 3)),
        (with_a_module, line(with_a_module, 3)),
        (with_the_package, line(with_the_package, 3)),
        (under_another_name, line(under_another_name, 2)),
        (helped, line(checked)),
        (streaming, line(streaming, 2)),
        (by_a_static_method, line(Guards.plain, 2)),
        (by_a_class_method, line(Guards.plain, 2)),
        (of_the_original, line(of_the_original)),
    ],
)
def test_a_check_inside_of_a_view_is_told_with_its_line(
    app: Any, row: Any, view: Any, where: str
) -> None:
    app.add_url_rule("/it", "it", view)

    assert (row("it").protection, row("it").notes) == (INSIDE, (where,))


def says_so() -> str:
    """Call verify_jwt_in_request() and jwt.enforce(Access())."""
    return "verify_jwt_in_request()"  # verify_jwt_in_request()


def forgets_the_parentheses() -> str:
    verify_jwt_in_request  # noqa: B018 # the mistake
    return "open"


def never_calls_it() -> str:
    def check() -> None:
        verify_jwt_in_request()

    return "open"


class Shop:
    """Something with methods of the same names."""

    def enforce(self, *policies: object) -> None:
        """Do nothing of that kind."""


shop = Shop()


def asks_another() -> str:
    shop.enforce(Access())
    return str(current_app.name)


def verify_jwt_in_requests() -> str:
    return "open"


def app_is_made() -> bool:
    return False


def with_an_empty_closure() -> Any:
    def view() -> str:
        return later() if later else "open"

    if app_is_made():
        later = plain
    return view


@pytest.mark.parametrize(
    "view",
    [
        plain,
        says_so,
        forgets_the_parentheses,
        never_calls_it,
        asks_another,
        verify_jwt_in_requests,
        with_an_empty_closure(),
        with_a_relative_import,
        lambda: "open",
    ],
)
def test_a_name_alone_is_no_check(app: Any, row: Any, view: Any) -> None:
    """K43: what counts is what runs."""
    app.add_url_rule("/it", "it", view)

    assert (row("it").protection, row("it").notes) == (UNGUARDED, ())


def admins(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        verify_jwt_in_request()
        return view(*args, **kwargs)

    return wrapper


def nameless(view: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: view(*args)


class Calling:
    """A wrapper that is an object."""

    def __init__(self, view: Callable[..., Any]) -> None:
        self.view = view

    def __call__(self, *args: Any) -> Any:
        return self.view(*args)


def by_default(view: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any, _view: Any = view) -> Any:
        return _view(*args)

    return wrapper


def synced(view: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any) -> Any:
        return current_app.ensure_sync(view)(*args)

    return wrapper


def counting(view: Callable[..., Any]) -> Callable[..., Any]:
    count = len

    def wrapper(*args: Any) -> Any:
        return view(*args) if count(args) == 0 else ""

    return wrapper


WRAPPERS = [counting, nameless, Calling, by_default, synced, partial, lru_cache, lambda view: view]


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_check_is_found_beneath_wrappers_that_say_nothing(
    app: Any, row: Any, wrapper: Any
) -> None:
    app.add_url_rule("/it", "it", wrapper(admins(plain)))
    app.add_url_rule("/open", "open", wrapper(plain))

    assert (row("it").protection, row("it").notes) == (INSIDE, (line(admins, 3),))
    assert row("open").protection is UNGUARDED


@pytest.mark.parametrize("guard", [protect(), jwt_required()])
def test_a_guard_beneath_a_wrapper_that_says_nothing_is_a_check_inside(
    app: Any, row: Any, guard: Any
) -> None:
    def view() -> str:
        return "in"

    app.add_url_rule("/it", "it", nameless(guard(view)))

    assert (row("it").protection, row("it").notes) == (INSIDE, (line(view, 0),))


@pytest.mark.parametrize("guard", [protect(), jwt_required()])
def test_a_guard_of_what_is_no_function_is_told_by_its_type(app: Any, row: Any, guard: Any) -> None:
    app.add_url_rule("/it", "it", nameless(guard(partial(plain))))

    assert row("it").notes == ("at functools.partial",)


HANDLERS = {"it": plain}


def looks_it_up(view: Callable[..., Any]) -> Callable[..., Any]:
    HANDLERS["it"] = view

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return HANDLERS["it"](*args, **kwargs)

    return wrapper


def unreadable(view: Callable[..., Any]) -> Any:
    return dict


def asks_something(view: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper() -> Any:
        current_app.extensions["guard"].enforce(Access())
        return view()

    return wrapper


@pytest.mark.parametrize("wrapper", [looks_it_up, unreadable, asks_something])
def test_a_wrapper_that_hides_what_it_does_is_unknown(app: Any, row: Any, wrapper: Any) -> None:
    """K43."""
    app.add_url_rule("/it", "it", wrapper(plain))

    assert row("it").protection is UNKNOWN
    (note,) = row("it").notes
    assert note.startswith("cannot be read: ")


class Base(MethodView):
    """Methods that check each in its own way."""

    def get(self) -> str:
        self.check()
        return "in"

    def post(self) -> str:
        return "open"

    @admins
    def put(self) -> str:
        return "in"

    def check(self) -> None:
        verify_jwt_in_request()


class Dispatching(View):
    """A class that checks before all of its methods."""

    methods: ClassVar = ["GET"]
    init_every_request = False

    def dispatch_request(self) -> str:
        verify_jwt_in_request()
        return "in"


def test_methods_of_classes_are_looked_at_one_by_one(app: Any, row: Any) -> None:
    app.add_url_rule("/it", view_func=Base.as_view("it"))
    app.add_url_rule("/all", view_func=Dispatching.as_view("all"))

    found = [row("it", method).notes for method in ("GET", "HEAD", "PUT", "POST")]
    check = (line(Base.check),)
    assert found == [check, check, (line(admins, 3),), ()]
    assert row("all").notes == (line(Dispatching.dispatch_request),)


@pytest.mark.parametrize("framework", [flask_restful, flask_restx])
@pytest.mark.parametrize(
    ("decorators", "protection", "about"),
    [
        ([admins], INSIDE, line(admins, 3)),
        ({"get": [partial(admins)]}, INSIDE, line(admins, 3)),
        ([jwt_required(fresh=True)], Protection.GUARDED, None),
        ([original.jwt_required()], INSIDE, "view_decorators.py:"),
        ([Calling(admins)], INSIDE, line(admins, 3)),
        ({admins}, INSIDE, line(admins, 3)),
        ([guarded_by_call], INSIDE, line(guarded_by_call)),
        ([partial(natively)], INSIDE, line(natively)),
        ([lambda view: admins(view)], INSIDE, line(admins, 3)),
        ([lambda view: nameless(view)], UNGUARDED, None),
        ([nameless], UNGUARDED, None),
        ([endless], UNGUARDED, None),
    ],
)
def test_method_decorators_are_read(
    app: Any, row: Any, framework: Any, decorators: Any, protection: Any, about: str | None
) -> None:
    it = type("It", (framework.Resource,), {"method_decorators": decorators, "get": plain})
    api = framework.Api(app)
    api.add_resource(it, "/it", endpoint="it")

    assert row("it").protection is protection
    assert about is None or about in row("it").notes[0]
    bridge_text = "jwt_required(fresh=True)" if protection is Protection.GUARDED else None
    assert row("it").bridge == bridge_text


def test_a_mapping_of_method_decorators_does_not_count_for_head(app: Any, row: Any) -> None:
    bridge.JWTManager(app)
    it = {"method_decorators": {"get": [jwt_required()]}, "get": lambda self: "open"}
    flask_restful.Api(app).add_resource(
        type("It", (flask_restful.Resource,), it), "/it", endpoint="it"
    )

    assert app.test_client().get("/it").status_code == 401
    assert app.test_client().head("/it").status_code == 200
    rows = [row for row in audit(app).rows if row.endpoint == "it"]
    found = {method: row.protection for row in rows for method in row.methods}
    assert (found["GET"], found["HEAD"]) == (Protection.GUARDED, UNGUARDED)


def test_method_decorators_that_only_instances_have_are_unknown(app: Any, row: Any) -> None:
    bridge.JWTManager(app)
    listed = property(lambda self: [jwt_required()])
    it = {"method_decorators": listed, "get": lambda self: "open"}
    flask_restful.Api(app).add_resource(
        type("It", (flask_restful.Resource,), it), "/it", endpoint="it"
    )

    assert row("it").protection is UNKNOWN
    assert app.test_client().get("/it").status_code == 401


def test_method_decorators_of_other_classes_are_never_called(app: Any, row: Any) -> None:
    class It(MethodView):
        method_decorators: ClassVar = [admins]

        def get(self) -> str:
            return "open"

    app.add_url_rule("/it", view_func=It.as_view("it"))
    assert row("it").protection is UNGUARDED


def test_hooks_before_requests_are_looked_at(app: Any, row: Any) -> None:
    office = Blueprint("office", __name__)
    office.before_request(checked)
    office.before_request(unreadable(plain))
    office.add_url_rule("/inside", "it", plain)
    app.register_blueprint(office)
    app.add_url_rule("/outside", "it", plain)

    assert row("office.it").notes == (line(checked),)
    assert row("it").protection is UNGUARDED


@pytest.fixture
def half(app: Flask) -> Flask:
    """Return an application with an endpoint that checks inside, and one that cannot be read."""
    app.add_url_rule("/inside", "inside", checked)
    app.add_url_rule("/hidden", "hidden", looks_it_up(plain))
    app.add_url_rule("/guarded", "guarded", protect()(lambda: "in"))
    return app


def run(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(commands, ["routes", *arguments])


@pytest.mark.parametrize(
    ("allowed", "code"),
    [
        ([], 1),
        (["inside"], 1),
        (["hidden"], 1),
        (["inside", "hidden"], 0),
    ],
)
def test_what_cannot_be_seen_fails_unless_it_is_named(
    half: Flask, allowed: list[str], code: int
) -> None:
    options = [part for name in allowed for part in ("--allow", name)]

    done = run(half, "--unguarded", *options)

    assert done.exit_code == code
    shown = {"inside", "hidden"} - set(allowed)
    assert {name for name in ("inside", "hidden") if f"/{name} " in done.output} == shown


def test_a_public_endpoint_may_check_inside(make_app: Any) -> None:
    app, _ = make_app(public_endpoints=["static", "it"])
    app.add_url_rule("/it", "it", checked)

    assert row_of(audit(app), "it").protection is Protection.PUBLIC
    assert run(app, "--unguarded").exit_code == 0


def test_what_was_allowed_and_checks_nothing_any_more_fails(app: Any) -> None:
    app.add_url_rule("/it", "it", plain)

    assert run(app, "--unguarded", "--allow", "it").exit_code == 1


@pytest.mark.parametrize(
    "arguments", [("--unguarded", "--allow", "gone"), ("--allow", "inside")], ids=str
)
def test_a_name_that_allows_nothing_is_a_mistake(half: Flask, arguments: Any) -> None:
    done = run(half, *arguments)

    assert done.exit_code == 2
    assert "--allow" in done.output


def test_json_has_the_same_states(half: Flask) -> None:
    done = run(half, "--json", "--unguarded", "--allow", "hidden")

    (found,) = json.loads(done.output)["rows"]
    assert (found["protection"], found["notes"]) == ("checks inside", [line(checked)])


def test_a_closed_application_says_that_it_never_comes_to_the_check(make_app: Any) -> None:
    app, _ = make_app(default_deny=True)
    app.add_url_rule("/it", "it", checked)

    assert row_of(audit(app), "it").notes == (line(checked), "JWT_DEFAULT_DENY answers 403")
