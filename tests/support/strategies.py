"""Draw policies whose answers are known, and requests that they judge."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from jwtpolicy import (
    AccessRequest,
    Outcome,
    Policy,
)
from jwtpolicy.decision import ALLOWED, Finding
from jwtpolicy.issuers.issuer import Issuer
from jwtpolicy.issuers.issuer_verifier import Origin
from jwtpolicy.issuers.resolver import IssuerResolver
from jwtpolicy.tokens.token import Token, _verified

NOW = 1_800_000_000


class Says(Policy):
    """A leaf that always answers the same."""

    needs_token = False

    def __init__(self, outcome: Outcome, name: int) -> None:
        self.outcome = outcome
        self.name = name

    def judge(self, access: AccessRequest) -> Finding:
        return ALLOWED if self.outcome is Outcome.ALLOW else Finding(self.outcome, str(self.name))


def token(kind: str = "access", *, is_own: bool = True, **claims: Any) -> Token:
    """Return a token as a verifier would make it."""
    members = {"sub": "u1", "type": kind, "jti": "j", "iat": NOW, "exp": 4_000_000_000, **claims}
    return _verified(members, {}, "", is_own, "u1")


def foreign_token(
    issuer: Issuer,
    kind: str = "access",
    *,
    resolver: IssuerResolver | None = None,
    **claims: Any,
) -> Token:
    """Return a token of another issuer as a verifier would make it, about the user ``u1``.

    Args:
        issuer: The issuer.
        kind: The kind of the token.
        resolver: What has found the issuer, or None.
        claims: Further claims.
    """
    members = {"sub": f"{issuer.subject_prefix}u1", "type": kind, "jti": "j", "iat": NOW}
    members = {**members, "iss": issuer.url, "exp": 4_000_000_000, **claims}
    origin = Origin(issuer, {}, members, 4_000_000_000, resolver)
    return _verified(members, {}, issuer.url, False, "u1", origin)


outcomes = st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.PENDING])
with_pending = st.sampled_from(list(Outcome))


def leaves(answers: Any = outcomes) -> Any:
    """Draw leaves that answer *answers*; four of them, so that equal ones meet."""
    return st.builds(Says, answers, st.integers(0, 3))


tokens = st.builds(
    token,
    st.sampled_from(["access", "refresh", "reset", "other"]),
    is_own=st.booleans(),
    fresh=st.booleans(),
    roles=st.sampled_from([["admin"], ["admin", "author"], []]),
    scope=st.sampled_from(["read", "read write", "other"]),
    team=st.sampled_from(["blue", "red", 3, None]),
)

requests = st.builds(lambda found: AccessRequest(token=found), st.one_of(st.none(), tokens))
