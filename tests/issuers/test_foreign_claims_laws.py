"""Whatever an issuer signs, its token is accepted and understood, or refused; nothing else happens.

Claims of ours count from abroad only where the issuer's arguments say from which claim they come.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from jwtpolicy import Fresh, HasRole, HasScope, IssuedBy, Policy, current_token, protect
from jwtpolicy.issuers.foreign_claims import OWN_MEANING
from jwtpolicy.tokens.claims import RESERVED_CLAIMS
from tests.support.issuers import URL, application, foreign, issuer, status
from tests.support.token_shapes import ISSUERS, Shape, accepted_shapes

#: Text with NUL, lone surrogates and everything else that JSON can write.
TEXTS = st.text(st.characters(), max_size=20) | st.sampled_from(
    ["", "\0", "\ud800", " ", "x" * 1025]
)
NUMBERS = st.integers() | st.sampled_from([10**400, -(10**400), 253402300800, 1e308, -0.0, 0.5])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)

SHAPES = st.sampled_from([*accepted_shapes()])
NAMES = st.sampled_from(
    sorted(
        OWN_MEANING
        | RESERVED_CLAIMS
        | {name for shape in accepted_shapes() for name in shape.claims}
        | {"app", "client_id", "roles", "gty", "nonce", "code"}
    )
)


@cache
def client() -> FlaskClient:
    """Return a client of an application that trusts all providers and shows the claims."""
    app, _ = application(IssuedBy(*ISSUERS), issuers=tuple(make() for make in ISSUERS.values()))

    @app.get("/machine")
    @protect(IssuedBy(*ISSUERS))
    def machine() -> dict[str, bool]:
        return {"is_machine": current_token.is_machine}

    return app.test_client()


def answer(encoded: str, path: str = "/") -> Any:
    return client().get(path, headers={"Authorization": f"Bearer {encoded}"})


@settings(deadline=None)
@given(shape=SHAPES, changes=st.dictionaries(NAMES, JSON, min_size=1, max_size=4))
def test_a_token_with_any_claims_is_understood_or_refused(
    shape: Shape, changes: dict[str, Any]
) -> None:
    """HTTP-1, CLAIM-9."""
    response = answer(shape.encoded(**changes))

    assert response.status_code in (200, 401)
    if response.status_code == 200:
        claims = response.json["claims"]
        assert claims["type"] == "access"
        assert claims.keys() & OWN_MEANING <= {"type", "scope"}
        assert 0 < len(claims["sub"]) <= 1024


@settings(deadline=None)
@given(shape=SHAPES, changes=st.dictionaries(NAMES, JSON, min_size=1, max_size=4))
def test_whether_a_machine_sent_it_can_always_be_told(
    shape: Shape, changes: dict[str, Any]
) -> None:
    response = answer(shape.encoded(**changes), "/machine")

    assert response.status_code == 401 or type(response.json["is_machine"]) is bool


NO_TEXT = JSON.filter(lambda value: type(value) is not str and value is not None)


@pytest.mark.parametrize("name", ["iss", "sub", "jti", "exp", "iat", "nbf", "aud"])
@settings(deadline=None, max_examples=30)
@given(value=NO_TEXT)
def test_a_malformed_claim_never_counts_as_absent(name: str, value: Any) -> None:
    """CLAIM-9."""
    is_number = type(value) in (int, float)
    is_list = name == "aud" and isinstance(value, list)
    if (name in {"exp", "iat", "nbf"} and is_number) or is_list:
        return
    app = naming_the_issuer()

    assert status(app, foreign(**{name: value})) == 401


@cache
def naming_the_issuer() -> Flask:
    return application(IssuedBy(URL), issuers=(issuer(),))[0]


def demanding(*policies: Policy, **settings: Any) -> Flask:
    """Return an application whose view demands this of a token of the issuer."""
    return application(IssuedBy(URL), *policies, issuers=(issuer(),), **settings)[0]


@pytest.mark.parametrize(
    "claims",
    [
        {"roles": ["admin"]},
        {"app.roles": ["admin"]},
        {"app": {"roles": ["admin"]}},
        {"app": {"roles": ["admin"]}, "app.roles": ["admin"], "roles": ["admin"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("roles_claim", ["roles", "app.roles", "app"])
def test_roles_from_abroad_are_no_roles_here(roles_claim: str, claims: dict[str, Any]) -> None:
    app = demanding(HasRole("admin"), JWT_ROLES_CLAIM=roles_claim)

    assert status(app, foreign(**claims)) == 403


@pytest.mark.parametrize("roles_claim", ["roles", "app.roles", "app"])
def test_roles_that_an_argument_maps_are_roles_here(roles_claim: str) -> None:
    trusted = issuer(roles=("https://shop.example/app", "roles.all"))
    policies = (IssuedBy(URL), HasRole("admin"))
    app, _ = application(*policies, issuers=(trusted,), JWT_ROLES_CLAIM=roles_claim)

    mapped = foreign(**{"https://shop.example/app": {"roles.all": ["admin"]}, "app": 5})
    assert status(app, mapped) == 200
    assert status(app, foreign(roles=["admin"], app={"roles": ["admin"]})) == 403


@settings(deadline=None, max_examples=60)
@given(roles=JSON)
def test_roles_of_any_form_make_nobody_an_admin(roles: Any) -> None:
    if isinstance(roles, list) and "admin" in roles:
        return

    assert status(mapping_roles(), foreign(groups=roles)) in (401, 403)


@cache
def mapping_roles() -> Flask:
    policies = (IssuedBy(URL), HasRole("admin"))
    return application(*policies, issuers=(issuer(roles="groups"),))[0]


@settings(deadline=None, max_examples=60)
@given(scope=JSON)
def test_scopes_are_text_or_a_list_of_words(scope: Any) -> None:
    is_text = scope is None or type(scope) is str
    is_list = type(scope) is list and all(type(one) is str and " " not in one for one in scope)
    found = status(naming_the_issuer(), foreign(scope=scope))

    assert found == 200 or not is_text or not storable(scope)
    assert found == 401 or is_text or is_list


def storable(text: str | None) -> bool:
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("scope", [["read", "write"], "read write", ["write", "", "read"]])
def test_scopes_of_both_forms_are_read(scope: object) -> None:
    assert status(demanding(HasScope("read", "write")), foreign(scope=scope)) == 200


@pytest.mark.parametrize("scope", [["read write"], ["read", 5], {"read": 1}, 5, True, [["read"]]])
def test_scopes_of_another_form_are_refused(scope: object) -> None:
    assert status(demanding(), foreign(scope=scope)) == 401


@pytest.mark.parametrize("policy", [Fresh(), Fresh(within=300), Fresh(acr="mfa")], ids=str)
def test_freshness_from_abroad_is_no_freshness_here(policy: Policy) -> None:
    """STEP-1."""
    told = foreign(fresh=True, auth_time=9_000_000_000, acr="mfa", amr=["otp"])

    assert status(demanding(policy), told) == 401


def test_an_authentication_time_that_an_argument_maps_counts() -> None:
    trusted = issuer(claims={"auth_time": "auth_time", "acr": ("login", "level")})
    policies = (IssuedBy(URL), Fresh(acr="mfa"))
    app, _ = application(*policies, issuers=(trusted,))
    told = {"auth_time": 253_402_300_000, "login": {"level": "mfa"}}

    assert status(app, foreign(**told)) == 200
    assert status(app, foreign(**told | {"login": "mfa", "acr": "mfa"})) == 401
    assert status(app, foreign(**told | {"login": {"level": 5}})) == 401
