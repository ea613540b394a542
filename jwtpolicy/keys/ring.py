"""Keys that own one algorithm each, and key rings; both are checked when they are made."""

from __future__ import annotations

import base64
import hashlib
import inspect
import json
import logging
import warnings
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from hmac import compare_digest
from types import NoneType
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.algorithms import Algorithm, get_default_algorithms
from werkzeug.exceptions import HTTPException

from ..exceptions import ConfigurationError, InvalidTokenError, expect, expect_several
from .armour import is_key_material
from .complaints import A_FILE_NAME, is_secret_a_file, key_complaint, text_bytes

logger = logging.getLogger("jwtpolicy")

_ALGORITHMS: Final[dict[str, Algorithm]] = get_default_algorithms()

#: RFC 7518 section 3.2: "A key of the same size as the hash output … or larger MUST be used".
_MIN_SECRET: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
_HASHES: Final = {
    "HS256": hashes.SHA256(),
    "HS384": hashes.SHA384(),
    "HS512": hashes.SHA512(),
}
_CURVES: Final = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
#: RFC 7518 section 3.3: "A key of size 2048 bits or larger MUST be used".
_MIN_RSA_BITS: Final = 2048
_MIN_RSA_EXPONENT: Final = 65537

SUPPORTED: Final = (*_MIN_SECRET, *sorted(_RSA), *_CURVES, "EdDSA")

#: Secrets that stand in tutorials and test data, so that everybody knows them.
_PUBLISHED: Final = frozenset(
    {
        "your-256-bit-secret",
        "your-384-bit-secret",
        "your-512-bit-secret",
        "a-string-secret-at-least-256-bits-long",
        "super-secret",
        "change-me",
        "changeme",
    }
)


