"""Apply policies to one request: read, verify, evaluate, then let it in or refuse it.

The life of a request is `Enforcement.admit`: a transport reads the encoded token, the verifier
makes a `Token` of it, the plan's program weighs the policies, and what comes of it is either
nothing, so that the view runs, or the exception that is the answer.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from typing import Final, cast

from flask import Request

from ..exceptions import (
    AccessError,
    NoTokenError,
    PolicyDefinitionError,
    SetupError,
    WrongKindError,
)
from ..markers import NOT_GIVEN
from ..policy.base import NO_TOKEN_SENT, Policy, as_policy
from ..policy.credentials import KnownUser, is_ignorable
from ..policy.program import Program, Run, weigh_async
from ..sessions.users import is_loop_running
from ..stores.deadlines import together
from ..tokens.token import Token
from ..transports import Places, Transport
from .answers import Services
from .flow import (
    ALLOW,
    INVALID_TOKEN,
    Answered,
    Flow,
    Result,
    advanced,
    note_failure,
    outcome_of,
    refusal_of,
    resolve,
    use_up,
)
from .inner_access import InnerAccess
from .live_access import LiveAccess, keep
from .plan import CompiledLevels, Loader, Plan
from .presentation import PresentationCheck, judge_presented
from .refusal_log import Refusals
from .request_state import RequestState

logger = logging.getLogger("jwtpolicy")

_KNOWN_USER: Final = KnownUser().program

#: A program and the run in which it judges one token, or its absence.
Attempt = tuple[Program, Run]


class Enforcement:
    """One application's way of judging requests; made once, before the first of them.

    Args:
        places: Where tokens are looked for, where no guard says otherwise.
        checks: What judges a token as it was presented there.
        services: What can be asked about a token.
        baseline: What every presented token has to pass, or None.
        refusals: What logs refusals, and sends them in the application's name.
    """

    def __init__(
        self,
        *,
        places: Places,
        checks: Sequence[PresentationCheck],
        services: Services,
        baseline: Policy | None,
        refusals: Refusals,
    ) -> None:
        self.services = services
        self.baseline = baseline
        self.places = places
        self._checks = checks
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
                and program.weigh(run) == ALLOW
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
            step, result = advanced(flow)
            while step is not None:
                node, run = step
                step, result = advanced(flow, self._load(run) if node is None else node.weigh(run))
        except AccessError as error:
            raise self.refusals.sent(error, label, state) from error.__cause__
        return cast(Result, result)

    async def _drive_async(self, flow: Flow[Result], state: RequestState, label: str) -> Result:
        try:
            step, result = advanced(flow)
            while step is not None:
                node, run = step
                weighing = self._load_async(run) if node is None else weigh_async(node, run)
                step, result = advanced(flow, await weighing)
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
                note_failure(error, plan.label, is_last=len(refusals) == len(attempts))
        raise min(refusals, key=outcome_of)

    def _judged(
        self, plan: Plan, state: RequestState, request: Request, program: Program, run: Run
    ) -> Flow[LiveAccess]:
        """Return the request as *plan* lets it in."""
        awaits = run.awaiting is not None
        baseline = program.baseline if plan.closed.ignores_invalid else None
        if baseline is not None and (yield baseline, run) == INVALID_TOKEN:
            error = refusal_of(baseline, run)
            program, run = self._as_anonymous(plan, state, request, error, awaits)
        outcome = yield program.root, run
        yield from resolve(outcome, program, run)
        if awaits or plan.has_async_view:
            yield from self._loaded(plan, run)
        use_up(program, run, state)
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
        yield from resolve(outcome, program, run)
        use_up(program, run, state)

    def _as_guard(
        self, policy: Policy, state: RequestState, request: Request, resource: object, awaits: bool
    ) -> Flow[None]:
        """Decide *policy* where no guard has run: read, close and add the baseline."""
        plan = Plan(
            CompiledLevels([policy], self.baseline, "enforce"),
            label="enforce",
            places=self.places,
            checks=self._checks,
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
            if (yield _KNOWN_USER.root, asking) != ALLOW:
                raise refusal_of(_KNOWN_USER.root, asking)
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
            AccessError: A check of the plan refuses it as it was presented, such as `CSRFError`.
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
        # One time for all that this guard asks, so that the clock is asked once.
        now = services.now = terms.clock()
        attempts: list[Attempt] = []
        errors: list[AccessError] = []
        try:
            for one in presented:
                encoded, place, kind = one
                try:
                    token = verified.get(encoded)
                    if token is None:
                        token = verified[encoded] = self._verify(encoded, kinds=None, now=now)
                    found = token._claims["type"]
                    program = plan.programs.get(found)
                    if program is None or not token.is_own or (kind is not None and kind != found):
                        raise _wrong_kind(token, plan)
                    if plan.checks:
                        judge_presented(plan.checks, request, token, one)
                except AccessError as error:
                    if error.outcome != INVALID_TOKEN:
                        raise
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
        return ALLOW

    async def _load_async(self, run: Run) -> int | Exception:
        try:
            loaded = _loader_of(run)(**run.access.view_args)
            keep(run.access, await loaded if inspect.isawaitable(loaded) else loaded)
        except Exception as error:  # noqa: BLE001 # the decision raises it
            return error
        return ALLOW


def _enforcing(request: Request) -> str:
    """Return what the log calls a call of ``enforce`` in a view, whose guard has its name alone."""
    return f"{request.method} {request.endpoint}: enforce"


def _loading(resource: object) -> Loader | None:
    """Return a loader of what was passed as the resource; None is what it did not find."""
    return None if resource is NOT_GIVEN else lambda **view_args: resource


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
