"""The keys and signatures that the standards print, each read by what reads those of users."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

import pytest

from jwtpolicy.exceptions import ConfigurationError, InvalidTokenError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.keys.jwk import key_from_jwk, private_jwk, public_jwk
from jwtpolicy.tokens.jose import encoded_segment, parse_header, split
from jwtpolicy.tokens.verifier import Verifier
from tests.support.clocks import StandingClock

Jwk = dict[str, str]


class Signed(TypedDict):
    """A compact JWS of a standard, with its algorithm and its key."""

    section: str
    algorithm: str
    key: Jwk
    token: str


class Refused(TypedDict):
    """What a standard shows, and is no token of ours."""

    section: str
    text: str


class Vectors(TypedDict):
    """What is in ``rfc_vectors.json``, copied from the standards and changed nowhere."""

    signed: list[Signed]
    refused: list[Refused]
    keys: dict[str, Jwk]


FILE = Path(__file__).with_name("rfc_vectors.json")
VECTORS: Vectors = json.loads(FILE.read_text("utf-8"))
KEYS = VECTORS["keys"]
OTHER_FORMS = {vector["section"]: vector["text"] for vector in VECTORS["refused"]}
#: Those whose signature is always the same.
STEADY = ("HS", "RS", "EdDSA")

each = pytest.mark.parametrize(
    "vector", [pytest.param(vector, id=vector["section"]) for vector in VECTORS["signed"]]
)


def key_of(vector: Signed) -> Key:
    return key_from_jwk(vector["key"], vector["algorithm"])


def public(members: Jwk) -> Jwk:
    return {
        name: text for name, text in members.items() if name in {"kty", "crv", "n", "e", "x", "y"}
    }


@each
def test_a_signature_of_a_standard_is_verified(vector: Signed) -> None:
    """ALG-1, PARSE-2."""
    head, _, signature, signing_input = split(vector["token"], 16_384)
    header, key = parse_header(head), key_of(vector)
    ring = KeyRing(key)

    assert ring.find(header.algorithm, header.key_id and key.key_id) == (key,)
    assert header.key_id in (None, key.key_id)
    assert key.verify(signing_input, signature)


@each
def test_a_signature_of_a_standard_fits_nothing_else(vector: Signed) -> None:
    """ALG-5."""
    _, _, signature, signing_input = split(vector["token"], 16_384)
    key = key_of(vector)

    assert not key.verify(signing_input + b"A", signature)
    assert not key.verify(signing_input, signature[:-1] + bytes([signature[-1] ^ 1]))


@each
def test_the_public_half_of_a_key_verifies_too(vector: Signed) -> None:
    _, _, signature, signing_input = split(vector["token"], 16_384)
    half = public(vector["key"])
    key = key_of(vector) if half["kty"] == "oct" else key_from_jwk(half, vector["algorithm"])

    assert key.verify(signing_input, signature)
    assert key.can_sign is (half["kty"] == "oct")


@each
def test_what_is_signed_is_what_the_standard_has(vector: Signed) -> None:
    """For algorithms without a random part; the others are verified by the same key."""
    _, _, signature, signing_input = split(vector["token"], 16_384)
    key = key_of(vector)
    made = key.sign(signing_input)

    assert key.verify(signing_input, made)
    assert (made == signature) is vector["algorithm"].startswith(STEADY)


@each
def test_no_claims_no_token_even_where_the_signature_is_right(vector: Signed) -> None:
    """CLAIM-5, PARSE-4: none of them has the claims of a token, and half of them are no JSON."""
    verifier = Verifier(ring=KeyRing(key_of(vector)), clock=StandingClock(1_300_819_000))

    with pytest.raises(InvalidTokenError):
        verifier.verify(vector["token"], kinds=None)


@pytest.mark.parametrize("section", OTHER_FORMS)
def test_other_forms_than_a_signed_compact_jws_are_refused(section: str) -> None:
    """PARSE-1, PARSE-3, PARSE-6, ALG-1: none, JSON, detached content, extensions."""
    with pytest.raises(InvalidTokenError):
        split(OTHER_FORMS[section], 16_384)


@pytest.mark.parametrize("section", ["RFC 7515 E, crit", "RFC 7797 4.2, b64"])
def test_a_header_with_an_extension_is_refused_whatever_follows_it(section: str) -> None:
    """PARSE-6."""
    head = OTHER_FORMS[section].partition(".")[0].encode("ascii")

    with pytest.raises(InvalidTokenError):
        parse_header(head)


def test_no_key_answers_for_none() -> None:
    """ALG-1: the header of RFC 7515, appendix A.5, is read, and finds no key."""
    header = parse_header(OTHER_FORMS["RFC 7515 A.5, none"].partition(".")[0].encode("ascii"))
    ring = KeyRing(key_of(VECTORS["signed"][0]))

    assert header.algorithm == "none"
    assert ring.find(header.algorithm, header.key_id) == ()


def test_the_signature_of_detached_content_is_right_once_the_content_is_there() -> None:
    """PARSE-3: RFC 7520, section 4.5, signs what section 4.4 does; only the form differs."""
    attached = next(one for one in VECTORS["signed"] if one["section"] == "RFC 7520 4.4")
    head, _, signature = OTHER_FORMS["RFC 7520 4.5, detached"].split(".")

    assert attached["token"].split(".")[::2] == [head, signature]
    assert split(attached["token"], 16_384)


@pytest.mark.parametrize(
    ("section", "algorithm"),
    [
        ("RFC 7520 3.1", "ES512"),
        ("RFC 7520 3.2", "ES512"),
        ("RFC 7520 3.3", "RS256"),
        ("RFC 7520 3.4", "RS256"),
        ("RFC 8037 A.1", "EdDSA"),
        ("RFC 8037 A.2", "EdDSA"),
    ],
)
def test_a_key_of_a_standard_is_read_and_published_as_it_is(section: str, algorithm: str) -> None:
    """KEY-3."""
    members = KEYS[section]
    key = key_from_jwk(members, "RS256")

    assert key.algorithm == algorithm
    assert key.can_sign is ("d" in members)
    assert public(public_jwk(key)) == public(members)


@pytest.mark.parametrize("section", ["RFC 7520 3.2", "RFC 7520 3.4", "RFC 8037 A.1"])
def test_a_private_key_of_a_standard_is_written_whole(section: str) -> None:
    """Each member as the standard writes it, such as zeros in front of a short number."""
    members = KEYS[section]

    assert private_jwk(key_from_jwk(members, "RS256")).items() >= members.items()


def test_the_secret_of_the_cookbook_is_read_with_its_name_and_algorithm() -> None:
    """RFC 7520, section 3.5."""
    members = KEYS["RFC 7520 3.5"]
    key = key_from_jwk(members)

    assert (key.algorithm, key.key_id) == (members["alg"], members["kid"])
    assert private_jwk(key) == members


@pytest.mark.parametrize(
    ("section", "why"),
    [
        pytest.param("RFC 7520 3.6", "for use 'enc'", id="a key that encrypts"),
        pytest.param("RFC 8037 A.6", "needs alg", id="X25519, which only agrees on keys"),
    ],
)
def test_a_key_that_signs_nothing_is_refused(section: str, why: str) -> None:
    """ALG-2."""
    with pytest.raises(ConfigurationError, match=why):
        key_from_jwk(KEYS[section])


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519", "ES256"])
def test_x25519_has_no_algorithm_that_signs(algorithm: str) -> None:
    """ALG-2: RFC 8037, appendix A.6."""
    with pytest.raises(ConfigurationError):
        key_from_jwk({**KEYS["RFC 8037 A.6"], "alg": algorithm})


def test_the_thumbprint_of_an_ed25519_key_is_that_of_the_standard() -> None:
    """RFC 8037, appendix A.3."""
    for section in ("RFC 8037 A.1", "RFC 8037 A.2"):
        assert key_from_jwk(KEYS[section]).key_id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_key_without_alg_has_the_name_that_the_application_says() -> None:
    """:rfc:`9864`: the key of RFC 8037 could have both."""
    members = KEYS["RFC 8037 A.2"]

    assert key_from_jwk(members, "Ed25519").algorithm == "Ed25519"
    assert key_from_jwk(members, "EdDSA").algorithm == "EdDSA"
    assert key_from_jwk(members, "RS256").algorithm == "EdDSA"
    assert KeyRing.from_config(algorithm="Ed25519", public_key=json.dumps(members))


def test_the_newer_name_of_the_key_signs_the_same_under_its_own_header() -> None:
    """:rfc:`9864`: what differs between the two names is the header, and so what is signed."""
    old = key_from_jwk(KEYS["RFC 8037 A.1"])
    new = key_from_jwk({**KEYS["RFC 8037 A.1"], "alg": "Ed25519"})
    signing_input = f"{encoded_segment(b'{}')}.e30".encode()

    assert old.sign(signing_input) == new.sign(signing_input)
    assert KeyRing(new).find("EdDSA", None) == ()
