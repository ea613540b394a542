"""Take a compact JWS apart, and put one together, more strictly than the standard asks."""

from __future__ import annotations

import json
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from ..exceptions import InvalidTokenError
from ..parsing.strict_json import MAX_DEPTH, PADDING, TO_STANDARD, check_depth, parse_object

#: Members of the header that the library writes, or never does.
RESERVED_HEADERS: Final = frozenset(
    {"alg", "typ", "kid", "crit", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256"}
)

#: Bytes of a request's body that is searched for a token (HTTP-6).
MAX_BODY: Final = 1_048_576
#: Characters of a ``kid`` (PARSE-8).
MAX_KEY_ID: Final = 256

_NOT_COMPACT: Final = "not a JWS in compact serialization"

_TO_URL = bytes.maketrans(b"+/", b"-_")
#: The characters of base64url.
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#: The last characters of a segment that leave no bits over, by its length modulo four.
_LAST: Final = (_ALPHABET, b"", b"AQgw", b"AEIMQUYcgkosw048")


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


def split(encoded: object, max_length: int) -> tuple[bytes, bytes, bytes, bytes]:
    """Return header and payload, still encoded, the signature, and the signing input.

    All three segments are then base64url of one spelling, so that decoding them cannot fail
    (PARSE-1, PARSE-2, PARSE-3).

    Raises:
        InvalidTokenError: It is not text, too long, or not three segments of base64url; or the
            length of a segment is none of base64url, or its last character has bits set that mean
            nothing.
    """
    if type(encoded) is not str:
        msg = "a token is text"
        raise InvalidTokenError(msg)
    if len(encoded) > max_length:
        msg = "the token is too long"
        raise InvalidTokenError(msg)
    data = encoded.encode("ascii", "replace")  # by "?", which is none of the alphabet
    # RFC 7515 section 7.1: BASE64URL(header) "." BASE64URL(payload) "." BASE64URL(signature)
    if data.translate(None, _ALPHABET) != b"..":
        raise InvalidTokenError(_NOT_COMPACT)
    head, payload, signature = data.split(b".")
    if not (head and payload and signature):
        raise InvalidTokenError(_NOT_COMPACT)
    if (
        head[-1] not in _LAST[len(head) % 4]
        or payload[-1] not in _LAST[len(payload) % 4]
        or signature[-1] not in _LAST[len(signature) % 4]
    ):
        msg = "a segment is not canonical base64url"
        raise InvalidTokenError(msg)
    standard = signature.translate(TO_STANDARD) + PADDING[len(signature) % 4]
    return head, payload, a2b_base64(standard, strict_mode=True), data[: ~len(signature)]


def encoded_segment(data: bytes) -> str:
    """Return *data* as base64url without padding."""
    return b2a_base64(data, newline=False).translate(_TO_URL, b"=").decode("ascii")


def unverified_claims(encoded: str) -> dict[str, Any]:
    """Return the claims of a token that the application itself has just made; nobody else's.

    Raises:
        InvalidTokenError: It is not a JWS in compact serialization.
    """
    return parse_object(split(encoded, len(encoded))[1])


def parse_header(segment: bytes) -> Header:
    """Return the header; of its members only ``alg``, ``kid`` and ``typ`` mean anything.

    Raises:
        InvalidTokenError: It is malformed, or has ``crit`` or ``b64``: extensions that are not
            understood must be refused (PARSE-6).
    """
    members = parse_object(segment)
    if "crit" in members or "b64" in members:
        msg = "the header demands an extension (crit)"
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
        check_depth(members, MAX_DEPTH)
    data = b2a_base64(text.encode("utf-8"), newline=False)
    return data.translate(_TO_URL, b"=").decode("ascii")