class Key:
    """A key that signs or verifies with one algorithm.

    Its ``repr`` shows the algorithm and the name, never the key.

    Args:
        material: A secret, as bytes or text; a PEM; or an object of ``cryptography``.
        algorithm: ``HS256``, ``RS256``, ``PS256``, ``ES256`` (each also 384 and 512) or
            ``EdDSA``.
        key_id: ``kid``. Asymmetric keys get their thumbprint (:rfc:`7638`), secrets none: a hash
            of a secret would be a hint.
        is_fallback: Whether tokens without ``kid`` are tried with it too.

    Raises:
        ConfigurationError: The key is weak, or not one for the algorithm.
    """

    __slots__ = (
        "_algorithm",
        "_derived",
        "_mac",
        "_signing",
        "_verifying",
        "algorithm",
        "is_fallback",
        "key_id",
    )

    def __init__(
        self,
        material: Any,
        algorithm: str,
        key_id: str | None = None,
        *,
        is_fallback: bool = False,
    ) -> None:
        expect(key_id, (str, NoneType), "Key(key_id=…) takes text", ConfigurationError)
        expect(is_fallback, bool, "Key(is_fallback=…) is True or False", ConfigurationError)
        if algorithm not in SUPPORTED:
            msg = f"the algorithm {algorithm!r} is not one of {', '.join(SUPPORTED)}"
            raise ConfigurationError(msg)
        self.algorithm = algorithm
        self.is_fallback = is_fallback
        self._algorithm = _ALGORITHMS[algorithm]
        self._derived: dict[bytes, bytes] = {}
        self._mac: hmac.HMAC | None = None
        if algorithm in _MIN_SECRET:
            self._signing: Any = _checked_secret(material, algorithm)
            self._verifying: Any = self._signing
            self._mac = hmac.HMAC(self._signing, _HASHES[algorithm])
        else:
            self._signing, self._verifying = _checked_pair(material, algorithm, self._algorithm)
        self.key_id = key_id or self._thumbprint()

    @property
    def can_sign(self) -> bool:
        """Whether the key is a secret or a private key, and not only a public one."""
        return self._signing is not None

    def sign(self, signing_input: bytes) -> bytes:
        """Return the signature over *signing_input*.

        Raises:
            ConfigurationError: The key is a public key, which cannot sign.
        """
        if self._signing is None:
            msg = f"{self!r} is a public key and cannot sign"
            raise ConfigurationError(msg)
        if self._mac is not None:
            return _mac_of(self._mac, signing_input)
        signature: bytes = self._algorithm.sign(signing_input, self._signing)
        return signature

    def verify(self, signing_input: bytes, signature: bytes) -> bool:
        """Return whether *signature* is this key's over *signing_input*; never raises (ALG-4)."""
        try:
            if self._mac is not None:
                return compare_digest(_mac_of(self._mac, signing_input), signature)
            return self._algorithm.verify(signing_input, self._verifying, signature)
        except Exception:  # noqa: BLE001 # pragma: no cover # no input is known that does
            return False

    def derived(self, purpose: bytes) -> bytes:
        """Return 32 bytes that only the holder of the signing key can know (:rfc:`5869`).

        Raises:
            ConfigurationError: The key is a public key, from which nothing secret can be derived.
        """
        if self._signing is None:
            msg = f"{self!r} is a public key; nothing secret can be derived from it"
            raise ConfigurationError(msg)
        if purpose not in self._derived:
            hkdf = HKDF(hashes.SHA256(), 32, salt=None, info=purpose)
            self._derived[purpose] = hkdf.derive(_secret_bytes(self._signing))
        return self._derived[purpose]

    def public(self) -> Key:
        """Return the key without its private half.

        Raises:
            ConfigurationError: The key is an HMAC secret, which has no public half.
        """
        if self.algorithm in _MIN_SECRET:
            msg = "a secret has no public half"
            raise ConfigurationError(msg)
        return Key(self._verifying, self.algorithm, self.key_id)

    def _thumbprint(self) -> str | None:
        if self.algorithm in _MIN_SECRET:
            return None
        jwk = self._algorithm.to_jwk(self._verifying, as_dict=True)
        # RFC 7638 section 3.2: the required members, in lexicographic order, without white space.
        required = {name: jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in jwk}
        text = json.dumps(required, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

    def __repr__(self) -> str:
        return f"<Key {self.algorithm} kid={self.key_id!r}>"


def _mac_of(prepared: hmac.HMAC, signing_input: bytes) -> bytes:
    """Return the MAC: PyJWT sets the secret up for each token, a copy takes half the time."""
    mac = prepared.copy()
    mac.update(signing_input)
    return mac.finalize()


def _secret_bytes(signing: Any) -> bytes:
    if isinstance(signing, bytes):
        return signing
    encoding, form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
    found: bytes = signing.private_bytes(encoding, form, serialization.NoEncryption())
    return found


def _checked_secret(material: object, algorithm: str) -> bytes:
    secret = text_bytes(material)
    size = _MIN_SECRET[algorithm]
    call = f"secrets.token_urlsafe({size * 3 // 2})"
    advice = f'make one with\n  python -c "import secrets; print({call})"'
    if secret is None and isinstance(material, str):
        msg = f"the secret for {algorithm} is not UTF-8; write its bytes in base64 or hex"
        raise ConfigurationError(msg)
    if not isinstance(secret, bytes):
        msg = f"the secret for {algorithm} is text or bytes, not {type(material).__name__}"
        raise ConfigurationError(msg)
    if len(secret) < size:
        msg = f"the secret for {algorithm} has {len(secret)} bytes, it needs {size}; {advice}"
        raise ConfigurationError(msg)
    if secret.decode("utf-8", "replace").strip().lower() in _PUBLISHED or len(set(secret)) < 8:
        msg = f"the secret for {algorithm} can be guessed; {advice}"
        raise ConfigurationError(msg)
    if is_key_material(secret):
        msg = f"the secret for {algorithm} is a key of another algorithm, often public; {advice}"
        raise ConfigurationError(msg)
    if is_secret_a_file(secret):
        msg = f"the secret for {algorithm} {A_FILE_NAME}"
        raise ConfigurationError(msg)
    return secret


def _checked_pair(material: Any, algorithm: str, implementation: Algorithm) -> tuple[Any, Any]:
    """Return the private key, or None, and the public key."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is weak is refused below, with advice
            key: Any = implementation.prepare_key(material)
    except Exception as error:  # noqa: BLE001 # whatever it is, the text may show the key
        unreadable = f"cannot be read ({type(error).__name__}); {_advice(algorithm)}"
        msg = f"the key for {algorithm} {key_complaint(material, error) or unreadable}"
        raise ConfigurationError(msg) from None
    is_private = hasattr(key, "private_bytes")
    public = key.public_key() if is_private else key
    _check_public(public, algorithm)
    return (key if is_private else None), public


def _check_public(public: object, algorithm: str) -> None:
    if algorithm in _RSA:
        fits = isinstance(public, rsa.RSAPublicKey)
        weak = fits and not _is_strong(public)
    elif algorithm in _CURVES:
        fits = isinstance(public, ec.EllipticCurvePublicKey)
        weak = fits and public.curve.name != _CURVES[algorithm]  # type: ignore[attr-defined]
    else:
        fits, weak = isinstance(public, ed25519.Ed25519PublicKey), False
    if not fits or weak:
        what = "is too weak or on another curve" if fits else f"is a {type(public).__name__}"
        msg = f"the key for {algorithm} {what}; {_advice(algorithm)}"
        raise ConfigurationError(msg)


def _is_strong(public: Any) -> bool:
    numbers = public.public_numbers()
    return bool(public.key_size >= _MIN_RSA_BITS and numbers.e >= _MIN_RSA_EXPONENT)


def _advice(algorithm: str) -> str:
    command = {
        "EdDSA": "openssl genpkey -algorithm ed25519",
        "ES256": "openssl ecparam -name prime256v1 -genkey -noout",
        "ES384": "openssl ecparam -name secp384r1 -genkey -noout",
        "ES512": "openssl ecparam -name secp521r1 -genkey -noout",
    }.get(algorithm, "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072")
    return f"make one with\n  {command}"


class KeyRing:
    """One key that signs, and those that verify; it never changes.

    Keys that depend on the tenant or the user are a subclass: `signing_key_for` chooses by what
    the token says, and gives each key its name; `find` chooses by that name; `may_sign` says of a
    verified token whether its key may say that. Without the last, whoever has one tenant's key
    could speak for all the others. A ring of which all keys are the same owner's, as when `find`
    looks up what was rotated, has nothing to say there.

    Args:
        signing: The key that signs, and verifies too; None for a service that only verifies.
        verifying: Further keys that verify.

    Raises:
        ConfigurationError: Two keys have one name, there is no key at all, a member is no `Key`,
            or `signing_key_for` is overridden and `may_sign` is not.
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
            msg = "a KeyRing needs a key, and one that can sign in the first place"
            raise ConfigurationError(msg)
        self.signing_key = signing
        self._signing_keys = tuple(key for key in keys if key.can_sign)
        self._by_name = {key.key_id: (key,) for key in keys if key.key_id is not None}
        if len(self._by_name) < sum(key.key_id is not None for key in keys):
            msg = "two keys of one ring have the same kid; give them different names"
            raise ConfigurationError(msg)
        self._unnamed = _unnamed(keys)
        self._of_any_name: tuple[Key, ...] = ()

    def signing_key_for(self, subject: str, claims: Mapping[str, Any]) -> Key | None:
        """Return the key that signs a token; None where there is none that can.

        Args:
            subject: ``sub``.
            claims: The claims of the application's own; no registered ones.
        """
        return self.signing_key

    def signing_keys(self) -> tuple[Key, ...]:
        """Return all keys that could sign: the one that does, and its fallbacks."""
        return self._signing_keys

    def find(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        """Return the keys that may have signed a token with this header (KEY-1).

        Both arguments come from a token that is not verified yet: names to look up, no more.
        With ``kid`` that is the key of that name; without, the one key of that algorithm, and
        its fallbacks. No other key is ever tried. A ring of ``JWT_PUBLIC_KEY`` alone has that one
        for every name: the PEM does not say what its owner calls it.
        """
        if key_id is None:
            return self._unnamed.get(algorithm, ())
        found = self._by_name.get(key_id, self._of_any_name)
        return found if found and found[0].algorithm == algorithm else ()

    def may_sign(self, key: Key, claims: Mapping[str, Any]) -> bool:
        """Return whether *key* may sign *claims*: True or False, and nothing else.

        It is asked of every token whose signature and registered claims were verified, of every
        one that is about to be issued, and, of the key of a token that is refreshed, about what
        its successors would say. What raises, or answers anything else, refuses and is logged; an
        HTTPException, such as `KeysUnavailableError`, passes through.

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
    ) -> KeyRing:
        """Return the ring of an application's settings.

        Raises:
            ConfigurationError: A key is missing, weak, or not one for *algorithm*.
        """
        if algorithm in _MIN_SECRET:
            if secret is None:
                msg = f"JWT_ALGORITHM {algorithm} needs JWT_SECRET_KEY"
                raise ConfigurationError(msg)
            spare = "JWT_SECRET_KEY_FALLBACKS"
            old = [_set(spare, text, algorithm, is_fallback=True) for text in fallbacks]
            return cls(_set("JWT_SECRET_KEY", secret, algorithm), old)
        if private_key is None:
            if public_key is None:
                msg = f"JWT_ALGORITHM {algorithm} needs JWT_PRIVATE_KEY; {_advice(algorithm)}"
                raise ConfigurationError(msg)
            only = _set("JWT_PUBLIC_KEY", public_key, algorithm)
            ring = cls(None, [only])
            # Whoever signs has named the key, and its PEM does not say how (KEY-1).
            ring._of_any_name = (only,)
            return ring
        signing = _set("JWT_PRIVATE_KEY", private_key, algorithm)
        if not signing.can_sign:
            msg = "JWT_PRIVATE_KEY holds a public key"
            raise ConfigurationError(msg)
        if public_key is not None:
            public = _set("JWT_PUBLIC_KEY", public_key, algorithm)
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
            logger.error("the key ring found what is no Key; the token was refused")
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
        spare = [key for key in fitting if key.is_fallback and algorithm in _MIN_SECRET]
        if len(spare) > MAX_FALLBACKS:
            msg = f"at most {MAX_FALLBACKS} fallback secrets can be tried"
            raise ConfigurationError(msg)
        if len(first) == 1:
            found[algorithm] = (*first, *spare)
    return found
