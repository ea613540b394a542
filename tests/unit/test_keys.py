"""Keys that own one algorithm, and rings of them."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.keys.jwk import public_jwk
from tests.support.applications import SECRET
from tests.support.keys import EC_KEY, MATERIALS, PRIVATE_PEM, PUBLIC_PEM, RSA_KEY, public_pem


@pytest.mark.parametrize("algorithm", MATERIALS)
def test_a_key_verifies_what_it_signed_and_nothing_else(algorithm: str) -> None:
    """ALG-5."""
    key = Key(MATERIALS[algorithm], algorithm)
    signature = key.sign(b"input")

    assert key.verify(b"input", signature)
    assert not key.verify(b"other", signature)
    assert not key.verify(b"input", signature[:-1] + bytes([signature[-1] ^ 1]))


@pytest.mark.parametrize("algorithm", [name for name in MATERIALS if not name.startswith("HS")])
def test_a_public_key_verifies_and_cannot_sign(algorithm: str) -> None:
    """ALG-2."""
    key = Key(MATERIALS[algorithm], algorithm)

    assert key.public().verify(b"input", key.sign(b"input"))
    assert (key.can_sign, key.public().can_sign) == (True, False)
    assert key.public().key_id == key.key_id
    with pytest.raises(ConfigurationError, match="cannot sign"):
        key.public().sign(b"input")


DER = base64.b64encode(
    EC_KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()
LONG_DER = base64.b64encode(
    RSA_KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()

BAD_SECRETS = [
    pytest.param("", "HS256", id="empty"),
    pytest.param("a" * 40, "HS256", id="one character"),
    pytest.param(SECRET[:31], "HS256", id="31 bytes for 32"),
    pytest.param(SECRET[:47], "HS384", id="47 bytes for 48"),
    pytest.param(SECRET[:63], "HS512", id="63 bytes for 64"),
    pytest.param(PUBLIC_PEM, "HS256", id="a PEM"),
    pytest.param("  \n" + PUBLIC_PEM, "HS256", id="a PEM after space"),
    pytest.param("\ufeff" + PUBLIC_PEM, "HS256", id="a PEM after a mark"),
    pytest.param("ssh-ed25519 " + "A" * 40 + SECRET, "HS256", id="an SSH key"),
    pytest.param('{"kty": "RSA", "n": "' + SECRET + '"}', "HS256", id="a JWK"),
    pytest.param(DER, "HS256", id="DER in base64"),
    pytest.param(LONG_DER, "HS256", id="long DER in base64"),
    pytest.param("a-string-secret-at-least-256-bits-long", "HS256", id="from a tutorial"),
    pytest.param(12345, "HS256", id="a number"),
    pytest.param("\udc80" + SECRET, "HS256", id="bytes that are no UTF-8, of the environment"),
]


@pytest.mark.parametrize(("secret", "algorithm"), BAD_SECRETS)
def test_a_secret_that_protects_nothing_is_refused(secret: Any, algorithm: str) -> None:
    """ALG-3."""
    with pytest.raises(ConfigurationError) as caught:
        Key(secret, algorithm)

    assert "secret for" in str(caught.value)
    assert not secret or str(secret) not in str(caught.value)


def test_the_error_about_a_secret_prints_a_command_that_makes_a_good_one() -> None:
    import re
    import subprocess
    import sys

    with pytest.raises(ConfigurationError) as caught:
        Key("short", "HS512")

    command = re.search(r'python -c "(.*)"', str(caught.value))
    assert command is not None
    made = subprocess.run([sys.executable, "-c", command[1]], capture_output=True, check=True)
    assert Key(made.stdout.strip(), "HS512").can_sign


def test_base64_that_is_no_key_is_a_fine_secret() -> None:
    assert Key(base64.b64encode(secrets.token_bytes(48)), "HS256")
    assert Key(base64.b64encode(b"0" + secrets.token_bytes(48)), "HS256")


BAD_KEYS = [
    pytest.param(rsa.generate_private_key(65537, 1024), "RS256", id="RSA of 1024 bits"),
    pytest.param(rsa.generate_private_key(3, 2048), "RS256", id="RSA with e = 3"),
    pytest.param(ec.generate_private_key(ec.SECP384R1()), "ES256", id="another curve"),
    pytest.param(EC_KEY, "RS256", id="EC for RSA"),
    pytest.param(RSA_KEY, "ES256", id="RSA for EC"),
    pytest.param(ed448.Ed448PrivateKey.generate(), "EdDSA", id="Ed448"),
    pytest.param("-----BEGIN rubbish", "RS256", id="not a key"),
    pytest.param(b"\x00", "EdDSA", id="bytes"),
    pytest.param("\udc80", "ES256", id="bytes that are no UTF-8, of the environment"),
    pytest.param(None, "ES256", id="nothing"),
]


@pytest.mark.parametrize(("material", "algorithm"), BAD_KEYS)
def test_a_key_that_does_not_fit_is_refused_at_the_start(material: Any, algorithm: str) -> None:
    """ALG-2, ALG-3."""
    with pytest.raises(ConfigurationError, match="openssl"):
        Key(material, algorithm)


LOCKED = EC_KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.BestAvailableEncryption(b"phrase"),
)
LOCKED_OLD = EC_KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.BestAvailableEncryption(b"phrase"),
)


@pytest.mark.parametrize("locked", [LOCKED, LOCKED_OLD, LOCKED.decode()])
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_a_key_that_is_locked_is_told_from_a_bad_one(locked: Any, algorithm: str) -> None:
    with pytest.raises(ConfigurationError, match=r"is locked by a passphrase[^$]*openssl pkey"):
        Key(locked, algorithm)


def test_a_key_is_unlocked_by_what_the_error_says() -> None:
    unlocked = serialization.load_pem_private_key(LOCKED, password=b"phrase")

    assert Key(unlocked, "ES256").can_sign


@pytest.mark.parametrize(
    "name",
    ["key.pem", "keys/private", "/run/secrets/jwt", b"key.pem", Path("key.pem"), __file__],
)
def test_the_name_of_a_file_is_no_key(name: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"the name of a file; .*read_text\(\)"):
        Key(name, "RS256")


def test_a_key_error_names_the_setting() -> None:
    with pytest.raises(
        ConfigurationError, match=r"^JWT_PRIVATE_KEY: key.pem: it cannot be read: No such file"
    ):
        KeyRing.from_config(algorithm="RS256", private_key="key.pem")
    with pytest.raises(ConfigurationError, match=r"^JWT_PUBLIC_KEY: .* cannot be read"):
        KeyRing.from_config(algorithm="RS256", public_key="rubbish")
    with pytest.raises(ConfigurationError, match=r"^JWT_SECRET_KEY_FALLBACKS: .* has 5 bytes"):
        KeyRing.from_config(secret=SECRET, fallbacks=["short"])


def test_a_key_of_the_settings_may_be_a_file_or_a_jwk(tmp_path: Path) -> None:
    path = tmp_path / "private"
    path.write_text(PRIVATE_PEM, encoding="ascii")
    path.chmod(0o600)
    jwk = json.dumps(public_jwk(Key(EC_KEY, "ES256")))

    ring = KeyRing.from_config(algorithm="ES256", private_key=str(path), public_key=jwk)

    assert ring.signing_key.key_id == Key(EC_KEY, "ES256").key_id  # type: ignore[union-attr]


def test_space_around_the_name_of_a_file_means_nothing(tmp_path: Path) -> None:
    """Such as the end of the line in what `echo` has written."""
    path = tmp_path / "public.pem"
    path.write_text(PUBLIC_PEM, encoding="ascii")
    path.chmod(0o644)

    assert KeyRing.from_config(algorithm="ES256", public_key=f" {path}\n")


@pytest.mark.parametrize("material", ["MIGHAgEA/secret+part=", "~nobody-here/x", "a/" * 999])
def test_a_key_in_one_line_is_not_shown_as_the_name_of_a_file(material: str) -> None:
    """KEY-8."""
    with pytest.raises(ConfigurationError) as caught:
        KeyRing.from_config(algorithm="ES256", private_key=material)

    text = str(caught.value)
    assert text == "JWT_PRIVATE_KEY: it is neither a PEM nor a JWK, and no file has this name"


def test_a_private_key_in_a_file_that_others_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "private.pem"
    path.write_text(PRIVATE_PEM, encoding="ascii")
    path.chmod(0o644)

    with pytest.raises(ConfigurationError, match="others may read it"):
        KeyRing.from_config(algorithm="ES256", private_key=str(path))
    assert KeyRing.from_config(algorithm="ES256", private_key=str(path), is_shared=True)


def test_a_key_for_another_algorithm_is_refused() -> None:
    jwk = json.dumps(public_jwk(Key(RSA_KEY, "PS256")))

    with pytest.raises(ConfigurationError, match="one for PS256, and JWT_ALGORITHM is RS256"):
        KeyRing.from_config(algorithm="RS256", public_key=jwk)


def test_the_two_names_of_ed25519_are_two_algorithms() -> None:
    """ALG-2, :rfc:`9864`."""
    old, new = (Key(MATERIALS["EdDSA"], name) for name in ("EdDSA", "Ed25519"))

    assert KeyRing(new).find("EdDSA", old.key_id) == ()
    assert KeyRing(new).find("Ed25519", new.key_id) == (new,)


def test_a_key_of_ed448_has_neither_name() -> None:
    for name in ("EdDSA", "Ed25519"):
        with pytest.raises(ConfigurationError, match="Ed448"):
            Key(ed448.Ed448PrivateKey.generate(), name)


def test_the_one_public_key_of_the_settings_has_every_name() -> None:
    """KEY-1: its PEM does not say what its owner calls it."""
    ring = KeyRing.from_config(algorithm="ES256", public_key=PUBLIC_PEM)

    assert len(ring.find("ES256", "2026-07")) == len(ring.find("ES256", None)) == 1
    assert ring.find("RS256", "2026-07") == ()


@pytest.mark.parametrize(
    "ring",
    [
        pytest.param(KeyRing(None, [Key(PUBLIC_PEM, "ES256")]), id="handed over"),
        pytest.param(
            KeyRing.from_config(algorithm="ES256", private_key=PRIVATE_PEM), id="that signs"
        ),
        pytest.param(KeyRing.from_config(secret=SECRET), id="of a secret"),
    ],
)
def test_no_other_key_has_every_name(ring: KeyRing) -> None:
    """KEY-1."""
    assert ring.find("ES256", "2026-07") == ring.find("HS256", "2026-07") == ()


@pytest.mark.parametrize("algorithm", ["none", "None", "", "HS1", "ES256K", ["HS256"][0] + " "])
def test_an_algorithm_that_is_not_listed_is_refused(algorithm: str) -> None:
    """ALG-1."""
    with pytest.raises(ConfigurationError, match="is not one of"):
        Key(SECRET, algorithm)


def test_the_name_of_a_key_is_its_thumbprint() -> None:
    """KEY-2: the example of RFC 7638, section 3.1."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
        "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0"
        "_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWh"
        "AI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    number = int.from_bytes(base64.urlsafe_b64decode(n + "=="), "big")
    key = Key(rsa.RSAPublicNumbers(65537, number).public_key(), "RS256")

    assert key.key_id == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_a_secret_has_no_name_unless_it_is_given_one() -> None:
    """KEY-2."""
    assert Key(SECRET, "HS256").key_id is None
    assert Key(SECRET, "HS256", "2026").key_id == "2026"
    with pytest.raises(ConfigurationError, match="no public half"):
        Key(SECRET, "HS256").public()


