"""A token of another issuer passes where a policy names its issuer, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy import (
    OWN,
    Access,
    AccessRequest,
    Fresh,
    HasRole,
    HasScope,
    IssuedBy,
    IssuerResolver,
    JWTManager,
    Policy,
    SingleUse,
    protect,
)
from jwtpolicy.exceptions import NotATokenError, SetupError
from jwtpolicy.policy.request import PolicySettings
from tests.support.issuers import URL, application, foreign, issuer, status


def test_a_policy_that_names_the_issuer_accepts_its_token() -> None:
    app, _ = application(IssuedBy(URL), issuers=(issuer(),))

    assert status(app, foreign()) == 200


@pytest.mark.parametrize(
    "policy",
    [Access(), IssuedBy(OWN), ~IssuedBy(URL), HasRole("admin") | IssuedBy(OWN), ~HasScope("x")],
    ids=str,
)
def test_a_policy_that_does_not_name_it_refuses_its_token(policy: Policy) -> None:
    app, _ = application(policy, issuers=(issuer(),))

    assert status(app, foreign(roles=["admin"])) == 401


def test_own_tokens_pass_as_before() -> None:
    app, jwt = application(issuers=(issuer(),))
    with app.app_context():
        encoded = jwt.issue("ada")

    assert status(app, encoded) == 200


def test_a_part_that_names_the_issuer_refuses_own_tokens() -> None:
    app, jwt = application(IssuedBy(URL), issuers=(issuer(),))
    with app.app_context():
        encoded = jwt.issue("ada")

    assert status(app, encoded) == 401


def test_the_only_issuer_of_an_application_without_keys_counts_as_own() -> None:
    app, _ = application(Access(), issuers=(issuer(),), own=False)

    assert status(app, foreign()) == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"fresh": True},
        {"type": "refresh"},
        {"roles": ["admin"]},
        {"auth_time": 9_000_000_000},
    ],
    ids=str,
)
def test_claims_of_ours_mean_nothing_from_abroad(claims: dict[str, Any]) -> None:
    app, _ = application(IssuedBy(URL) & (Fresh() | HasRole("admin")), issuers=(issuer(),))

    assert status(app, foreign(**claims)) in (401, 403)


@pytest.mark.parametrize(
    ("claims", "answer"),
    [
        ({}, 200),
        ({"nonce": "n"}, 401),
        ({"media_type": None}, 401),
        ({"media_type": "logout+jwt"}, 401),
        ({"typ": "ID"}, 401),
        ({"typ": "Bearer"}, 200),
        ({"aud": "https://other.example"}, 401),
        ({"aud": "web"}, 401),
        ({"iat": None}, 401),
        ({"exp": 1}, 401),
        ({"cnf": {"jkt": "x"}}, 401),
        ({"jti": None}, 401),
        ({"scope": 5}, 401),
    ],
    ids=str,
)
def test_what_is_no_access_token_is_refused(claims: dict[str, Any], answer: int) -> None:
    app, _ = application(IssuedBy(URL), issuers=(issuer(),))

    assert status(app, foreign(**claims)) == answer


def test_a_type_error_says_what_to_write() -> None:
    with pytest.raises(Exception, match=r"jwt\.trust\(Issuer"):
        JWTManager().trust(URL)  # type: ignore[arg-type] # the mistake


def test_the_log_says_whose_a_token_is_that_nobody_trusts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "jwtpolicy")
    app, _ = application(IssuedBy(URL), issuers=(issuer(),))

    assert status(app, foreign(iss=f"{URL}/")) == 401
    assert f"its iss, '{URL}/', is no trusted issuer" in caplog.text


def test_of_an_id_token_the_log_says_that_it_is_no_access_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An ID token has no ``jti`` either, and to demand none would let it in no more."""
    caplog.set_level("INFO", "jwtpolicy")
    app, _ = application(IssuedBy(URL), issuers=(issuer(),))

    assert status(app, foreign(media_type=None, jti=None)) == 401
    assert "nothing says that it is an access token" in caplog.text


def test_a_token_of_another_issuer_is_revoked_by_what_verify_returns() -> None:
    app, jwt = application(issuers=(issuer(),), own=False)
    with (
        app.app_context(),
        pytest.raises(NotATokenError, match=r"pass jwt\.verify\(encoded"),
    ):
        jwt.revoke(foreign())


def test_an_issuer_is_trusted_once_and_not_with_other_arguments() -> None:
    jwt: JWTManager[Any] = JWTManager()
    first = issuer(subject_prefix="a:")
    for one in (first, issuer("https://other.example", subject_prefix="b:"), first):
        jwt.trust(one)

    with pytest.raises(SetupError, match="is trusted already, with other arguments"):
        jwt.trust(issuer())


def test_an_own_token_of_a_client_is_a_machines() -> None:
    app, jwt = application(issuers=(issuer(),))
    with app.app_context():
        tokens = [
            jwt.verify(jwt.issue("cron", claims={"client_id": one})) for one in ("cron", "web")
        ]

    assert [token.is_machine for token in tokens] == [True, False]


def test_a_token_without_an_id_cannot_be_used_up() -> None:
    app, jwt = application(IssuedBy(URL), issuers=(issuer(requires_jti=False),))
    with app.app_context():
        token = jwt.verify(foreign(jti=None), issuer=URL)

    assert not SingleUse().evaluate(AccessRequest(token=token))


def test_subjects_of_tenants_have_a_prefix_that_no_own_subject_has() -> None:
    tenants = IssuerResolver(lambda url: None, audience="api", subject_prefix="tenant:")

    assert PolicySettings(resolver=tenants).reserved_prefixes == ("tenant:",)
    assert PolicySettings().reserved_prefixes == ()


def test_a_policy_of_a_view_is_closed_to_others_once_and_each_token_is_judged() -> None:
    app, jwt = application(IssuedBy(URL, OWN), issuers=(issuer(),))
    policy = IssuedBy(URL) & HasScope("read") | HasScope("own")
    app.add_url_rule("/in", "in", protect(IssuedBy(URL, OWN))(lambda: jwt.enforce(policy) or "in"))
    with app.app_context():
        tokens = [foreign(scope="read"), foreign(scope="own"), jwt.issue("ada", scope="own")]
    client = app.test_client()
    sent = [{"Authorization": f"Bearer {token}"} for token in tokens * 2]

    assert [client.get("/in", headers=one).status_code for one in sent] == [200, 401, 200] * 2
    assert app.extensions["jwtpolicy"].enforcement._closed.cache_info().misses == 1
