"""Tokens of a provider that nobody here wrote are let in, and only those that are for the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import jwt as pyjwt
import pytest
from flask import Flask

from jwtpolicy import HasScope, IssuedBy, Issuer, IssuerResolver, JWTManager, current_token, protect
from tests.services.oidc_provider import OPAQUE, RESOURCES, Provider, basic, new_key, resource_of
from tests.services.redis import wait_until
from tests.support.authorization_code import log_in
from tests.support.issuers import application, status
from tests.support.requests import bearer
from tests.support.tenants import Table

#: The API of most tests; its tokens are signed most quickly.
API = RESOURCES["ES256"]


def trusting(resolver: IssuerResolver) -> JWTManager:
    """Return a manager that trusts what *resolver* finds."""
    jwt: JWTManager = JWTManager()
    jwt.trust(resolver)
    return jwt


def trusts(provider: Provider, **arguments: Any) -> Flask:
    """Return an application without a key that finds the provider's keys by discovery."""
    given = {"audience": [*RESOURCES.values()], "allow_http": True, **arguments}
    issuer = Issuer(provider.issuer, **given)
    app, _ = application(HasScope("notes:read"), issuers=(issuer,), own=False)

    @app.get("/who")
    @protect()
    def who() -> dict[str, object]:
        return {"subject": current_token.subject, "is_machine": current_token.is_machine}

    return app


def claims_of(token: str) -> dict[str, object]:
    """Return the claims of a JWT, which nobody has verified."""
    found: dict[str, object] = pyjwt.decode(token, options={"verify_signature": False})
    return found


def who(app: Flask, token: str) -> object:
    """Return whom the application takes the bearer of *token* for."""
    return app.test_client().get("/who", headers=bearer(token)).json


@contextmanager
def clients(app: Flask, token: Callable[[], str]) -> Iterator[set[int]]:
    """Let twelve clients send ``token()`` until the block ends; yield the statuses they get."""
    seen: set[int] = set()
    over = Event()

    def ask() -> None:
        while not over.is_set():
            seen.add(status(app, token()))

    with ThreadPoolExecutor(12) as pool:
        asking = [pool.submit(ask) for _ in range(12)]
        try:
            yield seen
        finally:
            over.set()
    for client in asking:
        client.result()


@pytest.fixture
def app(provider: Provider) -> Flask:
    return trusts(provider)


@pytest.fixture
def own_app(own_provider: Provider) -> Flask:
    """Return an application that knows the keys of a provider which the test may change."""
    app = trusts(own_provider)
    assert status(app, own_provider.token(API)) == 200
    return app


@pytest.mark.parametrize("algorithm", RESOURCES)
def test_a_machine_is_let_in(provider: Provider, app: Flask, algorithm: str) -> None:
    token = provider.token(RESOURCES[algorithm])

    assert status(app, token) == 200
    assert who(app, token) == {"subject": "machine", "is_machine": True}


@pytest.mark.parametrize("algorithm", RESOURCES)
def test_a_person_is_let_in_by_the_access_token_alone(
    provider: Provider, app: Flask, algorithm: str
) -> None:
    tokens = log_in(provider, RESOURCES[algorithm], f"shop-{algorithm}")

    assert status(app, tokens.access) == 200
    assert who(app, tokens.access) == {"subject": "ada", "is_machine": False}
    assert status(app, tokens.identity) == 401


@pytest.mark.parametrize("algorithm", RESOURCES)
def test_an_id_token_for_the_same_audience_is_refused(
    provider: Provider, app: Flask, algorithm: str
) -> None:
    """The key, the issuer and the audience are right; nothing says that it is an access token."""
    tokens = log_in(provider, RESOURCES[algorithm], client=RESOURCES[algorithm])

    assert status(app, tokens.identity) == 401
    assert status(app, provider.token(RESOURCES[algorithm])) == 200


def test_what_the_provider_says_of_a_user_as_jwt_is_no_token(
    provider: Provider, app: Flask
) -> None:
    """The same key has signed it, for a client that is named as the API."""
    tokens = log_in(provider, API, client=API, for_api=False)
    said = provider.read(f"{provider.issuer}/me", headers=bearer(tokens.access))

    assert set(claims_of(said)) >= {"iss", "aud", "sub"}
    assert claims_of(said)["aud"] == API
    assert status(app, said) == 401


def test_what_the_provider_says_of_a_token_as_jwt_is_no_token(provider: Provider) -> None:
    name, _ = OPAQUE
    kind = "application/token-introspection+jwt"
    headers = {"Authorization": basic(*OPAQUE), "Accept": kind}
    said = provider.read(provider.introspection, {"token": provider.token(name)}, headers)

    assert (claims_of(said)["iss"], claims_of(said)["aud"]) == (provider.issuer, name)
    assert status(trusts(provider, audience=name), said) == 401


def test_an_opaque_token_is_no_jwt(provider: Provider, app: Flask) -> None:
    assert status(app, provider.token(OPAQUE[0])) == 401
    assert status(app, provider.token(API)) == 200


def test_a_token_for_another_api_is_refused(provider: Provider) -> None:
    app = trusts(provider, audience=API)

    assert status(app, provider.token(API)) == 200
    assert status(app, provider.token(RESOURCES["RS256"])) == 401


def test_a_scope_that_was_not_given_is_missing(provider: Provider, app: Flask) -> None:
    assert status(app, provider.token(API, scope="notes:write")) == 403


def test_an_algorithm_that_is_not_configured_is_refused(provider: Provider) -> None:
    app = trusts(provider, algorithms=["ES256"])

    assert status(app, provider.token(API)) == 200
    assert status(app, provider.token(RESOURCES["RS256"])) == 401


