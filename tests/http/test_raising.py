"""Whatever an application's code raises: nobody is let in by it, and nothing is false by it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, has_request_context, render_template_string
from marshmallow import fields, post_load, validate
from werkzeug.exceptions import BadRequestKeyError as MissingField
from werkzeug.exceptions import NotFound

from jwtpolicy import (
    ClaimSchema,
    ClaimsMatch,
    JWTManager,
    Owns,
    ProtectedView,
    current_resource,
    current_user,
    policy,
    protect,
)
from jwtpolicy.exceptions import LoaderError, StoreNotConfiguredError, UserUnavailableError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.proxies import template_user
from jwtpolicy.stores import MemoryStore
from jwtpolicy.transports import Transport
from tests.support.applications import SECRET

#: What Python, werkzeug, Jinja or this library could take for an answer, and what nobody does.
ERRORS = [
    StopIteration("gone"),
    AttributeError("gone"),
    KeyError("gone"),
    LookupError("gone"),
    IndexError("gone"),
    TypeError("gone"),
    RuntimeError("gone"),
    StoreNotConfiguredError("gone"),
    NotImplementedError("gone"),
    ZeroDivisionError("gone"),
    NotFound(),
]
errors = pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)

#: Returns what it is given, or raises.
Act = Callable[[Any], Any]


def raising(error: Exception | None) -> Act:
    def act(value: Any) -> Any:
        if error is not None:
            raise error.with_traceback(None)  # it would be longer, and be logged, each time
        return value

    return act


# Who is let in -----------------------------------------------------------------------------------


def a_loader(jwt: JWTManager[Any], act: Act) -> Any:
    return protect(Owns("owner"), resource=lambda: act(SimpleNamespace(owner="u1")))


def a_property(jwt: JWTManager[Any], act: Act) -> Any:
    class Note:
        owner = property(lambda self: act("u1"))

    return protect(Owns("owner"), resource=Note)


def a_policy(jwt: JWTManager[Any], act: Act) -> Any:
    @policy
    def judged(access: Any) -> Any:
        return act(True)

    return protect(judged)


def a_policy_of_the_resource(jwt: JWTManager[Any], act: Act) -> Any:
    @policy
    def judged(access: Any) -> Any:
        return act(access.resource.owner == "u1")

    return protect(judged, resource=lambda: SimpleNamespace(owner="u1"))


def a_validator(jwt: JWTManager[Any], act: Act) -> Any:
    class Custom(validate.Validator):
        def __call__(self, value: Any) -> Any:
            return act(value)

    return protect(ClaimsMatch(sub=Custom()))


def a_user_loader(jwt: JWTManager[Any], act: Act) -> Any:
    jwt.user_loader(lambda token: act("ada"))
    return protect()


def a_revocation_check(jwt: JWTManager[Any], act: Act) -> Any:
    jwt.revocation_check(lambda token: act(False))
    return protect()


def a_transport(jwt: JWTManager[Any], act: Act) -> Any:
    class Place(Transport):
        def read(self, request: Any) -> Any:
            return act(request.headers["Authorization"].removeprefix("Bearer "))

    return protect(transports=Place())


def a_schema(jwt: JWTManager[Any], act: Act) -> Any:
    class Claims(ClaimSchema):
        sub = fields.String(required=True)

        @post_load
        def principal(self, data: Any, **_: Any) -> Any:
            return act(data) if has_request_context() else data  # while it is issued

    jwt.claims_for(SimpleNamespace)(Claims)
    return protect()


HOOKS = [
    a_loader,
    a_property,
    a_policy,
    a_policy_of_the_resource,
    a_validator,
    a_user_loader,
    a_revocation_check,
    a_transport,
    a_schema,
]
hooks = pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.__name__)
views = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


def status_of(app: Flask, jwt: JWTManager[Any], guard: Any, is_async: bool) -> tuple[int, bool]:
    """Return the status of the answer, and whether the view has run."""
    ran: list[str] = []

    def view() -> str:
        ran.append("view")
        return "in"

    async def async_view() -> str:
        return view()

    app.config.update(PROPAGATE_EXCEPTIONS=False)
    app.add_url_rule("/", view_func=guard(async_view if is_async else view), endpoint="view")
    with app.app_context():
        headers = {"Authorization": f"Bearer {jwt.issue('u1')}"}
    return app.test_client().get("/", headers=headers).status_code, bool(ran)


@errors
@hooks
@views
def test_what_raises_lets_nobody_in(
    app: Flask, jwt: JWTManager[Any], hook: Any, error: Exception, is_async: bool
) -> None:
    """HTTP-11, K15: a loader's StopIteration once ended the decision, and the view ran."""
    status, has_run = status_of(app, jwt, hook(jwt, raising(error)), is_async)

    assert status >= 400
    assert not has_run


