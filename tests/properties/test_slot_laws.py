"""However guarded code calls guarded code, each reads its own token and resource."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any, NamedTuple

from flask import Flask, copy_current_request_context, request
from hypothesis import given, settings
from hypothesis import strategies as st

from jwtpolicy import (
    JWTManager,
    OptionalToken,
    current_resource,
    current_token,
    current_user,
    protect,
)
from tests.support.applications import SECRET

#: A guard, and whom it lets in of a request that has ada's header and bob's query string.
GUARDS: dict[str, tuple[Any, str | None]] = {
    "header": (protect(resource=lambda **_: "header"), "ada"),
    "query": (protect(transports="query_string", resource=lambda **_: "query"), "bob"),
    "nobody": (protect(OptionalToken(), transports="json", resource=lambda **_: "nobody"), None),
}


class Call(NamedTuple):
    """A guarded function, how it is called, and what it calls in turn."""

    guard: str
    way: str
    calls: list[Any]


class Site(NamedTuple):
    """An application, and the tokens of three people."""

    app: Flask
    tokens: dict[str, str]


@cache
def site() -> Site:
    app = Flask("tests.slots")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    jwt: JWTManager[Any] = JWTManager(app)
    app.add_url_rule("/", view_func=GUARDS["header"][0](view), endpoint="view")
    with app.app_context():
        return Site(app, {name: jwt.issue(name) for name in ("ada", "bob", "carol")})


def view() -> str:
    assert who() == ("ada", "ada", "header")
    for call in request.environ["tests.calls"]:
        run(call, "ada")
    return current_token.subject


def who() -> tuple[str | None, str | None, str]:
    """Return whom and what the proxies stand for here."""
    subject = current_token.subject if current_token else None
    return subject, str(current_user) or None, str(current_resource)


def run(call: Call, header: str) -> None:
    """Run *call* in a request with the header of *header*; after it all is as it was."""
    before = who()
    WAYS[call.way](call, header)
    assert who() == before


def function(call: Call, header: str) -> Callable[[], None]:
    guard, person = GUARDS[call.guard]
    person = header if call.guard == "header" else person

    def body() -> None:
        assert who() == (person, person, call.guard)
        for inner in call.calls:
            run(inner, header)
            assert who() == (person, person, call.guard)

    return guard(body)  # type: ignore[no-any-return]


def in_thread(work: Callable[[], Any]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def in_tasks(call: Call, header: str) -> None:
    """Run the call in a task, and beside it others with each guard, which take turns."""

    def task(guard: str, calls: list[Any]) -> Any:
        body = function(Call(guard, "call", calls), header).__wrapped__  # type: ignore[attr-defined]

        async def turns() -> None:
            for _ in range(3):
                body()
                await asyncio.sleep(0)

        return GUARDS[guard][0](turns)()

    async def all_of_them() -> None:
        await asyncio.gather(task(call.guard, call.calls), *(task(name, []) for name in GUARDS))

    context = copy_context()
    in_thread(lambda: context.run(asyncio.run, all_of_them()))


def in_request(call: Call, header: str) -> None:
    """Run the call in another request that is made of the environ of this one."""
    app, tokens = site()
    environ, sent = request.environ, request.environ["HTTP_AUTHORIZATION"]
    environ["HTTP_AUTHORIZATION"] = f"Bearer {tokens['carol']}"
    with app.request_context(environ):
        assert who()[0] is None
        function(call, "carol")()
    environ["HTTP_AUTHORIZATION"] = sent


def in_copy(call: Call, header: str) -> None:
    context = copy_context()
    in_thread(lambda: context.run(function(call, header)))


WAYS: dict[str, Callable[[Call, str], None]] = {
    "call": lambda call, header: function(call, header)(),
    "thread": in_copy,
    "pool": lambda call, header: in_thread(copy_current_request_context(function(call, header))),
    "tasks": in_tasks,
    "request": in_request,
}


def calls_of(inner: Any) -> Any:
    guards, ways = st.sampled_from(sorted(GUARDS)), st.sampled_from(sorted(WAYS))
    return st.builds(Call, guards, ways, inner)


@settings(max_examples=100)
@given(st.recursive(st.just([]), lambda inner: st.lists(calls_of(inner), max_size=3), max_leaves=6))
def test_each_call_reads_its_own_and_leaves_its_caller_as_it_was(calls: list[Call]) -> None:
    """HTTP-10, C23, K14."""
    app, tokens = site()
    headers = {"Authorization": f"Bearer {tokens['ada']}"}
    query, environ = {"jwt": tokens["bob"]}, {"tests.calls": calls}
    answer = app.test_client().get("/", headers=headers, query_string=query, environ_base=environ)

    assert answer.text == "ada"
