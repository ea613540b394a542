"""Markers for choices that have to be spelt: any kind of token, no expiry, own tokens.

Another one tells an argument that was left out from None.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class Any_(Enum):  # noqa: N801 # the type of ANY
    """The type of `ANY`."""

    ANY = "ANY"

    def __repr__(self) -> str:
        return self.value


class Never(Enum):
    """The type of `NEVER`."""

    NEVER = "NEVER"

    def __repr__(self) -> str:
        return self.value


#: Any kind of token, where a kind is asked for.
ANY: Final = Any_.ANY

#: No end, where a lifetime is asked for.
NEVER: Final = Never.NEVER


class Own(Enum):
    """The type of `OWN`."""

    OWN = "OWN"

    def __repr__(self) -> str:
        return self.value


#: The application itself, where an issuer is asked for.
OWN: Final = Own.OWN


class NotGiven(Enum):
    """The type of `NOT_GIVEN`."""

    NOT_GIVEN = "NOT_GIVEN"

    def __repr__(self) -> str:
        return self.value


#: No argument, where None is one: a resource that was looked for and not found, no token.
NOT_GIVEN: Final = NotGiven.NOT_GIVEN
