"""What is said in few steps of a token, and of users without schemas, is what all steps say."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from marshmallow import fields

from jwtpolicy import ClaimSchema
from jwtpolicy.exceptions import IssueError
from jwtpolicy.schemas import SchemaRegistry
from jwtpolicy.schemas.json_values import check_json, plain_json
from jwtpolicy.sessions.additions import Additions
from jwtpolicy.sessions.content import ContentFactory, Facts, KindContent, SessionContent
from jwtpolicy.testing.strategies import json_values, subjects
from jwtpolicy.testing.strategies.texts import texts
from jwtpolicy.tokens.claims import CARRIED, RESERVED_CLAIMS
from jwtpolicy.tokens.jose import RESERVED_HEADERS
from jwtpolicy.tokens.token import _verified
from tests.support.strategies import NOW

own = texts().filter(lambda name: name not in RESERVED_CLAIMS | RESERVED_HEADERS | {"sub", CARRIED})
members = st.dictionaries(own, json_values(), max_size=4)
facts = st.builds(
    Facts,
    claims=st.just({}) | members,
    headers=st.just({}) | members,
    scope=st.none() | texts(),
    auth_time=st.none() | st.integers(0, NOW),
)
registered = {"sub": "u1", "type": "refresh", "jti": "j", "iat": NOW, "sid": "s"}


def contents(has_store: bool, **hooks: Any) -> ContentFactory:
    additions = Additions(json.dumps, **hooks)
    return ContentFactory(SchemaRegistry(), additions, "sub", None, has_store=has_store)


def slowly_renewed(
    made: ContentFactory, claims: dict[str, Any], headers: dict[str, Any], said: Facts
) -> SessionContent:
    """Return what all steps make of a token with these claims and headers of its own."""
    kept = {name: value for name, value in claims.items() if name not in said.claims}
    also = {name: value for name, value in headers.items() if name not in said.headers}
    new = {name: value for name, value in said.claims.items() if value is not None}
    access = KindContent({**kept, **new}, {**also, **said.headers})
    return made._statement("u1", said, access, KindContent(claims, headers))


@given(members, members, facts, st.booleans())
def test_a_token_is_renewed_as_by_all_steps(
    claims: dict[str, Any], headers: dict[str, Any], said: Facts, has_store: bool
) -> None:
    made = contents(has_store)
    header = {"alg": "HS256", **headers, "typ": "JWT"}
    token = _verified({**claims, **registered}, header, "", True, "u1")

    found, slow = made.renewed(token, said), slowly_renewed(made, claims, headers, said)

    assert found == slow
    assert list(found.access.claims) == list(slow.access.claims)


@given(facts, st.booleans())
def test_a_login_says_the_same_with_hooks_that_add_nothing(said: Facts, has_store: bool) -> None:
    plain, hooked = (
        contents(has_store, **hooks)
        for hooks in ({}, {"claims": lambda *_: {}, "headers": lambda *_: {}})
    )

    assert plain.of("u1", said, is_login=True) == hooked.of("u1", said, is_login=True)


class MachineClaims(ClaimSchema):
    class Meta:
        subject_prefix = "machine:"

    sub = fields.String(required=True)


class Machine:
    sub = "1"


@given(subjects() | st.integers() | st.uuids(), members)
def test_a_plain_user_is_dumped_alike_where_others_have_a_schema(
    user: Any, claims: dict[str, Any]
) -> None:
    bare, beside = SchemaRegistry(), SchemaRegistry()
    beside.register(MachineClaims, Machine)

    assert (bool(bare), bool(beside)) == (False, True)
    assert bare.dump(user, "access", claims) == beside.dump(user, "access", claims)


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=9),
    st.sampled_from([b"x", ("a",), "\ud800"]),
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def slowly_refused(value: Any) -> bool:
    """Return whether a walk that looks at each value by itself finds what is no JSON."""
    if isinstance(value, dict):
        return any(map(slowly_refused, value.values()))
    if isinstance(value, list):
        return any(map(slowly_refused, value))
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError):
        return True
    return isinstance(value, tuple)


@given(documents)
def test_what_is_plain_to_see_is_json_as_by_a_look_at_each_value(value: Any) -> None:
    with pytest.raises(IssueError) if slowly_refused(value) else nullcontext():
        check_json(value, "claims")


@given(documents)
def test_a_copy_of_what_is_plain_to_see_is_what_json_makes_of_it(value: Any) -> None:
    assume(not slowly_refused(value))

    assert plain_json(value, "claims", json.dumps) == json.loads(json.dumps(value))
