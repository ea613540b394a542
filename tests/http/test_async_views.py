"""What an async view reads was loaded before it began, because it cannot wait for a loader."""

from __future__ import annotations

import asyncio
from itertools import combinations
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from jwtpolicy import (
    Access,
    JWTManager,
    OptionalToken,
    Owns,
    ProtectedView,
    Refresh,
    current_resource,
    current_token,
    current_user,
    policy,
    protect,
    public,
)
from jwtpolicy.exceptions import SetupError
from tests.support.requests import bearer

NOTE = SimpleNamespace(owner="u2", text="his")


class NoteView(ProtectedView):
    """A view whose policies do not need its resource."""

    policies: ClassVar[Any] = Access()
    loads: ClassVar[list[int]] = []

    async def load_resource(self, note: int) -> Any:
        self.loads.append(note)
        return NOTE if note == 1 else None

    async def get(self, note: int) -> str:
        await asyncio.sleep(0)
        return f"{self.resource.text} {current_resource.text} {current_user}"

    def post(self, note: int) -> str:
        return "none was needed"


@pytest.fixture
def notes(app: Flask) -> FlaskClient:
    NoteView.loads.clear()
    app.add_url_rule("/notes/<int:note>", view_func=NoteView.as_view("notes"))
    return app.test_client()


def test_an_async_method_has_the_resource_that_its_guard_did_not_need(
    notes: Any, access: Any
) -> None:
    """It was a 500."""
    answer = notes.get("/notes/1", headers=access())

    assert (answer.text, NoteView.loads) == ("his his u1", [1])


def test_an_async_method_of_nothing_is_404(notes: Any, access: Any) -> None:
    assert notes.get("/notes/2", headers=access()).status_code == 404


def test_head_loads_as_get_does(notes: Any, access: Any) -> None:
    assert notes.head("/notes/2", headers=access()).status_code == 404


def test_a_plain_method_beside_it_loads_at_the_first_touch(notes: Any, access: Any) -> None:
    answer = notes.post("/notes/2", headers=access())

    assert (answer.text, NoteView.loads) == ("none was needed", [])


def test_nothing_is_loaded_for_whoever_is_refused(notes: Any) -> None:
    assert notes.get("/notes/1").status_code == 401
    assert NoteView.loads == []


def test_a_dispatching_coroutine_has_the_resource_too(app: Flask, access: Any) -> None:
    class Dispatching(NoteView):
        async def dispatch_request(self, **view_args: Any) -> str:  # type: ignore[override]
            return str(self.resource.text)

    app.add_url_rule("/n/<int:note>", view_func=Dispatching.as_view("n"))

    assert app.test_client().post("/n/1", headers=access()).text == "his"


@pytest.fixture
def loads(jwt: JWTManager[Any]) -> list[str]:
    """Register a lazy async user loader; return the subjects that it was asked for."""
    asked: list[str] = []

    @jwt.user_loader(lazy=True)
    async def load(token: Any) -> Any:
        asked.append(token.subject)
        return None if token.subject == "gone" else f"user {token.subject}"

    return asked


def function_view() -> Any:
    @protect(OptionalToken())
    async def view() -> str:
        return f"{current_user} {current_user}"

    return view


def class_view() -> Any:
    class View(ProtectedView):
        policies = OptionalToken()

        async def get(self) -> str:
            return f"{current_user} {current_user}"

    return View.as_view("view")


views = pytest.mark.parametrize("make", [function_view, class_view], ids=["function", "class"])


@views
def test_a_lazy_async_loader_serves_an_async_view(
    app: Flask, access: Any, loads: list[str], make: Any
) -> None:
    """It was a 503."""
    app.add_url_rule("/", endpoint="view", view_func=make())
    client = app.test_client()

    assert client.get("/", headers=access()).text == "user u1 user u1"
    assert client.get("/").text == " "
    assert loads == ["u1"]


@views
def test_an_async_view_of_a_user_who_is_gone_is_401(
    app: Flask, access: Any, loads: list[str], make: Any
) -> None:
    app.add_url_rule("/", endpoint="view", view_func=make())

    assert app.test_client().get("/", headers=access("gone")).status_code == 401


def test_an_async_loader_serves_an_async_view_without_a_baseline(make_app: Any) -> None:
    app, jwt = make_app(manager={"baseline": None})

    @jwt.user_loader
    async def load(token: Any) -> str:
        return f"user {token.subject}"

    app.get("/")(function_view())
    with app.app_context():
        headers = {"Authorization": f"Bearer {jwt.issue('u1')}"}

    assert app.test_client().get("/", headers=headers).text == "user u1 user u1"


def test_enforcing_in_an_open_async_view_loads_too(
    app: Flask, jwt: JWTManager[Any], access: Any, loads: list[str]
) -> None:
    @app.get("/")
    @public
    async def view() -> str:
        await jwt.enforce_async(Access())
        return str(current_user)

    assert app.test_client().get("/", headers=access()).text == "user u1"


def in_a_loop(read: Any) -> Any:
    async def act() -> Any:
        return read()

    return asyncio.run(act())


