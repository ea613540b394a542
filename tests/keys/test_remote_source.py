"""The key set of an issuer where it is: at an address, or where the metadata say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.keys.fetching import FetchError, FetchRules
from jwtpolicy.keys.remote_source import RemoteSource
from tests.support.faulty_key_server import FaultyKeyServer, faulty_key_server
from tests.support.key_answers import closed, discovery, failure, held, html, key_set
from tests.support.scripted_keys import ISSUER, JWKS, names


@pytest.fixture
def server() -> Iterator[FaultyKeyServer]:
    with faulty_key_server() as running:
        yield running


METADATA = "/.well-known/openid-configuration"
PLAIN = FetchRules(allow_http=True, timeout=2)


def test_a_set_is_fetched_from_its_address(server: FaultyKeyServer) -> None:
    url = server.script("/keys", key_set(*JWKS).with_headers(cache_control="max-age=90"))
    found = RemoteSource("any text", ["ES256"], url, PLAIN)()

    assert names(found.found.ring) == {"k0", "k1", "k2"}
    assert found.lifetime == 90


def test_a_set_is_found_by_the_metadata_which_are_not_asked_each_time(
    server: FaultyKeyServer,
) -> None:
    server.script(METADATA, discovery(server.url, server.script("/keys", key_set(*JWKS))))
    source = RemoteSource(server.url, ["ES256"], rules=PLAIN)

    assert names(source().found.ring) == names(source().found.ring) == {"k0", "k1", "k2"}
    assert (server.count(METADATA), server.count("/keys")) == (1, 2)


def test_a_set_that_has_moved_is_found_after_a_failure(server: FaultyKeyServer) -> None:
    old, new = server.script("/old", key_set(JWKS[0])), server.script("/new", key_set(JWKS[1]))
    server.script(METADATA, discovery(server.url, old), discovery(server.url, new))
    source = RemoteSource(server.url, ["ES256"], rules=PLAIN)
    source()
    server.script("/old", failure(410))

    with pytest.raises(FetchError, match="status 410"):
        source()
    assert names(source().found.ring) == {"k1"}


def test_an_address_that_fails_is_asked_again(server: FaultyKeyServer) -> None:
    url = server.script("/keys", html(), closed, key_set(JWKS[0]))
    source = RemoteSource("x", ["ES256"], url, PLAIN)

    for _ in range(2):
        with pytest.raises(FetchError):
            source()
    assert names(source().found.ring) == {"k0"}


def test_metadata_and_set_share_the_time(server: FaultyKeyServer) -> None:
    keys = server.script("/keys", held(key_set(JWKS[0])))
    server.script(METADATA, discovery(server.url, keys))
    rules = FetchRules(allow_http=True, timeout=0.3)

    with pytest.raises(FetchError, match="did not answer within"):
        RemoteSource(server.url, ["ES256"], rules=rules)()


@pytest.mark.parametrize(
    "given",
    [
        {"issuer": "not an address", "algorithms": ["ES256"]},
        {"issuer": ISSUER, "algorithms": ["HS256"]},
        {"issuer": ISSUER, "algorithms": ["ES256"], "jwks_uri": "http://a.example/keys"},
    ],
)
def test_a_mistake_is_told_before_anything_is_fetched(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        RemoteSource(**given)

    assert RemoteSource(ISSUER, ["ES256"], "https://a.example/keys")
