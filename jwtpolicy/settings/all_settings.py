"""All settings of an application, read from ``app.config``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

from . import readers as read
from .checks import (
    UnknownSettingWarning,
    check_ends,
    check_keys,
    check_profile,
    check_renewal,
    doubts,
    own_kind,
)
from .cookie_shapes import check_cookies
from .kind_settings import KindSettings
from .readers import Reader, read_setting

#: The settings of the application's own kinds: the end of the key, the field and the reader.
_BY_KIND: Final[Mapping[str, tuple[str, Reader]]] = {
    "TOKEN_EXPIRES": ("custom_lifetimes", read.lifetime),
    "COOKIE_NAME": ("custom_cookie_names", read.cookie_name),
    "JSON_KEY": ("custom_json_keys", read.text),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(KindSettings):
    """An application's settings, read and checked once.

    Lifetimes and leeways are seconds. A field's metadata holds its key, what is allowed and what
    it does; the documentation is made of it.
    """

    _seen: Mapping[str, Any] = field(default_factory=dict, repr=False, metadata={})

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Settings:
        """Return the settings that *mapping*, such as ``app.config``, holds.

        Raises:
            ConfigurationError: A value is not allowed; the message names the key, the type that
                was found, what is allowed, and never a secret.
        """
        keys = {f.metadata["key"]: f for f in fields(cls) if f.metadata.get("read")}
        given = {key: value for key, value in mapping.items() if key.startswith("JWT_")}
        own = {key: found for key in given if key not in keys and (found := own_kind(key))}
        for doubt in doubts(given, {*keys, *own}):
            # The caller of JWTManager(app).
            warnings.warn(doubt, UnknownSettingWarning, stacklevel=4)
        values: dict[str, Any] = {
            keys[key].name: read_setting(
                key, value, keys[key].metadata["read"], is_secret=not keys[key].repr
            )
            for key, value in given.items()
            if key in keys and not (value is None and keys[key].default in (None, ()))
        }
        for ending, (name, reader) in _BY_KIND.items():
            read_values = {
                kind: read_setting(key, given[key], reader)
                for key, (kind, its) in own.items()
                if its == ending
            }
            values[name] = MappingProxyType(read_values)
        settings = cls(**values, _seen=_copied(given))
        check_keys(settings)
        check_ends(settings)
        check_renewal(settings)
        check_profile(settings)
        in_development = bool(mapping.get("DEBUG") or mapping.get("TESTING"))
        check_cookies(settings, is_development=in_development)
        return settings

    def changed_in(self, mapping: Mapping[str, Any]) -> list[str]:
        """Return the keys whose values in *mapping* have changed since they were read.

        Unknown keys are ignored; they may belong to another library.
        """
        known = {f.metadata.get("key") for f in fields(self)}
        absent = object()
        return sorted(
            key
            for key in {*mapping, *self._seen}
            if (key in known or own_kind(key))
            and mapping.get(key, absent) != self._seen.get(key, absent)
        )


def _copied(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: type(v)(v) if isinstance(v, list | set) else v for key, v in given.items()}
