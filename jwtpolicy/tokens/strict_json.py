"""Read JSON that has one meaning, and is a token's or a request's."""

from __future__ import annotations

import json
import math
from binascii import a2b_base64
from collections.abc import Callable
from typing import Any, Final

from ..exceptions import InvalidTokenError

#: How deep arrays and objects may be nested (PARSE-4).
MAX_DEPTH: Final = 32

#: From base64url to what `binascii.a2b_base64` reads; the two characters that only the latter has
#: become none of it.
TO_STANDARD: Final = bytes.maketrans(b"-_+/", b"+/--")
#: What completes a segment, by its length modulo four.
PADDING: Final = (b"", b"", b"==", b"=")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "a member stands twice"
        raise ValueError(msg)
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        msg = "a number is too large"
        raise ValueError(msg)
    return number


def _no_constant(text: str) -> None:
    msg = f"{text} is not JSON"
    raise ValueError(msg)


# The hook is no loss that a second, laxer decoder for flat objects would win back: where that one
# has to prove that no member stands twice, it takes as long.
_decoder = json.JSONDecoder(
    object_pairs_hook=_without_duplicates,
    parse_float=_finite,
    parse_constant=_no_constant,
)


_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once  # type: ignore[attr-defined]


def parse_object(segment: bytes) -> dict[str, Any]:
    """Return the JSON object in a segment of base64url (PARSE-4).

    Args:
        segment: One that `split` has taken out of a token, so that it has one spelling.

    Raises:
        InvalidTokenError: It is not strict JSON: other encodings than UTF-8, duplicate members,
            numbers that are none, lone surrogates, deep nesting.
    """
    padded = segment.translate(TO_STANDARD) + PADDING[len(segment) % 4]
    try:
        found = parse_json(a2b_base64(padded, strict_mode=True))
    except ValueError as error:
        msg = f"a segment is not strict JSON: {type(error).__name__}"
        raise InvalidTokenError(msg) from None
    if type(found) is not dict:
        msg = "a segment is not a JSON object"
        raise InvalidTokenError(msg)
    return found


def parse_json(data: bytes) -> Any:
    """Return what *data* is as strict JSON (PARSE-4).

    Raises:
        ValueError: It is not: another encoding than UTF-8, duplicate members, numbers that are
            none, lone surrogates, deep nesting.
    """
    text = data.decode("utf-8")
    try:
        # The scanner alone, where no white space stands around the object: nearly always.
        found, end = _scan(text, 0) if text[:1] == "{" else (None, -1)
        if end != len(text):
            found = _decoder.decode(text)
        # Flat objects are not counted: to look for one character takes a fourth of the time.
        is_flat = text.find("{", 1) == -1 and "[" not in text
        if not is_flat and text.count("{") + text.count("[") > MAX_DEPTH:
            check_depth(found, MAX_DEPTH)
    except (RecursionError, StopIteration) as error:
        msg = f"not JSON: {type(error).__name__}"
        raise ValueError(msg) from None
    if "\\" in text and "\\u" in text:
        # Only an escape can bring a lone surrogate in; this fails where one did.
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    return found


def check_depth(value: object, rest: int) -> None:
    """Refuse JSON in which arrays and objects are nested too deeply.

    Args:
        value: The JSON.
        rest: How many of them may stand in one another.

    Raises:
        ValueError: More do.
    """
    if isinstance(value, dict | list):
        if not rest:
            msg = "nested too deeply"
            raise ValueError(msg)
        for item in value.values() if isinstance(value, dict) else value:
            check_depth(item, rest - 1)
