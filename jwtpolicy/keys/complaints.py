"""Messages about key material that is unusable: a file name, a locked key, another text."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

#: No name of a file is longer.
_LONGEST_NAME: Final = 4096
_ENDING: Final = r"(?i)\.(pem|key|pub|crt|cer|der|jwks?|json|txt|secret)$"
_PATH: Final = r"(?i)(file:|~?[/\\]|\.{1,2}[/\\]|[A-Z]:[/\\])"

A_FILE_NAME: Final = (
    "is the name of a file; pass its content: pathlib.Path(…).read_text(), or in the "
    'environment JWT_…="$(cat …)"'
)
LOCKED: Final = (
    "is locked by a passphrase, which nobody can type here; unlock it once with\n"
    "  openssl pkey -in locked.pem -out key.pem\n"
    "and keep it where only this service can read it, or pass the object of cryptography that "
    "load_pem_private_key(…, password=…) returns"
)


def text_bytes(material: object) -> object:
    """Return text as bytes, and what is no text as it is.

    None: it is no UTF-8; Python puts surrogates for such bytes, in variables of the environment.
    """
    try:
        return material.encode() if isinstance(material, str) else material
    except UnicodeEncodeError:
        return None


def is_secret_a_file(secret: bytes) -> bool:
    """Whether a secret names a file for certain: such a name can be guessed."""
    name = _name(secret)
    return name is not None and (
        _exists(name) or bool(re.match(_PATH, name) and re.search(_ENDING, name))
    )


def key_complaint(material: object, error: Exception) -> str | None:
    """Return the fault of a key that cannot be read, as the end of a sentence.

    Args:
        material: The key material that was given.
        error: The error of the attempt to read it.
    """
    if isinstance(material, os.PathLike) or _is_a_file(material):
        return A_FILE_NAME
    return LOCKED if _is_locked(material, error) else None


def _is_a_file(material: object) -> bool:
    name = _name(material)
    return name is not None and bool(
        _exists(name) or re.match(_PATH, name) or re.search(_ENDING, name) or "/" in name
    )


def _is_locked(material: object, error: Exception) -> bool:
    text = text_bytes(material)
    is_marked = isinstance(text, bytes) and b"ENCRYPTED" in text
    return is_marked or "password" in str(error).lower()


def _name(material: object) -> str | None:
    """Return one line of text; None where *material* is more than that, or a key of one line."""
    if isinstance(material, bytes):
        material = material.decode("utf-8", "replace")
    if not isinstance(material, str) or len(material) > _LONGEST_NAME:
        return None
    line = material.strip()
    is_key = "\n" in line or "\0" in line or line.startswith(("-----", "ssh-", "ecdsa-", "{"))
    return None if is_key or not line else line


def _exists(name: str) -> bool:
    try:
        return Path(name).expanduser().is_file()
    except (OSError, RuntimeError):  # too long for a name, or the home of nobody
        return False