def test_a_user_that_nobody_can_wait_for_is_an_error_that_says_what_to_do(
    app: Flask, access: Any, loads: list[str]
) -> None:
    @app.get("/")
    @protect
    def view() -> str:
        return in_a_loop(lambda: str(current_user))

    with pytest.raises(SetupError, match="before the loop begins"):
        app.test_client().get("/", headers=access())


def test_a_resource_that_nobody_can_wait_for_is_an_error_that_says_what_to_do(
    app: Flask, access: Any
) -> None:
    async def load() -> Any:
        return NOTE

    @app.get("/")
    @protect(Owns("owner") | Access(), resource=load)
    def view() -> str:
        return in_a_loop(lambda: str(current_resource.text))

    with pytest.raises(SetupError, match="current_resource has an async loader"):
        app.test_client().get("/", headers=access())


def test_what_was_read_before_the_loop_is_there_in_it(
    app: Flask, access: Any, loads: list[str]
) -> None:
    @app.get("/")
    @protect
    def view() -> str:
        return f"{current_user}" + in_a_loop(lambda: f" {current_user}")

    assert app.test_client().get("/", headers=access()).text == "user u1 user u1"


def guarded_by_its_user(app: Flask, jwt: JWTManager[Any], kinds: str, extra: Any = None) -> Any:
    """Serve a view whose policy reads the user; *kinds* says what of it is async, or lazy."""

    def known(token: Any) -> Any:
        loads.append(token.subject)
        if token.subject == "banned":
            abort(410)
        return None if token.subject == "gone" else token.subject

    async def load(token: Any) -> Any:
        return known(token)

    async def judge(access: Any) -> bool:
        return access.user == "u1"

    async def view() -> str:
        return "in"

    loads: list[str] = []
    jwt.user_loader(load if "loader" in kinds else known, lazy="lazy" in kinds)
    level = policy(judge if "policy" in kinds else lambda access: access.user == "u1")
    level = level if extra is None else extra | level
    app.get("/")(protect(level)(view if "view" in kinds else lambda: "in"))
    return loads


WORDS = ("loader", "policy", "view", "lazy")
asyncs = pytest.mark.parametrize(
    "kinds",
    [" ".join(found) for size in range(5) for found in combinations(WORDS, size)],
    ids=lambda kinds: kinds or "none",
)


@asyncs
@pytest.mark.parametrize(
    ("subject", "status"), [("u1", 200), ("u2", 403), ("gone", 401), ("banned", 410)]
)
def test_a_policy_may_read_the_user(
    app: Flask, jwt: JWTManager[Any], access: Any, kinds: str, subject: str, status: int
) -> None:
    """It was a 500 where the loader is async, and for whoever was gone where it is lazy."""
    loads = guarded_by_its_user(app, jwt, kinds)

    assert app.test_client().get("/", headers=access(subject)).status_code == status
    assert len(loads) == 1


@asyncs
def test_two_policies_may_wait_for_the_user(
    app: Flask, jwt: JWTManager[Any], access: Any, kinds: str
) -> None:
    """One that is async, and one that is not."""

    @policy
    async def other(access: Any) -> bool:
        return access.user == "u2"

    loads = guarded_by_its_user(app, jwt, kinds, extra=other)

    assert app.test_client().get("/", headers=access()).status_code == 200
    assert loads == ["u1"]


@pytest.mark.parametrize("kinds", ["lazy", "loader lazy", "policy lazy"])
def test_nobody_loads_a_user_on_whom_nothing_depends(
    app: Flask, jwt: JWTManager[Any], access: Any, kinds: str
) -> None:
    loads = guarded_by_its_user(app, jwt, kinds, extra=Access())

    assert app.test_client().get("/", headers=access("gone")).status_code == 200
    assert loads == []


def test_a_policy_that_cannot_wait_for_the_user_is_a_mistake_that_is_logged(
    app: Flask, jwt: JWTManager[Any], access: Any, loads: list[str], caplog: Any
) -> None:
    reads = policy(lambda access: access.user == "user u1")

    @app.get("/")
    @protect
    def view() -> str:
        return in_a_loop(lambda: jwt.enforce(reads))

    assert app.test_client().get("/", headers=access()).status_code == 500
    assert "before the loop begins" in caplog.text


@pytest.mark.parametrize(("subject", "status"), [("u1", 200), ("banned", 410)])
@pytest.mark.parametrize("kinds", ["loader", "loader lazy", "lazy"])
def test_an_async_view_may_refresh(
    app: Flask, jwt: JWTManager[Any], kinds: str, subject: str, status: int
) -> None:
    """The user is loaded again, for what the new tokens say."""
    guarded_by_its_user(app, jwt, kinds)

    @app.post("/refresh")
    @protect(Refresh())
    async def refresh() -> Any:
        return jwt.refresh(current_token).as_response()

    with app.app_context():
        headers = bearer(str(jwt.login(subject).refresh_token))
    assert app.test_client().post("/refresh", headers=headers).status_code == status


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
def test_nobody_has_no_user(app: Flask, loads: list[str], is_async: bool) -> None:
    async def judge(access: Any) -> bool:
        return access.user is None

    level = policy(needs_token=False)(judge if is_async else lambda access: access.user is None)
    app.get("/")(protect(OptionalToken() & level)(lambda: "in"))

    assert app.test_client().get("/").text == "in"
    assert loads == []
