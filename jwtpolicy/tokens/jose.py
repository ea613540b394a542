"""Take a compact JWS apart, and put one together, more strictly than the standard asks."""

from __future__ import annotations

import binascii
import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from ..exceptions import InvalidTokenError

#: Members of the header that the library writes, or never does.
RESERVED_HEADERS: Final = frozenset(
    {"alg", "typ", "kid", "crit", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256"}
)

#: How deep arrays and objects may be nested (PARSE-4).
MAX_DEPTH: Final = 32
#: Bytes of a request's body that is searched for a token (HTTP-6).
MAX_BODY: Final = 1_048_576
#: Characters of a ``kid`` (PARSE-8).
MAX_KEY_ID: Final = 256

# RFC 7515 section 7.1: BASE64URL(header) "." BASE64URL(payload) "." BASE64URL(signature)
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII).fullmatch
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_URL = bytes.maketrans(b"+/", b"-_")
#: Padding, and the last characters that leave no bits over, by the length modulo four.
_ENDINGS: Final = (
    (b"", frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")),
    (b"", frozenset(b"")),
    (b"==", frozenset(b"AQgw")),
    (b"=", frozenset(b"AEIMQUYcgkosw048")),
)


class Header(NamedTuple):
    """A JOSE header that was taken apart.

    Attributes:
        algorithm: ``alg``.
        key_id: ``kid``, or None.
        type: ``typ``, or None.
        members: All of it.
    """

    algorithm: str
    key_id: str | None
    type: str | None
    members: dict[str, Any]


def split(encoded: object, max_length: int) -> tuple[str, bytes, bytes, bytes]:
    """Return header, payload, signature and signing input, all still encoded (PARSE-1, PARSE-3).

    Raises:
        InvalidTokenError: It is not text, too long, or not three segments of base64url.
    """
    if type(encoded) is not str:
        msg = "a token is text"
        raise InvalidTokenError(msg)
    if len(encoded) > max_length:
        msg = "the token is too long"
        raise InvalidTokenError(msg)
    found = _COMPACT(encoded)
    if found is None:
        msg = "not a JWS in compact serialization"
        raise InvalidTokenError(msg)
    data = encoded.encode("ascii")
    first, second = found.end(1), found.end(2)
    return found[1], data[first + 1 : second], data[second + 1 :], data[:second]


def decoded(segment: bytes) -> bytes:
    """Return the bytes of a base64url segment that has one spelling only (PARSE-2).

    Args:
        segment: Characters of base64url, one at least; `split` has seen to that.

    Raises:
        InvalidTokenError: Its length is none of base64url, or its last character has bits set
            that mean nothing.
    """
    padding, last = _ENDINGS[len(segment) % 4]
    if segment[-1] not in last:
        msg = "a segment is not base64url in its one spelling"
        raise InvalidTokenError(msg)
    return binascii.a2b_base64(segment.translate(_TO_STANDARD) + padding)


def encoded_segment(data: bytes) -> str:
    """Return *data* as base64url without padding."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL, b"=").decode("ascii")


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


_decoder = json.JSONDecoder(
    object_pairs_hook=_without_duplicates,
    parse_float=_finite,
    parse_constant=_no_constant,
)


_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once  # type: ignore[attr-defined]


def parse_object(segment: bytes) -> dict[str, Any]:
    """Return the JSON object in a segment (PARSE-4).

    Raises:
        InvalidTokenError: It is not strict JSON: other encodings than UTF-8, duplicate members,
            numbers that are none, lone surrogates, deep nesting.
    """
    try:
        found = parse_json(decoded(segment))
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
        if text.count("{") + text.count("[") > MAX_DEPTH:
            _check_depth(found, MAX_DEPTH)
    except (RecursionError, StopIteration) as error:
        msg = f"not JSON: {type(error).__name__}"
        raise ValueError(msg) from None
    if "\\u" in text:
        # Only an escape can bring a lone surrogate in; this fails where one did.
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    return found


def unverified_claims(encoded: str) -> dict[str, Any]:
    """Return the claims of a token that the application itself has just made; nobody else's.

    Raises:
        InvalidTokenError: It is not a JWS in compact serialization.
    """
    return parse_object(split(encoded, len(encoded))[1])


def _check_depth(value: object, rest: int) -> None:
    if isinstance(value, dict | list):
        if not rest:
            msg = "nested too deeply"
            raise ValueError(msg)
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, rest - 1)


def parse_header(segment: str) -> Header:
    """Return the header; of its members only ``alg``, ``kid`` and ``typ`` mean anything.

    Raises:
        InvalidTokenError: It is malformed, or has ``crit`` or ``b64``: extensions that are not
            understood must be refused (PARSE-6).
    """
    members = parse_object(segment.encode("ascii"))
    if "crit" in members or "b64" in members:
        msg = "the header asks for an extension"
        raise InvalidTokenError(msg)
    algorithm, key_id, kind = members.get("alg"), members.get("kid"), members.get("typ")
    if type(algorithm) is not str or ("typ" in members and type(kind) is not str):
        msg = "alg or typ is not text"
        raise InvalidTokenError(msg)
    if "kid" in members and not (type(key_id) is str and 0 < len(key_id) <= MAX_KEY_ID):
        msg = "kid is not a key's name"
        raise InvalidTokenError(msg)
    return Header(algorithm, key_id, kind, members)


_writer = json.JSONEncoder(allow_nan=False, separators=(",", ":"), ensure_ascii=False)


def _chunks_of(members: dict[str, Any], _level: int) -> Iterable[str]:
    return [_writer.encode(members)]


_make_encoder: Any = getattr(json.encoder, "c_make_encoder", None)
# `JSONEncoder.encode` makes an encoder for each object, which takes longer than the encoding. This
# one is made once; it sees a circle only by the end of the stack.
_chunks: Callable[[dict[str, Any], int], Iterable[str]] = (
    _make_encoder(
        None, _writer.default, json.encoder.encode_basestring, None, ":", ",", False, False, False
    )
    if _make_encoder
    else _chunks_of
)


def encoded_object(members: dict[str, Any]) -> str:
    """Return a JSON object as a segment.

    Raises:
        ValueError: It holds NaN, an infinity or a lone surrogate, or is nested too deeply.
        TypeError: It holds what is not JSON.
    """
    try:
        text = "".join(_chunks(members, 0))
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None
    if text.count("{") + text.count("[") > MAX_DEPTH:
        # What nobody could read back is not to be signed.
        _check_depth(members, MAX_DEPTH)
    data = binascii.b2a_base64(text.encode("utf-8"), newline=False)
    return data.translate(_TO_URL, b"=").decode("ascii")
