"""Walk a request through the real application up to its view, and write nothing on the way.

The walk is what Flask does with a request: the context, the URL, the application's hooks, then the
guards of the endpoint by the code that guards requests. It stops before the view. What goes out
stays out, too: no ``after_request`` hook runs, no cookie is set, no session of Flask's is saved.
What guards write goes through the services of the request, which only look here (`DryServices`).
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from flask import Flask, Request, Response
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from ..decision import Decision
from ..exceptions import AccessError, SetupError
from ..guards.flow import Answered
from ..guards.levels import EndpointGuard, Guard, guard_of
from ..guards.origins import LevelOrigin
from ..guards.plan import Plan
from ..guards.refusal_log import decision_of, put_back, reason_of
from ..policy.program import Program
from ..sessions.users import is_loop_running
from .bound_app import DRY_RUN_HERE, DryRun, bound_app_of, is_automatic, is_listed
from .bridge_guards import bridge_on
from .cures import cures_of
from .explanation import Explanation, Verdict

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

logger = logging.getLogger("jwtpolicy")

#: The key in the environ of a dry run that is true: hooks of the application that count requests
#: may look at it.
DRY_RUN: Final = "jwtpolicy.dry_run"


class _Silence(logging.Filter):
    """Keeps what a dry run has met out of the library's log: nobody has sent that request."""

    def filter(self, record: logging.LogRecord) -> bool:
        return DRY_RUN_HERE.get() is None


_SILENCE: Final = _Silence()


_ABOVE: Final = "a decorator above the guard runs after it, and may change the answer"
_LISTED: Final = "JWT_PUBLIC_ENDPOINTS lists the endpoint"
_UNGUARDED: Final = "the endpoint has neither @protect nor @public"
_NOT_LOADED: Final = (
    "the resource was not loaded, because the decision does not depend on it; if it does not "
    "exist, a view that reads current_resource or self.resource answers 404"
)


class DryRunOver(Exception):  # noqa: N818 # not an error: it ends the context of a dry run
    """The exception that teardown functions of a dry run are called with.

    They take it for a failed request, and roll back what a hook may have begun.
    """


def walk(app: Flask, environ: WSGIEnvironment) -> Explanation:
    """Return what would become of the request *environ*, without running its view.

    Args:
        app: The application; it is bound, as at its first request.
        environ: The request, for this call alone: it is changed, and its body may be read.

    Raises:
        SetupError: *app* has no `JWTManager`, or cannot start; or a part of the walk is async, and
            an event loop is running in this thread.
    """
    bound = bound_app_of(app)
    bound.enforcement  # noqa: B018 # binds the plans
    # A guard notices it when it runs, which is too late for the choice of the guard to ask.
    bound.guard_other_views()
    environ[DRY_RUN] = True
    logger.addFilter(_SILENCE)  # once, however often it is called
    # A context of its own, so that the walk shares no `flask.g` with who asks for it.
    app_context = app.app_context()
    app_context.push()
    spoken = DRY_RUN_HERE.set(None)
    try:
        context = app.request_context(environ)
        dry_run = bound.begin_dry_run(context.request)
        DRY_RUN_HERE.set(dry_run)
        try:
            return _Walk(app, context.request, dry_run).explanation(context.push)
        finally:
            context.pop(DryRunOver())
    finally:
        # Teardown functions may call verbs, too.
        try:
            app_context.pop(DryRunOver())
        finally:
            DRY_RUN_HERE.reset(spoken)


class _End(NamedTuple):
    """The end of a walk: the verdict, the status, and why."""

    verdict: Verdict
    status: int = 200
    reason: str = ""
    error: AccessError | None = None
    challenge: str | None = None


