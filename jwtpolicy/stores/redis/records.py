"""The byte format of a session's record, which the Lua scripts read and write too."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from ...exceptions import StoreUnavailableError
from ..base import Predecessor, Session, SessionRecord, microseconds

#: The first byte of every record. Before version 2 there was none, but whether it was ended.
VERSION: Final = 2

#: The error of every script that meets a record of another version.
OTHER_VERSION: Final = "JWTPOLICY_OTHER_VERSION"

# The same as pack_record in scripts.py: the version, whether it was ended, five times, six strings
# with lengths.
_TIMES: Final = struct.Struct(">BBqqqqq")
_LENGTH: Final = struct.Struct(">I")
_DEADLINE: Final = struct.Struct(">q")

#: The errors of reading bytes that are no record.
UNREADABLE: Final = (struct.error, ValueError, IndexError)


def write(record: SessionRecord) -> bytes:
    """Return a record as bytes."""
    session = record.session
    times = _TIMES.pack(
        VERSION,
        record.is_ended,
        microseconds(session.created_at),
        session.last_used_at,
        session.expires_at,
        session.idle_expires_at or 0,
        record.replaced_at,
    )
    optional = (_optional(session.label), _optional(session.facts))
    texts = (session.refresh_id, record.replaced_by, session.subject, *optional)
    used = b"".join(
        _DEADLINE.pack(one.deadline) + _sized(as_bytes(one.token_id)) for one in record.predecessors
    )
    return times + b"".join(_sized(as_bytes(text)) for text in texts) + _sized(used)


def read(issuer: str, session_id: str, raw: bytes) -> SessionRecord:
    """Return the record in the bytes of `write` or of a script.

    Raises:
        StoreUnavailableError: The bytes are no record, or of another version of this library.
    """
    check_version(raw)
    try:
        return _read(issuer, session_id, raw)
    except UNREADABLE as error:
        raise unreadable() from error


def is_ended(raw: bytes) -> bool:
    """Whether the session of a record was ended, without reading the rest.

    Raises:
        StoreUnavailableError: Another version of this library wrote the record.
    """
    check_version(raw)
    return raw[1] != 0


def check_version(raw: bytes) -> None:
    """Refuse a record of another version of this library.

    Raises:
        StoreUnavailableError: The record is of another version, or is none at all.
    """
    if raw[:1] != bytes([VERSION]):
        raise other_version() if raw[:1] in (b"\0", b"\1") else unreadable()


def other_version() -> StoreUnavailableError:
    """Return the error for entries of an older version of the library."""
    return StoreUnavailableError(
        "an older version of jwtpolicy wrote the Redis token store; run "
        "`flask jwtpolicy store upgrade`"
    )


def unreadable() -> StoreUnavailableError:
    """Return the error for an entry that cannot be read."""
    return StoreUnavailableError("the Redis token store failed: an entry cannot be read")


def as_bytes(text: str) -> bytes:
    """Return any text as bytes, those that UTF-8 does not have included."""
    return text.encode("utf-8", "surrogatepass")


def as_text(raw: bytes) -> str:
    """Return the text that `as_bytes` encoded."""
    return raw.decode("utf-8", "surrogatepass")


def _read(issuer: str, session_id: str, raw: bytes) -> SessionRecord:
    _, ended, created_us, last_used_at, expires_at, idle, replaced_at = _TIMES.unpack_from(raw)
    *texts, used = _parts(raw)
    refresh_id, replaced_by, subject, label, facts = map(as_text, texts)
    session = Session(
        issuer=issuer,
        session_id=session_id,
        subject=subject,
        refresh_id=refresh_id,
        created_at=created_us / 1_000_000,
        last_used_at=last_used_at,
        expires_at=expires_at,
        idle_expires_at=idle or None,
        label=label[1:] if label else None,
        facts=facts[1:] if facts else None,
    )
    used_up = tuple(_predecessors(used))
    return SessionRecord(session, ended == 1, used_up, None, replaced_at, replaced_by)


def _predecessors(raw: bytes) -> Iterable[Predecessor]:
    start = 0
    while start < len(raw):
        (deadline,) = _DEADLINE.unpack_from(raw, start)
        (length,) = _LENGTH.unpack_from(raw, start + _DEADLINE.size)
        start += _DEADLINE.size + _LENGTH.size
        yield Predecessor(as_text(raw[start : start + length]), deadline)
        start += length


def _optional(text: str | None) -> str:
    """Return optional text as text that tells empty from absent."""
    return "" if text is None else f"={text}"


def _sized(data: bytes) -> bytes:
    return _LENGTH.pack(len(data)) + data


def _parts(raw: bytes) -> list[bytes]:
    found, start = [], _TIMES.size
    while start < len(raw):
        (length,) = _LENGTH.unpack_from(raw, start)
        start += _LENGTH.size
        found.append(raw[start : start + length])
        start += length
    return found
