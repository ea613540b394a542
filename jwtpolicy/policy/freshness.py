"""Policy about the user's authentication: how recent it is, and how strong."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Final, NamedTuple

from ..decision import ALLOWED, Cure, Finding, Outcome
from ..exceptions import PolicyDefinitionError
from ..markers import NOT_GIVEN, NotGiven
from .arguments import source_of
from .base import without_token
from .claim_policies import Attribute, is_word
from .credentials import wrong_kind
from .held_names import quoted_name
from .request import AccessRequest


class Fresh(Attribute):
    """The user authenticated recently enough, or strongly enough (:rfc:`9470#section-3`).

    ``Fresh()`` reads the ``fresh`` claim. With *within* or *acr* only ``auth_time`` and ``acr``
    count, and a token without them is not fresh. Only access tokens can be fresh: for a token of
    another kind neither ``Fresh()`` nor ``~Fresh()`` allows. Passing None is an error, so that a
    missing setting cannot weaken the policy.

    Attributes:
        within: How many seconds ago the user may have authenticated, or None.
        acr: The authentication context class that ``acr`` must name, or None.

    Example:
        >>> print(jwt.explain(Fresh(within=300), jwt.login("ada").access_token).outcome)
        ALLOW
        >>> print(jwt.explain(Fresh(within=300), jwt.issue("ada")).outcome)
        STEP_UP
    """

    worst = Outcome.STEP_UP
    within: float | None
    acr: str | None

    def __init__(
        self,
        *,
        within: float | timedelta | NotGiven = NOT_GIVEN,
        acr: str | NotGiven = NOT_GIVEN,
    ) -> None:
        self.within = None if isinstance(within, NotGiven) else _seconds(within)
        if acr is not NOT_GIVEN and not is_word(acr):
            # A challenge repeats it in a list of words (RFC 9470 section 3).
            msg = f"Fresh(acr=…) takes one class: printable ASCII without spaces, not {acr!r}"
            raise PolicyDefinitionError(msg)
        self.acr = None if isinstance(acr, NotGiven) else acr

    def __repr__(self) -> str:
        if type(self).__init__ is not Fresh.__init__:
            return super().__repr__()
        asked = {"within": self.within, "acr": self.acr}
        given = {name: value for name, value in asked.items() if value is not None}
        return source_of(type(self).__name__, (), given)

    def judge(self, access: AccessRequest) -> Finding:
        token = access.token
        if token is None:
            return without_token(access)
        claims = token._claims
        if claims["type"] != "access":
            return wrong_kind(token.kind, "access")
        if self.within is None and self.acr is None:
            fresh = claims.get("fresh")
            return ALLOWED if _is_marked(fresh, access) else _not_marked(fresh)
        age = self._age(claims.get("auth_time"), access)
        acr = claims.get("acr")
        is_recent = self._is_recent(age, access)
        if is_recent and (self.acr is None or acr == self.acr):
            return ALLOWED
        max_age = None if self.within is None else int(self.within)
        why = _Stale(self, is_recent, age, acr)
        return Finding(Outcome.STEP_UP, why, Cure(max_age, self.acr))

    def _age(self, auth_time: float | None, access: AccessRequest) -> float | None:
        """Return how many seconds ago the user authenticated, or None where nobody asks or says."""
        if self.within is None or auth_time is None:
            return None
        return access.terms.clock() - auth_time

    def _is_recent(self, age: float | None, access: AccessRequest) -> bool:
        if self.within is None:
            return True
        if age is None:
            return False
        terms = access.terms
        # Ahead by what the clocks of two machines differ, it is of just now; this lengthens
        # *within* by no more than that. Ahead by more it never happened, and must not last until
        # then.
        return -terms.ahead <= age <= self.within + terms.leeway


class _Stale(NamedTuple):
    """The reason of an authentication that is too old, or not of the class that is asked for.

    Attributes:
        asked: The policy.
        is_recent: Whether the time alone would do.
        age: Seconds since the authentication, if that was asked and is known.
        acr: The class that the token names.
    """

    asked: Fresh
    is_recent: bool
    age: float | None
    acr: str | None

    def __str__(self) -> str:
        texts = [self._age_text(), self._acr_text()]
        return "; ".join(text for text in texts if text)

    def _age_text(self) -> str:
        if self.is_recent:
            return ""
        if self.age is None:
            return "auth_time is absent, so no login is known"
        if self.age < 0:
            return f"auth_time is {math.ceil(-self.age)} s ahead of the clock"
        return f"authenticated {math.ceil(self.age)} s ago, {self.asked.within} s are allowed"

    def _acr_text(self) -> str:
        asked = self.asked.acr
        if asked is None or self.acr == asked:
            return ""
        held = "absent" if self.acr is None else quoted_name(self.acr)
        return f"acr is {held}, asked is {quoted_name(asked)}"


def _not_marked(fresh: object) -> Finding:
    if fresh is None:
        return _NO_MARK
    return _NOT_FRESH if fresh is False else _FRESH_NO_MORE


_NO_MARK: Final = Finding(Outcome.STEP_UP, "fresh is absent")
_NOT_FRESH: Final = Finding(Outcome.STEP_UP, "fresh is false")
_FRESH_NO_MORE: Final = Finding(Outcome.STEP_UP, "the time in fresh has passed")


def _seconds(within: float | timedelta) -> float:
    seconds = within.total_seconds() if isinstance(within, timedelta) else within
    if type(seconds) not in (int, float) or not math.isfinite(seconds) or seconds <= 0:
        msg = f"Fresh(within=…) takes seconds or a timedelta above 0, not {within!r}"
        raise PolicyDefinitionError(msg)
    # `timedelta(minutes=5)`, `300.0` and `300` are the same policy.
    return int(seconds) if seconds == int(seconds) else seconds


def _is_marked(fresh: object, access: AccessRequest) -> bool:
    """Judge the ``fresh`` claim: true, or the epoch second until which it is."""
    if type(fresh) is bool:
        return fresh
    if isinstance(fresh, int | float) and math.isfinite(fresh):
        return access.terms.clock() < fresh + access.terms.leeway
    return False
