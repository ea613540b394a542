"""One subject for all kinds of users: RFC 7519, section 4.1.2."""

from __future__ import annotations

import uuid
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from marshmallow import fields

from jwtpolicy import ClaimSchema
from jwtpolicy.exceptions import ForeignSubjectError, InvalidTokenError, IssueError, SchemaError
from jwtpolicy.keys import KeyRing
from jwtpolicy.schemas import SchemaRegistry
from jwtpolicy.tokens.claims import ClaimRules
from jwtpolicy.tokens.signer import Signer, SigningRules, TokenRequest
from jwtpolicy.tokens.verifier import Verifier
from tests.support.clocks import StandingClock
from tests.support.forgeries import KEY, NOW


class Person:
    """Somebody; its subclasses are the same type of users, if a schema describes it too."""

    def __init__(self, number: Any = "1") -> None:
        self.number = number


class User(Person): ...


class Admin(User): ...


class Machine:
    """Something with numbers of its own."""

    def __init__(self, number: Any = "1") -> None:
        self.number = number


class Robot(Machine): ...


class Probe:
    """A third type of users."""

    def __init__(self, number: Any) -> None:
        self.number = number


class Cyborg(User, Machine): ...


class Name(str):
    __slots__ = ()


class Number(IntEnum):
    ONE = 1


def schema(prefix: str | None = None, name: str | None = None, **more: Any) -> type[ClaimSchema]:
    """Return a schema with that prefix and a name of its own."""
    meta = {} if prefix is None else {"subject_prefix": prefix}
    members = {
        "sub": fields.String(attribute="number", required=True),
        "Meta": type("Meta", (), {**meta, "name": name or f"S{uuid.uuid4().hex}"}),
    }
    return type("NumberClaims", (ClaimSchema,), {**members, **more})


def registered(*pairs: tuple[type, str | None]) -> SchemaRegistry:
    """Return a registry of types and their prefixes."""
    found = SchemaRegistry()
    for user_type, prefix in pairs:
        found.register(schema(prefix), user_type)
    return found


ALLOWED = [
    pytest.param([(User, None)], id="one type"),
    pytest.param([(User, "u:")], id="one type with a prefix"),
    pytest.param([(User, None), (Machine, "m:")], id="two, one without"),
    pytest.param([(User, "u:"), (Machine, "m:")], id="two"),
    pytest.param([(User, None), (Admin, None)], id="a subclass"),
    pytest.param([(Admin, "u:"), (User, "u:")], id="a base"),
    pytest.param([(Person, None), (User, None), (Machine, "m:")], id="a base, and another type"),
    pytest.param([(User, None), (Machine, "m:"), (Robot, "m:")], id="a subclass of the second"),
    pytest.param([(str, None), (Name, None), (Number, None)], id="text and numbers"),
    pytest.param([(Name, None), (User, "u:")], id="text, and a type"),
    pytest.param([(object, None), (User, None), (Machine, None)], id="everything is one type"),
]
REFUSED = [
    pytest.param([(User, None), (Machine, None)], 'subject_prefix = "machine:"', id="no prefix"),
    pytest.param([(User, "u:"), (Machine, "u:")], "begins with the other", id="one prefix twice"),
    pytest.param([(User, "u:"), (Machine, "u:x")], "begins with the other", id="the beginning"),
    pytest.param([(User, "u:x"), (Machine, "u:")], "begins with the other", id="the other way"),
    pytest.param([(User, None), (Admin, "a:")], "one type of users", id="a subclass with its own"),
    pytest.param([(Admin, "a:"), (User, None)], "one type of users", id="a base without"),
    pytest.param(
        [(User, "u:"), (Machine, "m:"), (Cyborg, "u:")], "one type of users", id="a child of two"
    ),
    pytest.param([(str, "s:")], "without prefix", id="text"),
    pytest.param([(Name, "s:")], "without prefix", id="a kind of text"),
    pytest.param([(Number, "n:")], "without prefix", id="a kind of number"),
    pytest.param([(uuid.UUID, "n:")], "without prefix", id="UUID"),
    pytest.param([(object, "o:")], "without prefix", id="everything, text among it"),
    pytest.param([(User, None), (Name, None)], "two types of users", id="a type, and text"),
]


@pytest.mark.parametrize("pairs", ALLOWED)
def test_types_that_can_be_told_apart_are_registered(pairs: Any) -> None:
    assert registered(*pairs).prefixes.items() >= {t: p or "" for t, p in pairs}.items()


@pytest.mark.parametrize(("pairs", "why"), REFUSED)
def test_types_that_could_be_taken_for_one_another_are_not(pairs: Any, why: str) -> None:
    found = registered(*pairs[:-1])

    with pytest.raises(SchemaError, match=why):
        found.register(schema(pairs[-1][1]), pairs[-1][0])


def test_the_schemas_of_siblings_may_wait_for_their_base() -> None:
    found = registered((Person, None), (User, None))

    class Guest(Person): ...

    found.register(schema(), Guest)
    assert found.dump(Guest("7"), "access").subject == "7"


