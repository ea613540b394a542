"""Client authentication by id and secret, for views that other services call."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from types import NoneType
from typing import Any, ClassVar, Final
from urllib.parse import unquote_plus

from flask import request

from ..exceptions import ConfigurationError, expect, expect_names
from ..views import ProtectedView

#: Characters of a secret. It is compared without the slow hash that people's passwords need, so
#: it has to be one that nobody could guess.
MIN_SECRET: Final = 32


_KINDS: Final = "{}.kinds takes a set of kinds of token: {{'access'}}"


class ClientView(ProtectedView):
    """A view that other services may call, with their id and secret (:rfc:`6749#section-2.3.1`).

    They are sent as HTTP Basic authentication.

    Attributes:
        clients: The secrets, of at least 32 characters, by the id of the client.
    """

    clients: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        pairs = f"{cls.__name__}.clients takes a mapping of client ids to secrets"
        expect(cls.clients, Mapping, pairs, ConfigurationError, is_secret=True)
        expect_names(getattr(cls, "kinds", ()), _KINDS.format(cls.__name__), ConfigurationError)
        for client_id, secret in cls.clients.items():
            expect(client_id, str, pairs, ConfigurationError)
            expect(secret, (str, NoneType), pairs, ConfigurationError, is_secret=True)
            if len(secret or "") < MIN_SECRET:
                msg = (
                    f"{cls.__name__}: the secret of the client {client_id!r} is shorter than "
                    f"{MIN_SECRET} characters; make one with\n"
                    '  python -c "import secrets; print(secrets.token_urlsafe(32))"'
                )
                raise ConfigurationError(msg)

    def client(self) -> str | None:
        """Return the id of the client that calls, or None if it is not one of `clients`."""
        given = request.authorization
        if given is None or given.type != "basic":
            return None
        client_id, secret = given.username or "", given.password or ""
        # RFC 6749 section 2.3.1 has both form-encoded; many clients send them as they are.
        for one_id, one in ((client_id, secret), (unquote_plus(client_id), unquote_plus(secret))):
            expected = self.clients.get(one_id)
            if expected is not None and _is_same(one, expected):
                return one_id
        return None


def _is_same(given: str, expected: str) -> bool:
    """Compare in constant time, as bytes: text that is not ASCII would raise (ALG-7)."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8"))
