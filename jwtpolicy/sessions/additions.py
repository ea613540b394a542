"""Collect what an application adds to tokens beside its claim schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..exceptions import IssueError
from ..schemas import plain_json
from ..tokens.claims import CARRIED, RESERVED_CLAIMS
from ..tokens.jose import RESERVED_HEADERS

#: Returns what the tokens of a kind say about a user, beside the schema: ``(user, kind)``.
Hook = Callable[[Any, str], Mapping[str, Any]]


class Additions(NamedTuple):
    """The hooks of one application, and how it writes JSON.

    Attributes:
        encode: Makes JSON text of dates, decimals and the like: the application's own.
        claims: The hook ``extra_claims``, or None.
        headers: The hook ``extra_headers``, or None.
    """

    encode: Callable[[Any], str]
    claims: Hook | None = None
    headers: Hook | None = None

    def claims_of(self, user: Any, kind: str) -> dict[str, Any]:
        """Return copies of the claims that the hook adds to tokens of *kind*.

        Raises:
            IssueError: They name what is reserved, or are not JSON (CLAIM-10).
        """
        hook = self.claims
        return {} if hook is None else self._claims(hook(user, kind), "extra_claims")

    def headers_of(self, user: Any, kind: str) -> dict[str, Any]:
        """Return copies of the headers that the hook adds; raises as above."""
        hook = self.headers
        return {} if hook is None else self._headers(hook(user, kind), "extra_headers")

    def given_claims(self, claims: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return copies of the claims that a caller passes; raises as above."""
        return {} if claims is None else self._claims(claims, "claims=")

    def given_headers(self, headers: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return copies of the headers that a caller passes; raises as above."""
        return {} if headers is None else self._headers(headers, "headers=")

    def _claims(self, members: object, name: str) -> dict[str, Any]:
        return dict(plain_json(_checked(members, name, _is_own_claim), "claims", self.encode))

    def _headers(self, members: object, name: str) -> dict[str, Any]:
        return dict(plain_json(_checked(members, name, _is_own_header), "headers", self.encode))


def _checked(members: object, name: str, is_own: Callable[[str], bool]) -> Mapping[str, Any]:
    """Return what is a mapping and names nothing of the library's.

    Raises:
        IssueError: It is not, or does.
    """
    if not isinstance(members, Mapping):
        msg = f"{name} has to be a mapping, not {type(members).__name__}"
        raise IssueError(msg)
    taken = sorted(member for member in map(str, members) if is_own(member))
    if taken:
        msg = f"{name} names {', '.join(taken)}, which the library writes itself"
        raise IssueError(msg)
    return members


def _is_own_claim(name: str) -> bool:
    return name in RESERVED_CLAIMS or name in ("sub", CARRIED)


def _is_own_header(name: str) -> bool:
    # RFC 7515 section 4.1: x5u, x5c, x5t and whatever follows them name keys.
    return name in RESERVED_HEADERS or name.startswith("x5")
