"""Each request, task and thread has a token of its own, and a resource."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Any
from weakref import ref

import pytest
from flask import Flask, copy_current_request_context, request, stream_with_context

from jwtpolicy import (
    JWTManager,
    OptionalToken,
    current_resource,
    current_token,
    current_user,
    policy,
    protect,
    public,
)
from jwtpolicy.exceptions import AccessDeniedError
from tests.support.requests import bearer


def who() -> str:
    """Return whose token is the current one, and what the endpoint is about."""
    subject = current_token.subject if current_token else "nobody"
    return f"{subject}/{current_resource or 'nothing'}"


by_header = protect(resource=lambda: "header")
by_query = protect(transports="query_string", resource=lambda: "query")
by_cookie = protect(transports="cookies")


@pytest.fixture
def ask(app: Flask, jwt: JWTManager[Any]) -> Callable[..., str]:
    """Return what gets a path as ada, whose query string has bob's token."""

    def get(path: str = "/") -> str:
        with app.app_context():
            headers, query = bearer(jwt.issue("ada")), {"jwt": jwt.issue("bob")}
        return app.test_client().get(path, headers=headers, query_string=query).text

    return get


async def take_turns(turns: int = 3) -> list[str]:
    found = []
    for _ in range(turns):
        found.append(who())
        await asyncio.sleep(0)
    return found


def test_tasks_that_take_turns_each_see_their_own(app: Flask, ask: Any) -> None:
    @app.get("/")
    @protect()
    async def view() -> list[Any]:
        inner = [by_header(take_turns)(), by_query(take_turns)(), take_turns()]
        return [who(), *await asyncio.gather(*inner), who()]

    assert eval(ask()) == [  # what the view has listed
        "ada/nothing",
        ["ada/header"] * 3,
        ["bob/query"] * 3,
        ["ada/nothing"] * 3,
        "ada/nothing",
    ]


def meeting(barrier: threading.Barrier) -> str:
    """Return who is current when the others have been let in too."""
    barrier.wait()
    return who()


def in_a_copy_of_the_context(work: Callable[..., str]) -> Callable[..., str]:
    context = copy_context()
    return lambda *args: context.run(work, *args)


@pytest.mark.parametrize("carried", [in_a_copy_of_the_context, copy_current_request_context])
@pytest.mark.parametrize("outer", [protect(), public])
def test_threads_that_run_at_once_each_see_their_own(
    app: Flask, ask: Any, carried: Any, outer: Any
) -> None:
    def view() -> str:
        barrier = threading.Barrier(2, timeout=20)
        with ThreadPoolExecutor(2) as pool:
            works = [carried(guard(lambda: meeting(barrier))) for guard in (by_header, by_query)]
            return " ".join([work.result() for work in list(map(pool.submit, works))])

    app.add_url_rule("/", view_func=outer(view), endpoint="view")
    assert ask() == "ada/header bob/query"


def test_a_thread_that_outlives_its_caller_keeps_what_it_was_started_with(
    app: Flask, ask: Any
) -> None:
    is_over = threading.Event()

    def later() -> str:
        assert is_over.wait(20)
        return who()

    with ThreadPoolExecutor(1) as pool:

        @app.get("/")
        @protect()
        def view() -> str:
            started = by_query(lambda: pool.submit(copy_context().run, later))()
            is_over.set()
            return f"{started.result()} {who()}"

        assert ask() == "bob/query ada/nothing"


def test_a_stream_reads_what_the_endpoints_guard_let_in(app: Flask, ask: Any) -> None:
    def lines() -> Any:
        yield f"{who()} "
        yield by_query(who)() + " "
        yield who()

    @app.get("/")
    @by_header
    def view() -> Any:
        # The inner guard is over before the first line is read.
        return by_query(lambda: stream_with_context(lines()))()

    assert ask() == "ada/header bob/query ada/header"


def test_a_stream_stays_its_own_while_another_request_is_answered(app: Flask, access: Any) -> None:
    app.add_url_rule("/other", view_func=protect()(lambda: by_header(who)()), endpoint="other")

    @app.get("/")
    @protect()
    def view() -> Any:
        return stream_with_context(who() for _ in range(2))

    client = app.test_client()
    stream = client.get("/", headers=access("ada")).iter_encoded()
    first = next(stream)
    other = client.get("/other", headers=access("bob")).text

    assert (first, other, *stream) == (b"ada/nothing", "bob/header", b"ada/nothing")


def test_an_open_page_that_a_guarded_function_asks_for_has_nobody(app: Flask, ask: Any) -> None:
    app.add_url_rule("/open", view_func=public(lambda: who()), endpoint="open")

    @app.get("/")
    @protect()
    def view() -> str:
        return by_query(lambda: f"{app.test_client().get('/open').text} {who()}")()

    assert ask() == "nobody/nothing bob/query"


