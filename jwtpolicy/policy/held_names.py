"""Names in the reasons of refusals, such as roles and scopes: few, short, and on one line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

#: Names that one reason lists.
_MOST: Final = 10
#: Characters of one name.
_LONGEST: Final = 40
#: What would be taken for the text around a name.
_CONFUSING: Final = frozenset(" ,;'\"…")


class NotHeld(NamedTuple):
    """The reason of words, roles or scopes, that the bearer does not have.

    Attributes:
        noun: What one of them is called.
        asked: The words that are asked for.
        held: The words of the token, empty ones among them.
    """

    noun: str
    asked: frozenset[str]
    held: tuple[str, ...]

    def __str__(self) -> str:
        held = {*self.held} - {""}
        missing = self.asked - held
        lacks = (f"{self.noun} ", " is") if len(missing) == 1 else (f"{self.noun}s ", " are")
        has = f"held: {listed(held)}" if held else "the token has none"
        return f"{listed(missing).join(lacks)} not held; {has}"


def listed(names: Iterable[str]) -> str:
    """Return *names* in order, separated by commas; of many the first ten, and how many follow."""
    ordered = sorted(names)
    more = len(ordered) - _MOST
    return ", ".join(map(name, ordered[:_MOST])) + (f" and {more} more" if more > 0 else "")


def name(text: str) -> str:
    """Return *text* as it is if it is plain and short, else quoted with escapes, or cut."""
    is_plain = text and text.isprintable() and _CONFUSING.isdisjoint(text)
    return _cut(text) if is_plain else quoted_name(text)


def quoted_name(text: str) -> str:
    """Return *text* in quotes, with escapes, and cut if it is long."""
    return _cut(repr(text[:_LONGEST]))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
