"""Recognise a key of another algorithm that was given as an HMAC secret, in any encoding.

A public key is known to everybody: whoever signs with it as an HMAC secret lets everybody sign
(:rfc:`8725#section-2.1`). The same bytes may stand there as PEM, as DER, in base64 or hex, as a
JWK, in another text encoding, or several of these at once: so everything is decoded first, and
then searched for marks of a key.
"""

from __future__ import annotations

import ast
import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from ..exceptions import ConfigurationError

#: The most armours that are taken off one another: base64 of a PEM in UTF-16 are three.
_LAYERS: Final = 4

_TEXT: Final = (
    rb"(?i)-----BEGIN |-----END |---- BEGIN SSH2|PuTTY-User-Key-File|openssh-key-v1"
    # One line of OpenSSH, or its binary form, in which a length follows.
    rb"|(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-[\w-]+|sk-[\w.-]+@openssh\.com)[\s\0]"
    rb"|[\"']kty[\"']\s*:"
)
_SPACE: Final = rb"[\s\"']|\\[nrt]"
_HEX_SIGNS: Final = rb"(?i)[\s\"':-]|[\\0]x"
_BASE64: Final = rb"[A-Za-z0-9+/]+"
#: A public key of Ed25519 has 60 signs.
_RUN: Final = rb"[A-Za-z0-9+/_-]{40,}"
_BASE32: Final = rb"(?i)[A-Z2-7]+"
_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
#: Byte order marks.
_MARKS: Final = rb"^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)"

#: What keys and certificates begin with within the outermost sequence: a sequence, an integer (the
#: version, or a modulus), the name of a type of content.
_FIRST_TAGS: Final = frozenset({0x30, 0x02, 0x06})


def is_key_material(secret: bytes) -> bool:
    """Whether *secret* is a key of another algorithm, or a certificate, under any armour."""
    # Every decoder is tried on every form, since one text may be good hex, base32 and base64 at
    # once, and nothing says which was meant. A form is unwrapped once: some decoders undo others.
    found = {secret}
    newest = found
    for _ in range(_LAYERS):
        newest = {inner for outer in newest for inner in _unwrapped(outer)} - found
        found = found | newest
    return any(re.search(_TEXT, form) or _is_der(form) for form in found)


@lru_cache(maxsize=8)
def check_secret(secret: object) -> None:
    """Refuse an HMAC secret that is a key of another algorithm; see `is_key_material`.

    Raises:
        ConfigurationError: The secret is a key of another algorithm, or a certificate.
    """
    encoded = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
    if isinstance(encoded, bytes) and is_key_material(encoded):
        msg = "the HMAC secret is a key of another algorithm, often public; make another one"
        raise ConfigurationError(msg)


def _unwrapped(data: bytes) -> Iterator[bytes]:
    """Yield the bytes that *data* decodes to, for each encoding that fits."""
    for unwrap in (_text, _latin, _python, _json, _percent, _run, _base64, _hex, _base32):
        try:
            inner = unwrap(data)
        except (ValueError, SyntaxError, RecursionError, MemoryError):  # it is not of that form
            continue
        if inner:
            yield inner


def _text(data: bytes) -> bytes:
    """Return text of UTF-16 or UTF-32 as ASCII, which is all that keys and their armours use."""
    return re.sub(_MARKS, b"", data.replace(b"\0", b""))


def _latin(data: bytes) -> bytes:
    """Return bytes that were decoded as Latin-1 and encoded as UTF-8."""
    return data.decode("utf-8").encode("latin-1")


def _python(data: bytes) -> bytes:
    """Return the bytes that ``str`` has made ``b'…'`` of."""
    found = ast.literal_eval(data.decode("ascii")) if data.startswith((b"b'", b'b"')) else b""
    return found if isinstance(found, bytes) else b""


def _run(data: bytes) -> bytes:
    """Return the longest run of base64 within a text: a setting's value, a member of JSON."""
    return max(re.findall(_RUN, data), key=len, default=b"").strip(b"-_")


def _json(data: bytes) -> bytes:
    """Return the text that JSON holds, or JSON without escapes."""
    found: Any = json.loads(data)
    return (found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)).encode()


def _percent(data: bytes) -> bytes:
    return unquote_to_bytes(data.replace(b"+", b" ")) if b"%" in data else b""


def _base64(data: bytes) -> bytes:
    """Return the decoded base64 or base64url, padded or not, in one line or several."""
    bare = re.sub(_SPACE, b"", data).rstrip(b"=").translate(_TO_STANDARD)
    return _decoded(bare, _BASE64, base64.b64decode, 4)


def _base32(data: bytes) -> bytes:
    bare = re.sub(_SPACE, b"", data).rstrip(b"=").upper()
    return _decoded(bare, _BASE32, base64.b32decode, 8)


def _decoded(bare: bytes, signs: bytes, decode: Callable[..., bytes], of: int) -> bytes:
    if not re.fullmatch(signs, bare):
        return b""
    return decode(bare + b"=" * (-len(bare) % of))


def _hex(data: bytes) -> bytes:
    return binascii.unhexlify(re.sub(_HEX_SIGNS, b"", data))


def _is_der(data: bytes) -> bool:
    """Whether *data* is one sequence of DER, and nothing but elements of DER stand within."""
    # The elements have to fill the sequence to its last byte: a random secret that begins with 0x30
    # nearly never does, and has to stay a secret.
    data = data.lstrip(b"\r\n\t ")
    outer = _element(data, 0)
    if outer is None or data[0] != 0x30 or data[outer[1] :].strip(b"\0\r\n\t "):
        return False
    at, end = outer
    if at == end or data[at] not in _FIRST_TAGS:
        return False
    while at < end:
        inner = _element(data, at)
        if inner is None:
            return False
        at = inner[1]
    return at == end


def _element(data: bytes, at: int) -> tuple[int, int] | None:
    """Return start and end of the content of the DER element at a place; None: there is none."""
    if at + 2 > len(data):
        return None
    size, start = data[at + 1], at + 2
    if size >= 0x80:
        digits = size & 0x7F
        size, start = int.from_bytes(data[start : start + digits], "big"), start + digits
    end = start + size
    return (start, end) if end <= len(data) else None
