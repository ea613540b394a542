"""Name what a store knows of a token."""

from __future__ import annotations

from enum import Enum


class TokenStatus(Enum):
    """What the store knows of a token, its session and its subject, in one answer."""

    GOOD = "good"
    REVOKED = "revoked"
    #: It was used up. Of a refresh token that is a sign of theft: a guard that accepts refresh
    #: tokens ends its session.
    CONSUMED = "consumed"
    #: A refresh token that was used moments ago: whoever holds it may have its successor by asking,
    #: so that guards let it in.
    IN_GRACE = "in grace"
    #: A refresh token that another one took the place of before it was used.
    REPLACED = "replaced"
