"""Say what the tokens of a session state about their user, at the login and later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeGuard

from .additions import Additions
from .exceptions import UnknownUserError
from .jose import CARRIED, RESERVED_CLAIMS, RESERVED_HEADERS
from .schemas import SchemaRegistry
from .token import Token

#: Claims that a token's successor gets from the signer, not from its predecessor.
_NOT_KEPT: Final = RESERVED_CLAIMS | {"sub"}


class Said(NamedTuple):
    """What the tokens of one kind say.

    Attributes:
        claims: The claims that are neither registered nor the library's own.
        headers: Members of the JOSE header.
    """

    claims: dict[str, Any]
    headers: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """What the tokens of a session say of their user.

    Attributes:
        subject: ``sub``.
        schema: The claim ``schema``, or None.
        access: What access tokens say.
        refresh: What refresh tokens do.
    """

    subject: str
    schema: str | None
    access: Said
    refresh: Said

    def of(self, kind: str) -> Said:
        """Return what tokens of *kind* say."""
        return self.access if kind == "access" else self.refresh


class Statements:
    """What makes statements of users, and of tokens whose user cannot be loaded again.

    Args:
        schemas: What turns users into claims.
        additions: What the application adds to them.
        identity_claim: The claim that holds the subject on the wire.
        load_user: The application's ``user_loader``, ready to be called, or None: then refresh
            tokens carry what access tokens say.
    """

    def __init__(
        self,
        schemas: SchemaRegistry,
        additions: Additions,
        identity_claim: str,
        load_user: Callable[[Token], Any] | None,
    ) -> None:
        self._schemas = schemas
        self._additions = additions
        self._not_kept = _NOT_KEPT | {identity_claim}
        self._load_user = load_user

    def of(
        self,
        user: Any,
        claims: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> Statement:
        """Return what is true of *user*, with the claims and headers of the call.

        Raises:
            IssueError: It cannot be signed, or could not be read back.
        """
        add = self._additions
        dumped = self._schemas.dump(user, "access", add.claims_of(user, "access", claims))
        access = Said(dumped.claims, add.headers_of(user, "access", headers))
        refresh = Said(add.claims_of(user, "refresh"), add.headers_of(user, "refresh", headers))
        if self._load_user is None:
            refresh = _carrying(access, refresh)
        return Statement(dumped.subject, dumped.schema, access, refresh)

    def again(self, user: Any, token: Token) -> Statement:
        """Return what is true of *user*, who authenticated again in the session of *token*.

        Without a schema for its type, the principal of the token stands for its user: what the
        token says of it is said again.
        """
        if user is token.principal and not self._schemas.describes(user):
            return self.renewed(token)
        return self.of(user)

    def renewed(self, token: Token) -> Statement:
        """Return what is true of the token's user now, where that can be known.

        Raises:
            UnknownUserError: The user is not known any more, or is somebody else.
        """
        if self._load_user is None:
            return self._kept(token)
        stated = self.of(self._load_user(token))
        if stated.subject != token.subject:
            msg = "the user loader returned somebody else"
            raise UnknownUserError(msg)
        return stated

    def _kept(self, token: Token) -> Statement:
        own = self._said({"claims": token._claims, "headers": token._header})
        carried = token._claims.get(CARRIED)
        access = self._said(carried) if _is_carried(carried) else own
        return Statement(token.subject, token._claims.get("schema"), access, own)

    def _said(self, members: Mapping[str, Any]) -> Said:
        claims, headers = members["claims"], members["headers"]
        return Said(
            {name: claims[name] for name in claims if name not in self._not_kept},
            {name: headers[name] for name in headers if name not in RESERVED_HEADERS},
        )


def _carrying(access: Said, refresh: Said) -> Said:
    """Return what a refresh token says that says it for both; its own words come first.

    Where they differ, it carries those of access tokens apart.
    """
    claims = {**access.claims, **refresh.claims}
    if claims != access.claims or refresh.headers != access.headers:
        claims[CARRIED] = access._asdict()
    return Said(claims, refresh.headers)


def _is_carried(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether it is what `_carrying` wrote; another library's token may use the name."""
    if type(value) is not dict or value.keys() != set(Said._fields):
        return False
    return all(type(member) is dict for member in value.values())
