"""The policy about the issuer of the presented token."""

from __future__ import annotations

from typing import Final

from ..decision import ALLOWED, Finding, Outcome
from ..exceptions import InvalidTokenError, PolicyDefinitionError
from ..issuers.issuer import Issuer
from ..issuers.resolver import IssuerResolver
from ..markers import Own
from ..tokens.token import Token
from .base import Not, arguments_of, without_token
from .credentials import Credential
from .program import Builder, Node
from .request import AccessRequest

_HOW: Final = "IssuedBy takes the URL of a trusted issuer, its Issuer, an IssuerResolver, or OWN"


class IssuedBy(Credential):
    """One of these issuers has issued the token; a part that does not say so takes own tokens only.

    The issuers have to be trusted (`JWTManager.trust`). A part is what ``|`` separates, so that
    ``IssuedBy("https://…") & HasScope("read") | HasRole("admin")`` accepts foreign tokens by its
    scope, and no foreign token by its role. ``~IssuedBy(…)`` names nobody: it excludes, so that
    ``When(IssuedBy("https://…")).then(HasScope("read"))`` asks the tokens of that issuer for more.

    An issuer that is not trusted is an error before the first request. So is a part with `Owns`,
    `IsSubject` or another policy about ``sub`` that takes tokens of two issuers, unless each of
    them has a ``subject_prefix``; the application itself needs none.

    Args:
        issuers: URLs of issuers, as in ``iss``; `Issuer` objects; an `IssuerResolver`, for all
            issuers that it finds; or ``OWN`` for the tokens of this application.

    Raises:
        PolicyDefinitionError: There is none, or one is something else.

    Example:
        >>> print(jwt.explain(IssuedBy(OWN), jwt.issue("ada")).outcome)
        ALLOW
    """

    names: frozenset[str]
    issuers: frozenset[Issuer]
    resolvers: frozenset[IssuerResolver]
    accepts_own: bool

    def __init__(self, *issuers: str | Issuer | IssuerResolver | Own) -> None:
        if not issuers:
            msg = f"IssuedBy() names nobody; {_HOW}"
            raise PolicyDefinitionError(msg)
        self.accepts_own = any(isinstance(one, Own) for one in issuers)
        self.names = frozenset(
            _url(one) for one in issuers if not isinstance(one, Own | IssuerResolver)
        )
        self.resolvers = frozenset(one for one in issuers if isinstance(one, IssuerResolver))
        self.issuers = frozenset(one for one in issuers if isinstance(one, Issuer))

    def __repr__(self) -> str:
        written, _ = arguments_of(self)
        # An `Issuer` by its URL, so that two of them are told apart.
        shown = (repr(one.url if isinstance(one, Issuer) else one) for one in written)
        return f"IssuedBy({', '.join(shown)})"

    @property
    def others(self) -> frozenset[str | IssuerResolver]:
        """All that it names besides the application itself."""
        return frozenset((*self.names, *self.resolvers))

    def compile(self, builder: Builder, is_negated: bool) -> Node:
        if is_negated:
            return builder.literal(IssuedElsewhere(self), False, Not(self))
        return super().compile(builder, False)

    def judge(self, access: AccessRequest) -> Finding:
        token = access.token
        if token is None:
            return without_token(access)
        # Of `is_about` what most requests need, inlined to save them a call; it answers the rest.
        if token._origin is not None and token.issuer in self.names:
            return ALLOWED
        if self.is_about(token):
            return ALLOWED
        reason = "another issuer's token was sent to a part that does not name it"
        return Finding(Outcome.INVALID_TOKEN, reason, error=InvalidTokenError(reason))

    def is_about(self, token: Token) -> bool:
        """Whether one of the issuers has issued *token*."""
        if self.accepts_own and token.is_own:
            return True
        origin = token._origin
        return origin is not None and (
            token.issuer in self.names or origin.resolver in self.resolvers
        )


class IssuedElsewhere(Credential):
    """None of these issuers has issued the token: what ``~IssuedBy(…)`` means.

    A token of another one is a yes there, and not, as with a kind of token, undecided.
    """

    worst = Outcome.FORBIDDEN

    def __init__(self, excluded: IssuedBy) -> None:
        self.excluded = excluded

    def judge(self, access: AccessRequest) -> Finding:
        if access.token is None:
            return without_token(access)
        return _EXCLUDED if self.excluded.is_about(access.token) else ALLOWED


#: FORBIDDEN, as whatever holds and is negated: the token is good, and another one is asked for.
_EXCLUDED: Final = Finding(Outcome.FORBIDDEN, "the token is of an issuer that is excluded")


def _url(issuer: object) -> str:
    if isinstance(issuer, Issuer):
        return issuer.url
    if isinstance(issuer, str) and issuer:
        return issuer
    msg = f"{_HOW}, not {issuer!r:.60}"
    raise PolicyDefinitionError(msg)
