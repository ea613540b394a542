"""Several processes know the keys of a provider before they fork, and each fetches by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.oidc_provider import RESOURCES, Provider
from tests.support.machines.servers import Server, serving_by_uwsgi

pytestmark = pytest.mark.full

API = RESOURCES["ES256"]
#: How many workers uWSGI has.
WORKERS = 3


@pytest.fixture
def token(own_provider: Provider) -> str:
    return own_provider.token(API)


@pytest.fixture
def server(
    own_provider: Provider, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """Return a server whose parent process has let *token* in."""
    settings = {"PROVIDER": own_provider.issuer, "AUDIENCE": API, "TOKEN": token}
    for name, value in settings.items():
        monkeypatch.setenv(f"FLASK_{name}", value)
    with serving_by_uwsgi("memory://", tmp_path, site="trusting_site") as server:
        yield server


def let_in_by_all(server: Server, token: str) -> bool:
    """Whether each worker lets *token* in; the first one that does not ends it."""
    seen: set[int] = set()
    for _ in range(5000):  # the kernel says which worker is next
        answer = server.ask("GET", "/", token)
        if answer.status != 200 or len(seen) == WORKERS:
            return answer.status == 200
        seen.add(answer.json["pid"])
    return False


def test_every_worker_knows_the_keys_that_its_parent_fetched(
    own_provider: Provider, server: Server, token: str
) -> None:
    own_provider.kill()

    assert let_in_by_all(server, token)


def test_every_worker_fetches_a_new_key_by_itself(own_provider: Provider, server: Server) -> None:
    """KEY-6."""
    own_provider.rotate()

    assert let_in_by_all(server, own_provider.token(API))
