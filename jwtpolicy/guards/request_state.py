"""Remember what was found out about one request, and ask for it only once."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, cast
from weakref import ref

from flask import Request
from werkzeug.exceptions import HTTPException

from ..exceptions import (
    AccessError,
    BridgeTokenError,
    InvalidTokenError,
    PolicyDefinitionError,
    ResourceNotFoundError,
    SetupError,
)
from ..policy.request import NOT_LOADED, AccessRequest, Terms
from ..sessions.revocation import Revocation, ref_of
from ..sessions.users import Users, is_loop_running, unawaited
from ..tokens.status import Standing
from ..tokens.token import Token
from ..tokens.verifier import Purpose, Verifier
from ..transports import Transport
from .plan import Loader, Plan

#: Seconds for which `enforce` goes by what the store has said of the token.
MAX_AGE: Final = 1


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
    _asked_at = 0.0
    _verified: dict[str, Token]
    _standing: tuple[Token, Standing] | None = None
    # Of each token, for tasks and threads that were let in with different ones.
    _users: tuple[tuple[Token, Any], ...] = ()
    _shown: tuple[str, Token] | None = None
    _user_error: Callable[[], Exception | None] = staticmethod(lambda: None)

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
        verify = self.sources.verifier.verify
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
        return next((token.token_id for token in reversed(self._verified.values())), None)

    def standing(self, token: Token) -> Standing:
        known = self._standing
        if known is None or known[0] is not token:
            known = self._standing = (token, self.sources.revocation.standing(token))
            self._asked_at = self.sources.terms.clock()
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

    def forget_old(self) -> None:
        """Ask the store again where its answer is old; so it is after the clock was put back."""
        if not 0 <= self.sources.terms.clock() - self._asked_at <= MAX_AGE:
            self._standing = None

    def load_user(self, token: Token) -> Any:
        for known, user in self._users:
            if known is token:
                return user
        try:
            return self._keep_user(token, self.sources.users.load(token))
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
        return self._keep_user(token, await self.sources.users.load_async(token))

    def _keep_user(self, token: Token, user: Any) -> Any:
        self._users = (*self._users, (token, user))
        return user

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


class Shade:
    """A request as an inner guard has let it in, for as long as the guarded function runs.

    It shades what the endpoint's guard has let in for the task or thread that entered it, and for
    what these start with a copy of their context: tasks of `asyncio.gather` each see their own.

    Attributes:
        state: The request that is shaded; no other one sees it, whatever context it runs in.
        access: The request as the inner guard sees it.
    """

    __slots__ = ("_outer", "access", "state")

    def __init__(self, state: RequestState, access: LiveAccess) -> None:
        self.state = state
        self.access = access
        self._outer = _SHADE.get()
        _SHADE.set(self)

    def restore(self) -> None:
        """Make current again what was current before (C23)."""
        # A coroutine that nobody finished is closed in whatever context collects the garbage.
        if _SHADE.get() is self:
            _SHADE.set(self._outer)

    def around(self, steps: Any) -> Any:
        """Return the generator that a guarded function is, with the shade around each step.

        Its body has not begun yet, and will run when the shade is gone.
        """
        is_async = inspect.isasyncgen(steps)
        return ShadedAsyncSteps(self, steps) if is_async else ShadedSteps(self, steps)

    def again(self) -> Shade:
        """Return the same shade, entered once more."""
        return Shade(self.state, self.access)

    def of(self, state: RequestState) -> LiveAccess | None:
        """Return the innermost access to *state*; None where nothing shades it here."""
        shade: Shade | None = self
        while shade is not None and shade.state is not state:
            shade = shade._outer
        return None if shade is None else shade.access


class ShadedSteps(Generator[Any, Any, Any]):
    """A generator of a guarded function, each of whose steps sees what its guard has let in.

    Args:
        shade: The shade.
        steps: The generator.
    """

    def __init__(self, shade: Shade, steps: Generator[Any, Any, Any]) -> None:
        self._shade = shade
        self._steps = steps

    def send(self, value: Any) -> Any:
        shade = self._shade.again()
        try:
            return self._steps.send(value)
        finally:
            shade.restore()

    def throw(self, *error: Any) -> Any:
        shade = self._shade.again()
        try:
            return self._steps.throw(*error)
        finally:
            shade.restore()


class ShadedAsyncSteps(AsyncGenerator[Any, Any]):
    """The same for an async generator.

    Args:
        shade: The shade.
        steps: The generator.
    """

    def __init__(self, shade: Shade, steps: AsyncGenerator[Any, Any]) -> None:
        self._shade = shade
        self._steps = steps

    async def asend(self, value: Any) -> Any:
        shade = self._shade.again()
        try:
            return await self._steps.asend(value)
        finally:
            shade.restore()

    async def athrow(self, *error: Any) -> Any:
        shade = self._shade.again()
        try:
            return await self._steps.athrow(*error)
        finally:
            shade.restore()


#: What shades requests in this task or thread, the innermost guard's.
_SHADE: Final[ContextVar[Shade | None]] = ContextVar("jwtpolicy.shade", default=None)


class RequestState:
    """One request of one application.

    It lives in the request's environ, so that it ends with the request, whatever contexts are
    pushed around it, and no other application behind the same server sees it. It holds the
    request weakly: a cycle would keep every request until the garbage is collected.

    Attributes:
        answers: What policies may ask.
        own: The request as the endpoint's guard has let it in; where the endpoint has none, as
            the first guard did that a view or a hook met. It stays until the request ends, for
            streams and hooks too. None before.
        admitted: The plans that let it in, and the request as they saw it.
        asked: Plans by which tokens were looked for, whether or not they let it in.
        refusal: The last refusal, or None where there was none or the answer is made; it is given
            up then, because its traceback holds the request in whose environ this is kept.
        logged: Returns the refusal that was logged last, as long as it lives.
        unlogged: The arguments of the log for that refusal, where it is logged only if nobody
            catches it; else None.
        late_plans: Plans that were made for this request, because nobody has to remember them.
        is_logged_out: Whether the view ended the session of the token.
        ended_at: When this request has ended all of a user's sessions, in seconds since the
            epoch; 0 where it has not.
        login_began: When a login began in this request, or None.
    """

    # Defaults of the class, because most requests change few of them.
    own: LiveAccess | None = None
    late_plans: Mapping[Any, Plan | None] = MappingProxyType({})
    is_logged_out = False
    ended_at = 0.0
    login_began: float | None = None
    refusal: AccessError | None = None
    logged: Callable[[], Exception | None] = staticmethod(lambda: None)
    unlogged: tuple[Any, ...] | None = None
    _is_shaded = False
    _nested: tuple[RequestState, ...] = ()

    def __init__(self, sources: Sources, request: Request) -> None:
        self.answers = Answers(sources)
        self.admitted: dict[Plan, LiveAccess] = {}
        self.asked: list[Plan] = []
        self._request = ref(request)

    def note_asked(self, plan: Plan) -> None:
        """Remember that a token was looked for; where the same was done before, that is enough.

        Calls of ``enforce`` make a plan each, and a view that streams may never end.
        """
        for known in self.asked:
            if known is plan or (known.places is plan.places and known.kinds == plan.kinds):
                return
        self.asked.append(plan)

    @property
    def request(self) -> Request | None:
        """The request, as long as it lives."""
        return self._request()

    def about(self, request: Request) -> RequestState | None:
        """Return what is known of *request*, which may have been made of the same environ."""
        if self._request() is request:
            return self
        return next((state for state in self._nested if state._request() is request), None)

    def nest(self, state: RequestState) -> RequestState:
        """Keep *state*, of another request that was made of the same environ, and return it."""
        live = [nested for nested in self._nested if nested._request() is not None]
        self._nested = (*live, state)
        return state

    @property
    def access(self) -> LiveAccess | None:
        """The request as policies see it, for whoever asks; None until a guard has let it in."""
        if self._is_shaded and (shade := _SHADE.get()) is not None:
            return shade.of(self) or self.own
        return self.own

    @property
    def token(self) -> Token | None:
        """The current token: the one that the guard let in."""
        access = self.access
        return None if access is None else access.token

    def enter(self, plan: Plan, access: LiveAccess) -> Shade | None:
        """Make the request current as *plan* has admitted it.

        Returns:
            What is to be restored when the guarded function returns, where it was called inside
            of another one, with another token or resource.
        """
        if plan.is_inner:
            self.let_in(plan, access)
        else:
            self.admitted[plan] = access
            self.own = access
        if self.access is access:
            return None
        self._is_shaded = True
        return Shade(self, access)

    def let_in(self, plan: Plan, access: LiveAccess) -> None:
        """Remember that *plan*, which is not the endpoint's, has admitted the request.

        Where the endpoint's guard has not done so, the first that does makes it current.
        """
        self.admitted[plan] = access
        # One step, so that of several threads one is the first.
        self.__dict__.setdefault("own", access)

    def resource(self) -> Any:
        """Return the resource of who asks, loaded at the first touch.

        Raises:
            ResourceNotFoundError: There is no such resource.
            SetupError: Its loader is async, and would have to be awaited.
            Exception: Whatever the loader raised.
        """
        access = cast(LiveAccess, self.access)
        if access._resource is NOT_LOADED and (loader := access.loader) is not None:
            if inspect.iscoroutinefunction(loader) and is_loop_running():
                raise SetupError(unawaited("current_resource"))
            keep(access, self.answers.sources.ensure_sync(loader)(**access.view_args))
        return access.resource


def keep(access: AccessRequest, resource: Any) -> None:
    """Put the loaded resource where policies and the view find it.

    Raises:
        ResourceNotFoundError: The loader returned None.
        PolicyDefinitionError: It is a coroutine, which is no object but would count as one.
    """
    if inspect.iscoroutine(resource):
        resource.close()
        msg = "the resource is a coroutine: await it, or define the loader with async def"
        raise PolicyDefinitionError(msg)
    if resource is None:
        msg = "the loader found no resource"
        raise ResourceNotFoundError(msg)
    access._resource = resource
