"""Collect what an application adds to tokens beside its claim schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .exceptions import IssueError
from .jose import RESERVED_CLAIMS, RESERVED_HEADERS
from .schemas import plain_json

#: Returns what the tokens of a kind say about a user, beside the schema: ``(user, kind)``.
Hook = Callable[[Any, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Additions:
    """The hooks of one application, and how it writes JSON.

    Attributes:
        encode: Makes JSON text of dates, decimals and the like: the application's own.
        claims: The hook ``extra_claims``, or None.
        headers: The hook ``extra_headers``, or None.
    """

    encode: Callable[[Any], str]
    claims: Hook | None = None
    headers: Hook | None = None

    def claims_of(
        self, user: Any, kind: str, given: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return copies of the claims that the hook and the caller add; the caller's win.

        Raises:
            IssueError: They name what is reserved, or are not JSON (CLAIM-10).
        """
        hooked = _answer(self.claims, "extra_claims", user, kind)
        added = {**hooked, **_checked(given or {}, "claims=")}
        _refuse(added, RESERVED_CLAIMS | {"sub"}, "claims=" if given else "extra_claims")
        return dict(plain_json(added, "claims", self.encode))

    def headers_of(
        self, user: Any, kind: str, given: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return copies of the headers that the hook and the caller add; raises as above."""
        hooked = _answer(self.headers, "extra_headers", user, kind)
        added = {**hooked, **_checked(given or {}, "headers=")}
        _refuse(added, RESERVED_HEADERS, "headers=" if given else "extra_headers")
        return dict(plain_json(added, "headers", self.encode))


def _answer(hook: Hook | None, name: str, user: Any, kind: str) -> Mapping[str, Any]:
    return {} if hook is None else _checked(hook(user, kind), name)


def _checked(members: object, name: str) -> Mapping[str, Any]:
    if not isinstance(members, Mapping):
        msg = f"{name} has to be a mapping, not {type(members).__name__}"
        raise IssueError(msg)
    return members


def _refuse(members: Mapping[str, Any], reserved: frozenset[str], name: str) -> None:
    taken = reserved.intersection(members)
    if taken:
        msg = f"{name} names {', '.join(sorted(taken))}, which the library writes itself"
        raise IssueError(msg)
