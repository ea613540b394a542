"""The tables of sessions, revocations and subjects."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

#: The prefix of all names of the library's tables and indexes.
PREFIX: Final = "jwtpolicy_"

#: The shape of the tables; it is written into ``jwtpolicy_schema``.
SCHEMA_VERSION: Final = 2

#: The tables, for Alembic and for whoever makes them himself.
metadata: Final = MetaData()

#: Only InnoDB has transactions and locks single rows.
_INNODB: Final[dict[str, Any]] = {"mysql_engine": "InnoDB", "mariadb_engine": "InnoDB"}
#: On SQLite, rows lie in the order of their keys.
_KEYED: Final[dict[str, Any]] = {**_INNODB, "sqlite_with_rowid": False}


# Everything that comes out of a token is kept as bytes, in every column. Collations, the character
# sets of databases and of connections, the padding of CHAR and the NUL that PostgreSQL's text does
# not take are then none of our business: two ids are equal if their bytes are.
def _key() -> TypeEngine[bytes]:
    """Return the type of a key: the 32 bytes of a hash."""
    return LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")


def _long() -> TypeEngine[bytes]:
    """Return the type of long values, such as sealed pairs; BLOB ends at 64 kB."""
    return LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")


schema_version: Final = Table(
    f"{PREFIX}schema",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    **_INNODB,
)

tokens: Final = Table(
    f"{PREFIX}token",
    metadata,
    Column("token_key", _key(), primary_key=True),
    Column("is_revoked", SmallInteger, nullable=False),  # 1: revoked, 0: consumed
    Column("expires_at", BigInteger, nullable=False),
    **_KEYED,
)

sessions: Final = Table(
    f"{PREFIX}session",
    metadata,
    Column("session_key", _key(), primary_key=True),
    Column("subject_key", _key(), nullable=False),
    Column("is_ended", SmallInteger, nullable=False),
    Column("refresh_id", LargeBinary, nullable=False),
    Column("issuer", LargeBinary, nullable=False),
    Column("session_id", LargeBinary, nullable=False),
    Column("subject", LargeBinary, nullable=False),
    Column("created_us", BigInteger, nullable=False),  # microseconds
    Column("last_used_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("idle_expires_at", BigInteger),
    Column("label", LargeBinary),
    Column("facts", _long()),
    Column("predecessors", _long()),  # JSON
    Column("kept_until", BigInteger),
    Column("kept", _long()),
    Column("replaced_at", BigInteger),
    Column("replaced_by", LargeBinary),
    **_KEYED,
)

#: Each subject's row is there from its first login on: whoever opens or ends its sessions locks it.
subjects: Final = Table(
    f"{PREFIX}subject",
    metadata,
    Column("subject_key", _key(), primary_key=True),
    Column("cut_off", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    # Microseconds: logins must have begun then or later.
    Column("floor_us", BigInteger, nullable=False, server_default="0"),
    **_KEYED,
)

#: One row: since when the database remembers, how far it has come, and the second up to which
#: tokens are refused because it had come farther. Version 2 began without it, and only whoever
#: denies what was lost needs it.
memory: Final = Table(
    f"{PREFIX}memory",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1
    Column("began", BigInteger, nullable=False),
    Column("mark", BigInteger, nullable=False),
    Column("restored", BigInteger, nullable=False),
    **_INNODB,
)

_KEPT = sessions.c.kept_until.is_not(None)

Index(f"{PREFIX}token_by_expiry", tokens.c.expires_at)
Index(f"{PREFIX}session_by_expiry", sessions.c.expires_at)
Index(f"{PREFIX}session_by_subject", sessions.c.subject_key, sessions.c.created_us)
Index(f"{PREFIX}session_kept", sessions.c.kept_until, postgresql_where=_KEPT, sqlite_where=_KEPT)
Index(f"{PREFIX}subject_by_expiry", subjects.c.expires_at)
