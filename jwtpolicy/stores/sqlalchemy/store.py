"""The token store in an SQL database, shared by all machines: `SQLAlchemyStore`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any, ClassVar, Final, NamedTuple, TypeVar

from sqlalchemy import URL, Connection, Engine, Executable
from sqlalchemy.exc import IntegrityError

from ...clock import Clock, system_clock
from ...connections.deadlines import in_time
from ...connections.forks import PerProcess
from ...exceptions import ConfigurationError, StoreUnavailableError, expect
from ...tokens.status import TokenStatus
from ..base import (
    FOREVER,
    MAX_LEEWAY,
    MAX_LOGIN,
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
from ..columns import NO_CUT_OFF
from ..lineage import NEW, Age, Lineage, warn_of
from ..outages import tells_outages
from . import statements as sql
from .database import Database, Databases, Job, Rows
from .engines import check_engine, open_engine
from .rows import (
    Values,
    as_bytes,
    key_of,
    record_of,
    record_values,
    session_of,
    session_values,
)
from .schema import earlier_on

T = TypeVar("T")

_PRUNE_EVERY: Final = 256  # writes
_BATCH: Final = 500  # rows of each table at a time; SQLite takes 999 parameters everywhere
_LOOKS: Final = 4  # before a change gives up, if a session changes with each
_RESTLESS: Final = "the session changed with every look at it"

_LOG: Final = logging.getLogger("jwtpolicy")


@tells_outages
class SQLAlchemyStore(TokenStore):
    """A store in tables of its own, next to the application's: PostgreSQL, MariaDB, MySQL, SQLite.

    The tables are created at the first use. A look-up is one statement, and one round trip if the
    store has its own engine. A change is one statement or one transaction, and is committed before
    the method returns. How safe it is on the disk depends on the database's settings.

    .. warning:: **A token that was just revoked may be accepted if the store reads a replica.** Use
        the primary.

    Args:
        database: A URL, from which the store makes an engine of its own. Or an engine of
            PostgreSQL, MariaDB or MySQL; the store then makes a second pool of the same kind and
            size for itself. Or a function that returns such an engine, as ``lambda: db.engine``
            with Flask-SQLAlchemy, whose engine exists in an application context only.
        timeout: Seconds that a request to the database may take, before `StoreUnavailableError`.
            With an engine of the application, they limit the wait for a connection of the pool,
            the connecting, and on PostgreSQL the wait of transactions. The wait for an answer is
            limited by the arguments that the engine passes to its driver.
        create_tables: Whether missing tables are created. If False, ``flask jwtpolicy ddl`` prints
            the SQL to run.
        lost: What happens to older tokens if the tables were lost or replaced by an older copy.
            With ``"accept"``, tokens are accepted that the tables do not have as revoked. With
            ``"deny"``, tokens that were issued before are refused.
        clock: A function that returns the time; a new database records it as its beginning.

    Raises:
        ConfigurationError: The URL cannot be read, or its driver is not installed; or *lost* is
            neither ``"accept"`` nor ``"deny"``; or the engine is one of SQLite, or has a pool that
            does not give each thread its own connection. If a function returns the engine, it is
            raised before the first request.
    """

    is_shared: ClassVar[bool] = True

    def __init__(
        self,
        database: str | URL | Engine | Callable[[], Engine],
        *,
        timeout: float = 5.0,
        create_tables: bool = True,
        lost: str = "accept",
        clock: Clock = system_clock,
    ) -> None:
        if lost not in {"accept", "deny"}:
            msg = f"lost= is 'accept' or 'deny', not {lost!r:.40}"
            raise ConfigurationError(msg)
        self._clock = clock
        in_seconds = "SQLAlchemyStore(timeout=…) takes seconds"
        expect(timeout, (int, float), in_seconds, ConfigurationError)
        creates = "SQLAlchemyStore(create_tables=…) is True or False"
        expect(create_tables, bool, creates, ConfigurationError)
        self._timeout = timeout
        self._may_create = create_tables
        self._shown, self._engine = _source(database, timeout)
        is_own = isinstance(database, str | URL)
        self._databases = Databases(
            self._engine,
            is_own=is_own,
            may_create=create_tables,
            timeout=timeout,
            denies=lost == "deny",
            clock=clock,
        )
        self._writes = count(1)
        self._erase_at = 0

    def __repr__(self) -> str:
        options = f"timeout={self._timeout!r}, create_tables={self._may_create!r}"
        return f"<SQLAlchemyStore {self._shown} {options}>"

    @in_time
    def standing(self, ref: TokenRef, *, now: int, leeway: float = 0) -> TokenStatus:
        is_refresh = ref.kind == REFRESH
        database = self._database
        lineage = database.lineage
        seen = NEW if lineage is None else lineage.seen()
        row = database.look_up(self._keys(ref), with_record=is_refresh)
        if lineage is not None:
            begin_again = partial(self._begin_again, database, seen)
            remembered = self._remembered(lineage, seen, row, begin_again)
            if ref.is_covered_by(remembered.restored, leeway):
                return TokenStatus.REVOKED
            row = remembered.row
        known = _known(row) if is_refresh else Known(*row)
        return judge_standing(ref, known, now, leeway)

    def _remembered(
        self,
        lineage: Lineage,
        seen: Age,
        row: Sequence[Any],
        begin_again: Callable[[Age], int],
    ) -> _Remembered:
        """Return the row with the beginning of memory as a cut-off of all subjects."""
        *found, began, mark, restored = row
        if began is None:
            # It does not say, and so nobody is let in.
            return _Remembered(found, FOREVER)
        age = Age(began, mark)
        if age < seen:
            began = restored = begin_again(age)
        else:
            lineage.see(age)
        found[2] = began if found[2] is None else max(began, found[2])
        return _Remembered(found, restored)

    def _begin_again(self, database: Database, seen: Age, age: Age) -> int:
        """Set the beginning of memory to now, in a database that went back in time."""
        return database.transact(lambda connection: self._begin_again_on(connection, seen, age))

    def _begin_again_on(self, connection: Connection, seen: Age, age: Age) -> int:
        warn_of("the token store's database", seen, age)
        now = earlier_on(connection, int(self._clock()))
        began = max(now, seen.began)
        values = {"new_began": began, "new_mark": seen.mark, "new_restored": now}
        connection.execute(sql.BEGIN_AGAIN, values)
        return now

    def _advance(self, database: Database) -> None:
        """Advance the database's mark after a change, if that is due."""
        lineage = database.lineage
        if lineage is None or not lineage.is_due():
            return
        lineage.advanced()
        seen = lineage.seen()
        for began, mark in database.ask(sql.AGE, {}):
            if Age(began, mark) < seen:
                # Not past what was seen before: nobody would notice any more.
                self._begin_again(database, seen, Age(began, mark))
            else:
                database.change(sql.ADVANCE, {})
                lineage.see(Age(began, mark + 1))

    def _keys(self, ref: TokenRef) -> Values:
        issuer, subject, token_id, session_id, _, kind = ref
        if session_id is None and kind == REFRESH:
            session_id = self.adopted_session_id(ref)
        return {
            "token": key_of(issuer, token_id),
            "session": b"" if session_id is None else key_of(issuer, session_id),
            "subject": key_of(issuer, subject),
        }

    @in_time
    def open_session(
        self, session: Session, *, since: float | None = None, maximum: int | None = None
    ) -> Opening:
        values = session_values(session)
        keys = {"session": values["session_key"], "subject": values["subject_key"]}

        def job(connection: Connection) -> Opening:
            self._lock_subject(connection, session)
            floor, is_ended = connection.execute(sql.LOGIN, keys).one()
            if is_ended is not None:
                return Opening.KNOWN
            if since is not None and microseconds(since) < floor:
                return Opening.CUT_OFF
            _end_oldest(connection, session, maximum)
            _insert(connection, self._upsert.open_session, values)
            return Opening.OPENED

        return self._opening(job, session.last_used_at)

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
        now = session.last_used_at
        database = self._database
        lineage = database.lineage
        # Before the transaction, which may see the database as it was when it began.
        seen = NEW if lineage is None else lineage.seen()

        def job(connection: Connection) -> Session | None:
            self._lock_subject(connection, session)
            row = database.look_up_on(connection, self._keys(ref))
            if lineage is not None:
                begin_again = partial(self._begin_again_on, connection, seen)
                remembered = self._remembered(lineage, seen, row, begin_again)
                if ref.is_covered_by(remembered.restored, leeway):
                    return None
                row = remembered.row
            known = _known(row)
            if known.record is not None:
                is_fit = known.record.is_live(now) and not known.is_revoked
                return known.record.session if is_fit else None
            if judge_standing(ref, known, now, leeway) is not TokenStatus.GOOD:
                return None
            token = _token(ref, 0, token_expires_at)
            _insert(connection, self._upsert.consume, token)
            _end_oldest(connection, session, maximum)
            _insert(connection, self._upsert.open_session, session_values(session))
            return session

        return self._opening(job, now)

    def _lock_subject(self, connection: Connection, session: Session) -> None:
        """Lock the subject's row: ending all its sessions and opening one exclude each other."""
        key = key_of(session.issuer, session.subject)
        values = _cut(key, NO_CUT_OFF, 0, session.expires_at)
        connection.execute(self._upsert.cut, values)

    def _opening(self, job: Job[T], now: int) -> T:
        """Run the transaction that opens a session, again where another one inserted a row."""
        for _ in range(_LOOKS):
            try:
                return self._transact(now, job)
            except (IntegrityError, _NotNewError):
                continue
        raise StoreUnavailableError(_RESTLESS)

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
        def use(record: SessionRecord) -> SessionRecord:
            return record.rotated(step, now, now + grace, kept)

        rotation = self._meet(ref, now, use)
        if kept is not None and rotation.state is RotationState.ROTATED:
            self._erase_at = self._erase_at or now + grace
        return rotation

    @in_time
    def present(self, ref: TokenRef, *, now: int) -> Rotation:
        return self._meet(ref, now, None)

    def _meet(
        self, ref: TokenRef, now: int, use: Callable[[SessionRecord], SessionRecord] | None
    ) -> Rotation:
        """Judge a refresh token: rotate a current one, end the session of a reused one."""
        key = key_of(ref.issuer, ref.session_id or "")
        for _ in range(_LOOKS):
            record = self._find(key)
            if record is None:
                return Rotation(RotationState.ENDED)
            state = record.judge(ref, now)
            if state is RotationState.CURRENT and use is not None:
                if self._swap(key, record, use(record), now):
                    return Rotation(RotationState.ROTATED)
            elif state is not RotationState.REUSED:
                return Rotation(state, record.kept if state is RotationState.REPEATED else None)
            elif self._swap(key, record, record.ended(), now):
                return Rotation(state)
            # Between the look and the change somebody else changed the session.
        raise StoreUnavailableError(_RESTLESS)

    @in_time
    def replace(
        self, issuer: str, session_id: str, expected_id: str, step: Step, *, now: int
    ) -> bool:
        key = key_of(issuer, session_id)
        record = self._find(key)
        if record is None or not record.is_live(now) or record.session.refresh_id != expected_id:
            return False
        return self._swap(key, record, record.replaced(step, now), now)

    def _find(self, key: bytes) -> SessionRecord | None:
        rows = self._ask(sql.RECORD_OF, {"key": key})
        return record_of(rows[0]) if rows else None

    def _swap(self, key: bytes, before: SessionRecord, after: SessionRecord, now: int) -> bool:
        """Replace a record by compare-and-set, if it is unchanged and has not ended."""
        old = {"key": key, "old_refresh_id": as_bytes(before.session.refresh_id)}
        return self._change(now, sql.SWAP, {**old, **record_values(after)}) == 1

    @in_time
    def touch(
        self, issuer: str, session_id: str, *, now: int, idle_expires_at: int | None
    ) -> Session | None:
        values = {"key": key_of(issuer, session_id), "now": now, "idle": idle_expires_at}
        if not self._change(now, sql.TOUCH, values):
            return None
        return self.session(issuer, session_id, now=now)

    @in_time
    def revoke_token(self, ref: TokenRef, *, expires_at: int | None, now: int) -> None:
        self._change(now, self._upsert.revoke_token, _token(ref, 1, expires_at))

    @in_time
    def revoke_session(
        self, issuer: str, session_id: str, *, now: int, until: int | None = None
    ) -> None:
        expires_at = FOREVER if until is None else until
        unknown = Session(issuer, session_id, "", "", now, now, expires_at, None)
        self._change(now, self._upsert.end_session, {**session_values(unknown), "is_ended": 1})

    @in_time
    def revoke_subject(self, issuer: str, subject: str, *, now: float, until: int) -> None:
        key, second = key_of(issuer, subject), int(now)
        cut = _cut(key, second, microseconds(now), max(until, second + MAX_LOGIN))

        def job(connection: Connection) -> None:
            connection.execute(self._upsert.cut, cut)
            connection.execute(sql.END_ALL, {"key": key})

        self._transact(second, job)

    @in_time
    def end_others(self, issuer: str, subject: str, keep: str | None, *, now: float) -> int:
        key, second = key_of(issuer, subject), int(now)
        cut = _cut(key, NO_CUT_OFF, microseconds(now), second + MAX_LOGIN)
        kept = b"" if keep is None else key_of(issuer, keep)

        def job(connection: Connection) -> int:
            connection.execute(self._upsert.cut, cut)
            values = {"key": key, "keep": kept}
            live = connection.execute(sql.END_OTHERS, {**values, "now": second}).rowcount
            connection.execute(sql.END_OTHERS_OVER, values)
            return live

        return self._transact(second, job)

    @in_time
    def consume(self, ref: TokenRef, *, expires_at: int | None, now: int) -> bool:
        values = _token(ref, 0, expires_at)
        try:
            return self._change(now, self._upsert.consume, values) == 1
        except IntegrityError:
            return False

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
        created_at, session_id = before or (FOREVER, "")
        values = {
            "key": key_of(issuer, subject),
            "now": now,
            "limit": limit,
            "before_us": microseconds(created_at),
            "before_id": as_bytes(session_id),
        }
        return [session_of(row) for row in self._ask(sql.LIVE_SESSIONS, values)]

    @in_time
    def session(self, issuer: str, session_id: str, *, now: int) -> Session | None:
        record = self._find(key_of(issuer, session_id))
        return record.session if record is not None and record.is_live(now) else None

    def prune(self, *, now: int) -> int:
        total = 0
        while removed := self.prune_batch(now=now, limit=_BATCH):
            total += removed
        return total

    @in_time
    def prune_batch(self, *, now: int, limit: int) -> int:
        return self._prune(self._database, now, min(limit, _BATCH))

    @in_time
    def prunable(self, *, now: int) -> int:
        horizon = {"horizon": self._earlier(self._database, now) - MAX_LEEWAY}
        return sum(self._ask(table.count, horizon)[0][0] for table in sql.PRUNE)

    @in_time
    def server_time(self) -> float:
        return _clock_of(self._database)

    def check(self) -> None:
        """Make sure that the engine is one that a store can use; nothing is connected."""
        self._databases.current()

    def upgrade(self) -> str:
        """Return the SQL that upgrades the tables, to be run by a user who may change tables."""
        return self._database.upgrade()

    def close(self) -> None:
        self._databases.close()

    def _ask(self, statement: Executable, values: Values) -> Rows:
        return self._database.ask(statement, values)

    def _change(self, now: int, statement: Executable, values: Values) -> int:
        database = self._database
        changed = database.change(statement, values)
        self._tidy(database, now)
        return changed

    def _transact(self, now: int, job: Job[T]) -> T:
        database = self._database
        done = database.transact(job)
        self._tidy(database, now)
        return done

    def _tidy(self, database: Database, now: int) -> None:
        """Erase void sealed pairs, and prune now and then; errors do not undo the change."""
        try:
            self._advance(database)
            if self._erase_at and now >= self._erase_at:
                self._erase_at = 0
                self._erase_kept(database, self._earlier(database, now))
            if next(self._writes) % _PRUNE_EVERY == 0:
                self._prune(database, now, _BATCH)
        except StoreUnavailableError as error:
            _LOG.warning("the token store could not be pruned: %s", error.reason)

    def _prune(self, database: Database, now: int, limit: int) -> int:
        earlier = self._earlier(database, now)
        self._erase_kept(database, earlier)
        horizon = earlier - MAX_LEEWAY
        return sum(self._clean(database, table, horizon, limit) for table in sql.PRUNE)

    def _erase_kept(self, database: Database, now: int) -> None:
        while self._clean(database, sql.ERASE_KEPT, now, _BATCH):
            pass

    @staticmethod
    def _earlier(database: Database, now: int) -> int:
        """Return the earlier of the caller's clock and the server's: nothing is deleted before."""
        return min(now, int(_clock_of(database)))

    @staticmethod
    def _clean(database: Database, table: sql.Cleaning, horizon: int, limit: int) -> int:
        found = database.ask(table.find, {"horizon": horizon, "batch": limit})
        if not found:
            return 0
        keys = [bytes(key) for (key,) in found]
        return database.change(table.clean, {"horizon": horizon, "keys": keys})

    @property
    def _upsert(self) -> sql.Upserts:
        return sql.upserts(self._database.dialect)

    @property
    def _database(self) -> Database:
        return self._databases.current()