class _Walk:
    """One request on its way through an application, in its own context."""

    def __init__(self, app: Flask, request: Request, dry_run: DryRun) -> None:
        self._app = app
        self._bound = dry_run.bound
        self._request = request
        self._state = dry_run.state
        self._dry_run = dry_run

    def explanation(self, begin: Callable[[], None]) -> Explanation:
        """Walk, and return what came of it.

        Args:
            begin: Makes the request current; the application's session may raise there.
        """
        end = self._end(begin)
        error, plan = end.error, self._bound.plan_met()
        return Explanation(
            self._request.method,
            self._request.path,
            end.verdict,
            end.status,
            endpoint=self._request.endpoint,
            reason=end.reason,
            decision=self._decision() if error is None else decision_of(error, self._state),
            # Without its traceback, which holds the request.
            error=None if error is None else error.with_traceback(None),
            challenge=end.challenge,
            cures=() if error is None else cures_of(error),
            levels=() if plan is None else self._levels(),
            effects=tuple(self._effects(end)),
            notes=(_NOT_LOADED,) if self._has_left_resource(plan, end) else (),
        )

    def _levels(self) -> tuple[LevelOrigin, ...]:
        # Where there is a plan there is an endpoint.
        endpoint = cast(str, self._request.endpoint)
        return self._bound.levels(endpoint, self._request.method)

    def _has_left_resource(self, plan: Plan | None, end: _End) -> bool:
        """Whether the view would run, and has to load the resource itself if it reads it."""
        access = None if plan is None else self._state.admitted.get(plan)
        return (
            end.verdict is Verdict.ALLOWED
            and access is not None
            and access.loader is not None
            and not access.has_resource
        )

    def _effects(self, end: _End) -> Iterator[str]:
        """Yield what the real request would do beside its answer, as far as its view lets it."""
        yield from self._dry_run.services.effects
        own = self._state.own
        if end.verdict is Verdict.ALLOWED and own is not None and self._bound.slides(own):
            yield "a new access cookie would be set, because the present one ends soon"

    def _end(self, begin: Callable[[], None]) -> _End:
        """Return where the request ends.

        Raises:
            SetupError: The application cannot answer any request like it.
        """
        try:
            begin()
            return self._answered_by_hooks() or self._unrouted() or self._guarded()
        except SetupError:
            raise
        except Answered as answered:
            reason = "HEAD does not run the view, because only GET may use the token up"
            return _End(Verdict.ANSWERED, self._status_of(answered), reason)
        except AccessError as error:
            answer = self._answer_to(error)
            challenge = answer.headers.get("WWW-Authenticate")
            reason = reason_of(error, self._state)
            return _End(Verdict.REFUSED, answer.status_code, reason, error, challenge)
        except Exception as error:  # noqa: BLE001 # whatever the application's code raises
            reason = f"the application raised {type(error).__name__}: {error}"
            return _End(Verdict.ANSWERED, self._status_of(error), reason)

    def _answered_by_hooks(self) -> _End | None:
        """Run the application's hooks; one that returns something has answered."""
        self._check_loop(any(map(_is_async, self._hooks())), "a before_request hook")
        answer = self._app.preprocess_request()
        if answer is None:
            return None
        names = ", ".join(filter(None, map(_name_of, self._hooks())))
        reason = f"one of these before_request hooks answers: {names}"
        return _End(Verdict.ANSWERED, self._response(answer).status_code, reason)

    def _hooks(self) -> list[Callable[..., Any]]:
        hooks = self._app.before_request_funcs
        return [hook for name in (None, *self._request.blueprints) for hook in hooks.get(name, ())]

    def _unrouted(self) -> _End | None:
        """Return the end of a request that no view would see, or None."""
        current = self._request
        if current.routing_exception is None:
            if is_automatic(current.url_rule, current.method):
                return _End(Verdict.AUTOMATIC)
            return None
        try:
            self._app.raise_routing_exception(current)
        except RequestRedirect as redirect:
            return _End(Verdict.REDIRECT, redirect.code, f"to {redirect.new_url}")
        except MethodNotAllowed as error:
            taken = ", ".join(sorted(error.valid_methods or ()))
            return _End(Verdict.METHOD_NOT_ALLOWED, self._status_of(error), f"it takes {taken}")
        except NotFound as error:
            return _End(Verdict.NOT_FOUND, self._status_of(error))

    def _guarded(self) -> _End:
        """Ask the guards of the endpoint; raises the refusal."""
        view = self._app.view_functions[cast(str, self._request.endpoint)]
        guard, plan = guard_of(view), self._bound.plan_met()
        if guard is not None and plan is not None and plan.guards and not plan.is_public:
            if isinstance(guard, EndpointGuard) and self._request.method == "OPTIONS":
                reason = "OPTIONS may be answered by a decorator above the guard"
                return _End(Verdict.UNKNOWN, reason=reason)
            self._check_loop(_is_async(view) or self._is_awaited(plan), plan.label)
            self._admit(view, guard)
        bridged = bridge_on(view, self._request.method)
        if bridged is not None:
            reason = f"{bridged} of the bridge guards it; send the request to see its answer"
            return _End(Verdict.UNKNOWN, reason=reason)
        if plan is None:
            is_open = is_listed(cast(str, self._request.endpoint), self._bound.settings)
            return _End(Verdict.OPEN, reason=_LISTED if is_open else _UNGUARDED)
        if plan.is_public:
            return _End(Verdict.OPEN)
        return _End(Verdict.ALLOWED, reason=_ABOVE if isinstance(guard, EndpointGuard) else "")

    def _admit(self, view: Any, guard: Guard) -> None:
        """Let the request pass *guard*, as the guarded view would; raises the refusal."""
        if _is_async(view):
            self._app.ensure_sync(self._bound.admit_async)(guard)
        else:
            self._bound.admit(guard)

    def _decision(self) -> Decision | None:
        """Return the decision that has admitted the request, made once more with its reasons."""
        plan = self._bound.plan_met()
        # Not `own`, which may be that of a call of ``enforce`` in a hook.
        access = None if plan is None else self._state.admitted.get(plan)
        if plan is None or access is None:
            return None
        if access.token is not None:
            self._dry_run.services.give_back(access.token)
            self._state.answers.forget()
        # That of its token's kind and issuer is there: it has let the request in.
        program = cast(Program, plan.program_for(access.token))
        run = program.run(access)
        program.root.weigh(run)
        return program.root.compose(run)

    def _is_awaited(self, plan: Plan) -> bool:
        """Whether the guards of *plan* may wait for something async of the application."""
        programs = (plan.anonymous, *plan.programs.values(), plan.foreign)
        services = self._bound.components.services
        loaders = [issuer.user_loader for issuer in services.terms.issuers.values()]
        if (resolver := services.terms.resolver) is not None:
            loaders.append(resolver.user_loader)
        return (
            plan.has_async_loader
            or services.users.is_async
            or any(map(_is_async, loaders))
            or any(one is not None and one.is_async for one in programs)
        )

    def _check_loop(self, is_async: bool, where: str) -> None:
        """Refuse to block a running event loop.

        Raises:
            SetupError: *where* is async, and an event loop is running in this thread.
        """
        if is_async and is_loop_running():
            msg = (
                f"{where} is async and an event loop is running here, which cannot wait for it: "
                "explain the request in another thread, by `await asyncio.to_thread(…)`"
            )
            raise SetupError(msg)

    def _status_of(self, error: Exception) -> int:
        return self._answer_to(error).status_code

    def _answer_to(self, error: Exception) -> Response:
        """Return what the application answers to *error*, by its own handlers.

        Called where *error* is being handled, because Flask raises again what nobody handles.
        """
        try:
            response = self._response(self._app.handle_user_exception(error))
        except Exception:  # noqa: BLE001 # a handler that fails is answered with 500, too
            return Response(status=500)
        refusal = self._state.refusal
        if refusal is error and response.status_code >= 400 and not refusal.is_own_answer:
            put_back(response, refusal)
        return response

    def _response(self, answer: Any) -> Response:
        response = self._app.make_response(answer)
        response.close()
        return response


def _name_of(hook: Callable[..., Any]) -> str:
    """Return the name of a hook with its module; none of one that is the library's own."""
    module = str(getattr(hook, "__module__", ""))
    is_own = module.partition(".")[0] == __name__.partition(".")[0]
    return "" if is_own else f"{module}.{getattr(hook, '__qualname__', type(hook).__name__)}"


def _is_async(function: object) -> bool:
    return inspect.iscoroutinefunction(function)
