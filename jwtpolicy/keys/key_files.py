"""Files with one key each: PEM or JWK, who may read them, and since when they are published."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from stat import S_IRWXG, S_IRWXO, S_ISREG, S_IWGRP, S_IWOTH
from typing import Final, NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ..exceptions import ConfigurationError
from .complaints import names_a_file
from .jwk import key_from_jwk
from .key import CURVES, Key

#: How the names of key files end.
ENDINGS: Final = (".pem", ".jwk", ".json")
#: The last second of which a date can be told, of the year 9999.
_LAST_SECOND: Final = 253_402_300_799
#: Bytes of the largest file that is read: an RSA key of 16,384 bits has 13 kB.
_MOST: Final = 65_536
#: The one algorithm of keys on a curve.
_BY_CURVE: Final = {curve: algorithm for algorithm, curve in CURVES.items()}


class KeyFile(NamedTuple):
    """A key, and the file that it was read from.

    Attributes:
        name: The name of the file.
        key: The key.
        published_at: Since when others can know the key, in seconds since the epoch: ``iat`` of a
            JWK, else the file's time of modification.
    """

    name: str
    key: Key
    published_at: float


def read_key_file(path: Path, *, algorithm: str, is_shared: bool) -> KeyFile:
    """Return the key in the file at *path*.

    Args:
        path: The file; a symbolic link is followed.
        algorithm: The algorithm of keys that could have several, such as an RSA key in a PEM.
        is_shared: Whether others than the owner may read private keys and secrets.

    Raises:
        ConfigurationError: The file cannot be read, is none of a key, or others may read it. The
            message names the file, and shows nothing of the key.
    """
    try:
        found, text = _content(path)
        key, published_at = _key(text, algorithm)
    except ConfigurationError as error:
        msg = f"{path.name}: {error}"
        raise ConfigurationError(msg) from None
    if key.can_sign and not is_shared and _others_may(S_IRWXG | S_IRWXO, found):
        msg = (
            f"{path.name} holds a private key or a secret, and others may read it; run "
            f"`chmod 600 {path}`, or {_SHARED}"
        )
        raise ConfigurationError(msg)
    if not is_shared:
        check_unwritable(path, found)
    return KeyFile(path.name, key, found.st_mtime if published_at is None else published_at)


def check_unwritable(path: Path, found: os.stat_result) -> None:
    """Refuse a key file, or a folder of them, that others can change: they could add their own.

    Raises:
        ConfigurationError: The group or others may write there.
    """
    if _others_may(S_IWGRP | S_IWOTH, found):
        msg = (
            f"others may write to {path.name}, and whoever adds a key can sign as anybody; run "
            f"`chmod go-w {path}`, or {_SHARED}"
        )
        raise ConfigurationError(msg)


def _others_may(bits: int, found: os.stat_result) -> bool:
    # Windows has no such bits, and reports all of them for every file.
    return sys.platform != "win32" and bool(found.st_mode & bits)


_SHARED: Final = (
    "set JWT_KEYS_FOLDER_SHARED to True if the folder is mounted so that only this service sees it"
)


def configured_key(material: str | bytes, algorithm: str, *, is_shared: bool) -> Key:
    """Return the key of a setting: a PEM, a JWK, or the path of a file with one of these.

    Raises:
        ConfigurationError: It is none, cannot be used, or is one for another algorithm.
    """
    if names_a_file(material):
        key = read_key_file(_path(material), algorithm=algorithm, is_shared=is_shared).key
    else:
        text = material.decode("ascii", "replace") if isinstance(material, bytes) else material
        is_jwk = text.lstrip().startswith("{")
        key = _key(text, algorithm)[0] if is_jwk else Key(material, algorithm)
    if key.algorithm != algorithm:
        msg = f"the key is one for {key.algorithm}, and JWT_ALGORITHM is {algorithm}"
        raise ConfigurationError(msg)
    return key


def _path(material: str | bytes) -> Path:
    """Return the path that a setting names.

    Raises:
        ConfigurationError: It names no file, and may be a key in base64, which nothing may show.
    """
    name = os.fsdecode(material).strip()
    try:
        path = Path(name).expanduser()
        is_known = path.suffix in ENDINGS or path.exists()
    except (OSError, RuntimeError):  # too long for a name, or the home of nobody
        is_known = False
    if not is_known:
        msg = "it is neither a PEM nor a JWK, and no file has this name"
        raise ConfigurationError(msg)
    return path


def _content(path: Path) -> tuple[os.stat_result, str]:
    """Return what is known of a file, and its text, both of the same file.

    Raises:
        ConfigurationError: It is none, is too large, or cannot be read.
    """
    try:
        with open(path, "rb", opener=_open) as file:
            found = os.fstat(file.fileno())
            if not S_ISREG(found.st_mode) or found.st_size > _MOST:
                msg = f"it is no file of at most {_MOST} bytes"
                raise ConfigurationError(msg)
            return found, file.read(_MOST).decode("ascii")
    except OSError as error:
        msg = f"it cannot be read: {error.strerror}"
        raise ConfigurationError(msg) from None
    except UnicodeDecodeError:
        msg = "it is not ASCII, and so neither a PEM nor a JWK"
        raise ConfigurationError(msg) from None


def _open(name: str, flags: int) -> int:
    # A pipe would wait for whoever writes.
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _key(text: str, algorithm: str) -> tuple[Key, float | None]:
    if not text.lstrip().startswith("{"):
        return Key(text, _algorithm_of(text, algorithm)), None
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        msg = "it is not JSON"
        raise ConfigurationError(msg) from None
    if not isinstance(members, dict) or "kty" not in members:
        msg = "it is no JWK of one key, which has a member kty"
        raise ConfigurationError(msg)
    if members["kty"] == "oct" and "kid" not in members:
        msg = "a secret has no name of its own: give the JWK a kid"
        raise ConfigurationError(msg)
    published_at = members.get("iat")
    if published_at is not None and not (
        type(published_at) in (int, float) and 0 <= published_at <= _LAST_SECOND
    ):
        msg = "the iat of the JWK is not a number of seconds"
        raise ConfigurationError(msg)
    return key_from_jwk(members, algorithm), published_at


def _algorithm_of(text: str, algorithm: str) -> str:
    """Return the one algorithm that the key in a PEM can have, or else *algorithm*."""
    is_private = "PRIVATE KEY" in text
    encoded = text.encode("ascii")
    try:
        key = (
            serialization.load_pem_private_key(encoded, None)
            if is_private
            else serialization.load_pem_public_key(encoded)
        )
    except Exception:  # noqa: BLE001 # `Key` says what is wrong with it, and shows nothing of it
        return algorithm
    public = key.public_key() if hasattr(key, "public_key") else key
    if isinstance(public, rsa.RSAPublicKey):
        return algorithm if algorithm[:2] in ("RS", "PS") else "RS256"
    if isinstance(public, ec.EllipticCurvePublicKey):
        return _BY_CURVE.get(public.curve.name, algorithm)
    return algorithm if algorithm == "Ed25519" else "EdDSA"