def _source(
    database: str | URL | Engine | Callable[[], Engine], timeout: float
) -> tuple[str, Callable[[], Engine]]:
    """Return the display name of a database, without a password, and a function for its engine."""
    if isinstance(database, str | URL):
        engines = PerProcess(partial(open_engine, database, timeout))
        url = engines().url
        # Neither the user's part nor the parameters: both may hold a password.
        return f"{url.drivername}://{url.host or ''}/{url.database or ''}", engines
    if isinstance(database, Engine):
        check_engine(database)
        return repr(database.dialect.name), lambda: database
    return "function", database


def _clock_of(database: Database) -> float:
    """Return the time by a database's own clock, in seconds since the epoch."""
    ((clock,),) = database.ask(sql.CLOCKS[database.dialect], {})
    return float(clock)


class _Remembered(NamedTuple):
    """A row in which the beginning of memory is a cut-off.

    Attributes:
        row: The row in the form of a store whose *lost* is ``"accept"``.
        restored: The second up to which tokens are refused even where their session is known: the
            entry may date from before the session was ended.
    """

    row: Sequence[Any]
    restored: int


class _NotNewError(Exception):
    """A row that was to be inserted exists; the transaction is rolled back."""


def _insert(connection: Connection, statement: Executable, values: Values) -> None:
    if connection.execute(statement, values).rowcount != 1:
        raise _NotNewError


