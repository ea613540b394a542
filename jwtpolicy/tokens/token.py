"""Hold a verified token, and the pair of encoded ones that a login gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, Protocol, cast

from ..exceptions import MissingClaimError


def frozen(value: object) -> object:
    """Return *value* with its arrays as tuples and its objects as read-only mappings."""
    if type(value) is dict:
        return Claims(value)
    if type(value) is list:
        return tuple(frozen(item) for item in value)
    return value


class Claims(dict[str, Any]):
    """A read-only JSON object, all the way down: arrays are tuples.

    It is a ``dict``, so that ``jsonify`` takes it; what would change it raises. An absent member
    raises `MissingClaimError`, which is a `KeyError`.
    """

    __slots__ = ()

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__((name, frozen(value)) for name, value in members.items())

    def __missing__(self, name: str) -> NoReturn:
        msg = f"the claim {name!r} is absent"
        raise MissingClaimError(msg)

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        msg = "claims are read-only: they are what was signed"
        raise TypeError(msg)

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __deepcopy__(self, memo: object) -> Claims:
        return self

    def __reduce__(self) -> tuple[type[Claims], tuple[dict[str, Any]]]:
        return Claims, (dict(self),)

    def __hash__(self) -> int:  # type: ignore[override] # it never changes
        return hash(frozenset(self))

    def __repr__(self) -> str:
        return f"<Claims {', '.join(sorted(self))}>"


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class TokenOrigin(Protocol):
    """The origin of a token of another issuer."""

    @property
    def is_machine(self) -> bool:
        """Whether the token is a machine's, by the rule of its issuer."""

    @property
    def leeway(self) -> float:
        """Seconds by which the clock of the issuer may differ; 0 if it says nothing of it."""

    @property
    def user_loader(self) -> Callable[[Token], Any] | None:
        """Returns the user of a token of this issuer; None if the application has none."""

    @property
    def resolver(self) -> object:
        """What has found the issuer; None if the application has named it itself."""


class Token:
    """A verified token; only the library makes one, after it has verified the encoded token.

    It is read-only. Its ``repr`` shows neither the values of claims nor the encoded token.

    Attributes:
        claims: Every claim, as a read-only mapping.
        header: The JOSE header, as a read-only mapping.
        issuer: ``iss``, or the empty string for own tokens that have none.
        is_own: Whether one of this application's own keys signed it; or its issuer counts as own,
            because the application has no key and trusts nobody else.
        principal: The object that the claim schema made of the claims.
    """

    __slots__ = ("_claims", "_header", "_origin", "is_own", "issuer", "principal")
    _claims: dict[str, Any]
    _header: dict[str, Any]
    _origin: TokenOrigin | None
    issuer: str
    is_own: bool
    principal: Any

    def __init__(self) -> None:
        msg = "only Verifier.verify makes a Token; use jwt.verify(encoded)"
        raise TypeError(msg)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = "a Token is read-only: it is what was verified"
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)

    @property
    def claims(self) -> Claims:
        return Claims(self._claims)

    @property
    def header(self) -> Claims:
        return Claims(self._header)

    @property
    def subject(self) -> str:
        """``sub``: the user or machine that the token is about."""
        return cast(str, self._claims["sub"])

    @property
    def kind(self) -> str:
        """``type``: ``access``, ``refresh`` or a kind of the application's own."""
        return cast(str, self._claims["type"])

    @property
    def is_machine(self) -> bool:
        """Whether the token is a machine's, and no user's.

        Of an own token ``client_id`` is then the subject (:rfc:`9068#section-2.2`). For tokens of
        others it is ``machine_when`` of their `Issuer`.
        """
        if self._origin is not None:
            return self._origin.is_machine
        return bool(self._claims.get("client_id") == self._claims["sub"])

    @property
    def token_id(self) -> str | None:
        """``jti``."""
        return self._claims.get("jti")

    @property
    def session_id(self) -> str | None:
        """``sid``: the session that a login opened; None for tokens that belong to no session."""
        return self._claims.get("sid")

    @property
    def csrf(self) -> str | None:
        """``csrf``: the value that requests have to send with a cookie; None without cookies."""
        return self._claims.get("csrf")

    @property
    def key_id(self) -> str | None:
        """``kid`` of the header."""
        return self._header.get("kid")

    @property
    def audience(self) -> tuple[str, ...]:
        """``aud``, always as a tuple."""
        audience = self._claims.get("aud", ())
        return (audience,) if isinstance(audience, str) else tuple(audience)

    @property
    def issued_at(self) -> datetime | None:
        """``iat``, as an aware UTC datetime."""
        return _moment(self._claims.get("iat"))

    @property
    def expires_at(self) -> datetime | None:
        """``exp``, as an aware UTC datetime; None for a token that never expires."""
        return _moment(self._claims.get("exp"))

    @property
    def authenticated_at(self) -> datetime | None:
        """``auth_time``: when the user authenticated, as an aware UTC datetime."""
        return _moment(self._claims.get("auth_time"))

    @property
    def scopes(self) -> frozenset[str]:
        """The members of ``scope``; empty if the claim is absent."""
        return frozenset(self._claims.get("scope", "").split(" ")) - {""}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Token):
            return NotImplemented
        mine = (self._claims, self._header, self.issuer, self.is_own)
        return mine == (other._claims, other._header, other.issuer, other.is_own)

    def __hash__(self) -> int:
        return hash((self.issuer, self._claims.get("jti"), self._claims["sub"]))

    def __repr__(self) -> str:
        return f"<Token {self.kind} jti={self.token_id!r}>"


_set_claims = Token._claims.__set__  # type: ignore[attr-defined,misc] # slots
_set_header = Token._header.__set__  # type: ignore[attr-defined,misc]
_set_origin = Token._origin.__set__  # type: ignore[union-attr,misc]
_set_issuer = Token.issuer.__set__  # type: ignore[attr-defined,misc]
_set_is_own = Token.is_own.__set__  # type: ignore[attr-defined,misc]
_set_principal = Token.principal.__set__  # type: ignore[misc]


def _verified(
    claims: dict[str, Any],
    header: dict[str, Any],
    issuer: str,
    is_own: bool,
    principal: object,
    origin: TokenOrigin | None = None,
) -> Token:
    """Make a `Token`. For `Verifier` and `IssuerVerifier` alone."""
    token = object.__new__(Token)
    _set_claims(token, claims)
    _set_header(token, header)
    _set_issuer(token, issuer)
    _set_is_own(token, is_own)
    _set_principal(token, principal)
    _set_origin(token, origin)
    return token
