"""Read the token from a header: ``Authorization: Bearer …``."""

from __future__ import annotations

import re

from flask import Request

from ..exceptions import InvalidRequestError, expect
from .base import Transport

# RFC 6750 section 2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
_B64TOKEN = r"([A-Za-z0-9\-._~+/]+=*)"
# RFC 9110 section 11.4: credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
_CREDENTIALS = r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?: [\x20-\x7e]*)?"


class HeaderTransport(Transport):
    """A header that holds one scheme and one token, or the token alone.

    An empty header, and well-formed credentials of another scheme, count as no token. A list of
    credentials, or this scheme in any other form, is malformed.

    Attributes:
        header: The name of the header.
        scheme: The word before the token, or empty text.
        key: The name of the header in an environ.
    """

    name = "headers"
    is_header = True

    def __init__(self, header: str = "Authorization", scheme: str | None = "Bearer") -> None:
        expect(header, str, "HeaderTransport takes the name of a header")
        self.header = header
        self.scheme = scheme or ""
        self.key = "HTTP_" + header.upper().replace("-", "_")
        self._scheme = self.scheme.lower()
        # RFC 9110 section 11.1: the scheme is case-insensitive.
        prefix = f"(?i:{re.escape(scheme)}) +" if scheme else ""
        self._ours = re.compile(prefix + _B64TOKEN, re.ASCII).fullmatch

    def read(self, request: Request) -> str | None:
        value = request.environ.get(self.key)
        if not value:
            return None
        if (ours := self._ours(value)) is not None:
            return ours[1]
        # RFC 9110 section 5.6.3: nothing else is white space in a header.
        if value.strip(" \t"):
            self._check_other(value)
        return None

    def _check_other(self, value: str) -> None:
        """Accept credentials of another scheme as none of ours.

        Raises:
            InvalidRequestError: They are malformed, or ours stand among them.
        """
        credentials = re.fullmatch(_CREDENTIALS, value)
        if not self._scheme or not credentials or credentials[1].lower() == self._scheme:
            msg = "the header does not hold one scheme and one token"
            raise InvalidRequestError(msg)
        if self._is_listed(value):
            msg = "the header holds a list of credentials"
            raise InvalidRequestError(msg)

    def _is_listed(self, value: str) -> bool:
        """Whether our scheme stands in a list; in one pass, however many commas (HTTP-3)."""
        parts = (part.split(maxsplit=1) for part in value.lower().split(","))
        return any(part[:1] == [self._scheme] for part in parts)
