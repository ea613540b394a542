"""Look for the token in all places of an endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Request

from ..exceptions import InvalidRequestError
from .base import Presented, Transport


class Places:
    """The places of an endpoint, which are judged together.

    Args:
        transports: The places, each once; their order does not matter.

    Attributes:
        transports: The places.
        has_ambient: Whether browsers fill one of them by themselves.
    """

    def __init__(self, transports: Iterable[Transport]) -> None:
        self.transports = tuple(transports)
        self._explicit = tuple(place for place in self.transports if not place.is_ambient)
        self._ambient = tuple(place for place in self.transports if place.is_ambient)
        self.has_ambient = bool(self._ambient)
        if len(self.transports) == 1:
            self.presented = self.transports[0].presented  # type: ignore[method-assign]

    def presented(self, request: Request, kinds: Sequence[str]) -> list[Presented]:
        """Return what the request presents: several tokens only where one place has several.

        What browsers send by themselves is not looked at beside a token that was put somewhere
        on purpose.

        Raises:
            InvalidRequestError: Tokens stand in two places (:rfc:`6750#section-2`), or what
                stands in one of them is malformed.
        """
        return _in_one(self._explicit, request, kinds) or _in_one(self._ambient, request, kinds)

    def __repr__(self) -> str:
        return ", ".join(place.name for place in self.transports)


def _in_one(places: Sequence[Transport], request: Request, kinds: Sequence[str]) -> list[Presented]:
    found = [one for place in places if (one := place.presented(request, kinds))]
    if len(found) > 1:
        msg = f"tokens were presented in {' and '.join(one[0].place.name for one in found)}"
        raise InvalidRequestError(msg)
    return found[0] if found else []
