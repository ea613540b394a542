"""Whatever of a changed token is accepted here, PyJWT accepts too, and reads the same in it."""

from __future__ import annotations

import json
from typing import Any

import jwt as pyjwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jwtpolicy.exceptions import InvalidTokenError
from jwtpolicy.keys import Key
from tests.support.forgeries import CLAIMS, NOW, segment, signed, verifier
from tests.support.keys import MATERIALS

KEYS = {name: Key(material, name, "k") for name, material in MATERIALS.items()}
#: PyJWT is asked for the signature and the form alone: the other claims have rules of our own.
OPTIONS: Any = {
    "verify_signature": True,
    **{f"verify_{name}": False for name in ("aud", "exp", "iat", "iss", "jti", "nbf", "sub")},
}

#: A change of one place: what is cut out there, and what is put in.
Edit = tuple[int, int, bytes]

#: Bytes that mean something in JSON, or in a compact JWS, beside any other.
telling = st.sampled_from([b" ", b'"', b"\\", b"{", b"}", b":", b",", b"0", b".", b"=", b"\xff"])
edits: st.SearchStrategy[list[Edit]] = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 2), telling | st.binary(max_size=2)),
    min_size=1,
    max_size=3,
)
algorithms = st.sampled_from(sorted(KEYS))


def edited(data: bytes, changes: list[Edit]) -> bytes:
    for place, cut, new in changes:
        at = place % (len(data) + 1)
        data = data[:at] + new + data[at + cut :]
    return data


def read_here(token: str, key: Key) -> dict[str, Any] | None:
    """Return the claims; None if the token is refused."""
    try:
        return verifier(key=key).verify(token, kinds=None)._claims
    except InvalidTokenError:
        return None


def read_there(token: str, algorithm: str) -> dict[str, Any]:
    material = MATERIALS[algorithm]
    key = material if algorithm.startswith("HS") else material.public_key()
    return pyjwt.decode(token, key, [algorithm], options=OPTIONS)


def header_of(algorithm: str) -> dict[str, Any]:
    return {"alg": algorithm, "typ": "JWT", "kid": "k"}


@given(algorithms, edits)
def test_what_is_accepted_of_a_changed_text_pyjwt_accepts_too(
    algorithm: str, changes: list[Edit]
) -> None:
    """PARSE-1, PARSE-2."""
    token = signed(header_of(algorithm), key=KEYS[algorithm])
    changed = edited(token.encode(), changes).decode("latin-1")
    claims = read_here(changed, KEYS[algorithm])

    assert claims is None or claims == read_there(changed, algorithm)


@given(algorithms, edits)
def test_what_is_accepted_of_a_changed_header_pyjwt_accepts_too(
    algorithm: str, changes: list[Edit]
) -> None:
    """PARSE-4: whoever holds the key has signed it, so that the form alone decides."""
    header = edited(json.dumps(header_of(algorithm)).encode(), changes)
    token = signed(header, key=KEYS[algorithm])
    claims = read_here(token, KEYS[algorithm])

    assert claims is None or claims == read_there(token, algorithm)


@given(algorithms, edits)
@example("ES256", [(9, 1, b"x")])
def test_what_is_accepted_of_changed_claims_pyjwt_reads_alike(
    algorithm: str, changes: list[Edit]
) -> None:
    """PARSE-4."""
    content = edited(json.dumps(CLAIMS).encode(), changes)
    token = signed(header_of(algorithm), content, key=KEYS[algorithm])
    claims = read_here(token, KEYS[algorithm])

    assert claims is None or claims == read_there(token, algorithm)


@given(algorithms, st.binary(max_size=200))
def test_no_other_signature_is_accepted_here_unless_pyjwt_accepts_it(
    algorithm: str, signature: bytes
) -> None:
    """ALG-5."""
    text = signed(header_of(algorithm), key=KEYS[algorithm]).rpartition(".")[0]
    token = f"{text}.{segment(signature)}"
    claims = read_here(token, KEYS[algorithm])

    assert claims is None or claims == read_there(token, algorithm)


@pytest.mark.parametrize("algorithm", sorted(KEYS))
def test_both_accept_a_token_with_changes_that_mean_nothing(algorithm: str) -> None:
    """The properties are not about refusals alone."""
    content = edited(json.dumps(CLAIMS).encode(), [(1, 0, b"  "), (12, 1, b"x")])
    token = signed(header_of(algorithm), content, key=KEYS[algorithm])
    claims = read_here(token, KEYS[algorithm])

    assert claims is not None
    assert claims == read_there(token, algorithm)
    assert claims != CLAIMS
    assert claims["iat"] == NOW
