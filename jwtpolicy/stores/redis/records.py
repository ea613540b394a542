"""Write a session's record as bytes that scripts read too, and read it."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from ...exceptions import StoreUnavailableError
from ..base import Session

# The same as PACK in scripts.py: whether it was ended, five times, four strings with lengths.
_TIMES: Final = struct.Struct(">Bqqqqq")
_LENGTH: Final = struct.Struct(">I")

#: What reading raises where something else was written.
UNREADABLE: Final = (struct.error, ValueError, IndexError)

#: The first byte of a record whose session was ended.
ENDED: Final = 1


class Record(NamedTuple):
    """A session as it is written."""

    session: Session
    is_ended: bool

    def is_live(self, now: int) -> bool:
        """Whether the session is neither ended nor over."""
        return not self.is_ended and self.session.is_live(now)


def write(session: Session, *, is_ended: bool = False) -> bytes:
    """Return the record of a session that was not refreshed yet."""
    times = _TIMES.pack(
        is_ended,
        session.created_at,
        session.last_used_at,
        session.expires_at,
        session.idle_expires_at or 0,
        0,
    )
    label = "" if session.label is None else f"={session.label}"
    texts = (session.refresh_id, "", session.subject, label)
    return times + b"".join(map(_text, texts))


def read(issuer: str, session_id: str, raw: bytes) -> Record:
    """Return what `write` or a script wrote.

    Raises:
        StoreUnavailableError: Something else wrote there.
    """
    try:
        return _read(issuer, session_id, raw)
    except UNREADABLE as error:
        raise unreadable() from error


def unreadable() -> StoreUnavailableError:
    """Return what to raise where somebody else wrote what we should read."""
    return StoreUnavailableError("the Redis token store failed: an entry cannot be read")


def _read(issuer: str, session_id: str, raw: bytes) -> Record:
    is_ended, created_at, last_used_at, expires_at, idle, _ = _TIMES.unpack_from(raw)
    refresh_id, _, subject, label = _texts(raw)
    session = Session(
        issuer=issuer,
        session_id=session_id,
        subject=subject,
        refresh_id=refresh_id,
        created_at=created_at,
        last_used_at=last_used_at,
        expires_at=expires_at,
        idle_expires_at=idle or None,
        label=label[1:] if label else None,
    )
    return Record(session, is_ended == ENDED)


def refresh_id_of(raw: bytes) -> str:
    """Return the refresh token that the session expects."""
    start = _TIMES.size + _LENGTH.size
    (length,) = _LENGTH.unpack_from(raw, _TIMES.size)
    return raw[start : start + length].decode("utf-8", "surrogatepass")


def _text(value: str) -> bytes:
    encoded = value.encode("utf-8", "surrogatepass")
    return _LENGTH.pack(len(encoded)) + encoded


def _texts(raw: bytes) -> list[str]:
    found, start = [], _TIMES.size
    while start < len(raw):
        (length,) = _LENGTH.unpack_from(raw, start)
        start += _LENGTH.size
        found.append(raw[start : start + length].decode("utf-8", "surrogatepass"))
        start += length
    return found
