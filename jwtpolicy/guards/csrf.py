"""CSRF protection of tokens in cookies: double submit, bound to the session."""

from __future__ import annotations

import hmac
from typing import Final

from flask import Request

from ..exceptions import CSRFError
from ..tokens.token import Token
from ..transports import Presented
from .presentation import PresentationCheck

#: RFC 9110 section 9.2.1: methods that change nothing. Every other one is protected (CSRF-1).
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

#: Headers that an environ calls as they are, without ``HTTP_``.
_WITHOUT_PREFIX: Final = frozenset({"CONTENT_LENGTH", "CONTENT_TYPE"})


class CSRFNames:
    """The names of the header and the form field that carry the CSRF value of a kind of token.

    Args:
        header: The name of the header.
        field: The name of the form field, or None where forms are not read.

    Attributes:
        key: The key of the header in a WSGI environ (:pep:`3333`).
        field: The name of the form field, or None.
    """

    def __init__(self, header: str, field: str | None) -> None:
        name = header.upper().replace("-", "_")
        self.key = name if name in _WITHOUT_PREFIX else f"HTTP_{name}"
        self.field = field


class CSRFCheck(PresentationCheck):
    """A double-submit check whose CSRF value is a claim of the signed token.

    Args:
        access: The header and form field for all kinds of token but refresh.
        refresh: The header and form field for refresh tokens.
        trusted_origins: Origins of other sites whose pages may send requests.
    """

    def __init__(
        self, access: CSRFNames, refresh: CSRFNames, trusted_origins: frozenset[str]
    ) -> None:
        self._access = access
        self._refresh = refresh
        self._trusted_origins = trusted_origins

    def judge(self, request: Request, token: Token, presented: Presented) -> None:
        """Compare the CSRF value of an unsafe request that presents an ambient credential.

        Raises:
            CSRFError: A browser adds the token by itself, and a page of another site sent the
                request, or its CSRF value is absent or not that of the token.
        """
        if not presented.place.is_ambient or request.method in SAFE_METHODS:
            return
        self.check_site(request)
        names = self._refresh if token.kind == "refresh" else self._access
        _compare(_brought(request, names), token.csrf)

    def check_site(self, request: Request) -> None:
        """Check ``Sec-Fetch-Site``: refuse a cross-site request of an origin that is not trusted.

        Raises:
            CSRFError: A page of another site sent the request, and its origin is not trusted.
        """
        # Fetch metadata (https://www.w3.org/TR/fetch-metadata/). Clients that do not send it
        # pass here.
        environ = request.environ
        is_cross_site = environ.get("HTTP_SEC_FETCH_SITE", "").lower() == "cross-site"
        if is_cross_site and environ.get("HTTP_ORIGIN") not in self._trusted_origins:
            msg = "the page of another site sent the request"
            raise CSRFError(msg)


def _brought(request: Request, names: CSRFNames) -> str:
    """Return the CSRF value in the request; the header wins over the form field (CSRF-5)."""
    value: str | None = request.environ.get(names.key)
    if value is not None or names.field is None:
        return value or ""
    values = request.form.getlist(names.field)
    return values[0] if len(values) == 1 else ""


def _compare(brought: str, expected: str | None) -> None:
    """Compare in constant time, as bytes: text that is not ASCII would raise (ALG-7, CSRF-3).

    Raises:
        CSRFError: The CSRF value is absent, or not that of the token.
    """
    is_same = hmac.compare_digest(
        brought.encode("utf-8", "surrogatepass"), (expected or "").encode("utf-8")
    )
    if not expected or not is_same:
        msg = "the CSRF value is absent, or not that of the token"
        raise CSRFError(msg)
