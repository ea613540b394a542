"""Policies about the object that an endpoint is about."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar, Generic, TypeVar

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from jwtpolicy import (
    Fresh,
    HasRole,
    OptionalToken,
    Owns,
    Policy,
    ProtectedView,
    ResourceMatch,
    claim,
    current_resource,
    current_token,
    policy,
    protect,
)
from jwtpolicy.exceptions import PolicyDefinitionError

NOTES = {1: SimpleNamespace(owner="u1", text="mine"), 2: SimpleNamespace(owner="u2", text="his")}


class NoteView(ProtectedView):
    policies: ClassVar[Any] = Owns("owner") | HasRole("admin")
    loads: ClassVar[list[int]] = []

    def load_resource(self, note: int) -> Any:
        self.loads.append(note)
        return NOTES.get(note)

    def get(self, note: int) -> str:
        return f"{self.resource.text} {current_resource.text}"


@pytest.fixture
def notes(app: Flask) -> FlaskClient:
    NoteView.loads.clear()
    app.add_url_rule("/notes/<int:note>", view_func=NoteView.as_view("notes"))
    return app.test_client()


@pytest.mark.parametrize(
    ("note", "claims", "status"),
    [
        pytest.param(1, {"roles": []}, 200, id="the owner"),
        pytest.param(2, {"roles": []}, 403, id="somebody else"),
        pytest.param(2, {"roles": ["admin"]}, 200, id="somebody else, an admin"),
        pytest.param(3, {"roles": []}, 404, id="of nothing"),
    ],
)
def test_a_note_is_shown_to(notes: Any, access: Any, note: int, claims: Any, status: int) -> None:
    assert notes.get(f"/notes/{note}", headers=access(claims=claims)).status_code == status


Item = TypeVar("Item")


class OneOf(ProtectedView[Item], Generic[Item]):
    def get(self, note: int) -> str:
        return str(self.resource)


class TypedNote(OneOf[SimpleNamespace]):
    policies: ClassVar[Any] = Owns("owner")

    def load_resource(self, note: int) -> SimpleNamespace | None:
        return NOTES.get(note)


@pytest.mark.parametrize(("note", "status"), [(1, 200), (2, 403), (3, 404)])
def test_a_class_that_says_the_type_of_its_resource_is_guarded_as_any(
    app: Any, access: Any, note: int, status: int
) -> None:
    app.add_url_rule("/notes/<int:note>", view_func=TypedNote.as_view("notes"))

    assert app.test_client().get(f"/notes/{note}", headers=access()).status_code == status


def test_to_say_the_type_of_the_resource_defines_no_loader() -> None:
    with pytest.raises(PolicyDefinitionError, match="needs a resource; define load_resource"):

        class Unloaded(ProtectedView[SimpleNamespace]):
            policies: ClassVar[Any] = Owns("owner")

            def get(self) -> None: ...


def test_the_resource_is_loaded_once(notes: Any, access: Any) -> None:
    notes.get("/notes/1", headers=access(claims={"roles": []}))

    assert NoteView.loads == [1]


def test_a_view_gets_the_resource_that_its_guard_did_not_need(notes: Any, access: Any) -> None:
    answer = notes.get("/notes/2", headers=access(claims={"roles": ["admin"]}))

    assert (answer.text, NoteView.loads) == ("his his", [2])


def test_nobody_loads_for_a_caller_who_is_refused_anyway(
    app: Any, jwt: Any, notes: Any, access: Any
) -> None:
    headers = access(claims={"roles": []})
    assert notes.get("/notes/1").status_code == 401
    with app.app_context():
        jwt.revoke(headers["Authorization"].removeprefix("Bearer "))
    assert notes.get("/notes/1", headers=headers).status_code == 401

    assert NoteView.loads == []


#: A log-in, the answers for one's own note, somebody else's and none, and what is loaded.
OLD_AND_NEW = [
    pytest.param({"fresh": False}, [401, 401, 401], [], id="an old log-in learns nothing"),
    pytest.param({"fresh": True}, [200, 403, 404], [1, 2, 3], id="a new one what is what"),
]


@pytest.mark.parametrize(("login", "statuses", "loaded"), OLD_AND_NEW)
def test_a_password_is_asked_for_before_the_object_is_loaded(
    app: Any, access: Any, login: Any, statuses: list[int], loaded: list[int]
) -> None:
    """Whoever owns nothing logs in again in vain: the chain's law is about what is known."""
    loads: list[int] = []

    def load(note: int) -> Any:
        loads.append(note)
        return NOTES.get(note)

    guard = protect(Owns("owner") & Fresh(), resource=load)
    app.add_url_rule("/own/<int:note>", view_func=guard(lambda note: "done"), endpoint="own")

    headers = access(**login)
    answers = [app.test_client().get(f"/own/{note}", headers=headers) for note in (1, 2, 3)]

    assert ([answer.status_code for answer in answers], loads) == (statuses, loaded)


