"""Read an application's settings once, and refuse what cannot be meant."""

from __future__ import annotations

import difflib
import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from .exceptions import ChallengeError, ConfigurationError, quoted
from .keys.ring import SUPPORTED
from .sentinels import NEVER

#: Seconds.
MINUTE, HOUR, DAY = 60, 3600, 86_400


class UnknownSettingWarning(UserWarning):
    """A ``JWT_…`` key means nothing here; probably it is misspelt."""


class _Wrong(Exception):  # noqa: N818 # becomes a ConfigurationError that names the key
    """What is allowed instead."""


Reader = Callable[[Any], Any]


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        hint = "from the environment, Flask reads `FLASK_JWT_…=false` as JSON, in lower case"
        msg = f"True or False ({hint})"
        raise _Wrong(msg)
    return value


def _text(value: Any) -> str:
    if type(value) is not str or not value:
        msg = "a non-empty string"
        raise _Wrong(msg)
    return value


def _secret(value: Any) -> str | bytes:
    if not isinstance(value, str | bytes) or not value:
        msg = "a non-empty string or bytes"
        raise _Wrong(msg)
    return value


def _secrets(value: Any) -> tuple[str | bytes, ...]:
    if not isinstance(value, list | tuple) or len(value) > 3:
        msg = "a list of at most three old secrets"
        raise _Wrong(msg)
    return tuple(map(_secret, value))


def _seconds(value: Any) -> float:
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if type(number) not in (int, float) or not math.isfinite(number):
        msg = "seconds as a number, or a timedelta"
        raise _Wrong(msg)
    return float(number)


def _lifetime(value: Any) -> int | None:
    """Read how long tokens live; None is for ever."""
    if value is NEVER:
        return None
    msg = "at least one second, as a number or a timedelta; for ever is spelt jwtpolicy.NEVER"
    try:
        seconds = _seconds(value)
    except _Wrong:
        raise _Wrong(msg) from None
    if seconds < 1:
        raise _Wrong(msg)
    return int(seconds)


def _between(low: float, high: float) -> Reader:
    def read(value: Any) -> float:
        seconds = _seconds(value)
        if not low <= seconds <= high:
            msg = f"seconds from {low} to {high}"
            raise _Wrong(msg)
        return seconds

    return read


def _count(value: Any) -> int:
    if type(value) is not int or value < 1:
        msg = "a whole number above 0"
        raise _Wrong(msg)
    return value


def _texts(value: Any) -> tuple[str, ...]:
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, list | tuple | set | frozenset) or not listed:
        msg = "a non-empty string, or a list of them"
        raise _Wrong(msg)
    return tuple(map(_text, listed))


def _patterns(value: Any) -> tuple[str, ...]:
    return () if value in ([], ()) else _texts(value)


def _one_of(*allowed: Any) -> Reader:
    def read(value: Any) -> Any:
        if not any(value == item and type(value) is type(item) for item in allowed):
            raise _Wrong(" or ".join(repr(item) for item in allowed))
        return value

    return read


def _places(value: Any) -> tuple[str, ...]:
    places = _texts(value)
    if set(places) != {"headers"}:
        msg = "'headers', the only place for tokens that this version knows"
        raise _Wrong(msg)
    return ("headers",)


def _header_name(value: Any) -> str:
    name = _text(value)
    if not all(
        character.isascii() and (character.isalnum() or character == "-") for character in name
    ):
        msg = "the name of a header: letters, digits and '-'"
        raise _Wrong(msg)
    return name


def _scheme(value: Any) -> str | None:
    if value in (None, ""):
        return None
    return _header_name(value)


def _quotable(value: Any) -> str:
    try:
        quoted("realm", _text(value))
    except ChallengeError:
        msg = "printable ASCII without quote and backslash (RFC 6750 section 3)"
        raise _Wrong(msg) from None
    return str(value)


