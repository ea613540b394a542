"""A user of one issuer is never taken for a user of another, nor for a local one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Blueprint
from marshmallow import fields

from jwtpolicy import (
    OWN,
    Access,
    AtLeast,
    ClaimSchema,
    ClaimsMatch,
    HasRole,
    IsSubject,
    IssuedBy,
    JWTManager,
    Owns,
    Policy,
    Refresh,
    ResourceMatch,
    claim,
    protect,
    view_arg,
)
from jwtpolicy.exceptions import (
    ForeignSubjectError,
    LoginFailedError,
    PolicyDefinitionError,
    SetupError,
)
from tests.support.issuers import URL, application, foreign, issuer, public, status
from tests.support.requests import bearer

OTHER = "https://other.example.com"
BOTH = IssuedBy(OWN, URL)

#: Leaves about the subject; their parts must not take users of two issuers as one.
ABOUT_SUBJECTS = [
    IsSubject("name"),
    Owns("owner"),
    ClaimsMatch(sub=view_arg("name")),
    ClaimsMatch(sub="ada"),
    ClaimsMatch({"owner": claim("sub")}),
    ResourceMatch(owner=claim("sub")),
]


def is_mistake(
    *policies: Policy, prefix: str = "", others: str | None = None, **settings: str
) -> bool:
    """Whether these policies are a mistake where one issuer has *prefix*, and another *others*."""
    trusted = [issuer(subject_prefix=prefix)]
    if others is not None:
        trusted.append(issuer(OTHER, subject_prefix=others))
    app, jwt = application(issuers=tuple(trusted), **settings)
    blueprint = Blueprint("names", __name__)
    own, *outer = policies
    for one in outer:
        jwt.protect_blueprint(blueprint, one)
    blueprint.get("/<name>")(protect(own, resource=lambda name: None)(lambda name: name))
    app.register_blueprint(blueprint)
    try:
        app.test_client().get("/ada")
    except PolicyDefinitionError as error:
        return "subject_prefix=" in str(error)
    return False


@pytest.mark.parametrize("leaf", ABOUT_SUBJECTS, ids=str)
def test_a_part_about_the_subject_that_takes_two_issuers_is_a_mistake(leaf: Policy) -> None:
    assert is_mistake(BOTH & leaf)
    assert is_mistake(BOTH & ~leaf)
    assert not is_mistake(BOTH & leaf, prefix="login:")


@pytest.mark.parametrize(
    "leaf",
    [HasRole("admin"), ClaimsMatch(owner=view_arg("name")), ResourceMatch(sub="ada")],
    ids=str,
)
def test_a_part_about_something_else_may_take_both(leaf: Policy) -> None:
    assert not is_mistake(BOTH & leaf)


@pytest.mark.parametrize(
    "leaf",
    [ClaimsMatch(uid=view_arg("name")), ResourceMatch(owner=claim("uid"))],
    ids=str,
)
def test_the_identity_claim_is_the_subject_by_another_name(leaf: Policy) -> None:
    assert is_mistake(BOTH & leaf, JWT_IDENTITY_CLAIM="uid")
    assert not is_mistake(BOTH & leaf, prefix="login:", JWT_IDENTITY_CLAIM="uid")


def test_an_issuer_cannot_name_an_own_user_in_the_identity_claim() -> None:
    rule, settings = ClaimsMatch(uid="bob"), {"JWT_IDENTITY_CLAIM": "uid"}
    app, _ = application(IssuedBy(URL) & rule, issuers=(issuer(),), **settings)

    assert status(app, foreign(uid="bob")) == 403
    assert status(app, foreign(sub="bob")) == 200


OWNS = Owns("owner")


@pytest.mark.parametrize(
    ("levels", "mistaken"),
    [
        ([OWNS], False),
        ([IssuedBy(URL) & OWNS], False),
        ([IssuedBy(URL) | OWNS], False),
        ([IssuedBy(URL) & OWNS | OWNS], False),
        ([(IssuedBy(URL) | HasRole("admin")) & OWNS], True),
        ([BOTH & ~IssuedBy(URL) & OWNS], False),
        ([BOTH & ~IssuedBy(OWN) & OWNS], False),
        ([BOTH & (IssuedBy(OWN) & OWNS | IssuedBy(URL))], False),
        ([BOTH & (OWNS | HasRole("admin"))], True),
        ([OWNS, BOTH], False),
        ([BOTH & OWNS, IssuedBy(URL)], False),
        ([BOTH & OWNS, BOTH], True),
        ([AtLeast(1, BOTH & OWNS, IssuedBy(OWN))], True),
        ([AtLeast(2, BOTH & OWNS, IssuedBy(OWN))], False),
        ([(BOTH | Refresh()) & Refresh() & OWNS], False),
        ([(BOTH | ~Access()) & OWNS], True),
    ],
    ids=str,
)
def test_only_issuers_that_can_reach_the_leaf_count(levels: list[Policy], mistaken: bool) -> None:
    assert is_mistake(*levels) is mistaken


@pytest.mark.parametrize(
    ("prefix", "others", "mistaken"),
    [("", "", True), ("a:", "", True), ("", "b:", True), ("a:", "b:", False)],
)
def test_two_other_issuers_need_a_prefix_each(prefix: str, others: str, mistaken: bool) -> None:
    policy = IssuedBy(URL, OTHER) & OWNS

    assert is_mistake(policy, prefix=prefix, others=others) is mistaken


def test_the_baseline_counts_as_part_of_each_level() -> None:
    jwt: JWTManager = JWTManager(baseline=~ClaimsMatch(sub="mallory"))
    app, _ = application(BOTH, manager=jwt, issuers=(issuer(),))

    with pytest.raises(PolicyDefinitionError, match="subject_prefix="):
        app.test_client().get("/")


def test_where_the_only_issuer_counts_as_own_there_is_nobody_to_confuse() -> None:
    app, _ = application(BOTH & ClaimsMatch(sub="ada"), issuers=(issuer(),), own=False)

    assert status(app, foreign()) == 200


@pytest.mark.parametrize("is_guarded", [True, False], ids=["behind a guard", "without a guard"])
def test_enforce_is_checked_likewise(is_guarded: bool) -> None:
    app, jwt = application(issuers=(issuer(),))

    def inner() -> str:
        jwt.enforce(BOTH & OWNS, resource={"owner": "ada"})
        return "in"

    app.add_url_rule("/inner", view_func=protect()(inner) if is_guarded else inner)
    with app.app_context():
        headers = bearer(jwt.issue("ada"))

    with pytest.raises(PolicyDefinitionError, match="subject_prefix="):
        app.test_client().get("/inner", headers=headers)


# Prefixes


@pytest.mark.parametrize("prefix", ["a", "ab", "abc"])
def test_a_prefix_that_begins_another_is_a_mistake(prefix: str) -> None:
    jwt: JWTManager = JWTManager()
    jwt.trust(issuer(subject_prefix="ab"))

    with pytest.raises(SetupError, match="neither may begin with the other"):
        jwt.trust(issuer(OTHER, subject_prefix=prefix))


@pytest.mark.parametrize("prefix", ["", "b", "ba"])
def test_another_prefix_is_none(prefix: str) -> None:
    jwt: JWTManager = JWTManager()
    jwt.trust(issuer(subject_prefix="ab"))

    jwt.trust(issuer(OTHER, subject_prefix=prefix))


class MachineClaims(ClaimSchema):
    sub = fields.String(required=True)

    class Meta:
        subject_prefix = "machine:"


class Machine:
    """Something with a subject."""

    sub = "1"


@pytest.mark.parametrize(("prefix", "mistaken"), [("machine:", True), ("ma", True), ("m-", False)])
@pytest.mark.parametrize("is_schema_first", [True, False], ids=["schema first", "issuer first"])
def test_the_prefix_of_a_type_of_users_is_taken(
    prefix: str, mistaken: bool, is_schema_first: bool
) -> None:
    jwt: JWTManager = JWTManager()
    steps: list[Callable[[], object]] = [
        lambda: jwt.claims_for(Machine)(MachineClaims),
        lambda: jwt.trust(issuer(subject_prefix=prefix)),
    ]
    first, second = steps if is_schema_first else reversed(steps)
    first()

    if mistaken:
        with pytest.raises(SetupError, match="neither may begin with the other"):
            second()
    else:
        second()


def test_nobody_gets_a_token_whose_name_is_that_of_another_issuers_user() -> None:
    app, jwt = application(issuers=(issuer(subject_prefix="login:"),))

    with app.app_context():
        with pytest.raises(ForeignSubjectError):
            jwt.issue("login:ada")
        with pytest.raises(LoginFailedError):
            jwt.login("login:ada")
        assert jwt.login("login").refresh_token is not None


def test_an_own_token_with_such_a_name_is_refused() -> None:
    """It may have been issued before the issuer was trusted."""
    before, old = application()
    app, _ = application(issuers=(issuer(subject_prefix="login:"),))
    with before.app_context():
        tokens = [str(old.issue(name)) for name in ("login:ada", "ada")]

    assert [status(app, one) for one in tokens] == [401, 200]


def test_another_issuers_user_cannot_have_the_name_of_a_third_ones() -> None:
    policy = IssuedBy(OTHER) & ClaimsMatch(sub=view_arg("name"))
    others = issuer(OTHER, keys=[public("other")])
    app, _ = application(issuers=(issuer(subject_prefix="login:"), others))
    app.get("/<name>")(protect(policy)(lambda name: name))

    def answer(subject: str) -> int:
        token = foreign(name="other", iss=OTHER, sub=subject)
        return app.test_client().get(f"/{subject}", headers=bearer(token)).status_code

    assert [answer(subject) for subject in ("login:ada", "ada")] == [401, 200]


def test_another_issuers_user_is_no_machine_of_our_own() -> None:
    jwt: JWTManager = JWTManager()
    jwt.claims_for(Machine)(MachineClaims)
    app, _ = application(IssuedBy(URL), manager=jwt, issuers=(issuer(),))

    assert [status(app, foreign(sub=sub)) for sub in ("machine:1", "1")] == [401, 200]


def test_a_prefix_keeps_users_of_the_same_name_apart() -> None:
    app, jwt = application(issuers=(issuer(subject_prefix="login:"),))
    app.get("/<name>")(protect(BOTH & IsSubject("name"))(lambda name: name))
    with app.app_context():
        own = str(jwt.issue("ada"))

    def answers(token: str) -> list[int]:
        ask = app.test_client().get
        return [ask(f"/{n}", headers=bearer(token)).status_code for n in ("ada", "login:ada")]

    assert (answers(own), answers(foreign())) == ([200, 403], [403, 200])
