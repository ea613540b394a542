"""Apply policies to one request: read, verify, evaluate, then let it in or refuse it.

The life of a request is `Enforcement.admit`: a transport reads the encoded token, the verifier
makes a `Token` of it, the plan's program evaluates the policies, and then the view runs, or the
refusal is raised as an exception.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, cast

from flask import Request

from ..connections.deadlines import together
from ..exceptions import (
    AccessError,
    InvalidTokenError,
    NoTokenError,
    PolicyDefinitionError,
    SetupError,
    WrongKindError,
)
from ..issuers.issuer_verifier import IssuerVerifier
from ..issuers.opaque_tokens import may_be_sent
from ..issuers.trusting_verifier import TrustingVerifier
from ..markers import NOT_GIVEN
from ..policy.base import NO_TOKEN_SENT, Policy, as_policy
from ..policy.credentials import KnownUser, is_ignorable
from ..policy.program import Program, Run, weigh_async
from ..sessions.users import is_loop_running
from ..tokens.token import Token
from ..transports import Places, Presented, Transport
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
from .issuer_checks import (
    check_issuers,
    check_needs,
    check_subjects,
    checked_and_closed,
    is_about_own,
)
from .live_access import LiveAccess, keep
from .plan import CompiledLevels, Loader, Plan
from .presentation import PresentationCheck, judge_presented
from .refusal_log import Refusals
from .request_state import RequestState

logger = logging.getLogger("jwtpolicy")

_KNOWN_USER: Final = KnownUser().program

#: Policies that views pass to ``enforce``, of which it is kept what they are to tokens of others.
MAX_CLOSED: Final = 256

#: It has no CSRF value, and no place of its own in a body.
_NOT_IN_A_HEADER: Final = "a token of another issuer is accepted in a header only"

#: A compiled program and its run: the evaluation of one presented token, or of its absence.
Attempt = tuple[Program, Run]


class Enforcement:
    """The enforcement of plans in one application; made once, before the first request.

    Args:
        places: The transports that tokens are read from, where no guard names others.
        checks: The checks of a presented credential there, such as `CSRFCheck`.
        services: The verifier, the revocation and the users of the application.
        baseline: The policy that every presented token has to pass, or None.
        refusals: Logs refusals and sets the realm of their challenges.

    Attributes:
        baseline_at: Returns the baseline of an endpoint, which may demand an audience too.
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
        self.baseline_at: Callable[[str | None], Policy | None] = lambda endpoint: baseline
        self.places = places
        self._checks = checks
        verifier = services.guard_verifier
        self._verify = verifier.verify
        self._opaque = verifier.opaque if isinstance(verifier, TrustingVerifier) else None
        self.refusals = refusals
        self._closed = lru_cache(maxsize=MAX_CLOSED)(self._close)

    def admit(self, plan: Plan, state: RequestState, request: Request) -> InnerAccess | None:
        """Admit the request by *plan*, or raise the refusal, which answers it.

        Args:
            plan: The plan of its endpoint; never a public one, which reads no credential.
            state: The state of the request.
            request: The request.

        Returns:
            The inner access to restore after the guarded function, where another one called it.

        Raises:
            AccessError: The policies of *plan* refuse the request, or the token cannot be judged.
            HTTPException: The application's loader answered for itself.
        """
        if (known := state.admitted.get(plan)) is not None:
            return state.enter(plan, known)
        try:
            attempts = self._attempts(plan, state, request)
            program, run = attempts[0]
            # The fast path of nearly every request: one evaluation, without a generator. All
            # others, those that will be refused included, are evaluated by the flow below.
            if (
                plan.is_plain
                and len(attempts) == 1
                and not program.single_uses
                and program.weigh(run) == ALLOW
            ):
                return state.enter(plan, cast(LiveAccess, run.access))
        except AccessError as error:
            raise self.refusals.sent(error, plan.label, state) from error.__cause__
        # The fast path may have left PENDING at leaves about a resource, which the flow can load.
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

        Only guards end sessions so: a view that asks about a token which it has used up itself is
        no sign of theft, and neither is `explain` or an introspection.

        Raises:
            StoreUnavailableError: The token store cannot be asked.
        """
        # Cleared, so that the next guard of the request does not end the session once more.
        token, state.answers.reused = state.answers.reused, None
        if token is None or "refresh" not in plan.kinds:
            return
        try:
            # Those of the request: in a dry run they only note it.
            state.answers.services.notice_reuse(token)
        except AccessError as error:
            raise self.refusals.sent(
                error, plan.label, state, token_id=token.token_id
            ) from error.__cause__

    def enforce(
        self, policy: Policy, state: RequestState, request: Request, resource: object
    ) -> None:
        """Evaluate *policy* inside a view; raises what `admit` raises.

        Args:
            policy: The policy.
            state: The state of the request.
            request: The request.
            resource: The resource, in place of the endpoint's; None means that it was not found.
        """
        flow = self._inner(policy, state, request, resource, awaits=False)
        try:
            self._drive(flow, state, _enforcing(request))
        finally:
            # A used refresh token is refused here, but only a guard takes it for a theft.
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
        """Run *flow* to its end: weigh each node that it yields, or load the resource.

        Raises:
            AccessError: The flow has refused the request; the refusal is logged.
        """
        try:
            step, result = advanced(flow)
            while step is not None:
                node, run = step
                step, result = advanced(flow, self._load(run) if node is None else node.weigh(run))
        except AccessError as error:
            raise self.refusals.sent(error, label, state) from error.__cause__
        return cast(Result, result)

    async def _drive_async(self, flow: Flow[Result], state: RequestState, label: str) -> Result:
        """Do what `_drive` does, awaiting async policies and loaders."""
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
        """Return the access of the first attempt that *plan* allows.

        Raises:
            AccessError: No attempt is allowed; of their refusals it is the one that is easiest to
                cure.
            Exception: A loader has raised it; it counts as `Outcome.ERROR` among the refusals.
            SetupError: The application is set up wrongly, so that no other token can help.
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
        """Evaluate one attempt and return its access; raises the refusal.

        The baseline comes first only where a policy overlooks invalid tokens: a token that it
        rejects, such as a revoked one, is then treated as no token at all.
        """
        awaits = run.awaiting is not None
        baseline = program.baseline if plan.closed.ignores_invalid else None
        if baseline is not None and (yield baseline, run) == INVALID_TOKEN:
            error = refusal_of(baseline, run)
            program, run = self._as_anonymous(plan, state, request, error, awaits)
        outcome = yield program.root, run
        yield from resolve(outcome, program, run)
        # Loaded before the token is used up: a failing loader must not cost the client its token.
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
        """Evaluate *policy* for the current token; where no guard has run, do what a guard does."""
        as_policy(policy, "enforce")
        if state.access is None:
            yield from self._as_guard(policy, state, request, resource, awaits)
            return
        access = state.access
        program = self._judging(policy, access.token).program
        if resource is not NOT_GIVEN:
            loader = _loading(resource)
            access = self._access(state, request, access.token, access.place, loader)
            if resource is not None:
                keep(access, resource)
        run = program.run(access, awaits)
        _check_awaited(policy, program, awaits)
        # A stream or a socket may go on for hours, and its token be revoked meanwhile.
        state.answers.forget_old()
        outcome = yield program.root, run
        yield from resolve(outcome, program, run)
        use_up(program, run, state)

    def _as_guard(
        self, policy: Policy, state: RequestState, request: Request, resource: object, awaits: bool
    ) -> Flow[None]:
        """Evaluate *policy* as a guard: read the token, close the policy, add the baseline."""
        plan = Plan(
            self._compiled(policy, self.baseline_at(request.endpoint)),
            label="enforce",
            places=self.places,
            checks=self._checks,
            loader=_loading(resource),
        )
        attempts = self._attempts(plan, state, request, awaits)
        for program, _ in attempts:
            # Of the program, because closing and the baseline may have added async leaves.
            _check_awaited(policy, program, awaits)
        access = yield from self._judged_each(plan, state, request, attempts)
        # Without the resource, which is that of this call alone.
        access = self._access(state, request, access.token, access.place, None)
        state.let_in(plan, access)
        if state.access is not access:
            # Another task was let in meanwhile, and its token is the current one from now on.
            yield from self._inner(policy, state, request, resource, awaits=awaits)

    def _judging(self, policy: Policy, token: Token | None) -> Policy:
        """Do what `policy_for` does, whose checks and whose closing are done once for a policy."""
        if is_about_own(policy, token):
            return policy
        closed = self._closed(policy)
        return policy if token is None or token.is_own else closed

    def _close(self, policy: Policy) -> Policy:
        return checked_and_closed(policy, self.services.terms, "enforce")

    def _compiled(self, policy: Policy, baseline: Policy | None) -> CompiledLevels:
        """Return *policy* as the only level of a guard.

        Raises:
            PolicyDefinitionError: No request could pass it, or it names an issuer that is not
                trusted, or takes the users of several as one.
        """
        terms = self.services.terms
        check_issuers([policy], terms, "enforce")
        compiled = CompiledLevels([policy], baseline, "enforce")
        check_subjects(compiled.closed.policy, baseline, terms, "enforce")
        check_needs(compiled.closed.policy, terms, "enforce")
        return compiled

    def _loaded(self, plan: Plan, run: Run) -> Flow[LiveAccess]:
        """Load the resource and the user before the view, whose proxies cannot await a loader."""
        if plan.has_async_loader and not run.access.has_resource:
            yield None, run
        token = run.access.token
        if token is not None and self.services.users.has_async_loader(token):
            asking = _KNOWN_USER.run(run.access, run.awaiting is not None)
            if (yield _KNOWN_USER.root, asking) != ALLOW:
                raise refusal_of(_KNOWN_USER.root, asking)
        return cast(LiveAccess, run.access)

    def _attempts(
        self, plan: Plan, state: RequestState, request: Request, awaits: bool = False
    ) -> list[Attempt]:
        """Read and verify the presented tokens, and choose the program that evaluates each.

        There is always one attempt; several where one transport presents several kinds of token.

        It is one long function, because every request runs all of it and each call costs time.

        Raises:
            NoTokenError: No token was presented, and every branch of the policy needs one.
            InvalidTokenError: The presented token is not valid, or of a kind that is not accepted.
            AccessError: A presentation check of the plan refuses the token, such as `CSRFError`.
            InvalidRequestError: The header, cookie or field of the token is malformed.
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
                        # Of any kind, so that an inner guard of another kind finds it here too.
                        if self._opaque is not None and _is_asked(self._opaque, plan, one):
                            token = self._opaque.verify_opaque(encoded, now)
                        else:
                            token = self._verify(encoded, kinds=None, now=now)
                        verified[encoded] = token
                    found = token._claims["type"]
                    program = plan.programs.get(found) if token.is_own else plan.foreign
                    if program is None or (kind is not None and kind != found):
                        raise _wrong_kind(token, plan)
                    if token._origin is not None and not place.is_header:
                        raise InvalidTokenError(_NOT_IN_A_HEADER)
                    if plan.checks:
                        judge_presented(plan.checks, request, token, one)
                except AccessError as error:
                    # An outage (503), for instance, which no other token may cover up.
                    if error.outcome != INVALID_TOKEN:
                        raise
                    # Its traceback has this frame, and with it the request.
                    errors.append(error.with_traceback(None))
                else:
                    access = LiveAccess(request, token, place, services, terms, plan.loader)
                    attempts.append((program, Run(access, program.size, awaits)))
            if not attempts:
                # The rule is one error, and no policy that could overlook it.
                judges_each = plan.places.judges_each
                heaviest = errors[0] if len(errors) == 1 else _weightiest(errors, judges_each)
                if not plan.closed.ignores_invalid:
                    raise heaviest
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
        """Return the attempt of a request whose invalid token is overlooked: one without a token.

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
        """Return the access request that policies evaluate."""
        return LiveAccess(request, token, place, state.answers, self.services.terms, loader)

    def _load(self, run: Run) -> int | Exception:
        """Load the resource; return ALLOW, or the exception, which the flow raises inside."""
        try:
            loader = _loader_of(run)
            keep(run.access, self.services.ensure_sync(loader)(**run.access.view_args))
        except Exception as error:  # noqa: BLE001 # the decision raises it
            return error
        return ALLOW

    async def _load_async(self, run: Run) -> int | Exception:
        """Do what `_load` does, awaiting an async loader."""
        try:
            loaded = _loader_of(run)(**run.access.view_args)
            keep(run.access, await loaded if inspect.isawaitable(loaded) else loaded)
        except Exception as error:  # noqa: BLE001 # the decision raises it
            return error
        return ALLOW


