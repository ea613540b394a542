"""Define what a place for tokens in a request is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from flask import Request

from ..exceptions import InvalidRequestError


class Presented(NamedTuple):
    """A token that a request presents, still encoded.

    Attributes:
        encoded: The token; shown nowhere.
        place: Where it stood.
        kind: The kind that its place is for, or None where any kind may stand there.
    """

    encoded: str
    place: Transport
    kind: str | None = None

    def __repr__(self) -> str:
        return f"<Presented in {self.place.name}>"


class Transport(ABC):
    """One place in a request where a token can stand.

    A place of your own is a subclass with a `name` and `read`; pass an instance of it as
    ``transports=`` of a guard or of `JWTManager`.

    Attributes:
        name: What errors, logs and ``transports=`` call it; by default as its class is called.
        is_ambient: Whether browsers send what stands there by themselves, as they do cookies. Its
            tokens need CSRF protection, and are not looked at beside a token in another place.
    """

    name: str
    is_ambient: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "name"):
            cls.name = cls.__name__

    @abstractmethod
    def read(self, request: Request) -> str | None:
        """Return the encoded token that stands there, or None where nothing does.

        Raises:
            InvalidRequestError: Something stands there that is not one token. It must not be
                taken for nothing: on an optional endpoint that would be somebody else.
        """

    def presented(self, request: Request, kinds: Sequence[str]) -> list[Presented]:
        """Return what stands there; a place with names for each kind looks for *kinds* only.

        Raises:
            InvalidRequestError: It is no text, or `read` says so.
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
        """Return what `presented` does, and all of it where strangers can put another one beside.

        Raises:
            InvalidRequestError: As there, but for a cookie that was sent twice.
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
