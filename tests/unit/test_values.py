"""Outcomes, tokens, claims and requests."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from jwtpolicy import ANY, NEVER, AccessRequest, JWTManager, Outcome, Token, TokenPair
from jwtpolicy.exceptions import MissingClaimError
from jwtpolicy.markers import NOT_GIVEN
from jwtpolicy.policy.request import NOT_LOADED, ResourcePending
from jwtpolicy.tokens.token import Claims
from tests.support.strategies import NOW, token


@pytest.mark.parametrize("outcome", Outcome)
def test_negating_an_outcome_keeps_what_could_not_be_told(outcome: Outcome) -> None:
    expected = {
        True: Outcome.FORBIDDEN if outcome is Outcome.ALLOW else Outcome.ALLOW,
        False: outcome,
    }

    assert outcome.negated() is expected[outcome.is_determined]
    assert str(outcome) == outcome.name


def test_a_token_tells_its_claims_in_pythons_types() -> None:
    found = token(exp=NOW + 900, aud="shop", scope="a  b", sid="s", auth_time=NOW, amr=["pwd"])

    assert (found.subject, found.kind, found.token_id, found.session_id) == (
        "u1",
        "access",
        "j",
        "s",
    )
    assert found.audience == ("shop",)
    assert found.scopes == {"a", "b"}
    assert found.issued_at == found.authenticated_at == datetime.fromtimestamp(NOW, UTC)
    assert found.expires_at == datetime.fromtimestamp(NOW + 900, UTC)
    assert (found.key_id, dict(found.header), found.issuer) == (None, {}, "")


def test_a_token_without_optional_claims_says_none() -> None:
    found = token(aud=["a", "b"])
    assert found.audience == ("a", "b")

    assert (found.session_id, found.authenticated_at, found.scopes) == (None, None, frozenset())


def test_a_token_shows_no_claims() -> None:
    """KEY-8."""
    found = token(password="hunter2")

    assert repr(found) == "<Token access jti='j'>"
    assert repr(found.claims) == "<Claims exp, iat, jti, password, sub, type>"


def test_tokens_are_compared_by_what_they_say() -> None:
    assert token() == token()
    assert hash(token()) == hash(token())
    assert token() != token(x=1)
    assert token() != "token"
    assert {token().claims: 1}[token().claims] == 1


def test_nobody_makes_a_token_by_hand() -> None:
    with pytest.raises(TypeError, match=r"only Verifier\.verify makes a Token"):
        Token()


def test_an_absent_claim_is_a_key_error_that_policies_understand() -> None:
    claims = token(x=1).claims

    assert (claims["x"], claims.get("y"), "x" in claims, len(claims)) == (1, None, True, 6)
    with pytest.raises(MissingClaimError):
        _ = claims["y"]
    assert issubclass(MissingClaimError, KeyError)


def test_a_pair_shows_no_token_and_answers_without_what_is_not_there() -> None:
    pair = TokenPair("access", None, None)

    assert "access_token" not in repr(pair)
    assert pair.to_json() == {"access_token": "access", "token_type": "Bearer"}


def test_sentinels_print_as_their_names() -> None:
    assert (repr(ANY), repr(NEVER), repr(NOT_GIVEN)) == ("ANY", "NEVER", "NOT_GIVEN")
    assert repr(NOT_LOADED) == "NOT_LOADED"
    assert "resource: 'object' = NOT_GIVEN" in str(inspect.signature(JWTManager.enforce))


def test_a_request_made_by_hand_says_what_it_lacks() -> None:
    access = AccessRequest(view_args={"a": 1})

    assert (access.user, access.view_args["a"], access.has_resource) == (None, 1, False)
    for read in (lambda: access.resource, lambda: access.services):
        with pytest.raises(LookupError):
            read()
    with pytest.raises(TypeError):
        access.view_args["a"] = 2  # type: ignore[index]


def test_a_resource_that_is_not_loaded_is_noticed() -> None:
    access = AccessRequest(resource=NOT_LOADED)
    with pytest.raises(ResourcePending):
        _ = access.resource

    assert access.touched
    assert AccessRequest(resource=7).resource == 7


def test_a_resource_of_none_is_one_that_does_not_exist() -> None:
    access = AccessRequest(resource=None, transport="cookies")

    assert (access.has_resource, access.resource, access.transport) == (True, None, "cookies")
    assert not AccessRequest().has_resource


@pytest.mark.parametrize("outcome", [Outcome.ALLOW, Outcome.PENDING])
def test_denying_with_no_refusal_is_an_error(outcome: Outcome) -> None:
    access = AccessRequest()
    assert access.deny("no").outcome is Outcome.FORBIDDEN

    with pytest.raises(ValueError, match="return True"):
        access.deny("no", outcome)


def test_the_user_of_a_request_is_asked_for() -> None:
    from tests.support.desk import Desk

    assert AccessRequest(token=token(), services=Desk()).user == "user"


NESTED = Claims({"org": {"name": "x", "tags": ["a", {"b": 1}]}})


def test_claims_are_json_all_the_way_down() -> None:
    assert json.loads(json.dumps(NESTED)) == {"org": {"name": "x", "tags": ["a", {"b": 1}]}}
    assert json.loads(json.dumps({"org": NESTED["org"]}))["org"]["tags"][0] == "a"


@pytest.mark.parametrize(
    "change",
    [
        lambda claims: claims.update(a=1),
        lambda claims: claims.__setitem__("a", 1),
        lambda claims: claims.__ior__({"a": 1}),
        lambda claims: claims.__delitem__("name"),
        lambda claims: claims.setdefault("a", 1),
        lambda claims: claims.pop("name"),
        lambda claims: claims.popitem(),
        lambda claims: claims.clear(),
        lambda claims: claims["tags"].append("c"),
        lambda claims: claims["tags"][1].update(b=2),
    ],
)
@pytest.mark.parametrize("copied", [lambda found: found, dict, copy.copy, copy.deepcopy])
def test_nothing_changes_claims_nor_what_is_inside_of_a_copy(change: Any, copied: Any) -> None:
    with pytest.raises((TypeError, AttributeError)):
        change(copied(NESTED)["org"])

    assert NESTED["org"] == {"name": "x", "tags": ("a", {"b": 1})}


def test_claims_outlive_a_pickle_and_still_say_what_is_absent() -> None:
    again = pickle.loads(pickle.dumps(NESTED))

    assert (again, type(again["org"])) == (NESTED, Claims)
    assert hash(again) == hash(NESTED)
    with pytest.raises(MissingClaimError, match="'other' is absent"):
        again["other"]
