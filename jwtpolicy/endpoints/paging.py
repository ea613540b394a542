"""Paging of the list of sessions: the query parameters ``limit`` and ``before``."""

from __future__ import annotations

import re
from typing import Final

from werkzeug.datastructures import MultiDict

from ..exceptions import InvalidQueryError
from ..sessions.results import OpenSession
from ..stores.base import FOREVER, PAGE, microseconds
from ..tokens.claims import MAX_ID, is_storable

Arguments = MultiDict[str, str]

#: The cursor of a page: the creation of the session before it, in microseconds, and its id.
_BEFORE: Final = re.compile(r"([0-9]{1,18})\.(.+)", re.ASCII | re.DOTALL)
_LIMIT: Final = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


def limit_in(arguments: Arguments) -> int:
    """Return the page size of the query: `PAGE`, or fewer.

    Raises:
        InvalidQueryError: ``limit`` is not a number from 1 to `PAGE`, or is there twice.
    """
    text = _one(arguments, "limit")
    if text is None:
        return PAGE
    if not _LIMIT.fullmatch(text) or int(text) > PAGE:
        msg = f"limit is not a number from 1 to {PAGE}"
        raise InvalidQueryError(msg, parameter="limit")
    return int(text)


def place_in(arguments: Arguments) -> tuple[float, str] | None:
    """Return the creation time and id of the session before the page; None: the first page.

    Raises:
        InvalidQueryError: ``before`` is not what `before_of` returns, or is there twice.
    """
    text = _one(arguments, "before")
    if text is None:
        return None
    found = _BEFORE.fullmatch(text)
    if found and int(found[1]) <= microseconds(FOREVER) and _is_id(found[2]):
        return int(found[1]) / 1_000_000, found[2]
    msg = "before is not the value of next of an earlier page"
    raise InvalidQueryError(msg, parameter="before")


def before_of(session: OpenSession) -> str:
    """Return the cursor ``before`` of the page that begins after *session*."""
    return f"{microseconds(session.created_at.timestamp())}.{session.session_id}"


def _is_id(text: str) -> bool:
    return len(text) <= MAX_ID and is_storable(text)


def _one(arguments: Arguments, name: str) -> str | None:
    """Return the value of a query parameter that may stand once; None if it is absent.

    Raises:
        InvalidQueryError: The parameter stands in the query more than once.
    """
    values = arguments.getlist(name)
    if len(values) > 1:
        msg = f"{name} is there twice"
        raise InvalidQueryError(msg, parameter=name)
    return values[0] if values else None
