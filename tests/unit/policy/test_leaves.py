"""What each leaf says of a request."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from marshmallow import ValidationError, validate
from werkzeug.exceptions import Gone

from jwtpolicy import (
    Access,
    AccessRequest,
    Anonymous,
    ClaimsMatch,
    ForAudience,
    Fresh,
    HasRole,
    HasScope,
    IsSubject,
    KnownUser,
    NotRevoked,
    OptionalToken,
    Owns,
    Refresh,
    ResourceMatch,
    SingleUse,
    claim,
    contains,
    one_of,
    view_arg,
)
from jwtpolicy.exceptions import (
    CSRFError,
    ExpiredTokenError,
    PolicyDefinitionError,
    StoreUnavailableError,
    UnknownUserError,
    UserUnavailableError,
)
from jwtpolicy.policy.audience import NotOnlyFor
from jwtpolicy.policy.credentials import Authenticated, OwnTokens
from jwtpolicy.policy.program import weigh_async
from jwtpolicy.policy.request import NOT_LOADED, PolicySettings
from jwtpolicy.tokens.status import TokenStatus
from tests.support.clocks import StandingClock
from tests.support.desk import Desk, judged
from tests.support.strategies import NOW, token

ALL_LEAVES = [
    Access(),
    Refresh(),
    Authenticated(),
    OwnTokens(),
    NotRevoked(),
    KnownUser(),
    SingleUse(),
    ForAudience("a"),
    NotOnlyFor("a"),
    Fresh(),
    ClaimsMatch(a=1),
    HasRole("a"),
    HasScope("a"),
    IsSubject("u"),
    Owns("o"),
]


@pytest.mark.parametrize("leaf", ALL_LEAVES, ids=repr)
def test_without_a_token_no_leaf_allows_under_any_sign(leaf: Any) -> None:
    assert judged(leaf, token=None) == "NO_TOKEN"
    assert judged(~leaf, token=None) == "NO_TOKEN"
    expired = {"token": None, "credential_error": ExpiredTokenError()}
    assert judged(leaf, **expired) == judged(~leaf, **expired) == "INVALID_TOKEN"


@pytest.mark.parametrize(
    ("leaf", "request_", "outcome"),
    [
        pytest.param(Anonymous(), {"token": None}, "ALLOW", id="nobody"),
        pytest.param(Anonymous(), {}, "FORBIDDEN", id="somebody"),
        pytest.param(~Anonymous(), {}, "ALLOW", id="not nobody"),
        pytest.param(~Anonymous(), {"token": None}, "NO_TOKEN", id="not nobody, nobody"),
        pytest.param(
            Anonymous(),
            {"token": None, "credential_error": ExpiredTokenError()},
            "INVALID_TOKEN",
            id="a bad token",
        ),
        pytest.param(
            Anonymous(ignore_invalid=True),
            {"token": None, "credential_error": ExpiredTokenError()},
            "ALLOW",
            id="a bad token, ignored",
        ),
        pytest.param(
            Anonymous(ignore_invalid=True),
            {"token": None, "credential_error": CSRFError()},
            "INVALID_TOKEN",
            id="a failed CSRF check is not ignored",
        ),
        pytest.param(
            Anonymous(ignore_invalid=True),
            {"token": None, "credential_error": StoreUnavailableError()},
            "ERROR",
            id="a store that is down is not ignored",
        ),
    ],
)
def test_anonymous_says(leaf: Any, request_: Any, outcome: str) -> None:
    assert judged(leaf, **request_) == outcome


def test_optional_tokens_print_as_they_were_written() -> None:
    assert repr(OptionalToken()) == "OptionalToken()"
    assert repr(OptionalToken(ignore_invalid=True)) == "OptionalToken(ignore_invalid=True)"
    assert OptionalToken() != OptionalToken(ignore_invalid=True)


def test_a_credential_is_never_denied_so_its_negation_never_admits() -> None:
    refresh, foreign = token("refresh"), token(is_own=False)

    assert judged(Access(), token=refresh) == judged(~Access(), token=refresh) == "INVALID_TOKEN"
    assert judged(OwnTokens(), token=foreign) == judged(~OwnTokens(), token=foreign)
    assert judged(~Access()) == judged(~OwnTokens()) == "FORBIDDEN"


@pytest.mark.parametrize("leaf", [NotRevoked(), SingleUse()], ids=repr)
@pytest.mark.parametrize(
    ("standing", "outcome", "negated"),
    [
        pytest.param(TokenStatus.GOOD, "ALLOW", "FORBIDDEN", id="good"),
        pytest.param(TokenStatus.REVOKED, "INVALID_TOKEN", "INVALID_TOKEN", id="revoked"),
        pytest.param(TokenStatus.CONSUMED, "INVALID_TOKEN", "INVALID_TOKEN", id="consumed"),
        pytest.param(StoreUnavailableError(), "ERROR", "ERROR", id="down"),
    ],
)
def test_the_store_is_asked(leaf: Any, standing: Any, outcome: str, negated: str) -> None:
    """REV-1: closed on doubt."""
    assert judged(leaf, services=Desk(standing)) == outcome
    assert judged(~leaf, services=Desk(standing)) == negated


@pytest.mark.parametrize(
    ("user", "outcome"),
    [
        pytest.param("user", "ALLOW", id="known"),
        pytest.param(UnknownUserError(), "INVALID_TOKEN", id="unknown"),
        pytest.param(UserUnavailableError(), "ERROR", id="the loader failed"),
        pytest.param(Gone(), "ERROR", id="the loader answered"),
    ],
)
def test_the_user_is_asked_for(user: Any, outcome: str) -> None:
    """CLAIM-12."""
    access = AccessRequest(token=token(), services=Desk(user=user))
    program = KnownUser().program

    assert judged(KnownUser(), services=Desk(user=user)) == outcome
    awaited = asyncio.run(weigh_async(program.root, program.run(access, awaits=True)))
    assert awaited == KnownUser().evaluate(access).outcome


def test_awaiting_a_user_without_a_token_asks_nobody() -> None:
    program = KnownUser().program
    run = program.run(AccessRequest(), awaits=True)

    assert asyncio.run(weigh_async(program.root, run)) == 2


@pytest.mark.parametrize("leaf", [NotRevoked(), KnownUser()], ids=repr)
def test_a_request_without_an_application_cannot_be_told(leaf: Any) -> None:
    assert judged(leaf, services=None) == judged(~leaf, services=None) == "ERROR"


FRESHNESS = [
    pytest.param(Fresh(), {"fresh": True}, "ALLOW", id="marked"),
    pytest.param(Fresh(), {"fresh": False}, "STEP_UP", id="marked as not"),
    pytest.param(Fresh(), {}, "STEP_UP", id="not marked"),
    pytest.param(Fresh(), {"fresh": NOW + 1}, "ALLOW", id="until a second from now"),
    pytest.param(Fresh(), {"fresh": NOW}, "STEP_UP", id="until now"),
    pytest.param(Fresh(), {"fresh": float("nan")}, "STEP_UP", id="until no number"),
    pytest.param(Fresh(), {"fresh": "yes"}, "STEP_UP", id="marked with text"),
    pytest.param(Fresh(within=60), {"auth_time": NOW - 60}, "ALLOW", id="just recent"),
    pytest.param(Fresh(within=60), {"auth_time": NOW - 61}, "STEP_UP", id="just not"),
    pytest.param(Fresh(within=timedelta(minutes=1)), {"auth_time": NOW}, "ALLOW", id="a timedelta"),
    pytest.param(Fresh(within=60), {"auth_time": NOW + 1}, "STEP_UP", id="in the future"),
    pytest.param(Fresh(within=60), {"fresh": True}, "STEP_UP", id="marked, but no time"),
    pytest.param(Fresh(acr="gold"), {"acr": "gold"}, "ALLOW", id="the class"),
    pytest.param(Fresh(acr="gold"), {"acr": "silver"}, "STEP_UP", id="another class"),
    pytest.param(Fresh(acr="gold"), {"fresh": True}, "STEP_UP", id="no class"),
    pytest.param(
        Fresh(within=9, acr="gold"), {"auth_time": NOW, "acr": "gold"}, "ALLOW", id="both"
    ),
    pytest.param(Fresh(within=9, acr="gold"), {"auth_time": NOW}, "STEP_UP", id="one of both"),
    pytest.param(Fresh(), {"kind": "refresh", "fresh": True}, "INVALID_TOKEN", id="another kind"),
    pytest.param(~Fresh(), {"kind": "refresh"}, "INVALID_TOKEN", id="not, of another kind"),
]


@pytest.mark.parametrize(("rule", "claims", "outcome"), FRESHNESS)
def test_freshness(rule: Any, claims: Any, outcome: str) -> None:
    """CLAIM-8, STEP-1, S2."""
    assert judged(rule, claims) == outcome


def test_the_leeway_counts_for_freshness() -> None:
    """C22."""
    terms = PolicySettings(clock=StandingClock(NOW), leeway=5)

    assert judged(Fresh(), {"fresh": NOW - 4}, terms=terms) == "ALLOW"
    assert judged(Fresh(), {"fresh": NOW - 5}, terms=terms) == "STEP_UP"
    assert judged(Fresh(within=60), {"auth_time": NOW - 65}, terms=terms) == "ALLOW"
    assert judged(Fresh(within=60), {"auth_time": NOW + 5}, terms=terms) == "ALLOW"


@pytest.mark.parametrize(
    ("leeway", "skew", "ahead"), [(0, 0, 0), (0, 5, 5), (3, 5, 5), (30, 5, 30), (30, 0, 30)]
)
def test_an_authentication_may_lie_ahead_by_the_leeway_or_the_skew(
    leeway: int, skew: int, ahead: int
) -> None:
    """STEP-1: it is of just now, on another machine; further ahead it never happened."""
    terms = PolicySettings(clock=StandingClock(NOW), leeway=leeway, skew=skew)

    for offset, outcome in [(-0.05, "ALLOW"), (0, "ALLOW"), (0.05, "STEP_UP"), (900, "STEP_UP")]:
        claims = {"auth_time": NOW + ahead + offset}
        assert judged(Fresh(within=60), claims, terms=terms) == outcome


@pytest.mark.parametrize(
    ("rule", "name", "age"), [(Fresh(), "fresh", -0.05), (Fresh(within=60), "auth_time", 60)]
)
def test_the_skew_makes_nothing_fresh_for_longer(rule: Any, name: str, age: float) -> None:
    """CLAIM-8, STEP-1: an end is moved by the leeway alone."""
    terms = PolicySettings(clock=StandingClock(NOW), leeway=2, skew=5)

    assert judged(rule, {name: NOW - 2 - age}, terms=terms) == "ALLOW"
    assert judged(rule, {name: NOW - 2.1 - age}, terms=terms) == "STEP_UP"


def raises(value: Any) -> Any:
    raise ZeroDivisionError


class Odd(validate.Validator):
    """A validator that neither marshmallow nor we know."""

    def __call__(self, value: Any) -> Any:
        if value == "bad":
            raise ValidationError("bad")
        if value == "boom":
            raise ZeroDivisionError
        return value != "false"


MATCHES = [
    pytest.param(ClaimsMatch(x="a"), {"x": "a"}, "ALLOW", id="equal"),
    pytest.param(ClaimsMatch(x="a"), {"x": "ab"}, "FORBIDDEN", id="a part of it"),
    pytest.param(ClaimsMatch(x="a"), {}, "MISSING_CLAIM", id="absent"),
    pytest.param(ClaimsMatch(x="a"), {"x": None}, "MISSING_CLAIM", id="null"),
    pytest.param(ClaimsMatch(x=1), {"x": True}, "MISSING_CLAIM", id="a flag for a number"),
    pytest.param(ClaimsMatch(x="a"), {"x": ["a"]}, "MISSING_CLAIM", id="a list for text"),
    pytest.param(ClaimsMatch(x=[1, [2]]), {"x": [1, [2]]}, "ALLOW", id="deeply equal"),
    pytest.param(ClaimsMatch(x=[1]), {"x": [True]}, "FORBIDDEN", id="deeply another type"),
    pytest.param(ClaimsMatch(x={"a": 1}), {"x": {"a": 1}}, "ALLOW", id="equal objects"),
    pytest.param(ClaimsMatch(x={"a": 1}), {"x": {"a": 1, "b": 2}}, "FORBIDDEN", id="more members"),
    pytest.param(ClaimsMatch({"a.b": 1}), {"a": {"b": 1}}, "ALLOW", id="a path"),
    pytest.param(ClaimsMatch({"a.b": 1}), {"a.b": 1}, "ALLOW", id="a name with a dot"),
    pytest.param(ClaimsMatch({"a.b": 1}), {"a": [1]}, "MISSING_CLAIM", id="a path that breaks"),
    pytest.param(ClaimsMatch(x="a", absent="mismatch"), {}, "FORBIDDEN", id="absent is no"),
    pytest.param(~ClaimsMatch(x="a", absent="mismatch"), {}, "ALLOW", id="absent is no, negated"),
    pytest.param(ClaimsMatch(x=1, y=2), {"x": 1, "y": 2}, "ALLOW", id="both"),
    pytest.param(ClaimsMatch(x=1, y=2), {"x": 1, "y": 3}, "FORBIDDEN", id="one of both"),
    pytest.param(~ClaimsMatch(x=1, y=2), {"x": 3}, "MISSING_CLAIM", id="one absent, negated"),
    pytest.param(ClaimsMatch(x=contains("a")), {"x": ["b", "a"]}, "ALLOW", id="contains"),
    pytest.param(ClaimsMatch(x=contains("a")), {"x": ["ab"]}, "FORBIDDEN", id="contains not"),
    pytest.param(ClaimsMatch(x=contains("a")), {"x": "abc"}, "MISSING_CLAIM", id="in text"),
    pytest.param(ClaimsMatch(x=contains("a")), {"x": {"a": 1}}, "MISSING_CLAIM", id="in an object"),
    pytest.param(
        ClaimsMatch(x=contains([1])), {"x": [{"a": 1}]}, "FORBIDDEN", id="an object for an array"
    ),
    pytest.param(ClaimsMatch(x=one_of("a", 1)), {"x": 1}, "ALLOW", id="one of"),
    pytest.param(ClaimsMatch(x=one_of("a", 1)), {"x": "b"}, "FORBIDDEN", id="none of"),
    pytest.param(ClaimsMatch(x=one_of("a")), {"x": 1}, "MISSING_CLAIM", id="one of another type"),
    pytest.param(ClaimsMatch(x=validate.Range(min=2)), {"x": 2}, "ALLOW", id="in a range"),
    pytest.param(ClaimsMatch(x=validate.Range(min=2)), {"x": 1}, "FORBIDDEN", id="out of range"),
    pytest.param(
        ClaimsMatch(x=validate.Range(min=1)), {"x": True}, "MISSING_CLAIM", id="a flag in a range"
    ),
    pytest.param(ClaimsMatch(x=validate.OneOf(["a"])), {"x": "a"}, "ALLOW", id="OneOf"),
    pytest.param(ClaimsMatch(x=validate.OneOf([1])), {"x": True}, "MISSING_CLAIM", id="OneOf flag"),
    pytest.param(ClaimsMatch(x=validate.NoneOf(["a"])), {"x": ["a"]}, "MISSING_CLAIM", id="NoneOf"),
    pytest.param(ClaimsMatch(x=validate.Equal(1)), {"x": 1}, "ALLOW", id="Equal"),
    pytest.param(ClaimsMatch(x=validate.Length(max=2)), {"x": "abc"}, "FORBIDDEN", id="Length"),
    pytest.param(ClaimsMatch(x=validate.Length(max=2)), {"x": 7}, "MISSING_CLAIM", id="of 7"),
    pytest.param(ClaimsMatch(x=validate.Regexp("a+")), {"x": "aa"}, "ALLOW", id="Regexp"),
    pytest.param(ClaimsMatch(x=validate.URL()), {"x": 3}, "MISSING_CLAIM", id="URL"),
    pytest.param(ClaimsMatch(x=validate.Email()), {"x": "a@b.example"}, "ALLOW", id="Email"),
    pytest.param(
        ClaimsMatch(x=validate.ContainsOnly("ab")), {"x": "ab"}, "MISSING_CLAIM", id="ContainsOnly"
    ),
    pytest.param(
        ClaimsMatch(x=validate.ContainsNoneOf("a")), {"x": ["b"]}, "ALLOW", id="ContainsNoneOf"
    ),
    pytest.param(
        ClaimsMatch(x=validate.And(validate.Range(min=1), raises)), {"x": True}, "MISSING_CLAIM",
        id="And of a flag",
    ),
    pytest.param(
        ClaimsMatch(x=validate.And(validate.Range(min=1), validate.Range(max=3))), {"x": 2},
        "ALLOW", id="And",
    ),
    pytest.param(ClaimsMatch(x=Odd()), {"x": "good"}, "ALLOW", id="one's own validator"),
    pytest.param(ClaimsMatch(x=Odd()), {"x": "bad"}, "FORBIDDEN", id="one's own that refuses"),
    pytest.param(ClaimsMatch(x=Odd()), {"x": "false"}, "FORBIDDEN", id="one's own, False"),
    pytest.param(ClaimsMatch(x=Odd()), {"x": "boom"}, "MISSING_CLAIM", id="one's own that raises"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "claims", "outcome"), MATCHES)
def test_a_match(rule: Any, claims: Any, outcome: str) -> None:
    """CLAIM-9: neither a match nor its negation admits what cannot be told."""
    assert judged(rule, claims) == outcome
    if outcome == "MISSING_CLAIM":
        assert judged(~rule, claims) == outcome


@pytest.mark.parametrize(
    ("one", "other", "are_equal"),
    [
        pytest.param(validate.OneOf(["a"]), validate.OneOf(["a"]), True, id="the same"),
        pytest.param(validate.OneOf(["a"]), validate.OneOf(["b"]), False, id="other choices"),
        pytest.param(validate.Range(min=1), validate.Range(min=1.0), False, id="other types"),
        pytest.param(
            validate.And(validate.Range(min=1)),
            validate.And(validate.Range(min=2)),
            False,
            id="And",
        ),
    ],
)
def test_validators_are_compared_by_their_arguments(one: Any, other: Any, are_equal: bool) -> None:
    assert (ClaimsMatch(x=one) == ClaimsMatch(x=other)) is are_equal


def test_validators_print_by_class_and_arguments() -> None:
    assert repr(ClaimsMatch(x=validate.OneOf(["a"]))) == "ClaimsMatch(x=OneOf(choices=['a']))"
    assert repr(ClaimsMatch(x=validate.Range(min=1))) == "ClaimsMatch(x=Range(min=1))"
    matcher = ClaimsMatch(x=validate.Length(max=2)).matchers[0][1]
    assert repr(matcher) == "Length(max=2)"
    assert (matcher == 3) is False


ID = uuid.uuid4()

SUBJECTS = [
    pytest.param({"u": "7"}, "7", "ALLOW", id="text"),
    pytest.param({"u": 7}, "7", "ALLOW", id="a number"),
    pytest.param({"u": ID}, str(ID), "ALLOW", id="a UUID"),
    pytest.param({"u": 8}, "7", "FORBIDDEN", id="another number"),
    pytest.param({"u": True}, "1", "MISSING_CLAIM", id="a flag"),
    pytest.param({}, "7", "MISSING_CLAIM", id="no such variable"),
]


@pytest.mark.parametrize(("view_args", "subject", "outcome"), SUBJECTS)
def test_a_subject_is_compared_as_text(view_args: Any, subject: str, outcome: str) -> None:
    assert judged(IsSubject("u"), {"sub": subject}, view_args=view_args) == outcome


def test_another_claim_is_not() -> None:
    rule = ClaimsMatch(x=view_arg("u"))

    assert judged(rule, {"x": 7}, view_args={"u": 7}) == "ALLOW"
    assert judged(rule, {"x": "7"}, view_args={"u": 7}) == "MISSING_CLAIM"


@pytest.mark.parametrize(
    ("rule", "claims", "outcome"),
    [
        pytest.param(HasRole("a"), {"roles": ["a", "b"]}, "ALLOW", id="a role"),
        pytest.param(HasRole("a", "b"), {"roles": ["a"]}, "FORBIDDEN", id="one of two"),
        pytest.param(HasRole("a"), {"roles": []}, "FORBIDDEN", id="no roles"),
        pytest.param(HasRole("a"), {}, "MISSING_CLAIM", id="no claim"),
        pytest.param(HasRole("a"), {"roles": "a"}, "MISSING_CLAIM", id="text"),
        pytest.param(HasRole("a"), {"roles": [["a"], 1, "a"]}, "ALLOW", id="odd elements"),
        pytest.param(HasRole("Über admin"), {"roles": ["Über admin"]}, "ALLOW", id="any text"),
        pytest.param(HasScope("a"), {"scope": "b a"}, "ALLOW", id="a scope"),
        pytest.param(HasScope("a"), {"scope": "ab"}, "INSUFFICIENT_SCOPE", id="a part of one"),
        pytest.param(HasScope("a"), {"scope": "b\ta"}, "INSUFFICIENT_SCOPE", id="other space"),
        pytest.param(HasScope("a"), {}, "INSUFFICIENT_SCOPE", id="no scope is the empty set"),
        pytest.param(~HasScope("a"), {}, "ALLOW", id="no scope, negated"),
    ],
)
def test_roles_and_scopes(rule: Any, claims: Any, outcome: str) -> None:
    """CLAIM-9."""
    assert judged(rule, claims) == outcome


def test_roles_can_stand_elsewhere() -> None:
    terms = PolicySettings(roles_claim="realm_access.roles")

    assert judged(HasRole("a"), {"realm_access": {"roles": ["a"]}}, terms=terms) == "ALLOW"
    assert judged(HasRole("a"), {"roles": ["a"]}, terms=terms) == "MISSING_CLAIM"


class Machine: ...


class Robot(Machine): ...


class User: ...


#: Users have no prefix, machines have, and of pets nobody knows anything.
TYPES = PolicySettings(types={User: "", Machine: "m:", str: ""}, prefixes=("m:",))

OF_TYPES = [
    pytest.param(None, "7", 7, "ALLOW", id="a user"),
    pytest.param(User, "7", 7, "ALLOW", id="a user, by type"),
    pytest.param(str, "7", "7", "ALLOW", id="text"),
    pytest.param(Machine, "m:7", 7, "ALLOW", id="a machine"),
    pytest.param(Robot, "m:7", "7", "ALLOW", id="of a subclass"),
    pytest.param(Machine, "m:m:7", "m:7", "ALLOW", id="a machine called so"),
    pytest.param(None, "m:7", 7, "FORBIDDEN", id="a machine is no user"),
    pytest.param(None, "m:7", "m:7", "FORBIDDEN", id="by no name"),
    pytest.param(User, "m:7", "m:7", "FORBIDDEN", id="by no name, by type"),
    pytest.param(Machine, "7", 7, "FORBIDDEN", id="a user is no machine"),
    pytest.param(Machine, "7", "m:7", "FORBIDDEN", id="by no name either"),
    pytest.param(Machine, "m:7", "m:7", "FORBIDDEN", id="a machine has no prefix in its name"),
    pytest.param(Machine, "m:7", 8, "FORBIDDEN", id="another machine"),
    pytest.param(None, "m:1", True, "MISSING_CLAIM", id="a flag"),
    pytest.param(Machine, "7", [7], "MISSING_CLAIM", id="a list, of another type"),
    pytest.param(Machine, "m:7", None, "MISSING_CLAIM", id="nothing"),
    pytest.param(SimpleNamespace, "7", 7, "MISSING_CLAIM", id="a type that nobody knows"),
]
OPPOSITE = {"ALLOW": "FORBIDDEN", "FORBIDDEN": "ALLOW", "MISSING_CLAIM": "MISSING_CLAIM"}


@pytest.mark.parametrize(("of", "subject", "told", "outcome"), OF_TYPES)
def test_a_user_of_a_type_is_named_by_the_url(
    of: Any, subject: str, told: Any, outcome: str
) -> None:
    request = {"view_args": {} if told is None else {"u": told}, "terms": TYPES}
    rule = IsSubject("u", of=of)

    assert judged(rule, {"sub": subject}, **request) == outcome
    assert judged(~rule, {"sub": subject}, **request) == OPPOSITE[outcome]


@pytest.mark.parametrize(("of", "subject", "told", "outcome"), OF_TYPES)
def test_a_user_of_a_type_owns_a_resource(of: Any, subject: str, told: Any, outcome: str) -> None:
    request = {"resource": SimpleNamespace(owner=told), "terms": TYPES}
    rule = Owns("owner", of=of)

    assert judged(rule, {"sub": subject}, **request) == outcome
    assert judged(~rule, {"sub": subject}, **request) == OPPOSITE[outcome]


@pytest.mark.parametrize("leaf", [IsSubject, Owns])
@pytest.mark.parametrize("of", ["Machine", Machine(), 5])
def test_users_are_of_a_type(leaf: Any, of: Any) -> None:
    with pytest.raises(PolicyDefinitionError, match=r"of=…\) takes a type"):
        leaf("x", of=of)
    assert leaf("x", of=Machine) == leaf("x", of=Machine) != leaf("x", of=Robot) != leaf("x")


NOTE = SimpleNamespace(owner="u1", size=3, author=SimpleNamespace(id=7), nothing=None)

RESOURCES = [
    pytest.param(Owns("owner"), NOTE, "ALLOW", id="the owner"),
    pytest.param(~Owns("owner"), NOTE, "FORBIDDEN", id="not the owner"),
    pytest.param(Owns("owner"), {"owner": "u1"}, "ALLOW", id="of a mapping"),
    pytest.param(Owns("owner"), {"owner": "u2"}, "FORBIDDEN", id="somebody else's"),
    pytest.param(Owns("author.id"), NOTE, "FORBIDDEN", id="a path"),
    pytest.param(Owns("nobody"), NOTE, "MISSING_CLAIM", id="no such attribute"),
    pytest.param(~Owns("nothing"), NOTE, "MISSING_CLAIM", id="None, negated"),
    pytest.param(ResourceMatch(size=3), NOTE, "ALLOW", id="a value"),
    pytest.param(ResourceMatch(size="3"), NOTE, "MISSING_CLAIM", id="another type"),
    pytest.param(ResourceMatch(size=claim("team")), NOTE, "MISSING_CLAIM", id="an absent claim"),
    pytest.param(ResourceMatch(size=3), None, "NOT_FOUND", id="nothing"),
    pytest.param(ResourceMatch(size=3), NOT_LOADED, "PENDING", id="not loaded"),
    pytest.param(~ResourceMatch(size=3), NOT_LOADED, "PENDING", id="not loaded, negated"),
]


@pytest.mark.parametrize(("rule", "resource", "outcome"), RESOURCES)
def test_a_resource(rule: Any, resource: Any, outcome: str) -> None:
    assert judged(rule, resource=resource) == outcome


def test_a_resource_that_nobody_loads_is_an_error() -> None:
    assert judged(Owns("owner")) == judged(~Owns("owner")) == "ERROR"


def test_a_claim_cannot_be_looked_up_without_a_token() -> None:
    from jwtpolicy.policy.matchers import Unknown

    with pytest.raises(Unknown):
        claim("sub").look_up(AccessRequest())


@pytest.mark.parametrize("value", [None, 0, 1, "", "False", "no"], ids=repr)
@pytest.mark.parametrize(
    ("policy_type", "name"),
    [
        (Anonymous, "ignore_invalid"),
        (OptionalToken, "ignore_invalid"),
        (SingleUse, "consume"),
    ],
)
def test_a_switch_is_true_or_false(policy_type: Any, name: str, value: Any) -> None:
    """Text from a configuration is true, and None is false: either would open something."""
    with pytest.raises(PolicyDefinitionError, match="is True or False"):
        policy_type(**{name: value})

    assert policy_type(**{name: True}) != policy_type(**{name: False})
