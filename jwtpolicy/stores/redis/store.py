"""Keep tokens' standing in Redis or Valkey, shared by any number of machines."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import ClassVar, Final

from ...access import Standing
from ...clock import Clock
from ...exceptions import ConfigurationError
from ..base import (
    FOREVER,
    MAX_LEEWAY,
    Rotation,
    RotationState,
    Session,
    TokenStore,
    judge_standing,
)
from . import records, scripts
from .address import Address
from .epoch import Epoch
from .keys import Keys, home_of, issuer_of_index, new_session_id, tag_of
from .near_cache import NearCache
from .records import ENDED
from .server import Key, Server

#: Sessions that one script ends: its other callers have to wait.
_AT_ONCE: Final = 256

_STATES: Final = {state.value.encode(): state for state in RotationState}


class RedisStore(TokenStore):
    """A store on a Redis or Valkey server, alone, watched by Sentinels, or on a Cluster.

    One look-up is one round trip, and every change is one script in one slot. Entries leave by
    themselves, when no token can need them any more.

    .. warning:: What is written is as durable as the server makes it. Set ``appendonly yes`` and
       ``maxmemory-policy noeviction``: a revocation that the server forgets admits its token.
       With *lost* ``"deny"`` a server that came back empty admits only tokens that are younger.

    Args:
        url: ``redis://[user:password@]host[:port][/db]``,
            ``redis+sentinel://host:port,host:port/service[/db]`` or
            ``redis+cluster://host:port,host:port``; ``rediss`` instead of ``redis`` is TLS.
            Behind a question mark: ``max_connections`` of each process (64), ``ssl_ca_certs``,
            ``ssl_cert_reqs``, ``ssl_certfile``, ``ssl_keyfile``, ``ssl_check_hostname``,
            ``sentinel_username``, ``sentinel_password``.
        timeout: Seconds to wait for the server, or for a free connection, before giving up with
            `StoreUnavailableError`.
        prefix: What the names of all keys begin with.
        lost: What to do where the server has lost its memory: ``"accept"`` tokens that it does
            not know as revoked, or ``"deny"`` those that were issued before.
        near_cache: Above 0, look-ups are answered from this process's memory until the server
            says that something has changed, which takes as long as a message to travel. A line
            that was cut off without a sign is noticed after so many seconds. Not on a Cluster.
        clock: Where the time comes from when memory begins.

    Raises:
        ConfigurationError: The URL cannot be read, *lost* is neither, or there can be no near
            cache.
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
        clock: Clock = time.time,
    ) -> None:
        if lost not in {"accept", "deny"}:
            msg = f"lost= is 'accept' or 'deny', not {lost!r:.40}"
            raise ConfigurationError(msg)
        self._address = Address.of(url)
        self._timeout = timeout
        self._prefix = prefix
        self._server = Server(self._address, timeout)
        self._epoch = Epoch(self._server, prefix, clock) if lost == "deny" else None
        self._near: NearCache | None = None
        if near_cache:
            self._near = self._with_near_cache(near_cache)

    def __repr__(self) -> str:
        return f"RedisStore({str(self._address)!r}, timeout={self._timeout!r})"

    def standing(
        self,
        issuer: str,
        subject: str,
        token_id: str,
        session_id: str | None,
        issued_at: float,
        *,
        is_refresh: bool,
    ) -> Standing:
        keys = self._of_subject(issuer, subject)
        wanted = [keys.token(token_id), keys.cut_off(subject)]
        home = None if session_id is None else home_of(issuer, session_id)
        if session_id is not None and home == keys.tag:
            wanted.append(keys.session(session_id))
        if self._epoch is not None:
            wanted.append(keys.epoch)
        found = self._look_up(wanted)
        record = None
        if home == keys.tag:
            record = found[2]
        elif session_id is not None:
            [record] = self._look_up(self._session_keys(issuer, session_id)[:1])
        try:
            cut_off = self._cut_off(found)
            return _judge(found[0], record, cut_off, token_id, session_id, issued_at, is_refresh)
        except records.UNREADABLE as error:
            raise records.unreadable() from error

    def new_session_id(self, issuer: str, subject: str) -> str:
        """Return an id that begins with what the subject's keys are tagged with."""
        return new_session_id(tag_of(issuer, subject))

    def open_session(self, session: Session) -> bool:
        keys = self._of_session(session.issuer, session.session_id)
        owner = self._of_subject(session.issuer, session.subject)
        wanted = [keys.session(session.session_id)]
        listing = (session.session_id, session.expires_at, session.created_at)
        if keys.tag == owner.tag:
            wanted.append(owner.index(session.subject))
        opened = self._server.run(scripts.OPEN, wanted, records.write(session), *listing)
        is_new: bool = opened == 1
        if is_new and keys.tag != owner.tag:
            # The record first: what is listed and has none is taken off the list.
            self._server.run(scripts.LIST, [owner.index(session.subject)], *listing)
        return is_new

    def rotate(
        self,
        issuer: str,
        session_id: str,
        presented_id: str,
        successor_id: str,
        *,
        now: int,
        idle_expires_at: int | None,
        refresh_grace: int = 0,
        kept: bytes | None = None,
    ) -> Rotation:
        answer = self._server.run(
            scripts.ROTATE,
            self._session_keys(issuer, session_id),
            _bytes(presented_id),
            _bytes(successor_id),
            now,
            idle_expires_at or 0,
            refresh_grace,
            *(() if kept is None else (kept,)),
        )
        return Rotation(_STATES[answer[0]], *answer[1:])

    def touch(
        self, issuer: str, session_id: str, *, now: int, idle_expires_at: int | None
    ) -> Session | None:
        keys = self._session_keys(issuer, session_id)
        raw = self._server.run(scripts.TOUCH, keys[:1], now, idle_expires_at or 0)
        return None if raw is None else records.read(issuer, session_id, raw).session

    def revoke_token(
        self, issuer: str, subject: str, token_id: str, *, expires_at: int | None, now: int
    ) -> None:
        key = self._of_subject(issuer, subject).token(token_id)
        self._server.run(scripts.REVOKE, [key], _end(expires_at), now)

    def revoke_session(
        self, issuer: str, session_id: str, *, now: int, until: int | None = None
    ) -> None:
        unknown = Session(issuer, session_id, "", "", now, now, _end(until), None)
        keys = self._session_keys(issuer, session_id)
        self._server.run(scripts.END, keys, now, records.write(unknown))

    def revoke_subject(self, issuer: str, subject: str, *, now: int, until: int) -> None:
        owner = self._of_subject(issuer, subject)
        ids = self._listed(owner, subject)
        near = [sid for sid in ids if home_of(issuer, sid) == owner.tag]
        heads = [owner.cut_off(subject), owner.index(subject)]
        for batch in _batches(near):
            pairs = [key for sid in batch for key in self._session_keys(issuer, sid)]
            self._server.run(scripts.END_ALL, heads + pairs, now, until, *map(_bytes, batch))
        for session_id in set(ids).difference(near):
            self.revoke_session(issuer, session_id, now=now, until=now)

    def consume(
        self, issuer: str, subject: str, token_id: str, *, expires_at: int | None, now: int
    ) -> bool:
        key = self._of_subject(issuer, subject).token(token_id)
        end = _end(expires_at)
        lifetime = () if end >= FOREVER else ("EX", max(1, end + MAX_LEEWAY - now))
        consumed = self._server.change([key], "SET", key, b"0", "NX", *lifetime)
        return consumed is not None

    def sessions(self, issuer: str, subject: str, *, now: int) -> list[Session]:
        owner = self._of_subject(issuer, subject)
        found = self._records(issuer, self._listed(owner, subject))
        self._unlist(owner.index(subject), [sid for sid, raw in found if raw is None])
        read = [records.read(issuer, sid, raw) for sid, raw in found if raw is not None]
        live = [record.session for record in read if record.is_live(now)]
        return sorted(live, key=lambda session: (-session.created_at, session.session_id))

    def session(self, issuer: str, session_id: str, *, now: int) -> Session | None:
        raw = self._record(issuer, session_id)
        if raw is None:
            return None
        record = records.read(issuer, session_id, raw)
        return record.session if record.is_live(now) else None

    def prune(self, *, now: int) -> int:
        """Take sessions that are gone off their subjects' lists; entries leave by themselves."""
        total = 0
        for index in self._server.scan(_glob(self._prefix) + b"{*}i*"):
            ids = _texts(self._server.ask("ZRANGE", index, 0, -1))
            found = self._records(issuer_of_index(index), ids)
            total += self._unlist(index, [sid for sid, raw in found if raw is None])
        return total

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

    def _cut_off(self, found: list[bytes | None]) -> int | None:
        """Return the second up to which tokens are revoked that belong to no known session."""
        cut_off = None if found[1] is None else int(found[1])
        if self._epoch is None:
            return cut_off
        began = self._epoch.began(found[-1])
        return began if cut_off is None else max(cut_off, began)

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

    def _listed(self, owner: Keys, subject: str) -> list[str]:
        return _texts(self._server.ask("ZRANGE", owner.index(subject), 0, -1))

    def _records(self, issuer: str, ids: Iterable[str]) -> list[tuple[str, bytes | None]]:
        """Return the records of sessions, one round trip for each slot."""
        found: list[tuple[str, bytes | None]] = []
        home = partial(home_of, issuer)
        for _, group in groupby(sorted(ids, key=home), home):
            names = list(group)
            keys = [self._session_keys(issuer, session_id)[0] for session_id in names]
            found.extend(zip(names, self._server.ask("MGET", *keys), strict=True))
        return found

    def _unlist(self, index: Key, gone: list[str]) -> int:
        return int(self._server.ask("ZREM", index, *map(_bytes, gone))) if gone else 0


def _judge(
    token: bytes | None,
    record: bytes | None,
    cut_off: int | None,
    token_id: str,
    session_id: str | None,
    issued_at: float,
    is_refresh: bool,
) -> Standing:
    return judge_standing(
        token_id,
        session_id,
        issued_at,
        is_refresh,
        None if token is None else token == b"1",
        None if record is None else record[0] == ENDED,
        records.refresh_id_of(record) if record is not None and is_refresh else None,
        cut_off,
    )


def _end(expires_at: int | None) -> int:
    return FOREVER if expires_at is None else expires_at


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _texts(found: list[bytes]) -> list[str]:
    return [name.decode("utf-8", "surrogatepass") for name in found]


def _batches(ids: list[str]) -> Iterator[list[str]]:
    """Yield a first batch even where there is nothing: the cut-off is written with it."""
    for start in range(0, max(1, len(ids)), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


def _glob(prefix: str) -> bytes:
    """Return a pattern that only *prefix* matches."""
    return "".join(f"\\{c}" if c in "*?[]\\^" else c for c in prefix).encode()
