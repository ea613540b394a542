"""Offer what most tests need: a secret, a clock that stands still, and an application."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Generator
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import JWTManager
from tests import services

#: One secret for a test run; nobody else knows it.
SECRET = secrets.token_urlsafe(48)


class StandingClock:
    """A clock that goes only when it is told to."""

    def __init__(self, now: float = 1_800_000_000) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def name_of(value: object) -> str:
    """Return what names a parameter alike in every process, for ``ids=`` of ``parametrize``.

    The processes that share the tests have to find the same ones: no address, no secret and no
    order of a set may stand in a name.
    """
    if isinstance(value, (set, frozenset)):
        return ", ".join(sorted(map(repr, value))) or "nothing"
    return re.sub(r" at 0x[0-9a-f]+|[\w.-]{40,}", "…", repr(value))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes share the tests by ``-n auto``.

    Each starts servers of its own, so that more than four cost more than they bring. A database
    that the environment names is one for all, and tests empty it.
    """
    shared = any(re.fullmatch(r"JWTPOLICY_TEST_\w+_URL", name) for name in os.environ)
    return 1 if shared else min(4, os.cpu_count() or 1)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, object, object]:
    """Let a report hold half a character, as the text of hostile requests; the wire takes none."""
    return _sendable((yield))


def _sendable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_sendable(name): _sendable(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_sendable, value))
    return value


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long tests, and races for long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless it was asked for; measure nothing that a test starts."""
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
    if not config.getoption("--full"):
        skip = pytest.mark.skip(reason="takes long; say --full")
        for item in items:
            if item.get_closest_marker("full"):
                item.add_marker(skip)


def pytest_report_header() -> list[str]:
    """Say which real services were found, so that a skip cannot hide."""
    return services.header()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def make_app(clock: StandingClock) -> Callable[..., tuple[Flask, JWTManager[Any]]]:
    """Return a factory of applications with a manager; keywords are settings without ``JWT_``."""

    def make(
        manager: dict[str, Any] | None = None, **settings: Any
    ) -> tuple[Flask, JWTManager[Any]]:
        app = Flask("tests.app")
        app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
        app.config.update({f"JWT_{name.upper()}": value for name, value in settings.items()})
        return app, JWTManager(app, **{"clock": clock, **(manager or {})})

    return make


@pytest.fixture
def app_and_jwt(make_app: Callable[..., tuple[Flask, JWTManager[Any]]]) -> Any:
    return make_app()


@pytest.fixture
def app(app_and_jwt: tuple[Flask, JWTManager[Any]]) -> Flask:
    return app_and_jwt[0]


@pytest.fixture
def jwt(app_and_jwt: tuple[Flask, JWTManager[Any]]) -> JWTManager[Any]:
    return app_and_jwt[1]


@pytest.fixture
def client(app: Flask) -> Any:
    return app.test_client()


def bearer(encoded: str) -> dict[str, str]:
    """Return the header that presents a token."""
    return {"Authorization": f"Bearer {encoded}"}


@pytest.fixture
def access(app: Flask, jwt: JWTManager[Any]) -> Callable[..., dict[str, str]]:
    """Return a factory of headers with an access token; keywords go to ``issue``."""

    def make(user: Any = "u1", **arguments: Any) -> dict[str, str]:
        with app.app_context():
            return bearer(jwt.issue(user, **arguments))

    return make
