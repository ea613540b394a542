"""Protected resources whose tokens another issuer makes."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask

from jwtpolicy import Access, IssuedBy, Issuer, Policy, protect
from jwtpolicy.endpoints import resource_metadata_blueprint
from jwtpolicy.exceptions import ConfigurationError
from tests.support.issuers import AUDIENCE, URL, application, foreign, issuer
from tests.support.requests import bearer

RESOURCE = "https://api.example.com/mcp"
BOTH = [AUDIENCE, RESOURCE]


def serve(policy: Policy, *issuers: Issuer, **options: Any) -> Flask:
    """Return an application with the view `/` and, of the resource, `/mcp` and `/bare`."""
    app, jwt = application(policy, issuers=issuers, **options)
    mcp = Blueprint("mcp", __name__)
    mcp.get("/mcp")(protect(policy)(lambda: "in"))
    mcp.get("/bare", endpoint="bare")(lambda: "in")
    metadata = resource_metadata_blueprint(jwt, mcp, resource=RESOURCE, authorization_servers=[URL])
    app.register_blueprint(metadata)
    app.register_blueprint(mcp)
    return app


def statuses(app: Flask, **claims: Any) -> list[int]:
    """Return what `/mcp` and `/` answer to a token of the issuer."""
    headers, client = bearer(foreign(**claims)), app.test_client()
    return [client.get(path, headers=headers).status_code for path in ("/mcp", "/")]


@pytest.mark.parametrize(
    ("audience", "expected"),
    [(RESOURCE, [200, 401]), (AUDIENCE, [401, 200]), (BOTH, [200, 200])],
    ids=str,
)
@pytest.mark.parametrize(("policy", "own"), [(IssuedBy(URL), True), (Access(), False)], ids=str)
def test_a_token_of_the_issuer_is_for_the_resource_or_for_the_rest(
    audience: Any, expected: list[int], policy: Policy, own: bool
) -> None:
    app = serve(policy, issuer(audience=BOTH), own=own)

    assert statuses(app, aud=audience) == expected


def test_a_view_of_the_resource_that_names_no_issuer_takes_own_tokens_alone() -> None:
    app = serve(IssuedBy(URL), issuer(audience=BOTH))

    answer = app.test_client().get("/bare", headers=bearer(foreign(aud=RESOURCE)))

    assert answer.status_code == 401
    assert "resource_metadata=" in answer.headers["WWW-Authenticate"]


def test_the_audience_of_an_issuer_need_not_be_one_of_the_application() -> None:
    app = serve(Access(), issuer(audience=RESOURCE), own=False)

    assert statuses(app, aud=RESOURCE) == [200, 200]


def test_a_resource_that_no_issuer_issues_tokens_for_is_an_error_of_the_set_up() -> None:
    app = serve(IssuedBy(URL), issuer())

    with pytest.raises(ConfigurationError, match="name it in audience="):
        app.test_client().get("/mcp")
