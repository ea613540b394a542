"""Conditions on the header and the claims of a token of another issuer.

The claims that tell an access token from an ID token, or a machine from a user, are different at
each provider; a condition names them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from inspect import iscoroutinefunction
from types import MappingProxyType
from typing import Any, Final

from ..exceptions import ConfigurationError
from ..markers import ANY, Any_
from ..parsing.signatures import signature_of

logger = logging.getLogger("jwtpolicy")

#: Takes the header and all claims as they were signed, and returns True or False.
Test = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]

#: One condition: ``at+jwt``, the values of claims, or a function.
Condition = str | Mapping[str, object] | Test

#: The place of a claim: its name, or the names of the objects around it and then its own.
Path = str | tuple[str, ...]

#: What stands for :rfc:`9068#section-4`: the header's ``typ`` is ``at+jwt``.
AT_JWT: Final = "at+jwt"

_TYPES: Final = frozenset({AT_JWT, f"application/{AT_JWT}"})

_HOW: Final = (
    "a condition is 'at+jwt', a mapping of claims such as {'token_use': 'access'}, or a function "
    "(no async one) of two arguments, the header and the claims"
)


def tests_of(where: str, conditions: object) -> tuple[Test, ...]:
    """Return the tests of one condition or of several, of which any may hold.

    Args:
        where: The argument, for the error.
        conditions: A `Condition`, or a list or tuple of them.

    Raises:
        ConfigurationError: It is empty, or something else.
    """
    several = conditions if isinstance(conditions, list | tuple) else (conditions,)
    found = tuple(_test_of(where, one) for one in several)
    if not found:
        msg = f"{where} is empty, so that no token could pass; {_HOW}"
        raise ConfigurationError(msg)
    return found


def holds(
    tests: Iterable[Test],
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    *,
    in_doubt: bool = False,
) -> bool:
    """Return whether one of *tests* returns True.

    Args:
        tests: The conditions.
        header: The JOSE header.
        claims: All claims, as the issuer signed them.
        in_doubt: What it means that a function of the application's own raises an exception, or
            returns neither True nor False. Both are logged.
    """
    try:
        for test in tests:
            answer: object = test(header, claims)
            if answer is True or (answer is not False and _doubted(answer, in_doubt)):
                return True
    except Exception as error:  # whatever it is, it must refuse
        logger.exception("a condition of an issuer raised %s", type(error).__name__)
        return in_doubt
    return False


def _doubted(answer: object, in_doubt: bool) -> bool:
    kind = type(answer).__name__
    logger.error("a condition of an issuer returned %s, not True or False", kind)
    return in_doubt


def _test_of(where: str, condition: object) -> Test:
    if condition == AT_JWT:
        return _is_typed
    if isinstance(condition, Mapping) and condition:
        wanted = dict(condition)
        for name, value in wanted.items():
            _check_wanted(where, name, value)
        return _Claims((*wanted.items(),))
    if callable(condition) and _takes_both(condition):
        return _Function(condition)
    msg = f"{where}: expected a condition, not {condition!r:.40}: {_HOW}"
    raise ConfigurationError(msg)


def _takes_both(function: Callable[..., Any]) -> bool:
    """Whether *function* can be called with header and claims, and answers at once."""
    if iscoroutinefunction(function) or isinstance(function, type):
        return False
    try:
        signature_of(function).bind({}, {})
    except TypeError:  # a `PolicyDefinitionError` is one: nobody can tell, as of some built-in ones
        return False
    return True


def _is_typed(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    return str(header.get("typ", "")).lower() in _TYPES


def _check_wanted(where: str, name: object, value: object) -> None:
    is_value = isinstance(value, str | bool | int | Any_ | frozenset) or value in (str, list)
    if not (isinstance(name, str) and name and is_value):
        msg = (
            f"{where}: a claim has a text, a number or a truth value, a frozenset of these, ANY, "
            f"or the type str or list, not {value!r:.40}"
        )
        raise ConfigurationError(msg)


@dataclass(frozen=True)
class _Function:
    """A function of the application; two of one function are equal."""

    function: Test

    def __call__(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
        # Read-only: one that took away a claim would change what is checked and used later.
        return self.function(MappingProxyType(header), MappingProxyType(claims))


@dataclass(frozen=True)
class _Claims:
    """All of these claims have these values; two that ask for the same are equal."""

    wanted: tuple[tuple[str, object], ...]

    def __call__(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
        for name, wanted in self.wanted:  # noqa: SIM110 # a generator takes longer
            if not _is(claims.get(name), wanted):
                return False
        return True


def _is(value: object, wanted: object) -> bool:
    """Return whether *value* is *wanted*; absent, null and empty are no value."""
    if value is None or value == "" or value == []:
        return False
    kind = type(value)
    if wanted is ANY or wanted is kind:
        return True
    if type(wanted) is not frozenset:
        return kind is type(wanted) and value == wanted
    return any(kind is type(one) and value == one for one in wanted)


def is_client_itself(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Whether the subject is the client (:rfc:`9068#section-2.2`): no user has a part in it."""
    subject = claims.get("sub")
    clients = [claims.get(name) for name in ("client_id", "azp", "cid")]
    return isinstance(subject, str) and subject in clients
