"""Keys of an issuer that are given and not fetched: mistakes in them are mistakes in the set-up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.keys import Key
from jwtpolicy.keys.fetch_limits import MAX_BODY
from jwtpolicy.keys.static_set import static_ring
from tests.support.applications import SECRET
from tests.support.key_answers import private_jwk, public_jwk, symmetric_jwk
from tests.support.keys import EC_KEY, MATERIALS, RSA_KEY

GOOD = {"keys": [public_jwk(EC_KEY, "e", "ES256"), public_jwk(RSA_KEY, "r", "RS256")]}
#: What one algorithm of the issuer's makes of it.
NAMES = [("ES256", "e"), ("RS256", "r")]
ALGORITHMS = ["ES256", "RS256"]


def with_member(member: object) -> dict[str, object]:
    return {"keys": [*GOOD["keys"], member]}


def saved(folder: Path, text: str) -> Path:
    path = folder / "keys.json"
    path.write_text(text, encoding="utf-8")
    return path


GIVEN: dict[str, Callable[[Path], Any]] = {
    "a dict": lambda _: GOOD,
    "text": lambda _: json.dumps(GOOD, indent=1),
    "a path": lambda folder: saved(folder, json.dumps(GOOD)),
    "a path as text": lambda folder: str(saved(folder, json.dumps(GOOD))),
    "keys": lambda _: [Key(EC_KEY, "ES256", "e"), Key(RSA_KEY, "RS256", "r")],
}


@pytest.mark.parametrize("form", GIVEN)
def test_keys_are_given_in_several_forms(tmp_path: Path, form: str) -> None:
    ring = static_ring(GIVEN[form](tmp_path), ALGORITHMS)

    assert sorted((key.algorithm, key.key_id) for key in ring.named_keys()) == NAMES
    assert not any(key.can_sign for key in ring.named_keys())


def test_what_is_for_another_use_is_left_out() -> None:
    """A set that was downloaded once has such members."""
    extra = {**GOOD["keys"][1], "kid": "enc", "use": "enc"}
    ring = static_ring(with_member(extra), ALGORITHMS)

    assert {key.key_id for key in ring.named_keys()} == {"e", "r"}


BAD: dict[str, tuple[Any, str]] = {
    "private": (with_member(private_jwk(RSA_KEY, "p", "RS256")), "'p' cannot be used: .*secret"),
    "symmetric": (with_member(symmetric_jwk("s")), "'s' cannot be used: .*secret"),
    "malformed": (
        with_member({**GOOD["keys"][0], "kid": "m", "x": 5}),
        "'m' cannot be used: a m",
    ),
    "ambiguous": (with_member({**GOOD["keys"][1], "kid": "e"}), "'e' cannot be used: another key"),
    "empty": ({"keys": []}, "no key for ES256, RS256: it is empty"),
    "no set": (GOOD["keys"][0], "the document is no key set"),
    "broken text": ('{"keys": [', "this is no strict JSON"),
    "no file": ("/nowhere/keys.json", "no file can be read there: FileNotFoundError"),
    "no path": ("a\0b", "no file can be read there: ValueError"),
    "number": (5, "keys= takes a JWK set"),
    "one key": (Key(EC_KEY, "ES256"), "keys= takes a JWK set"),
    "list of JWKs": (GOOD["keys"], "keys= takes a JWK set.*, not one of dict"),
    "a secret": ([Key(SECRET, "HS256")], "is for none of algorithms=, which are ES256, RS256"),
    "other": ([Key(MATERIALS["ES384"], "ES384")], "is for none of algorithms="),
    "two": ([Key(EC_KEY, "ES256", "x"), Key(RSA_KEY, "RS256", "x")], "have the same kid"),
    "none": ([], "this one is empty"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_told_at_the_start(name: str) -> None:
    given, reason = BAD[name]

    with pytest.raises(ConfigurationError, match=reason):
        static_ring(given, ALGORITHMS)


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    text = json.dumps(GOOD)

    assert static_ring(saved(tmp_path, text + " " * (MAX_BODY - len(text))), ALGORITHMS)
    with pytest.raises(ConfigurationError, match="no strict JSON of at most 512000 bytes"):
        static_ring(saved(tmp_path, text + " " * MAX_BODY), ALGORITHMS)
