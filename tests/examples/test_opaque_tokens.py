"""The application of the page accepts what the server of its provider calls active."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jwtpolicy.keys import fetching
from tests.support.examples import running_example
from tests.support.faulty_key_server import FaultyKeyServer, faulty_key_server
from tests.support.issuers import AUDIENCE
from tests.support.opaque import CLIENT, CLIENT_SECRET, INACTIVE, PATH, TOKEN, active
from tests.support.requests import bearer


@pytest.fixture
def server(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FaultyKeyServer]:
    """Return a server that speaks TLS, whose authority the system trusts."""
    with faulty_key_server(tmp_path_factory.mktemp("tls"), "localhost") as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.authority))
        fetching._default_context.cache_clear()
        yield running
    fetching._default_context.cache_clear()


@pytest.fixture
def example(server: FaultyKeyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    environment = {
        "PROVIDER_URL": server.url,
        "API_AUDIENCE": AUDIENCE,
        "INTROSPECTION_URL": server.url + PATH,
        "INTROSPECTION_CLIENT": CLIENT,
        "INTROSPECTION_SECRET": CLIENT_SECRET,
    }
    with running_example("opaque_tokens", tmp_path_factory, **environment) as module:
        yield module


def test_the_scope_of_an_active_token_opens_the_orders(
    example: Any, server: FaultyKeyServer
) -> None:
    server.script(PATH, active(scope="orders:read"), active(scope="openid"), INACTIVE)
    client = example.app.test_client()

    found = [client.get("/orders", headers=bearer(one)) for one in (TOKEN, "other", "unknown")]

    assert [answer.status_code for answer in found] == [200, 403, 401]
    assert found[0].json == {"orders": [], "of": "ada"}
