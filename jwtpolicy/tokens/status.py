"""Statuses of tokens in a store."""

from __future__ import annotations

from enum import Enum


class TokenStatus(Enum):
    """Revocation status of a token in a store, its session and subject included."""

    #: Nothing was revoked.
    GOOD = "good"
    #: The token, its session or all tokens of its subject were revoked.
    REVOKED = "revoked"
    #: The token was used before. Of a refresh token that is a sign of theft: a guard that accepts
    #: refresh tokens ends its session.
    CONSUMED = "consumed"
    #: A refresh token that was used within the grace: a refresh with it still returns the newest
    #: pair, so that guards admit it.
    IN_GRACE = "in grace"
    #: A refresh token that was replaced before it was used, by a step-up or by `issue`.
    REPLACED = "replaced"
