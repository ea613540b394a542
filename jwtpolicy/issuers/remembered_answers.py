"""Remember for a while what a server has said of tokens, within bounds."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any, Final, NamedTuple

#: Answers of each sort that one process remembers.
MAX_ANSWERS: Final = 10_000
#: Bytes of the longest answer that is remembered.
MAX_BYTES: Final = 8_192
#: Seconds for which it is remembered at most that a token is not active.
INACTIVE_FOR: Final = 10.0

#: The SHA-256 digest of a token: the token itself is not kept.
Digest = bytes


class Remembered(NamedTuple):
    """An answer: the claims as JSON, or None of a token that is not active."""

    claims: bytes | None

    def read(self) -> dict[str, Any] | None:
        """Return the claims, each time new: whoever changes them changes his own."""
        found: dict[str, Any] | None = None if self.claims is None else json.loads(self.claims)
        return found


class RememberedAnswers:
    """The answers of one server; those that were not used for longest are forgotten first.

    Answers about tokens that are not active have a place of their own, so that whoever sends
    garbage does not push the others out. It is not safe for threads; its owner holds a lock.

    Args:
        seconds: How long an answer is remembered.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._active: OrderedDict[Digest, tuple[Remembered, float]] = OrderedDict()
        self._inactive: OrderedDict[Digest, tuple[Remembered, float]] = OrderedDict()

    def find(self, digest: Digest, now: float) -> Remembered | None:
        """Return the answer about a token; None if there is none, or it is too old."""
        for answers in (self._active, self._inactive):
            found = answers.get(digest)
            if found is not None and now < found[1]:
                answers.move_to_end(digest)
                return found[0]
        return None

    def keep(self, digest: Digest, answer: Remembered, asked_at: float) -> None:
        """Remember an answer, unless it is too long.

        Args:
            digest: The digest of the token.
            answer: The answer.
            asked_at: When the server was asked: from then on it may have been revoked.
        """
        is_active = answer.claims is not None
        answers = self._active if is_active else self._inactive
        seconds = self._seconds if is_active else min(self._seconds, INACTIVE_FOR)
        self._active.pop(digest, None)
        self._inactive.pop(digest, None)
        if seconds and len(answer.claims or b"") <= MAX_BYTES:
            answers[digest] = (answer, asked_at + seconds)
            if len(answers) > MAX_ANSWERS:
                answers.popitem(last=False)
