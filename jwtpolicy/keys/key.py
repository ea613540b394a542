"""A key with the one algorithm that it may be used for; it is checked when it is made."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import warnings
from hmac import compare_digest
from types import NoneType
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.algorithms import Algorithm, get_default_algorithms

from ..exceptions import ConfigurationError, expect
from .armour import is_key_material
from .complaints import A_FILE_NAME, is_secret_a_file, key_complaint, text_bytes

logger = logging.getLogger("jwtpolicy")

_ALGORITHMS: Final[dict[str, Algorithm]] = get_default_algorithms()
# The fully specified name (RFC 9864), which PyJWT does not know yet. Which keys it may have is
# checked here: PyJWT's implementation would take those of Ed448, too.
_ALGORITHMS["Ed25519"] = _ALGORITHMS["EdDSA"]

#: RFC 7518 section 3.2: "A key of the same size as the hash output … or larger MUST be used".
MIN_SECRET: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
_HASHES: Final = {
    "HS256": hashes.SHA256(),
    "HS384": hashes.SHA384(),
    "HS512": hashes.SHA512(),
}
#: The curve of each algorithm, as ``cryptography`` calls it.
CURVES: Final = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
#: RFC 7518 section 3.3: "A key of size 2048 bits or larger MUST be used".
_MIN_RSA_BITS: Final = 2048
_MIN_RSA_EXPONENT: Final = 65537

SUPPORTED: Final = (*MIN_SECRET, *sorted(_RSA), *CURVES, "EdDSA", "Ed25519")

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
        algorithm: ``HS256``, ``RS256``, ``PS256``, ``ES256`` (each also 384 and 512), ``Ed25519``
            (:rfc:`9864`), or ``EdDSA``, which is the older name of the same algorithm. A key has
            one of the two names, and does not verify tokens whose header has the other.
        key_id: ``kid``. If None, asymmetric keys get their thumbprint (:rfc:`7638`). Secrets get
            none, because a hash of a secret would help to guess it.
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
        self._algorithm = implementation_of(algorithm)
        self.algorithm = algorithm
        self.is_fallback = is_fallback
        self._derived: dict[bytes, bytes] = {}
        self._mac: hmac.HMAC | None = None
        if algorithm in MIN_SECRET:
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

    @property
    def _material(self) -> Any:
        """The secret as bytes, or the private or else the public key of ``cryptography``."""
        return self._verifying if self._signing is None else self._signing

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
        if self.algorithm in MIN_SECRET:
            msg = "a secret has no public half"
            raise ConfigurationError(msg)
        return Key(self._verifying, self.algorithm, self.key_id)

    def _thumbprint(self) -> str | None:
        if self.algorithm in MIN_SECRET:
            return None
        jwk = self._algorithm.to_jwk(self._verifying, as_dict=True)
        # RFC 7638 section 3.2: the required members, in lexicographic order, without white space.
        required = {name: jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in jwk}
        text = json.dumps(required, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

    def __repr__(self) -> str:
        return f"<Key {self.algorithm} kid={self.key_id!r}>"


def implementation_of(algorithm: str) -> Algorithm:
    """Return what PyJWT signs and verifies with under this name.

    Raises:
        ConfigurationError: The algorithm is not one of `SUPPORTED`.
    """
    if algorithm not in SUPPORTED:
        msg = f"the algorithm {algorithm!r:.40} is not one of {', '.join(SUPPORTED)}"
        raise ConfigurationError(msg)
    return _ALGORITHMS[algorithm]


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
    size = MIN_SECRET[algorithm]
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
        unreadable = f"cannot be read ({type(error).__name__}); {advice(algorithm)}"
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
    elif algorithm in CURVES:
        fits = isinstance(public, ec.EllipticCurvePublicKey)
        weak = fits and public.curve.name != CURVES[algorithm]  # type: ignore[attr-defined]
    else:
        fits, weak = isinstance(public, ed25519.Ed25519PublicKey), False
    if not fits or weak:
        what = "is too weak or on another curve" if fits else f"is a {type(public).__name__}"
        msg = f"the key for {algorithm} {what}; {advice(algorithm)}"
        raise ConfigurationError(msg)


def _is_strong(public: Any) -> bool:
    numbers = public.public_numbers()
    return bool(public.key_size >= _MIN_RSA_BITS and numbers.e >= _MIN_RSA_EXPONENT)


def advice(algorithm: str) -> str:
    """Return the command that makes a key for *algorithm*."""
    command = {
        "EdDSA": "openssl genpkey -algorithm ed25519",
        "Ed25519": "openssl genpkey -algorithm ed25519",
        "ES256": "openssl ecparam -name prime256v1 -genkey -noout",
        "ES384": "openssl ecparam -name secp384r1 -genkey -noout",
        "ES512": "openssl ecparam -name secp521r1 -genkey -noout",
    }.get(algorithm, "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072")
    return f"make one with\n  {command}"
