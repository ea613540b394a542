"""Hold what a logout did, ready to be answered."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.wrappers import Response


@dataclass(frozen=True, slots=True)
class Logout:
    """What `JWTManager.logout` did.

    Attributes:
        session_id: The session that was ended, or None where there was none.
    """

    session_id: str | None = None

    def as_response(self) -> Response:
        """Return an empty answer, 204."""
        return Response(status=204, headers={"Cache-Control": "no-store"})
