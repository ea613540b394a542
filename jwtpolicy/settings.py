"""Read an application's settings once, and refuse what cannot be meant."""

from __future__ import annotations

import difflib
import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from .exceptions import ChallengeError, ConfigurationError, quoted
from .keys.ring import SUPPORTED
from .sentinels import NEVER

#: Seconds.
MINUTE, HOUR, DAY = 60, 3600, 86_400

#: The longest lifetime; ``exp`` has to stay a date (CLAIM-1), and stores keep 64-bit integers.
_CENTURY: Final = 100 * 365 * DAY


class UnknownSettingWarning(UserWarning):
    """A ``JWT_…`` key means nothing here; probably it is misspelt."""


class _Wrong(Exception):  # noqa: N818 # becomes a ConfigurationError that names the key
    """What is allowed instead."""


Reader = Callable[[Any], Any]


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        hint = "in the environment `FLASK_JWT_…=false`, in lower case: Flask reads JSON"
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


_NUMBER: Final = "in the environment `FLASK_JWT_…=60`, without quotes: Flask reads JSON"


def _seconds(value: Any) -> float:
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if type(number) not in (int, float) or not math.isfinite(number):
        msg = f"seconds as a number ({_NUMBER}), or a timedelta"
        raise _Wrong(msg)
    return float(number)


def _lifetime(value: Any) -> int | None:
    """Read how long tokens live; None is for ever."""
    if value is NEVER:
        return None
    try:
        seconds = _seconds(value)
    except _Wrong:
        seconds = 0
    if not 1 <= seconds <= _CENTURY:
        msg = (
            f"at least one second and at most a century, as a number ({_NUMBER}) or a timedelta; "
            "for ever is spelt jwtpolicy.NEVER"
        )
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
        msg = f"a whole number above 0 ({_NUMBER})"
        raise _Wrong(msg)
    return value


def _texts(value: Any) -> tuple[str, ...]:
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, list | tuple | set | frozenset) or not listed:
        msg = "a non-empty string, or a list of them"
        raise _Wrong(msg)
    texts = tuple(map(_text, listed))
    return tuple(sorted(texts)) if isinstance(listed, set | frozenset) else texts


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
        for doubt in _doubts(given, {*keys, *kinds}):
            # The caller of JWTManager(app).
            warnings.warn(doubt, UnknownSettingWarning, stacklevel=4)
        values: dict[str, Any] = {
            keys[key].name: _read(key, value, keys[key].metadata["read"])
            for key, value in given.items()
            if key in keys and not (value is None and keys[key].default in (None, ()))
        }
        lifetimes = {kind: _read(key, given[key], _lifetime) for key, kind in kinds.items()}
        settings = cls(**values, custom_lifetimes=MappingProxyType(lifetimes), _seen=_copied(given))
        _check_keys(settings)
        _check_ends(settings)
        return settings

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
        """Return the keys whose values in *mapping* are others than those that were read.

        Keys that mean nothing here are not looked at; they may be somebody else's.
        """
        known = {f.metadata.get("key") for f in fields(self)}
        absent = object()
        return sorted(
            key
            for key in {*mapping, *self._seen}
            if (key in known or _kind_of(key) or _later(key))
            and mapping.get(key, absent) != self._seen.get(key, absent)
        )


def _read(key: str, value: Any, read: Reader) -> Any:
    try:
        return read(value)
    except _Wrong as allowed:
        shown = "" if "KEY" in key else _shown(value)
        expected = str(allowed).replace("JWT_…", key)
        msg = f"{key} is of type {type(value).__name__}{shown}; expected {expected}"
        raise ConfigurationError(msg) from None


def _shown(value: Any) -> str:
    """Show what cannot be a secret: numbers and flags."""
    return f" ({value!r})" if isinstance(value, bool | int | float | timedelta) else ""


def _copied(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: type(v)(v) if isinstance(v, list | set) else v for key, v in given.items()}


def _check_keys(settings: Settings) -> None:
    """Refuse keys that the algorithm would leave unused: they were meant to sign or verify."""
    unused: dict[str, object] = {"JWT_SECRET_KEY_FALLBACKS": settings.secret_key_fallbacks}
    if settings.algorithm.startswith("HS"):
        unused = {"JWT_PRIVATE_KEY": settings.private_key, "JWT_PUBLIC_KEY": settings.public_key}
    for key, value in unused.items():
        if value:
            msg = (
                f"{key} is not used with JWT_ALGORITHM {settings.algorithm}; set JWT_ALGORITHM to "
                f"the algorithm of the key, or remove {key}"
            )
            raise ConfigurationError(msg)


def _check_ends(settings: Settings) -> None:
    """Refuse lifetimes without an end where tokens have to have one (CLAIM-1)."""
    endless = [kind for kind, seconds in settings.lifetimes.items() if seconds is None]
    if settings.session_absolute is not None:
        # Access and refresh tokens end with their session.
        endless = [kind for kind in endless if kind in settings.custom_lifetimes]
    if settings.require_exp and endless:
        msg = (
            f"JWT_{endless[0].upper()}_TOKEN_EXPIRES is NEVER, but tokens that never expire are "
            "refused here; give it an end, or set JWT_REQUIRE_EXP to False"
        )
        raise ConfigurationError(msg)


def _kind_of(key: str) -> str | None:
    """Return the kind that ``JWT_<KIND>_TOKEN_EXPIRES`` is about."""
    own = re.fullmatch(r"JWT_(?!(?:ACCESS|REFRESH)_TOKEN)(.+)_TOKEN_EXPIRES", key)
    return own[1].lower() if own else None


def _doubts(given: Iterable[str], known: set[str]) -> Iterator[str]:
    """Yield what to warn of.

    Raises:
        ConfigurationError: A setting would quietly do nothing.
    """
    for key in given:
        if key in known:
            yield from _misspelt(key)
        elif reason := _later(key):
            msg = f"{key}: this version does not have it; {reason}"
            raise ConfigurationError(msg)
        else:
            near = difflib.get_close_matches(key, known, 1)
            hint = _ADVICE.get(key) or (f"did you mean {near[0]}?" if near else "remove it")
            yield f"{key} means nothing here; {hint}"


def _misspelt(key: str) -> Iterator[str]:
    """Yield a doubt about a kind of one's own that is probably ``ACCESS`` or ``REFRESH``."""
    kind = _kind_of(key) or ""
    near = difflib.get_close_matches(kind, ("access", "refresh"), 1, 0.8)
    if near and not kind.startswith(near[0]):
        meant = f"JWT_{near[0].upper()}_TOKEN_EXPIRES"
        yield f"{key} is for a kind of your own, {kind!r}; did you mean {meant}?"


def _later(key: str) -> str | None:
    """Say why a setting is refused that would quietly do nothing, if it is one."""
    if key in _ADVICE or not key.startswith("JWT_"):
        return None
    return _LATER.get(key) or (_HEADERS_ONLY if _OTHER_PLACES.search(key) else None)


_HEADERS_ONLY: Final = "tokens travel in headers only"

#: What the settings of cookies, query strings and JSON bodies have in their names.
_OTHER_PLACES: Final = re.compile("COOKIE|CSRF|QUERY_STRING|JSON_KEY")

#: Settings that would quietly do nothing: they are refused until they do what they say.
_LATER: Final[Mapping[str, str]] = {
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