def test_a_resource_that_is_gone_when_the_view_wants_it_is_404(app: Any, access: Any) -> None:
    @app.get("/lazy")
    @protect(resource=lambda: None)
    def lazy() -> str:
        return current_resource.text

    assert app.test_client().get("/lazy", headers=access()).status_code == 404


def test_an_answer_of_the_loader_passes_through(app: Any, access: Any) -> None:
    def load() -> Any:
        abort(410)

    @app.get("/gone")
    @protect(Owns("owner"), resource=load)
    def gone() -> str:
        return "in"

    assert app.test_client().get("/gone", headers=access()).status_code == 410


@pytest.mark.parametrize(
    "is_async", [pytest.param(True, id="async"), pytest.param(False, id="sync")]
)
def test_an_async_loader_is_awaited(app: Any, access: Any, is_async: bool) -> None:
    async def load() -> Any:
        return NOTES[1]

    def view() -> str:
        return str(current_resource.text)

    async def async_view() -> str:
        return str(current_resource.text)

    guard = protect(Owns("owner"), resource=load)
    app.add_url_rule("/", view_func=guard(async_view if is_async else view), endpoint="view")
    assert app.test_client().get("/", headers=access()).text == "mine"
    assert app.test_client().get("/", headers=access("u2")).status_code == 403


@pytest.mark.parametrize(
    "is_needed", [pytest.param(True, id="by the guard"), pytest.param(False, id="by the view")]
)
def test_a_coroutine_that_nobody_awaits_is_no_resource(
    app: Any, access: Any, is_needed: bool
) -> None:
    """A policy that asks whether there is an object would have let everybody in."""

    async def load() -> Any:
        return None

    @policy
    def there_is_one(access: Any) -> bool:
        return access.resource is not None

    guard = protect(*[there_is_one] * is_needed, resource=lambda: load())
    app.add_url_rule("/", view_func=guard(lambda: f"{bool(current_resource)}"), endpoint="view")

    with pytest.raises(PolicyDefinitionError, match="define the loader with async def"):
        app.test_client().get("/", headers=access())


def test_an_async_view_finds_the_resource_that_its_guard_did_not_need(
    app: Any, access: Any
) -> None:
    async def load() -> Any:
        return NOTES[1]

    @app.get("/")
    @protect(resource=load)
    async def view() -> str:
        return str(current_resource.text)

    assert app.test_client().get("/", headers=access()).text == "mine"


def test_an_async_method_loads_through_its_view(app: Any, access: Any) -> None:
    class Async(ProtectedView):
        policies = Owns("owner")

        async def load_resource(self, note: int) -> Any:
            return NOTES.get(note)

        async def get(self, note: int) -> str:
            return str(self.resource.text)

    app.add_url_rule("/<int:note>", view_func=Async.as_view("view"))
    client = app.test_client()
    found = [client.get(f"/{note}", headers=access()).status_code for note in (1, 2, 3)]
    assert found == [200, 403, 404]


def test_a_function_policy_waits_for_the_resource(app: Any, access: Any) -> None:
    @policy
    def is_short(access: Any) -> bool:
        try:
            return len(access.resource.text) < 4
        except Exception:  # noqa: BLE001 # what a careless author writes
            return True

    @app.get("/<int:note>")
    @protect(is_short, resource=lambda note: NOTES[note])
    def view(note: int) -> str:
        return "in"

    client = app.test_client()
    assert client.get("/1", headers=access()).status_code == 403
    assert client.get("/2", headers=access()).status_code == 200


def test_a_function_policy_without_a_loader_is_an_error_of_the_application(
    app: Any, access: Any
) -> None:
    class Reads(Policy):
        def decide(self, access: Any) -> bool:
            return bool(access.resource)

    @app.get("/")
    @protect(Reads())
    def view() -> str:
        return "in"

    assert app.test_client().get("/", headers=access()).status_code == 500


