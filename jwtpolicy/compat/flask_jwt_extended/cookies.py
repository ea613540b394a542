"""Put tokens and their CSRF values into cookies, and take them out again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from werkzeug.http import dump_cookie
from werkzeug.wrappers import Response

from ...exceptions import InvalidTokenError, IssueError
from ...tokens.jose import unverified_claims
from .config import config

#: Seconds, or a timedelta; None: what ``JWT_SESSION_COOKIE`` says.
MaxAge = int | timedelta | None
#: A domain; None: what ``JWT_COOKIE_DOMAIN`` says; the empty string: the host alone.
Domain = str | None


def set_access_cookies(
    response: Response, encoded_access_token: str, max_age: MaxAge = None, domain: Domain = None
) -> None:
    """Set the cookies of an access token that was just made.

    Args:
        response: The answer that sets them.
        encoded_access_token: The token.
        max_age: Seconds or a timedelta; None means what ``JWT_SESSION_COOKIE`` says.
        domain: Another domain than ``JWT_COOKIE_DOMAIN``; the empty string: the host alone.

    Raises:
        IssueError: The token is no access token, or has no CSRF value although cookies need one.
    """
    _set("access", response, encoded_access_token, max_age, domain)


def set_refresh_cookies(
    response: Response, encoded_refresh_token: str, max_age: MaxAge = None, domain: Domain = None
) -> None:
    """Set the cookies of a refresh token, as `set_access_cookies` does of an access token."""
    _set("refresh", response, encoded_refresh_token, max_age, domain)


def unset_access_cookies(response: Response, domain: Domain = None) -> None:
    """Unset the cookies of the access token."""
    _write("access", response, "", "", domain, expires=0)


def unset_refresh_cookies(response: Response, domain: Domain = None) -> None:
    """Unset the cookies of the refresh token."""
    _write("refresh", response, "", "", domain, expires=0)


def unset_jwt_cookies(response: Response, domain: Domain = None) -> None:
    """Unset the cookies of both tokens."""
    unset_access_cookies(response, domain)
    unset_refresh_cookies(response, domain)


def _set(kind: str, response: Response, encoded: str, max_age: MaxAge, domain: Domain) -> None:
    age = config.cookie_max_age if max_age is None else max_age
    _write(kind, response, encoded, _csrf_of(encoded, kind), domain, max_age=age)


def _csrf_of(encoded: str, kind: str) -> str:
    """Return the CSRF value of a token that was just made; it need not be good yet (C14).

    Raises:
        IssueError: The token is not of *kind*, or has no CSRF value although cookies need one.
    """
    try:
        claims = unverified_claims(encoded)
    except (InvalidTokenError, TypeError):
        claims = {}
    if claims.get("type") != kind:
        raise IssueError(f"the {kind} cookie holds an encoded token of the kind {kind!r}, no other")
    if config.cookie_csrf_protect and not isinstance(claims.get("csrf"), str):
        msg = "the token has no CSRF value: it was made while JWT_COOKIE_CSRF_PROTECT was off"
        raise IssueError(msg)
    return str(claims.get("csrf"))


def _write(
    kind: str, response: Response, encoded: str, csrf: str, domain: Domain, **age: Any
) -> None:
    """Set the token's own cookie, and the one that scripts read its CSRF value from."""
    host = config.cookie_domain if domain is None else domain
    shared = {"domain": host or None, "secure": config.cookie_secure, **age}
    shared["max_size"] = response.max_cookie_size
    written = {f"{kind}_cookie": encoded}
    if config.cookie_csrf_protect and config.csrf_in_cookies:
        written[f"{kind}_csrf_cookie"] = csrf
    for option, value in written.items():
        name, path = getattr(config, f"{option}_name"), getattr(config, f"{option}_path")
        own = {"path": path, "httponly": option == f"{kind}_cookie"}
        cookie = dump_cookie(name, value, samesite=config.cookie_samesite, **own, **shared)
        response.headers.add("Set-Cookie", cookie + "; Partitioned" * config.cookie_partitioned)
