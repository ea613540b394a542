"""All that one question waits for has one deadline, and the questions of a guard share one."""

from __future__ import annotations

import time
from typing import Any

from jwtpolicy.connections.deadlines import in_time, left, patience, together, within
from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import MemoryStore
from jwtpolicy.tokens.status import TokenStatus
from tests.support.requests import bearer


def test_without_a_deadline_all_of_it_is_left() -> None:
    assert left(7) == 7
    assert patience(7) == 7


def test_of_two_deadlines_the_outer_one_holds() -> None:
    """K44: steps that each wait for long enough are not waited for one after the other."""
    with within(5):
        with within(60):
            assert 0 < left(60) <= 5
        assert 0 < left(60) <= 5
        assert left(0.5) == 0.5

    assert left(60) == 60


def test_a_deadline_that_is_over_leaves_nothing_and_sockets_a_moment() -> None:
    with within(0):
        assert left(60) == 0
        assert 0 < patience(60) < 0.01


def test_a_socket_keeps_its_time_while_nearly_all_is_left() -> None:
    with within(100):
        assert patience(100) == 100
        assert patience(200) < 100.1


def test_questions_together_have_the_time_of_one() -> None:
    """And what is done between them does not count."""
    with together():
        with within(60):
            time.sleep(0.02)
        time.sleep(0.02)
        with together(), within(60):
            first = left(60)
        with within(60):
            assert 59 < left(60) < first < 60

    with within(60):
        assert left(60) > first


def test_a_method_has_the_time_of_its_store() -> None:
    class Store:
        _timeout = 3.0

        @in_time
        def ask(self, name: str, *, times: int) -> tuple[str, float]:
            return name * times, left(60)

    said, remaining = Store().ask("a", times=2)
    assert said == "aa"
    assert 0 < remaining <= 3


class HangingStore(MemoryStore):
    """One that waits for all the time that it has, of 300 ms, and answers nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.had: list[float] = []

    def standing(self, *args: Any, **kwargs: Any) -> TokenStatus:
        with within(0.3):
            self.had.append(left(0.3))
            time.sleep(self.had[-1])
        msg = "no answer"
        raise StoreUnavailableError(msg)


def test_a_store_that_hangs_is_waited_for_once_however_many_tokens_come(make_app: Any) -> None:
    """K44: each of two cookies had the whole time before."""
    from jwtpolicy import Access, Refresh, protect

    store = HangingStore()
    app, jwt = make_app(
        {"store": store}, token_location=["json"], refresh_json_key="refresh", json_key="access"
    )
    app.post("/")(protect(Access() | Refresh())(lambda: "in"))
    with app.app_context():
        pair = jwt.login("ada")
    body = {"access": pair.access_token, "refresh": pair.refresh_token}
    answer = app.test_client().post("/", json=body)

    assert answer.status_code == 503
    first, second = store.had
    assert second < 0.01 < first
    assert app.test_client().post("/", json={}, headers=bearer("x")).status_code == 401
