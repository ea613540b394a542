"""Key sets of others: which members are used, and that a bad one spoils nothing."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import OKPAlgorithm

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.keys.fetch_limits import FetchError
from jwtpolicy.keys.remote_members import LeftOut, Matter
from jwtpolicy.keys.remote_set import (
    MAX_KEYS,
    RemoteRing,
    RemoteSet,
    checked_algorithms,
    read_set,
)
from tests.support.key_answers import Document, private_jwk, public_jwk, symmetric_jwk
from tests.support.keys import EC_KEY, MATERIALS, RSA_KEY

OTHER_EC = ec.generate_private_key(ec.SECP256R1())
EVERY = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
GOOD = public_jwk(EC_KEY, "good", "ES256")
RSA_JWK = public_jwk(RSA_KEY, "r", "RS256")


def read(*members: object, algorithms: tuple[str, ...] = EVERY) -> RemoteSet:
    return read_set({"keys": list(members)}, algorithms)


def without(member: Document, *names: str) -> Document:
    return {name: value for name, value in member.items() if name not in names}


@pytest.mark.parametrize("name", ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"])
def test_a_key_of_each_algorithm_is_found_by_its_name(name: str) -> None:
    """KEY-4."""
    private: Any = MATERIALS["EdDSA" if name == "Ed25519" else name]
    ring, left_out = read(public_jwk(private, "k", name))

    [key] = ring.find(name, "k")
    assert key.verify(b"x", Key(private, name).sign(b"x"))
    assert not key.can_sign
    assert left_out == ()


def test_a_key_without_alg_has_each_algorithm_that_fits() -> None:
    """KEY-4: one JWK is found under one name for each algorithm of the issuer."""
    ring, _ = read(without(RSA_JWK, "alg"), without(GOOD, "alg"), algorithms=("RS256", "PS256"))

    assert [key.algorithm for key in ring.find("RS256", "r")] == ["RS256"]
    assert [key.algorithm for key in ring.find("PS256", "r")] == ["PS256"]
    assert ring.find("RS512", "r") == ring.find("ES256", "good") == ()


def test_a_key_with_alg_has_no_other_algorithm() -> None:
    ring, _ = read(RSA_JWK)

    assert ring.find("RS256", "r")
    assert ring.find("PS256", "r") == ()


def test_a_key_without_a_name_has_its_thumbprint() -> None:
    ring, _ = read(without(GOOD, "kid"))

    [key] = ring.find("ES256", Key(EC_KEY, "ES256").key_id)
    assert ring.find("ES256", None) == (key,)


LARGE = {**RSA_JWK, "n": "A" * 2732}
SLOW = {**RSA_JWK, "e": "A" * 12}
WEAK = public_jwk(rsa.generate_private_key(65537, 1024), "weak", "RS256")
CUBIC = public_jwk(rsa.generate_private_key(3, 2048), "cubic", "RS256")
ED448: Any = {
    **OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate().public_key(), as_dict=True),
    "key_ops": ["verify"],
}
NOTHING, FAULT, LEAK = Matter.NOTHING, Matter.FAULT, Matter.LEAK
MALFORMED = "a member of it is missing, malformed or too large"
BAD: dict[str, tuple[object, str, Matter]] = {
    "a number": (5, "it is no JSON object", FAULT),
    "a list": ([], "it is no JSON object", FAULT),
    "nothing": ({}, "its type is none of RSA, EC and OKP", NOTHING),
    "no type": (without(GOOD, "kty"), "its type is none of RSA, EC and OKP", NOTHING),
    "other type": ({**GOOD, "kty": "AKP"}, "its type is none of RSA, EC and OKP", NOTHING),
    "list as type": ({**GOOD, "kty": ["EC"]}, "its type is none of RSA, EC and OKP", NOTHING),
    "encryption": ({**GOOD, "use": "enc"}, "its use is not sig", NOTHING),
    "no use": ({**GOOD, "use": None}, "its use is not sig", NOTHING),
    "signs": ({**GOOD, "key_ops": ["sign"]}, "its key_ops do not name verify", NOTHING),
    "text as key_ops": ({**GOOD, "key_ops": "verify"}, "its key_ops do not name verify", NOTHING),
    "other alg": ({**RSA_JWK, "alg": "RSA-OAEP"}, "it is for none of the algorithms", NOTHING),
    "HMAC": ({**RSA_JWK, "alg": "HS256"}, "it is for none of the algorithms", NOTHING),
    "alg of another type": ({**GOOD, "alg": "RS256"}, "it is for none of the", NOTHING),
    "list as alg": ({**GOOD, "alg": ["ES256"]}, "it is for none of the algorithms", NOTHING),
    "other curve": ({**GOOD, "crv": "secp256k1"}, "it is for none of the algorithms", NOTHING),
    "Ed448": (ED448, "it is for none of the algorithms", NOTHING),
    "list as curve": ({**GOOD, "crv": ["P-256"]}, MALFORMED, FAULT),
    "no curve": (without(GOOD, "crv"), MALFORMED, FAULT),
    "no coordinate": (without(GOOD, "y"), MALFORMED, FAULT),
    "no base64url": ({**GOOD, "x": "+/+/"}, MALFORMED, FAULT),
    "a number as x": ({**GOOD, "x": 5}, MALFORMED, FAULT),
    "too large": (LARGE, MALFORMED, FAULT),
    "too slow": (SLOW, MALFORMED, FAULT),
    "off the curve": ({**GOOD, "y": GOOD["x"]}, "the JWK is no key for ES256", FAULT),
    "short": ({**GOOD, "x": "AAAA"}, "the JWK is no key for ES256", FAULT),
    "weak": (WEAK, "the key for RS256 is too weak", FAULT),
    "small exponent": (CUBIC, "the key for RS256 is too weak", FAULT),
    "a number as kid": ({**GOOD, "kid": 5}, "the kid of the JWK is not a text", FAULT),
    "long kid": ({**GOOD, "kid": "x" * 257}, "the kid of the JWK is not a text", FAULT),
    "symmetric": (symmetric_jwk("s"), "it is published with what has to be secret", LEAK),
    "private": (private_jwk(OTHER_EC, "p", "ES256"), "it is published with what", LEAK),
    "private RSA": (private_jwk(RSA_KEY, "p", "RS256"), "it is published with what", LEAK),
    "k beside": ({**GOOD, "k": "AAAA"}, "it is published with what has", LEAK),
}


@pytest.mark.parametrize("name", [name for name in BAD if name != "k beside"])
def test_a_bad_member_is_left_out_and_spoils_nothing(name: str) -> None:
    """KEY-4."""
    member, reason, matter = BAD[name]
    ring, [left_out] = read(member, GOOD)

    assert [key.key_id for key in ring.named_keys()] == ["good"]
    assert left_out.reason.startswith(reason)
    assert left_out.matter is matter


@pytest.mark.parametrize("name", BAD)
def test_a_set_of_bad_members_alone_is_no_set(name: str) -> None:
    """KEY-4."""
    with pytest.raises(FetchError, match=r"the key set has no key for .*: "):
        read(BAD[name][0])


def test_a_key_whose_private_half_is_published_is_not_used_under_any_name() -> None:
    """KEY-4: everybody who reads the set can sign with it."""
    ring, left_out = read(
        private_jwk(RSA_KEY, "leaked", "PS256"), RSA_JWK, GOOD, {**symmetric_jwk("s"), "d": 5}
    )

    assert [key.key_id for key in ring.named_keys()] == ["good"]
    assert {one for one in left_out if one.matter is LEAK} == {
        LeftOut("leaked", "it is published with what has to be secret", LEAK),
        LeftOut("r", "its private half is another member of the set", LEAK),
        LeftOut("s", "it is published with what has to be secret", LEAK),
    }


def test_of_two_keys_of_one_name_neither_is_used() -> None:
    """KEY-4."""
    other = public_jwk(OTHER_EC, "good", "ES256")
    ring, [left_out] = read(GOOD, RSA_JWK, other)

    assert [key.key_id for key in ring.named_keys()] == ["r"]
    assert left_out == LeftOut(
        "good", "another key has the same kid, so that neither is used", FAULT
    )
    with pytest.raises(FetchError, match="another key has the same kid"):
        read(GOOD, other)


def test_a_key_that_is_there_twice_is_one_key() -> None:
    ring, left_out = read(GOOD, without(GOOD, "alg"))

    assert len(ring.find("ES256", "good")) == 1
    assert left_out == ()


def test_a_bad_member_of_the_same_name_spoils_nothing() -> None:
    """KEY-4."""
    ring, _ = read(GOOD, {**RSA_JWK, "kid": "good", "use": "enc"})

    assert ring.find("ES256", "good")


@pytest.mark.parametrize("document", [None, [], "keys", {}, {"keys": None}, {"keys": {}}, GOOD])
def test_what_is_no_set_is_refused(document: object) -> None:
    """KEY-5."""
    with pytest.raises(FetchError, match="the document is no key set"):
        read_set(document, EVERY)


def test_an_empty_set_is_a_fault_of_the_server() -> None:
    with pytest.raises(FetchError, match="no key for RS256: it is empty"):
        read(algorithms=("RS256",))


def test_a_hundred_keys_are_read_and_no_more() -> None:
    """KEY-5."""
    others = [{"kty": "other"}] * (MAX_KEYS - 1)

    assert read(GOOD, *others).ring.named_keys()
    with pytest.raises(FetchError, match="has 101 keys, and at most 100 are read"):
        read(GOOD, {}, *others)


def test_rings_of_the_same_keys_are_told_from_others() -> None:
    again = read(RSA_JWK, GOOD).ring

    assert read(GOOD, RSA_JWK).ring.identity == again.identity
    assert read(GOOD).ring.identity != again.identity


def test_a_ring_of_two_keys_of_one_name_is_refused_when_it_is_made() -> None:
    pair = [Key(EC_KEY, "ES256", "x"), Key(OTHER_EC, "ES256", "x")]

    with pytest.raises(ConfigurationError, match="two different keys have the same kid"):
        RemoteRing(pair)
    assert RemoteRing([Key(RSA_KEY, "RS256", "x"), Key(RSA_KEY, "PS256", "x")])


def test_a_ring_of_ones_own_has_one_algorithm_for_each_name() -> None:
    """KEY-1."""
    with pytest.raises(ConfigurationError, match="two keys of one ring have the same kid"):
        KeyRing(None, [Key(RSA_KEY, "RS256", "x"), Key(RSA_KEY, "PS256", "x")])


@pytest.mark.parametrize(
    ("algorithms", "found"),
    [
        (["HS256"], "not HS256"),
        (["RS256", "none"], "not none"),
        ([], "not an empty one"),
        ("RS256", "not 'RS256'"),
        ([5], "not .5."),
    ],
)
def test_algorithms_are_those_of_public_keys(algorithms: Any, found: str) -> None:
    """ALG-1."""
    with pytest.raises(ConfigurationError, match=rf"algorithms= takes a list such as.*{found}"):
        checked_algorithms(algorithms)

    assert checked_algorithms(["RS256", "RS256", "ES256"]) == ("RS256", "ES256")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(EVERY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
NAMES = ["kty", "kid", "alg", "use", "key_ops", "n", "e", "crv", "x", "y", "d", "k"]
changed = st.builds(
    lambda base, more: {**base, **more},
    st.sampled_from([GOOD, RSA_JWK, private_jwk(EC_KEY, "p", "ES256"), {}]),
    st.dictionaries(st.sampled_from(NAMES), values, max_size=3),
)


@given(st.lists(changed | values, max_size=4))
def test_no_member_breaks_the_reading_of_a_good_one(members: list[object]) -> None:
    """KEY-4: unless it is that very key, leaked or ambiguous."""
    good = public_jwk(OTHER_EC, "untouched", "ES256")
    ring, _ = read(*members, good)

    assert ring.find("ES256", "untouched")


@given(values | st.fixed_dictionaries({"keys": values | st.lists(changed | values, max_size=4)}))
def test_any_document_is_a_set_or_the_one_error(document: object) -> None:
    try:
        found = read_set(document, EVERY)
    except FetchError:
        return
    assert found.ring.named_keys()
