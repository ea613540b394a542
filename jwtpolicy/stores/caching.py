"""A cache of good access tokens in front of a token store: `CachedStore`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from ..clock import elapsed
from ..tokens.status import TokenStatus
from .base import (
    PAGE,
    REFRESH,
    Opening,
    Rotation,
    RotationState,
    Session,
    Step,
    TokenRef,
    TokenStore,
)
from .outages import checked, tells_outages

#: The longest time for which an answer is kept, in seconds.
MAX_SECONDS: Final = 5.0

_LIMIT: Final = 16_384  # answers; of 200 to 300 bytes each

_Answer = tuple[object, float]  # the epoch it belongs to, and when it is void


@tells_outages
class CachedStore(TokenStore):
    """A token store that remembers for some seconds which access tokens another store found good.

    .. warning:: **A token that another process revoked may be accepted for up to** *seconds*
        **longer.** A token that this process revokes is refused at once.

    Only good access tokens are remembered. The other store is asked each time whether a token is
    revoked or used, and about refresh tokens and sessions. If the other store cannot be asked, the
    remembered tokens are accepted until their time is over, and no others.

    Args:
        store: The other store.
        seconds: The lifetime of a remembered answer, more than 0 and at most `MAX_SECONDS`.
        timer: A monotonic clock, in seconds.
    """

    def __init__(
        self, store: TokenStore, seconds: float, *, timer: Callable[[], float] = elapsed
    ) -> None:
        if not 0 < seconds <= MAX_SECONDS:
            msg = f"a cache keeps answers for more than 0 and at most {MAX_SECONDS} seconds"
            raise ValueError(msg)
        self.store = checked(store)
        self._seconds = seconds
        self._timer = timer
        self._answers: dict[TokenRef, _Answer] = {}
        # Another one after each revocation. An answer that was asked for before, and comes after
        # it, belongs to an epoch that is over.
        self._epoch = object()

    @property
    def is_shared(self) -> bool:  # type: ignore[override] # as the other store is
        """Whether the other store is shared."""
        return self.store.is_shared

    def __repr__(self) -> str:
        return f"CachedStore({self.store!r}, {self._seconds!r})"

    def check(self) -> None:
        self.store.check()

    def standing(self, ref: TokenRef, *, now: int, leeway: float = 0) -> TokenStatus:
        if ref.kind == REFRESH:
            return self.store.standing(ref, now=now, leeway=leeway)
        epoch, moment = self._epoch, self._timer()
        if self._remembers(ref, epoch, moment):
            return TokenStatus.GOOD
        standing = self.store.standing(ref, now=now, leeway=leeway)
        if standing is TokenStatus.GOOD:
            self._remember(ref, (epoch, moment + self._seconds))
        return standing

    def new_session_id(self, issuer: str, subject: str) -> str:
        return self.store.new_session_id(issuer, subject)

    def adopted_session_id(self, ref: TokenRef) -> str:
        return self.store.adopted_session_id(ref)

    def open_session(
        self, session: Session, *, since: float | None = None, maximum: int | None = None
    ) -> Opening:
        with self._forgetting(is_needed=maximum is not None):
            return self.store.open_session(session, since=since, maximum=maximum)

    def adopt(
        self,
        ref: TokenRef,
        session: Session,
        *,
        token_expires_at: int | None,
        leeway: float = 0,
        maximum: int | None = None,
    ) -> Session | None:
        until = token_expires_at
        with self._forgetting(is_needed=maximum is not None):
            return self.store.adopt(
                ref, session, token_expires_at=until, leeway=leeway, maximum=maximum
            )

    def rotate(
        self,
        ref: TokenRef,
        step: Step,
        *,
        now: int,
        grace: int = 0,
        kept: bytes | None = None,
    ) -> Rotation:
        return self._judged(self.store.rotate(ref, step, now=now, grace=grace, kept=kept))

    def present(self, ref: TokenRef, *, now: int) -> Rotation:
        return self._judged(self.store.present(ref, now=now))

    def _judged(self, rotation: Rotation) -> Rotation:
        if rotation.state is RotationState.REUSED:
            self._forget()
        return rotation

    def replace(
        self, issuer: str, session_id: str, expected_id: str, step: Step, *, now: int
    ) -> bool:
        return self.store.replace(issuer, session_id, expected_id, step, now=now)

    def touch(
        self, issuer: str, session_id: str, *, now: int, idle_expires_at: int | None
    ) -> Session | None:
        return self.store.touch(issuer, session_id, now=now, idle_expires_at=idle_expires_at)

    def revoke_token(self, ref: TokenRef, *, expires_at: int | None, now: int) -> None:
        with self._forgetting():
            self.store.revoke_token(ref, expires_at=expires_at, now=now)

    def revoke_session(
        self, issuer: str, session_id: str, *, now: int, until: int | None = None
    ) -> None:
        with self._forgetting():
            self.store.revoke_session(issuer, session_id, now=now, until=until)

    def revoke_subject(self, issuer: str, subject: str, *, now: float, until: int) -> None:
        with self._forgetting():
            self.store.revoke_subject(issuer, subject, now=now, until=until)

    def end_others(self, issuer: str, subject: str, keep: str | None, *, now: float) -> int:
        with self._forgetting():
            return self.store.end_others(issuer, subject, keep, now=now)

    def consume(self, ref: TokenRef, *, expires_at: int | None, now: int) -> bool:
        with self._forgetting():
            return self.store.consume(ref, expires_at=expires_at, now=now)

    def sessions(
        self,
        issuer: str,
        subject: str,
        *,
        now: int,
        limit: int = PAGE,
        before: tuple[float, str] | None = None,
    ) -> list[Session]:
        return self.store.sessions(issuer, subject, now=now, limit=limit, before=before)

    def session(self, issuer: str, session_id: str, *, now: int) -> Session | None:
        return self.store.session(issuer, session_id, now=now)

    def prune(self, *, now: int) -> int:
        return self.store.prune(now=now)

    def prune_batch(self, *, now: int, limit: int) -> int:
        return self.store.prune_batch(now=now, limit=limit)

    def prunable(self, *, now: int) -> int | None:
        return self.store.prunable(now=now)

    def server_time(self) -> float | None:
        return self.store.server_time()

    def upgrade(self) -> str:
        return self.store.upgrade()

    def close(self) -> None:
        self._forget()
        self.store.close()

    def _remembers(self, ref: TokenRef, epoch: object, now: float) -> bool:
        answer = self._answers.get(ref)
        return answer is not None and answer[0] == epoch and now < answer[1]

    def _remember(self, ref: TokenRef, answer: _Answer) -> None:
        if len(self._answers) >= _LIMIT:
            self._answers.clear()
        self._answers[ref] = answer

    def _forget(self) -> None:
        self._epoch = object()
        self._answers.clear()

    @contextmanager
    def _forgetting(self, *, is_needed: bool = True) -> Iterator[None]:
        """Discard cached and pending answers after a change, whether it succeeded or not."""
        try:
            yield
        finally:
            if is_needed:
                self._forget()