def test_a_key_without_an_algorithm_is_for_those_of_the_issuer(own_provider: Provider) -> None:
    """One name and two algorithms: Entra publishes such keys."""
    key = new_key("RS256")
    del key["alg"]
    own_provider.use([key])
    by_rs256, by_ps256 = (own_provider.token(RESOURCES[name]) for name in ("RS256", "PS256"))

    both, one = trusts(own_provider), trusts(own_provider, algorithms=["PS256"])
    assert [status(both, by_rs256), status(both, by_ps256)] == [200, 200]
    assert [status(one, by_rs256), status(one, by_ps256)] == [401, 200]


@pytest.mark.parametrize(("name", "other"), [("Ed25519", "EdDSA"), ("EdDSA", "Ed25519")])
def test_a_signature_of_ed25519_has_the_name_that_is_configured(
    own_provider: Provider, name: str, other: str
) -> None:
    """ALG-1: of the two names of RFC 9864, the key has one."""
    own_provider.use([new_key("RS256"), new_key(name)])
    token = own_provider.token(resource_of(name))
    given = {"audience": [resource_of(name), API]}

    assert status(trusts(own_provider, algorithms=["RS256", name], **given), token) == 200
    assert status(trusts(own_provider, algorithms=["RS256", other], **given), token) == 401


def test_a_provider_that_is_not_trusted_is_nobody(
    own_provider: Provider, provider: Provider, app: Flask
) -> None:
    """KEY-7."""
    assert status(app, provider.token(API)) == 200
    assert status(app, own_provider.token(API)) == 401


def test_a_key_that_signs_before_it_was_published_is_fetched(
    own_provider: Provider, own_app: Flask
) -> None:
    """KEY-6: a provider may sign with a new key at once."""
    old = own_provider.token(API)
    own_provider.rotate()

    assert status(own_app, own_provider.token(API)) == 200
    assert status(own_app, old) == 200


def test_a_key_that_is_published_no_longer_is_dropped_with_the_next_fetch(
    own_provider: Provider, own_app: Flask
) -> None:
    old = own_provider.token(API)
    own_provider.rotate(keep=False)

    assert status(own_app, own_provider.token(API)) == 200
    assert status(own_app, old) == 401


@pytest.mark.parametrize(
    ("keep", "times"),
    [
        pytest.param(True, 2, id="old keys are published still"),
        # Once: an old token asks for its key again, which may be the last fetch for a while.
        pytest.param(False, 1, id="old keys are dropped"),
    ],
)
def test_keys_are_rotated_under_load(
    own_provider: Provider, own_app: Flask, keep: bool, times: int
) -> None:
    tokens = [own_provider.token(API)]

    with clients(own_app, lambda: tokens[-1]) as seen:
        for _ in range(times):
            own_provider.rotate(keep=keep)
            tokens.append(own_provider.token(API))
            assert status(own_app, tokens[-1]) == 200

    assert seen <= {200, 401}


def test_known_keys_go_on_without_the_provider(own_provider: Provider, own_app: Flask) -> None:
    """KEY-6."""
    token = own_provider.token(API)
    own_provider.rotate()
    unknown = own_provider.token(API)
    own_provider.kill()

    assert status(own_app, token) == 200
    assert status(own_app, unknown) == 401
    own_provider.start()
    assert status(own_app, unknown) == 200


def test_a_provider_that_was_never_there_is_503_until_it_comes(own_provider: Provider) -> None:
    token = own_provider.token(API)
    own_provider.stop()
    app = trusts(own_provider)

    assert status(app, token) == 503
    own_provider.start()
    assert status(app, token) == 200


@pytest.mark.full
def test_nobody_whose_key_is_known_is_refused_whatever_the_provider_does(
    own_provider: Provider, own_app: Flask
) -> None:
    """KEY-6: clients go on while it rotates, is killed, and hangs."""
    known = own_provider.token(API)

    with clients(own_app, lambda: known) as seen:
        own_provider.rotate()
        assert status(own_app, own_provider.token(API)) == 200
        own_provider.kill()
        own_provider.start()
        own_provider.rotate()
        unknown = own_provider.token(API)
        own_provider.pause()
        assert status(own_app, unknown) == 401
        own_provider.resume()

    assert seen == {200}


@pytest.mark.full
def test_a_provider_that_hangs_stops_nobody_whose_key_is_known(
    own_provider: Provider, own_app: Flask
) -> None:
    token = own_provider.token(API)
    own_provider.rotate()
    unknown = own_provider.token(API)
    own_provider.pause()

    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(status, own_app, unknown)
        assert [status(own_app, token) for _ in range(20)] == [200] * 20
        assert waits.result() == 401
    own_provider.resume()
    # The first one may have joined the fetch that hangs, at its very end.
    wait_until(lambda: status(own_app, unknown) == 200)


def test_a_tenants_provider_is_let_in_as_long_as_the_table_has_it(provider: Provider) -> None:
    table = Table(provider.issuer, keys=None, allow_http=True, audience=API)
    resolver = table.resolver(audience=API, allow_private=True, recheck=0)
    app, _ = application(IssuedBy(resolver), manager=trusting(resolver))
    token = provider.token(API)

    assert status(app, token) == 200
    table.rows.clear()
    assert status(app, token) == 401


def test_a_tenants_provider_within_the_network_is_not_asked(provider: Provider) -> None:
    table = Table(provider.issuer, keys=None, allow_http=True, audience=API)
    resolver = table.resolver(audience=API)
    app, _ = application(IssuedBy(resolver), manager=trusting(resolver))

    assert status(app, provider.token(API)) == 401
