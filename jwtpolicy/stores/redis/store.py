"""The token store on Redis or Valkey, shared by any number of machines: `RedisStore`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Any, ClassVar, Final

from ...clock import Clock, system_clock
from ...connections.deadlines import in_time
from ...exceptions import ConfigurationError, StoreUnavailableError, expect
from ...tokens.status import TokenStatus
from ..base import (
    FOREVER,
    PAGE,
    REFRESH,
    Known,
    Opening,
    Rotation,
    RotationState,
    Session,
    SessionRecord,
    Step,
    TokenRef,
    TokenStore,
    judge_standing,
    microseconds,
)
from ..outages import tells_outages
from . import records, scripts
from .address import Address
from .epoch import Epoch, Memory
from .keys import Keys, home_of, names_in, new_session_id, tag_of
from .near_cache import NearCache
from .records import as_bytes, as_text
from .server import Key, Server

#: Sessions that are looked at with one round trip.
_AT_ONCE: Final = 256

_OPENED: Final = Opening.OPENED.value.encode()
_CUT_OFF: Final = Opening.CUT_OFF.value.encode()

_STATES: Final = {state.value.encode(): state for state in RotationState}


@tells_outages
class RedisStore(TokenStore):
    """A token store on one Redis or Valkey server, behind Sentinels, or on a Cluster.

    One look-up is one round trip, and every change is one script in one slot. Entries expire when
    no token can need them any more.

    .. warning:: **If the server loses a revocation, the revoked token is accepted again.** Set
       ``appendonly yes`` and ``maxmemory-policy noeviction``. With *lost* ``"deny"``, a server that
       lost its data, or has older data, accepts only tokens that were issued after that.

    Args:
        url: ``redis://[user:password@]host[:port][/db]``,
            ``redis+sentinel://host:port,host:port/service[/db]`` or
            ``redis+cluster://host:port,host:port``; ``rediss`` instead of ``redis`` is TLS.
            Options after a question mark: ``max_connections`` of each process (64),
            ``ssl_ca_certs``, ``ssl_cert_reqs``, ``ssl_certfile``, ``ssl_keyfile``,
            ``ssl_check_hostname``, ``sentinel_username``, ``sentinel_password``.
        timeout: Seconds to wait for the server, or for a free connection, before
            `StoreUnavailableError`.
        prefix: The prefix of all keys.
        lost: What happens to older tokens if the server lost its data, or started from an older
            dump. With ``"accept"``, tokens are accepted that the server does not know as revoked.
            With ``"deny"``, tokens that were issued before are refused.
        near_cache: If above 0, look-ups are answered from this process's memory until the server
            announces a change. If the network drops these messages, that is noticed after this
            many seconds. Not on a Cluster.
        clock: A function that returns the time; an empty server records it as its beginning.

    Raises:
        ConfigurationError: The URL cannot be read, *lost* is neither ``"accept"`` nor
            ``"deny"``, or there can be no near cache.
    """

    is_shared: ClassVar[bool] = True

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 5.0,
        prefix: str = "jwtpolicy:",
        lost: str = "accept",
        near_cache: float = 0,
        clock: Clock = system_clock,
    ) -> None:
        expect(timeout, (int, float), "RedisStore(timeout=…) takes seconds", ConfigurationError)
        if lost not in ("accept", "deny"):
            msg = f"lost= is 'accept' or 'deny', not {lost!r:.40}"
            raise ConfigurationError(msg)
        self._address = Address.of(url)
        self._timeout = timeout
        self._prefix = prefix
        self._server = Server(self._address, timeout)
        self._epoch: Epoch | None = None
        if lost == "deny":
            is_cluster = self._address.kind == "cluster"
            self._epoch = Epoch(self._server, prefix, clock, is_cluster)
            self._server.written = self._epoch.advance
        self._near: NearCache | None = None
        if near_cache:
            self._near = self._with_near_cache(near_cache)

    def __repr__(self) -> str:
        return f"RedisStore({str(self._address)!r}, timeout={self._timeout!r})"

    @in_time
    def standing(self, ref: TokenRef, *, now: int, leeway: float = 0) -> TokenStatus:
        issuer, session_id = ref.issuer, ref.session_id
        if session_id is None and ref.kind == REFRESH:
            session_id = self.adopted_session_id(ref)
        keys = self._of_subject(issuer, ref.subject)
        wanted = [keys.token(ref.token_id), keys.cut_off(ref.subject)]
        home = None if session_id is None else home_of(issuer, session_id)
        if session_id is not None and home == keys.tag:
            wanted.append(keys.session(session_id))
        found, memories = self._look_up_in(keys.tag, wanted)
        raw = None
        if home == keys.tag:
            raw = found[2]
        elif session_id is not None:
            # Somebody else made its id: its slot may have forgotten, or gone back, by itself.
            there = self._of_session(issuer, session_id)
            [raw], elsewhere = self._look_up_in(there.tag, [there.session(session_id)])
            memories += elsewhere
        if any(one.is_strict and ref.is_covered_by(one.began, leeway) for one in memories):
            return TokenStatus.REVOKED
        try:
            known = self._known(ref, session_id, found, raw, memories)
        except records.UNREADABLE as error:
            raise records.unreadable() from error
        return judge_standing(ref, known, now, leeway)

    def _look_up_in(self, tag: str, keys: list[Key]) -> tuple[list[bytes | None], list[Memory]]:
        """Return the values of *keys* in one slot, and the slot's memory where *lost* is denied."""
        epoch = self._epoch
        if epoch is None:
            return self._look_up(keys), []
        seen = epoch.seen(tag)
        *found, began, mark = self._look_up(keys + epoch.keys(tag))
        return found, [epoch.read(tag, seen, (began, mark))]

    def _known(
        self,
        ref: TokenRef,
        session_id: str | None,
        found: list[bytes | None],
        raw: bytes | None,
        memories: list[Memory],
    ) -> Known:
        record = None
        if raw is not None and ref.kind == REFRESH:
            record = records.read(ref.issuer, session_id or "", raw)
        return Known(
            is_revoked=None if found[0] is None else found[0] == b"1",
            is_ended=None if raw is None else records.is_ended(raw),
            cut_off=_cut_off(found[1], memories),
            record=record,
        )

    def new_session_id(self, issuer: str, subject: str) -> str:
        """Return an id that begins with the hash tag of the subject's keys."""
        return new_session_id(tag_of(issuer, subject))

    def adopted_session_id(self, ref: TokenRef) -> str:
        return f"{tag_of(ref.issuer, ref.subject)}.{super().adopted_session_id(ref)}"

    @in_time
    def open_session(
        self, session: Session, *, since: float | None = None, maximum: int | None = None
    ) -> Opening:
        keys = self._of_session(session.issuer, session.session_id)
        owner = self._of_subject(session.issuer, session.subject)
        began = -1 if since is None else microseconds(since)
        if keys.tag != owner.tag:
            return self._open_elsewhere(session, began, maximum)
        opened = self._run_opening(
            scripts.OPEN,
            [keys.session(session.session_id), *self._homes(owner, session.subject)],
            owner,
            records.write(SessionRecord(session)),
            *_listing(session),
            began,
            maximum or 0,
        )
        return Opening(opened.decode())

    def _run_opening(self, script: scripts.Script, keys: list[Key], owner: Keys, *told: Any) -> Any:
        """Run a script that opens a session, and return its result.

        It may end other sessions of *owner*; their cached values are discarded.
        """
        try:
            ended, *said = self._server.run(script, keys, *told, *owner.beginnings)
        except StoreUnavailableError:
            self._server.changed(None)  # Nobody knows which were ended.
            raise
        self._server.changed([owner.session(as_text(session_id)) for session_id in ended])
        return said[0] if said else None

    def _open_elsewhere(self, session: Session, began: int, maximum: int | None) -> Opening:
        """Open a session whose id this store did not make, so that it lies in another slot.

        It is listed before it is written, so that ending all sessions finds it, and once more
        afterwards: in between it may have been taken off the list as one that is gone.
        """
        owner = self._of_subject(session.issuer, session.subject)
        key = self._session_keys(session.issuer, session.session_id)[0]
        homes, listing = self._homes(owner, session.subject), _listing(session)
        if self._server.run(scripts.LIST, homes, *listing, began) == _CUT_OFF:
            return Opening.CUT_OFF
        record = records.write(SessionRecord(session))
        _, opened = self._server.run(scripts.OPEN, [key], record, *listing, -1, 0)
        if opened == _OPENED and self._server.run(scripts.LIST, homes, *listing, began) == _CUT_OFF:
            now = session.last_used_at
            self.revoke_session(session.issuer, session.session_id, now=now, until=now)
            return Opening.CUT_OFF
        if opened == _OPENED and maximum is not None:
            self._end_oldest(session, maximum)
        return Opening(opened.decode())

    def _end_oldest(self, session: Session, maximum: int) -> None:
        issuer, subject, now = session.issuer, session.subject, session.last_used_at
        live = self.sessions(issuer, subject, now=now, limit=sys.maxsize)
        others = [one.session_id for one in live if one.session_id != session.session_id]
        for session_id in others[maximum - 1 :]:
            self.revoke_session(issuer, session_id, now=now, until=now)

    @in_time
    def adopt(
        self,
        ref: TokenRef,
        session: Session,
        *,
        token_expires_at: int | None,
        leeway: float = 0,
        maximum: int | None = None,
    ) -> Session | None:
        keys, session_id = self._of_subject(ref.issuer, ref.subject), session.session_id
        wanted = [keys.session(session_id), keys.token(ref.token_id), keys.cut_off(ref.subject)]
        raw = self._run_opening(
            scripts.ADOPT,
            [*wanted, *keys.lists(ref.subject)],
            keys,
            records.write(SessionRecord(session)),
            *_listing(session),
            ref.issued_at,
            leeway,
            _end(token_expires_at),
            maximum or 0,
        )
        return None if raw is None else records.read(session.issuer, session_id, raw).session

    @in_time
    def rotate(
        self,
        ref: TokenRef,
        step: Step,
        *,
        now: int,
        grace: int = 0,
        kept: bytes | None = None,
    ) -> Rotation:
        answer = self._server.run(
            scripts.ROTATE,
            self._session_keys(ref.issuer, ref.session_id or ""),
            as_bytes(ref.token_id),
            ref.issued_at,
            now,
            as_bytes(step.successor_id),
            step.idle_expires_at or 0,
            grace,
            *(() if kept is None else (kept,)),
        )
        return Rotation(_STATES[answer[0]], *answer[1:])

    @in_time
    def present(self, ref: TokenRef, *, now: int) -> Rotation:
        keys = self._session_keys(ref.issuer, ref.session_id or "")
        presented = as_bytes(ref.token_id)
        answer = self._server.run(scripts.PRESENT, keys, presented, ref.issued_at, now)
        return Rotation(_STATES[answer[0]], *answer[1:])

    @in_time
    def replace(
        self, issuer: str, session_id: str, expected_id: str, step: Step, *, now: int
    ) -> bool:
        replaced = self._server.run(
            scripts.REPLACE,
            self._session_keys(issuer, session_id),
            as_bytes(expected_id),
            now,
            as_bytes(step.successor_id),
            step.idle_expires_at or 0,
            *(() if step.facts is None else (as_bytes(f"={step.facts}"),)),
        )
        return bool(replaced == 1)

    @in_time
    def touch(
        self, issuer: str, session_id: str, *, now: int, idle_expires_at: int | None
    ) -> Session | None:
        keys = self._session_keys(issuer, session_id)
        raw = self._server.run(scripts.TOUCH, keys[:1], now, idle_expires_at or 0)
        return None if raw is None else records.read(issuer, session_id, raw).session

    @in_time
    def revoke_token(self, ref: TokenRef, *, expires_at: int | None, now: int) -> None:
        key = self._of_subject(ref.issuer, ref.subject).token(ref.token_id)
        self._server.run(scripts.REVOKE, [key], _end(expires_at), now)

    @in_time
    def revoke_session(
        self, issuer: str, session_id: str, *, now: int, until: int | None = None
    ) -> None:
        unknown = Session(issuer, session_id, "", "", now, now, _end(until), None)
        keys = self._session_keys(issuer, session_id)
        self._server.run(scripts.END, keys, now, records.write(SessionRecord(unknown)))

    @in_time
    def revoke_subject(self, issuer: str, subject: str, *, now: float, until: int) -> None:
        self._end_all(issuer, subject, None, now, until)

    @in_time
    def end_others(self, issuer: str, subject: str, keep: str | None, *, now: float) -> int:
        return self._end_all(issuer, subject, keep, now, -1)

    def _end_all(self, issuer: str, subject: str, keep: str | None, now: float, until: int) -> int:
        """End the sessions whose ids the store made in one step; those of other ids follow."""
        owner = self._of_subject(issuer, subject)
        live, elsewhere = self._server.run_widely(
            scripts.END_ALL,
            [owner.old_list(subject), owner.cut_off(subject), *self._homes(owner, subject)],
            int(now),
            until,
            microseconds(now),
            *owner.beginnings,
            *(() if keep is None else (as_bytes(keep),)),
        )
        ended = int(live)
        for session_id in _texts(elsewhere):
            ended += self.session(issuer, session_id, now=int(now)) is not None
            self.revoke_session(issuer, session_id, now=int(now), until=int(now))
        return ended

    @in_time
    def consume(self, ref: TokenRef, *, expires_at: int | None, now: int) -> bool:
        key = self._of_subject(ref.issuer, ref.subject).token(ref.token_id)
        return bool(self._server.run(scripts.CONSUME, [key], _end(expires_at), now) == 1)

    @in_time
    def sessions(
        self,
        issuer: str,
        subject: str,
        *,
        now: int,
        limit: int = PAGE,
        before: tuple[float, str] | None = None,
    ) -> list[Session]:
        owner = self._of_subject(issuer, subject)
        self._check_list(owner, subject)
        live: list[Session] = []
        for page in self._pages(owner, subject, before):
            found = self._records(issuer, page)
            read = [(sid, raw and records.read(issuer, sid, raw)) for sid, raw in found]
            self._unlist(owner.lists(subject), [sid for sid, one in read if _is_gone(one)])
            live += [one.session for _, one in read if one and one.is_live(now)]
            if len(live) >= limit:
                break
        return sorted(live, key=_place, reverse=True)[:limit]

    def _pages(
        self, owner: Keys, subject: str, before: tuple[float, str] | None
    ) -> Iterator[list[str]]:
        """Yield the ids of a subject's sessions, so many at a time, the newest first."""
        by_age = owner.lists(subject)[0]
        last = None if before is None else (microseconds(before[0]), as_bytes(before[1]))
        while True:
            newest = "+inf" if last is None else last[0]
            # As many more as were opened in the very microsecond that the page before ended with.
            ties = 0 if last is None else self._server.ask("ZCOUNT", by_age, last[0], last[0])
            size = _AT_ONCE + ties
            page = ("WITHSCORES", "LIMIT", 0, size)
            flat = self._server.ask("ZREVRANGEBYSCORE", by_age, newest, "-inf", *page)
            places = [(int(float(flat[n + 1])), flat[n]) for n in range(0, len(flat), 2)]
            places = [place for place in places if last is None or place < last]
            if not places:
                return
            last = places[-1]
            yield [as_text(name) for _, name in places]
            if len(flat) < 2 * size:
                return  # What is listed by now was opened after the first page was read.

    @in_time
    def session(self, issuer: str, session_id: str, *, now: int) -> Session | None:
        raw = self._record(issuer, session_id)
        if raw is None:
            return None
        record = records.read(issuer, session_id, raw)
        return record.session if record.is_live(now) else None

    def prune(self, *, now: int) -> int:
        """Remove ended sessions from their subjects' lists; entries expire by themselves."""
        total = 0
        for by_age in self._server.scan(_glob(self._prefix) + b"{*}l*"):
            issuer, subject = names_in(by_age, "l")
            ids = _texts(self._server.ask("ZRANGE", by_age, 0, -1))
            found = self._records(issuer, ids)
            lists = self._of_subject(issuer, subject).lists(subject)
            total += self._unlist(lists, [sid for sid, raw in found if raw is None])
        return total

    def server_time(self) -> float:
        """Return the second that the server's clock shows; of a cluster, that of any node."""
        return self._server.time()

    def upgrade(self) -> str:
        """Rewrite the sessions from before version 2, each in one step, and list them anew.

        It may be interrupted, and run again: it lists those that were rewritten before, too, since
        it may have got no further with them. The lists are taken away last: while one is there,
        nobody ends all sessions of its subject, since some could be missed.
        """
        total = 0
        for key in self._server.scan(_glob(self._prefix) + b"{*}s*"):
            found = self._server.run(scripts.UPGRADE, [key])
            if found is not None:
                self._list_again(key, found[0])
                total += found[1]
        for old in self._server.scan(_glob(self._prefix) + b"{*}i*"):
            self._server.change([old], "DEL", old)
        return f"{total} sessions were upgraded"

    def _list_again(self, key: Key, raw: bytes) -> None:
        issuer, session_id = names_in(key, "s")
        session = records.read(issuer, session_id, raw).session
        owner = self._of_subject(issuer, session.subject)
        homes = self._homes(owner, session.subject)
        self._server.run(scripts.LIST, homes, *_listing(session), -1)

    def close(self) -> None:
        self._server.close()
        if self._near is not None:
            self._near.close()

    def _with_near_cache(self, trust: float) -> NearCache:
        if self._address.kind == "cluster":
            msg = "there is no near cache on a Cluster; remove JWT_STORE_NEAR_CACHE"
            raise ConfigurationError(msg)
        near = NearCache(self._server.links, trust)
        self._server.changed = near.forget
        return near

    def _look_up(self, keys: list[Key]) -> list[bytes | None]:
        found = None if self._near is None else self._near.find(keys)
        if found is None:
            found = self._server.ask("MGET", *keys)
        return found

    def _of_subject(self, issuer: str, subject: str) -> Keys:
        return Keys(self._prefix, tag_of(issuer, subject), issuer)

    def _of_session(self, issuer: str, session_id: str) -> Keys:
        return Keys(self._prefix, home_of(issuer, session_id), issuer)

    def _session_keys(self, issuer: str, session_id: str) -> list[Key]:
        keys = self._of_session(issuer, session_id)
        return [keys.session(session_id), keys.kept(session_id)]

    def _record(self, issuer: str, session_id: str) -> bytes | None:
        raw: bytes | None = self._server.ask("GET", self._session_keys(issuer, session_id)[0])
        return raw

    def _homes(self, owner: Keys, subject: str) -> list[Key]:
        """Return the keys of a subject's login floor and lists of sessions, all in its slot."""
        return [owner.floor(subject), *owner.lists(subject)]

    def _check_list(self, owner: Keys, subject: str) -> None:
        """Refuse to list only some of a subject's sessions.

        Raises:
            StoreUnavailableError: A list of an older version of the library is left, with others.
        """
        if self._server.ask("EXISTS", owner.old_list(subject)):
            raise records.other_version()

    def _records(self, issuer: str, ids: Iterable[str]) -> list[tuple[str, bytes | None]]:
        """Return the records of sessions, one round trip for each slot."""
        found: list[tuple[str, bytes | None]] = []
        home = partial(home_of, issuer)
        for _, group in groupby(sorted(ids, key=home), home):
            names = list(group)
            keys = [self._session_keys(issuer, session_id)[0] for session_id in names]
            found.extend(zip(names, self._server.ask("MGET", *keys), strict=True))
        return found

    def _unlist(self, lists: list[Key], gone: list[str]) -> int:
        if not gone:
            return 0
        names = list(map(as_bytes, gone))
        taken, _ = self._server.ask_all(("ZREM", key, *names) for key in lists)
        return int(taken)


def _cut_off(found: bytes | None, memories: list[Memory]) -> int | None:
    """Return the cut-off: the second up to which tokens of no known session are revoked."""
    cut_offs = [one.began for one in memories]
    if found is not None:
        cut_offs.append(int(found))
    return max(cut_offs, default=None)


def _end(expires_at: int | None) -> int:
    return FOREVER if expires_at is None else expires_at


def _texts(found: list[bytes]) -> list[str]:
    return [as_text(name) for name in found]


def _listing(session: Session) -> tuple[bytes, int, int, int]:
    """Return the list entry of a session: id, creation, expiry; and the time."""
    created = microseconds(session.created_at)
    return as_bytes(session.session_id), created, session.expires_at, session.last_used_at


def _place(session: Session) -> tuple[float, str]:
    return session.created_at, session.session_id


def _is_gone(record: SessionRecord | bytes | None) -> bool:
    """Whether a listed session has no record, or was ended, so that the list can drop it."""
    return not isinstance(record, SessionRecord) or record.is_ended


def _glob(prefix: str) -> bytes:
    """Return a pattern that only *prefix* matches."""
    return "".join(f"\\{c}" if c in "*?[]\\^" else c for c in prefix).encode()
