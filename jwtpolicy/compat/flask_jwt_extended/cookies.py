"""Put tokens and their CSRF values into cookies, and take them out again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Response

from ...exceptions import InvalidTokenError, IssueError
from ...jose import unverified_claims
from .config import config

#: Seconds, or a timedelta; None: what ``JWT_SESSION_COOKIE`` says.
MaxAge = int | timedelta | None
#: A domain; None: what ``JWT_COOKIE_DOMAIN`` says; the empty string: the host alone.
Domain = str | None


@dataclass(frozen=True, slots=True)
class _Cookies:
    """The cookies of one kind of token: the token's own, and its CSRF value's.

    Attributes:
        kind: ``access`` or ``refresh``.
        domain: Their domain.
    """

    kind: str
    domain: Domain

    def set(self, response: Response, encoded: str, max_age: MaxAge) -> None:
        csrf = _csrf_of(encoded, self.kind)
        age = config.cookie_max_age if max_age is None else max_age
        self._write(response, "{}_cookie", encoded, max_age=age, httponly=True)
        if config.cookie_csrf_protect and config.csrf_in_cookies:
            self._write(response, "{}_csrf_cookie", csrf, max_age=age)

    def unset(self, response: Response) -> None:
        self._write(response, "{}_cookie", "", expires=0, httponly=True)
        if config.cookie_csrf_protect and config.csrf_in_cookies:
            self._write(response, "{}_csrf_cookie", "", expires=0)

    def _write(self, response: Response, which: str, value: str, **rest: Any) -> None:
        option = which.format(self.kind)
        response.set_cookie(
            getattr(config, f"{option}_name"),
            value,
            path=getattr(config, f"{option}_path"),
            domain=(config.cookie_domain if self.domain is None else self.domain) or None,
            secure=config.cookie_secure,
            samesite=config.cookie_samesite,
            **rest,
        )


def _csrf_of(encoded: str, kind: str) -> str:
    """Return the CSRF value of a token that was just made; it need not be good yet (C14).

    Raises:
        IssueError: It is no token of *kind*, or has no CSRF value although cookies need one.
    """
    try:
        claims = unverified_claims(encoded)
    except (InvalidTokenError, TypeError):
        msg = f"{kind} cookies hold an encoded token, not {type(encoded).__name__}"
        raise IssueError(msg) from None
    if claims.get("type") != kind:
        msg = f"a token of the kind {claims.get('type')!r} does not go into the {kind} cookie"
        raise IssueError(msg)
    if config.cookie_csrf_protect and not isinstance(claims.get("csrf"), str):
        msg = "the token has no CSRF value: it was made while JWT_COOKIE_CSRF_PROTECT was off"
        raise IssueError(msg)
    return str(claims.get("csrf"))


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
        IssueError: It is no access token, or has no CSRF value although cookies need one.
    """
    _Cookies("access", domain).set(response, encoded_access_token, max_age)


def set_refresh_cookies(
    response: Response, encoded_refresh_token: str, max_age: MaxAge = None, domain: Domain = None
) -> None:
    """Set the cookies of a refresh token, as `set_access_cookies` does of an access token."""
    _Cookies("refresh", domain).set(response, encoded_refresh_token, max_age)


def unset_access_cookies(response: Response, domain: Domain = None) -> None:
    """Unset the cookies of the access token."""
    _Cookies("access", domain).unset(response)


def unset_refresh_cookies(response: Response, domain: Domain = None) -> None:
    """Unset the cookies of the refresh token."""
    _Cookies("refresh", domain).unset(response)


def unset_jwt_cookies(response: Response, domain: Domain = None) -> None:
    """Unset the cookies of both tokens."""
    unset_access_cookies(response, domain)
    unset_refresh_cookies(response, domain)
