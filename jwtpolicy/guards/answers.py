"""What policies may ask about a request, each question asked once."""

from __future__ import annotations

import math
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from weakref import ref

from werkzeug.exceptions import HTTPException

from ..exceptions import (
    BridgeTokenError,
    InvalidTokenError,
    SetupError,
)
from ..policy.request import AccessRequest, PolicySettings
from ..sessions.revocation import Revocation, ref_of
from ..sessions.users import Users
from ..stores.base import REFRESH
from ..tokens.claims import Purpose
from ..tokens.status import TokenStatus
from ..tokens.token import Token
from ..tokens.verifier import Verifier

#: Seconds for which `enforce` goes by what the store has said of the token.
MAX_AGE: Final = 1


@dataclass(frozen=True, slots=True)
class Services:
    """What can be asked about a token, settled when the application starts.

    Attributes:
        verifier: What makes tokens of text.
        revocation: What knows which tokens still stand.
        users: What loads the application's users.
        terms: The clock, the leeway, the claim of the roles.
        ensure_sync: What makes an async function callable: Flask's own.
        notice_reuse: Ends the session of a refresh token that was used before.
    """

    verifier: Verifier
    revocation: Revocation
    users: Users
    terms: PolicySettings
    ensure_sync: Callable[[Any], Callable[..., Any]]
    notice_reuse: Callable[[Token], None]

    def consume(self, token: Token) -> bool:
        """Use *token* up; true for one caller ever.

        Raises:
            StoreNotConfiguredError: There is no store.
            StoreUnavailableError: It cannot be asked.
        """
        expires_at = token._claims.get("exp")
        return self.revocation.asked("SingleUse").consume(
            ref_of(token),
            expires_at=None if expires_at is None else math.ceil(expires_at + self.terms.leeway),
            now=int(self.terms.clock()),
        )


class RequestServices:
    """What policies may ask, each question asked once (`Services`).

    Attributes:
        verified: Tokens, by the text that a request presents.
        now: The time for the first question of a guard that has just begun, in seconds since the
            epoch; None: the clock is asked.
        used_up: Refresh tokens that this very request has used up.
        reused: A refresh token that was looked at and had been used before, by another request.
    """

    reused: Token | None = None
    now: float | None = None
    verified: dict[str, Token]
    # With the time at which the store was asked.
    _standing: tuple[Token, TokenStatus, float] | None = None
    # Of each token, for tasks and threads that were let in with different ones.
    _users: tuple[tuple[Token, Any], ...] = ()
    _shown: tuple[str, Token] | None = None
    _user_error: Callable[[], Exception | None] = staticmethod(lambda: None)

    def __init__(self, services: Services) -> None:
        self.services = services
        self.verified = {}
        self.used_up: set[Token] = set()

    def verify(self, encoded: str) -> Token:
        """Return the token of any kind that *encoded* is.

        Raises:
            InvalidTokenError: It is none.
        """
        token = self.verified.get(encoded)
        if token is None:
            token = self.verified[encoded] = self.services.verifier.verify(encoded, kinds=None)
        return token

    def named(self, encoded: str) -> Token:
        """Return the token that *encoded* is, to end what it names (`Purpose.END`).

        Raises:
            InvalidTokenError: It is none.
        """
        verify = self.services.verifier.verify
        return self.verified.get(encoded) or verify(encoded, kinds=None, purpose=Purpose.END)

    def shown(self, encoded: str) -> Token:
        """Return the token that a guard of another extension has let in, for readers.

        It stays the same for the whole request. That guard has judged whether it was over, when
        the request began.

        Raises:
            BridgeTokenError: It is no token here.
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
        """Return what was said of *token* a moment ago; None where nobody has asked, or long ago.

        Whoever goes by it sees what has happened meanwhile as if it came after this request.
        """
        known = self._standing
        if known is None or known[0] is not token:
            return None
        return known[1] if self._is_recent(known[2]) else None

    def was_used_here(self, token: Token) -> bool:
        """Whether this very request has used *token* up: then it is no sign of theft."""
        return token in self.used_up

    def forget(self) -> None:
        """Ask the store again: something was used up or revoked."""
        self._standing = None

    def forget_old(self) -> None:
        """Ask the store again where its answer is old; so it is after the clock was put back."""
        self.now = None
        known = self._standing
        if known is not None and not self._is_recent(known[2]):
            self._standing = None

    def _is_recent(self, asked_at: float) -> bool:
        return 0 <= self.services.terms.clock() - asked_at <= MAX_AGE

    def load_user(self, token: Token) -> Any:
        for known, user in self._users:
            if known is token:
                return user
        try:
            return self._keep_user(token, self.services.users.load(token))
        except (HTTPException, SetupError) as error:
            # Weakly: its traceback holds all that the request has made.
            self._user_error = ref(error)
            raise

    def is_answering_user_error(self) -> bool:
        """Whether what is being handled is that the user could not be loaded: an error page."""
        handled = sys.exception()
        return handled is not None and self._user_error() is handled

    async def load_user_async(self, token: Token) -> Any:
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
        return self.services.ensure_sync(function)