def _is_asked(opaque: IssuerVerifier, plan: Plan, presented: Presented) -> bool:
    """Whether the issuer of opaque tokens is asked about a credential, as *plan* may accept it.

    Nothing else is sent to it: no JWS, so no own token; and nothing where no policy names it.
    """
    if opaque.counts_as_own:
        is_named = "access" in plan.programs
    else:
        is_named = plan.compiled is not None and opaque.issuer.url in plan.compiled.issuers
    return is_named and presented.place.is_header and may_be_sent(presented.encoded)


def _enforcing(request: Request) -> str:
    """Return the label of a call of ``enforce`` in the log, distinct from that of the guard."""
    return f"{request.method} {request.endpoint}: enforce"


def _loading(resource: object) -> Loader | None:
    """Return a loader that returns *resource*, or None where no resource was passed."""
    return None if resource is NOT_GIVEN else lambda **view_args: resource


def _weightiest(errors: Sequence[AccessError], judges_each: bool) -> AccessError:
    """Return the error that answers for all: the first that no policy may overlook.

    Where each value of a cookie is judged, the first that a policy may overlook: the other cookie
    may have been set by a stranger, and a logout checks the CSRF value of each token it ends.
    """
    return next((error for error in errors if is_ignorable(error) is judges_each), errors[0])


def _wrong_kind(token: Token, plan: Plan) -> InvalidTokenError:
    if not token.is_own and plan.foreign is None:
        return InvalidTokenError(f"{token.issuer} is an issuer that no policy here names")
    accepted = " or ".join(sorted(plan.closed.kinds)) or "no token at all"
    return WrongKindError(f"the token is of the kind {token.kind!r}, accepted is {accepted}")


def _loader_of(run: Run) -> Loader:
    # A leaf is PENDING only for a resource that is NOT_LOADED, which only an access with a loader
    # has.
    return cast(Loader, cast(LiveAccess, run.access).loader)


def _check_awaited(policy: Policy, program: Program, awaits: bool) -> None:
    """Refuse to block a running event loop.

    Raises:
        PolicyDefinitionError: *policy* is async, an event loop is running, and the caller is sync.
    """
    if program.is_async and not awaits and is_loop_running():
        msg = f"{policy!r} is async and a loop is running: await jwt.enforce_async(…)"
        raise PolicyDefinitionError(msg)
