"""What reasons say is missing: enough to mend it, and no more of the token than that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from jwtpolicy import (
    AccessRequest,
    ClaimsMatch,
    Fresh,
    HasRole,
    HasScope,
    IsSubject,
    Owns,
    Policy,
    Refresh,
    ResourceMatch,
    claim,
    contains,
    one_of,
    policy,
    view_arg,
)
from jwtpolicy.policy.request import PolicySettings
from tests.support.clocks import StandingClock
from tests.support.strategies import NOW, token

SECRETS = {"tenant": "acme-secret", "email": "ada@example.com", "sub": "subject-17"}


class Machine:
    """A type of users whose subjects have a prefix."""


def reason(rule: Policy, claims: dict[str, Any], **request: Any) -> str:
    types = {str: "", Machine: "machine:"}
    terms = PolicySettings(clock=StandingClock(NOW), leeway=10, types=types)
    found = token(**{"kind": "access", **claims})
    return rule.evaluate(AccessRequest(token=found, terms=terms, **request)).reason


REASONS = {
    "no mark": (Fresh(), {}, "fresh is absent"),
    "an old login": (Fresh(), {"fresh": False}, "fresh is false"),
    "a mark that ended": (Fresh(), {"fresh": NOW - 60}, "the time in fresh has passed"),
    "never": (Fresh(within=300), {}, "auth_time is absent, so no login is known"),
    "long ago": (
        Fresh(within=300),
        {"auth_time": NOW - 412},
        "authenticated 412 s ago, 300 s are allowed",
    ),
    "a fraction too long ago": (
        Fresh(within=300),
        {"auth_time": NOW - 310.5},
        "authenticated 311 s ago, 300 s are allowed",
    ),
    "not yet": (
        Fresh(within=300),
        {"auth_time": NOW + 500},
        "auth_time is 500 s ahead of the clock",
    ),
    "no class": (Fresh(acr="mfa"), {}, "acr is absent, asked is 'mfa'"),
    "another class": (Fresh(acr="mfa"), {"acr": "pwd"}, "acr is 'pwd', asked is 'mfa'"),
    "another class within the leeway": (
        Fresh(within=300, acr="mfa"),
        {"auth_time": NOW - 305, "acr": "pwd"},
        "acr is 'pwd', asked is 'mfa'",
    ),
    "neither": (
        Fresh(within=300, acr="mfa"),
        {"acr": "pwd"},
        "auth_time is absent, so no login is known; acr is 'pwd', asked is 'mfa'",
    ),
    "another scope": (
        HasScope("reports:read"),
        {"scope": "read"},
        "scope reports:read is not held; held: read",
    ),
    "one scope of two": (
        HasScope("b", "a"),
        {"scope": "a c"},
        "scope b is not held; held: a, c",
    ),
    "no scope": (HasScope("a"), {}, "scope a is not held; the token has none"),
    "another role": (
        HasRole("admin"),
        {"roles": ["author"]},
        "role admin is not held; held: author",
    ),
    "no role": (
        HasRole("b", "a"),
        {"roles": []},
        "roles a, b are not held; the token has none",
    ),
    "no claim of roles": (HasRole("admin"), {}, "the claim 'roles' is absent"),
    "no claim": (ClaimsMatch(team="acme"), {}, "the claim 'team' is absent"),
    "no claim, which is a no": (
        ClaimsMatch(team="acme", absent="mismatch"),
        {},
        "the claim 'team' is absent",
    ),
    "a value": (ClaimsMatch(tenant="acme"), SECRETS, "the claim 'tenant' does not match"),
    "an item": (
        ClaimsMatch(teams=contains("red")),
        {"teams": ["secret"]},
        "the claim 'teams' does not contain what is asked for",
    ),
    "a choice": (
        ClaimsMatch(tenant=one_of("a", "b")),
        SECRETS,
        "the claim 'tenant' is none of the values that are asked for",
    ),
    "another kind": (
        Refresh(),
        {},
        "the token is of the kind 'access', asked is 'refresh'",
    ),
}


@pytest.mark.parametrize("case", REASONS)
def test_a_reason_says_what_is_missing(case: str) -> None:
    rule, claims, said = REASONS[case]
    assert reason(rule, claims) == said


MISSING = {
    "the user of the URL": (
        IsSubject("user_id"),
        "the claim 'sub' is not the user that the URL's 'user_id' names",
    ),
    "a variable of the URL": (
        ClaimsMatch(tenant=view_arg("user_id")),
        "the claim 'tenant' is not what the URL's 'user_id' says",
    ),
    "the machine of the URL": (
        IsSubject("user_id", of=Machine),
        "the claim 'sub' is not the Machine that the URL's 'user_id' names",
    ),
    "the owner": (Owns("owner"), "the resource's 'owner' is not the subject of the token"),
    "a machine that owns": (
        Owns("owner", of=Machine),
        "the resource's 'owner' is not the Machine of the token",
    ),
    "a claim": (
        ResourceMatch(owner=claim("tenant")),
        "the resource's 'owner' is not what the claim 'tenant' says",
    ),
}


@pytest.mark.parametrize("case", MISSING)
def test_a_reason_names_where_a_value_came_from_and_not_the_value(case: str) -> None:
    rule, said = MISSING[case]
    resource = SimpleNamespace(owner="owner-99")
    assert reason(rule, SECRETS, view_args={"user_id": "user-42"}, resource=resource) == said


def test_of_many_roles_ten_are_named() -> None:
    held = [f"role{number:02}" for number in range(25)]
    said = reason(HasRole("admin"), {"roles": held})
    assert said == f"role admin is not held; held: {', '.join(held[:10])} and 15 more"


def test_a_long_name_is_cut() -> None:
    said = reason(HasRole("admin"), {"roles": ["x" * 5_000]})
    assert said == f"role admin is not held; held: {'x' * 39}…"


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("a\nERROR forged", r"'a\nERROR forged'"),
        ("\x1b[31mred", r"'\x1b[31mred'"),
        ("\u202eright to left", r"'\u202eright to left'"),
        ("half \ud800", r"'half \ud800'"),
        ("quoted'", '"quoted\'"'),
        ("a, b", "'a, b'"),
        ("équipe:lire", "équipe:lire"),
    ],
    ids=["a line", "a colour", "a direction", "half a character", "a quote", "a comma", "plain"],
)
def test_a_name_cannot_break_the_line(role: str, shown: str) -> None:
    said = reason(HasRole("admin"), {"roles": [role]})
    assert said == f"role admin is not held; held: {shown}"
    assert said.isprintable()


def test_what_is_no_text_is_no_role_that_is_named() -> None:
    said = reason(HasRole("admin"), {"roles": [1, None, {"a": 1}, "author"]})
    assert said == "role admin is not held; held: author"


def test_of_several_reasons_three_are_named() -> None:
    rule = HasScope("a") & HasScope("b") & HasScope("c") & HasScope("d")
    texts = [f"scope {name} is not held; the token has none" for name in "abc"]
    assert reason(rule, {}) == "; ".join([*texts, "…"])


def test_a_reason_is_named_once() -> None:
    said = "auth_time is absent, so no login is known"
    assert reason(Fresh(within=9) & Fresh(within=5), {}) == said


class Told:
    """A reason that counts how often it is put into words."""

    def __init__(self) -> None:
        self.count = 0

    def __str__(self) -> str:
        self.count += 1
        return "told"


def test_a_reason_is_put_into_words_where_somebody_reads_it() -> None:
    told = Told()
    rule = policy(lambda access: access.deny(told))  # type: ignore[arg-type, misc]
    decision = (rule & HasRole("a")).evaluate(AccessRequest(token=token(roles=[])))
    assert told.count == 0
    assert "told" in decision.reason
    assert told.count == 1