def _setting(
    key: str, default: Any, read: Reader, allowed: str, effect: str, *, is_secret: bool = False
) -> Any:
    metadata = {"key": key, "read": read, "allowed": allowed, "effect": effect}
    return field(default=default, repr=not is_secret, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """An application's settings, read and judged once.

    Lifetimes and leeways are seconds. A field's metadata holds its key, what is allowed and what
    it does; the documentation is made of it.
    """

    secret_key: str | bytes | None = _setting(
        "JWT_SECRET_KEY",
        None,
        _secret,
        "string or bytes, at least as long as the hash: 32 bytes "
        "for HS256, 48 for HS384, 64 for HS512",
        "The secret that signs and verifies.",
        is_secret=True,
    )
    secret_key_fallbacks: tuple[str | bytes, ...] = _setting(
        "JWT_SECRET_KEY_FALLBACKS",
        (),
        _secrets,
        "list of up to three strings or bytes",
        "Older secrets that still verify, but no longer sign.",
        is_secret=True,
    )
    private_key: str | bytes | None = _setting(
        "JWT_PRIVATE_KEY",
        None,
        _secret,
        "PEM",
        "The private key that signs, for all algorithms but HS256, HS384 and HS512.",
        is_secret=True,
    )
    public_key: str | bytes | None = _setting(
        "JWT_PUBLIC_KEY",
        None,
        _secret,
        "PEM",
        "The public key; alone it makes a service that only verifies.",
    )
    algorithm: str = _setting(
        "JWT_ALGORITHM",
        "HS256",
        _one_of(*SUPPORTED),
        ", ".join(SUPPORTED),
        "The one algorithm of the key.",
    )
    access_token_expires: int | None = _setting(
        "JWT_ACCESS_TOKEN_EXPIRES",
        15 * MINUTE,
        _lifetime,
        "seconds, timedelta or NEVER",
        "How long access tokens live.",
    )
    refresh_token_expires: int | None = _setting(
        "JWT_REFRESH_TOKEN_EXPIRES",
        30 * DAY,
        _lifetime,
        "seconds, timedelta or NEVER",
        "How long refresh tokens live.",
    )
    session_idle: int | None = _setting(
        "JWT_SESSION_IDLE",
        None,
        lambda v: None if v is None else _lifetime(v),
        "seconds, timedelta or None",
        "A session that is not refreshed for so long ends; None: when its refresh token expires.",
    )
    session_absolute: int | None = _setting(
        "JWT_SESSION_ABSOLUTE",
        90 * DAY,
        lambda v: None if v is None else _lifetime(v),
        "seconds, timedelta or None",
        "A session ends so long after the login, however often it was refreshed; None: never.",
    )
    encode_issuer: str | None = _setting(
        "JWT_ENCODE_ISSUER",
        None,
        _text,
        "string",
        "`iss` of issued tokens; demanded of tokens too, unless JWT_DECODE_ISSUER says otherwise.",
    )
    decode_issuer: tuple[str, ...] = _setting(
        "JWT_DECODE_ISSUER",
        (),
        _texts,
        "string or list",
        "The issuers that tokens may name.",
    )
    encode_audience: tuple[str, ...] = _setting(
        "JWT_ENCODE_AUDIENCE",
        (),
        _texts,
        "string or list",
        "`aud` of issued tokens; demanded too, unless JWT_DECODE_AUDIENCE says otherwise.",
    )
    decode_audience: tuple[str, ...] = _setting(
        "JWT_DECODE_AUDIENCE",
        (),
        _texts,
        "string or list",
        "One of these has to be in a token's `aud`.",
    )
    decode_leeway: float = _setting(
        "JWT_DECODE_LEEWAY",
        0,
        _between(0, 300),
        "seconds, 0 to 300",
        "How far clocks may differ, wherever times are compared.",
    )
    encode_nbf: bool = _setting(
        "JWT_ENCODE_NBF", True, _flag, "True or False", "Whether issued tokens carry `nbf`."
    )
    require_exp: bool = _setting(
        "JWT_REQUIRE_EXP",
        True,
        _flag,
        "True or False",
        "Whether tokens that never expire are refused.",
    )
    accept_integer_subject: bool = _setting(
        "JWT_ACCEPT_INTEGER_SUBJECT",
        False,
        _flag,
        "True or False",
        "Whether an integer `sub` is taken as its text, as older tokens of other libraries need.",
    )
    access_token_profile: str | None = _setting(
        "JWT_ACCESS_TOKEN_PROFILE",
        None,
        _one_of(None, "rfc9068"),
        "None or 'rfc9068'",
        "Whether access tokens say `typ: at+jwt` and have to (RFC 9068).",
    )
    max_token_length: int = _setting(
        "JWT_MAX_TOKEN_LENGTH",
        16_384,
        _count,
        "characters",
        "Longer tokens are refused before any work.",
    )
    token_location: tuple[str, ...] = _setting(
        "JWT_TOKEN_LOCATION", ("headers",), _places, "'headers'", "Where tokens are looked for."
    )
    header_name: str = _setting(
        "JWT_HEADER_NAME", "Authorization", _header_name, "string", "The header of the token."
    )
    header_type: str | None = _setting(
        "JWT_HEADER_TYPE",
        "Bearer",
        _scheme,
        "string, or None for the bare token",
        "The scheme before the token; its case does not matter.",
    )
    realm: str = _setting(
        "JWT_REALM", "api", _quotable, "printable ASCII", "The realm that challenges name."
    )
    resource_metadata: str | None = _setting(
        "JWT_RESOURCE_METADATA",
        None,
        _quotable,
        "URL",
        "The protected resource metadata that challenges name (RFC 9728).",
    )
    store_url: str | None = _setting(
        "JWT_STORE_URL",
        None,
        _text,
        "'sqlite:///…', 'memory://' or 'none'",
        "Where sessions and revocations are kept; by default a SQLite file in the instance "
        "folder, under app.testing the memory.",
        is_secret=True,
    )
    store_timeout: float = _setting(
        "JWT_STORE_TIMEOUT",
        5.0,
        _between(0.05, 60),
        "seconds, 0.05 to 60",
        "How long to wait for the store before the answer is 503.",
    )
    roles_claim: str = _setting(
        "JWT_ROLES_CLAIM", "roles", _text, "claim or dotted path", "What `HasRole` reads."
    )
    default_deny: bool = _setting(
        "JWT_DEFAULT_DENY",
        False,
        _flag,
        "True or False",
        "Whether endpoints without a guard are refused with 403.",
    )
    public_endpoints: tuple[str, ...] = _setting(
        "JWT_PUBLIC_ENDPOINTS",
        ("static", "*.static"),
        _patterns,
        "list of patterns",
        "Endpoints that JWT_DEFAULT_DENY leaves open, as shell patterns.",
    )
    custom_lifetimes: Mapping[str, int | None] = field(
        default_factory=lambda: MappingProxyType({}),
        metadata={
            "key": "JWT_<KIND>_TOKEN_EXPIRES",
            "read": None,
            "allowed": "seconds, timedelta or NEVER",
            "effect": "How long tokens of a kind of your own live.",
        },
    )
    _seen: Mapping[str, Any] = field(default_factory=dict, repr=False, metadata={})

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Settings:
        """Return the settings that *mapping*, such as ``app.config``, holds.

        Raises:
            ConfigurationError: A value cannot be meant; the message names the key, the type that
                was found, what is allowed, and never a secret.
        """
        keys = {f.metadata["key"]: f for f in fields(cls) if f.metadata.get("read")}
        given = {key: value for key, value in mapping.items() if key.startswith("JWT_")}
        kinds = {key: kind for key in given if key not in keys and (kind := _kind_of(key))}
        _check_names(given, {*keys, *kinds})
        values: dict[str, Any] = {
            keys[key].name: _read(key, value, keys[key].metadata["read"])
            for key, value in given.items()
            if key in keys and not (value is None and keys[key].default in (None, ()))
        }
        lifetimes = {kind: _read(key, given[key], _lifetime) for key, kind in kinds.items()}
        return cls(**values, custom_lifetimes=MappingProxyType(lifetimes), _seen=_copied(given))

    @property
    def lifetimes(self) -> Mapping[str, int | None]:
        """How long tokens live, by kind; in seconds, None for ever."""
        return {
            "access": self.access_token_expires,
            "refresh": self.refresh_token_expires,
            **self.custom_lifetimes,
        }

    @property
    def accepted_issuers(self) -> frozenset[str]:
        """What ``iss`` may be: what is decoded, else what is encoded."""
        own = () if self.encode_issuer is None else (self.encode_issuer,)
        return frozenset(self.decode_issuer or own)

    @property
    def accepted_audiences(self) -> frozenset[str]:
        """What ``aud`` has to hold one of: what is decoded, else what is encoded."""
        return frozenset(self.decode_audience or self.encode_audience)

    def changed_in(self, mapping: Mapping[str, Any]) -> list[str]:
        """Return the keys whose values in *mapping* are others than those that were read."""
        now = {key: value for key, value in mapping.items() if key.startswith("JWT_")}
        absent = object()
        return sorted(
            key
            for key in {*now, *self._seen}
            if now.get(key, absent) != self._seen.get(key, absent)
        )


def _read(key: str, value: Any, read: Reader) -> Any:
    try:
        return read(value)
    except _Wrong as allowed:
        shown = "" if "KEY" in key else _shown(value)
        msg = f"{key} is of type {type(value).__name__}{shown}; expected {allowed}"
        raise ConfigurationError(msg) from None


def _shown(value: Any) -> str:
    """Show what cannot be a secret: numbers and flags."""
    return f" ({value!r})" if isinstance(value, bool | int | float | timedelta) else ""


def _copied(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(v) if isinstance(v, list) else v for key, v in given.items()}


def _kind_of(key: str) -> str | None:
    """Return the kind that ``JWT_<KIND>_TOKEN_EXPIRES`` is about."""
    kind = key.removeprefix("JWT_").removesuffix("_TOKEN_EXPIRES")
    is_own = key.endswith("_TOKEN_EXPIRES") and kind not in ("", "ACCESS", "REFRESH")
    return kind.lower() if is_own else None


def _check_names(given: Iterable[str], known: set[str]) -> None:
    for key in given:
        if key in known:
            continue
        if key in _LATER:
            msg = f"{key}: this version does not have it; {_LATER[key]}"
            raise ConfigurationError(msg)
        near = difflib.get_close_matches(key, known, 1)
        hint = _ADVICE.get(key) or (f"did you mean {near[0]}?" if near else "remove it")
        warnings.warn(f"{key} means nothing here; {hint}", UnknownSettingWarning, stacklevel=4)


_COOKIES: Final = "tokens travel in headers only"

#: Settings that would quietly do nothing: they are refused until they do what they say.
_LATER: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "JWT_COOKIE_SECURE",
            "JWT_COOKIE_DOMAIN",
            "JWT_COOKIE_SAMESITE",
            "JWT_COOKIE_PARTITIONED",
            "JWT_COOKIE_CSRF_PROTECT",
            "JWT_CSRF_CHECK_FORM",
            "JWT_CSRF_TRUSTED_ORIGINS",
            "JWT_ACCESS_COOKIE_NAME",
            "JWT_REFRESH_COOKIE_NAME",
            "JWT_ACCESS_COOKIE_PATH",
            "JWT_REFRESH_COOKIE_PATH",
            "JWT_QUERY_STRING_NAME",
            "JWT_QUERY_STRING_VALUE_PREFIX",
            "JWT_JSON_KEY",
            "JWT_REFRESH_JSON_KEY",
        ),
        _COOKIES,
    ),
    "JWT_KEYS": "pass keys=KeyRing(…) to JWTManager",
    "JWT_KEYS_RELOAD": "restart to load new keys",
    "JWT_KEY_PUBLISH_DELAY": "new keys sign at once",
    "JWT_REFRESH_GRACE": "a refresh token that is used twice ends its session at once",
    "JWT_STORE_LOST": "a store that lost its memory is not noticed",
}

#: What Flask-JWT-Extended calls otherwise, or what has no switch here.
_ADVICE: Final[Mapping[str, str]] = {
    "JWT_DECODE_ALGORITHMS": "a key has one algorithm; JWT_ALGORITHM names it",
    "JWT_ERROR_MESSAGE_KEY": "write @app.errorhandler(AccessError) to answer differently",
    "JWT_IDENTITY_CLAIM": "the subject is always `sub`",
    "JWT_VERIFY_SUB": "`sub` is always checked; see JWT_ACCEPT_INTEGER_SUBJECT",
    "JWT_CSRF_METHODS": "every unsafe method needs CSRF protection; there is no list",
    "JWT_SESSION_COOKIE": "cookies end with their tokens",
    "JWT_BLACKLIST_ENABLED": "revocation is always on; see the baseline of JWTManager",
    "JWT_BLACKLIST_TOKEN_CHECKS": "revocation covers all kinds; see the baseline of JWTManager",
}
