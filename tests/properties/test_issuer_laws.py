"""What closing by issuer promises, on random levels and tokens of three issuers."""

from __future__ import annotations

from functools import cache
from itertools import combinations, product
from typing import Any

from flask import Flask
from hypothesis import assume, given
from hypothesis import strategies as st

from jwtpolicy import (
    OWN,
    Access,
    AccessRequest,
    ClaimsMatch,
    Fresh,
    HasScope,
    IssuedBy,
    Issuer,
    JWTManager,
    Outcome,
    Policy,
)
from jwtpolicy.exceptions import PolicyDefinitionError
from jwtpolicy.guards.issuer_checks import policy_for
from jwtpolicy.guards.plan import CompiledLevels
from jwtpolicy.policy.base import AllOf, AnyOf, AtLeast, Not
from jwtpolicy.policy.closing import close, names_foreign, normal
from jwtpolicy.policy.reaching import Names, accepted_issuers, leaves_reached
from jwtpolicy.policy.request import PolicySettings
from jwtpolicy.testing.strategies import leaves, policies
from jwtpolicy.tokens.token import Token
from tests.support.issuers import application, issuer
from tests.support.requests import bearer
from tests.support.strategies import foreign_token, token
from tests.support.tenants import Table

A = issuer("https://a.example")
B = issuer("https://b.example", subject_prefix="b:")
#: Whom a resolver finds, the issuer of a tenant.
C = issuer("https://c.example")
RESOLVER = Table(C.url).resolver()
EVERYBODY: Names = frozenset({OWN, A.url, B.url, RESOLVER})
TERMS = PolicySettings(issuers={A.url: A, B.url: B}, resolver=RESOLVER)

NAMING = st.sampled_from(
    [
        IssuedBy(A),
        IssuedBy(B.url),
        IssuedBy(OWN),
        IssuedBy(A, OWN),
        IssuedBy(A.url, B),
        IssuedBy(RESOLVER),
        IssuedBy(RESOLVER, B),
    ]
)
BLUE = ClaimsMatch(team="blue")
levels = policies(st.one_of(NAMING, NAMING, st.just(BLUE), leaves()), max_leaves=7)

claims = st.fixed_dictionaries(
    {
        "roles": st.sampled_from([["admin"], ["admin", "author"], []]),
        "scope": st.sampled_from(["read", "read write"]),
        "team": st.sampled_from(["blue", "red"]),
    }
)
foreigners = st.builds(
    lambda whose, more: token_of(whose, **more), st.sampled_from([A, B, C]), claims
)
owners = st.builds(
    lambda kind, more: token(kind, **more), st.sampled_from(["access", "refresh", "reset"]), claims
)
tokens = st.one_of(foreigners, owners)


def token_of(whose: Issuer, **more: Any) -> Token:
    """Return a token of this issuer, which the resolver has found if it is a tenant's."""
    return foreign_token(whose, resolver=RESOLVER if whose is C else None, **more)


def names_of(found: Token) -> set[object]:
    """Return what a policy may name for *found*: its issuer, by its URL or by the resolver."""
    if found.is_own:
        return {OWN}
    return {RESOLVER} if found.issuer == C.url else {found.issuer}


def outcome(policy: Policy, found: Token) -> Outcome:
    return policy.evaluate(AccessRequest(token=found, terms=TERMS)).outcome


def admits(policy: Policy, found: Token) -> bool:
    return outcome(policy, found) is Outcome.ALLOW


def closed(*written: Policy) -> Policy:
    return close(written).policy


def ways(part: Policy) -> list[tuple[Policy, ...]]:
    """Return the ways through *part*, in normal form: leaves that are enough if all allow."""
    if isinstance(part, AnyOf):
        return [way for member in part.members for way in ways(member)]
    if isinstance(part, AllOf):
        return _together(part.members)
    if isinstance(part, AtLeast):
        chosen = combinations(part.members, part.count)
        return [way for members in chosen for way in _together(members)]
    return [(part,)]


def _together(members: tuple[Policy, ...]) -> list[tuple[Policy, ...]]:
    return [sum(parts, ()) for parts in product(*map(ways, members))]


def is_named(level: Policy, found: Token) -> bool:
    """Whether some way through *level* that *found* can go names its issuer, without a ``~``."""
    return any(
        all(admits(leaf, found) for leaf in way)
        and any(isinstance(leaf, IssuedBy) and names_of(found) & leaf.others for leaf in way)
        for way in ways(normal(level))
    )


@given(levels, foreigners)
def test_a_foreign_token_passes_only_where_its_issuer_is_named(level: Policy, found: Token) -> None:
    if admits(closed(level), found):
        assert is_named(level, found)


@given(levels, foreigners)
def test_so_it_does_inside_a_view(level: Policy, found: Token) -> None:
    try:
        judging = policy_for(level, found, TERMS, "enforce")
    except PolicyDefinitionError:
        assume(False)
    if admits(judging, found):
        assert is_named(level, found)


