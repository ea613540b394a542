"""Name the types of lifetimes and of freshness."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

#: How long a token lives; False: for ever.
ExpiresDelta = Literal[False] | timedelta

#: Whether a token is fresh, for how long, or until when in seconds since the epoch.
Fresh = bool | float | timedelta
