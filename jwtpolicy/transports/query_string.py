"""Read the token from the query string: ``?jwt=…``."""

from __future__ import annotations

from flask import Request
from werkzeug.datastructures import MultiDict

from ..exceptions import InvalidRequestError
from .base import Transport


class QueryTransport(Transport):
    """A parameter that holds the token, perhaps behind a prefix.

    .. warning:: **The token gets into logs, histories and** ``Referer`` **headers**, because URLs
        do (:rfc:`9700#section-4.3.2`). Use it for single endpoints whose callers cannot send a
        header.

    Attributes:
        parameter: The name of the parameter.
        prefix: The text before the token, often empty.
    """

    name = "query_string"

    def __init__(self, parameter: str = "jwt", prefix: str = "") -> None:
        self.parameter = parameter
        self.prefix = prefix

    def read(self, request: Request) -> str | None:
        if not request.environ.get("QUERY_STRING"):
            return None
        values = parameters_of(request).getlist(self.parameter)
        if not values:
            return None
        if len(values) > 1 or not values[0].startswith(self.prefix):
            msg = "the parameter is there twice, or does not begin with its prefix"
            raise InvalidRequestError(msg)
        return values[0].removeprefix(self.prefix)


def parameters_of(request: Request) -> MultiDict[str, str]:
    """Return the parameters of a URL.

    Raises:
        InvalidRequestError: They are not UTF-8. A URL is ASCII (:rfc:`3986#section-2`), but servers
            pass on the bytes that a client sends, and werkzeug fails to decode them.
    """
    try:
        return request.args
    except UnicodeDecodeError:
        msg = "the query string is not UTF-8"
        raise InvalidRequestError(msg) from None