def test_all_kinds_and_versions_of_a_type_share_its_prefix() -> None:
    found = registered((User, None), (Machine, "m:"))
    with pytest.raises(SchemaError, match="write the same subject_prefix"):
        found.register(schema(), Machine, "reset")

    found.register(schema("m:"), Machine, "reset")
    assert {found.dump(Machine(), kind).subject for kind in ("access", "reset")} == {"m:1"}


def test_a_schema_that_grows_out_of_another_keeps_its_prefix() -> None:
    base = schema("m:")
    bare = type("BareClaims", (base,), {"Meta": type("Meta", (), {})})

    assert type("GrownClaims", (base,), {}).subject_prefix == "m:"
    assert bare.subject_prefix == ""


def test_the_schema_sees_the_bare_id_and_the_token_the_whole() -> None:
    found = registered((User, None), (Machine, "m:"))
    dumped = found.dump(Machine("7"), "access")

    assert dumped.subject == "m:7"
    assert found.load({"sub": "m:7", "schema": dumped.schema}, "access").sub == "7"


def test_an_upgrade_sees_the_bare_id_too() -> None:
    class GrownClaims(ClaimSchema):
        sub = fields.String(attribute="number", required=True)

        class Meta:
            version = 2
            subject_prefix = "m:"

        def upgrade(self, claims: dict[str, Any], version: int) -> dict[str, Any]:
            return {"sub": f"{claims['sub']} of {version}"}

    found = SchemaRegistry()
    found.register(GrownClaims, Machine)
    assert found.load({"sub": "m:7", "schema": "GrownClaims"}, "access").sub == "7 of 1"


def both() -> SchemaRegistry:
    found = SchemaRegistry()
    found.register(schema(None, "user"), User)
    found.register(schema("m:", "machine"), Machine)
    return found


def only_machines() -> SchemaRegistry:
    found = SchemaRegistry()
    found.register(schema("m:", "machine"), Machine)
    return found


READ = [
    pytest.param(both, {"sub": "1", "schema": "user"}, "1", id="a user"),
    pytest.param(both, {"sub": "m:1", "schema": "machine"}, "1", id="a machine"),
    pytest.param(both, {"sub": "m:m:1", "schema": "machine"}, "m:1", id="a machine called m:1"),
    pytest.param(both, {"sub": "M:1", "schema": "user"}, "M:1", id="another case"),
    pytest.param(only_machines, {"sub": "m:1", "schema": "machine"}, "1", id="the only type"),
    pytest.param(only_machines, {"sub": "1"}, "1", id="text beside the only type"),
]
NOT_READ = [
    pytest.param(both, {"sub": "m:1", "schema": "user"}, id="a user called m:1"),
    pytest.param(both, {"sub": "1", "schema": "machine"}, id="a machine without its prefix"),
    pytest.param(both, {"sub": "m:", "schema": "machine"}, id="nothing but a prefix"),
    pytest.param(both, {"sub": "m:1"}, id="without schema"),
    pytest.param(both, {"sub": "1"}, id="without schema or prefix"),
    pytest.param(only_machines, {"sub": "m:1"}, id="without schema, of the only type"),
    pytest.param(only_machines, {"sub": "1", "schema": "machine"}, id="the only one without"),
    pytest.param(only_machines, {"sub": "m:1", "schema": "x"}, id="of no schema"),
]


@pytest.mark.parametrize("kind", ["access", "refresh", "reset"])
@pytest.mark.parametrize(("make", "claims", "number"), READ)
def test_a_subject_that_fits_its_schema_is_read(
    make: Any, claims: Any, number: str, kind: str
) -> None:
    found = make().load(claims, kind)

    assert getattr(found, "sub", found) == number


@pytest.mark.parametrize("kind", ["access", "refresh", "reset"])
@pytest.mark.parametrize(("make", "claims"), NOT_READ)
def test_a_subject_that_does_not_is_refused(make: Any, claims: Any, kind: str) -> None:
    with pytest.raises(InvalidTokenError):
        make().load(claims, kind)


def test_a_prefix_counts_for_kinds_that_its_type_has_no_tokens_of() -> None:
    found = SchemaRegistry()
    found.register(schema("m:"), Machine, "job")

    assert found.load({"sub": "1"}, "access") == "1"
    for claims in ({"sub": "m:1"}, {"sub": "m:1", "schema": "x"}):
        with pytest.raises(InvalidTokenError):
            found.load(claims, "access")


@pytest.mark.parametrize("user", [User("m:1"), User("m:")])
def test_a_user_who_would_be_a_machine_gets_no_token(user: Any) -> None:
    with pytest.raises(ForeignSubjectError, match="prefix of another type"):
        both().dump(user, "access")
    with pytest.raises(ForeignSubjectError):
        both().subject_of(user)
    assert both().dump(User("m"), "access").subject == "m"


