"""Revocation status of tokens: from the store, and from checks of other extensions."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import copy
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
from ..stores.base import NO_ID, REFRESH, TokenRef, TokenStore
from ..tokens.status import TokenStatus
from ..tokens.token import Token

logger = logging.getLogger("jwtpolicy")

#: Returns whether a verified token was revoked, by data of the application or an extension.
RevocationCheck = Callable[[Token], bool]

#: Key of ``app.extensions``: a list of the revocation checks of other extensions. It becomes a
#: tuple when the application is bound, because a later check would never be called.
REVOCATION_CHECKS: Final = "jwtpolicy.revocation_checks"

#: Key of ``app.extensions``: functions of other extensions that return a `LetIn` if their guard
#: admitted the current request, else None. `current_token` then shows that token, and a logout ends
#: it.
TOKENS_LET_IN: Final = "jwtpolicy.tokens_let_in"


class LetIn(NamedTuple):
    """The token with which a guard of another extension admitted the current request.

    Attributes:
        encoded: The token; None where the request had none.
        place: Its location: ``headers``, ``cookies``, ``query_string`` or ``json``; or None.
    """

    encoded: str | None
    place: str | None


def let_in_elsewhere(extensions: Mapping[str, Any]) -> LetIn | None:
    """Return the token with which another extension admitted the current request, or None.

    Args:
        extensions: ``app.extensions``.
    """
    found = (find() for find in extensions.get(TOKENS_LET_IN, ()))
    return next(filter(None, found), None)


def leave(extensions: dict[str, Any], where: str, function: Callable[..., Any]) -> None:
    """Register a function of another extension for the guards and methods of an application.

    Args:
        extensions: ``app.extensions``.
        where: `REVOCATION_CHECKS` or `TOKENS_LET_IN`.
        function: The function.

    Raises:
        SetupError: The application is bound, so that the function would never be called.
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
    """Revocation lookup: the status of tokens by the store, then by further checks.

    Args:
        store: The store, or None.
        checks: Further checks, called for tokens that are not revoked in the store.
        clock: Returns the time in seconds since the epoch.
        leeway: Seconds by which the clocks of machines may differ.
        issuer: ``iss`` of new tokens, under which sessions are stored.
        accepted_issuers: Other values of ``iss`` that own tokens may have.
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

    def over(self, store: TokenStore | None) -> Revocation:
        """Return the same look-up in another *store*."""
        found = copy(self)
        found.store = store
        return found

    def standing(self, token: Token, now: float | None = None) -> TokenStatus:
        """Return the status of *token*.

        An own one without ``jti`` counts as revoked. One of another issuer is then revoked with its
        subject or its session alone.

        Args:
            token: The token.
            now: Seconds since the epoch; None: the time of the clock.

        Raises:
            StoreNotConfiguredError: There is no store: ``JWT_STORE_URL`` is ``none``.
            StoreUnavailableError: The store cannot be reached, or a check raised an exception.
            PolicyError: A check returned neither True nor False.
        """
        claims = token._claims
        origin = token._origin
        # Revocations are stored by `jti`: an own token without one could never be revoked.
        if "jti" not in claims and origin is None:
            return TokenStatus.REVOKED
        standing = self.standing_of(
            TokenRef(
                token.issuer,
                claims["sub"],
                claims.get("jti", NO_ID),
                claims.get("sid"),
                claims.get("iat", 0),
                claims["type"],
            ),
            now,
            0 if origin is None else origin.leeway,
        )
        if self.checks and standing is not TokenStatus.REVOKED and self.denies(token):
            return TokenStatus.REVOKED
        return standing

    def standing_of(
        self, ref: TokenRef, now: float | None = None, more_leeway: float = 0
    ) -> TokenStatus:
        """Return the status of a token in the store, without further checks.

        A refresh token that was issued without a session opens one when it is used. That is stored
        under the current issuer, also where the token has another accepted ``iss``: so it is
        looked up under both.

        Args:
            ref: The token.
            now: Seconds since the epoch; None: the time of the clock.
            more_leeway: Seconds by which the clock of its issuer may differ, if that is more than
                the leeway of the application.

        Raises:
            StoreNotConfiguredError: There is no store: ``JWT_STORE_URL`` is ``none``.
            StoreUnavailableError: The store cannot be reached.
        """
        store, at = (
            self.store or self.asked("NotRevoked"),
            int(self._clock() if now is None else now),
        )
        standing = store.standing(ref, now=at, leeway=max(self.leeway, more_leeway))
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
        """Return the store, which *who* needs.

        Raises:
            StoreNotConfiguredError: There is no store; the message names *who*.
        """
        if self.store is None:
            msg = f"{who} needs a token store, and JWT_STORE_URL is 'none'"
            raise StoreNotConfiguredError(msg)
        return self.store

    def denies(self, token: Token) -> bool:
        """Whether a check returns True for *token*; the store is not asked.

        Raises:
            StoreUnavailableError: A check raised an exception.
            PolicyError: A check returned neither True nor False.
        """
        return any(_answer(check, token) for check in self.checks)


def ref_of(token: Token) -> TokenRef:
    """Return the reference by which stores look *token* up.

    Raises:
        RevokedTokenError: The token has no ``jti``, so that no store can know it.
    """
    claims = token._claims
    if "jti" not in claims:
        msg = "a token without jti cannot be looked up"
        raise RevokedTokenError(msg)
    session_id, issued_at = claims.get("sid"), claims.get("iat", 0)
    return TokenRef(
        token.issuer, claims["sub"], claims["jti"], session_id, issued_at, claims["type"]
    )


def forgotten_at(expires_at: float | None, leeway: float) -> int | None:
    """Return when a store may forget a token: at ``exp`` plus leeway; None for never."""
    return None if expires_at is None else math.ceil(expires_at) + math.ceil(leeway)


def _answer(check: RevocationCheck, token: Token) -> bool:
    """Return the result of *check*; anything but a bool refuses the request (HTTP-11).

    Raises:
        StoreUnavailableError: The check raised an exception.
        PolicyError: The check returned neither True nor False.
        HTTPException: The check raised one, which is the answer to the request.
    """
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