@hooks
@views
def test_what_raises_nothing_lets_in(
    app: Flask, jwt: JWTManager[Any], hook: Any, is_async: bool
) -> None:
    status, has_run = status_of(app, jwt, hook(jwt, raising(None)), is_async)

    assert (status, has_run) == (200, True)


@errors
def test_a_store_that_raises_lets_nobody_in(make_app: Any, error: Exception) -> None:
    class Store(MemoryStore):
        def standing(self, *args: Any, **kwargs: Any) -> Any:
            raise error

    app, jwt = make_app(manager={"store": Store()})
    status, has_run = status_of(app, jwt, protect(), False)

    assert status in (404 if isinstance(error, NotFound) else 500, 503)
    assert not has_run


@errors
def test_a_key_ring_that_raises_lets_nobody_in(make_app: Any, error: Exception) -> None:
    """ALG-4."""

    class Ring(KeyRing):
        def find(self, *args: Any) -> Any:
            raise error

    app, jwt = make_app(manager={"keys": Ring(Key(SECRET, "HS256"))})
    status, has_run = status_of(app, jwt, protect(), False)

    assert status in (401, 404)
    assert not has_run


@errors
def test_enforcing_lets_nobody_on_whose_loader_raises(
    app: Flask, jwt: JWTManager[Any], error: Exception
) -> None:
    went_on: list[str] = []

    def view() -> str:
        jwt.enforce(Owns("owner"))
        went_on.append("view")
        return "in"

    load = raising(error)
    guard = lambda _: protect(resource=lambda: load(None))(view)  # noqa: E731
    status, _ = status_of(app, jwt, guard, False)

    assert status >= 400
    assert not went_on


# What is false -----------------------------------------------------------------------------------


def rendered(source: str) -> Callable[[Any], str]:
    return lambda proxy: render_template_string(source, it=proxy)


OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "bool": bool,
    "not": lambda it: not it,
    "and": lambda it: it and it.locked,
    "==": lambda it: it == 1,
    "== on the right": lambda it: 1 == it,  # noqa: SIM300
    "!=": lambda it: it != 1,
    "<": lambda it: it < [2],
    "<=": lambda it: it <= [2],
    ">": lambda it: it > [0],
    ">=": lambda it: it >= [0],
    "hash": hash,
    "str": str,
    "repr": repr,
    "format": lambda it: f"{it}",
    "%": lambda it: "%s" % it,  # noqa: UP031
    "len": len,
    "iteration": list,
    "starred": lambda it: [*it],
    "next": next,
    "in": lambda it: 1 in it,
    "in a list": lambda it: it in [1],
    "an attribute": lambda it: it.locked,
    "an attribute or else": lambda it: getattr(it, "locked", False),
    "has an attribute": lambda it: hasattr(it, "locked"),
    "a member": lambda it: it["locked"],
    "a place": lambda it: it[0],
    "dir": dir,
    "isinstance": lambda it: isinstance(it, int),
    "a call": lambda it: it(),
    "+": lambda it: it + [1],  # noqa: RUF005
    "int": int,
    "index": operator.index,
    "setattr": lambda it: setattr(it, "locked", False),
    "setitem": lambda it: operator.setitem(it, 0, 1),
    "vars": vars,
    "{% if %}": rendered("{% if it %}in{% endif %}"),
    "{% if attribute %}": rendered("{% if it.locked %}in{% endif %}"),
    "{% if member %}": rendered("{% if it['locked'] %}in{% endif %}"),
    "{% if place %}": rendered("{% if it[0] %}in{% endif %}"),
    "{% if == %}": rendered("{% if it == 1 %}in{% endif %}"),
    "{% if in %}": rendered("{% if 1 in it %}in{% endif %}"),
    "{% for %}": rendered("{% for one in it %}in{% endfor %}"),
    "{{ }}": rendered("{{ it }}"),
    "{{ attribute }}": rendered("{{ it.locked }}"),
    "{{ length }}": rendered("{{ it|length }}"),
    "{{ default }}": rendered("{{ it.locked|default('') }}"),
}
PROXIES = [
    pytest.param(current_resource, id="resource"),
    pytest.param(current_user, id="user"),
    pytest.param(template_user, id="template"),
]
proxies = pytest.mark.parametrize("proxy", PROXIES)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def in_a_view(app: Flask, jwt: JWTManager[Any], act: Act, value: Any, what: Any) -> Any:
    """Return what *what* does in a view whose resource and user are loaded at the first touch."""
    jwt.user_loader(lambda token: act(value), lazy=True)
    view = protect(resource=lambda: act(value))(what)
    with app.app_context():
        headers = {"Authorization": f"Bearer {jwt.issue('u1')}"}
    with app.test_request_context(headers=headers):
        return view()