MAKES_REQUESTS = [
    pytest.param(lambda app: app.request_context(request.environ), id="request_context"),
    pytest.param(
        lambda app: app.test_request_context(environ_base=request.environ), id="environ_base"
    ),
]


@pytest.mark.parametrize("make", MAKES_REQUESTS)
def test_a_request_of_the_same_environ_leaves_the_outer_one_as_it_was(
    app: Flask, ask: Any, make: Any
) -> None:
    @app.get("/")
    @protect(resource=lambda: "outer")
    def view() -> str:
        found = [who()]
        for _ in range(2):
            with make(app):
                found += [who(), by_header(who)()]
            found.append(who())
        return " ".join(found)

    nested = "nobody/nothing ada/header ada/outer"
    assert ask() == f"ada/outer {nested} {nested}"


def test_an_inner_guard_stays_current_around_a_request_of_the_same_environ(
    app: Flask, ask: Any
) -> None:
    def inner() -> str:
        read = copy_current_request_context(who)
        with app.request_context(request.environ):
            both = by_query(lambda: f"{who()} {read()}")
            return f"{by_header(both)()} {read()}"

    app.add_url_rule("/", view_func=protect()(lambda: by_header(inner)()), endpoint="view")
    assert ask() == "bob/query ada/header ada/header"


def test_answers_are_finished_by_what_the_endpoints_guard_let_in(make_app: Any) -> None:
    """A nested request once left its own state behind: the page of a cookie was cached."""
    app, jwt = make_app(token_location=["cookies"], refresh_cookie_path="/")

    @app.get("/")
    @protect()
    def view() -> str:
        with app.request_context(request.environ):
            return who()

    client = app.test_client()
    with app.app_context():
        client.set_cookie("__Host-access_token", jwt.issue("ada"), secure=True)
    answer = client.get("/", base_url="https://localhost")

    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("endpoint", "slides"), [pytest.param(by_header, False), pytest.param(by_cookie, True)]
)
def test_the_session_that_slides_is_the_endpoints_own(
    make_app: Any, clock: Any, endpoint: Any, slides: bool
) -> None:
    """A thread may still be inside of another guard when the answer is finished."""
    settings = {"token_location": ["headers", "cookies"], "refresh_cookie_path": "/"}
    app, jwt = make_app(cookie_renew_within=600, **settings)
    is_in, is_answered = threading.Event(), threading.Event()
    inner = by_header if slides else by_cookie
    work = inner(lambda: is_in.set() or is_answered.wait(20))

    with ThreadPoolExecutor(1) as pool, app.app_context():

        def view() -> str:
            pool.submit(copy_current_request_context(work))
            return str(is_in.wait(20))

        app.add_url_rule("/", view_func=endpoint(view), endpoint="view")
        client = app.test_client()
        client.set_cookie("__Host-access_token", jwt.login("bob").access_token, secure=True)
        headers = bearer(jwt.login("ada").access_token)
        clock.advance(599)
        answer = client.get("/", headers=headers, base_url="https://localhost")
        is_answered.set()

    assert (answer.text, "Set-Cookie" in answer.headers) == ("True", slides)


def test_the_endpoints_guard_counts_whatever_a_hook_has_met_before(
    app: Flask, jwt: JWTManager[Any], ask: Any
) -> None:
    app.before_request(lambda: jwt.enforce(OptionalToken()))
    app.before_request(lambda: by_header(lambda: None)())
    app.add_url_rule("/", view_func=by_query(lambda: who()), endpoint="view")

    assert ask() == "bob/query"


def test_each_user_is_loaded_once(app: Flask, jwt: JWTManager[Any], ask: Any) -> None:
    """The outer one again too: an async loader could not be awaited there."""
    loads: list[str] = []

    @jwt.user_loader
    async def load(token: Any) -> str:
        loads.append(token.subject)
        return f"the user {token.subject}"

    async def user() -> str:
        await asyncio.sleep(0)
        return str(current_user)

    @app.get("/")
    @protect()
    async def view() -> str:
        inner = await asyncio.gather(by_header(user)(), by_query(user)())
        return ", ".join([*inner, str(current_user)])

    assert ask() == "the user ada, the user bob, the user ada"
    assert sorted(loads) == ["ada", "bob"]


