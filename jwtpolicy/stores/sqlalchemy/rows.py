"""Turn what tokens say into what columns hold, and back."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from ..base import Session, SessionRecord

#: The columns that make a `Session`, in its order.
SESSION: Final = (
    "issuer",
    "session_id",
    "subject",
    "refresh_id",
    "created_at",
    "last_used_at",
    "expires_at",
    "idle_expires_at",
    "label",
)
#: The columns that make a `SessionRecord`, in its order.
RECORD: Final = (*SESSION, "is_ended", "previous_id", "kept", "kept_until")

Values = dict[str, Any]


def as_bytes(text: str) -> bytes:
    """Return any text as bytes, those that UTF-8 does not have included."""
    return text.encode("utf-8", "surrogatepass")


def as_text(stored: bytes) -> str:
    """Return the text that `as_bytes` was given."""
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
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
        "idle_expires_at": session.idle_expires_at,
        "label": None if session.label is None else as_bytes(session.label),
    }


def session_of(row: Sequence[Any]) -> Session:
    """Return the session that a row of the columns `SESSION` says."""
    issuer, session_id, subject, refresh_id = (as_text(value) for value in row[:4])
    created_at, last_used_at, expires_at, idle_expires_at, label = row[4:9]
    return Session(
        issuer,
        session_id,
        subject,
        refresh_id,
        created_at,
        last_used_at,
        expires_at,
        idle_expires_at,
        None if label is None else as_text(label),
    )


def record_of(row: Sequence[Any]) -> SessionRecord:
    """Return the record that a row of the columns `RECORD` says."""
    is_ended, previous, kept, kept_until = row[9:13]
    return SessionRecord(
        session_of(row),
        bool(is_ended),
        None if previous is None else as_text(previous),
        None if kept is None else bytes(kept),
        kept_until or 0,
    )
