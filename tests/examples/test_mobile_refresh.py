"""Ten threads of a client and a network that loses answers, with the example's own application."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from types import ModuleType
from typing import Any

import pytest

from jwtpolicy.testing import MovableClock
from tests.support.examples import SINGLE_FILES, run_example
from tests.support.requests import bearer


class Network:
    """What carries requests to the application, and loses as many answers as one says."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.paths: list[str] = []
        self.losing = 0
        self.before: Callable[[], object] = lambda: None

    def send(self, method: str, path: str, token: str) -> tuple[int, Any]:
        answer = self.app.test_client().open(path, method=method, headers=bearer(token))
        self.paths.append(path)
        if path == "/me" and answer.status_code == 401:
            self.before()
        if path == "/auth/refresh" and self.losing:
            self.losing -= 1
            raise TimeoutError
        return answer.status_code, answer.json


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return run_example(SINGLE_FILES["mobile_refresh"], tmp_path, monkeypatch)


@pytest.fixture
def network(example: ModuleType) -> Network:
    return Network(example.app)


@pytest.fixture
def clock(example: ModuleType) -> Iterator[MovableClock]:
    with MovableClock(example.app) as clock:
        yield clock


@pytest.fixture
def kept() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def phone(
    example: ModuleType, network: Network, clock: MovableClock, kept: list[dict[str, str]]
) -> object:
    """Return a client whose access token has just expired."""
    form = {"username": "ada", "password": os.environ["ADA_PASSWORD"]}
    pair = example.app.test_client().post("/auth/login", data=form).json
    clock.tick(16 * 60)
    return example.Phone(network.send, kept.append, pair)


def test_ten_refused_requests_cause_one_refresh(phone: Any, network: Network) -> None:
    network.before = Barrier(10).wait  # nobody refreshes before all were refused

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: phone.call("GET", "/me"), range(10)))

    assert answers == [(200, {"name": "ada"})] * 10
    assert network.paths.count("/auth/refresh") == 1


def test_a_lost_answer_is_asked_for_once_more(phone: Any, network: Network, kept: Any) -> None:
    network.losing = 1

    assert phone.call("GET", "/me") == (200, {"name": "ada"})
    assert network.paths == ["/me", "/auth/refresh", "/auth/refresh", "/me"]
    assert kept == [phone.pair]


def test_a_network_that_is_down_changes_nothing(phone: Any, network: Network, kept: Any) -> None:
    network.losing = 2

    assert phone.call("GET", "/me")[1]["error"] == "invalid_token"
    assert kept == []


@pytest.mark.parametrize(("seconds", "expected"), [(9, 200), (11, 401)])
def test_the_old_refresh_token_is_good_for_the_grace_alone(
    phone: Any, network: Network, clock: MovableClock, seconds: int, expected: int
) -> None:
    network.losing = 2
    phone.call("GET", "/me")

    clock.tick(seconds)

    assert phone.call("GET", "/me")[0] == expected


def test_whoever_comes_after_the_grace_has_ended_the_session(
    phone: Any, network: Network, clock: MovableClock
) -> None:
    old = phone.pair["refresh_token"]
    phone.call("GET", "/me")
    clock.tick(11)

    assert network.send("POST", "/auth/refresh", old)[0] == 401
    assert phone.call("GET", "/me")[0] == 401
