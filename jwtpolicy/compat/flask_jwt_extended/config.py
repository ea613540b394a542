"""Read the options of the current application, with their defaults; nothing is written to it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Generic, TypeVar, cast

from flask import current_app
from flask.json.provider import DefaultJSONProvider
from jwt.algorithms import requires_cryptography

from ...exceptions import ConfigurationError
from ...keys.armour import check_secret
from ...settings import Settings
from ...settings.readers import PLACES, flag, read_setting
from .typing import ExpiresDelta

T = TypeVar("T")

#: The default of ``JWT_CSRF_METHODS``.
CSRF_METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")

#: Switches that give up a safeguard, with what they let in.
SWITCHES: Final[Mapping[str, str]] = {
    "JWT_COMPAT_WEAK_KEYS": "HMAC secrets of any length sign and verify",
    "JWT_COMPAT_UNTYPED": "tokens without `type` count as access tokens",
    "JWT_COMPAT_OPTIONS_VIEW": "views that answer OPTIONS themselves run without a token",
}

#: Settings of the native library that mean the same here.
_SHARED: Final = ("JWT_MAX_TOKEN_LENGTH", "JWT_REALM", "JWT_RESOURCE_METADATA")

#: The defaults that the original writes into ``app.config``: of all options, and of the keys.
FILLED: dict[str, Any] = {"JWT_SECRET_KEY": None, "JWT_PRIVATE_KEY": None, "JWT_PUBLIC_KEY": None}

#: The message about a short HMAC secret.
_WEAK: Final = """the HMAC secret has {} bytes and needs 32 (RFC 7518 section 3.2); make one with
  python -c "import secrets; print(secrets.token_urlsafe(48))\""""

#: The key in ``app.extensions`` that is set after the application was warned.
_WARNED: Final = "jwtpolicy.compat.warned"

#: Seconds in the year that cookies live where they are no session cookies.
_YEAR: Final = 31_540_000


class WeakKeyWarning(UserWarning):
    """An HMAC secret is shorter than the standard demands (:rfc:`7518#section-3.2`)."""


class JSONEncoder(json.JSONEncoder):
    """A JSON encoder that encodes other types as the application's own JSON provider does."""

    def default(self, o: Any) -> Any:
        return getattr(current_app.json, "default", DefaultJSONProvider.default)(o)


class _Option(Generic[T]):
    """A descriptor of an option; *read*, if given, checks and converts its value."""

    def __init__(self, key: str, default: T, read: Callable[[str, Any], T] | None = None) -> None:
        self._key, self._default, self._read = key, default, read
        FILLED[key] = default

    def __get__(self, instance: object, owner: type) -> T:
        found = current_app.config.get(self._key, self._default)
        return cast(T, found) if self._read is None else self._read(self._key, found)


def places(key: str, value: Any) -> Collection[str]:
    """Return the token locations that *value* names, in their order.

    Raises:
        RuntimeError: *value* names a location that does not exist, or none at all.
    """
    listed = (value,) if isinstance(value, str) else value
    is_fit = isinstance(listed, Sequence | set | frozenset) and set(listed) <= set(PLACES)
    if not is_fit or not listed:
        raise RuntimeError(f"{key} holds one or several of {', '.join(PLACES)}, not {value!r}")
    return cast(Collection[str], listed)


def _header(key: str, value: Any) -> str:
    if not value:
        raise RuntimeError(f"{key} is empty; remove it, or name a header")
    return cast(str, value)


def _span(key: str, value: Any) -> ExpiresDelta:
    if value is False:
        return False
    delta = timedelta(seconds=value) if type(value) is int else value
    try:
        delta + datetime.now(UTC)
    except TypeError as error:
        msg = f"{key} is a timedelta, seconds as a whole number, or False for no end; not {value!r}"
        raise RuntimeError(msg) from error
    return cast(ExpiresDelta, delta)


def _methods(key: str, value: Any) -> list[str]:
    # Text would be a list of letters, and no method would be on it.
    return value.replace(",", " ").split() if isinstance(value, str) else list(value)


