"""Ask the server of an issuer about opaque tokens (:rfc:`7662`), in time and within bounds."""

from __future__ import annotations

import json
import logging
import math
import threading
from concurrent.futures import Future
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from ..clock import Clock, elapsed
from ..connections.forks import PerProcess
from ..exceptions import KeysUnavailableError
from ..keys.fetch_limits import FetchError
from ..keys.fetching import FetchRules, fetch_json
from .opaque_tokens import Introspection
from .remembered_answers import Digest, Remembered, RememberedAnswers

logger = logging.getLogger("jwtpolicy")

#: Seconds after a failure in which the server is not asked: after the first one, and after others.
COOL_DOWN: Final = (1.0, 5.0)
#: Seconds between two lines of the log about failures.
_LOG_EVERY: Final = 30.0
#: Statuses that say nothing of the token: the next question would be answered the same.
_ABOUT_ALL: Final = frozenset({401, 403, 404, 429, 502, 503, 504})


class _NoTurnError(Exception):  # it is no error of the server's
    """The server was not asked: too many questions are under way, or it has just failed."""


class _NoAnswer(Exception):  # noqa: N818 # what the error was is in the log
    """The server has not answered the question that several requests wait for."""


class _Question(Future[Remembered]):
    """A question for which an answer is waited.

    Attributes:
        was_well: Whether the server had not failed when it was asked for.
    """

    def __init__(self, *, was_well: bool) -> None:
        super().__init__()
        self.was_well = was_well


class _State:
    """The answers, the open questions and the failures of the server, as one process knows them.

    Attributes:
        lock: Held for look-ups, and never while the server is asked.
        answers: The answers of the server.
        questions: Those that are being asked, by the digest of the token.
        turns: The questions that may be asked at once.
        failures: Failures since the last answer.
        closed_until: When the server may be asked again after a failure.
        logged_at: When a failure was logged.
    """

    def __init__(self, introspection: Introspection) -> None:
        self.lock = threading.Lock()
        self.answers = RememberedAnswers(introspection.cache_seconds)
        self.questions: dict[Digest, _Question] = {}
        self.turns = threading.BoundedSemaphore(introspection.concurrency)
        self.failures = 0
        self.closed_until = -math.inf
        self.logged_at = -math.inf


