"""Conversion of sessions and records to columns, and back."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from ..base import Session, SessionRecord, microseconds
from ..columns import read_predecessors, write_predecessors

#: The columns that make a `Session`, in its order.
SESSION: Final = (
    "issuer",
    "session_id",
    "subject",
    "refresh_id",
    "created_us",
    "last_used_at",
    "expires_at",
    "idle_expires_at",
    "label",
    "facts",
)
#: The columns that make a `SessionRecord`, in its order.
RECORD: Final = (*SESSION, "is_ended", "predecessors", "kept", "replaced_at", "replaced_by")

Values = dict[str, Any]


def as_bytes(text: str) -> bytes:
    """Return any text as bytes, those that UTF-8 does not have included."""
    return text.encode("utf-8", "surrogatepass")


def as_text(stored: bytes) -> str:
    """Return the text that `as_bytes` encoded."""
    return bytes(stored).decode("utf-8", "surrogatepass")


def key_of(issuer: str, name: str) -> bytes:
    """Return the 32 bytes that an issuer's ``jti``, ``sid`` or ``sub`` is found by.

    Names may be long, and keys of InnoDB may not. The length says where the issuer ends, so that
    no two pairs are the same text; nobody can find two with the same SHA-256.
    """
    return sha256(as_bytes(f"{len(issuer)}:{issuer}{name}")).digest()


def session_values(session: Session) -> Values:
    """Return a new session as the parameters of an insertion."""
    return {
        "session_key": key_of(session.issuer, session.session_id),
        "subject_key": key_of(session.issuer, session.subject),
        "is_ended": 0,
        "refresh_id": as_bytes(session.refresh_id),
        "issuer": as_bytes(session.issuer),
        "session_id": as_bytes(session.session_id),
        "subject": as_bytes(session.subject),
        "created_us": microseconds(session.created_at),
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
        "idle_expires_at": session.idle_expires_at,
        "label": _bytes_or_none(session.label),
        "facts": _bytes_or_none(session.facts),
    }


def record_values(record: SessionRecord) -> Values:
    """Return the changing columns of a record, as the parameters of `SWAP`."""
    session, predecessors = record.session, write_predecessors(record.predecessors)
    return {
        "new_refresh_id": as_bytes(session.refresh_id),
        "new_last_used_at": session.last_used_at,
        "new_idle_expires_at": session.idle_expires_at,
        "new_facts": _bytes_or_none(session.facts),
        "new_is_ended": int(record.is_ended),
        "new_predecessors": _bytes_or_none(predecessors),
        "new_kept": record.kept,
        "new_kept_until": record.kept_until or None,
        "new_replaced_at": record.replaced_at,
        "new_replaced_by": as_bytes(record.replaced_by),
    }


def session_of(row: Sequence[Any]) -> Session:
    """Return the session in a row of the columns `SESSION`."""
    issuer, session_id, subject, refresh_id = (as_text(value) for value in row[:4])
    created_us, last_used_at, expires_at, idle_expires_at, label, facts = row[4:10]
    return Session(
        issuer,
        session_id,
        subject,
        refresh_id,
        created_us / 1_000_000,
        last_used_at,
        expires_at,
        idle_expires_at,
        _text_or_none(label),
        _text_or_none(facts),
    )


def record_of(row: Sequence[Any]) -> SessionRecord:
    """Return the record in a row of the columns `RECORD`."""
    is_ended, predecessors, kept, replaced_at, replaced_by = row[10:15]
    return SessionRecord(
        session_of(row),
        bool(is_ended),
        read_predecessors(_text_or_none(predecessors)),
        None if kept is None else bytes(kept),
        replaced_at or 0,
        _text_or_none(replaced_by) or "",
    )


def _bytes_or_none(text: str | None) -> bytes | None:
    return None if text is None else as_bytes(text)


def _text_or_none(stored: bytes | None) -> str | None:
    return None if stored is None else as_text(stored)
