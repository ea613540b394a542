"""Hold what a logout did, ready to be answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Response


@dataclass(frozen=True, slots=True)
class Logout:
    """What `JWTManager.logout` did.

    Attributes:
        session_id: The session that was ended, or None where there was none.
    """

    session_id: str | None = None
    _unset_cookies: Callable[[Response], None] | None = field(
        default=None, repr=False, compare=False
    )

    def as_response(self) -> Response:
        """Return an empty answer, 204, which unsets the cookies where there may be any."""
        response = Response(status=204, headers={"Cache-Control": "no-store"})
        if self._unset_cookies is not None:
            self._unset_cookies(response)
        return response
