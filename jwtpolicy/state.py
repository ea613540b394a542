"""Remember what was found out about one request, and ask for it only once."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from weakref import ref

from flask import Request

from .access import NOT_LOADED, AccessRequest, Standing, Terms
from .exceptions import ResourceNotFoundError
from .plans import Loader, Plan
from .revocation import Revocation, ref_of
from .token import Token
from .transports import Transport
from .users import Users
from .verifier import Purpose, Verifier


@dataclass(frozen=True, slots=True)
class Sources:
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
    terms: Terms
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


class Answers:
    """What policies may ask, each question asked once (`Services`).

    Attributes:
        used_up: Refresh tokens that this very request has used up.
        reused: A refresh token that was looked at and had been used before, by another request.
    """

    reused: Token | None = None
    _verified: dict[str, Token]
    _standing: tuple[Token, Standing] | None = None
    _user: tuple[Token, Any] | None = None

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._verified = {}
        self.used_up: set[Token] = set()

    def verify(self, encoded: str) -> Token:
        """Return the token of any kind that *encoded* is.

        Raises:
            InvalidTokenError: It is none.
        """
        token = self._verified.get(encoded)
        if token is None:
            token = self._verified[encoded] = self.sources.verifier.verify(encoded, kinds=None)
        return token

    def named(self, encoded: str) -> Token:
        """Return the token that *encoded* is, to end what it names (`Purpose.END`).

        Raises:
            InvalidTokenError: It is none.
        """
        verify = self.sources.verifier.verify
        return self._verified.get(encoded) or verify(encoded, kinds=None, purpose=Purpose.END)

    @property
    def token_id(self) -> str | None:
        """``jti`` of the token that was verified last, for the log; None where none was."""
        return next((token.token_id for token in reversed(self._verified.values())), None)

    def standing(self, token: Token) -> Standing:
        known = self._standing
        if known is None or known[0] is not token:
            known = self._standing = (token, self.sources.revocation.standing(token))
        answer = known[1]
        if answer is Standing.CONSUMED and token.kind == "refresh":
            self.reused = None if self.was_used_here(token) else token
        return answer

    def was_used_here(self, token: Token) -> bool:
        """Whether this very request has used *token* up: then it is no sign of theft."""
        return token in self.used_up

    def forget(self) -> None:
        """Ask the store again: something was used up or revoked."""
        self._standing = None

    def load_user(self, token: Token) -> Any:
        if self._user is None or self._user[0] is not token:
            self._user = (token, self.sources.users.load(token))
        return self._user[1]

    async def load_user_async(self, token: Token) -> Any:
        if self._user is None or self._user[0] is not token:
            self._user = (token, await self.sources.users.load_async(token))
        return self._user[1]

    def run_async(
        self, function: Callable[[AccessRequest], Awaitable[Any]]
    ) -> Callable[[AccessRequest], Any]:
        return self.sources.ensure_sync(function)


class LiveAccess(AccessRequest):
    """The current request as policies see it; what few of them read is looked up when read.

    Attributes:
        place: Where the token stood, or None.
        loader: How the resource is loaded, or None.
    """

    def __init__(
        self,
        request: Request,
        token: Token | None,
        place: Transport | None,
        services: Answers,
        terms: Terms,
        loader: Loader | None = None,
    ) -> None:
        self.token = token
        self.place = place
        self.loader = loader
        if loader is not None:
            self._resource = NOT_LOADED
        self.method = request.method
        self.terms = terms
        self._services = services
        self._rule = request.url_rule
        # Not the environ itself: this is kept in it, and a cycle would outlive the request.
        self.remote_addr = request.environ.get("REMOTE_ADDR")
        self._args = request.view_args

    @property
    def transport(self) -> str | None:  # type: ignore[override] # looked up
        return None if self.place is None else self.place.name

    @property
    def endpoint(self) -> str | None:  # type: ignore[override] # looked up
        return None if self._rule is None else self._rule.endpoint

    @property
    def view_args(self) -> Mapping[str, Any]:  # type: ignore[override] # looked up
        return MappingProxyType(self._args or {})


class Outer(NamedTuple):
    """What was current before a guarded function was called inside another one."""

    state: RequestState
    access: LiveAccess

    def restore(self) -> None:
        """Make it current again."""
        self.state.access = self.access


_NOBODY: Final[Mapping[Plan, LiveAccess]] = MappingProxyType({})


class RequestState:
    """One request of one application.

    It lives in the request's environ, so that it ends with the request, whatever contexts are
    pushed around it, and no other application behind the same server sees it. It holds the
    request weakly: a cycle would keep every request until the garbage is collected.

    Attributes:
        answers: What policies may ask.
        access: The request as policies see it; None until a guard has let it in.
        admitted: The plans that let it in, and the request as they saw it.
        late_plans: Plans that were made for this request, because nobody has to remember them.
        is_logged_out: Whether the view ended the session of the token.
        ended_at: When this request has ended all of a user's sessions, in seconds since the
            epoch; 0 where it has not.
        login_began: When a login began in this request, or None.
    """

    # Defaults of the class, because most requests change few of them.
    access: LiveAccess | None = None
    admitted: Mapping[Plan, LiveAccess] = _NOBODY
    late_plans: Mapping[Any, Plan | None] = MappingProxyType({})
    is_logged_out = False
    ended_at = 0.0
    login_began: float | None = None

    def __init__(self, sources: Sources, request: Request) -> None:
        self.answers = Answers(sources)
        self._request = ref(request)

    def is_about(self, request: Request) -> bool:
        """Whether it is about *request*: another one may have been made of its environ."""
        return self._request() is request

    @property
    def token(self) -> Token | None:
        """The current token: the one that the guard let in."""
        return None if self.access is None else self.access.token

    @property
    def place(self) -> Transport | None:
        """Where the current token stood, or None."""
        return None if self.access is None else self.access.place

    def enter(self, plan: Plan, access: LiveAccess) -> Outer | None:
        """Make the request current as *plan* has admitted it.

        Returns:
            What was current before, where a guarded function is called inside another one: its
            token and its resource are the current ones again when the function returns (C23).
        """
        outer, self.access = self.access, access
        if outer is None:
            self.admitted = {plan: access}
            return None
        if plan not in self.admitted:
            self.admitted = {**self.admitted, plan: access}
        return None if outer is access else Outer(self, outer)

    def resource(self) -> Any:
        """Return the endpoint's resource, loaded at the first touch.

        Raises:
            LookupError: No guard has run, or it has no loader.
            ResourceNotFoundError: There is no such resource.
        """
        access = self.access
        if access is None:
            msg = "no guard has run"
            raise LookupError(msg)
        if access._resource is NOT_LOADED and access.loader is not None:
            keep(access, self.answers.sources.ensure_sync(access.loader)(**access.view_args))
        return access.resource


def keep(access: AccessRequest, resource: Any) -> None:
    """Put the loaded resource where policies and the view find it.

    Raises:
        ResourceNotFoundError: The loader returned None.
    """
    if resource is None:
        msg = "the loader found no resource"
        raise ResourceNotFoundError(msg)
    access._resource = resource
