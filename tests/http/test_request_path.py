"""How far a request travels in the package: a path that grows is noticed here.

``pytest -s`` shows the table. On Python 3.12 and later comprehensions are no calls, and the figures
are a little lower.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from flask import Flask

from jwtpolicy import IssuedBy, Issuer, JWTManager, Refresh, current_token, protect
from tests.support.issuers import URL, foreign, issuer
from tests.support.tracing import Call, Trace, table, traced

Headers = dict[str, str]


class Limit(NamedTuple):
    """The most that a warm request may cost."""

    calls: int
    returns: int


LIMITS = {
    "protected, 200": Limit(calls=40, returns=3),
    "another issuer's, 200": Limit(calls=50, returns=8),
    "no token, 401": Limit(calls=20, returns=3),
    "login": Limit(calls=70, returns=30),
    "refresh with rotation": Limit(calls=110, returns=45),
}


class Requests:
    """An application as in production, but for the store, and requests that are ready to be sent.

    The clock is the package's own: it is called, too.
    """

    def __init__(self, *trusted: Issuer) -> None:
        self.app = Flask("tests.path")
        self.app.config.update(TESTING=True, JWT_SECRET_KEY=secrets.token_urlsafe(48))
        self.jwt: JWTManager[Any] = JWTManager()
        for one in trusted:
            self.jwt.trust(one)
        self.jwt.init_app(self.app)
        self.app.add_url_rule("/note", view_func=protect()(self.note))
        self.app.add_url_rule("/login", view_func=self.login, methods=["POST"])
        self.app.add_url_rule(
            "/refresh", view_func=protect(Refresh())(self.refresh), methods=["POST"]
        )

    def note(self) -> str:
        return "a note"

    def login(self) -> Any:
        return self.jwt.login("alice").as_response()

    def refresh(self) -> Any:
        return self.jwt.refresh(current_token).as_response()

    def bearing(self, kind: str) -> Headers:
        with self.app.app_context():
            pair = self.jwt.login("alice")
        return {"Authorization": f"Bearer {getattr(pair, f'{kind}_token')}"}

    def warm(self, path: str, status: int, make_headers: Callable[[], Headers]) -> Trace:
        """Return the trace of the third request: whatever is made once has been made by then."""
        client = self.app.test_client()
        send = client.post if path in {"/login", "/refresh"} else client.get
        for _ in range(3):
            headers, answers = make_headers(), []
            trace = traced(lambda: answers.append(send(path, headers=headers)))  # noqa: B023 # at once
            assert answers[0].status_code == status
        return trace


def trusting() -> Requests:
    """Return the same with two trusted issuers, and a view for the tokens of both."""
    requests = Requests(issuer(), issuer("https://id.example.net"))
    requests.app.add_url_rule(
        "/theirs", view_func=protect(IssuedBy(URL, "https://id.example.net"))(lambda: "a note")
    )
    return requests


@pytest.fixture(scope="module")
def traces() -> dict[str, Trace]:
    requests, encoded = Requests(), foreign()
    return {
        "protected, 200": requests.warm("/note", 200, lambda: requests.bearing("access")),
        "no token, 401": requests.warm("/note", 401, dict),
        "login": requests.warm("/login", 200, dict),
        "refresh with rotation": requests.warm(
            "/refresh", 200, lambda: requests.bearing("refresh")
        ),
        "another issuer's, 200": trusting().warm(
            "/theirs", 200, lambda: {"Authorization": f"Bearer {encoded}"}
        ),
    }


@pytest.mark.parametrize("name", LIMITS)
def test_a_warm_request_calls_no_more_than_its_limit(name: str, traces: dict[str, Trace]) -> None:
    found, limit = traces[name], LIMITS[name]
    print(f"\n{table(traces)}\n\n{name}:\n{found}")  # noqa: T201 # pytest shows it with a failure

    assert len(found.calls) <= limit.calls
    assert found.returns <= limit.returns


def test_trusting_others_adds_no_call_to_a_request_with_an_own_token(
    traces: dict[str, Trace],
) -> None:
    requests = trusting()

    found = requests.warm("/note", 200, lambda: requests.bearing("access"))

    assert found.calls == traces["protected, 200"].calls


def test_trusting_others_adds_no_call_to_a_refresh(traces: dict[str, Trace]) -> None:
    requests = trusting()

    found = requests.warm("/refresh", 200, lambda: requests.bearing("refresh"))

    assert found.calls == traces["refresh with rotation"].calls


def test_a_return_is_a_switch_into_a_file_that_was_left() -> None:
    trace = Trace(tuple(Call(file, "f") for file in "aabacb"))

    figures = (len(trace.calls), trace.files, trace.switches, trace.returns)

    assert figures == (6, 3, 4, 2)


def test_what_calls_nothing_in_the_package_has_an_empty_trace() -> None:
    trace = traced(lambda: None)

    assert (trace.calls, trace.files, trace.returns) == ((), 0, 0)