def raised_by(operation: Callable[[Any], Any], proxy: Any) -> list[BaseException]:
    """Return what came out of an operation, and what caused it; nothing where it has a value."""
    try:
        operation(proxy)
    except Exception as error:  # noqa: BLE001 # which one is what is tested
        return list(causes(error))
    return []


@errors
@proxies
def test_what_a_loader_raised_comes_out_of_every_operation(
    app: Flask, jwt: JWTManager[Any], proxy: Any, error: Exception
) -> None:
    """`if current_resource and current_resource.locked: abort(403)` does not go on."""
    found = in_a_view(
        app,
        jwt,
        raising(error),
        None,
        lambda: {name: raised_by(operation, proxy) for name, operation in OPERATIONS.items()},
    )

    assert [name for name, raised in found.items() if error not in raised] == []


@errors
@proxies
def test_what_a_user_loader_raised_is_an_outage_unless_it_is_an_answer(
    app: Flask, jwt: JWTManager[Any], proxy: Any, error: Exception
) -> None:
    found = in_a_view(app, jwt, raising(error), None, lambda: raised_by(bool, proxy))
    is_passed_on = proxy is current_resource or isinstance(
        error, NotFound | StoreNotConfiguredError
    )

    assert isinstance(found[0], type(error) if is_passed_on else UserUnavailableError)


class Locked(list[int]):
    """An object for which every operation has an answer, and most are true."""

    locked = True

    def __getitem__(self, key: Any) -> Any:
        return True if key == "locked" else super().__getitem__(key)

    def __next__(self) -> int:
        return 1

    def __hash__(self) -> int:  # type: ignore[override]
        return 1

    def __int__(self) -> int:
        return 1

    __index__ = __int__

    def __call__(self) -> int:
        return 1


@proxies
def test_what_was_loaded_answers_every_operation(
    app: Flask, jwt: JWTManager[Any], proxy: Any
) -> None:
    def all_of(it: Any) -> dict[str, Any]:
        return {name: operation(it) for name, operation in OPERATIONS.items()}

    with app.app_context():
        expected = all_of(Locked([1]))

    assert in_a_view(app, jwt, raising(None), Locked([1]), lambda: all_of(proxy)) == expected


@pytest.mark.parametrize(
    ("error", "operation"),
    [
        pytest.param(AttributeError(), "an attribute", id="attribute"),
        pytest.param(KeyError(), "a member", id="member"),
        pytest.param(StopIteration(), "next", id="next"),
    ],
)
def test_an_error_that_would_be_an_answer_is_none(
    app: Flask, jwt: JWTManager[Any], error: Exception, operation: str
) -> None:
    what = lambda: OPERATIONS[operation](current_resource)  # noqa: E731
    with pytest.raises(LoaderError, match=type(error).__name__) as caught:
        in_a_view(app, jwt, raising(error), None, what)

    assert caught.value.__cause__ is error


def test_an_answer_of_a_loader_stays_one_although_it_is_a_lookup_error_too(
    app: Flask, jwt: JWTManager[Any]
) -> None:
    """A loader reads a field that the client has left out: 400, not 500."""
    with pytest.raises(MissingField):
        in_a_view(app, jwt, raising(MissingField("note")), None, lambda: current_resource["text"])


def test_what_has_no_such_attribute_says_so(app: Flask, jwt: JWTManager[Any]) -> None:
    found = in_a_view(
        app, jwt, raising(None), Locked([1]), lambda: getattr(current_resource, "absent", "or else")
    )

    assert found == "or else"


@pytest.mark.parametrize("is_found", [True, False])
@pytest.mark.parametrize(
    "read",
    [
        lambda view: str(getattr(view, "resource", None)),
        lambda view: str(hasattr(view, "resource")),
        lambda view: render_template_string("{% if view.resource %}{% endif %}", view=view),
    ],
    ids=["getattr", "hasattr", "template"],
)
def test_a_views_resource_is_not_absent_because_its_loader_raised(
    app: Flask, access: Any, read: Act, is_found: bool
) -> None:
    class Note(ProtectedView):
        def load_resource(self) -> Any:
            if is_found:
                return SimpleNamespace(locked=True)
            raise AttributeError("gone")

        def get(self) -> str:
            return str(read(self))

    app.add_url_rule("/", view_func=Note.as_view("note"))
    app.config["PROPAGATE_EXCEPTIONS"] = False

    assert app.test_client().get("/", headers=access()).status_code == (200 if is_found else 500)