class Config:
    """The options of the current application."""

    access_expires = _Option[ExpiresDelta]("JWT_ACCESS_TOKEN_EXPIRES", timedelta(minutes=15), _span)
    refresh_expires = _Option[ExpiresDelta]("JWT_REFRESH_TOKEN_EXPIRES", timedelta(days=30), _span)
    access_cookie_name = _Option("JWT_ACCESS_COOKIE_NAME", "access_token_cookie")
    refresh_cookie_name = _Option("JWT_REFRESH_COOKIE_NAME", "refresh_token_cookie")
    access_cookie_path = _Option("JWT_ACCESS_COOKIE_PATH", "/")
    refresh_cookie_path = _Option("JWT_REFRESH_COOKIE_PATH", "/")
    access_csrf_cookie_name = _Option("JWT_ACCESS_CSRF_COOKIE_NAME", "csrf_access_token")
    refresh_csrf_cookie_name = _Option("JWT_REFRESH_CSRF_COOKIE_NAME", "csrf_refresh_token")
    access_csrf_cookie_path = _Option("JWT_ACCESS_CSRF_COOKIE_PATH", "/")
    refresh_csrf_cookie_path = _Option("JWT_REFRESH_CSRF_COOKIE_PATH", "/")
    access_csrf_field_name = _Option("JWT_ACCESS_CSRF_FIELD_NAME", "csrf_token")
    refresh_csrf_field_name = _Option("JWT_REFRESH_CSRF_FIELD_NAME", "csrf_token")
    access_csrf_header_name = _Option("JWT_ACCESS_CSRF_HEADER_NAME", "X-CSRF-TOKEN")
    refresh_csrf_header_name = _Option("JWT_REFRESH_CSRF_HEADER_NAME", "X-CSRF-TOKEN")
    algorithm = _Option("JWT_ALGORITHM", "HS256")
    cookie_csrf_protect = _Option("JWT_COOKIE_CSRF_PROTECT", True)
    cookie_domain = _Option[str | None]("JWT_COOKIE_DOMAIN", None)
    cookie_partitioned = _Option("JWT_COOKIE_PARTITIONED", False, partial(read_setting, read=flag))
    cookie_samesite = _Option[str | None]("JWT_COOKIE_SAMESITE", None)
    cookie_secure = _Option("JWT_COOKIE_SECURE", False)
    csrf_check_form = _Option("JWT_CSRF_CHECK_FORM", False)
    csrf_in_cookies = _Option("JWT_CSRF_IN_COOKIES", True)
    csrf_request_methods = _Option[Collection[str]]("JWT_CSRF_METHODS", CSRF_METHODS, _methods)
    decode_audience = _Option[str | Iterable[str] | None]("JWT_DECODE_AUDIENCE", None)
    decode_issuer = _Option[str | Sequence[str] | None]("JWT_DECODE_ISSUER", None)
    encode_audience = _Option[str | Iterable[str] | None]("JWT_ENCODE_AUDIENCE", None)
    encode_issuer = _Option[str | None]("JWT_ENCODE_ISSUER", None)
    encode_nbf = _Option("JWT_ENCODE_NBF", True)
    error_msg_key = _Option("JWT_ERROR_MESSAGE_KEY", "msg")
    header_name = _Option("JWT_HEADER_NAME", "Authorization", _header)
    header_type = _Option[str | None]("JWT_HEADER_TYPE", "Bearer")
    identity_claim_key = _Option("JWT_IDENTITY_CLAIM", "sub")
    json_key = _Option("JWT_JSON_KEY", "access_token")
    leeway = _Option[float | timedelta]("JWT_DECODE_LEEWAY", 0)
    query_string_name = _Option("JWT_QUERY_STRING_NAME", "jwt")
    query_string_value_prefix = _Option("JWT_QUERY_STRING_VALUE_PREFIX", "")
    refresh_json_key = _Option("JWT_REFRESH_JSON_KEY", "refresh_token")
    session_cookie = _Option("JWT_SESSION_COOKIE", True)
    token_location = _Option[Collection[str]]("JWT_TOKEN_LOCATION", ("headers",), places)
    verify_sub = _Option("JWT_VERIFY_SUB", True)
    _decode_algorithms = _Option[Iterable[str] | None]("JWT_DECODE_ALGORITHMS", None)

    json_encoder = JSONEncoder
    exempt_methods: Final = frozenset({"OPTIONS"})
    jwt_in_headers = property(lambda self: "headers" in self.token_location)
    jwt_in_cookies = property(lambda self: "cookies" in self.token_location)
    jwt_in_query_string = property(lambda self: "query_string" in self.token_location)
    jwt_in_json = property(lambda self: "json" in self.token_location)
    #: Whether `algorithm` signs with a private key and verifies with a public one.
    is_asymmetric = property(lambda self: self.algorithm in requires_cryptography)
    #: The lifetime of cookies in seconds; None: until the browser is closed.
    cookie_max_age = property(lambda self: None if self.session_cookie else _YEAR)
    #: The keys that sign and verify; for what they raise see `_key`.
    encode_key = property(lambda self: self._key("JWT_PRIVATE_KEY"))
    decode_key = property(lambda self: self._key("JWT_PUBLIC_KEY"))

    def _key(self, asymmetric: str) -> Any:
        """Return the configured key: the secret, or the setting named *asymmetric*.

        Raises:
            RuntimeError: No key is configured for the algorithm.
            ConfigurationError: The secret is too short, or is a key of another algorithm.
        """
        names = (asymmetric,) if self.is_asymmetric else ("JWT_SECRET_KEY", "SECRET_KEY")
        key = next(filter(None, map(current_app.config.get, names)), None)
        if key is None:
            raise RuntimeError(f"{' or '.join(names)} has to be set for {self.algorithm}")
        check_secret(None if self.is_asymmetric else key)
        self.check_strength(key, [self.algorithm])
        return key

    def check_strength(self, key: Any, algorithms: Iterable[str]) -> None:
        """Refuse a secret that can be guessed, and warn once of one that is short.

        Raises:
            ConfigurationError: The secret has less than 16 bytes: it is found by trying.
        """
        is_hmac = any(algorithm.startswith("HS") for algorithm in algorithms)
        if not is_hmac or not isinstance(key, str | bytes) or self.is_on("JWT_COMPAT_WEAK_KEYS"):
            return
        size = len(key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key)
        if size < 16:
            msg = f"{_WEAK}\nor, while you change it, set JWT_COMPAT_WEAK_KEYS to True"
            raise ConfigurationError(msg.format(size))
        if size < 32 and _WARNED not in current_app.extensions:
            current_app.extensions[_WARNED] = True
            # The caller of JWTManager(app).
            warnings.warn(_WEAK.format(size), WeakKeyWarning, stacklevel=7)

    @property
    def decode_algorithms(self) -> list[str]:
        """The algorithms that are accepted; that of the key always is."""
        return list(dict.fromkeys([*(self._decode_algorithms or ()), self.algorithm]))

    @property
    def shared(self) -> Settings:
        """The settings that the native library has and the bridge uses."""
        given = {key: current_app.config[key] for key in _SHARED if key in current_app.config}
        return Settings.from_mapping(given)

    def check(self) -> None:
        """Check the options when an application starts, instead of at a request (C17).

        Raises:
            RuntimeError: An option has a value that Flask-JWT-Extended refuses.
            ConfigurationError: The secret can be guessed, or is a public key, or a switch does not
                exist, or is neither on nor off.
        """
        for switch in filter(lambda key: key.startswith("JWT_COMPAT_"), current_app.config):
            if switch not in SWITCHES:
                raise ConfigurationError(f"{switch} is no switch; there are {', '.join(SWITCHES)}")
            self.is_on(switch)
        if self.cookie_partitioned and not self.cookie_secure:
            raise ConfigurationError("JWT_COOKIE_PARTITIONED needs JWT_COOKIE_SECURE")
        for option in ("token_location", "header_name", "access_expires", "refresh_expires"):
            getattr(self, option)
        # The key may be configured later.
        with suppress(RuntimeError):
            self.encode_key  # noqa: B018 # judges it

    def is_on(self, switch: str) -> bool:
        """Whether one of `SWITCHES` is on.

        Raises:
            ConfigurationError: The switch is neither True nor False: text would always be true.
        """
        return bool(read_setting(switch, current_app.config.get(switch, False), flag))


config = Config()
