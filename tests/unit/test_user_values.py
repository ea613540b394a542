"""Whose class says that it is a user is one, as if it had been looked at."""

from __future__ import annotations

import weakref
from collections.abc import Generator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from jwtpolicy.decision import Finding, Outcome
from jwtpolicy.schemas.user_values import _is_always_user, _may_be_user, is_user


@dataclass
class Member:
    name: str

    def greet(self) -> str:
        return self.name


class Empty:
    """A user who is false."""

    def __len__(self) -> int:
        return 0


class Slotted:
    __slots__ = ()


class Seats(list[str]):
    pass


class Awaited:
    def __await__(self) -> Generator[None, None, None]:
        yield None


class Descriptor:
    def __get__(self, instance: object, owner: type) -> object:
        return self


class DataDescriptor(Descriptor):
    def __set__(self, instance: object, value: object) -> None:
        """Keep nothing."""


class Pretender:
    """An object that says that it is of another class."""

    __class__ = property(lambda self: bool)  # type: ignore[assignment]


class Delegate:
    """A stand-in for False, which passes on whatever it is asked."""

    def __getattribute__(self, name: str) -> Any:
        return getattr(False, name)


ADA = Member("ada")
USERS: list[Any] = [ADA, Empty(), Slotted(), SimpleNamespace(), DataDescriptor()]
PLAIN: list[Any] = [1, 1.5, Decimal(2), "a", b"a", ["a"], ("a",), {"a": 1}, {1}, Seats("a")]
OTHERS: list[Any] = [
    *(None, True, False, 0, 0.0, "", b"", [], (), {}, set(), frozenset(), Seats(), range(0)),
    *(Outcome.ALLOW, Finding(Outcome.FORBIDDEN), Response(), ValueError(), NotImplemented, ...),
    *(Member, len, "a".upper, ADA.greet, Member.greet, int.__add__, (1).__add__, str.join),
    *(partial(Member), iter(()), filter(None, ()), map(str, ()), Awaited(), Descriptor()),
    *(Pretender(), Delegate(), LocalProxy(Empty), weakref.proxy(Seats)),
]


def text_of(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize("value", [*USERS, *PLAIN, *OTHERS], ids=text_of)
def test_a_class_says_what_a_look_at_the_object_says(value: Any) -> None:
    first, again = is_user(value), is_user(value)

    assert (first, again) == (_may_be_user(value), _may_be_user(value))


@pytest.mark.parametrize("value", [*USERS, *PLAIN], ids=text_of)
def test_a_user_is_one(value: Any) -> None:
    assert is_user(value)


@pytest.mark.parametrize(
    ("cls", "expected"), [(Member, True), (Empty, True), (DataDescriptor, False), (int, False)]
)
def test_objects_of_an_ordinary_class_are_not_looked_at(cls: type, expected: bool) -> None:
    assert _is_always_user(cls) is expected
