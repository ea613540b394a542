"""Define what a place for tokens in a request is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from flask import Request

from ..exceptions import InvalidRequestError


class Presented(NamedTuple):
    """A token in a request, still encoded.

    Attributes:
        encoded: The token; its ``repr`` does not show it.
        place: The transport that found it.
        kind: The kind of token that its place is for, or None if the place is for all kinds.
    """

    encoded: str
    place: Transport
    kind: str | None = None

    def __repr__(self) -> str:
        return f"<Presented in {self.place.name}>"


class Transport(ABC):
    """One place in a request that can hold a token.

    For a place of your own, write a subclass with a `name` and `read`, and pass an instance of it
    as ``transports=`` of a guard or of `JWTManager`.

    Attributes:
        name: The name in errors, logs and ``transports=``; by default that of the class.
        is_ambient: Whether browsers send the token without being told to, as they send cookies. Its
            tokens need CSRF protection, and are ignored if there is a token in another place.
    """

    name: str
    is_ambient: ClassVar[bool] = False
    #: Whether it is a header that no browser adds by itself: only there are tokens of other issuers
    #: accepted.
    is_header: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "name"):
            cls.name = cls.__name__

    @abstractmethod
    def read(self, request: Request) -> str | None:
        """Return the encoded token of the request, or None if there is none.

        Raises:
            InvalidRequestError: The place holds something that is not one token. Do not return None
                then: an endpoint with an optional token would treat the user as a stranger.
        """

    def presented(self, request: Request, kinds: Sequence[str]) -> list[Presented]:
        """Return the token of the request; a place with names for each kind looks for *kinds* only.

        Raises:
            InvalidRequestError: It is not text, or `read` raises it.
        """
        # A place of the application's own may pass on whatever JSON the client sent.
        encoded: object = self.read(request)
        if encoded is None:
            return []
        if not isinstance(encoded, str):
            msg = f"the token in {self.name} is not text but {type(encoded).__name__}"
            raise InvalidRequestError(msg)
        return [Presented(encoded, self)]

    def each(self, request: Request, kinds: Sequence[str]) -> list[Presented]:
        """Return what `presented` does; or all tokens, if strangers can add one.

        Raises:
            InvalidRequestError: As for `presented`, except for a cookie that was sent twice.
        """
        return self.presented(request, kinds)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class NamedByKind(Transport):
    """A place where each kind of token has a name of its own."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def read(self, request: Request) -> str | None:
        found = self.presented(request, ("access",))
        return found[0].encoded if found else None
