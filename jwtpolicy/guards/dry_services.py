"""`DryServices`: the services of a dry run, which look and write nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import ClassVar, Final

from ..tokens.token import Token
from .answers import Services

#: What the real request would do beside its answer, in words.
USES_UP: Final = "the single-use token would be used up"
ENDS_SESSION: Final = "the session would be ended: its refresh token was used before"


@dataclass(frozen=True, slots=True)
class DryServices(Services):
    """The services of one dry run: they note what the real request would write.

    Attributes:
        effects: What it would write, in words, in the order of the request.
    """

    is_dry_run: ClassVar[bool] = True
    effects: list[str] = field(default_factory=list)

    def consume(self, token: Token) -> bool:
        """Note that *token* would be used up; the policy has just asked whether it still can be."""
        self.effects.append(USES_UP)
        return True


def dry(services: Services) -> DryServices:
    """Return *services* for one dry run: tokens, users and the store are only read."""
    found = {one.name: getattr(services, one.name) for one in fields(services)}
    effects: list[str] = []
    found["notice_reuse"] = lambda token: effects.append(ENDS_SESSION)
    return DryServices(**found, effects=effects)
