"""Spell out the exceptions that nobody should make by accident."""

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
