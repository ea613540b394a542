"""The blocks about other issuers accept the tokens of their providers, without any network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jwtpolicy import IssuedBy
from tests.support.issuers import application, give_keys, status
from tests.support.pages import run_page
from tests.support.token_shapes import AUTH0, COGNITO, ENTRA_2, KEYCLOAK, OKTA, SHAPES, Shape

#: The issuers that a page makes, by the names that it gives them.
NAMED = {"auth0": AUTH0, "keycloak": KEYCLOAK, "cognito": COGNITO, "entra": ENTRA_2, "okta": OKTA}

Run = Callable[[str], dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs a page whose issuers have the key of these tests."""
    give_keys(monkeypatch)
    return lambda page: run_page(page, tmp_path, monkeypatch)


def user_token(url: str) -> Shape:
    """Return an access token of a user, as this issuer writes it."""
    return next(shape for shape in SHAPES if shape.issuer == url and shape.meaning)


def id_token(url: str) -> Shape:
    return next(one for one in SHAPES if one.issuer == url and "ID token" in one.name)


@pytest.mark.parametrize("name", NAMED)
def test_the_block_of_a_provider_accepts_its_access_tokens(name: str, run: Run) -> None:
    issuer = run("howto/tokens-of-others.rst")[name]
    app, _ = application(IssuedBy(issuer), issuers=(issuer,))

    assert status(app, user_token(NAMED[name]).encoded()) == 200
    assert status(app, id_token(NAMED[name]).encoded()) == 401


def test_the_service_that_only_verifies_does_so(run: Run) -> None:
    client = run("howto/verify-only.rst")["app"].test_client()

    def ask(path: str, shape: Shape, **claims: Any) -> int:
        headers = {"Authorization": f"Bearer {shape.encoded(**claims)}"}
        return client.get(path, headers=headers).status_code

    assert ask("/orders", user_token(AUTH0)) == 200
    assert ask("/orders", user_token(AUTH0), scope="openid") == 403
    assert ask("/orders", id_token(AUTH0)) == 401
    assert ask("/invoices", user_token(AUTH0), scope="invoices:read") == 200
