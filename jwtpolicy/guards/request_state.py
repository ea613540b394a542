"""The state of one request: its current access, the plans that admitted it, the last refusal."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast
from weakref import ref

from flask import Request

from ..exceptions import (
    AccessError,
    SetupError,
)
from ..policy.request import NOT_LOADED
from ..sessions.users import is_loop_running, unawaited
from ..tokens.token import Token
from .answers import RequestServices, Services
from .inner_access import InnerAccess, innermost
from .live_access import LiveAccess, keep
from .plan import Plan


class RequestState:
    """The state of one request in one application.

    It lives in the request's environ, so that it ends with the request, whatever contexts are
    pushed around it, and no other application behind the same server sees it. It holds the
    request weakly: a cycle would keep every request until the garbage is collected.

    Attributes:
        answers: The services that policies use: verified tokens, token status, users.
        own: The access that the endpoint's guard has admitted; where the endpoint has none, that
            of the first guard around a function that a view or a hook called. It stays until the
            request ends, for streams and hooks too. None before.
        admitted: The plans that have admitted the request, and the access of each.
        asked: The plans that have read tokens, whether or not they admitted the request.
        refusal: The last refusal, or None where there was none or the answer is made; it is given
            up then, because its traceback refers to the request, whose environ keeps this state.
        logged: A weak reference to the refusal that was logged last.
        unlogged: The arguments of the log for that refusal, where it is logged only if nobody
            catches it; else None.
        late_plans: Plans that were made for this request alone: those of methods that clients have
            made up, which the application does not keep.
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
    _has_inner = False
    _nested: tuple[RequestState, ...] = ()

    def __init__(self, services: Services, request: Request) -> None:
        self.answers = RequestServices(services)
        self.admitted: dict[Plan, LiveAccess] = {}
        self.asked: list[Plan] = []
        self._request = ref(request)

    def note_asked(self, plan: Plan) -> None:
        """Add *plan* to `asked`, unless it has the transports and kinds of a plan there.

        Calls of ``enforce`` make a plan each, so that the list of a view that streams for hours
        would grow without end.
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
        """Return the state of *request*, which may be another one made of the same environ."""
        if self._request() is request:
            return self
        return next((state for state in self._nested if state._request() is request), None)

    def nest(self, state: RequestState) -> RequestState:
        """Add the state of another request that was made of the same environ, and return it."""
        live = [nested for nested in self._nested if nested._request() is not None]
        self._nested = (*live, state)
        return state

    @property
    def access(self) -> LiveAccess | None:
        """The current access: of the innermost guard, else `own`; None before the first guard."""
        return (self._has_inner and innermost(self)) or self.own

    @property
    def token(self) -> Token | None:
        """The token of the current access; None without one."""
        access = self.access
        return None if access is None else access.token

    def enter(self, plan: Plan, access: LiveAccess) -> InnerAccess | None:
        """Make *access*, which *plan* has admitted, the current one.

        Returns:
            The inner access to restore when the guarded function returns, where another guarded
            function has called it, with another token or resource; else None.
        """
        if plan.is_inner:
            self.let_in(plan, access)
        else:
            self.admitted[plan] = access
            self.own = access
        if self.access is access:
            return None
        self._has_inner = True
        return InnerAccess(self, access)

    def let_in(self, plan: Plan, access: LiveAccess) -> None:
        """Note that *plan*, which is not the endpoint's, has admitted *access*.

        The first becomes `own`, where the endpoint's guard has admitted nothing.
        """
        self.admitted[plan] = access
        # `setdefault` is atomic, so that threads of one request agree on the first.
        self.__dict__.setdefault("own", access)

    def resource(self) -> Any:
        """Return the resource of the current access, loaded when it is first used.

        Raises:
            ResourceNotFoundError: The loader returned None, for no such resource.
            SetupError: The loader is async and an event loop is running: it cannot be awaited.
            Exception: The application's loader has raised it.
        """
        access = cast(LiveAccess, self.access)
        if access._resource is NOT_LOADED and (loader := access.loader) is not None:
            if inspect.iscoroutinefunction(loader) and is_loop_running():
                raise SetupError(unawaited("current_resource"))
            keep(access, self.answers.services.ensure_sync(loader)(**access.view_args))
        return access.resource