def test_enforcing_in_a_loop_judges_each_object(app: Any, jwt: Any, access: Any) -> None:
    @app.get("/all")
    @protect()
    def all_notes() -> Any:
        seen = []
        for note in NOTES.values():
            jwt.enforce(ResourceMatch(owner=claim("sub")), note)
            seen.append(note.text)
        return seen

    assert app.test_client().get("/all", headers=access()).status_code == 403


def test_enforcing_passes_where_each_object_fits(app: Any, jwt: Any, access: Any) -> None:
    @app.get("/own")
    @protect()
    def own() -> Any:
        for _ in range(2):
            jwt.enforce(Owns("owner"), NOTES[1])
        return "in"

    assert app.test_client().get("/own", headers=access()).text == "in"


def test_enforcing_without_an_object_is_about_the_endpoints_own(
    app: Any, jwt: Any, access: Any
) -> None:
    loads: list[int] = []

    def load(note: int) -> Any:
        loads.append(note)
        return NOTES[note]

    @app.get("/<int:note>")
    @protect(resource=load)
    def view(note: int) -> str:
        jwt.enforce(Owns("owner"))
        return str(current_resource.text)

    client = app.test_client()
    assert client.get("/1", headers=access()).text == "mine"
    assert client.get("/2", headers=access()).status_code == 403
    assert loads == [1, 2]


def test_enforcing_where_no_guard_has_run_does_what_a_guard_would(
    app: Any, jwt: Any, access: Any
) -> None:
    @app.get("/")
    def view() -> str:
        jwt.enforce(HasRole("admin"))
        return current_token.subject

    client = app.test_client()
    headers = access(claims={"roles": ["admin"]})
    assert client.get("/").status_code == 401
    assert client.get("/", headers=access(claims={"roles": []})).status_code == 403
    assert client.get("/", headers=headers).text == "u1"
    with app.app_context():
        jwt.revoke(headers["Authorization"].removeprefix("Bearer "))
    assert client.get("/", headers=headers).status_code == 401


def test_enforcing_an_async_policy_in_a_running_loop_names_the_way_out(
    app: Any, jwt: Any, access: Any
) -> None:
    @policy
    async def slow(access: Any) -> bool:
        return access.token.subject == "u1"

    @app.get("/sync")
    @protect()
    async def wrong() -> str:
        jwt.enforce(slow)
        return "in"

    @app.get("/async")
    @protect()
    async def right() -> str:
        await jwt.enforce_async(slow)
        return "in"

    client = app.test_client()
    with pytest.raises(PolicyDefinitionError, match="enforce_async"):
        client.get("/sync", headers=access())
    assert client.get("/async", headers=access()).text == "in"
    assert client.get("/async", headers=access("u2")).status_code == 403


def test_two_loaders_of_one_endpoint_are_a_mistake(app: Any) -> None:
    @app.get("/")
    @protect(resource=lambda: NOTES[1])
    @protect(resource=lambda: NOTES[2])
    def view() -> str:
        return "in"

    with pytest.raises(PolicyDefinitionError, match="two guards load"):
        app.test_client().get("/")


def test_an_anonymous_caller_of_an_optional_view_can_read_the_resource(app: Any) -> None:
    @app.get("/")
    @protect(OptionalToken(), resource=lambda: NOTES[1])
    def view() -> str:
        return str(current_resource.text)

    assert app.test_client().get("/").text == "mine"


class Own(ProtectedView):
    """Has a note of its own, and asks about another one."""

    policies = OptionalToken()
    ask: Any = None

    def __init__(self, ask: Any) -> None:
        self.ask = ask

    def load_resource(self) -> Any:
        return NOTES[1]

    def get(self) -> str:
        self.ask()
        return str(self.resource.text)


class AsyncOwn(Own):
    """The same, where all is awaited."""

    async def load_resource(self) -> Any:
        return NOTES[1]

    async def get(self) -> str:  # type: ignore[override]
        await self.ask()
        return "in"


@policy
def owned(access: Any) -> bool:
    return access.resource is None or access.resource.owner == access.token.subject


