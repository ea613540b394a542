"""The provider that nobody here wrote runs, and what it issues is what others say it is."""

from __future__ import annotations

from collections.abc import Callable
from urllib.error import URLError

import jwt
import pytest

from tests.services.oidc_provider import OPAQUE, RESOURCES, Provider, basic
from tests.support.authorization_code import log_in


@pytest.fixture
def decode(provider: Provider) -> Callable[[str, str], dict[str, object]]:
    """Return what verifies a token for an audience, by PyJWT and the provider's key set."""
    keys = {key["kid"]: jwt.PyJWK(key) for key in provider.published()}

    def decode(token: str, audience: str) -> dict[str, object]:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        algorithms = [key.algorithm_name]
        return jwt.decode(token, key, algorithms, audience=audience, issuer=provider.issuer)

    return decode


@pytest.mark.parametrize("algorithm", RESOURCES)
def test_a_machine_gets_an_access_token_of_each_algorithm(
    provider: Provider, decode: Callable[[str, str], dict[str, object]], algorithm: str
) -> None:
    token = provider.token(RESOURCES[algorithm])

    header = jwt.get_unverified_header(token)
    assert (header["typ"], header["alg"]) == ("at+jwt", algorithm)
    claims = decode(token, RESOURCES[algorithm])
    assert (claims["sub"], claims["scope"]) == ("machine", "notes:read")


@pytest.mark.parametrize("algorithm", RESOURCES)
def test_a_login_gives_two_tokens_that_differ(
    provider: Provider, decode: Callable[[str, str], dict[str, object]], algorithm: str
) -> None:
    """One is for the API and one for the client, and one key signs both."""
    tokens = log_in(provider, RESOURCES[algorithm], f"shop-{algorithm}")

    headers = [jwt.get_unverified_header(token) for token in (tokens.access, tokens.identity)]
    assert [header.get("typ") for header in headers] == ["at+jwt", None]
    assert headers[0]["kid"] == headers[1]["kid"]
    assert decode(tokens.access, RESOURCES[algorithm])["sub"] == "ada"
    assert decode(tokens.identity, f"shop-{algorithm}")["sub"] == "ada"


def test_a_client_called_as_the_api_has_id_tokens_for_its_audience(
    provider: Provider, decode: Callable[[str, str], dict[str, object]]
) -> None:
    resource = RESOURCES["RS256"]
    tokens = log_in(provider, resource, resource)

    claims = decode(tokens.identity, resource)
    assert claims.keys() == {"sub", "aud", "exp", "iat", "iss"}


def test_a_new_key_signs_at_once(own_provider: Provider) -> None:
    old = {key["kid"] for key in own_provider.published()}
    own_provider.rotate()

    token = own_provider.token(RESOURCES["ES256"])
    new = {key["kid"] for key in own_provider.published()} - old
    assert jwt.get_unverified_header(token)["kid"] in new
    assert len(new) == len(old) == len(RESOURCES)


def test_an_old_key_is_published_until_it_is_dropped(own_provider: Provider) -> None:
    old = {key["kid"] for key in own_provider.published()}

    own_provider.rotate()
    assert old < {key["kid"] for key in own_provider.published()}
    own_provider.rotate(keep=False)
    assert old.isdisjoint(key["kid"] for key in own_provider.published())


@pytest.mark.parametrize("end", [Provider.stop, Provider.kill])
def test_it_comes_back_on_its_port_and_with_its_keys(
    own_provider: Provider, end: Callable[[Provider], None]
) -> None:
    before = own_provider.published()

    end(own_provider)
    with pytest.raises(URLError, match="refused"):
        own_provider.published()
    own_provider.start()
    assert own_provider.published() == before


def test_it_says_why_it_does_not_start(own_provider: Provider) -> None:
    other = Provider(own_provider.packages)
    other.port = own_provider.port
    with pytest.raises(RuntimeError, match="EADDRINUSE"):
        other.start()
    other.remove()


def test_an_opaque_token_is_active_until_it_is_revoked(provider: Provider) -> None:
    token = provider.token(OPAQUE[0])

    def is_active() -> object:
        headers = {"Authorization": basic(*OPAQUE)}
        return provider.ask(provider.introspection, {"token": token}, headers)["active"]

    assert "." not in token
    assert is_active() is True
    provider.revoke(token)
    assert is_active() is False
