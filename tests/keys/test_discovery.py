"""The key set that an issuer's metadata name: where they are looked for, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.keys.discovery import checked_issuer, locate_keys, metadata_urls
from jwtpolicy.keys.fetch_limits import FetchError
from jwtpolicy.keys.fetching import Fetched, FetchRules, fetch_json
from jwtpolicy.keys.urls import checked_url
from tests.support.faulty_key_server import FaultyKeyServer, faulty_key_server
from tests.support.key_answers import Reply, discovery, document, failure, html, redirect

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"
#: In the order of the look-up, for an issuer with the path /realms/r.
PATHS = (f"/realms/r{OPENID}", f"{OAUTH}/realms/r", f"{OPENID}/realms/r")


@pytest.fixture
def server() -> Iterator[FaultyKeyServer]:
    with faulty_key_server() as running:
        yield running


def located(issuer: str) -> str:
    rules = FetchRules(allow_http=True)
    parts = checked_issuer(issuer, allow_http=True)
    return locate_keys(parts, lambda url: fetch_json(url, rules), allow_http=True)


@pytest.mark.parametrize("slash", ["", "/"])
def test_three_addresses_are_tried_in_a_fixed_order(slash: str) -> None:
    """KEY-7."""
    issuer = checked_issuer(f"https://a.example:8443/realms/r{slash}")

    assert metadata_urls(issuer) == tuple(f"https://a.example:8443{path}" for path in PATHS)


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_issuer_without_a_path_has_two_addresses(slash: str) -> None:
    """KEY-7."""
    found = metadata_urls(checked_issuer(f"https://a.example{slash}"))

    assert found == (f"https://a.example{OPENID}", f"https://a.example{OAUTH}")


@pytest.mark.parametrize("place", range(3))
def test_the_next_address_is_asked_after_404(server: FaultyKeyServer, place: int) -> None:
    """KEY-7."""
    issuer = f"{server.url}/realms/r"
    server.script(PATHS[place], discovery(issuer, "https://a.example/keys"))

    assert located(issuer) == "https://a.example/keys"
    assert [server.count(path) for path in PATHS] == [1] * (place + 1) + [0] * (2 - place)


@pytest.mark.parametrize("answer", [failure(500), failure(403), html(), redirect("/")])
def test_the_next_address_is_asked_after_nothing_else(
    server: FaultyKeyServer, answer: Reply
) -> None:
    """KEY-7."""
    issuer = f"{server.url}/realms/r"
    server.script(PATHS[0], answer)
    server.script(PATHS[1], discovery(issuer, "https://a.example/keys"))

    with pytest.raises(FetchError, match=r"^127\.0\.0\.1 "):
        located(issuer)
    assert server.count(PATHS[1]) == 0


def test_metadata_that_are_nowhere_are_told(server: FaultyKeyServer) -> None:
    with pytest.raises(
        FetchError, match=r"has no metadata at http.* or .*; pass jwks_uri="
    ) as error:
        located(f"{server.url}/realms/r")

    assert error.value.status == 404


@pytest.mark.parametrize("other", ["/realms/r/", "/realms/R", "/realms/s", ""])
def test_the_document_of_another_issuer_is_refused(server: FaultyKeyServer, other: str) -> None:
    """KEY-7: to the last slash."""
    server.script(PATHS[0], discovery(f"{server.url}{other}", "https://a.example/keys"))

    with pytest.raises(FetchError, match=r"is not that of the issuer .*/realms/r: "):
        located(f"{server.url}/realms/r")


@pytest.mark.parametrize("content", [[], None, "x", {}, {"issuer": None}])
def test_a_document_without_an_issuer_is_refused(server: FaultyKeyServer, content: Any) -> None:
    """KEY-7."""
    server.script(PATHS[0], document(content))

    with pytest.raises(FetchError, match="is not that of the issuer"):
        located(f"{server.url}/realms/r")


BAD_URIS = [None, 5, "", "keys", "http://a.example/keys", "https://u:p@a.example/", "file:///x"]


@pytest.mark.parametrize("uri", BAD_URIS)
def test_a_key_set_has_to_be_at_an_address_of_https(server: FaultyKeyServer, uri: Any) -> None:
    """KEY-5."""
    issuer = f"{server.url}/realms/r"
    server.script(PATHS[0], discovery(issuer, uri))

    with pytest.raises(FetchError, match="is no address of https that may be fetched"):
        located(issuer)


def test_an_issuer_with_a_query_has_no_metadata() -> None:
    with pytest.raises(ConfigurationError, match=r"has a query, .*; pass jwks_uri="):
        checked_issuer("https://a.example/?tenant=1")

    assert checked_issuer("https://a.example/tenant")


ODD = st.none() | st.integers() | st.text(max_size=30) | st.lists(st.text(max_size=5), max_size=2)
ADDRESSES = st.sampled_from(["https://a.example", "https://a.example/keys", "http://a.example/"])
DOCUMENTS = ODD | st.fixed_dictionaries(
    {},
    optional={
        "issuer": ODD | ADDRESSES,
        "jwks_uri": ODD | ADDRESSES | st.text().map("https://".__add__),
    },
)


@given(DOCUMENTS)
def test_any_metadata_name_an_address_of_https_or_are_the_one_error(content: Any) -> None:
    issuer = checked_issuer("https://a.example")
    try:
        found = locate_keys(issuer, lambda _: Fetched(content, HTTPMessage()))
    except FetchError:
        return
    assert content["issuer"] == "https://a.example"
    assert found == content["jwks_uri"] == checked_url(found).text
