"""Draw claims: those of whole tokens, those that an application adds, and those of a schema."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...clock import system_clock
from ...schemas import ClaimSchema
from ...tokens.claims import CARRIED, RESERVED_CLAIMS
from .json_documents import json_values
from .schema_users import schema_claims
from .texts import subjects, texts

#: Names that an application cannot say: the library writes them, or a schema does.
_TAKEN: Final = RESERVED_CLAIMS | {"sub", CARRIED}
_DAY: Final = 86_400


def private_claims(*, max_size: int = 5) -> SearchStrategy[dict[str, Any]]:
    """Draw what ``login(claims=…)`` takes: claims with names that are free.

    (:rfc:`7519#section-4.3`, "Private Claim Names".) None of them is null: a claim of a login that
    is None is left out.

    Args:
        max_size: How many there are at most.
    """
    names = texts().filter(lambda name: name not in _TAKEN)
    values = json_values().filter(lambda value: value is not None)
    return st.dictionaries(names, values, max_size=max_size)


def claims(
    schema: type[ClaimSchema] | None = None, *, now: float | None = None
) -> SearchStrategy[dict[str, Any]]:
    """Draw claims: those that a schema reads; without one, all of a good token.

    Args:
        schema: The schema. Of its claims, those that are not required may be absent.
        now: The time at which the token is good, in seconds since the epoch; None: the time at
            which it is drawn, and a day from then on. Only claims without a schema have times.

    Raises:
        TypeError: A field is of a class for which no values are known.
    """
    if schema is not None:
        return schema_claims(schema)
    return _registered(now)


@st.composite
def _registered(draw: DrawFn, at: float | None) -> dict[str, Any]:
    """Draw the claims that the library writes itself, and others beside them."""
    # Not when the strategy is made: that is when a module of tests is imported.
    now = int(system_clock() if at is None else at)
    issued_at = now - draw(st.integers(0, min(now, _DAY)))
    always = {
        "sub": draw(subjects()),
        "type": draw(st.sampled_from(["access", "refresh", "reset"])),
        "jti": draw(st.uuids()).hex,
        "iat": issued_at,
        # Not so soon that it would end while a test is running.
        "exp": now + draw(st.integers(_DAY, 30 * _DAY)),
    }
    times = st.integers(max(0, issued_at - _DAY), issued_at)
    words = st.lists(st.sampled_from(["read", "write", "admin"]), unique=True)
    optional: dict[str, SearchStrategy[Any]] = {
        "nbf": st.just(issued_at),
        "fresh": st.booleans() | times,
        "auth_time": times,
        "sid": subjects(),
        "scope": words.map(" ".join),
        "acr": st.sampled_from(["silver", "gold"]),
        "amr": st.lists(st.sampled_from(["pwd", "otp"]), unique=True),
        "csrf": subjects(),
    }
    said = draw(st.fixed_dictionaries({}, optional=optional))
    return {**draw(private_claims()), **always, **said}
