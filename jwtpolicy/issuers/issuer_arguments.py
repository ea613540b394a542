"""Check the arguments of `Issuer`, each with an error that says what to write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from os.path import isfile
from typing import TYPE_CHECKING, Any, Final, TypedDict

from marshmallow import Schema

from ..exceptions import ConfigurationError, expect
from ..keys.static_set import StaticKeys
from ..tokens.claims import RESERVED_CLAIMS, is_storable
from .conditions import Condition, Path
from .opaque_tokens import Introspection

if TYPE_CHECKING:
    from ..tokens.token import Token


class IssuerArguments(TypedDict, total=False):
    """The arguments of `Issuer` that presets pass on, for type checkers."""

    keys: StaticKeys | None
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
    introspection: Introspection | None
    cafile: str | None
    allow_http: bool


#: Claims that `Issuer(claims=…)` may set although the library reads them.
_MAPPABLE: Final = frozenset({"acr", "amr", "auth_time"})


@contextmanager
def of_argument(argument: str) -> Iterator[None]:
    """Say which argument of `Issuer` an error of the code within is about.

    Raises:
        ConfigurationError: The code raised one; the message begins with the argument.
    """
    try:
        yield
    except ConfigurationError as error:
        msg = f"Issuer({argument}): {error}"
        raise ConfigurationError(msg) from None


def checked_file(argument: str, value: object) -> str | None:
    """Return the path of a file, or None.

    Raises:
        ConfigurationError: It is no text, or no file is there.
    """
    if value is None or (isinstance(value, str) and "\0" not in value and isfile(value)):
        return value
    msg = f"Issuer({argument}=…) takes the path of a PEM file that exists, not {value!r:.60}"
    raise ConfigurationError(msg)


def checked_names(argument: str, value: object, of: str = "Issuer") -> frozenset[str]:
    """Return one name, or several, as a set; *of* is what the argument is passed to.

    Raises:
        ConfigurationError: It is no text and no collection of non-empty texts.
    """
    how = f"{of}({argument}=…) takes a non-empty text, or several in a list"
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


def checked_name(argument: str, value: object) -> str:
    """Return the name of a claim.

    Raises:
        ConfigurationError: It is no text, or empty.
    """
    if isinstance(value, str) and value:
        return value
    msg = f"Issuer({argument}=…) takes the name of a claim, not {value!r:.60}"
    raise ConfigurationError(msg)


def checked_path(argument: str, value: object) -> str | tuple[str, ...]:
    """Return the place of a claim: its name, or a tuple of names.

    Raises:
        ConfigurationError: It is neither a name nor a tuple of names.
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


def checked_prefix(value: object, of: str = "Issuer") -> str:
    """Return the prefix of subjects; *of* is what the argument is passed to.

    Raises:
        ConfigurationError: It is no text that every store can save.
    """
    if isinstance(value, str) and len(value) <= 256 and is_storable(value):
        return value
    msg = f"{of}(subject_prefix=…) takes a text of at most 256 characters, not {value!r:.60}"
    raise ConfigurationError(msg)