@pytest.mark.parametrize("user", ["m:1", Name("m:1")])
def test_text_that_would_be_a_machine_gets_no_token(user: Any) -> None:
    with pytest.raises(ForeignSubjectError):
        only_machines().dump(user, "access")
    assert only_machines().dump("m1", "access").subject == "m1"


def test_a_bare_subject_is_signed_only_where_it_can_be_read_back() -> None:
    with pytest.raises(IssueError, match="pass an object that a schema describes"):
        both().dump("1", "access")
    alone = registered((User, None))
    assert alone.dump("1", "access").subject == "1"
    assert alone.load({"sub": "1"}, "access").sub == "1"


SUBJECTS = [
    pytest.param("u1", "u1", id="text"),
    pytest.param("m:1", "m:1", id="text that was read from a token"),
    pytest.param(7, "7", id="a number"),
    pytest.param(uuid.UUID(int=1), str(uuid.UUID(int=1)), id="a UUID"),
    pytest.param(User("1"), "1", id="an object"),
    pytest.param(Admin("1"), "1", id="of a subclass"),
    pytest.param(Machine("1"), "m:1", id="of a type with a prefix"),
    pytest.param(Robot("1"), "m:1", id="of a subclass of it"),
]


@pytest.mark.parametrize(("user", "subject"), SUBJECTS)
def test_whoever_can_log_in_has_a_subject(user: Any, subject: str) -> None:
    assert both().subject_of(user) == subject


@pytest.mark.parametrize(
    "user", [None, "", True, 1.5, {}, {"sub": "u1"}, object(), User, User(None), User("")]
)
def test_what_is_no_user_has_no_subject(user: Any) -> None:
    with pytest.raises(TypeError):
        both().subject_of(user)


def test_a_subject_asks_for_nothing_else_of_the_object() -> None:
    found = SchemaRegistry()
    found.register(schema(roles=fields.Function(lambda user: 1 / 0)), User)
    found.register(schema("m:"), Machine, "job")

    assert found.subject_of(User("1")) == "1"
    assert found.subject_of(Machine("1")) == "m:1"


#: Each type with its prefix; of the first two pairs the second is a subclass of the first.
TYPES = {User: None, Admin: None, Machine: "machine:", Robot: "machine:", Probe: "mach:"}
RING = KeyRing(KEY)


def world() -> SchemaRegistry:
    """Return a registry with several schemas for each type."""
    found = SchemaRegistry()
    for user_type, prefix in TYPES.items():
        found.register(schema(prefix, user_type.__name__), user_type)
        found.register(schema(prefix, f"{user_type.__name__}Reset"), user_type, "reset")
    return found


WORLD = world()
ids = st.one_of(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
    ),
    st.integers(0, 3).map(str),
    st.sampled_from(["machine:1", "machine:", "machine:mach:1", "mach:1", "Machine:1", "machine"]),
)
users = st.builds(lambda cls, number: cls(number), st.sampled_from(list(TYPES)), ids)


def family(user: Any) -> str | None:
    return TYPES[type(user)]


def subject_or_none(user: Any, kind: str) -> str | None:
    try:
        return WORLD.dump(user, kind).subject
    except IssueError:
        return None


@given(users, users, st.sampled_from(["access", "reset", "job"]))
def test_users_of_different_types_have_different_subjects(one: Any, other: Any, kind: str) -> None:
    subjects = subject_or_none(one, kind), subject_or_none(other, kind)
    assume(None not in subjects)

    is_one = family(one) == family(other) and one.number == other.number
    assert (subjects[0] == subjects[1]) is is_one


def verifier(identity_claim: str) -> Verifier:
    rules = ClaimRules(identity_claim=identity_claim)
    clock = StandingClock(NOW)
    return Verifier(ring=RING, rules=rules, clock=clock, load_principal=WORLD.load)


@given(users, st.sampled_from(["access", "reset", "job"]), st.sampled_from(["sub", "uid"]))
def test_what_is_issued_gives_back_the_type_and_the_id(user: Any, kind: str, claim: str) -> None:
    assume(subject_or_none(user, kind) is not None)
    dumped = WORLD.dump(user, kind)
    signer = Signer(RING, SigningRules(identity_claim=claim))
    issued = signer.sign(
        TokenRequest(kind, dumped.subject, NOW, 60, dumped.claims, schema=dumped.schema)
    )
    token = verifier(claim).verify(issued.encoded, kinds=frozenset({kind}))

    assert token.principal.sub == user.number
    assert str(token.claims["schema"]).startswith(type(user).__name__)
    assert token.subject == WORLD.subject_of(user)


@given(users, users)
def test_no_subject_is_read_by_the_schema_of_another_type(one: Any, other: Any) -> None:
    """Whatever a token says that somebody could make of the parts of two others."""
    assume(family(one) != family(other) and subject_or_none(one, "access") is not None)
    subject, reference = WORLD.dump(one, "access").subject, type(other).__name__

    with pytest.raises(InvalidTokenError):
        WORLD.load({"sub": subject, "schema": reference}, "access")