@given(levels, levels, foreigners)
def test_of_two_levels_each_has_to_name_it(one: Policy, other: Policy, found: Token) -> None:
    if admits(closed(one, other), found):
        assert is_named(one, found)
        assert is_named(other, found)


@given(policies(), foreigners)
def test_a_level_without_issuers_lets_in_no_foreign_token(level: Policy, found: Token) -> None:
    assert not admits(closed(level), found)
    assert not names_foreign(closed(level))


@given(
    policies(
        st.sampled_from([~IssuedBy(A), ~IssuedBy(B, OWN), ~IssuedBy(RESOLVER), BLUE, Access()])
    ),
    foreigners,
)
def test_an_issuer_that_is_excluded_lets_no_other_in(level: Policy, found: Token) -> None:
    if not names_foreign(level):
        assert not admits(closed(level), found)


@given(levels, st.sampled_from([A, B, C]), claims)
def test_who_is_excluded_does_not_pass(level: Policy, whose: Any, more: Any) -> None:
    excluded = IssuedBy(RESOLVER if whose is C else whose)

    assert not admits(closed(level & ~excluded), token_of(whose, **more))


@given(st.lists(NAMING, min_size=1, max_size=3).map(lambda named: AnyOf(*named)), tokens)
def test_a_name_and_its_negation_are_opposites(level: Policy, found: Token) -> None:
    assert admits(level, found) is not admits(Not(level), found)


@given(levels, tokens)
def test_the_normal_form_means_the_same(level: Policy, found: Token) -> None:
    assert outcome(normal(level), found) == outcome(level, found)


# Programs


@given(levels, st.none() | levels, foreigners)
def test_the_program_for_foreign_tokens_decides_as_level_and_baseline_do(
    level: Policy, baseline: Policy | None, found: Token
) -> None:
    """It leaves out leaves that are true of all tokens that reach it."""
    try:
        compiled = CompiledLevels([level], baseline)
    except PolicyDefinitionError:
        assume(False)
    slow = outcome(compiled.closed.policy, found)
    if baseline is not None:
        slow = max(slow, outcome(baseline, found))

    if compiled.foreign is None:
        assert slow is not Outcome.ALLOW
    else:
        run = compiled.foreign.run(AccessRequest(token=found, terms=TERMS))
        assert compiled.foreign.root.weigh(run) == slow


@given(levels, st.none() | levels, owners)
def test_the_programs_for_own_tokens_do_so_too(
    level: Policy, baseline: Policy | None, found: Token
) -> None:
    try:
        compiled = CompiledLevels([level], baseline)
    except PolicyDefinitionError:
        assume(False)
    program = compiled.programs.get(found.kind)

    if program is None:
        assert not admits(compiled.closed.policy, found)
    elif baseline is None:
        run = program.run(AccessRequest(token=found, terms=TERMS))
        assert program.root.weigh(run) == outcome(compiled.closed.policy, found)


# Whose tokens reach a leaf


@given(levels, tokens)
def test_who_passes_is_among_those_that_are_accepted(level: Policy, found: Token) -> None:
    names = accepted_issuers(closed(level), EVERYBODY)

    if admits(closed(level), found):
        assert names_of(found) & names


@given(levels, st.sampled_from([A, B, C, None]))
def test_a_leaf_that_matters_to_a_token_is_reached_by_its_issuer(level: Policy, whose: Any) -> None:
    more: Any = {"roles": ["admin"], "scope": "read"}
    both = [
        token(team=team, **more) if whose is None else token_of(whose, team=team, **more)
        for team in ("blue", "red")
    ]
    reached = [names for leaf, names in leaves_reached(closed(level), EVERYBODY) if leaf == BLUE]

    if admits(closed(level), both[0]) is not admits(closed(level), both[1]):
        assert any(names_of(both[0]) & names for names in reached)


# Applications


LEVEL: list[Policy] = []


@cache
def asking(*trusted: Issuer) -> tuple[Flask, JWTManager]:
    """Return an application that trusts these issuers; `/ask` asks the level that is drawn."""
    app, jwt = application(issuers=trusted)

    @app.get("/ask")
    def ask() -> str:
        jwt.enforce(LEVEL[0])
        return "in"

    return app, jwt


own_leaves = st.sampled_from([IssuedBy(OWN), BLUE, Access(), HasScope("write"), Fresh()])


@given(policies(own_leaves), claims)
def test_another_issuer_changes_nothing_for_own_tokens(level: Policy, more: Any) -> None:
    LEVEL[:] = [level]
    alone, jwt = asking()
    with alone.app_context():
        token = jwt.issue("u1", claims={"team": more["team"]}, scope=more["scope"])
    asked = [
        app.test_client().get("/ask", headers=bearer(token)) for app in (alone, asking(A, B)[0])
    ]

    assert asked[0].status_code == asked[1].status_code
    assert asked[0].data == asked[1].data
