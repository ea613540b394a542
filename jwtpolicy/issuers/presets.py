"""The arguments of `Issuer` for usual identity providers, from their public documentation."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, NotRequired
from urllib.parse import quote

from ..exceptions import ConfigurationError
from ..markers import ANY
from .conditions import AT_JWT
from .issuer_arguments import IssuerArguments

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
_WORD: Final = re.compile(r"[A-Za-z0-9_.~-]+")
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")
_REALM: Final = re.compile(r"[^/?#\s]+")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Names that Entra has for many tenants at once; no token has one of them in ``iss``.
_EVERYBODY: Final = ("common", "organizations", "consumers")


class PresetArguments(IssuerArguments):
    """The arguments of `Issuer` that a preset passes on, its URL among them."""

    url: str
    audience: NotRequired[str | Collection[str]]
    client_ids: NotRequired[str | Collection[str]]


def auth0(domain: str) -> PresetArguments:
    """Return those of an Auth0 tenant."""
    _check("auth0(domain)", domain, _HOST, "example.eu.auth0.com")
    return {
        "url": f"https://{domain}/",
        "access_when": (AT_JWT, {"azp": ANY, "gty": ANY}, {"azp": ANY, "scope": str}),
        "machine_when": ({"gty": "client-credentials"}, _is_auth0_client),
        "roles": "permissions",
        "requires_jti": False,
    }


def keycloak(url: str, realm: str) -> PresetArguments:
    """Return those of a realm of Keycloak."""
    server = re.compile(r"https?://(?!.*/realms(/|$))[^?#\s]+")
    _check("keycloak(url)", url, server, "https://login.example.com")
    _check("keycloak(realm)", realm, _REALM, "shop")
    return {
        "url": f"{url.rstrip('/')}/realms/{quote(realm, safe='')}",
        "access_when": {"typ": "Bearer"},
        "machine_when": _is_service_account,
        "roles": ("realm_access", "roles"),
    }


def cognito(region: str, pool_id: str) -> PresetArguments:
    """Return those of a user pool of Cognito."""
    _check("cognito(region)", region, _REGION, "eu-central-1")
    # Of another region it would be a pool that nobody has, and all tokens would be refused.
    pool = re.compile(rf"{region}_[A-Za-z0-9]+")
    _check("cognito(pool_id)", pool_id, pool, f"{region}_AbCdEf123")
    return {
        "url": f"https://cognito-idp.{region}.amazonaws.com/{pool_id}",
        "access_when": {"token_use": "access"},
        "roles": "cognito:groups",
    }


def entra(tenant: str, version: int) -> PresetArguments:
    """Return those of a tenant of Entra ID."""
    if tenant in _EVERYBODY:
        msg = (
            f"Issuer.entra({tenant!r}): tokens of all tenants would be accepted, and each names "
            "its own issuer; pass the id of your tenant, a UUID"
        )
        raise ConfigurationError(msg)
    _check("entra(tenant)", tenant, _UUID, "72f988bf-0000-4000-8000-2d7cd011db47")
    urls = {
        1: f"https://sts.windows.net/{tenant}/",
        2: f"https://login.microsoftonline.com/{tenant}/v2.0",
    }
    if type(version) is not int or version not in urls:
        msg = f"Issuer.entra(version=…) is 1 or 2, not {version!r:.40}"
        raise ConfigurationError(msg)
    return {
        "url": urls[version],
        "access_when": ({"scp": str}, _is_entra_application),
        "machine_when": _is_entra_application,
        "algorithms": ("RS256",),
        "scopes": "scp",
        "roles": "roles",
        "requires_jti": False,
    }


def okta(domain: str, server: str) -> PresetArguments:
    """Return those of an authorization server of Okta."""
    _check("okta(domain)", domain, _HOST, "example.okta.com")
    _check("okta(server)", server, _WORD, "default")
    return {
        "url": f"https://{domain}/oauth2/{server}",
        "access_when": {"scp": list, "cid": ANY},
        "subject": "uid",
        "scopes": "scp",
    }


def _check(where: str, value: object, pattern: re.Pattern[str], example: str) -> None:
    if not (isinstance(value, str) and pattern.fullmatch(value)):
        msg = f"Issuer.{where}: expected text such as {example!r}, not {value!r:.60}"
        if isinstance(value, str) and pattern.fullmatch(value.lower()):
            msg += "; write it in lower case, as the provider does in iss"
        raise ConfigurationError(msg)


def _is_auth0_client(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    subject = claims.get("sub")
    return type(subject) is str and subject.endswith("@clients")


def _is_service_account(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    name = claims.get("preferred_username")
    return type(name) is str and name.startswith("service-account-")


def _is_entra_application(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Whether a token was given to an application for itself: with roles, and without a user."""
    has_client = any(_is_text(claims.get(name)) for name in ("azp", "appid"))
    object_id = claims.get("oid")
    is_itself = _is_text(object_id) and object_id == claims.get("sub")
    is_app = claims.get("idtyp") == "app" or is_itself
    has_roles = type(claims.get("roles")) is list and bool(claims["roles"])
    return has_roles and has_client and is_app and "scp" not in claims


def _is_text(value: object) -> bool:
    return type(value) is str and value != ""
