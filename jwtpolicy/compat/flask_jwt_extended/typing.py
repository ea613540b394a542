"""Type aliases for the header, the claims and the lifetimes of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

#: The lifetime of a token; False: for ever.
ExpiresDelta = Literal[False] | timedelta

#: Whether a token is fresh, for how long, or until when in seconds since the epoch.
Fresh = bool | float | timedelta

#: The same; None: as long as the application's tokens do.
Lifetime = ExpiresDelta | None

#: Claims, or members of the header, that are added to those of the library.
Added = Mapping[str, Any] | None
