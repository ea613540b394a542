"""Check the arguments of `Issuer`, each with an error that says what to write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, TypedDict
from urllib.parse import urlsplit

from marshmallow import Schema

from ..exceptions import ConfigurationError, expect
from ..keys import Key, KeyRing
from ..keys.key import SUPPORTED
from ..tokens.claims import RESERVED_CLAIMS, is_storable
from .conditions import Condition, Path

if TYPE_CHECKING:
    from ..tokens.token import Token


class IssuerArguments(TypedDict, total=False):
    """The arguments of `Issuer` that presets pass on, for type checkers."""

    keys: KeyRing | Mapping[str, object] | str | Iterable[Key] | None
    jwks_uri: str | None
    algorithms: str | Collection[str]
    access_when: Condition | Collection[Condition]
    machine_when: Condition | Collection[Condition]
    subject: str
    subject_prefix: str
    scopes: str
    roles: Path | None
    claims: Mapping[str, Path] | None
    requires_jti: bool
    leeway: float | None
    max_age: float | None
    schema: Schema | type[Schema] | None
    user_loader: Callable[[Token], Any] | None
    allow_http: bool


#: Characters of an issuer's URL at most.
_MAX_URL: Final = 1024
#: Claims that `Issuer(claims=…)` may set although the library reads them.
_MAPPABLE: Final = frozenset({"acr", "amr", "auth_time"})


def checked_url(url: object, *, allow_http: bool) -> str:
    """Return the URL of an issuer, as it is written.

    Raises:
        ConfigurationError: It is no https URL without query and fragment
            (:rfc:`8414#section-2`); http is one of this machine, and only where it is allowed.
    """
    expect(url, str, "Issuer(url) takes the issuer's URL", ConfigurationError)
    text = str(url)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    is_plain = text.isascii() and text.isprintable() and not set(' \\"') & set(text)
    is_bare = not (parts.query or parts.fragment or "@" in parts.netloc or "?" in text)
    if not (is_plain and is_bare and host and len(text) <= _MAX_URL and "#" not in text):
        msg = (
            f"Issuer({text!r:.80}): expected an https URL without query, fragment and password, "
            "as the issuer writes it in `iss`, such as 'https://login.example.com'"
        )
        raise ConfigurationError(msg)
    if parts.scheme != "https" and not (
        allow_http and parts.scheme == "http" and is_loopback(host)
    ):
        msg = (
            f"Issuer({text!r:.80}): an issuer has an https URL; http is for an issuer on this "
            "machine alone, with allow_http=True"
        )
        raise ConfigurationError(msg)
    return text


def is_loopback(host: str) -> bool:
    """Whether *host* is a name or address of this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def checked_names(argument: str, value: object) -> frozenset[str]:
    """Return one name, or several, as a set.

    Raises:
        ConfigurationError: It is no text and no collection of non-empty texts.
    """
    how = f"Issuer({argument}=…) takes a non-empty text, or several in a list"
    names: Iterable[object] = [value] if isinstance(value, str) else _several(value, how)
    found = {name for name in names if isinstance(name, str) and name}
    if len(found) < len([*names]):
        expect(value, (), how, ConfigurationError)
    return frozenset(found)


def _several(value: object, how: str) -> Collection[object]:
    if isinstance(value, list | tuple | set | frozenset):
        return value
    msg = f"{how}, not {value!r:.60}"
    raise ConfigurationError(msg)


def checked_algorithms(value: object) -> tuple[str, ...]:
    """Return the algorithms, in their order.

    Raises:
        ConfigurationError: There is none, or one is not an asymmetric one that is known here: with
            a secret whoever verifies could sign too.
    """
    names = checked_names("algorithms", value)
    asymmetric = [name for name in SUPPORTED if not name.startswith("HS")]
    if not names or not names <= set(asymmetric):
        msg = (
            f"Issuer(algorithms=…) takes some of {', '.join(asymmetric)}, "
            f"not {sorted(names - set(asymmetric))!r:.60}"
        )
        raise ConfigurationError(msg)
    return tuple(name for name in asymmetric if name in names)


def checked_path(argument: str, value: object) -> str | tuple[str, ...]:
    """Return the place of a claim: its name, or a tuple of names.

    Raises:
        ConfigurationError: It is something else.
    """
    names = value if isinstance(value, tuple) and value else (value,)
    if not all(isinstance(name, str) and name for name in names):
        msg = (
            f"Issuer({argument}=…) takes the name of a claim, or a tuple of names such as "
            f"('realm_access', 'roles'), not {value!r:.60}"
        )
        raise ConfigurationError(msg)
    return value  # type: ignore[return-value] # checked


def checked_claims(value: object) -> dict[str, str | tuple[str, ...]]:
    """Return the mapping of claims.

    Raises:
        ConfigurationError: It is no mapping, or sets a claim that has its own argument or that
            only this application's own tokens have.
    """
    expect(value, Mapping, "Issuer(claims=…) takes a mapping", ConfigurationError)
    mapping: dict[Any, Any] = dict(value)  # type: ignore[call-overload] # checked
    taken = (RESERVED_CLAIMS | {"sub", "act", "carried"}) - _MAPPABLE
    wrong = [name for name in mapping if not isinstance(name, str) or not name or name in taken]
    if wrong:
        msg = (
            f"Issuer(claims=…) cannot set {wrong!r:.60}: subject, scopes and roles have their own "
            "arguments, and the others belong to tokens of this application"
        )
        raise ConfigurationError(msg)
    return {name: checked_path(f"claims={{{name!r}: …}}", path) for name, path in mapping.items()}


def checked_seconds(argument: str, value: object, most: float) -> float | None:
    """Return a number of seconds, or None.

    Raises:
        ConfigurationError: It is no number from 0 to *most*.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (is_number and 0 <= value <= most):  # type: ignore[operator] # a number
        msg = f"Issuer({argument}=…) takes seconds from 0 to {most:g}, or None, not {value!r:.40}"
        raise ConfigurationError(msg)
    return value  # type: ignore[return-value] # checked


def checked_prefix(value: object) -> str:
    """Return the prefix of subjects.

    Raises:
        ConfigurationError: It is no text that every store can save.
    """
    if isinstance(value, str) and len(value) <= 256 and is_storable(value):
        return value
    msg = f"Issuer(subject_prefix=…) takes a text of at most 256 characters, not {value!r:.60}"
    raise ConfigurationError(msg)
