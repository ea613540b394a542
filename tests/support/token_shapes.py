"""Tokens as identity providers write them, by their documentation, with the verdict on each.

A shape is *good* if it is an access token for the API of these tests. Any other is a token for
another purpose or another receiver, which the same provider signs with the same keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from jwtpolicy import Issuer
from tests.support.issuers import public, signed_by_issuer

API: Final = "https://api.shop.example"
TENANT: Final = "8a7b6c5d-0000-4000-8000-1234567890ab"
OTHER_TENANT: Final = "9188040d-0000-4000-8000-b16d2a5b3c4d"
ENTRA_API: Final = "6e74172b-0000-4000-8000-5f2b0f3a9d11"
ENTRA_CLIENT: Final = "0c1f52a8-0000-4000-8000-6a1e7d9b2c33"
OID: Final = "d3b07384-0000-4000-8000-acd3ef1f2a55"
CLIENT: Final = "w3bCl1ent"
MACHINE: Final = "n1ghtlyJ0b"
POOL_CLIENT: Final = "7p00lcl1ent"

AUTH0: Final = "https://shop.eu.auth0.com/"
KEYCLOAK: Final = "https://login.shop.example/realms/shop"
COGNITO: Final = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123"
ENTRA_2: Final = f"https://login.microsoftonline.com/{TENANT}/v2.0"
ENTRA_1: Final = f"https://sts.windows.net/{TENANT}/"
OKTA: Final = "https://shop.okta.com/oauth2/default"
PLAIN: Final = "https://id.shop.example"


def auth0() -> Issuer:
    return Issuer.auth0("shop.eu.auth0.com", audience=API, keys=[public()])


def keycloak() -> Issuer:
    server = "https://login.shop.example"
    return Issuer.keycloak(server, "shop", audience="orders-api", keys=[public()])


def cognito() -> Issuer:
    pool = "eu-central-1_AbCdEf123"
    return Issuer.cognito("eu-central-1", pool, client_ids=[POOL_CLIENT], keys=[public()])


def entra_2() -> Issuer:
    return Issuer.entra(TENANT, audience=ENTRA_API, keys=[public()])


def entra_1() -> Issuer:
    return Issuer.entra(TENANT, audience=f"api://{ENTRA_API}", version=1, keys=[public()])


def okta() -> Issuer:
    return Issuer.okta("shop.okta.com", audience="api://default", keys=[public()])


def plain() -> Issuer:
    return Issuer(PLAIN, audience=API, keys=[public()])


#: What makes each issuer, by its ``iss``. All of them have the same key, under the same ``kid``.
ISSUERS: Final[dict[str, Callable[[], Issuer]]] = {
    AUTH0: auth0,
    KEYCLOAK: keycloak,
    COGNITO: cognito,
    ENTRA_2: entra_2,
    ENTRA_1: entra_1,
    OKTA: okta,
    PLAIN: plain,
}


@dataclass(frozen=True)
class Meaning:
    """What the application reads of an accepted token."""

    subject: str
    scopes: tuple[str, ...] = ()
    roles: tuple[str, ...] | None = None
    is_machine: bool = False


@dataclass(frozen=True)
class Shape:
    """A token of a provider.

    Attributes:
        name: What it is.
        issuer: Whose preset is to judge it; ``iss`` unless the claims have another one.
        claims: Its claims, without ``iss``, ``iat`` and ``exp`` where they are as usual.
        typ: ``typ`` of its header.
        meaning: What is read of it; None if it has to be refused.
        is_good: Whether it is an access token for the API.
    """

    name: str
    issuer: str
    claims: Mapping[str, Any]
    typ: str | None = "JWT"
    meaning: Meaning | None = None
    is_good: bool = field(default=False)

    def payload(self, **changes: Any) -> dict[str, Any]:
        """Return all claims; a claim of None is left out."""
        now = int(time.time())
        usual = {"iss": self.issuer, "iat": now, "exp": now + 3600}
        all_ = {**usual, **self.claims, **changes}
        return {name: value for name, value in all_.items() if value is not None}

    def encoded(self, **changes: Any) -> str:
        """Return the token, signed with the key that each issuer of these tests has."""
        return signed_by_issuer(self.payload(**changes), {"kid": "k1", "typ": self.typ})


def good(
    name: str, issuer: str, claims: Mapping[str, Any], meaning: Meaning | None, typ: str = "JWT"
) -> Shape:
    return Shape(name, issuer, claims, typ, meaning, is_good=True)


_EVENTS: Final[dict[str, object]] = {"http://schemas.openid.net/event/backchannel-logout": {}}
_PROOF: Final = {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}
_PERMISSIONS: Final = ("orders:delete", "orders:read")

_AUTH0_USER: Final = {"sub": "auth0|6553f1", "aud": [API, f"{AUTH0}userinfo"], "azp": CLIENT}
_AUTH0_ID: Final = {"sub": "auth0|6553f1", "aud": CLIENT, "name": "Ada", "sid": "s1"}

_AUTH0_SHAPES: Final = (
    good(
        "Auth0 access token of a user, default profile",
        AUTH0,
        {**_AUTH0_USER, "scope": "openid orders:read", "permissions": [*_PERMISSIONS]},
        Meaning("auth0|6553f1", ("openid", "orders:read"), _PERMISSIONS),
    ),
    good(
        "Auth0 access token of a machine, default profile",
        AUTH0,
        {
            "sub": f"{MACHINE}@clients",
            "aud": API,
            "azp": MACHINE,
            "gty": "client-credentials",
            "scope": "orders:read",
        },
        Meaning(f"{MACHINE}@clients", ("orders:read",), is_machine=True),
    ),
    good(
        "Auth0 access token of a machine without scopes",
        AUTH0,
        {"sub": f"{MACHINE}@clients", "aud": API, "azp": MACHINE, "gty": "client-credentials"},
        Meaning(f"{MACHINE}@clients", is_machine=True),
    ),
    good(
        "Auth0 access token of a user, RFC 9068 profile",
        AUTH0,
        {
            "sub": "auth0|6553f1",
            "aud": API,
            "client_id": CLIENT,
            "jti": "j1",
            "scope": "orders:read",
            "permissions": ["orders:read"],
        },
        Meaning("auth0|6553f1", ("orders:read",), ("orders:read",)),
        typ="at+jwt",
    ),
    good(
        "Auth0 access token of a machine, RFC 9068 profile",
        AUTH0,
        {"sub": f"{MACHINE}@clients", "aud": API, "client_id": MACHINE, "jti": "j1"},
        Meaning(f"{MACHINE}@clients", is_machine=True),
        typ="at+jwt",
    ),
    Shape("Auth0 ID token", AUTH0, {**_AUTH0_ID, "nonce": "n1"}),
    Shape("Auth0 ID token of an API that is its own client", AUTH0, {**_AUTH0_ID, "aud": API}),
    Shape(
        "Auth0 ID token of the hybrid flow",
        AUTH0,
        {**_AUTH0_ID, "aud": API, "c_hash": "c", "azp": API},
    ),
    Shape("Auth0 logout token", AUTH0, {**_AUTH0_ID, "events": _EVENTS}, typ="logout+jwt"),
    Shape(
        "Auth0 access token for the management API",
        AUTH0,
        {**_AUTH0_USER, "aud": f"{AUTH0}api/v2/", "scope": "read:users"},
    ),
    Shape(
        "Auth0 access token that is bound to a key",
        AUTH0,
        {**_AUTH0_USER, "scope": "orders:read", "cnf": _PROOF},
        typ="at+jwt",
    ),
)

_REALM: Final = {
    "sub": "f3a1c2d4-user",
    "jti": "j1",
    "azp": "web",
    "sid": "s1",
    "session_state": "s1",
    "acr": "1",
    "preferred_username": "ada",
}
_BEARER: Final = {
    **_REALM,
    "typ": "Bearer",
    "aud": ["orders-api", "account"],
    "scope": "email orders:read",
    "realm_access": {"roles": ["clerk"]},
    "resource_access": {"account": {"roles": ["view-profile"]}},
}
_CLERK: Final = Meaning("f3a1c2d4-user", ("email", "orders:read"), ("clerk",))

_KEYCLOAK_SHAPES: Final = (
    good("Keycloak access token", KEYCLOAK, _BEARER, _CLERK),
    good("Keycloak access token with the header of RFC 9068", KEYCLOAK, _BEARER, _CLERK, "at+jwt"),
    good(
        "Keycloak access token of a service account",
        KEYCLOAK,
        {
            **_BEARER,
            "sub": "77aa-service",
            "azp": "nightly",
            "client_id": "nightly",
            "preferred_username": "service-account-nightly",
            "sid": None,
        },
        Meaning("77aa-service", ("email", "orders:read"), ("clerk",), is_machine=True),
    ),
    good(
        "Keycloak lightweight access token, which names no subject",
        KEYCLOAK,
        {**_BEARER, "sub": None, "preferred_username": None, "realm_access": None},
        None,
    ),
    Shape("Keycloak ID token", KEYCLOAK, {**_REALM, "typ": "ID", "aud": "web", "at_hash": "h"}),
    Shape(
        "Keycloak ID token with the API's audience by a mapper",
        KEYCLOAK,
        {**_REALM, "typ": "ID", "aud": ["web", "orders-api"]},
    ),
    Shape("Keycloak refresh token", KEYCLOAK, {**_REALM, "typ": "Refresh", "aud": KEYCLOAK}),
    Shape("Keycloak offline token", KEYCLOAK, {**_REALM, "typ": "Offline", "aud": KEYCLOAK}),
    Shape(
        "Keycloak logout token",
        KEYCLOAK,
        {**_REALM, "typ": "Logout", "aud": "orders-api", "events": _EVENTS},
        typ="logout+jwt",
    ),
    Shape(
        "Keycloak access token of a client without the audience mapper",
        KEYCLOAK,
        {**_BEARER, "aud": "account"},
    ),
    Shape(
        "Keycloak access token that is bound to a certificate",
        KEYCLOAK,
        {**_BEARER, "cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}},
    ),
    Shape(
        "Keycloak answer of userinfo as JWT",
        KEYCLOAK,
        {"sub": "f3a1c2d4-user", "aud": "orders-api", "preferred_username": "ada"},
    ),
    Shape(
        "Keycloak answer of introspection as JWT",
        KEYCLOAK,
        {"aud": "orders-api", "token_introspection": {**_BEARER, "active": True}, "typ": "Bearer"},
        typ="token-introspection+jwt",
    ),
)

_POOL_USER: Final = {
    "sub": "3f2b-user",
    "jti": "j1",
    "origin_jti": "j0",
    "event_id": "e1",
    "auth_time": 1_700_000_000,
    "cognito:groups": ["clerks"],
}

_COGNITO_SHAPES: Final = (
    good(
        "Cognito access token of a user",
        COGNITO,
        {
            **_POOL_USER,
            "token_use": "access",
            "client_id": POOL_CLIENT,
            "username": "ada",
            "scope": "aws.cognito.signin.user.admin openid",
        },
        Meaning("3f2b-user", ("aws.cognito.signin.user.admin", "openid"), ("clerks",)),
    ),
    good(
        "Cognito access token of a machine",
        COGNITO,
        {
            "sub": POOL_CLIENT,
            "jti": "j1",
            "token_use": "access",
            "client_id": POOL_CLIENT,
            "scope": "orders/read",
            "version": 2,
        },
        Meaning(POOL_CLIENT, ("orders/read",), is_machine=True),
    ),
    Shape("Cognito ID token", COGNITO, {**_POOL_USER, "token_use": "id", "aud": POOL_CLIENT}),
    Shape(
        "Cognito ID token that names its client twice",
        COGNITO,
        {**_POOL_USER, "token_use": "id", "aud": POOL_CLIENT, "client_id": POOL_CLIENT},
    ),
    Shape(
        "Cognito access token of a client that is not listed",
        COGNITO,
        {**_POOL_USER, "token_use": "access", "client_id": "an0therclient", "scope": "openid"},
    ),
)

_DELEGATED: Final = {
    "aud": ENTRA_API,
    "azp": ENTRA_CLIENT,
    "azpacr": "1",
    "oid": OID,
    "sub": "Pairw1seSubject",
    "scp": "Orders.Read User.Read",
    "tid": TENANT,
    "uti": "u1",
    "ver": "2.0",
}
_APP_ONLY: Final = {
    **_DELEGATED,
    "scp": None,
    "sub": OID,
    "roles": ["Orders.Read.All"],
    "idtyp": "app",
}
_VERSION_1: Final = {
    "aud": f"api://{ENTRA_API}",
    "azp": None,
    "azpacr": None,
    "appid": ENTRA_CLIENT,
    "appidacr": "1",
    "acr": "1",
    "amr": ["pwd"],
    "ver": "1.0",
}
_READS: Final = ("Orders.Read", "User.Read")
_APP_MEANING: Final = Meaning(OID, (), ("Orders.Read.All",), is_machine=True)
_ENTRA_ID: Final = {**_DELEGATED, "scp": None, "azp": None, "azpacr": None, "name": "Ada"}

_ENTRA_SHAPES: Final = (
    good(
        "Entra v2 access token of a user",
        ENTRA_2,
        _DELEGATED,
        Meaning("Pairw1seSubject", _READS),
    ),
    good(
        "Entra v2 access token of a user with roles, on behalf of",
        ENTRA_2,
        {**_DELEGATED, "roles": ["Clerk"], "idtyp": "user"},
        Meaning("Pairw1seSubject", _READS, ("Clerk",)),
    ),
    good("Entra v2 access token of an application", ENTRA_2, _APP_ONLY, _APP_MEANING),
    good(
        "Entra v1 access token of a user",
        ENTRA_1,
        {**_DELEGATED, **_VERSION_1},
        Meaning("Pairw1seSubject", _READS),
    ),
    good(
        "Entra v1 access token of an application, without idtyp",
        ENTRA_1,
        {**_APP_ONLY, **_VERSION_1, "idtyp": None},
        _APP_MEANING,
    ),
    Shape("Entra v2 ID token", ENTRA_2, {**_ENTRA_ID, "nonce": "n1"}),
    Shape(
        "Entra v2 ID token without a nonce, with roles", ENTRA_2, {**_ENTRA_ID, "roles": ["Clerk"]}
    ),
    Shape(
        "Entra v2 ID token of a client that is the API",
        ENTRA_2,
        {**_ENTRA_ID, "azp": ENTRA_API, "roles": ["Clerk"], "idtyp": "user"},
    ),
    Shape(
        "Entra v2 access token of another tenant",
        ENTRA_2,
        {**_DELEGATED, "tid": OTHER_TENANT, "iss": ENTRA_2.replace(TENANT, OTHER_TENANT)},
    ),
    Shape(
        "Entra token with the issuer of common's discovery document",
        ENTRA_2,
        {**_DELEGATED, "iss": "https://login.microsoftonline.com/{tenantid}/v2.0"},
    ),
    Shape(
        "Entra access token for Graph",
        ENTRA_1,
        {**_DELEGATED, **_VERSION_1, "aud": "00000003-0000-0000-c000-000000000000"},
    ),
    Shape(
        "Entra access token that is bound to a key",
        ENTRA_2,
        {**_DELEGATED, "cnf": {"kid": "k9", "xms_ksl": "sw"}},
    ),
    Shape("Entra logout token", ENTRA_2, {**_ENTRA_ID, "events": _EVENTS}, typ="logout+jwt"),
)

_OKTA_USER: Final = {
    "ver": 1,
    "jti": "AT.j1",
    "aud": "api://default",
    "cid": "0oa1client",
    "uid": "00u1user",
    "scp": ["openid", "orders:read"],
    "auth_time": 1_700_000_000,
    "sub": "ada@shop.example",
}
_OKTA_ID: Final = {"sub": "00u1user", "ver": 1, "jti": "ID.j1", "amr": ["pwd"], "auth_time": 1}

_OKTA_SHAPES: Final = (
    good(
        "Okta access token of a user",
        OKTA,
        _OKTA_USER,
        Meaning("00u1user", ("openid", "orders:read")),
    ),
    good(
        "Okta access token of a machine",
        OKTA,
        {**_OKTA_USER, "uid": None, "auth_time": None, "sub": "0oa1client", "scp": ["orders:read"]},
        Meaning("0oa1client", ("orders:read",), is_machine=True),
    ),
    Shape("Okta ID token", OKTA, {**_OKTA_ID, "aud": "0oa1client", "at_hash": "h"}),
    Shape("Okta ID token with the audience of the API", OKTA, {**_OKTA_ID, "aud": "api://default"}),
    Shape(
        "Okta access token of the org's own server",
        OKTA,
        {**_OKTA_USER, "iss": "https://shop.okta.com", "aud": "https://shop.okta.com"},
    ),
    Shape("Okta access token for another API", OKTA, {**_OKTA_USER, "aud": "api://billing"}),
)

_PROFILE: Final = {"sub": "ada", "aud": API, "client_id": "web", "jti": "j1"}

_PLAIN_SHAPES: Final = (
    good(
        "access token by RFC 9068",
        PLAIN,
        {**_PROFILE, "scope": "orders:read", "auth_time": 1_700_000_000, "acr": "mfa"},
        Meaning("ada", ("orders:read",)),
        typ="at+jwt",
    ),
    good(
        "access token of a machine by RFC 9068, with the long media type",
        PLAIN,
        {**_PROFILE, "sub": "web"},
        Meaning("web", is_machine=True),
        typ="application/AT+JWT",
    ),
    Shape("ID token that nothing marks", PLAIN, {"sub": "ada", "aud": API}),
    Shape("ID token with a nonce", PLAIN, {"sub": "ada", "aud": API, "nonce": "n1"}),
    Shape("answer of userinfo as JWT", PLAIN, {"sub": "ada", "aud": API, "email": "a@b.example"}),
    Shape(
        "answer of introspection as JWT",
        PLAIN,
        {"aud": API, "token_introspection": {"active": True, "sub": "ada"}},
        typ="token-introspection+jwt",
    ),
    Shape(
        "security event",
        PLAIN,
        {**_PROFILE, "events": {"urn:example:account-disabled": {}}},
        typ="secevent+jwt",
    ),
    Shape("access token that is bound to a key", PLAIN, {**_PROFILE, "cnf": _PROOF}, typ="at+jwt"),
    Shape("proof of possession", PLAIN, {**_PROFILE, "htm": "GET", "htu": API}, typ="dpop+jwt"),
)

SHAPES: Final[Sequence[Shape]] = (
    *_AUTH0_SHAPES,
    *_KEYCLOAK_SHAPES,
    *_COGNITO_SHAPES,
    *_ENTRA_SHAPES,
    *_OKTA_SHAPES,
    *_PLAIN_SHAPES,
)


def accepted_shapes() -> Iterator[Shape]:
    """Yield the shapes that have to be accepted."""
    return (shape for shape in SHAPES if shape.meaning is not None)
