"""The column format of used refresh tokens in the SQL stores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from .base import Predecessor

#: The cut-off of a subject whose tokens were never revoked, as an integer that no time is under:
#: the larger of two cut-offs is then the one that holds, in every dialect.
NO_CUT_OFF: Final = -(2**62)


def write_predecessors(predecessors: Sequence[Predecessor]) -> str | None:
    """Return used refresh tokens as ASCII text, or None for none."""
    return json.dumps(predecessors, separators=(",", ":")) if predecessors else None


def read_predecessors(written: str | None) -> tuple[Predecessor, ...]:
    """Return the refresh tokens in the text of `write_predecessors`."""
    found = json.loads(written) if written else ()
    return tuple(Predecessor(token_id, deadline) for token_id, deadline in found)
