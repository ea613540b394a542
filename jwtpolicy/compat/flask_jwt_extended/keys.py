"""Refuse HMAC secrets that can be guessed; the keys themselves go to PyJWT as they are."""

from __future__ import annotations

import warnings
from typing import Final

from ...exceptions import ConfigurationError

#: Bytes. RFC 7518 section 3.2 demands the longer one; with less than the shorter one a secret is
#: found by trying.
REFUSED_BELOW: Final = 16
WARNED_BELOW: Final = 32


class WeakKeyWarning(UserWarning):
    """An HMAC secret is shorter than the standard demands (:rfc:`7518#section-3.2`)."""


def check_strength(key: str | bytes) -> None:
    """Refuse, or warn of, a short HMAC secret.

    Raises:
        ConfigurationError: It has less than `REFUSED_BELOW` bytes.
    """
    size = len(key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key)
    found = (
        f"the HMAC secret has {size} bytes and needs {WARNED_BELOW} (RFC 7518 section 3.2); make "
        'one with\n  python -c "import secrets; print(secrets.token_urlsafe(48))"'
    )
    if size < REFUSED_BELOW:
        msg = f"{found}\nor, while you change it, set JWT_COMPAT_WEAK_KEYS to True"
        raise ConfigurationError(msg)
    if size < WARNED_BELOW:
        warnings.warn(found, WeakKeyWarning, stacklevel=5)
