"""A person logs in at a provider that nobody here wrote, and one of the two tokens lets in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from jwtpolicy import HasScope, Issuer
from tests.services.oidc_provider import RESOURCES, Provider
from tests.support.authorization_code import Tokens
from tests.support.issuers import application, status

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize("algorithm", RESOURCES)
def test_the_access_token_of_a_login_lets_in_and_the_id_token_does_not(
    provider: Provider, log_in_at_provider: Callable[..., Tokens], page: Page, algorithm: str
) -> None:
    issuer = Issuer(provider.issuer, audience=RESOURCES[algorithm], allow_http=True)
    app, _ = application(HasScope("notes:read"), issuers=(issuer,), own=False)

    tokens = log_in_at_provider(algorithm)

    assert page.locator("h1").inner_text() == "Welcome back"
    assert status(app, tokens.access) == 200
    assert status(app, tokens.identity) == 401


def test_the_id_token_of_a_client_named_as_the_api_does_not_let_in(
    provider: Provider, log_in_at_provider: Callable[..., Tokens]
) -> None:
    """Its audience is right, and the key that signs access tokens has signed it."""
    audience = RESOURCES["RS256"]
    issuer = Issuer(provider.issuer, audience=audience, allow_http=True)
    app, _ = application(HasScope("notes:read"), issuers=(issuer,), own=False)

    assert status(app, log_in_at_provider("RS256", client=audience).identity) == 401
    assert status(app, provider.token(audience)) == 200
