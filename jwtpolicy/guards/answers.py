"""The services behind policies: token verification, revocation, users; each asked once."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from weakref import ref

from werkzeug.exceptions import HTTPException

from ..exceptions import (
    BridgeTokenError,
    InvalidTokenError,
    SetupError,
)
from ..policy.request import AccessRequest, PolicySettings
from ..sessions.revocation import Revocation, forgotten_at, ref_of
from ..sessions.users import Users
from ..stores.base import REFRESH
from ..tokens.claims import Purpose
from ..tokens.status import TokenStatus
from ..tokens.token import Token
from ..tokens.verifier import Verifier

#: Seconds for which `enforce` uses the cached status of a token.
MAX_AGE: Final = 1


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one application that judge tokens, fixed when it is bound.

    Attributes:
        verifier: Verifies encoded own tokens.
        guard_verifier: Verifies the tokens that guards meet, those of trusted issuers too.
        revocation: Asks the store and the revocation checks for the status of a token.
        users: Loads the application's users.
        terms: The clock, the leeway and the other settings that policies go by.
        ensure_sync: Wraps an async function so that sync code can call it: Flask's own.
        notice_reuse: Ends the session of a refresh token that was used before.
        is_dry_run: Whether they only look, for a request that is explained and not answered.
    """

    is_dry_run: ClassVar[bool] = False
    verifier: Verifier
    guard_verifier: Verifier
    revocation: Revocation
    users: Users
    terms: PolicySettings
    ensure_sync: Callable[[Any], Callable[..., Any]]
    notice_reuse: Callable[[Token], None]

    def consume(self, token: Token) -> bool:
        """Use a single-use *token* up; true for one caller ever.

        Raises:
            StoreNotConfiguredError: The application has no token store.
            StoreUnavailableError: The token store cannot be asked.
        """
        return self.revocation.asked("SingleUse").consume(
            ref_of(token),
            # Until the leeway is over, too: the store must not forget a token that still verifies.
            expires_at=forgotten_at(token._claims.get("exp"), self.terms.leeway),
            now=int(self.terms.clock()),
        )


class RequestServices:
    """The `Services` as one request uses them: a cache of tokens, token status and users.

    Attributes:
        verified: Verified tokens, by their encoded form.
        now: The time for the first question of a guard that has just begun, in seconds since the
            epoch; None: the clock is asked.
        used_up: Refresh tokens that this very request has used up.
        reused: A refresh token whose status was asked for, and which another request has used up.
    """

    reused: Token | None = None
    now: float | None = None
    verified: dict[str, Token]
    # With the time at which the store was asked.
    _standing: tuple[Token, TokenStatus, float] | None = None
    # One per token, because tasks and threads of one request may have different current tokens.
    _users: tuple[tuple[Token, Any], ...] = ()
    _shown: tuple[str, Token] | None = None
    _user_error: Callable[[], Exception | None] = staticmethod(lambda: None)

    def __init__(self, services: Services) -> None:
        self.services = services
        self.verified = {}
        self.used_up: set[Token] = set()

    def named(self, encoded: str) -> Token:
        """Verify *encoded* in order to revoke it or end its session (`Purpose.END`).

        Raises:
            InvalidTokenError: *encoded* is no token whose signature verifies.
        """
        verify = self.services.verifier.verify
        return self.verified.get(encoded) or verify(encoded, kinds=None, purpose=Purpose.END)

    def shown(self, encoded: str) -> Token:
        """Return the `Token` of *encoded*, which a guard of another extension has let in.

        It is the same object for the whole request. ``exp`` is not checked again: that guard has
        checked it when the request began.

        Raises:
            BridgeTokenError: *encoded* does not verify by the rules for native tokens.
        """
        known = self._shown
        if known is None or known[0] != encoded:
            known = self._shown = (encoded, self._verified_elsewhere(encoded))
        return known[1]

    def _verified_elsewhere(self, encoded: str) -> Token:
        verify = self.services.verifier.verify
        try:
            return verify(encoded, kinds=None, purpose=Purpose.EXAMINE)
        except InvalidTokenError as error:
            msg = (
                f"the bridge has let in what is no token for native guards: {error.reason}; read "
                "it with the names of jwtpolicy.compat, or guard this view with @protect()"
            )
            raise BridgeTokenError(msg) from error

    @property
    def token_id(self) -> str | None:
        """``jti`` of the token that was verified last, for the log; None where none was."""
        return next((token.token_id for token in reversed(self.verified.values())), None)

    def standing(self, token: Token) -> TokenStatus:
        """Return the status of *token*; the store is asked once.

        Raises:
            StoreNotConfiguredError: The application has no token store.
            StoreUnavailableError: The token store cannot be asked, or a revocation check raised.
        """
        known = self._standing
        if known is None or known[0] is not token:
            now, self.now = self.now, None
            # A refresh token's grace goes by the second, and policies that were asked before may
            # have taken their time.
            if now is None or token._claims["type"] == REFRESH:
                now = self.services.terms.clock()
            # One step: a thread or task may ask about another token meanwhile.
            known = self._standing = (token, self.services.revocation.standing(token, now), now)
        answer = known[1]
        if answer is TokenStatus.CONSUMED and token.kind == REFRESH:
            self.reused = None if self.was_used_here(token) else token
        return answer

    def known_standing(self, token: Token) -> TokenStatus | None:
        """Return the cached status of *token*; None without one of the last `MAX_AGE` seconds.

        A revocation since then is treated as if it came after this request.
        """
        known = self._standing
        if known is None or known[0] is not token:
            return None
        return known[1] if self._is_recent(known[2]) else None

    def was_used_here(self, token: Token) -> bool:
        """Whether this very request has used *token* up: then it is no sign of theft."""
        return token in self.used_up

    def forget(self) -> None:
        """Drop the cached token status: this request has used up or revoked a token."""
        self._standing = None

    def forget_old(self) -> None:
        """Drop a cached token status that is older than `MAX_AGE` seconds."""
        self.now = None
        known = self._standing
        if known is not None and not self._is_recent(known[2]):
            self._standing = None

    def _is_recent(self, asked_at: float) -> bool:
        # A negative age, after the clock was put back, counts as too old.
        return 0 <= self.services.terms.clock() - asked_at <= MAX_AGE

    def load_user(self, token: Token) -> Any:
        """Return the user of *token*, loaded once in a request."""
        for known, user in self._users:
            if known is token:
                return user
        try:
            return self._keep_user(token, self.services.users.load(token))
        except (HTTPException, SetupError) as error:
            # Weakly: its traceback refers to every object of the request.
            self._user_error = ref(error)
            raise

    def is_answering_user_error(self) -> bool:
        """Whether the exception being handled is that of the ``user_loader``: an error page runs.

        `current_user` in its templates is nobody then, instead of the same error once more.
        """
        handled = sys.exception()
        return handled is not None and self._user_error() is handled

    async def load_user_async(self, token: Token) -> Any:
        """Do what `load_user` does, awaiting an async ``user_loader``."""
        for known, user in self._users:
            if known is token:
                return user
        return self._keep_user(token, await self.services.users.load_async(token))

    def _keep_user(self, token: Token, user: Any) -> Any:
        self._users = (*self._users, (token, user))
        return user

    def run_async(
        self, function: Callable[[AccessRequest], Awaitable[Any]]
    ) -> Callable[[AccessRequest], Any]:
        """Return *function*, an async predicate, as one that sync code can call."""
        return self.services.ensure_sync(function)
