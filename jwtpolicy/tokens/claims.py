"""Say which shape registered claims have; one of another shape is never taken as absent."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

from ..exceptions import NotAnIdError

#: Claims that the library writes itself; nobody else may (CLAIM-10).
RESERVED_CLAIMS: Final = frozenset(
    "iss aud exp nbf iat jti type fresh auth_time sid csrf scope acr amr cnf schema".split()  # noqa: SIM905 # one line
)

#: The claim of a refresh token that holds what its session's access tokens say otherwise.
CARRIED: Final = "carried"


#: 9999-12-31T23:59:59Z, the last second that a datetime can hold.
MAX_TIME: Final = 253402300799
#: Characters of ``sub``, ``jti`` and ``sid`` (CLAIM-5).
MAX_ID: Final = 1024


def is_storable(text: str) -> bool:
    """Whether every store can keep *text*: NUL and lone surrogates are no part of any (K24).

    JSON brings both in as escapes, and drivers of databases raise what they like for them.
    """
    if "\0" in text:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def id_of(text: str) -> str:
    """Return text that names something in a token, as a plain ``str``.

    Raises:
        NotAnIdError: It has more than `MAX_ID` characters, or holds NUL or a lone surrogate.
    """
    plain = str.__str__(text)
    if len(plain) > MAX_ID:
        msg = f"an id or a subject has more than {MAX_ID} characters"
        raise NotAnIdError(msg)
    if not is_storable(plain):
        msg = "an id or a subject holds NUL or a lone surrogate"
        raise NotAnIdError(msg)
    return plain


def malformed_claim(claims: dict[str, Any]) -> str | None:
    """Return the name of a registered claim of a wrong type or range, or None."""
    for name, value in claims.items():
        shape = _SHAPES.get(name)
        if shape is None:
            continue
        kind = type(value)
        # The two frequent shapes are judged here, which spares a call for each claim.
        if shape is _ID:
            # Lone surrogates are no strict JSON, and were refused before.
            is_fine = kind is str and 0 < len(value) <= MAX_ID and "\0" not in value
        elif shape is _TIME:
            is_fine = (kind is int or kind is float) and 0 <= value <= MAX_TIME
        else:
            is_fine = shape(value)
        if not is_fine:
            return name
    return None


def _is_text(value: object) -> bool:
    return type(value) is str


def _is_texts(value: object) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


def _is_audience(value: object) -> bool:
    return type(value) is str or _is_texts(value)


def _is_freshness(value: Any) -> bool:
    # A range, not `isfinite`: that fails for integers which are no float. NaN is outside (CLAIM-8).
    return type(value) is bool or (type(value) in (int, float) and 0 <= value <= MAX_TIME)


class _Frequent(Enum):
    """Shapes that are judged without a call."""

    ID = "non-empty text without NUL"
    TIME = "seconds since the epoch"

    def __call__(self, value: object) -> bool:
        raise NotImplementedError  # pragma: no cover # judged in `malformed_claim`


_ID: Final = _Frequent.ID
_TIME: Final = _Frequent.TIME

_SHAPES: Final[dict[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("sub", "type", "jti", "sid", "iss", "csrf", "schema"), _ID),
    **dict.fromkeys(("exp", "iat", "nbf", "auth_time"), _TIME),
    **dict.fromkeys(("scope", "acr"), _is_text),
    "aud": _is_audience,
    "amr": _is_texts,
    "fresh": _is_freshness,
}
