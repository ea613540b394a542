"""Ask the store, and whom the application names beside it, whether a token still stands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

from werkzeug.exceptions import HTTPException

from ..clock import Clock, system_clock
from ..exceptions import (
    PolicyError,
    RevokedTokenError,
    SetupError,
    StoreNotConfiguredError,
    StoreUnavailableError,
)
from ..stores.base import REFRESH, TokenRef, TokenStore
from ..tokens.status import TokenStatus
from ..tokens.token import Token

logger = logging.getLogger("jwtpolicy")

#: Says whether a verified token was revoked, by what only the application knows.
RevocationCheck = Callable[[Token], bool]

#: Where other extensions leave checks of one application, as a list in ``app.extensions``; it is a
#: tuple as soon as the application is bound, because nobody would ask what comes later.
REVOCATION_CHECKS: Final = "jwtpolicy.revocation_checks"

#: Where they leave functions that return what they have let the current request in with, a
#: `LetIn`, or None where they have not: readers show that token, and a logout ends it.
TOKENS_LET_IN: Final = "jwtpolicy.tokens_let_in"


class LetIn(NamedTuple):
    """What a guard of another extension has let the current request in with.

    Attributes:
        encoded: The token; None where the request came without.
        place: Where it stood: ``headers``, ``cookies``, ``query_string`` or ``json``; or None.
    """

    encoded: str | None
    place: str | None


def let_in_elsewhere(extensions: Mapping[str, Any]) -> LetIn | None:
    """Return what another extension has let the current request in with, or None.

    Args:
        extensions: ``app.extensions``.
    """
    found = (find() for find in extensions.get(TOKENS_LET_IN, ()))
    return next(filter(None, found), None)


def leave(extensions: dict[str, Any], where: str, function: Callable[..., Any]) -> None:
    """Leave a function of another extension for guards and verbs of an application.

    Args:
        extensions: ``app.extensions``.
        where: `REVOCATION_CHECKS` or `TOKENS_LET_IN`.
        function: The function.

    Raises:
        SetupError: The application is bound: nobody would ever call it.
    """
    left = extensions.setdefault(where, [])
    if isinstance(left, tuple):
        msg = (
            "the JWTManager of this application is bound and would never ask the other extension; "
            "make that one before the first request"
        )
        raise SetupError(msg)
    left.append(function)


class Revocation:
    """What is known of tokens after they were issued.

    Args:
        store: The store, or None.
        checks: What is asked beside it, about tokens that it does not know as revoked.
        clock: Where the time comes from.
        leeway: Seconds by which the clocks of machines may differ.
        issuer: ``iss`` of sessions.
        accepted_issuers: What ``iss`` of own tokens may be beside it.
    """

    def __init__(
        self,
        store: TokenStore | None,
        checks: Iterable[RevocationCheck] = (),
        *,
        clock: Clock = system_clock,
        leeway: float = 0,
        issuer: str = "",
        accepted_issuers: Collection[str] = (),
    ) -> None:
        self.store = store
        self.checks = tuple(checks)
        self._clock = clock
        self.leeway = leeway
        self._issuer = issuer
        self._earlier_issuers = frozenset(accepted_issuers) - {issuer}

    def standing(self, token: Token, now: float | None = None) -> TokenStatus:
        """Return what is known of *token*; one without ``jti`` could not be revoked.

        Args:
            token: The token.
            now: Seconds since the epoch; None: the clock is asked.

        Raises:
            StoreNotConfiguredError: There is no store.
            StoreUnavailableError: It cannot be asked, or a check raised.
            PolicyError: A check answered neither True nor False.
        """
        claims = token._claims
        if "jti" not in claims:
            return TokenStatus.REVOKED
        standing = self.standing_of(
            TokenRef(
                token.issuer,
                claims["sub"],
                claims["jti"],
                claims.get("sid"),
                claims.get("iat", 0),
                claims["type"],
            ),
            now,
        )
        if self.checks and standing is not TokenStatus.REVOKED and self.denies(token):
            return TokenStatus.REVOKED
        return standing

    def standing_of(self, ref: TokenRef, now: float | None = None) -> TokenStatus:
        """Return what the store knows of a token.

        The session of a refresh token that was issued without one is the current issuer's, also
        where the token still names another one that is accepted.

        Raises:
            StoreNotConfiguredError: There is no store.
            StoreUnavailableError: It cannot be asked.
        """
        store, at = (
            self.store or self.asked("NotRevoked"),
            int(self._clock() if now is None else now),
        )
        standing = store.standing(ref, now=at, leeway=self.leeway)
        if (
            standing is TokenStatus.GOOD
            and ref.kind == REFRESH
            and ref.session_id is None
            and ref.issuer in self._earlier_issuers
        ):
            adopted = ref._replace(issuer=self._issuer)
            return store.standing(adopted, now=at, leeway=self.leeway)
        return standing

    def asked(self, who: str) -> TokenStore:
        """Return the store that *who* needs.

        Raises:
            StoreNotConfiguredError: There is none.
        """
        if self.store is None:
            msg = f"{who} needs a token store, and JWT_STORE_URL is 'none'"
            raise StoreNotConfiguredError(msg)
        return self.store

    def denies(self, token: Token) -> bool:
        """Whether a check calls *token* revoked; the store is not asked.

        Raises:
            StoreUnavailableError: A check raised.
            PolicyError: A check answered neither True nor False.
        """
        return any(_answer(check, token) for check in self.checks)


def ref_of(token: Token) -> TokenRef:
    """Return what a store is told of *token*.

    Raises:
        RevokedTokenError: It has no ``jti``, so that nothing could be known of it.
    """
    claims = token._claims
    if "jti" not in claims:
        msg = "a token without jti cannot be looked up"
        raise RevokedTokenError(msg)
    session_id, issued_at = claims.get("sid"), claims.get("iat", 0)
    return TokenRef(
        token.issuer, claims["sub"], claims["jti"], session_id, issued_at, claims["type"]
    )


def _answer(check: RevocationCheck, token: Token) -> bool:
    """Return what *check* says; whatever is not an answer admits nobody (HTTP-11)."""
    try:
        answer: object = check(token)
    except HTTPException:
        raise
    except Exception as error:
        reason = f"a revocation check raised {type(error).__name__}"
        logger.exception("%s", reason)
        raise StoreUnavailableError(reason) from error
    if type(answer) is not bool:
        reason = f"a revocation check returned {type(answer).__name__}, not True or False"
        logger.error("%s", reason)
        raise PolicyError(reason)
    return answer
