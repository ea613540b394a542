"""A resolver takes from the application what an issuer may be, and asks for nothing else."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from jwtpolicy import Introspection, Issuer, IssuerResolver
from jwtpolicy.exceptions import ConfigurationError, KeysUnavailableError, StoreUnavailableError
from tests.support.issuers import AUDIENCE, issuer
from tests.support.sharing import name_of
from tests.support.tenants import RED, Table

ASKED = Introspection(f"{RED}/introspect", client_id="api", client_secret="secret")


async def find_later(url: str) -> Issuer | None:
    return None


def find_nobody(url: str) -> Issuer | None:
    return None


def resolver_of(found: object, **arguments: Any) -> IssuerResolver:
    """Return a resolver whose application finds *found*, whatever the name."""
    find: Any = lambda url: found  # noqa: E731 # of any type
    return IssuerResolver(find, **{"audience": AUDIENCE, **arguments})


@pytest.mark.parametrize(
    ("find", "arguments", "why"),
    [
        (None, {}, "a function of a URL"),
        (find_later, {}, "is not async"),
        (find_nobody, {"audience": ""}, r"IssuerResolver\(audience=…\) takes a non-empty text"),
        (find_nobody, {"audience": []}, r"IssuerResolver\(audience=…\) is empty"),
        (find_nobody, {"audience": [7]}, r"IssuerResolver\(audience=…\)"),
        (find_nobody, {"user_loader": "load"}, "user_loader"),
        (find_nobody, {"subject_prefix": None}, r"IssuerResolver\(subject_prefix=…\)"),
        (find_nobody, {"recheck": -1}, "from 0 to 3600, not -1"),
        (find_nobody, {"recheck": 3601}, "recheck"),
        (find_nobody, {"recheck": float("nan")}, "recheck"),
        (find_nobody, {"recheck": None}, "recheck"),
        (find_nobody, {"max_issuers": 0}, "from 1 to 100000, not 0"),
        (find_nobody, {"max_issuers": 1.5}, "max_issuers"),
        (find_nobody, {"max_issuers": True}, "max_issuers"),
        (find_nobody, {"allow_private": 1}, "allow_private"),
    ],
    ids=name_of,
)
def test_an_argument_that_cannot_be_used_is_a_mistake(
    find: Any, arguments: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why):
        IssuerResolver(find, **{"audience": AUDIENCE, **arguments})


def test_a_resolver_is_named_by_its_function() -> None:
    assert repr(IssuerResolver(find_nobody, audience=AUDIENCE)) == "<IssuerResolver find_nobody>"
    assert repr(IssuerResolver(Finder(), audience=AUDIENCE)) == "<IssuerResolver Finder>"


class Finder:
    def __call__(self, url: str) -> Issuer | None:
        return None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "red",
        "urn:red",
        "' OR 1=1 --",
        "https://",
        "http://login.red.example",
        "http://localhost:8080",
        "https://ada@login.red.example",
        "https://login.red.example/?tenant=red",
        "https://login.red.example/#red",
        "https://login.red.example/\n",
        "https://login.red.example/ü",
        "https://login.red.example/" + "a" * 999,
    ],
    ids=name_of,
)
def test_a_name_that_is_no_address_does_not_reach_the_application(url: str) -> None:
    resolver = Table().resolver()

    assert not resolver.may_find(url)
    assert resolver.may_find("https://login.red.example/" + "a" * 998)


def test_a_local_address_of_http_may_be_looked_up_where_private_ones_are_allowed() -> None:
    url = "http://localhost:8080"

    assert Table().resolver(allow_private=True).may_find(url)
    assert not Table().resolver().may_find(url)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        pytest.param(issuer(RED + "/"), "its url is another one", id="another address"),
        pytest.param(issuer(RED, audience="other"), "its audience=", id="another audience"),
        pytest.param(issuer(RED, audience=[AUDIENCE, "b"]), "its audience=", id="one more"),
        pytest.param(issuer(RED, audience=(), client_ids="web"), "its audience=", id="no audience"),
        pytest.param(issuer(RED, subject_prefix="r:"), "arguments of the resolver", id="prefix"),
        pytest.param(issuer(RED, user_loader=str), "arguments of the resolver", id="loader"),
        pytest.param(issuer(RED, allow_http=True), "allow_private=True", id="http"),
        pytest.param(issuer(RED, introspection=ASKED), "introspection=", id="opaque tokens"),
        pytest.param(RED, "it is str", id="text"),
        pytest.param(True, "it is bool", id="a truth value"),
        pytest.param(Table(), "it is Table", id="something else"),
    ],
)
def test_an_issuer_that_may_not_be_one_is_refused_and_logged(
    found: object, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert resolver_of(found).look_up(RED) is None
    [record] = caplog.records

    assert record.levelno == logging.ERROR
    assert f"found an issuer for {RED} that is refused" in record.getMessage()
    assert why in record.getMessage()
    assert resolver_of(issuer(RED)).look_up(RED) is not None


def test_nobody_is_no_mistake(caplog: pytest.LogCaptureFixture) -> None:
    assert resolver_of(None).look_up(RED) is None
    assert not caplog.records


def test_what_all_have_in_common_is_that_of_the_resolver() -> None:
    given = issuer(RED)
    found = resolver_of(given, subject_prefix="tenant:", user_loader=str).look_up(RED)

    assert found is not None
    assert (found.url, found.user_loader) == (RED, str)
    assert found.subject_prefix == f"tenant:{RED}|"
    assert (given.subject_prefix, given.user_loader) == ("", None)


def test_without_a_prefix_subjects_stay_as_they_are() -> None:
    found = resolver_of(issuer(RED)).look_up(RED)

    assert found is not None
    assert found.subject_prefix == ""


def test_a_database_that_fails_is_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    table = Table()
    table.failure = OSError("password=secret")

    with pytest.raises(KeysUnavailableError, match=r"find of .* raised OSError") as caught:
        table.resolver().look_up(RED)
    assert caught.value.__cause__ is table.failure
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_store_that_fails_says_so_itself() -> None:
    table = Table()
    table.failure = StoreUnavailableError("down")

    with pytest.raises(StoreUnavailableError, match="down"):
        table.resolver().look_up(RED)


def fetched(url: str, **arguments: Any) -> Issuer:
    """Return an issuer whose keys are fetched."""
    return Issuer(url, audience=AUDIENCE, **arguments)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00::1]",
        "0.0.0.0",
        "100.64.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "login.localhost",
    ],
)
def test_an_issuer_whose_keys_are_within_a_network_is_refused(host: str) -> None:
    at = f"https://{host}:8443"

    assert resolver_of(fetched(at)).look_up(at) is None
    assert resolver_of(fetched(RED, jwks_uri=f"{at}/jwks")).look_up(RED) is None
    assert resolver_of(fetched(at), allow_private=True).look_up(at) is not None
    assert resolver_of(issuer(at)).look_up(at) is not None


@pytest.mark.parametrize("host", ["8.8.8.8", "[2001:4860:4860::8888]", "localhost.example"])
def test_one_on_the_public_internet_is_not(host: str) -> None:
    at = f"https://{host}"

    assert resolver_of(fetched(at)).look_up(at) is not None
    assert resolver_of(fetched(RED, jwks_uri=f"{at}/jwks")).look_up(RED) is not None
