"""Judge policies without Flask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from jwtpolicy import AccessRequest, Decision, NotRevoked, Policy
from jwtpolicy.guards.plan import CompiledLevels
from jwtpolicy.policy.request import PolicySettings
from jwtpolicy.tokens.status import TokenStatus
from tests.support.clocks import StandingClock
from tests.support.strategies import NOW, token


class Desk:
    """What policies may ask, with answers that are set by hand."""

    def __init__(self, standing: Any = TokenStatus.GOOD, user: Any = "user") -> None:
        self._standing = standing
        self._user = user

    def standing(self, token: Any) -> TokenStatus:
        found: TokenStatus = self._answer(self._standing)
        return found

    def load_user(self, token: Any) -> Any:
        return self._answer(self._user)

    async def load_user_async(self, token: Any) -> Any:
        return self._answer(self._user)

    def run_async(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda access: asyncio.run(function(access))

    @staticmethod
    def _answer(answer: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer


def judged(policy: Policy, claims: dict[str, Any] | None = None, **request: Any) -> str:
    """Return the name of the outcome for an access token with *claims*."""
    found = token(**{"kind": "access", **(claims or {})})
    request = {
        "token": found,
        "services": Desk(),
        "terms": PolicySettings(clock=StandingClock(NOW)),
        **request,
    }
    return policy.evaluate(AccessRequest(**request)).outcome.name


def guard_decided(*levels: Policy, kind: str = "access", **claims: Any) -> Decision:
    """Return the decision of a guard with *levels*, and the usual baseline, about a token."""
    program = CompiledLevels(levels, NotRevoked()).programs[kind]
    run = program.run(AccessRequest(token=token(kind, **claims), services=Desk()))
    program.weigh(run)
    return program.root.compose(run)
