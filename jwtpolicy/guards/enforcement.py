"""Apply policies to one request: read, verify, evaluate, then let it in or refuse it.

The life of a request is `Enforcement.admit`: a transport reads the encoded token, the verifier
makes a `Token` of it, the plan's program weighs the policies, and what comes of it is either
nothing, so that the view runs, or the exception that is the answer.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Generator, Sequence
from typing import Final, TypeVar, cast

from flask import Request, Response
from werkzeug.exceptions import HTTPException

from ..decision import Finding, Outcome
from ..exceptions import (
    AccessError,
    CSRFError,
    InvalidTokenError,
    NoTokenError,
    PolicyDefinitionError,
    RevokedTokenError,
    SetupError,
    WrongKindError,
)
from ..markers import NOT_GIVEN
from ..policy.base import NO_TOKEN_SENT, Policy, as_policy
from ..policy.credentials import KnownUser, is_ignorable
from ..policy.program import Node, Program, Run, weigh_async
from ..sessions.users import is_loop_running
from ..stores.deadlines import together
from ..tokens.token import Token
from ..transports import Places, Transport
from .answers import Services
from .challenges import refusal
from .csrf import CSRFCheck
from .inner_access import InnerAccess
from .live_access import LiveAccess, keep
from .plan import CompiledLevels, Loader, Plan
from .refusal_log import Refusals
from .request_state import RequestState

logger = logging.getLogger("jwtpolicy")

_ALLOW: Final = 0
_PENDING: Final = int(Outcome.PENDING)
_INVALID_TOKEN: Final = int(Outcome.INVALID_TOKEN)
_KNOWN_USER: Final = KnownUser().program
_USED_UP: Final = Finding(Outcome.INVALID_TOKEN, "used up")

#: A program and the run in which it judges one token, or its absence.
Attempt = tuple[Program, Run]

Result = TypeVar("Result")
#: The node that is to be weighed, or None for the resource that is to be loaded.
Step = tuple[Node | None, Run]
#: A decision on its way: it yields steps, and is sent the outcome of each. What a loader raised is
#: raised inside of it, where the next token may be judged all the same.
Flow = Generator[Step, int, Result]


class Answered(HTTPException):
    """The answer to HEAD where GET would use a token up: the view does not run, the token stays.

    Mail scanners and previews of links ask so. The status is 200, because what meets a 405 asks
    again with GET; RFC 9110 section 9.3.2 lets a server leave out what only the view could say.
    """

    def __init__(self) -> None:
        response = Response(headers={"Cache-Control": "no-store"})
        response.automatically_set_content_length = False
        super().__init__(response=response)


class Enforcement:
    """One application's way of judging requests; made once, before the first of them.

    Args:
        places: Where tokens are looked for, where no guard says otherwise.
        csrf: What tokens that browsers send by themselves need.
        services: What can be asked about a token.
        baseline: What every presented token has to pass, or None.
        refusals: What logs refusals, and sends them in the application's name.
    """

    def __init__(
        self,
        *,
        places: Places,
        csrf: CSRFCheck,
        services: Services,
        baseline: Policy | None,
        refusals: Refusals,
    ) -> None:
        self.services = services
        self.baseline = baseline
        self.places = places
        self._csrf = csrf
        self._verify = services.verifier.verify
        self.refusals = refusals

    def admit(self, plan: Plan, state: RequestState, request: Request) -> InnerAccess | None:
        """Let the request in, or raise what answers it.

        Args:
            plan: What its endpoint demands; not a public one, which nobody asks.
            state: What is known of the request.
            request: The request.

        Returns:
            What is to be restored after the guarded function, where one calls another.

        Raises:
            AccessError: It was refused.
            HTTPException: The application's loader answered for itself.
        """
        if (known := state.admitted.get(plan)) is not None:
            return state.enter(plan, known)
        try:
            attempts = self._attempts(plan, state, request)
            program, run = attempts[0]
            # Nearly every request is let in here; the flow is for all others.
            if (
                plan.is_plain
                and len(attempts) == 1
                and not program.single_uses
                and program.weigh(run) == _ALLOW
            ):
                return state.enter(plan, cast(LiveAccess, run.access))
        except AccessError as error:
            raise self.refusals.sent(error, plan.label, state) from error.__cause__
        run.forget_pending()
        try:
            with together():
                flow = self._judged_each(plan, state, request, attempts)
                return state.enter(plan, self._drive(flow, state, plan.label))
        finally:
            self._notice_reuse(plan, state)

    async def admit_async(
        self, plan: Plan, state: RequestState, request: Request
    ) -> InnerAccess | None:
        """Do what `admit` does, awaiting async policies and loaders."""
        if (known := state.admitted.get(plan)) is not None:
            flow = self._loaded(plan, plan.anonymous.run(known, True))
            return state.enter(plan, await self._drive_async(flow, state, plan.label))
        try:
            attempts = self._attempts(plan, state, request, awaits=True)
        except AccessError as error:
            raise self.refusals.sent(error, plan.label, state) from error.__cause__
        try:
            with together():
                flow = self._judged_each(plan, state, request, attempts)
                return state.enter(plan, await self._drive_async(flow, state, plan.label))
        finally:
            self._notice_reuse(plan, state)

    def _notice_reuse(self, plan: Plan, state: RequestState) -> None:
        """End the session of a used refresh token that this guard has looked at (REF-2).

        Guards do, and nobody else who looks: what a view asks about a token that it has used up
        itself is no theft, and neither is what `explain` or an introspection asks about.

        Raises:
            StoreUnavailableError: The store cannot be asked.
        """
        token, state.answers.reused = state.answers.reused, None
        if token is None or "refresh" not in plan.kinds:
            return
        try:
            self.services.notice_reuse(token)
        except AccessError as error:
            raise self.refusals.sent(
                error, plan.label, state, token_id=token.token_id
            ) from error.__cause__

    def enforce(
        self, policy: Policy, state: RequestState, request: Request, resource: object
    ) -> None:
        """Judge *policy* inside a view; raises what `admit` raises."""
        flow = self._inner(policy, state, request, resource, awaits=False)
        try:
            self._drive(flow, state, _enforcing(request))
        finally:
            # It only refuses: no guard has met the token here.
            state.answers.reused = None

    async def enforce_async(
        self, policy: Policy, state: RequestState, request: Request, resource: object
    ) -> None:
        """Do what `enforce` does, awaiting async policies and loaders."""
        flow = self._inner(policy, state, request, resource, awaits=True)
        try:
            await self._drive_async(flow, state, _enforcing(request))
        finally:
            state.answers.reused = None

    def _drive(self, flow: Flow[Result], state: RequestState, label: str) -> Result:
        try:
            step, result = _advanced(flow)
            while step is not None:
                node, run = step
                step, result = _advanced(flow, self._load(run) if node is None else node.weigh(run))
        except AccessError as error:
            raise self.refusals.sent(error, label, state) from error.__cause__
        return cast(Result, result)

    async def _drive_async(self, flow: Flow[Result], state: RequestState, label: str) -> Result:
        try:
            step, result = _advanced(flow)
            while step is not None:
                node, run = step
                weighing = self._load_async(run) if node is None else weigh_async(node, run)
                step, result = _advanced(flow, await weighing)
        except AccessError as error:
            raise self.refusals.sent(error, label, state) from error.__cause__
        return cast(Result, result)

    def _judged_each(
        self, plan: Plan, state: RequestState, request: Request, attempts: Sequence[Attempt]
    ) -> Flow[LiveAccess]:
        """Return the request with the token that *plan* lets in: the first that it allows.

        Raises:
            AccessError: None; of the refusals it is the one that is easiest to cure.
            Exception: A loader's, which counts as an `Outcome.ERROR` among them.
            SetupError: Something cannot work, whatever the other tokens are.
        """
        refusals: list[Exception] = []
        for program, run in attempts:
            try:
                return (yield from self._judged(plan, state, request, program, run))
            except (SetupError, Answered):
                raise
            except Exception as error:  # noqa: BLE001 # whatever a loader raised; it is raised below
                refusals.append(error)
                _note(error, plan.label, is_last=len(refusals) == len(attempts))
        raise min(refusals, key=_outcome_of)

    def _judged(
        self, plan: Plan, state: RequestState, request: Request, program: Program, run: Run
    ) -> Flow[LiveAccess]:
        """Return the request as *plan* lets it in."""
        awaits = run.awaiting is not None
        baseline = program.baseline if plan.closed.ignores_invalid else None
        if baseline is not None and (yield baseline, run) == _INVALID_TOKEN:
            error = _refusal(baseline, run)
            program, run = self._as_anonymous(plan, state, request, error, awaits)
        outcome = yield program.root, run
        yield from _resolve(outcome, program, run)
        if awaits or plan.has_async_view:
            yield from self._loaded(plan, run)
        _use_up(program, run, state)
        return cast(LiveAccess, run.access)

    def _inner(
        self,
        policy: Policy,
        state: RequestState,
        request: Request,
        resource: object,
        *,
        awaits: bool,
    ) -> Flow[None]:
        """Decide *policy* about the current token; where no guard has run, as a guard would."""
        as_policy(policy, "enforce")
        if state.access is None:
            yield from self._as_guard(policy, state, request, resource, awaits)
            return
        program = policy.program
        access = state.access
        if resource is not NOT_GIVEN:
            loader = _loading(resource)
            access = self._access(state, request, access.token, access.place, loader)
            if resource is not None:
                keep(access, resource)
        run = program.run(access, awaits)
        _check_awaited(policy, program, awaits)
        # A stream or a socket may go on for hours.
        state.answers.forget_old()
        outcome = yield program.root, run
        yield from _resolve(outcome, program, run)
        _use_up(program, run, state)

    def _as_guard(
        self, policy: Policy, state: RequestState, request: Request, resource: object, awaits: bool
    ) -> Flow[None]:
        """Decide *policy* where no guard has run: read, close and add the baseline."""
        plan = Plan(
            CompiledLevels([policy], self.baseline, "enforce"),
            label="enforce",
            places=self.places,
            loader=_loading(resource),
        )
        attempts = self._attempts(plan, state, request, awaits)
        for program, _ in attempts:
            _check_awaited(policy, program, awaits)
        access = yield from self._judged_each(plan, state, request, attempts)
        # The resource was that of this call alone.
        access = self._access(state, request, access.token, access.place, None)
        state.let_in(plan, access)
        if state.access is not access:
            # Another task was let in meanwhile, and its token is the current one from now on.
            yield from self._inner(policy, state, request, resource, awaits=awaits)

    def _loaded(self, plan: Plan, run: Run) -> Flow[LiveAccess]:
        """Load what an async view could not await later, at the first touch of a proxy."""
        if plan.has_async_loader and not run.access.has_resource:
            yield None, run
        if self.services.users.is_async and run.access.token is not None:
            asking = _KNOWN_USER.run(run.access, run.awaiting is not None)
            if (yield _KNOWN_USER.root, asking) != _ALLOW:
                raise _refusal(_KNOWN_USER.root, asking)
        return cast(LiveAccess, run.access)

    def _attempts(
        self, plan: Plan, state: RequestState, request: Request, awaits: bool = False
    ) -> list[Attempt]:
        """Read and verify what was presented, and choose the programs that judge it.

        There is always one attempt; several where one place has several kinds of token.

        It is one function, because all of it is what every request does.

        Raises:
            NoTokenError: None was presented, and no part of the tree could say anything else.
            InvalidTokenError: What was presented is no token, or of a kind that is not accepted.
            CSRFError: A browser may have sent it by itself.
            InvalidRequestError: It is malformed.
        """
        if state.asked:
            state.note_asked(plan)
        else:
            state.asked.append(plan)
        presented = plan.places.presented(request, plan.kinds)
        if not presented:
            if plan.anonymous.refuses_nobody:
                raise NoTokenError(NO_TOKEN_SENT, decision=plan.absence)
            access = self._access(state, request, None, None, plan.loader)
            return [(plan.anonymous, plan.anonymous.run(access, awaits))]
        services, terms, verified = state.answers, self.services.terms, state.answers.verified
        attempts: list[Attempt] = []
        errors: list[AccessError] = []
        try:
            for encoded, place, kind in presented:
                try:
                    token = verified.get(encoded)
                    if token is None:
                        token = verified[encoded] = self._verify(encoded, kinds=None)
                    found = token._claims["type"]
                    program = plan.programs.get(found)
                    if program is None or not token.is_own or (kind is not None and kind != found):
                        raise _wrong_kind(token, plan)
                    if place.is_ambient and plan.csrf:
                        self._csrf.check(request, token)
                except (InvalidTokenError, CSRFError) as error:
                    errors.append(error.with_traceback(None))
                else:
                    access = LiveAccess(request, token, place, services, terms, plan.loader)
                    attempts.append((program, Run(access, program.size, awaits)))
            if not attempts:
                heaviest = _weightiest(errors, plan.places.judges_each)
                attempts = [self._as_anonymous(plan, state, request, heaviest, awaits)]
        finally:
            # A list of errors in a frame of their traceback would keep the request until the
            # garbage is collected.
            errors.clear()
        return attempts

    def _as_anonymous(
        self,
        plan: Plan,
        state: RequestState,
        request: Request,
        error: Exception,
        awaits: bool,
    ) -> tuple[Program, Run]:
        """Judge the request as one whose token nobody sees.

        Raises:
            AccessError: No policy of the plan overlooks *error*: it is raised itself.
        """
        if not plan.closed.ignores_invalid or not is_ignorable(error):
            raise error
        access = self._access(state, request, None, None, plan.loader)
        access.credential_error = error
        return plan.anonymous, plan.anonymous.run(access, awaits)

    def _access(
        self,
        state: RequestState,
        request: Request,
        token: Token | None,
        place: Transport | None,
        loader: Loader | None,
    ) -> LiveAccess:
        """Return the request as policies see it."""
        return LiveAccess(request, token, place, state.answers, self.services.terms, loader)

    def _load(self, run: Run) -> int | Exception:
        try:
            loader = _loader_of(run)
            keep(run.access, self.services.ensure_sync(loader)(**run.access.view_args))
        except Exception as error:  # noqa: BLE001 # the decision raises it
            return error
        return _ALLOW

    async def _load_async(self, run: Run) -> int | Exception:
        try:
            loaded = _loader_of(run)(**run.access.view_args)
            keep(run.access, await loaded if inspect.isawaitable(loaded) else loaded)
        except Exception as error:  # noqa: BLE001 # the decision raises it
            return error
        return _ALLOW


def _advanced(
    flow: Flow[Result], outcome: int | Exception | None = None
) -> tuple[Step | None, Result | None]:
    """Let *flow* go on with *outcome*; return its next step, or None and its result.

    A `StopIteration` counts as the end here alone: a loader that calls ``next(…)`` raises it too,
    which is a `RuntimeError` as soon as it leaves the decision (:pep:`479`), so that the request
    that it was asked about is not let in.
    """
    try:
        if isinstance(outcome, Exception):
            return flow.throw(outcome), None
        return flow.send(cast(int, outcome)), None
    except StopIteration as end:
        return None, end.value


def _enforcing(request: Request) -> str:
    """Return what the log calls a call of ``enforce`` in a view, whose guard has its name alone."""
    return f"{request.method} {request.endpoint}: enforce"


def _outcome_of(error: Exception) -> Outcome:
    """Return how hard a refusal is to cure; what a loader raised is nothing that clients can."""
    return error.outcome if isinstance(error, AccessError) else Outcome.ERROR


def _note(error: Exception, label: str, *, is_last: bool) -> None:
    """Log what nobody would see where the next token is let in."""
    if not is_last and not isinstance(error, HTTPException):
        logger.error("%s: a loader raised %s", label, type(error).__name__, exc_info=error)


def _loading(resource: object) -> Loader | None:
    """Return a loader of what was passed as the resource; None is what it did not find."""
    return None if resource is NOT_GIVEN else lambda **view_args: resource


def _resolve(outcome: int, program: Program, run: Run) -> Flow[None]:
    """Load the resource where the tree waits for it; raise what it refuses."""
    if outcome == _PENDING:
        yield None, run
        run.forget_pending()
        outcome = yield program.root, run
    if outcome != _ALLOW:
        yield from _refused(program, run, outcome)


def _refused(program: Program, run: Run, outcome: int) -> Flow[None]:
    """Raise the refusal; a revoked token's comes first, so that its client gets another."""
    node = program.root
    if outcome > _INVALID_TOKEN and (baseline := program.baseline) is not None:
        node = baseline if (yield baseline, run) == _INVALID_TOKEN else program.root
    raise _refusal(node, run)


