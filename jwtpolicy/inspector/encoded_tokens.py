"""Read an encoded token from where no shell keeps it: standard input, or the environment."""

from __future__ import annotations

import os
import sys
from typing import Final

from .unanswerable import Unanswerable

#: The environment variable that holds a token.
VARIABLE: Final = "JWT_TOKEN"

#: Bytes of standard input that are read; longer than any token that an application takes.
_MOST: Final = 1_048_576


def from_stdin() -> str:
    """Return the token on standard input, without white space around it.

    Raises:
        Unanswerable: There is none, or it is no text.
    """
    return _plain(sys.stdin.buffer.read(_MOST), "standard input")


def from_environment() -> str | None:
    """Return the token in the environment; None where there is none.

    Raises:
        Unanswerable: The variable holds no line of ASCII.
    """
    found = os.environb.get(VARIABLE.encode()) if os.supports_bytes_environ else None
    return _plain(found, VARIABLE) if found else None


def _plain(found: bytes, where: str) -> str:
    try:
        token = found.decode("ascii").strip()
    except UnicodeDecodeError:
        msg = f"{where} holds no token: a token is ASCII, and this is not"
        raise Unanswerable(msg) from None
    if not token:
        msg = f"{where} is empty; a token was expected"
        raise Unanswerable(msg)
    if not token.isprintable():
        msg = f"{where} holds no token: a token is one line, without control characters"
        raise Unanswerable(msg)
    return token
