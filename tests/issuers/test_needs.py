"""What a part asks for and no token of its issuer has is an error when the application starts."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema

from jwtpolicy import (
    OWN,
    Access,
    ClaimsMatch,
    IssuedBy,
    KnownUser,
    NotRevoked,
    Policy,
    SingleUse,
    protect,
    user,
)
from jwtpolicy.exceptions import ConfigurationError, PolicyDefinitionError, SetupError
from tests.support.issuers import URL, application, foreign, issuer, status
from tests.support.requests import bearer
from tests.support.sharing import name_of

ABROAD = IssuedBy(URL)
READS = ClaimsMatch(sub=user("name"))


def load(token: Any) -> Any:
    return {"name": token.subject}


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    ("policy", "arguments", "why"),
    [
        (ABROAD & SingleUse(), {"requires_jti": False}, "need no jti"),
        (ABROAD & ~SingleUse(), {"requires_jti": False}, "need no jti"),
        ((ABROAD | IssuedBy(OWN)) & SingleUse(), {"requires_jti": False}, "need no jti"),
        (ABROAD & KnownUser(), {}, "has no user_loader"),
        (ABROAD & (Access() | KnownUser()), {}, "has no user_loader"),
        (ABROAD & READS, {}, "neither a user_loader nor a schema"),
    ],
    ids=name_of,
)
def test_a_part_that_names_the_issuer_is_refused(
    policy: Policy, arguments: dict[str, Any], why: str, own: bool
) -> None:
    app, _ = application(policy, issuers=(issuer(**arguments),), own=own)

    with pytest.raises(PolicyDefinitionError, match=f"GET view: .*{why}"):
        status(app, foreign())


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("policy", [SingleUse(), KnownUser(), READS], ids=name_of)
def test_a_view_that_enforces_it_is_told_as_a_guard_is(policy: Policy, own: bool) -> None:
    app, jwt = application(issuers=(issuer(requires_jti=False),), own=own)
    asked = ABROAD & policy if own else policy

    @app.get("/asking")
    @protect(ABROAD)
    def asking() -> str:
        jwt.enforce(asked)
        return "in"

    with pytest.raises(PolicyDefinitionError, match=f"enforce: .*{URL}"):
        app.test_client().get("/asking", headers=bearer(foreign()))
    with app.app_context(), pytest.raises(PolicyDefinitionError, match=f"explain: .*{URL}"):
        jwt.explain(asked, foreign())


@pytest.mark.parametrize("policy", [SingleUse(), KnownUser(), READS], ids=name_of)
def test_where_its_tokens_count_as_own_every_part_takes_them(policy: Policy) -> None:
    app, _ = application(policy, issuers=(issuer(requires_jti=False),), own=False)

    with pytest.raises(PolicyDefinitionError, match=URL):
        status(app, foreign())


@pytest.mark.parametrize(
    ("policy", "arguments", "answer"),
    [
        (ABROAD & SingleUse(), {}, 200),
        (ABROAD & KnownUser(), {"user_loader": load}, 200),
        (ABROAD & READS, {"user_loader": load}, 200),
        (ABROAD & READS, {"schema": Schema}, 403),
        (ABROAD | SingleUse(), {"requires_jti": False}, 200),
        (ABROAD | KnownUser(), {}, 200),
        (IssuedBy(OWN) & KnownUser() & SingleUse(), {"requires_jti": False}, 401),
        (~ABROAD & SingleUse(), {"requires_jti": False}, 401),
        (ABROAD & NotRevoked(), {"requires_jti": False}, 200),
    ],
    ids=name_of,
)
def test_what_its_tokens_have_may_be_asked(
    policy: Policy, arguments: dict[str, Any], answer: int
) -> None:
    app, _ = application(policy, issuers=(issuer(**arguments),))

    assert status(app, foreign()) == answer


def test_the_baseline_asks_for_users_without_an_error() -> None:
    app, jwt = application(ABROAD, issuers=(issuer(),))
    jwt.user_loader(load)

    assert status(app, foreign()) == 200


def test_a_call_of_enforce_is_checked_as_a_guard() -> None:
    app, jwt = application(ABROAD, issuers=(issuer(),))

    with app.test_request_context(), pytest.raises(SetupError, match="enforce: KnownUser"):
        jwt.enforce(ABROAD & KnownUser())


@pytest.mark.parametrize("own", [True, False])
def test_a_loader_that_nobody_would_call_is_an_error(own: bool) -> None:
    app, jwt = application(ABROAD, issuers=(issuer(),), own=own)
    jwt.user_loader(load)

    if own:
        assert status(app, foreign()) == 200
        return
    with pytest.raises(ConfigurationError, match=f"user_loader= to the Issuer of {URL}"):
        status(app, foreign())
