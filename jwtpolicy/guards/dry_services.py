"""`DryServices`: the services of a dry run, which look and write nothing."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from ..sessions.revocation import ref_of
from ..sessions.service import Sessions
from ..stores.dry import DryStore
from ..tokens.token import Token
from .answers import Services


@dataclass(frozen=True, slots=True)
class DryServices(Services):
    """The services of one dry run: their store only notes what the real request would write.

    Attributes:
        sessions: Opens, renews and ends sessions in that store, for the verbs that hooks call.
        effects: What the real request would write, in words, in its order.
    """

    is_dry_run: ClassVar[bool] = True
    sessions: Sessions
    effects: list[str]

    def give_back(self, token: Token) -> None:
        """Forget that *token* would be used up, so that its guard can be asked once more."""
        store = self.revocation.store
        if isinstance(store, DryStore) and "jti" in token._claims:
            store.give_back(ref_of(token))


def dry(services: Services, sessions: Sessions) -> DryServices:
    """Return *services* and *sessions* for one dry run: the store is only read."""
    effects: list[str] = []
    store = services.revocation.store
    revocation = services.revocation.over(None if store is None else DryStore(store, effects))
    dry_sessions = sessions.over(revocation)
    found = {one.name: getattr(services, one.name) for one in fields(services)}
    found.update(revocation=revocation, notice_reuse=dry_sessions.notice_reuse)
    return DryServices(**found, sessions=dry_sessions, effects=effects)
