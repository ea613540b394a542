"""Prove that a page of this site sent the request whose token a browser added by itself."""

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
    """Where a request brings the CSRF value of one kind of token.

    Args:
        header: The header.
        field: The form's field, or None where forms are not looked at.

    Attributes:
        key: What the header is called in an environ (:pep:`3333`).
        field: As above.
    """

    def __init__(self, header: str, field: str | None) -> None:
        name = header.upper().replace("-", "_")
        self.key = name if name in _WITHOUT_PREFIX else f"HTTP_{name}"
        self.field = field


class CSRFCheck(PresentationCheck):
    """A double submit that is bound to the session: the value stands in the signed token too.

    Args:
        access: Where the value of all tokens but refresh tokens is brought.
        refresh: Where that of refresh tokens is.
        trusted_origins: Other sites whose pages may send requests.
    """

    def __init__(
        self, access: CSRFNames, refresh: CSRFNames, trusted_origins: frozenset[str]
    ) -> None:
        self._access = access
        self._refresh = refresh
        self._trusted_origins = trusted_origins

    def judge(self, request: Request, token: Token, presented: Presented) -> None:
        """Let a request pass whose sender could read the site's own pages.

        Raises:
            CSRFError: A browser may have added the token by itself, and another site sent the
                request, the value is absent, or it is another token's.
        """
        if not presented.place.is_ambient or request.method in SAFE_METHODS:
            return
        self.check_site(request)
        names = self._refresh if token.kind == "refresh" else self._access
        _compare(_brought(request, names), token.csrf)

    def check_site(self, request: Request) -> None:
        """Let a request pass that no page of another site sent, as far as the browser tells.

        Raises:
            CSRFError: One did.
        """
        # The browser says so (https://www.w3.org/TR/fetch-metadata/).
        environ = request.environ
        is_cross_site = environ.get("HTTP_SEC_FETCH_SITE", "").lower() == "cross-site"
        if is_cross_site and environ.get("HTTP_ORIGIN") not in self._trusted_origins:
            msg = "the page of another site sent the request"
            raise CSRFError(msg)


def _brought(request: Request, names: CSRFNames) -> str:
    """Return the value that the request brings; the header wins over the field (CSRF-5)."""
    value: str | None = request.environ.get(names.key)
    if value is not None or names.field is None:
        return value or ""
    values = request.form.getlist(names.field)
    return values[0] if len(values) == 1 else ""


def _compare(brought: str, expected: str | None) -> None:
    """Compare in constant time, as bytes: text that is not ASCII would raise (ALG-7, CSRF-3)."""
    is_same = hmac.compare_digest(
        brought.encode("utf-8", "surrogatepass"), (expected or "").encode("utf-8")
    )
    if not expected or not is_same:
        msg = "the CSRF value is absent, or not that of the token"
        raise CSRFError(msg)
