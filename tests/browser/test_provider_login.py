"""A person logs in at a provider that nobody here wrote, and the client gets two tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import jwt
import pytest

from tests.services.oidc_provider import RESOURCES, Provider
from tests.support.authorization_code import Tokens

if TYPE_CHECKING:
    from playwright.sync_api import Page


def claims(token: str, provider: Provider, audience: str) -> dict[str, object]:
    """Return what PyJWT verifies by the provider's key set."""
    keys = {key["kid"]: jwt.PyJWK(key) for key in provider.published()}
    key = keys[jwt.get_unverified_header(token)["kid"]]
    found: dict[str, object] = jwt.decode(token, key, [key.algorithm_name], audience=audience)
    return found


@pytest.mark.parametrize("algorithm", RESOURCES)
def test_a_login_by_code_gives_an_access_token_and_an_id_token(
    provider: Provider, log_in_at_provider: Callable[..., Tokens], page: Page, algorithm: str
) -> None:
    tokens = log_in_at_provider(algorithm)

    assert page.locator("h1").inner_text() == "Welcome back"
    access = claims(tokens.access, provider, RESOURCES[algorithm])
    assert (access["sub"], access["scope"]) == ("ada", "notes:read")
    assert claims(tokens.identity, provider, f"shop-{algorithm}")["sub"] == "ada"
