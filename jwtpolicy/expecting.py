"""Refuse an argument that is something else than was meant, and say what was."""

from __future__ import annotations

from collections.abc import Iterable


def expect(
    value: object,
    types: type | tuple[type, ...],
    sentence: str,
    error: type[Exception] = TypeError,
    *,
    is_secret: bool = False,
) -> None:
    """Let *value* pass if it is of one of these types.

    Args:
        value: The argument.
        types: What it may be.
        sentence: What takes what, and how to write it.
        error: What is raised.
        is_secret: Whether *value* may be a secret, so that only its type is shown.

    Raises:
        Exception: *error*, where it is of another type.
    """
    if not isinstance(value, types):
        found = type(value).__name__ if is_secret else f"{value!r:.60}"
        msg = f"{sentence}, not {found}"
        raise error(msg)


def expect_several(
    value: object, sentence: str, error: type[Exception] = TypeError, *, is_secret: bool = False
) -> Iterable[object]:
    """Return *value* if it is several: not one text, which is several characters.

    Raises:
        Exception: *error*, where it is one text, or nothing that could be several.
    """
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return value
    expect(value, (), sentence, error, is_secret=is_secret)
    raise AssertionError  # pragma: no cover # nothing is of no type


def expect_names(value: object, sentence: str, error: type[Exception] = TypeError) -> None:
    """Let *value* pass if it is several texts, none of them empty.

    Raises:
        Exception: *error*, where it is one text, or holds something else.
    """
    for name in expect_several(value, sentence, error):
        if name == "" or not isinstance(name, str):
            expect(value, (), sentence, error)