class IntrospectionClient:
    """The server of one issuer, as one application asks it.

    Answers are remembered by the SHA-256 digest of the token. Requests that ask about the same
    token at the same time share one question. No lock is held while the server is asked. If it
    cannot be reached, it is not asked for a second; if it still cannot, for 5 seconds each time,
    after which one request tries again. A fault that may be about one token alone, such as a status
    500, keeps no other token from being asked about. A child of a fork begins with no answers.

    Args:
        issuer: The identifier of the issuer, for the log.
        introspection: The endpoint, and the rules.
        rules: What may be fetched, and how long it may take.
        clock: Returns seconds that pass evenly.
    """

    def __init__(
        self,
        issuer: str,
        introspection: Introspection,
        rules: FetchRules,
        clock: Clock = elapsed,
    ) -> None:
        self._issuer = issuer
        self._asked = introspection
        self._rules = rules
        self._clock = clock
        self._state = PerProcess(lambda: _State(introspection))

    def __repr__(self) -> str:
        return f"<IntrospectionClient of {self._issuer}>"

    def claims_of(self, encoded: str) -> dict[str, Any] | None:
        """Return what the server says of a token; None if it is not active.

        Args:
            encoded: The token, for which `may_be_sent` holds.

        Raises:
            KeysUnavailableError: The server cannot be asked, or has answered something else.
        """
        state, digest = self._state(), sha256(encoded.encode("ascii")).digest()
        with state.lock:
            now = self._clock()
            known = state.answers.find(digest, now)
            if known is not None:
                return known.read()
            question = state.questions.get(digest)
            is_own = question is None
            if question is None:
                self._check_open(state, now)
                question = state.questions[digest] = _Question(was_well=not state.failures)
        if is_own:
            self._answer(state, digest, encoded, question)
        try:
            return question.result(self._rules.timeout).read()
        except (_NoAnswer, TimeoutError):
            raise self._unavailable(state) from None

    def _check_open(self, state: _State, now: float) -> None:
        """Refuse to ask a server that has just failed; one request at a time tries it again.

        Raises:
            KeysUnavailableError: The pause after a failure is not over.
        """
        if now < state.closed_until:
            raise self._unavailable(state)
        if state.failures:
            state.closed_until = now + self._rules.timeout

    def _unavailable(self, state: _State) -> KeysUnavailableError:
        wait = state.closed_until - self._clock()
        reason = f"the server of {self._issuer} cannot be asked about an opaque token"
        return KeysUnavailableError(reason, retry_after=math.ceil(max(1.0, wait)))

    def _answer(self, state: _State, digest: Digest, encoded: str, question: _Question) -> None:
        """Ask the server, and give the answer to all that wait for it."""
        now = self._clock()
        try:
            answer = self._in_turn(state, encoded, question.was_well)
        except BaseException as error:
            status = self._note_failure(state, digest, error)
            question.set_exception(_NoAnswer())
            self._log(state, self._told(error, status))
            if not isinstance(error, Exception):  # such as the end of a worker, or of a greenlet
                raise
        else:
            with state.lock:
                state.questions.pop(digest, None)
                state.answers.keep(digest, answer, now)
                is_back, state.failures = state.failures > 0, 0
                state.closed_until = -math.inf
            question.set_result(answer)
            if is_back:
                logger.info("the server of %s can be asked about tokens again", self._issuer)

    def _in_turn(self, state: _State, encoded: str, was_well: bool) -> Remembered:
        """Ask the server when it is this question's turn.

        Raises:
            _NoTurnError: Too many other questions are under way, or one of them has just shown that the
                server is down.
            FetchError: The server cannot be reached, or its answer cannot be used.
        """
        # Half of the time, so that enough is left for the answer.
        if not state.turns.acquire(timeout=self._rules.timeout / 2):
            msg = f"{self._asked.concurrency} questions are under way, none of which gets through"
            raise _NoTurnError(msg)
        try:
            if was_well and state.failures:
                msg = "it has failed while other questions waited"
                raise _NoTurnError(msg)
            return self._ask(encoded)
        finally:
            state.turns.release()

    def _ask(self, encoded: str) -> Remembered:
        body = urlencode({"token": encoded, "token_type_hint": "access_token"}).encode("ascii")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": self._asked.authorization,
        }
        url = self._asked.endpoint
        try:
            content, _ = fetch_json(url, self._rules, method="POST", body=body, headers=headers)
        except FetchError as error:
            # RFC 7662 has no such answer about a token; servers give it about texts that they take
            # for a token of another form. Whoever sends one must not get a 503 for it.
            if error.status != 400:
                raise
            self._log(self._state(), str(error))
            return Remembered(None)
        if not isinstance(content, dict):
            msg = "its answer is no JSON object; see whether the endpoint is right"
            raise FetchError(msg, 200)
        # RFC 7662 section 2.2: a Boolean. What only looks like it says nothing.
        if content.pop("active", None) is not True:
            return Remembered(None)
        return Remembered(json.dumps(content).encode("ascii"))

    def _note_failure(self, state: _State, digest: Digest, error: BaseException) -> int | None:
        """Begin the cool-down, if others would fail too; return the status of the answer."""
        status = error.status if isinstance(error, FetchError) else None
        is_about_all = status is None or status in _ABOUT_ALL
        with state.lock:
            state.questions.pop(digest, None)
            now = self._clock()
            if is_about_all and not isinstance(error, _NoTurnError):
                state.closed_until = now + COOL_DOWN[min(state.failures, 1)]
                state.failures += 1
        return status

    def _log(self, state: _State, told: str) -> None:
        """Log a failure, unless one was logged just now."""
        with state.lock:
            now = self._clock()
            is_due = now - state.logged_at >= _LOG_EVERY
            state.logged_at = now if is_due else state.logged_at
        if is_due:
            logger.error("the server of %s cannot be asked about tokens: %s", self._issuer, told)

    def _told(self, error: BaseException, status: int | None) -> str:
        """Return what may be logged: never a secret, nor a token."""
        if status in {401, 403}:
            return (
                f"it answers {status} to the client {self._asked.client_id!r:.100}; see client_id= "
                "and client_secret= of Introspection, and whether that client may introspect"
            )
        return str(error) if isinstance(error, FetchError | _NoTurnError) else type(error).__name__