#: What is asked about a note that was looked for and not found, and who has asked.
NOTHING = [
    pytest.param(Owns("owner"), "u1", 404, id="the owner of another one"),
    pytest.param(~Owns("owner"), "u2", 404, id="not the owner"),
    pytest.param(owned, "u1", 404, id="a function that would allow"),
    pytest.param(HasRole("admin") | Owns("owner"), "u1", 404, id="nobody else either"),
    pytest.param(HasRole("admin") & Owns("owner"), "u1", 403, id="refused anyway"),
    pytest.param(HasRole("user") | Owns("owner"), "u1", 200, id="allowed anyway"),
    pytest.param(HasRole("user"), "u1", 200, id="not about it"),
    pytest.param(HasRole("admin"), "u1", 403, id="refused, not about it"),
    pytest.param(Owns("owner"), None, 401, id="without a token"),
    pytest.param(~Owns("owner"), None, 401, id="not the owner, without a token"),
]


@pytest.mark.parametrize(("asked", "subject", "status"), NOTHING)
@pytest.mark.parametrize("view", [Own, AsyncOwn, None])
def test_enforcing_about_none_is_about_nothing(
    app: Any, jwt: Any, access: Any, view: Any, asked: Any, subject: Any, status: int
) -> None:
    """It is not about the endpoint's own note, where there is one, or where no guard has run."""
    enforce = jwt.enforce_async if view is AsyncOwn else jwt.enforce
    ask = lambda: enforce(asked, None)  # noqa: E731
    function = (lambda: ask() or "in") if view is None else view.as_view("view", ask)
    app.add_url_rule("/", view_func=function, endpoint="view")
    headers = access(subject, claims={"roles": ["user"]}) if subject else {}

    assert app.test_client().get("/", headers=headers).status_code == status


def test_enforcing_about_nothing_asks_the_baseline_first(app: Any, jwt: Any, access: Any) -> None:
    """A revoked token learns nothing about what is there."""
    app.add_url_rule("/", view_func=lambda: jwt.enforce(Owns("owner"), None), endpoint="view")
    headers = access()
    with app.app_context():
        jwt.revoke(headers["Authorization"].removeprefix("Bearer "))

    assert app.test_client().get("/", headers=headers).status_code == 401


def test_enforcing_where_no_guard_has_run_leaves_no_resource_behind(
    app: Any, jwt: Any, access: Any
) -> None:
    @app.get("/<int:note>")
    def view(note: int) -> str:
        jwt.enforce(Owns("owner"), NOTES[note])
        return f"{current_token.subject} {current_resource or 'nothing'}"

    client = app.test_client()
    assert client.get("/1", headers=access()).text == "u1 nothing"
    assert client.get("/2", headers=access()).status_code == 403


def test_enforcing_overlooks_a_token_and_is_still_about_the_object(
    app: Any, jwt: Any, access: Any
) -> None:
    """Once the object was lost together with the revoked token: an error 500."""

    @policy(needs_token=False)
    def is_open(access: Any) -> bool:
        return bool(access.resource.text == "mine")

    @app.get("/<int:note>")
    def view(note: int) -> str:
        jwt.enforce(OptionalToken(ignore_invalid=True) & is_open, NOTES[note])
        return "in"

    headers = access()
    with app.app_context():
        jwt.revoke(headers["Authorization"].removeprefix("Bearer "))
    found = [app.test_client().get(f"/{n}", headers=headers).status_code for n in (1, 2)]
    assert found == [200, 403]


@pytest.mark.parametrize("asked", [Owns("owner"), ~Owns("owner"), Owns("owner") | ~Owns("owner")])
def test_a_loader_that_finds_nothing_ends_the_decision(app: Any, access: Any, asked: Any) -> None:
    app.add_url_rule(
        "/", view_func=protect(asked, resource=lambda: None)(lambda: "in"), endpoint="view"
    )

    assert app.test_client().get("/", headers=access()).status_code == 404


def test_an_attribute_that_cannot_be_read_counts_as_absent(app: Any, access: Any) -> None:
    """Neither the match nor its negation admits anybody."""

    class Note:
        @property
        def owner(self) -> str:
            raise AttributeError

    for name, asked in {"owner": Owns("owner"), "other": ~Owns("owner")}.items():
        guard = protect(asked, resource=Note)
        app.add_url_rule(f"/{name}", view_func=guard(lambda: "in"), endpoint=name)
    client = app.test_client()

    assert [client.get(path, headers=access()).status_code for path in ("/owner", "/other")] == [
        403,
        403,
    ]
