"""Compare passwords in a time that does not tell who exists."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import cached_property

from werkzeug.security import check_password_hash, generate_password_hash


class PasswordCheck:
    """Compares a password with the hash of a user, or of nobody: both cost as much.

    Args:
        hash_password: Makes a hash, as the application makes those that it keeps. The hash of
            nobody comes from it, so that it costs what the others do.
        verify: Whether the password, its second argument, is the one of the hash, its first.
    """

    def __init__(
        self,
        hash_password: Callable[[str], str] = generate_password_hash,
        verify: Callable[[str, str], bool] = check_password_hash,
    ) -> None:
        self._hash_password = hash_password
        self._verify = verify

    @cached_property
    def _nobodys(self) -> str:
        return self._hash_password(secrets.token_urlsafe(16))

    def __call__(self, stored: str | None, password: str) -> bool:
        """Return whether *password* is the one of *stored*, the hash; None for an unknown name.

        Raises:
            TypeError: What compares answers neither True nor False.
        """
        # Asked for in any case: making it takes time too, the first time.
        nobodys = self._nobodys
        is_right: object = self._verify(nobodys if stored is None else stored, password)
        if type(is_right) is not bool:
            msg = f"verify has to return True or False, not {type(is_right).__name__}"
            raise TypeError(msg)
        return is_right and stored is not None


#: Compares with hashes of Werkzeug's ``generate_password_hash``.
check_password = PasswordCheck()