def _end_oldest(connection: Connection, session: Session, maximum: int | None) -> None:
    """End the subject's oldest sessions above the maximum; the subject's row is locked."""
    if maximum is None:
        return
    key = key_of(session.issuer, session.subject)
    wanted = {"key": key, "now": session.last_used_at, "remaining": maximum - 1}
    keys = [bytes(one) for (one,) in connection.execute(sql.OLDEST, wanted)]
    for start in range(0, len(keys), _BATCH):
        connection.execute(sql.END_THESE, {"keys": keys[start : start + _BATCH]})


def _known(row: Sequence[Any]) -> Known:
    """Return the `Known` entries in a row of `sql.KNOWN`."""
    is_revoked, is_ended, cut_off, *record = row
    return Known(
        None if is_revoked is None else bool(is_revoked),
        None if is_ended is None else bool(is_ended),
        cut_off,
        None if is_ended is None else record_of(record),
    )


def _token(ref: TokenRef, is_revoked: int, expires_at: int | None) -> Values:
    return {
        "token_key": key_of(ref.issuer, ref.token_id),
        "is_revoked": is_revoked,
        "expires_at": FOREVER if expires_at is None else expires_at,
    }


def _cut(key: bytes, cut_off: int, floor_us: int, expires_at: int) -> Values:
    return {
        "subject_key": key,
        "cut_off": cut_off,
        "floor_us": floor_us,
        "expires_at": expires_at,
    }
