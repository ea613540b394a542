"""The settings of the application's own kinds of token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from .transport_settings import PlaceSettings

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def _by_kind(ending: str, allowed: str, effect: str) -> Any:
    metadata = {"key": f"JWT_<KIND>_{ending}", "read": None, "allowed": allowed, "effect": effect}
    return field(default_factory=lambda: _NOTHING, metadata=metadata)


# `Settings` has what is left out here: to make it for each of its bases takes as long as all else.
@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class KindSettings(PlaceSettings):
    """Lifetimes and names of each kind of token, those of the application's own among them."""

    custom_lifetimes: Mapping[str, int | None] = _by_kind(
        "TOKEN_EXPIRES",
        "seconds, timedelta or NEVER",
        "The lifetime of tokens of a kind of your own, from the moment when they are issued.",
    )
    custom_cookie_names: Mapping[str, str] = _by_kind(
        "COOKIE_NAME",
        "name of a cookie",
        "The name of the cookie that holds a token of a kind of your own.",
    )
    custom_json_keys: Mapping[str, str] = _by_kind(
        "JSON_KEY",
        "string",
        "The member of the JSON body that holds a token of a kind of your own.",
    )

    @property
    def lifetimes(self) -> Mapping[str, int | None]:
        """The lifetimes of tokens by kind, in seconds; None: they never expire."""
        return {
            "access": self.access_token_expires,
            "refresh": self.refresh_token_expires,
            **self.custom_lifetimes,
        }
