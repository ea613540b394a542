"""Results of the manager's methods: token pair, logout, open session."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

from ..exceptions import ConfigurationError
from ..stores.base import FOREVER, Session
from ..tokens.claims import id_of

#: Characters of a session's label; a longer one is cut.
MAX_LABEL: Final = 80

# Unicode's control characters (Cc), line and paragraph separators (Zl, Zp), surrogates (Cs), and of
# the format characters (Cf) those that reorder text (UAX 9); others join letters and emoji.
_NO_LABEL: Final = r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The access and refresh token of a login or refresh, encoded; ``repr`` shows neither.

    Attributes:
        access_token: The access token.
        refresh_token: The refresh token.
        expires_in: The lifetime of the access token in seconds, or None if it never expires.
        scope: The granted scopes, separated by spaces, or None.
        session_id: The session of both tokens, or None without a store.
        set_cookies: Sets the cookies of a response; None if ``JWT_TOKEN_LOCATION`` has no cookies.
        in_cookies: Whether ``JWT_TOKEN_LOCATION`` is cookies alone.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int | None
    scope: str | None = None
    session_id: str | None = None
    set_cookies: Callable[[Any, TokenPair], None] | None = field(
        default=None, repr=False, compare=False
    )
    in_cookies: bool = field(default=False, repr=False, compare=False)

    def to_json(self) -> dict[str, str | int]:
        """Return the members of the token response (:rfc:`6749#section-5.1`)."""
        members: dict[str, str | int] = {"access_token": self.access_token, "token_type": "Bearer"}
        if self.expires_in is not None:
            members["expires_in"] = self.expires_in
        if self.refresh_token is not None:
            members["refresh_token"] = self.refresh_token
        if self.scope is not None:
            members["scope"] = self.scope
        return members

    def as_response(self, cookies: bool | None = None) -> Response:
        """Return the JSON answer of :rfc:`6749#section-5.1`, with ``Cache-Control: no-store``.

        Args:
            cookies: Whether the tokens are put into cookies, and not into the body, which scripts
                can read. If None, they are if cookies are the only location of tokens.

        Raises:
            ConfigurationError: *cookies* is True, and ``JWT_TOKEN_LOCATION`` does not contain
                cookies.
            IssueError: A cookie would be too long for browsers, or has no path yet.
        """
        is_hidden = self.in_cookies if cookies is None else cookies
        members = self.to_json()
        if is_hidden:
            members = {name: members[name] for name in members if not name.endswith("_token")}
        response = Response(
            json.dumps(members) + "\n",
            headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
            mimetype="application/json",
        )
        if is_hidden:
            self._write(response)
        return response

    def _write(self, response: Response) -> None:
        if self.set_cookies is None:
            msg = "tokens are not read from cookies here; add 'cookies' to JWT_TOKEN_LOCATION"
            raise ConfigurationError(msg)
        self.set_cookies(response, self)


@dataclass(frozen=True, slots=True)
class Logout:
    """The result of `JWTManager.logout`.

    Attributes:
        session_id: The session that was ended, or None if there was none.
    """

    session_id: str | None = None
    _unset_cookies: Callable[[FlaskResponse], None] | None = field(
        default=None, repr=False, compare=False
    )

    def as_response(self) -> FlaskResponse:
        """Return an empty answer, 204, which unsets the cookies if tokens are read from cookies."""
        response = FlaskResponse(status=204, headers={"Cache-Control": "no-store"})
        if self._unset_cookies is not None:
            self._unset_cookies(response)
        return response


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its user may see it; datetimes are aware, in UTC.

    Attributes:
        session_id: ``sid`` of its tokens.
        subject: ``sub`` of its user.
        created_at: The time of the login.
        last_used_at: The time of the last refresh.
        expires_at: The time at which it ends unless it is refreshed before; None if it has no end.
        label: A name by which its user recognizes it ("Firefox on Linux"), or None; at most 80
            characters of one line. It may come from the client: escape it, as templates do.
        is_current: Whether the token of the current request belongs to it.
    """

    session_id: str
    subject: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime | None
    label: str | None
    is_current: bool = False

    @classmethod
    def of(cls, session: Session, current_id: str | None) -> OpenSession:
        """Return *session* as its user may see it; *current_id* is that of the current token."""
        end = min(session.expires_at, session.idle_expires_at or FOREVER)
        return cls(
            session_id=session.session_id,
            subject=session.subject,
            created_at=datetime.fromtimestamp(session.created_at, UTC),
            last_used_at=datetime.fromtimestamp(session.last_used_at, UTC),
            expires_at=None if end >= FOREVER else datetime.fromtimestamp(end, UTC),
            label=session.label,
            is_current=session.session_id == current_id,
        )

    def to_json(self) -> dict[str, str | bool | None]:
        """Return the session as JSON, with times in the format of :rfc:`3339`."""
        expires_at = self.expires_at
        return {
            "id": self.session_id,
            "created_at": self.created_at.isoformat(),
            "last_used_at": self.last_used_at.isoformat(),
            "expires_at": None if expires_at is None else expires_at.isoformat(),
            "label": self.label,
            "current": self.is_current,
        }


def session_id_of(session: object) -> str:
    """Return the id of a session that was passed as its id, an `OpenSession` or a `TokenPair`.

    Raises:
        TypeError: *session* is none of these, an empty text, or a pair without a session.
        NotAnIdError: The id is too long, or has NUL or a lone surrogate.
    """
    found = session.session_id if isinstance(session, OpenSession | TokenPair) else session
    if isinstance(found, str) and found:
        return id_of(found)
    shown = "empty text" if isinstance(found, str) else type(session).__name__
    msg = (
        f"{shown} names no session: pass its id (token.session_id), an OpenSession, or the "
        "TokenPair of a login"
    )
    raise TypeError(msg)


def text_of(label: object) -> str:
    """Return a label as every store can keep it, of at most `MAX_LABEL` characters.

    Control characters, line separators, marks that change the writing direction, and lone
    surrogates are replaced by ``?``.

    Raises:
        TypeError: *label* is something else than text.
    """
    if not isinstance(label, str):
        msg = f"a session's label is text or None, not {label!r:.40}"
        raise TypeError(msg)
    return re.sub(_NO_LABEL, "?", str.__str__(label)[:MAX_LABEL])


def place_of(limit: object, before: object) -> tuple[float, str] | None:
    """Return the cursor of a page in the list of sessions; None for the first page.

    Raises:
        TypeError: *limit* is no positive integer, or *before* is neither `OpenSession` nor None.
    """
    if type(limit) is not int or limit < 1:
        msg = f"limit is how many sessions to return, at least 1, not {limit!r:.40}"
        raise TypeError(msg)
    if before is None:
        return None
    if not isinstance(before, OpenSession):
        msg = f"before is an OpenSession, as sessions() returns them, not {before!r:.40}"
        raise TypeError(msg)
    return before.created_at.timestamp(), before.session_id
