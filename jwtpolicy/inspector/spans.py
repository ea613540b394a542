"""Say in words how far a moment lies ahead or back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

#: Units of time, with their seconds, the longest first.
_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def moment(seconds: float, now: float) -> str:
    """Return a moment as text: ``2027-01-15T08:00:00+00:00, in 4 minutes``.

    Args:
        seconds: The moment, in seconds since the epoch.
        now: The present, in the same.
    """
    try:
        shown = datetime.fromtimestamp(int(seconds), UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return "no valid date"
    return f"{shown}, {_span(seconds - now)}"


def _span(seconds: float) -> str:
    size = int(abs(seconds))
    for unit, length in _UNITS:
        if size >= length:
            count = size // length
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "now"
