"""Name the users, sessions and tokens that a store is filled with, each by its number.

Names are as long as those that the library makes: ``jti`` has 32 characters, ``sid`` 22 (and three
more in Redis). A subject has 32 characters, and three sessions.
"""

from __future__ import annotations

from hashlib import md5
from typing import Final

from jwtpolicy.stores import Session, TokenRef, TokenStore

#: Seconds since the epoch, long ago: stores follow no clock that is ahead of the machine's, so that
#: they would not prune what is over after this. Nothing in them expires during the run.
NOW: Final = 1_600_000_000
DAY: Final = 86_400

#: What a rotation leaves for its repetition: a sealed pair, with HS256 and no claims.
KEPT: Final = bytes(800)


def subject(number: int) -> str:
    """Return the user of a session."""
    return _name("sub", number // 3)


def revoked_id(number: int) -> str:
    """Return the ``jti`` of a revoked token."""
    return _name("revoked", number)


def access(store: TokenStore, number: int) -> TokenRef:
    """Return an access token of a session."""
    sid = _session_id(store, number)
    return TokenRef("", subject(number), _name("access", number), sid, NOW)


def session(store: TokenStore, number: int) -> Session:
    """Return a session that was refreshed, longer ago than the grace."""
    return Session(
        issuer="",
        session_id=_session_id(store, number),
        subject=subject(number),
        refresh_id=_name("refresh", number),
        created_at=NOW - DAY,
        last_used_at=NOW,
        expires_at=NOW + 89 * DAY,
        idle_expires_at=NOW + 30 * DAY,
        label="Firefox on Linux",
    )


def _session_id(store: TokenStore, number: int) -> str:
    """Return a session's id, with what *store* puts before it."""
    prefix, dot, _ = store.new_session_id("", subject(number)).partition(".")
    return f"{prefix if dot else ''}{dot}{_name('sid', number)[:22]}"


def _name(kind: str, number: int) -> str:
    return md5(f"{kind}-{number}".encode(), usedforsecurity=False).hexdigest()
