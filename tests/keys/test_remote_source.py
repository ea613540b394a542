"""The key set of an issuer where it is: at an address, or where the metadata say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from jwtpolicy.exceptions import ConfigurationError, KeysUnavailableError
from jwtpolicy.keys.fetch_limits import FetchError
from jwtpolicy.keys.fetching import FetchRules
from jwtpolicy.keys.remote import STALE_FOR, RemoteKeys
from jwtpolicy.keys.remote_source import RemoteSource
from jwtpolicy.testing.token_store import all_at_once
from tests.support.clocks import StandingClock
from tests.support.faulty_key_server import FaultyKeyServer, faulty_key_server
from tests.support.key_answers import closed, discovery, failure, held, html, key_set
from tests.support.scripted_keys import ISSUER, JWKS, names


@pytest.fixture
def server() -> Iterator[FaultyKeyServer]:
    with faulty_key_server() as running:
        yield running


METADATA = "/.well-known/openid-configuration"
PLAIN = FetchRules(allow_http=True)


def test_a_set_is_fetched_from_its_address(server: FaultyKeyServer) -> None:
    """KEY-5."""
    url = server.script("/keys", key_set(*JWKS).with_headers(cache_control="max-age=90"))
    found = RemoteSource("any text", ["ES256"], url, PLAIN)()

    assert names(found.found.ring) == {"k0", "k1", "k2"}
    assert found.lifetime == 90


def test_a_set_is_found_by_the_metadata_which_are_not_asked_each_time(
    server: FaultyKeyServer,
) -> None:
    """KEY-7."""
    server.script(METADATA, discovery(server.url, server.script("/keys", key_set(*JWKS))))
    source = RemoteSource(server.url, ["ES256"], rules=PLAIN)

    assert names(source().found.ring) == names(source().found.ring) == {"k0", "k1", "k2"}
    assert (server.count(METADATA), server.count("/keys")) == (1, 2)


def test_the_metadata_are_asked_again_after_an_hour(server: FaultyKeyServer) -> None:
    old, new = server.script("/old", key_set(JWKS[0])), server.script("/new", key_set(JWKS[1]))
    server.script(METADATA, discovery(server.url, old), discovery(server.url, new))
    clock = StandingClock()
    source = RemoteSource(server.url, ["ES256"], rules=PLAIN, clock=clock)

    found = []
    for seconds in (0, 3599, 1):
        clock.advance(seconds)
        found.append(names(source().found.ring))
    assert found == [{"k0"}, {"k0"}, {"k1"}]


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
    """KEY-5."""
    keys = server.script("/keys", held(key_set(JWKS[0])))
    server.script(METADATA, discovery(server.url, keys))
    rules = FetchRules(allow_http=True, timeout=0.3)

    with pytest.raises(FetchError, match=r"did not answer within|the time for all"):
        RemoteSource(server.url, ["ES256"], rules=rules)()


def test_many_threads_share_one_request(server: FaultyKeyServer) -> None:
    url = server.script("/keys", held(key_set(JWKS[0])))
    keys = RemoteKeys(ISSUER, RemoteSource(ISSUER, ["ES256"], url, PLAIN))
    threading.Timer(0.2, server.gate.set).start()
    found = all_at_once(20, lambda _: names(keys.current()))

    assert found == [{"k0"}] * 20
    assert server.count("/keys") == 1


def test_a_server_that_is_gone_leaves_its_keys_in_use() -> None:
    clock = StandingClock()
    with faulty_key_server() as server:
        url = server.script("/keys", key_set(JWKS[0]))
        keys = RemoteKeys(ISSUER, RemoteSource(ISSUER, ["ES256"], url, PLAIN), clock)
        ring = keys.current()
    clock.advance(STALE_FOR - 1)
    assert keys.current() is ring

    clock.advance(1)
    with pytest.raises(KeysUnavailableError):
        keys.current()


def test_a_rotation_under_load_refuses_no_new_key(server: FaultyKeyServer) -> None:
    """Each thread sees the new key, with few requests for all of them."""
    url = server.script("/keys", key_set(JWKS[0]), key_set(*JWKS[:2]))
    keys = RemoteKeys(ISSUER, RemoteSource(ISSUER, ["ES256"], url, PLAIN))
    ring = keys.current()
    found = all_at_once(20, lambda _: bool(keys.renewed(ring).find("ES256", "k1")))

    assert found == [True] * 20
    assert server.count("/keys") == 2


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
