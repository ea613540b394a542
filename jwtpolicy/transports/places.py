"""Look for the token in all places of an endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Request

from ..exceptions import InvalidRequestError
from .base import Presented, Transport
from .query_string import QueryTransport


class Places:
    """The places of an endpoint, which are judged together.

    Args:
        transports: The places, each once; their order does not matter.
        judges_each: Whether each value of a cookie that was sent twice is read, so that a
            stranger's cookie cannot prevent a logout. Else the request is malformed.

    Attributes:
        transports: The places.
        has_ambient: Whether browsers fill one of them by themselves.
        in_urls: Those whose tokens are in URLs.
        careful: Those of which caches must not keep an answer: ambient ones, and these.
        judges_each: As above.
    """

    def __init__(self, transports: Iterable[Transport], *, judges_each: bool = False) -> None:
        self.transports = tuple(transports)
        self.judges_each = judges_each
        self._explicit = tuple(place for place in self.transports if not place.is_ambient)
        self._ambient = tuple(place for place in self.transports if place.is_ambient)
        self.has_ambient = bool(self._ambient)
        self.in_urls = tuple(p for p in self.transports if isinstance(p, QueryTransport))
        self.careful = (*self._ambient, *self.in_urls)
        if len(self.transports) == 1 and not judges_each:
            self.presented = self.transports[0].presented  # type: ignore[method-assign]

    def presented(self, request: Request, kinds: Sequence[str]) -> list[Presented]:
        """Return the tokens of the request: several only if one place has several.

        A cookie is ignored if the request has a token in another place.

        Raises:
            InvalidRequestError: There are tokens in two places (:rfc:`6750#section-2`), or the
                content of one of them is malformed.
        """
        explicit = _in_one(place.presented(request, kinds) for place in self._explicit)
        if explicit or not self.judges_each:
            return explicit or _in_one(place.presented(request, kinds) for place in self._ambient)
        return _in_one(place.each(request, kinds) for place in self._ambient)

    def __repr__(self) -> str:
        return ", ".join(place.name for place in self.transports)


def _in_one(presented: Iterable[list[Presented]]) -> list[Presented]:
    found = [one for one in presented if one]
    if len(found) > 1:
        msg = f"tokens were presented in {' and '.join(one[0].place.name for one in found)}"
        raise InvalidRequestError(msg)
    return found[0] if found else []
