"""Define what a place for tokens in a request is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Transport(ABC):
    """One place in a request where a token can stand.

    Attributes:
        name: What ``JWT_TOKEN_LOCATION`` calls it.
    """

    name: str

    @abstractmethod
    def read(self, environ: WSGIEnvironment) -> str | None:
        """Return the encoded token that stands there, or None where nothing does.

        Raises:
            InvalidRequestError: Something stands there that is not one token. It must not be
                taken for nothing: on an optional endpoint that would be somebody else.
        """
