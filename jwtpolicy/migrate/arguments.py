"""Translate the arguments that tokens were made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import libcst as cst
from libcst.metadata import Assignment

from ..jose import RESERVED_CLAIMS, RESERVED_HEADERS
from .names import own_name
from .nodes import expression, keyword, literal, string, text_of
from .source import Source

if TYPE_CHECKING:
    from .work import Work

#: The parameters of ``create_access_token``.
ACCESS: Final = (
    "identity",
    "fresh",
    "expires_delta",
    "additional_claims",
    "additional_headers",
)
#: The parameters of ``create_refresh_token``.
REFRESH: Final = ("identity", "expires_delta", "additional_claims", "additional_headers")

#: What they are called here.
_RENAMED: Final = {
    "fresh": "fresh",
    "expires_delta": "expires_in",
    "additional_claims": "claims",
    "additional_headers": "headers",
}

#: What says the same as some reserved claims.
_INSTEAD: Final = {
    "aud": "write audience=… of jwt.issue, and name it in JWT_DECODE_AUDIENCE",
    "exp": "write expires_in=… of jwt.issue",
    "scope": "write scope=…",
    "iss": "set JWT_ENCODE_ISSUER",
    "sub": "it is the user that the token is issued for",
}


def renamed(given: Mapping[str, cst.BaseExpression], never: str) -> Iterator[cst.Arg]:
    """Yield arguments by their names here; *never* is written for a lifetime of False."""
    for name, value in given.items():
        meant = literal(value)
        if meant is None or (name == "fresh" and meant is False):
            continue
        endless = name == "expires_delta" and meant is False
        yield keyword(_RENAMED[name], cst.Name(never) if endless else value)


def user_behind(work: Work, identity: cst.Arg, manager: str) -> cst.BaseExpression | None:
    """Return the user itself, where a token is made for the proxy of it."""
    is_proxy = any(
        origin == "jwtpolicy.current_user" or own_name(origin) == "current_user"
        for origin in work.source.origins(identity.value)
    )
    return expression(f"{manager}.current_user") if is_proxy else None


def check_arguments(work: Work, arguments: Mapping[str, cst.Arg]) -> None:
    """Find arguments that mean nothing here, and say what to do about them."""
    if "fresh" in arguments:
        _check_fresh(work, arguments["fresh"].value)
    if "expires_delta" in arguments:
        _check_lifetime(work, arguments["expires_delta"].value)
    for name, reserved in _RESERVED.items():
        if name in arguments:
            check_members(work, arguments[name].value, reserved)


_RESERVED: Final = {
    "additional_claims": RESERVED_CLAIMS | {"sub"},
    "additional_headers": RESERVED_HEADERS,
}


def _check_fresh(work: Work, value: cst.BaseExpression) -> None:
    if type(literal(value)) in (int, float) or "timestamp" in text_of(value):
        work.note(value, "fresh= is True, False or a timedelta from now on")


def _check_lifetime(work: Work, value: cst.BaseExpression) -> None:
    if "relativedelta" in text_of(value):
        work.note(value, "expires_in= is seconds, a timedelta or NEVER")
    if literal(value) is False:
        work.note(value, "tokens that never expire are refused unless JWT_REQUIRE_EXP is False")


def check_members(work: Work, value: cst.BaseExpression, reserved: frozenset[str]) -> None:
    """Find members of a mapping that only the library writes."""
    for element in _elements(work.source, value):
        name = string(element.key) if isinstance(element, cst.DictElement) else None
        if name in reserved:
            instead = _INSTEAD.get(name or "", "leave it out")
            work.note(element, f"`{name}` is written by the library and refused here: {instead}")


def _elements(source: Source, value: cst.BaseExpression) -> Iterator[cst.BaseDictElement]:
    """Yield the members of a dict that is written out there, or assigned to that name once."""
    if isinstance(value, cst.Dict):
        yield from value.elements
    elif isinstance(value, cst.Name):
        made = list(source.scope(value)[value.value])
        if len(made) == 1 and isinstance(made[0], Assignment):
            yield from _assigned(source, made[0].node)


def _assigned(source: Source, target: cst.CSTNode) -> Iterator[cst.BaseDictElement]:
    statement = next((a for a in source.parents(target) if isinstance(a, cst.Assign)), None)
    if statement is not None and isinstance(statement.value, cst.Dict):
        yield from statement.value.elements
