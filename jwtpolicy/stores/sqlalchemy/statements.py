"""The SQL statements of the store; each change of state is one statement."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Delete,
    Insert,
    LargeBinary,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite

from .rows import RECORD, SESSION
from .tables import memory, sessions, subjects, tokens

_S = sessions.c


def _now() -> ColumnElement[int]:
    return bindparam("now", type_=BigInteger)


def _is_live() -> ColumnElement[bool]:
    in_time = or_(_S.idle_expires_at.is_(None), _S.idle_expires_at > _now())
    return and_(_S.is_ended == 0, _S.expires_at > _now(), in_time)


_THIS_SESSION: Final = _S.session_key == bindparam("key")

_ONE = select(literal_column("1").label("one")).subquery("one_row")
_FOUND: Final = (
    _ONE.outerjoin(tokens, tokens.c.token_key == bindparam("token"))
    .outerjoin(sessions, _S.session_key == bindparam("session"))
    .outerjoin(subjects, subjects.c.subject_key == bindparam("subject"))
)
#: The entries about an access token: one row, always. `Shortcut` compiles it.
STANDING: Final[Select[Any]] = select(
    tokens.c.is_revoked, _S.is_ended, subjects.c.cut_off
).select_from(_FOUND)
_RECORD: Final = tuple(_S[name] for name in RECORD)
#: The same of a refresh token, and all of its session.
KNOWN: Final[Select[Any]] = STANDING.add_columns(*_RECORD)

_M = memory.c
_AGE: Final = (_M.began, _M.mark, _M.restored)


def _with_age(question: Select[Any]) -> Select[Any]:
    """Return a query of `_FOUND` with the age of the database in the same row."""
    found = _FOUND.outerjoin(memory, _M.id == literal_column("1"))
    return select(*question.selected_columns, *_AGE).select_from(found)


#: The same, of a store that denies what was lost.
STANDING_AND_AGE: Final[Select[Any]] = _with_age(STANDING)
KNOWN_AND_AGE: Final[Select[Any]] = _with_age(KNOWN)
AGE: Final[Select[Any]] = select(_M.began, _M.mark).where(_M.id == 1)
ADVANCE: Final[Update] = update(memory).where(_M.id == 1).values(mark=_M.mark + 1)


def _larger(column: ColumnElement[int], name: str) -> ColumnElement[int]:
    value = bindparam(name, type_=BigInteger)
    return case((column > value, column), else_=value)


#: Let memory begin now, farther than the database was ever seen to be.
BEGIN_AGAIN: Final[Update] = (
    update(memory)
    .where(_M.id == 1)
    .values(
        began=_larger(_M.began, "new_began"),
        mark=_larger(_M.mark, "new_mark") + 1,
        restored=_larger(_M.restored, "new_restored"),
    )
)
#: Since when a database surely remembers that did not say so: what is in it was not forgotten.
OLDEST_KNOWN: Final[tuple[Select[Any], Select[Any]]] = (
    select(func.min(_S.created_us) / 1_000_000),
    select(func.min(subjects.c.cut_off)).where(subjects.c.cut_off > 0),
)

_REFRESH_ID: Final = bindparam("old_refresh_id", type_=LargeBinary)
#: The compare-and-set of a record. Whoever comes second finds another `refresh_id` (REF-1).
SWAP: Final[Update] = (
    update(sessions)
    .where(_THIS_SESSION, _S.refresh_id == _REFRESH_ID, _S.is_ended == 0)
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "refresh_id",
                "last_used_at",
                "idle_expires_at",
                "facts",
                "is_ended",
                "predecessors",
                "kept",
                "kept_until",
                "replaced_at",
                "replaced_by",
            )
        }
    )
)
TOUCH: Final[Update] = (
    update(sessions)
    .where(_THIS_SESSION, _is_live())
    .values(last_used_at=_now(), idle_expires_at=bindparam("idle"))
)
_ENDED: Final[dict[str, Any]] = {
    "is_ended": 1,
    "predecessors": None,
    "kept": None,
    "kept_until": None,
}
_OF_SUBJECT: Final = _S.subject_key == bindparam("key")
END_ALL: Final[Update] = update(sessions).where(_OF_SUBJECT, _S.is_ended == 0).values(_ENDED)
_NOT_KEPT: Final = _S.session_key != bindparam("keep")
END_OTHERS: Final[Update] = (
    update(sessions).where(_OF_SUBJECT, _NOT_KEPT, _is_live()).values(_ENDED)
)
#: Those that have idled away too, whose access tokens may be about.
END_OTHERS_OVER: Final[Update] = (
    update(sessions).where(_OF_SUBJECT, _NOT_KEPT, _S.is_ended == 0).values(_ENDED)
)
END_THESE: Final[Update] = (
    update(sessions)
    .where(_S.session_key.in_(bindparam("keys", expanding=True)), _S.is_ended == 0)
    .values(_ENDED)
)

RECORD_OF: Final[Select[Any]] = select(*_RECORD).where(_THIS_SESSION)
_NEWEST_FIRST: Final = (_S.created_us.desc(), _S.session_id.desc())
_BEFORE_US: Final = bindparam("before_us", type_=BigInteger)
LIVE_SESSIONS: Final[Select[Any]] = (
    select(*(_S[name] for name in SESSION))
    .where(
        _OF_SUBJECT,
        _is_live(),
        _S.created_us <= _BEFORE_US,
        or_(_S.created_us < _BEFORE_US, _S.session_id < bindparam("before_id")),
    )
    .order_by(*_NEWEST_FIRST)
    .limit(bindparam("limit"))
)
#: All live sessions of a subject but the newest ones.
OLDEST: Final[Select[Any]] = (
    select(_S.session_key)
    .where(_OF_SUBJECT, _is_live())
    .order_by(*_NEWEST_FIRST)
    .offset(bindparam("remaining"))
)
#: What a login has to know, of a subject whose row is there: since when it must have begun, and
#: whether its session is there already.
LOGIN: Final[Select[Any]] = (
    select(subjects.c.floor_us, _S.is_ended)
    .select_from(subjects.outerjoin(sessions, _S.session_key == bindparam("session")))
    .where(subjects.c.subject_key == bindparam("subject"))
)

#: The server's own clock, in seconds since the epoch, by the names of SQLAlchemy's dialects.
CLOCKS: Final[dict[str, Select[Any]]] = {
    "postgresql": select(literal_column("extract(epoch FROM clock_timestamp())")),
    "mysql": select(literal_column("unix_timestamp()")),
    "mariadb": select(literal_column("unix_timestamp()")),
    "sqlite": select(literal_column("strftime('%s', 'now')")),
}


class Upserts:
    """The upserts in one SQL dialect: statements that insert a row, or change an existing one.

    Attributes:
        open_session: Inserts a session. Where there is one it changes no row, or fails with an
            IntegrityError: MySQL's own way of leaving a row alone counts it as changed.
        consume: Inserts a token, in the same way.
        revoke_token: Marks a token.
        end_session: Marks a session.
        cut: Locks a subject's row until the end of the transaction; writes the second up to which
            its tokens are revoked, and the microsecond that its logins must not have begun before.
    """

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        # Else SQLAlchemy does not keep the number of rows of an insertion.
        self.open_session = self._only_new(sessions).execution_options(preserve_rowcount=True)
        self.consume = self._only_new(tokens).execution_options(preserve_rowcount=True)
        self.revoke_token = self._upsert(tokens, {"is_revoked": 1}, ["expires_at"])
        self.end_session = self._upsert(sessions, _ENDED, [])
        self.cut = self._upsert(subjects, {}, ["cut_off", "floor_us", "expires_at"])

    def _only_new(self, table: Table) -> Insert:
        if self._dialect == "postgresql":
            return postgresql.insert(table).on_conflict_do_nothing()
        if self._dialect == "sqlite":
            return sqlite.insert(table).on_conflict_do_nothing()
        return insert(table)

    def _upsert(self, table: Table, changes: dict[str, Any], grows: list[str]) -> Insert:
        """Insert a row; where it is there make *changes*, and let the columns *grows* grow."""
        if self._dialect == "mysql":
            new = mysql.insert(table)
            larger = {name: func.greatest(table.c[name], new.inserted[name]) for name in grows}
            return new.on_duplicate_key_update({**changes, **larger})
        if self._dialect == "sqlite":
            row = sqlite.insert(table)
            larger = {name: func.max(table.c[name], row.excluded[name]) for name in grows}
            return row.on_conflict_do_update(
                index_elements=list(table.primary_key), set_={**changes, **larger}
            )
        line = postgresql.insert(table)
        larger = {name: func.greatest(table.c[name], line.excluded[name]) for name in grows}
        return line.on_conflict_do_update(
            index_elements=list(table.primary_key), set_={**changes, **larger}
        )


class Cleaning:
    """The statements that find the rows of a table that nobody needs, and delete or erase them.

    They are looked up first, without a lock, and then changed by their keys: a statement that
    changes a range locks it on InnoDB, with the gaps in which others are about to insert.

    Args:
        table: The table.
        column: The column that says until when a row is needed.
        change: The statement that deletes or erases rows; *clean* adds which.
    """

    def __init__(self, table: Table, column: str, change: Update | Delete) -> None:
        (key,) = table.primary_key
        until = table.c[column]
        is_over = until <= bindparam("horizon", type_=BigInteger)
        self.find = select(key).where(is_over).limit(bindparam("batch"))
        self.count = select(func.count()).select_from(table).where(is_over)
        # Once more: somebody may have prolonged what was found.
        self.clean = change.where(key.in_(bindparam("keys", expanding=True)), is_over)


PRUNE: Final = (
    Cleaning(tokens, "expires_at", delete(tokens)),
    Cleaning(sessions, "expires_at", delete(sessions)),
    Cleaning(subjects, "expires_at", delete(subjects)),
)
ERASE_KEPT: Final = Cleaning(
    sessions,
    "kept_until",
    update(sessions).values(predecessors=None, kept=None, kept_until=None),
)


@cache
def upserts(dialect: str) -> Upserts:
    """Return the statements of a dialect, made once, since SQLAlchemy keeps what it compiled."""
    return Upserts(dialect)
