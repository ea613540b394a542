"""Where tokens of the only issuer count as own, they are asked what they are asked elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy import Access, Fresh, IsSubject, IssuedBy, KnownUser, Policy, Token
from tests.support.issuers import URL, application, foreign, issuer, status


def nobody(token: Token) -> None:
    return None


async def nobody_async(token: Token) -> None:
    return None


def ada_alone(token: Token) -> str | None:
    return token.subject if token.subject == "ada" else None


@pytest.mark.parametrize(
    ("rule", "arguments", "claims", "expected"),
    [
        pytest.param(Access(), {}, {}, 200, id="a token"),
        pytest.param(Access(), {"user_loader": ada_alone}, {}, 200, id="a user"),
        pytest.param(Access(), {"user_loader": nobody}, {}, 401, id="a deleted user"),
        pytest.param(Access(), {"user_loader": nobody_async}, {}, 401, id="by an async loader"),
        pytest.param(Access(), {"user_loader": ada_alone}, {"sub": "bob"}, 401, id="another"),
        pytest.param(KnownUser(), {"user_loader": nobody}, {}, 401, id="KnownUser"),
        pytest.param(Access(), {"max_age": 60}, {"iat": 1}, 401, id="an old token"),
        pytest.param(Fresh(), {}, {"fresh": True}, 401, id="fresh by itself"),
        pytest.param(Access(), {}, {"type": "refresh"}, 200, id="a kind of its own"),
        pytest.param(IsSubject("name"), {}, {"sub": "web"}, 401, id="a machine"),
    ],
)
def test_a_token_that_counts_as_own_is_no_more_than_one_that_is_named(
    rule: Policy, arguments: dict[str, Any], claims: dict[str, Any], expected: int
) -> None:
    counting, _ = application(rule, issuers=(issuer(**arguments),), own=False)
    named, _ = application(IssuedBy(URL) & rule, issuers=(issuer(**arguments),))

    assert status(counting, foreign(**claims)) == expected
    assert status(named, foreign(**claims)) == expected
