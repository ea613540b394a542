"""Offer what most tests need: a clock that stands still, an application, and tokens for it."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager
from tests import services
from tests.services import oidc_provider
from tests.services.oidc_provider import Provider
from tests.support.applications import SECRET, AppAndManager, MakeApp
from tests.support.clocks import StandingClock
from tests.support.requests import bearer
from tests.support.sharing import number_of_processes
from tests.support.site import built_pages


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return number_of_processes()


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
    parser.addoption("--slow-pages", action="store_true", help="let browsers wait for each answer")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless it was asked for; measure nothing that a test starts."""
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
    if not config.getoption("--full"):
        skip = pytest.mark.skip(reason="takes long; say --full")
        for item in items:
            if item.get_closest_marker("full"):
                item.add_marker(skip)


def pytest_collection_finish() -> None:
    """Let the collector pass over the thousands of tests, whenever one of them calls it."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> list[str]:
    """Say which real services were found, so that a skip cannot hide."""
    return services.header()


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Let applications in this process hash passwords at no cost."""
    _, *others = generate_password_hash.__defaults__ or ()
    with patch.object(generate_password_hash, "__defaults__", ("scrypt:256:8:1", *others)):
        yield


@pytest.fixture(autouse=True)
def log_level() -> Iterator[None]:
    """Take back what a page or an example has set: lines that are not logged cost no call."""
    yield
    logger = logging.getLogger("jwtpolicy")
    if logger.level != logging.NOTSET:
        logger.setLevel(logging.NOTSET)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def make_app(clock: StandingClock) -> MakeApp:
    """Return a factory of applications with a manager; keywords are settings without ``JWT_``."""

    def make(manager: dict[str, Any] | None = None, **settings: Any) -> AppAndManager:
        app = Flask("tests.app")
        app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
        app.config.update({f"JWT_{name.upper()}": value for name, value in settings.items()})
        return app, JWTManager(app, **{"clock": clock, **(manager or {})})

    return make


@pytest.fixture
def app_and_jwt(make_app: MakeApp) -> AppAndManager:
    return make_app()


@pytest.fixture
def app(app_and_jwt: AppAndManager) -> Flask:
    return app_and_jwt[0]


@pytest.fixture
def jwt(app_and_jwt: AppAndManager) -> JWTManager[Any]:
    return app_and_jwt[1]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def access(app: Flask, jwt: JWTManager[Any]) -> Callable[..., dict[str, str]]:
    """Return a factory of headers with an access token; keywords go to ``issue``."""

    def make(user: Any = "u1", **arguments: Any) -> dict[str, str]:
        with app.app_context():
            return bearer(jwt.issue(user, **arguments))

    return make


@pytest.fixture(scope="session")
def packages_of_provider() -> str:
    """Return where the OpenID provider is installed; without it there is no test."""
    return oidc_provider.find() or services.missing("oidc-provider", "it is not installed")


@pytest.fixture(scope="session")
def provider(packages_of_provider: str) -> Iterator[Provider]:
    """Return a running OpenID provider, whose keys and process no test touches."""
    with oidc_provider.running(packages_of_provider) as running:
        yield running


@pytest.fixture
def own_provider(packages_of_provider: str) -> Iterator[Provider]:
    """Return a running OpenID provider for one test, which may rotate its keys and stop it."""
    with oidc_provider.running(packages_of_provider) as running:
        yield running


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the documentation's pages, as Sphinx renders them."""
    base = tmp_path_factory.getbasetemp()
    # Below one folder, each process that shares the tests has one of its own.
    return built_pages(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
