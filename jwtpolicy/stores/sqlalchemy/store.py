"""Keep tokens' standing in an SQL database, shared by all processes of all machines."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import ClassVar, Final

from sqlalchemy import URL, Engine, Executable
from sqlalchemy.exc import IntegrityError

from ...access import Standing
from ...exceptions import StoreUnavailableError
from ..base import (
    FOREVER,
    MAX_LEEWAY,
    Rotation,
    RotationState,
    Session,
    TokenStore,
    judge_standing,
)
from ..forks import PerProcess
from . import statements as sql
from .database import Database, Databases, Rows
from .engines import open_engine
from .rows import Values, as_bytes, as_text, key_of, record_of, session_of, session_values

_PRUNE_EVERY: Final = 256  # writes
_BATCH: Final = 500  # rows of each table at a time; SQLite takes 999 parameters everywhere
_LOOKS: Final = 4  # before a rotation gives up, if a session changes with each

_LOG: Final = logging.getLogger("jwtpolicy")


class SQLAlchemyStore(TokenStore):
    """A store in tables of its own, next to the application's: PostgreSQL, MariaDB, MySQL, SQLite.

    The tables are made at the first use. A look-up is one statement, and one round trip where the
    store has its own engine. A change is one statement, or one transaction, and is committed
    before the method returns: how safe it is on the disk is up to the database's settings.

    .. warning:: Do not point it at a replica: what was revoked a moment ago may not be there yet.

    Args:
        database: A URL, from which the store makes an engine of its own; or an engine, whose pool
            and timeouts it uses; or what returns one, as ``lambda: db.engine`` does with
            Flask-SQLAlchemy, whose engine can be had within an application context only.
        timeout: Seconds that waiting for a connection of the pool, connecting, and each statement
            may take, before it is given up with `StoreUnavailableError`. An engine that was handed
            over keeps its own.
        create_tables: Whether tables that are missing are made. False: ``flask jwtpolicy ddl``
            prints what to run.

    Raises:
        ConfigurationError: The URL cannot be read, or its driver is not installed.
    """

    is_shared: ClassVar[bool] = True

    def __init__(
        self,
        database: str | URL | Engine | Callable[[], Engine],
        *,
        timeout: float = 5.0,
        create_tables: bool = True,
    ) -> None:
        self._timeout = timeout
        self._may_create = create_tables
        self._shown, self._engine = _source(database, timeout)
        is_own = isinstance(database, str | URL)
        self._databases = Databases(
            self._engine, is_own=is_own, may_create=create_tables, timeout=timeout
        )
        self._writes = count(1)
        self._erase_at = 0

    def __repr__(self) -> str:
        options = f"timeout={self._timeout!r}, create_tables={self._may_create!r}"
        return f"<SQLAlchemyStore {self._shown} {options}>"

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
        keys = {
            "token": key_of(issuer, token_id),
            "session": b"" if session_id is None else key_of(issuer, session_id),
            "subject": key_of(issuer, subject),
        }
        is_revoked, is_ended, refresh_id, cut_off = self._database.look_up(keys)
        current_id = None if refresh_id is None else as_text(refresh_id)
        return judge_standing(
            token_id, session_id, issued_at, is_refresh, is_revoked, is_ended, current_id, cut_off
        )

    def open_session(self, session: Session) -> bool:
        return self._insert(self._upsert.open_session, session_values(session), session.created_at)

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
        key = key_of(issuer, session_id)
        values = {
            "key": key,
            "presented": as_bytes(presented_id),
            "successor": as_bytes(successor_id),
            "now": now,
            "idle": idle_expires_at,
            "kept": kept,
            "kept_until": None if kept is None else now + refresh_grace,
        }
        for _ in range(_LOOKS):
            if self._change(now, (sql.ROTATE, values)):
                if kept is not None:
                    self._erase_at = self._erase_at or now + refresh_grace
                return Rotation(RotationState.ROTATED)
            rotation = self._judge(key, presented_id, now)
            if rotation.state is not RotationState.ROTATED:
                return rotation
            # Between the two looks somebody made the presented token the current one.
        msg = "the session changed with every look at it"
        raise StoreUnavailableError(msg)

    def _judge(self, key: bytes, presented_id: str, now: int) -> Rotation:
        """Say why a token was not the current one, and end the session of a stolen one."""
        rows = self._ask(sql.RECORD_OF, {"key": key})
        if not rows:
            return Rotation(RotationState.ENDED)
        rotation = record_of(rows[0]).judge(presented_id, now)
        if rotation.state is RotationState.REUSED and not self._change(
            now, (sql.END, {"key": key})
        ):
            return Rotation(RotationState.ENDED)  # by somebody else, in the meantime
        return rotation

    def touch(
        self, issuer: str, session_id: str, *, now: int, idle_expires_at: int | None
    ) -> Session | None:
        values = {"key": key_of(issuer, session_id), "now": now, "idle": idle_expires_at}
        self._change(now, (sql.TOUCH, values))
        return self.session(issuer, session_id, now=now)

    def revoke_token(
        self, issuer: str, subject: str, token_id: str, *, expires_at: int | None, now: int
    ) -> None:
        values = _token(issuer, token_id, 1, expires_at)
        self._change(now, (self._upsert.revoke_token, values))

    def revoke_session(
        self, issuer: str, session_id: str, *, now: int, until: int | None = None
    ) -> None:
        expires_at = FOREVER if until is None else until
        unknown = Session(issuer, session_id, "", "", now, now, expires_at, None)
        values = {**session_values(unknown), "is_ended": 1}
        self._change(now, (self._upsert.end_session, values))

    def revoke_subject(self, issuer: str, subject: str, *, now: int, until: int) -> None:
        key = key_of(issuer, subject)
        cut_off = {"subject_key": key, "cut_off": now, "expires_at": until}
        self._change(now, (self._upsert.cut_off, cut_off), (sql.END_ALL, {"key": key}))

    def consume(
        self, issuer: str, subject: str, token_id: str, *, expires_at: int | None, now: int
    ) -> bool:
        values = _token(issuer, token_id, 0, expires_at)
        return self._insert(self._upsert.consume, values, now)

    def sessions(self, issuer: str, subject: str, *, now: int) -> list[Session]:
        values = {"key": key_of(issuer, subject), "now": now}
        return [session_of(row) for row in self._ask(sql.LIVE_SESSIONS, values)]

    def session(self, issuer: str, session_id: str, *, now: int) -> Session | None:
        values = {"key": key_of(issuer, session_id), "now": now}
        rows = self._ask(sql.LIVE_SESSION, values)
        return session_of(rows[0]) if rows else None

    def prune(self, *, now: int) -> int:
        total = 0
        while removed := self.prune_batch(now=now, limit=_BATCH):
            total += removed
        return total

    def prune_batch(self, *, now: int, limit: int) -> int:
        database = self._database
        while self._clean(database, sql.ERASE_KEPT, now, _BATCH):
            pass
        return self._prune(database, now, min(limit, _BATCH))

    def prunable(self, *, now: int) -> int:
        horizon = {"horizon": now - MAX_LEEWAY}
        return sum(self._ask(table.count, horizon)[0][0] for table in sql.PRUNE)

    def close(self) -> None:
        self._databases.close()

    def _ask(self, statement: Executable, values: Values) -> Rows:
        return self._database.ask(statement, values)

    def _insert(self, statement: Executable, values: Values, now: int) -> bool:
        """Insert a row, and say whether it is new."""
        try:
            return self._change(now, (statement, values)) == 1
        except IntegrityError:
            return False

    def _change(self, now: int, *steps: tuple[Executable, Values]) -> int:
        database = self._database
        changed = database.change(*steps)
        self._tidy(database, now)
        return changed

    def _tidy(self, database: Database, now: int) -> None:
        """Erase pairs that are void, and prune now and then; what was changed stays changed."""
        try:
            if self._erase_at and now >= self._erase_at:
                self._erase_at = 0
                self._clean(database, sql.ERASE_KEPT, now, _BATCH)
            if next(self._writes) % _PRUNE_EVERY == 0:
                self._prune(database, now, _BATCH)
        except StoreUnavailableError as error:
            _LOG.warning("the token store could not be pruned: %s", error.reason)

    def _prune(self, database: Database, now: int, limit: int) -> int:
        horizon = now - MAX_LEEWAY
        return sum(self._clean(database, table, horizon, limit) for table in sql.PRUNE)

    @staticmethod
    def _clean(database: Database, table: sql.Cleaning, horizon: int, limit: int) -> int:
        found = database.ask(table.find, {"horizon": horizon, "batch": limit})
        if not found:
            return 0
        keys = [bytes(key) for (key,) in found]
        return database.change((table.clean, {"horizon": horizon, "keys": keys}))

    @property
    def _upsert(self) -> sql.Upserts:
        return sql.upserts(self._database.dialect)

    @property
    def _database(self) -> Database:
        return self._databases.current()


def _source(
    database: str | URL | Engine | Callable[[], Engine], timeout: float
) -> tuple[str, Callable[[], Engine]]:
    """Return how a database is shown, without a password, and what returns its engine."""
    if isinstance(database, str | URL):
        engines = PerProcess(partial(open_engine, database, timeout))
        url = engines().url
        # Neither the user's part nor the parameters: both may hold a password.
        return f"{url.drivername}://{url.host or ''}/{url.database or ''}", engines
    if isinstance(database, Engine):
        return repr(database.dialect.name), lambda: database
    return "function", database


def _token(issuer: str, token_id: str, is_revoked: int, expires_at: int | None) -> Values:
    return {
        "token_key": key_of(issuer, token_id),
        "is_revoked": is_revoked,
        "expires_at": FOREVER if expires_at is None else expires_at,
    }
