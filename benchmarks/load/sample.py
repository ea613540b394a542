"""Name the users, sessions and tokens that a store is filled with, each by its number.

Names are as long as those that the library makes: ``jti`` has 32 characters, ``sid`` 22 (and three
more in Redis). A subject has 32 characters, and three sessions.
"""

from __future__ import annotations

import json
import secrets
from hashlib import md5
from typing import Final

from flask import Flask

from jwtpolicy import JWTManager
from jwtpolicy.stores import MemoryStore, Session, TokenRef, TokenStore

#: Seconds since the epoch; nothing in the stores expires during the run.
NOW: Final = 1_800_000_000
DAY: Final = 86_400

_SID: Final = 22
#: Bytes that sealing adds: a nonce and a tag.
_SEAL: Final = 28


def subject(number: int) -> str:
    """Return the user of a session."""
    return _name("sub", number // 3)


def token_id(kind: str, number: int) -> str:
    """Return the ``jti`` of a token; *kind* is any word."""
    return _name(kind, number)


def access(store: TokenStore, number: int) -> TokenRef:
    """Return an access token of a session."""
    sid = session_id(store, number)
    return TokenRef("", subject(number), token_id("access", number), sid, NOW)


def outside(kind: str, number: int) -> TokenRef:
    """Return an access token of no session; *kind* is any word."""
    return TokenRef("", subject(number), token_id(kind, number), None, NOW)


def session_id(store: TokenStore, number: int) -> str:
    """Return a session's id, with what *store* puts before it."""
    prefix, dot, _ = store.new_session_id("", subject(number)).partition(".")
    return f"{prefix if dot else ''}{dot}{_name('sid', number)[:_SID]}"


def session(store: TokenStore, number: int) -> Session:
    """Return a session that was refreshed, longer ago than the grace."""
    return Session(
        issuer="",
        session_id=session_id(store, number),
        subject=subject(number),
        refresh_id=token_id("refresh", number),
        created_at=NOW - DAY,
        last_used_at=NOW,
        expires_at=NOW + 89 * DAY,
        idle_expires_at=NOW + 30 * DAY,
        label="Firefox on Linux",
    )


def kept_pair() -> bytes:
    """Return as many bytes as a rotation leaves for its repetition, with HS256 and no claims."""
    app = Flask(__name__)
    app.config["JWT_SECRET_KEY"] = secrets.token_urlsafe(48)
    manager = JWTManager[str](app, store=MemoryStore())
    with app.app_context():
        pair = manager.login(_name("sub", 0))
    text = json.dumps([pair.access_token, pair.refresh_token, pair.expires_in, None, "s" * _SID])
    return bytes(_SEAL + len(text))


def _name(kind: str, number: int) -> str:
    return md5(f"{kind}-{number}".encode(), usedforsecurity=False).hexdigest()
