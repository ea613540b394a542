"""Refuse HMAC secrets that can be guessed; the keys themselves go to PyJWT as they are."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any, Final

from ...exceptions import ConfigurationError

#: A key as PyJWT takes it: text, bytes, or an object of ``cryptography``.
Material = Any

#: Bytes. RFC 7518 section 3.2 demands the longer one; with less than the shorter one a secret is
#: found by trying.
REFUSED_BELOW: Final = 16
WARNED_BELOW: Final = 32

_ADVICE: Final = 'make one with\n  python -c "import secrets; print(secrets.token_urlsafe(48))"'


class WeakKeyWarning(UserWarning):
    """An HMAC secret is shorter than the standard demands (:rfc:`7518#section-3.2`)."""


def check_strength(key: Material, algorithms: Iterable[str], *, may_be_weak: bool) -> None:
    """Refuse, or warn of, a short HMAC secret.

    Raises:
        ConfigurationError: It has less than `REFUSED_BELOW` bytes, and *may_be_weak* is False.
    """
    if not isinstance(key, str | bytes) or not any(name.startswith("HS") for name in algorithms):
        return
    size = len(key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key)
    if may_be_weak or size >= WARNED_BELOW:
        return
    found = f"the HMAC secret has {size} bytes and needs {WARNED_BELOW} (RFC 7518 section 3.2)"
    if size < REFUSED_BELOW:
        msg = f"{found}; {_ADVICE}\nor, while you change it, set JWT_COMPAT_WEAK_KEYS to True"
        raise ConfigurationError(msg)
    warnings.warn(f"{found}; {_ADVICE}", WeakKeyWarning, stacklevel=4)
