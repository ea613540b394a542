"""The example of production settings, without its servers; tests/machines has those."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from flask.testing import FlaskClient

from tests.services.processes import free_port
from tests.support.examples import SINGLE_FILES, run_example
from tests.support.terminal import run

PASSWORD = "a long sentence of hers"


Start = Callable[[str | None], ModuleType]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Return a function that starts the example on a store; None: on a file."""

    def make(store: str | None) -> ModuleType:
        url = store or f"sqlite:///{tmp_path}/sessions.sqlite3"
        given = {"JWT_STORE_URL": url, "ADA_PASSWORD": PASSWORD}
        return run_example(SINGLE_FILES["gunicorn_redis"], tmp_path, monkeypatch, **given)

    return make


@pytest.fixture
def example(start: Start) -> ModuleType:
    return start(None)


@pytest.fixture
def client(example: ModuleType) -> FlaskClient:
    found: FlaskClient = example.app.test_client()
    return found


def test_the_checklist_finds_no_failure(example: ModuleType) -> None:
    done = run(example.app, "check")

    assert (done.code, "failure " in done.out) == (0, False)


def test_a_login_sets_cookies_that_open_the_view(client: FlaskClient) -> None:
    url = "https://shop.example"
    assert client.get("/me", base_url=url).status_code == 401
    credentials = {"username": "ada", "password": PASSWORD}

    assert client.post("/auth/login", data=credentials, base_url=url).status_code == 200

    assert client.get("/me", base_url=url).json == {"user": "ada"}


@pytest.mark.parametrize(("is_there", "status"), [(True, 200), (False, 503)])
def test_the_process_is_well_while_the_store_is_away(
    start: Start, is_there: bool, status: int
) -> None:
    client = start(None if is_there else f"redis://127.0.0.1:{free_port()}").app.test_client()

    assert client.get("/health/ready").status_code == status
    assert client.get("/health/live").status_code == 200
