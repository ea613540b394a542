"""What a fetch of a document may be, and its error, for whoever does not fetch."""

from __future__ import annotations

from typing import Final

#: Bytes of the longest body (KEY-5).
MAX_BODY: Final = 512_000


class FetchError(Exception):
    """A document cannot be fetched; the message says whose, and why, and shows nothing of it.

    Attributes:
        status: The status of the answer; None if there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