def _refusal(node: Node, run: Run) -> Exception:
    return refusal(node.compose(run))


def _use_up(program: Program, run: Run, state: RequestState) -> None:
    """Consume a single-use token, if the request would not have got in without.

    Raises:
        RevokedTokenError: Another request was faster.
        Answered: The request only wants to see headers.
    """
    token, is_head = run.access.token, run.access.method == "HEAD"
    asked = program.single_uses if is_head else program.consumed
    if token is None or not any(_depends_on(index, program, run) for index in asked):
        return
    if is_head:
        raise Answered
    if not state.answers.services.consume(token):
        msg = "another request used the token first"
        raise RevokedTokenError(msg)
    state.answers.forget()


def _depends_on(index: int, program: Program, run: Run) -> bool:
    """Whether the tree allowed only because of the leaf at *index*."""
    return program.root.weigh(run.replaced(index, _USED_UP)) != _ALLOW


def _weightiest(errors: Sequence[AccessError], judges_each: bool) -> AccessError:
    """Return the error that answers for all: first one that nothing overlooks.

    Where each value of a cookie is judged, first one that can be overlooked: the other may be a
    stranger's, and the logout still asks for the CSRF value of whatever it ends.
    """
    return next((error for error in errors if is_ignorable(error) is judges_each), errors[0])


def _wrong_kind(token: Token, plan: Plan) -> WrongKindError:
    accepted = " or ".join(sorted(plan.closed.kinds)) or "no token at all"
    return WrongKindError(f"the token is of the kind {token.kind!r}, accepted is {accepted}")


def _loader_of(run: Run) -> Loader:
    # PENDING comes of NOT_LOADED, which has one.
    return cast(Loader, cast(LiveAccess, run.access).loader)


def _check_awaited(policy: Policy, program: Program, awaits: bool) -> None:
    """Refuse to block a running loop.

    Raises:
        PolicyDefinitionError: *policy* has to be awaited, and nobody does.
    """
    if program.is_async and not awaits and is_loop_running():
        msg = f"{policy!r} is async and a loop is running: await jwt.enforce_async(…)"
        raise PolicyDefinitionError(msg)
