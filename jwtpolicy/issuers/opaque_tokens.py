"""`Introspection`: where an issuer is asked about its opaque tokens, as whom, and how often."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection, Mapping
from typing import Any, Final, NoReturn
from urllib.parse import quote_plus

from ..exceptions import ConfigurationError, expect
from ..keys.urls import checked_url
from .conditions import Condition, tests_of

#: Seconds for which an answer may be used again at most.
_MAX_CACHE: Final = 300
#: Requests at a time that a process may send at most.
_MAX_CONCURRENCY: Final = 100
#: Characters of the longest token that is sent; encrypted JWTs are the longest of them.
_MAX_LENGTH: Final = 4096
#: RFC 6750 section 2.1: what may stand after the word Bearer.
_B64TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)
_NAME: Final = "Introspection"


def may_be_sent(encoded: object) -> bool:
    """Whether *encoded* may be an opaque token, which only its issuer can read.

    A JWS has two dots, and so have all tokens of our own: it never is one, whatever the rest of it.
    """
    return (
        type(encoded) is str
        and encoded.count(".") != 2
        and len(encoded) <= _MAX_LENGTH
        and _B64TOKEN.fullmatch(encoded) is not None
    )


def is_bearer(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Whether the server says that it is a bearer token (:rfc:`6750`), as it says of access tokens.

    :rfc:`6749#section-7.1` defines types of access tokens; a refresh token has none.
    """
    found = claims.get("token_type")
    return type(found) is str and found.lower() == "bearer"


class Introspection:
    """The endpoint at which an issuer is asked about its opaque tokens (:rfc:`7662`).

    Pass it to `Issuer` as ``introspection=``. A token that is no JWT, in a header, is sent to the
    server, where a policy names this issuer. Tokens of other forms never are; so the application's
    own tokens are not. Only one issuer of an application can have it, because an opaque token does
    not say whose it is.

    The server has to answer that the token is active; its other answers are 401. The claims of the
    answer are checked as those of a JWT: audience, times, the kind of token, the subject. If the
    server cannot be asked, the answer is 503.

    Args:
        endpoint: The URL of the introspection endpoint of the server.
        client_id: The name under which the application is registered at the server.
        client_secret: Its secret. It is sent by HTTP Basic authentication
            (:rfc:`6749#section-2.3.1`), and shown nowhere.
        cache_seconds: Seconds for which an answer is used again, at most 300. For so long a token
            is accepted that was revoked at the server. 0: each request asks.
        concurrency: Questions that one process asks the server at the same time, at most. Further
            requests wait for their turn, at most 2.5 seconds; then the answer is 503.
        access_when: What marks an access token among the claims of the answer, as in `Issuer`. By
            default ``token_type`` has to be ``Bearer``.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        client_id: str,
        client_secret: str,
        cache_seconds: float = 30,
        concurrency: int = 8,
        access_when: Condition | Collection[Condition] = is_bearer,
    ) -> None:
        try:
            # Whether http will do is said by the issuer.
            self.endpoint = checked_url(endpoint, allow_http=True).text
        except ConfigurationError as error:
            msg = f"{_NAME}(endpoint): {error}"
            raise ConfigurationError(msg) from None
        self.client_id = _checked_text("client_id", client_id)
        secret = _checked_text("client_secret", client_secret)
        self.cache_seconds = _checked_number("cache_seconds", cache_seconds, 0, _MAX_CACHE)
        self.concurrency = _checked_count(concurrency)
        self.access_tests = tests_of(f"{_NAME}(access_when=…)", access_when)
        self._authorization = _Hidden(_basic(self.client_id, secret))
        vars(self)["_is_sealed"] = True

    @property
    def authorization(self) -> str:
        """The header ``Authorization`` of questions to the server; it has the secret."""
        return self._authorization.text

    def __setattr__(self, name: str, value: object) -> None:
        if "_is_sealed" in vars(self):
            msg = f"{self!r} is frozen: make another Introspection"
            raise AttributeError(msg)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)
        raise AssertionError  # pragma: no cover # the line above has raised

    def __repr__(self) -> str:
        return f"<Introspection at {self.endpoint}>"


class _Hidden:
    """A secret that no dump of the object shows which has it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return "<hidden>"


def _basic(client_id: str, secret: str) -> str:
    # RFC 6749 section 2.3.1: both are encoded by application/x-www-form-urlencoded before.
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {b64encode(pair.encode('ascii')).decode('ascii')}"


def _checked_text(argument: str, value: object) -> str:
    """Return a name or a secret.

    Raises:
        ConfigurationError: It is no text, empty, or has characters that are none; the value is
            not shown.
    """
    how = f"{_NAME}({argument}=…) takes the text that the server has given"
    expect(value, str, how, ConfigurationError, is_secret=True)
    text = str(value)
    if not text or any("\ud800" <= sign <= "\udfff" for sign in text):
        msg = f"{how}, which is not empty and can be encoded"
        raise ConfigurationError(msg)
    return text


def _checked_number(argument: str, value: object, least: float, most: float) -> float:
    """Return a number in these bounds.

    Raises:
        ConfigurationError: *value* is no number, or out of bounds.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and least <= value <= most):  # type: ignore[operator] # a number
        msg = f"{_NAME}({argument}=…) takes a number from {least} to {most}, not {value!r:.40}"
        raise ConfigurationError(msg)
    return value  # type: ignore[return-value] # checked


def _checked_count(value: object) -> int:
    expect(value, int, f"{_NAME}(concurrency=…) takes a number", ConfigurationError)
    return int(_checked_number("concurrency", value, 1, _MAX_CONCURRENCY))
