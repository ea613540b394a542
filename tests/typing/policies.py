"""Checked by mypy and pyright, never run: what `policy` makes, and how policies are combined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

from jwtpolicy import AccessRequest, Fresh, HasRole, Outcome, Policy, policy, protect


@policy
def from_the_office(access: AccessRequest) -> bool:
    """Be a policy."""
    return access.remote_addr == "192.0.2.17"


@policy
async def on_duty(access: AccessRequest) -> Outcome:
    """Be a policy, too."""
    return Outcome.ALLOW


@policy
def in_the_morning(access: AccessRequest) -> Any:
    """Be a policy, whatever may be returned."""
    return access.deny("it is noon")


@policy(needs_token=False)
def local(access: AccessRequest) -> bool:
    """Be a policy, though the decorator is called."""
    return access.token is None


@policy
def team(access: AccessRequest, name: str, *, strict: bool = True) -> bool:
    """Be a factory that keeps the other parameters."""
    return strict and access.view_args["team"] == name


@policy
def older_than(access: AccessRequest, days: int = 30) -> bool:
    """Be a factory, though nothing has to be passed."""
    return days > 0


@policy
def one_of_teams(access: AccessRequest, *names: str) -> bool:
    """Be a factory of any number of arguments."""
    return bool(names)


@policy(needs_token=False)
async def within(access: AccessRequest, *, seconds: float) -> bool:
    """Be a factory, though the decorator is called, and of a name that has to be said."""
    return seconds > 0


assert_type(from_the_office, Policy)
assert_type(on_duty, Policy)
assert_type(in_the_morning, Policy)
assert_type(local, Policy)
assert_type(policy(lambda access: access.remote_addr is None), Policy)
assert_type(team("blue", strict=False), Policy)
assert_type(older_than(), Policy)
assert_type(older_than(days=7), Policy)
assert_type(one_of_teams("blue", "red"), Policy)
assert_type(within(seconds=3), Policy)
makes: Callable[[str], Policy] = team

assert_type((team("blue") & from_the_office) | ~HasRole("admin"), Policy)
protect(from_the_office, team("blue") & on_duty)

# A factory is called with what its function takes, and is no policy itself.
team(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
team()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
protect(Fresh(), team)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
from_the_office()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]


# What is decorated takes the request.
def nothing() -> bool:
    """Take nothing."""
    return True


def number(access: int) -> bool:
    """Take something else."""
    return access > 0


policy(nothing)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
policy(needs_token=False)(number)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]


# `and`, `or`, `not` and `if` drop a policy; `&`, `|` and `~` keep it.
def with_and() -> None:
    """Lose the first one."""
    protect(Fresh() and HasRole("a"))  # type: ignore[redundant-expr,unreachable]


def with_or() -> None:
    """Lose the second one."""
    protect(Fresh() or HasRole("a"))  # type: ignore[redundant-expr,unreachable]


def with_not() -> None:
    """Pass what is no policy."""
    protect(not Fresh())  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue, reportGeneralTypeIssues]


def with_if() -> None:
    """Ask nobody."""
    if Fresh():  # pyright: ignore[reportGeneralTypeIssues]
        protect()  # type: ignore[unreachable]


def with_while() -> None:
    """Ask nobody."""
    while Fresh():  # pyright: ignore[reportGeneralTypeIssues]
        protect()  # type: ignore[unreachable]


def with_and_in_if() -> None:
    """Ask nobody."""
    if Fresh() and HasRole("a"):  # type: ignore[redundant-expr,unreachable]  # pyright: ignore[reportGeneralTypeIssues]
        protect()  # type: ignore[unreachable]


def with_if_else() -> None:
    """Ask nobody."""
    protect(Fresh() if HasRole("a") else HasRole("b"))  # type: ignore[redundant-expr]  # pyright: ignore[reportGeneralTypeIssues]
