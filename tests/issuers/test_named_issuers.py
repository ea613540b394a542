"""A policy that names an issuer whom nobody trusts is a mistake, and is found before any token."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from jwtpolicy import (
    OWN,
    AccessRequest,
    Anonymous,
    AtLeast,
    HasRole,
    IssuedBy,
    JWTManager,
    Outcome,
    Policy,
    When,
    protect,
)
from jwtpolicy.exceptions import PolicyDefinitionError, SetupError
from tests.support.issuers import URL, application, foreign, issuer, status

TYPO = URL + "/"


def written(name: str) -> list[Policy]:
    """Return policies with this name in every place that one may have."""
    named = IssuedBy(name)
    return [
        named,
        IssuedBy(OWN, name),
        IssuedBy(OWN) & ~named | IssuedBy(OWN),
        When(named).then(HasRole("admin")) & IssuedBy(OWN),
        IssuedBy(OWN) & When(HasRole("admin")).then(named),
        AtLeast(1, IssuedBy(OWN), named),
    ]


@pytest.mark.parametrize("policy", written(TYPO), ids=str)
def test_an_issuer_that_is_not_trusted_is_a_mistake(policy: Policy) -> None:
    app, _ = application(policy, issuers=(issuer(),))

    with pytest.raises(PolicyDefinitionError, match=f"trusted are {URL}"):
        app.test_client().get("/")


@pytest.mark.parametrize("policy", written(URL), ids=str)
def test_one_that_is_trusted_is_none(policy: Policy) -> None:
    app, jwt = application(policy, issuers=(issuer(),))
    with app.app_context():
        own = jwt.issue("ada", claims={"roles": ["author"]})

    assert 200 in (status(app, own), status(app, foreign()))


def test_where_nobody_is_trusted_the_mistake_says_how_to() -> None:
    app, _ = application(IssuedBy(URL))

    with pytest.raises(PolicyDefinitionError, match=r"nobody is trusted.*jwt\.trust\("):
        app.test_client().get("/")


def test_the_url_of_the_application_itself_is_a_mistake_that_names_own() -> None:
    own = "https://api.example.com"
    app, _ = application(IssuedBy(own), issuers=(issuer(),), JWT_ENCODE_ISSUER=own)

    with pytest.raises(PolicyDefinitionError, match=r"IssuedBy\(OWN\)"):
        app.test_client().get("/")


def test_another_issuer_object_of_the_same_url_is_a_mistake() -> None:
    """It may have another audience, which would not be asked for."""
    app, _ = application(IssuedBy(issuer()), issuers=(issuer(),))

    with pytest.raises(PolicyDefinitionError, match="another Issuer of this URL"):
        app.test_client().get("/")


def test_the_trusted_issuer_object_is_accepted() -> None:
    trusted = issuer()
    app, _ = application(IssuedBy(trusted), issuers=(trusted,))

    assert status(app, foreign()) == 200


def test_an_issuer_object_that_is_not_trusted_is_a_mistake() -> None:
    app, _ = application(IssuedBy(issuer(TYPO)), issuers=(issuer(),))

    with pytest.raises(PolicyDefinitionError, match="trusted are"):
        app.test_client().get("/")


def test_the_baseline_is_checked_too() -> None:
    app, _ = application(manager=JWTManager(baseline=~IssuedBy(TYPO)), issuers=(issuer(),))

    with pytest.raises(PolicyDefinitionError, match="trusted are"):
        app.test_client().get("/")


@pytest.mark.parametrize(
    ("name", "is_mistake"), [(TYPO, True), (URL, False)], ids=["not trusted", "trusted"]
)
def test_what_explain_is_asked_about_is_checked(name: str, is_mistake: bool) -> None:
    app, jwt = application(issuers=(issuer(),))
    with app.app_context():
        token = jwt.issue("ada")
        assert raises(lambda: jwt.explain(~IssuedBy(name), token)) is is_mistake


@pytest.mark.parametrize("is_guarded", [True, False], ids=["behind a guard", "without a guard"])
def test_what_enforce_is_given_is_checked(is_guarded: bool) -> None:
    app, jwt = application(issuers=(issuer(),))

    def inner() -> list[bool]:
        return [raises(partial(jwt.enforce, IssuedBy(OWN, name))) for name in (TYPO, URL)]

    app.add_url_rule("/inner", view_func=protect()(inner) if is_guarded else inner)
    with app.app_context():
        headers = {"Authorization": f"Bearer {jwt.issue('ada')}"}

    assert app.test_client().get("/inner", headers=headers).json == [True, False]


def raises(asking: Callable[[], object]) -> bool:
    """Whether *asking* is a mistake of set-up."""
    try:
        asking()
    except SetupError:
        return True
    return False


def test_a_negation_excludes_one_issuer_and_nobody_else() -> None:
    app, jwt = application(IssuedBy(OWN, URL) & ~IssuedBy(URL), issuers=(issuer(),))
    with app.app_context():
        own = jwt.issue("ada")

    assert (status(app, own), status(app, foreign())) == (200, 403)


def test_a_condition_asks_the_tokens_of_one_issuer_for_more() -> None:
    policy = IssuedBy(OWN, URL) & When(IssuedBy(URL)).then(HasRole("admin"))
    app, jwt = application(policy, issuers=(issuer(roles="groups"),))
    with app.app_context():
        own = jwt.issue("ada")
    others = [foreign(groups=groups) for groups in (["admin"], ["author"])]

    assert [status(app, one) for one in (own, *others)] == [200, 200, 403]


@pytest.mark.parametrize("names", [(), ("",), (5,), (None,), (URL, b"x")], ids=str)
def test_what_names_no_issuer_is_a_mistake_at_once(names: tuple[Any, ...]) -> None:
    with pytest.raises(PolicyDefinitionError, match=r"or OWN"):
        IssuedBy(*names)


@pytest.mark.parametrize("policy", [IssuedBy(OWN), ~IssuedBy(OWN)], ids=str)
def test_without_a_token_it_asks_for_one(policy: Policy) -> None:
    assert policy.evaluate(AccessRequest()).outcome is Outcome.NO_TOKEN


def test_it_prints_as_it_is_written() -> None:
    assert repr(IssuedBy(OWN, URL)) == f"IssuedBy(OWN, {URL!r})"


def test_an_issuer_prints_as_its_url_so_that_two_are_told_apart() -> None:
    assert repr(IssuedBy(issuer())) == f"IssuedBy({URL!r})"


def test_a_dry_run_explains_with_the_program_that_has_let_the_token_in() -> None:
    app, jwt = application(IssuedBy(OWN, URL) | Anonymous(), issuers=(issuer(),))
    with app.app_context():
        tokens = [foreign(), jwt.issue("ada"), None]
        found = [jwt.explain("GET", "/", token=token).decision for token in tokens]

    assert [str(one.outcome) for one in found if one is not None] == ["ALLOW"] * 3
