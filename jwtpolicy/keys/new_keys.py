"""Make keys, and write them into a folder in one step, so that no reader finds half of one."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from .jwk import private_jwk
from .key import MIN_SECRET, SUPPORTED, Key

#: Bits of new RSA keys: NIST SP 800-57 part 1 asks for 3072 beyond 2030.
_RSA_BITS: Final = 3072
_RSA_EXPONENT: Final = 65537
_CURVES: Final = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
#: Bytes of randomness in the name of a secret, which has no thumbprint: a hash would be a hint.
_NAME_BYTES: Final = 16


def new_key(algorithm: str) -> Key:
    """Return a new key for *algorithm*.

    Raises:
        ConfigurationError: The algorithm is not one of those of `Key`.
    """
    name = secrets.token_urlsafe(_NAME_BYTES) if algorithm in MIN_SECRET else None
    return Key(_material(algorithm), algorithm, name)


def _material(algorithm: str) -> Any:
    if algorithm in MIN_SECRET:
        return secrets.token_bytes(MIN_SECRET[algorithm])
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm])
    if algorithm in SUPPORTED and algorithm[0] in "RP":
        return rsa.generate_private_key(_RSA_EXPONENT, _RSA_BITS)
    return ed25519.Ed25519PrivateKey.generate()


def write_key(folder: Path, key: Key, published_at: int) -> Path:
    """Write *key* into *folder* as a JWK that its owner alone can read, and return its path.

    The folder is made if it is not there. The file appears under its name when all of it is on
    disk; until then its name begins with a dot, and readers leave it alone.

    Args:
        folder: The folder of ``JWT_KEYS``.
        key: The key.
        published_at: ``iat`` of the JWK: since when others can know the key.

    Raises:
        OSError: The file or the folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    day = time.strftime("%Y-%m-%d", time.gmtime(published_at))
    name = f"{day}-{_safe(str(key.key_id))}.jwk"
    path, draft = folder / name, folder / f".{name}-{secrets.token_hex(4)}"
    text = json.dumps({**private_jwk(key), "iat": published_at}, indent=2) + "\n"
    try:
        with open(draft, "x", encoding="ascii", opener=_private) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)  # it is there only if the disk is full, or the like
    _sync(folder)
    return path


def remove_key(path: Path) -> None:
    """Remove a key file, so that a crash of the machine does not bring it back.

    Raises:
        OSError: The file cannot be removed.
    """
    path.unlink()
    _sync(path.parent)


def _safe(key_id: str) -> str:
    """Return the beginning of a ``kid`` as a part of a file's name."""
    return "".join(sign for sign in key_id if sign.isalnum())[:8]


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _sync(folder: Path) -> None:
    """Write the entries of *folder* to disk; Windows opens no folders."""
    if sys.platform != "win32":  # pragma: no branch
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
