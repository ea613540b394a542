"""A stream that asks again ends when the token would not be accepted any more by its issuer."""

from __future__ import annotations

import time
from typing import Any

import pytest

from jwtpolicy import Access, IssuedBy, JWTManager, protect
from jwtpolicy.exceptions import ExpiredTokenError
from tests.support.clocks import StandingClock
from tests.support.issuers import URL, application, foreign, issuer
from tests.support.requests import bearer

ASKED = IssuedBy(URL) & Access()


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    ("arguments", "leeway", "seconds", "is_over"),
    [
        pytest.param({}, 0, 290, False, id="before exp"),
        pytest.param({}, 0, 310, True, id="after exp"),
        pytest.param({}, 60, 310, False, id="within the application's leeway"),
        pytest.param({"leeway": 60}, 0, 310, False, id="within the issuer's leeway"),
        pytest.param({"leeway": 0}, 60, 310, True, id="which is smaller than the application's"),
        pytest.param({"max_age": 100}, 0, 90, False, id="young enough"),
        pytest.param({"max_age": 100}, 0, 110, True, id="too old"),
    ],
)
def test_what_ends_a_token_ends_its_stream(
    own: bool, arguments: dict[str, Any], leeway: int, seconds: int, is_over: bool
) -> None:
    clock = StandingClock(time.time())
    manager: JWTManager = JWTManager(clock=clock)
    trusted = (issuer(**arguments),)
    app, jwt = application(issuers=trusted, own=own, manager=manager, JWT_DECODE_LEEWAY=leeway)

    @app.get("/stream")
    @protect(IssuedBy(URL))
    def stream() -> str:
        clock.advance(seconds)
        try:
            jwt.enforce(ASKED)
        except ExpiredTokenError:
            return "over"
        return "going on"

    answer = app.test_client().get("/stream", headers=bearer(foreign()))

    assert answer.text == ("over" if is_over else "going on")
