"""Key rings: the key that signs, and those that verify, by name and algorithm."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from os import PathLike
from typing import Any, Final, Protocol

from werkzeug.exceptions import HTTPException

from ..exceptions import ConfigurationError, InvalidTokenError, expect, expect_several
from .key import MIN_SECRET, Key, advice
from .key_files import configured_key

logger = logging.getLogger("jwtpolicy")

#: What the keys of another issuer may be given as, where they are not fetched.
StaticKeys = Mapping[str, object] | str | PathLike[str] | Iterable[Key]


class KeySource(Protocol):
    """The source of the ring in use; a ring is its own source."""

    def current(self) -> KeyRing:
        """Return the ring in use; whatever was remembered of another one does not hold for it."""


class KeyRing:
    """One key that signs, and those that verify; it never changes.

    For keys that depend on the tenant or the user, write a subclass. `signing_key_for` chooses the
    key by the claims, and each key has a name. `find` looks a key up by its name. `may_sign`
    decides whether the key of a verified token may sign its claims.

    .. warning:: **With one tenant's key, tokens of all other tenants can be made** if `may_sign`
        allows every key. A ring whose keys all belong to one owner does not need it.

    Args:
        signing: The key that signs, and verifies too; None for a service that only verifies.
        verifying: Further keys that verify.

    Raises:
        ConfigurationError: Two keys have one name, or there is no key at all; or a member is not a
            `Key`; or `signing_key_for` is overridden and `may_sign` is not.
    """

    __slots__ = ("_by_name", "_of_any_name", "_signing_keys", "_unnamed", "signing_key")

    def __init__(self, signing: Key | None = None, verifying: Iterable[Key] = ()) -> None:
        limits_keys(self)
        several = "KeyRing(verifying=…) takes a list: [Key(…)]"
        expect_several(verifying, several, ConfigurationError, is_secret=True)
        keys = [*([] if signing is None else [signing]), *verifying]
        for key in keys:
            how = "a KeyRing takes Key objects: Key(…, algorithm)"
            expect(key, Key, how, ConfigurationError, is_secret=True)
        has_own_keys = type(self).find is not KeyRing.find
        if not (keys or has_own_keys) or (signing is not None and not signing.can_sign):
            msg = "a KeyRing needs a key, and the key in signing= has to be able to sign"
            raise ConfigurationError(msg)
        self.signing_key = signing
        self._signing_keys = tuple(key for key in keys if key.can_sign)
        named = [key for key in keys if key.key_id is not None]
        self._check_names(named)
        self._by_name = {(key.algorithm, key.key_id): (key,) for key in named}
        self._unnamed = _unnamed(keys)
        self._of_any_name: tuple[Key, ...] = ()

    def _check_names(self, named: Sequence[Key]) -> None:
        """Refuse two keys of one name: each of ours has one, and one algorithm.

        Raises:
            ConfigurationError: Two of *named* have the same ``kid``.
        """
        if len({key.key_id for key in named}) < len(named):
            msg = "two keys of one ring have the same kid; give them different names"
            raise ConfigurationError(msg)

    def current(self) -> KeyRing:
        """Return this ring: it is the one in use, since it never changes."""
        return self

    def signing_key_for(self, subject: str, claims: Mapping[str, Any]) -> Key | None:
        """Return the key that signs a token; None if no key can.

        Args:
            subject: ``sub``.
            claims: The claims of the application's own, without registered ones.
        """
        return self.signing_key

    def signing_keys(self) -> tuple[Key, ...]:
        """Return all keys that could sign: the current one, and its fallbacks."""
        return self._signing_keys

    def named_keys(self) -> tuple[Key, ...]:
        """Return all keys that have a ``kid``, which are all but secrets of settings."""
        return tuple(key for keys in self._by_name.values() for key in keys)

    def find(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        """Return the keys that may have signed a token with this header (KEY-1).

        Both arguments come from a token that is not verified yet: use them only to look up keys.
        With ``kid``, the result is the key of that name. Without, it is the one key of that
        algorithm, and its fallbacks. No other key is ever tried. A ring of ``JWT_PUBLIC_KEY`` alone
        returns that key for every name, because the PEM does not contain its name.
        """
        if key_id is None:
            return self._unnamed.get(algorithm, ())
        found = self._by_name.get((algorithm, key_id), self._of_any_name)
        return found if found and found[0].algorithm == algorithm else ()

    def may_sign(self, key: Key, claims: Mapping[str, Any]) -> bool:
        """Return whether *key* may sign *claims*: True or False, and nothing else.

        It is called for every token whose signature and registered claims were verified, for every
        token before it is issued, and at a refresh for the key of the old token and the claims of
        the new ones. If it raises, or returns anything else, the token is refused and the error is
        logged. An HTTPException, such as `KeysUnavailableError`, is passed on.

        Args:
            key: The key that made the signature.
            claims: A copy of all claims; the subject is ``sub``.
        """
        return True

    @classmethod
    def from_config(
        cls,
        *,
        algorithm: str = "HS256",
        secret: str | bytes | None = None,
        fallbacks: Iterable[str | bytes] = (),
        private_key: str | bytes | None = None,
        public_key: str | bytes | None = None,
        is_shared: bool = False,
    ) -> KeyRing:
        """Return the ring of an application's settings.

        Args:
            algorithm: ``JWT_ALGORITHM``.
            secret: ``JWT_SECRET_KEY``.
            fallbacks: ``JWT_SECRET_KEY_FALLBACKS``.
            private_key: ``JWT_PRIVATE_KEY``: a PEM, a JWK, or the path of a file with one.
            public_key: ``JWT_PUBLIC_KEY``, likewise.
            is_shared: Whether others may read the file of a private key.

        Raises:
            ConfigurationError: A key is missing, weak, or not one for *algorithm*.
        """
        if algorithm in MIN_SECRET:
            if secret is None:
                msg = f"JWT_ALGORITHM {algorithm} needs JWT_SECRET_KEY"
                raise ConfigurationError(msg)
            spare = "JWT_SECRET_KEY_FALLBACKS"
            old = [_set(spare, text, algorithm, is_fallback=True) for text in fallbacks]
            return cls(_set("JWT_SECRET_KEY", secret, algorithm), old)
        if private_key is None:
            if public_key is None:
                msg = f"JWT_ALGORITHM {algorithm} needs JWT_PRIVATE_KEY; {advice(algorithm)}"
                raise ConfigurationError(msg)
            only = _asymmetric("JWT_PUBLIC_KEY", public_key, algorithm, is_shared)
            ring = cls(None, [only])
            # Whoever signs has named the key, and its PEM does not say how (KEY-1).
            ring._of_any_name = (only,)
            return ring
        signing = _asymmetric("JWT_PRIVATE_KEY", private_key, algorithm, is_shared)
        if not signing.can_sign:
            msg = "JWT_PRIVATE_KEY holds a public key"
            raise ConfigurationError(msg)
        if public_key is not None:
            public = _asymmetric("JWT_PUBLIC_KEY", public_key, algorithm, is_shared)
            if public.key_id != signing.key_id:
                msg = "JWT_PUBLIC_KEY is not the public half of JWT_PRIVATE_KEY"
                raise ConfigurationError(msg)
        return cls(signing)

    def __repr__(self) -> str:
        return f"<KeyRing signing={self.signing_key!r}>"


def _set(name: str, material: str | bytes, algorithm: str, *, is_fallback: bool = False) -> Key:
    """Return the key that the setting *name* holds; raises what `Key` does, with the name."""
    try:
        return Key(material, algorithm, is_fallback=is_fallback)
    except ConfigurationError as error:
        msg = f"{name}: {error}"
        raise ConfigurationError(msg) from None


def _asymmetric(name: str, material: str | bytes, algorithm: str, is_shared: bool) -> Key:
    """Return the private or public key that the setting *name* holds, or the path of."""
    try:
        return configured_key(material, algorithm, is_shared=is_shared)
    except ConfigurationError as error:
        msg = f"{name}: {error}"
        raise ConfigurationError(msg) from None


def limits_keys(ring: KeyRing) -> bool:
    """Return whether *ring* overrides `may_sign`, so that it has to be asked of each token.

    Raises:
        ConfigurationError: *ring* overrides `signing_key_for` and not `may_sign`, or one of its
            methods is async.
    """
    is_limiting = _is_overridden(ring.may_sign, KeyRing.may_sign)
    name = type(ring).__name__
    if not is_limiting and _is_overridden(ring.signing_key_for, KeyRing.signing_key_for):
        msg = (
            f"{name} overrides signing_key_for, so that its keys belong to somebody in particular;"
            " without may_sign each of them could speak for all the others: define"
            " may_sign(self, key, claims), for example as"
            ' `return key.key_id == claims.get("tenant")`'
        )
        raise ConfigurationError(msg)
    if inspect.iscoroutinefunction(ring.may_sign):
        msg = f"{name}.may_sign is a plain function: nobody could await it"
        raise ConfigurationError(msg)
    return is_limiting


def _is_overridden(method: Callable[..., Any], plain: Callable[..., Any]) -> bool:
    return getattr(method, "__func__", None) is not plain


def find_keys(ring: KeyRing, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
    """Return the keys that *ring* finds; a ring of the application's own may fail (ALG-4).

    Raises:
        InvalidTokenError: *ring* raised anything but an ``HTTPException``, which is logged.
    """
    try:
        keys = tuple(ring.find(algorithm, key_id))
        if not all(isinstance(key, Key) for key in keys):
            logger.error("the key ring returned something that is not a Key; the token was refused")
            return ()
        return keys
    except HTTPException:
        raise
    except Exception as error:
        msg = f"the key ring raised {type(error).__name__}"
        logger.exception("%s; the token was refused", msg)
        raise InvalidTokenError(msg) from error


def may_sign(ring: KeyRing, key: Key, claims: Mapping[str, Any]) -> bool:
    """Return whether *ring* lets *key* sign *claims*; an answer that is no bool refuses."""
    try:
        answer: object = ring.may_sign(key, deepcopy(dict(claims)))
    except HTTPException:
        raise
    except Exception as error:  # whatever it is, it must refuse
        logger.exception("may_sign raised %s; the token was refused", type(error).__name__)
        return False
    if answer is not True and answer is not False:
        kind = type(answer).__name__
        logger.error("may_sign returned %s, not True or False; the token was refused", kind)
    return answer is True


#: HMAC keys that a token without ``kid`` is tried with at most, beside the signing one.
MAX_FALLBACKS: Final = 3


def _unnamed(keys: list[Key]) -> dict[str, tuple[Key, ...]]:
    """Return the keys that verify tokens without ``kid``, by algorithm."""
    found: dict[str, tuple[Key, ...]] = {}
    for algorithm in {key.algorithm for key in keys}:
        fitting = [key for key in keys if key.algorithm == algorithm]
        first = [key for key in fitting if not key.is_fallback]
        spare = [key for key in fitting if key.is_fallback and algorithm in MIN_SECRET]
        if len(spare) > MAX_FALLBACKS:
            msg = f"at most {MAX_FALLBACKS} fallback secrets can be tried"
            raise ConfigurationError(msg)
        if len(first) == 1:
            found[algorithm] = (*first, *spare)
    return found
