"""Compare passwords in a time that does not reveal which user names exist."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from functools import cached_property
from itertools import takewhile

from werkzeug.security import check_password_hash, generate_password_hash

from ..markers import NOT_GIVEN, NotGiven

logger = logging.getLogger("jwtpolicy")

#: Keeps the hash of a password in place of the one that was stored.
Renew = Callable[[str], object]


class PasswordCheck:
    """A password check that takes as long for unknown users: it compares with a dummy hash.

    A comparison never takes less time than with a hash that is made today. If there is no hash, or
    an empty one, or one that cannot be read or was made with other parameters, the password is
    also compared with the dummy hash. A user with an older hash may take longer, until the hash is
    renewed at the next login.

    Args:
        hash_password: A function that makes a hash, as the application makes the hashes that it
            stores. It also makes the dummy hash, so that both take the same time.
        verify: A function that gets a hash and a password, and returns whether they belong
            together.
    """

    def __init__(
        self,
        hash_password: Callable[[str], str] = generate_password_hash,
        verify: Callable[[str, str], bool] = check_password_hash,
    ) -> None:
        self._hash_password = hash_password
        self._verify = verify

    @cached_property
    def _nobodys(self) -> tuple[str, str]:
        """The dummy hash ("of nobody"), and the beginning of today's hashes: method and cost.

        Those are the fields that two of them have in common: ``scrypt:32768:8:1$`` of Werkzeug,
        ``$argon2id$v=19$m=65536,t=3,p=4$``, ``$2b$12$`` of bcrypt.
        """
        one, other = (self._hash_password(secrets.token_urlsafe(16)) for _ in range(2))
        pairs = zip(one.split("$"), other.split("$"), strict=False)
        common = takewhile(lambda pair: pair[0] == pair[1], pairs)
        return one, "".join(f"{field}$" for field, _ in common)

    def __call__(
        self, stored: str | None, password: str, *, renew: Renew | NotGiven = NOT_GIVEN
    ) -> bool:
        """Return whether *password* is the one of *stored*.

        Args:
            stored: The hash; None for an unknown name, empty for a user without a password.
            password: The password that was typed.
            renew: Called with a new hash where the password is right and *stored* was made in
                another way than today's are, so that the application keeps that one instead.

        Raises:
            TypeError: *verify* answers neither True nor False.
            Exception: *verify* raises it for the hash of nobody too, so that the fault is neither
                the stored hash's nor the password's.
        """
        # Asked for in any case: making it takes time too, the first time.
        nobodys, beginning = self._nobodys
        is_right = self._compared(stored, password) if stored else False
        if is_right is not None and stored and _is_made_as(stored, nobodys, beginning):
            return is_right
        if self._is_comparable(nobodys, password) and is_right is None:
            logger.error("a stored password hash cannot be read: its user cannot log in by it")
        if is_right and not isinstance(renew, NotGiven):
            renew(self._hash_password(password))
        return bool(is_right)

    def _compared(self, stored: str, password: str) -> bool | None:
        """Return whether *password* is the one of *stored*; None where that cannot be read.

        It is of another library, cut off, or no hash: a fault of one user's entry.
        """
        try:
            answer = self._verify(stored, password)
        except Exception as error:  # noqa: BLE001 # the hash of nobody tells whose fault it is
            logger.debug("a password could not be compared: %s", type(error).__name__)
            return None
        return _checked(answer)

    def _is_comparable(self, nobodys: str, password: str) -> bool:
        """Spend what today's hash costs; say whether *password* is one that can be hashed.

        bcrypt takes 72 bytes, and nothing a half of a surrogate pair: that is a `ValueError`.
        """
        try:
            _checked(self._verify(nobodys, password))
        except ValueError:
            return False
        return True


def _is_made_as(stored: str, nobodys: str, beginning: str) -> bool:
    """Whether *stored* costs what *nobodys* does; one that is cut off costs nothing."""
    return stored.startswith(beginning) and stored.count("$") == nobodys.count("$")


def _checked(answer: object) -> bool:
    if type(answer) is not bool:
        msg = f"verify has to return True or False, not {type(answer).__name__}"
        raise TypeError(msg)
    return answer


#: Compares with hashes of Werkzeug's ``generate_password_hash``.
check_password = PasswordCheck()
