"""Strict JSON parser for tokens and requests: no duplicate members, no NaN, bounded depth."""

from __future__ import annotations

import json
import math
from binascii import a2b_base64
from collections.abc import Callable
from typing import Any, Final

from ..exceptions import InvalidTokenError

#: Levels by which arrays and objects may be nested (PARSE-4).
MAX_DEPTH: Final = 32

#: From the base64url alphabet to the standard one of `binascii.a2b_base64`. The ``+`` and ``/`` of
#: the latter become ``-``, which it refuses.
TO_STANDARD: Final = bytes.maketrans(b"-_+/", b"+/--")
#: The base64 padding of a segment, by its length modulo four.
PADDING: Final = (b"", b"", b"==", b"=")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "a member is there twice"
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


# One decoder with the hook for all: a second one without it for flat objects would save nothing,
# because the proof that no member occurs twice takes as long as the hook.
_decoder = json.JSONDecoder(
    object_pairs_hook=_without_duplicates,
    parse_float=_finite,
    parse_constant=_no_constant,
)


_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once  # type: ignore[attr-defined]


def parse_object(segment: bytes) -> dict[str, Any]:
    """Return the JSON object in a segment of base64url (PARSE-4).

    Args:
        segment: A segment from `split`, which has checked that it is canonical base64url.

    Raises:
        InvalidTokenError: The segment is not strict JSON, as in `parse_json`, or no object.
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
    """Parse *data* as strict JSON (PARSE-4).

    Raises:
        ValueError: *data* is not UTF-8 or not JSON, or has duplicate members, NaN or infinite
            numbers, lone surrogates, or too many levels.
    """
    text = data.decode("utf-8")
    try:
        # The scanner alone is faster; it cannot skip white space around the object.
        found, end = _scan(text, 0) if text[:1] == "{" else (None, -1)
        if end != len(text):
            found = _decoder.decode(text)
        # Flat objects need no count of brackets: a search for one takes a fourth of the time.
        is_flat = text.find("{", 1) == -1 and "[" not in text
        if not is_flat and text.count("{") + text.count("[") > MAX_DEPTH:
            # Brackets in strings count, too; only the tree itself is certain.
            check_depth(found, MAX_DEPTH)
    except (RecursionError, StopIteration) as error:
        msg = f"not JSON: {type(error).__name__}"
        raise ValueError(msg) from None
    if "\\" in text and "\\u" in text:
        # Only an escape can contain a lone surrogate, and encoding fails for one.
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    return found


def check_depth(value: object, rest: int) -> None:
    """Refuse JSON whose arrays and objects are nested too deeply.

    Args:
        value: The parsed JSON.
        rest: The levels that are allowed.

    Raises:
        ValueError: Arrays and objects are nested more than *rest* levels deep.
    """
    if isinstance(value, dict | list):
        if not rest:
            msg = "nested too deeply"
            raise ValueError(msg)
        for item in value.values() if isinstance(value, dict) else value:
            check_depth(item, rest - 1)