def test_keys_show_nothing_of_themselves() -> None:
    """KEY-8."""
    assert repr(Key(SECRET, "HS256")) == "<Key HS256 kid=None>"
    assert repr(KeyRing(Key(SECRET, "HS256", "a"))) == "<KeyRing signing=<Key HS256 kid='a'>>"


def test_a_ring_finds_by_name_or_by_the_one_algorithm() -> None:
    """KEY-1, ALG-1."""
    first, second = Key(EC_KEY, "ES256"), Key(RSA_KEY, "RS256")
    ring = KeyRing(first, [second])

    assert ring.find("ES256", first.key_id) == ring.find("ES256", None) == (first,)
    assert ring.find("RS256", second.key_id) == (second,)
    assert ring.find("ES256", second.key_id) == ring.find("ES256", "x") == ()
    assert ring.find("HS256", None) == ()


def test_two_keys_of_an_algorithm_are_never_tried_both() -> None:
    """KEY-1."""
    ring = KeyRing(Key(EC_KEY, "ES256"), [Key(ec.generate_private_key(ec.SECP256R1()), "ES256")])

    assert ring.find("ES256", None) == ()


def test_fallback_secrets_are_tried_up_to_three() -> None:
    """KEY-1."""
    spare = [Key(secrets.token_bytes(32), "HS256", is_fallback=True) for _ in range(4)]

    assert len(KeyRing(Key(SECRET, "HS256"), spare[:3]).find("HS256", None)) == 4
    with pytest.raises(ConfigurationError, match="at most 3"):
        KeyRing(Key(SECRET, "HS256"), spare)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: KeyRing(), id="no key"),
        pytest.param(lambda: KeyRing(Key(PUBLIC_PEM, "ES256")), id="a public key to sign"),
        pytest.param(
            lambda: KeyRing(Key(SECRET, "HS256", "a"), [Key(EC_KEY, "ES256", "a")]), id="one name"
        ),
    ],
)
def test_a_ring_that_cannot_work_is_refused(make: Any) -> None:
    with pytest.raises(ConfigurationError):
        make()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        pytest.param({}, "JWT_SECRET_KEY", id="no secret"),
        pytest.param({"algorithm": "ES256"}, "JWT_PRIVATE_KEY", id="no key"),
        pytest.param(
            {"algorithm": "ES256", "private_key": PUBLIC_PEM}, "public key", id="a public one"
        ),
        pytest.param(
            {
                "algorithm": "ES256",
                "private_key": PRIVATE_PEM,
                "public_key": public_pem(ec.generate_private_key(ec.SECP256R1())),
            },
            "not the public half",
            id="of another pair",
        ),
    ],
)
def test_settings_without_a_usable_key_say_so(settings: Any, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        KeyRing.from_config(**settings)


def test_settings_make_rings() -> None:
    pair = {"private_key": PRIVATE_PEM, "public_key": PUBLIC_PEM}
    signing = KeyRing.from_config(algorithm="ES256", **pair)
    verifying = KeyRing.from_config(algorithm="ES256", public_key=PUBLIC_PEM.encode())

    assert signing.signing_key is not None
    assert verifying.signing_key is None
    assert verifying.find("ES256", signing.signing_key.key_id)


def test_what_is_derived_is_the_same_for_one_key_and_purpose_alone() -> None:
    key = Key(EC_KEY, "ES256")

    assert key.derived(b"a") == Key(EC_KEY, "ES256").derived(b"a")
    assert key.derived(b"a") not in (key.derived(b"b"), Key(SECRET, "HS256").derived(b"a"))
    assert len(key.derived(b"a")) == 32


def test_nothing_secret_is_derived_from_a_public_key() -> None:
    with pytest.raises(ConfigurationError, match="public key"):
        Key(EC_KEY, "ES256").public().derived(b"a")