def test_a_coroutine_that_is_closed_elsewhere_leaves_others_as_they_are(
    app: Flask, ask: Any
) -> None:
    """What the garbage collector finishes, it finishes in the context of whoever runs."""

    @app.get("/")
    @protect()
    def view() -> str:
        unfinished = by_header(take_turns)()
        copy_context().run(unfinished.send, None)

        def inner() -> str:
            unfinished.close()
            return who()

        return f"{by_query(inner)()} {who()}"

    assert ask() == "bob/query ada/nothing"


def test_enforcing_is_about_the_token_that_is_current_then(
    app: Flask, jwt: JWTManager[Any], ask: Any
) -> None:
    """Another task is let in while the policy is awaited, where no guard has run before."""

    @policy
    async def is_ada(access: Any) -> bool:
        for _ in range(5):
            await asyncio.sleep(0)
        return bool(access.token.subject == "ada")

    async def enforced() -> str:
        await jwt.enforce_async(is_ada)
        return who()

    @app.get("/alone")
    async def alone() -> str:
        return await enforced()

    @app.get("/")
    async def view() -> str:
        with pytest.raises(AccessDeniedError):
            await asyncio.gather(enforced(), by_query(take_turns)())
        return who()

    assert ask("/alone") == "ada/nothing"
    assert ask() == "bob/query"


def test_a_request_leaves_no_garbage(app: Flask, access: Any) -> None:
    """A cycle would keep every token until the garbage is collected."""
    states: list[Any] = []

    @app.get("/")
    @protect()
    def view() -> str:
        nested = app.request_context(request.environ)
        with nested:
            by_header(who)()
            states.append(ref(app.extensions["jwtpolicy"].state()))
        states.append(ref(app.extensions["jwtpolicy"].state()))
        return by_header(who)()

    client = app.test_client()
    with suppress(RuntimeError):
        client.get("/missing")
    gc.collect()
    gc.disable()
    try:
        environ = client.get("/", headers=access()).request.environ
        environ.clear()
        assert [state() for state in states] == [None, None]
    finally:
        gc.enable()


def test_requests_that_are_over_leave_nothing_in_the_environ(app: Flask, access: Any) -> None:
    states: list[Any] = []

    @app.get("/")
    @protect()
    def view() -> str:
        for _ in range(3):
            with app.request_context(request.environ):
                by_header(who)()
                states.append(ref(app.extensions["jwtpolicy"].state()))
        gc.collect()
        return str(sum(state() is not None for state in states))

    assert app.test_client().get("/", headers=access()).text == "1"


def test_a_guarded_generator_sees_its_own_at_each_step(app: Flask, ask: Any) -> None:
    """C23: its body runs when the call of the guarded function is over."""

    @by_query
    def lines() -> Any:
        yield who()
        yield who()

    @app.get("/")
    @by_header
    def view() -> list[str]:
        steps = lines()
        return [who(), next(steps), who(), *steps, who()]

    assert eval(ask()) == [  # what the view has listed
        "ada/header",
        "bob/query",
        "ada/header",
        "bob/query",
        "ada/header",
    ]


def test_a_guarded_generator_takes_what_others_take(app: Flask, ask: Any) -> None:
    @contextmanager
    @by_query
    def entered() -> Any:
        try:
            yield who()
        except KeyError:
            found.append(who())

    found: list[str] = []

    @app.get("/")
    @by_header
    def view() -> list[str]:
        with entered() as inside:
            found.extend([inside, who()])
            raise KeyError
        return found

    assert eval(ask()) == ["bob/query", "ada/header", "bob/query"]


def test_a_guarded_async_generator_sees_its_own_at_each_step(app: Flask, ask: Any) -> None:
    found: list[str] = []

    @by_query
    async def lines() -> Any:
        try:
            while True:
                await asyncio.sleep(0)
                yield who()
        finally:
            found.append(who())

    @app.get("/")
    @protect(resource=lambda: "header")
    async def view() -> list[str]:
        steps = lines()
        found.extend([await anext(steps), who(), await anext(steps), who()])
        await steps.aclose()
        return [*found, who()]

    assert eval(ask()) == ["bob/query", "ada/header"] * 2 + ["bob/query", "ada/header"]


def test_a_guarded_generator_that_is_refused_does_not_begin(app: Flask, access: Any) -> None:
    begun: list[str] = []

    @by_query
    def lines() -> Any:
        begun.append(who())
        yield "never"

    @app.get("/")
    @protect()
    def view() -> str:
        lines()
        return "let in"

    assert app.test_client().get("/", headers=access()).status_code == 401
    assert begun == []


def test_the_views_own_generator_is_the_answer(app: Flask, access: Any) -> None:
    @app.get("/")
    @protect()
    def view() -> Any:
        yield "streamed"

    assert app.test_client().get("/", headers=access()).text == "streamed"
