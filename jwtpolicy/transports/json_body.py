"""Read tokens from the body: ``{"access_token": "…"}``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Request

from ..exceptions import InvalidRequestError
from ..parsing.strict_json import parse_json
from ..tokens.jose import MAX_BODY
from .base import NamedByKind, Presented


class JSONTransport(NamedByKind):
    """A member of the JSON object that is the body, by kind of token.

    The view can still read the body. A body that is JSON but not an object holds no token. If it is
    not JSON, or has the member twice, the request is malformed.
    """

    name = "json"

    def presented(self, request: Request, kinds: Sequence[str]) -> list[Presented]:
        body = body_of(request)
        if type(body) is not dict:
            return []
        found = [(kind, body[key]) for kind in kinds if (key := self.key(kind)) in body]
        if any(type(value) is not str for _, value in found):
            msg = "a token in the body is not text"
            raise InvalidRequestError(msg)
        return [Presented(value, self, kind) for kind, value in found]

    def key(self, kind: str) -> str:
        """Return the name of the member that holds a token of *kind*."""
        return self.names.get(kind, f"{kind}_token")


def body_of(request: Request) -> Any:
    """Return the body as JSON, or None where it does not say that it is."""
    if not request.is_json:
        return None
    check_length(request)
    if not request.content_length:
        return None
    try:
        return parse_json(request.get_data())
    except ValueError as error:
        msg = f"the body is not strict JSON: {type(error).__name__}"
        raise InvalidRequestError(msg) from None


def check_length(request: Request) -> None:
    """Refuse a body that nobody should read, before a byte of it is.

    Raises:
        InvalidRequestError: It is longer than a body with a token or credentials can be, or comes
            in chunks, so that it cannot be measured before it is read.
    """
    is_chunked = "HTTP_TRANSFER_ENCODING" in request.environ
    if is_chunked or (request.content_length or 0) > MAX_BODY:
        msg = "the body is too long to hold a token, or does not say how long it is"
        raise InvalidRequestError(msg)
