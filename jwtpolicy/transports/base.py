"""Define what a place for tokens in a request is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from flask import Request


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
        name: What errors, logs and ``transports=`` call it.
        is_ambient: Whether browsers send what stands there by themselves, as they do cookies. Its
            tokens need CSRF protection, and are not looked at beside a token in another place.
    """

    name: str
    is_ambient: ClassVar[bool] = False

    @abstractmethod
    def read(self, request: Request) -> str | None:
        """Return the encoded token that stands there, or None where nothing does.

        Raises:
            InvalidRequestError: Something stands there that is not one token. It must not be
                taken for nothing: on an optional endpoint that would be somebody else.
        """

    def presented(self, request: Request, kinds: Sequence[str]) -> list[Presented]:
        """Return what stands there; a place with names for each kind looks for *kinds* only."""
        encoded = self.read(request)
        return [] if encoded is None else [Presented(encoded, self)]


class NamedByKind(Transport):
    """A place where each kind of token has a name of its own."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def read(self, request: Request) -> str | None:
        found = self.presented(request, ("access",))
        return found[0].encoded if found else None
