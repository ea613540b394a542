"""How long a fetched key set may be used before it is fetched again, by its headers (RFC 9111)."""

from __future__ import annotations

import re
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final

#: Seconds for which a set is used at least, so that nobody makes this process fetch all the time.
SHORTEST: Final = 60.0
#: Seconds for which a set is used at most: a day.
LONGEST: Final = 86_400.0
#: Seconds for which a set is used whose headers do not say: ten minutes.
USUAL: Final = 600.0

_MAX_AGE: Final = re.compile(r"""(?:^|[,\s])max-age\s*=\s*"?(\d{1,10})(?!\d)""", re.IGNORECASE)
_NOT_KEPT: Final = re.compile(r"(?:^|[,\s])no-(?:store|cache)\b", re.IGNORECASE)


def lifetime(headers: Message) -> float:
    """Return the seconds for which a document with these headers is fresh, within the bounds.

    ``max-age`` counts before ``Expires`` (:rfc:`9111#section-4.2.1`). What caches in between have
    used up of it is taken off. ``Expires`` is compared with ``Date`` of the same answer, so that
    the clock of this machine does not matter.
    """
    said = _said(headers)
    return USUAL if said is None else min(max(said, SHORTEST), LONGEST)


def _said(headers: Message) -> float | None:
    control = ", ".join(headers.get_all("Cache-Control", []))
    if _NOT_KEPT.search(control):
        return 0
    if found := _MAX_AGE.search(control):
        return int(found[1]) - _age(headers)
    return _until_expiry(headers)


def _age(headers: Message) -> int:
    age = headers.get("Age", "").strip()
    return int(age) if re.fullmatch(r"[0-9]{1,10}", age) else 0


def _until_expiry(headers: Message) -> float | None:
    """Return the seconds from ``Date`` to ``Expires``; None if either is missing.

    An ``Expires`` that is no date, such as ``0``, is in the past (:rfc:`9111#section-5.3`).
    """
    if "Expires" not in headers or "Date" not in headers:
        return None
    try:
        expires, date = (parsedate_to_datetime(headers[name]) for name in ("Expires", "Date"))
        return (expires - date).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0
