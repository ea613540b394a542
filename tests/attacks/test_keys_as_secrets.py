"""K34: no public key is taken for an HMAC secret, however it is wrapped; whoever has it could sign.

Each armour is put around keys that are refused, and around random secrets that are taken.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.keys import Key

RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
PUBLIC = {"RSA": RSA_KEY.public_key(), "EC": EC_KEY.public_key(), "Ed25519": ED_KEY.public_key()}


def encoded(key: Any, encoding: str, form: str = "SubjectPublicKeyInfo") -> bytes:
    found: bytes = key.public_bytes(
        getattr(serialization.Encoding, encoding), getattr(serialization.PublicFormat, form)
    )
    return found


def certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer.example")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(RSA_KEY.public_key()).serial_number(1)
    builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=9))
    return builder.sign(RSA_KEY, hashes.SHA256())


def jwk(name: str) -> dict[str, Any]:
    algorithm = {"RSA": "RS256", "EC": "ES256", "Ed25519": "EdDSA"}[name]
    found: Any = jwt.get_algorithm_by_name(algorithm).to_jwk(PUBLIC[name], as_dict=True)
    return dict(found)


#: What everybody may know, in its plain forms.
KEYS: dict[str, bytes] = {
    **{f"{name} PEM": encoded(key, "PEM") for name, key in PUBLIC.items()},
    **{f"{name} DER": encoded(key, "DER") for name, key in PUBLIC.items()},
    **{f"{name} OpenSSH": encoded(key, "OpenSSH", "OpenSSH") for name, key in PUBLIC.items()},
    **{
        f"{name} SSH wire": base64.b64decode(encoded(key, "OpenSSH", "OpenSSH").split()[1])
        for name, key in PUBLIC.items()
    },
    **{f"{name} JWK": json.dumps(jwk(name)).encode() for name in PUBLIC},
    "JWK without space": json.dumps(jwk("EC"), separators=(",", ":")).encode(),
    "JWK of Python": repr(jwk("EC")).encode(),
    "JWK with escapes": json.dumps(jwk("EC")).replace("kty", "\\u006bty").encode(),
    "JWK set": json.dumps({"keys": [jwk("EC"), jwk("RSA")]}).encode(),
    "list of JWKs": json.dumps([jwk("EC"), jwk("RSA")]).encode(),
    "PKCS 1 PEM": encoded(PUBLIC["RSA"], "PEM", "PKCS1"),
    "PKCS 1 DER": encoded(PUBLIC["RSA"], "DER", "PKCS1"),
    "certificate PEM": certificate().public_bytes(serialization.Encoding.PEM),
    "certificate DER": certificate().public_bytes(serialization.Encoding.DER),
    "private DER": EC_KEY.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ),
    "end of a PEM": encoded(PUBLIC["EC"], "PEM").removeprefix(b"-----BEGIN PUBLIC KEY-----"),
}


def lines(data: bytes, width: int = 64, end: bytes = b"\n") -> bytes:
    return b"".join(data[i : i + width] + end for i in range(0, len(data), width))


Armour = Callable[[bytes], bytes]
ARMOURS: dict[str, Armour] = {
    "none": bytes,
    "line break": lambda data: data + b"\r\n",
    "base64": base64.b64encode,
    "base64 without padding": lambda data: base64.b64encode(data).rstrip(b"="),
    "base64 in lines": lambda data: lines(base64.b64encode(data), end=b"\r\n"),
    "base64 with escaped line breaks": lambda data: lines(base64.b64encode(data), end=b"\\n"),
    "base64 in quotes": lambda data: b'"' + base64.b64encode(data) + b'"',
    "base64url": base64.urlsafe_b64encode,
    "base64url without padding": lambda data: base64.urlsafe_b64encode(data).rstrip(b"="),
    "base32": base64.b32encode,
    "hex": lambda data: data.hex().encode(),
    "HEX": lambda data: data.hex().upper().encode(),
    "hex with 0x": lambda data: b"0x" + data.hex().encode(),
    "hex with colons": lambda data: data.hex(":").encode(),
    "hex in lines": lambda data: lines(data.hex(":").encode(), 48),
    "hex twice": lambda data: data.hex().encode().hex().encode(),
    "base64 twice": lambda data: base64.b64encode(base64.b64encode(data)),
    "str of bytes": lambda data: repr(data).encode(),
    "read as Latin-1": lambda data: data.decode("latin-1").encode(),
    "after a line break": lambda data: b"\r\n" + data,
    "a setting": lambda data: b"JWT_PUBLIC_KEY=" + base64.b64encode(data),
    "data URL": lambda data: b"data:application/x-pem-file;base64," + base64.b64encode(data),
    "a member of JSON": lambda data: json.dumps(
        {"x5c": [base64.b64encode(data).decode()]}
    ).encode(),
    "JSON string": lambda data: json.dumps(base64.b64encode(data).decode()).encode(),
    "percent": lambda data: quote(data).encode(),
}
TEXTS: dict[str, Armour] = {
    name: lambda data, name=name: data.decode().encode(name)  # type: ignore[misc]
    for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le")
}
TEXTS |= {
    f"base64 of {name}": lambda data, f=f: base64.b64encode(f(data)) for name, f in TEXTS.items()
}  # type: ignore[misc]


@pytest.mark.parametrize("armour", ARMOURS)
@pytest.mark.parametrize("key", KEYS)
def test_a_public_key_is_no_secret_in_any_armour(key: str, armour: str) -> None:
    """ALG-3, K34."""
    with pytest.raises(ConfigurationError, match="is a key of another algorithm"):
        Key(ARMOURS[armour](KEYS[key]), "HS256")


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize("armour", ["base64", "hex", "none"])
@pytest.mark.parametrize("key", ["EC PEM", "RSA JWK", "Ed25519 OpenSSH"])
def test_a_public_key_is_no_secret_in_any_encoding(key: str, armour: str, encoding: str) -> None:
    """ALG-3, K34."""
    with pytest.raises(ConfigurationError, match="is a key of another algorithm"):
        Key(TEXTS[encoding](ARMOURS[armour](KEYS[key])), "HS256")


@pytest.mark.parametrize("armour", ARMOURS)
def test_a_random_secret_is_taken_in_every_armour(armour: str) -> None:
    chance = random.Random(5)
    for size in (32, 33, 48, 64) * 20:
        assert Key(ARMOURS[armour](chance.randbytes(size)), "HS256").can_sign


@pytest.mark.parametrize("encoding", TEXTS)
def test_a_random_secret_is_taken_in_every_encoding(encoding: str) -> None:
    text = base64.b64encode(random.Random(6).randbytes(48))
    assert Key(TEXTS[encoding](text), "HS256").can_sign


NEARLY_KEYS = [
    pytest.param(b"0\x2e" + b"\xff" * 4 + bytes(range(42)), id="a sequence of what is no element"),
    pytest.param(b"0\x2e\x02\x40" + bytes(range(44)), id="an element that is longer than all"),
    pytest.param(b"0\x2e\x02\x2a" + bytes(range(42)) + b"\x02\x05", id="half an element"),
    pytest.param(b"0\x2e\x04\x2c" + bytes(range(44)), id="a sequence that begins otherwise"),
    pytest.param(b"0\x00" + bytes(range(32, 64)), id="an empty sequence"),
    pytest.param(b"0\x00" + b" " * 40 + bytes(range(9)), id="an empty sequence and space"),
    pytest.param(b"0\x2e\x02\x2b" + bytes(range(43)) + b"\x02", id="a tag and no length"),
    pytest.param(b"0\x80" + bytes(range(9, 41)), id="a length that is not said"),
    pytest.param(b"[" * 5000 + b"abcdefgh", id="deep JSON"),
    pytest.param(b"b'" + b"(" * 5000 + b"abcdefgh", id="deep Python"),
    pytest.param(b"b'half bytes of Python, 0123456789", id="bytes of Python that do not end"),
    pytest.param(b"b'text' and what is none, 0123456789", id="no bytes of Python"),
    pytest.param(b'{"k": "%s"}' % bytes(range(65, 91)), id="JSON that is no key"),
    pytest.param(b"correct horse battery staple, and 100% kty of ssh", id="a phrase"),
]


@pytest.mark.parametrize("secret", NEARLY_KEYS)
def test_what_only_begins_like_a_key_is_a_secret(secret: bytes) -> None:
    assert Key(secret, "HS256").can_sign


@pytest.mark.parametrize(
    "name",
    [
        "/run/secrets/the_secret_of_this_service.txt",
        "./keys/production/jwt-secret-2026.key",
        "file:///etc/jwt/production/secret.pem",
        "C:\\keys\\production\\secret-of-jwt.key",
    ],
)
def test_the_name_of_a_file_is_no_secret(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"is the name of a file; pass its content"):
        Key(name, "HS256")


def test_the_name_of_a_file_that_is_there_is_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "a-secret-that-stands-in-a-file-of-that-name"
    path.write_text(random.Random(7).randbytes(32).hex())

    with pytest.raises(ConfigurationError, match="is the name of a file"):
        Key(str(path), "HS256")
    assert Key(path.read_text(), "HS256").can_sign


def test_a_secret_that_only_looks_like_a_path_is_taken() -> None:
    assert Key("/" + base64.b64encode(random.Random(8).randbytes(48)).decode(), "HS256").can_sign
    assert Key("~nobody/" + random.Random(8).randbytes(48).hex(), "HS256").can_sign
    assert Key("/" + random.Random(8).randbytes(3000).hex(), "HS256").can_sign
