"""Clocks that differ are forgiven wherever times are compared, and not a second longer."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy import Access, Fresh, Policy, SingleUse, protect
from jwtpolicy.stores import MemoryStore
from tests.support.applications import AppAndManager, MakeApp
from tests.support.clocks import StandingClock
from tests.support.forgeries import CLAIMS, HEADER, NOW, signed
from tests.support.requests import bearer

LEEWAY = 30

#: A guard, and the claim that decides, when it is just forgiven and when no longer.
EDGES: list[Any] = [
    pytest.param(Access(), "exp", NOW - LEEWAY + 1, NOW - LEEWAY, id="exp"),
    pytest.param(Access(), "nbf", NOW + LEEWAY, NOW + LEEWAY + 1, id="nbf"),
    pytest.param(Access(), "iat", NOW + LEEWAY, NOW + LEEWAY + 1, id="iat"),
    pytest.param(Fresh(), "fresh", NOW - LEEWAY + 1, NOW - LEEWAY, id="fresh"),
    pytest.param(
        Fresh(within=60), "auth_time", NOW - 60 - LEEWAY, NOW - 61 - LEEWAY, id="auth_time"
    ),
    pytest.param(
        Fresh(within=60), "auth_time", NOW + LEEWAY, NOW + LEEWAY + 1, id="auth_time ahead"
    ),
]


@pytest.fixture
def site(make_app: MakeApp) -> AppAndManager:
    return make_app(decode_leeway=LEEWAY)


@pytest.mark.parametrize(("rule", "name", "forgiven", "refused"), EDGES)
def test_each_time_is_forgiven_by_the_leeway(
    site: Any, rule: Policy, name: str, forgiven: int, refused: int
) -> None:
    """C22, CLAIM-1, STEP-1."""
    app, _ = site
    app.add_url_rule("/", "view", protect(rule)(lambda: "in"))
    headers = [bearer(signed(HEADER, {**CLAIMS, name: time})) for time in (forgiven, refused)]

    found = [app.test_client().get("/", headers=each).status_code for each in headers]
    assert found == [200, 401]


@pytest.mark.parametrize("end", ["revoked", "used up"])
def test_what_is_dead_is_remembered_for_the_leeway(site: Any, clock: Any, end: str) -> None:
    """C22, REV-1: a token that still verifies is never forgotten as revoked."""
    app, jwt = site
    app.add_url_rule("/", "view", protect(SingleUse())(lambda: "in"))
    client = app.test_client()
    with app.app_context():
        token = jwt.issue("u1", expires_in=60)
        if end == "revoked":
            jwt.revoke(token)
    if end == "used up":
        assert client.get("/", headers=bearer(token)).status_code == 200
    clock.advance(60 + LEEWAY - 1)
    app.extensions["jwtpolicy"].parts.store.prune(now=int(clock()))

    assert client.get("/", headers=bearer(token)).status_code == 401
    with app.app_context():
        assert client.get("/", headers=bearer(jwt.issue("u1"))).status_code == 200


def test_a_refresh_token_is_forgiven_too(site: Any, clock: Any) -> None:
    """C22: as long as its session lives, whose end is the server's own."""
    app, jwt = site
    with app.app_context():
        pair = jwt.login("u1")
        clock.advance(30 * 86_400 + LEEWAY - 1)

        assert jwt.refresh(str(pair.refresh_token)).access_token


#: Settings, and by how much a time that another machine wrote may therefore lie ahead.
AHEAD: list[Any] = [
    pytest.param({}, 5, id="the defaults"),
    pytest.param({"clock_skew": 2}, 2, id="less skew"),
    pytest.param({"clock_skew": 0}, 0, id="no skew"),
    pytest.param({"clock_skew": 0, "decode_leeway": 3}, 3, id="leeway, no skew"),
    pytest.param({"decode_leeway": 3}, 5, id="less leeway than skew"),
    pytest.param({"decode_leeway": 60}, 60, id="more leeway than skew"),
]


@pytest.mark.parametrize("name", ["iat", "nbf", "auth_time"])
@pytest.mark.parametrize(("settings", "ahead"), AHEAD)
def test_another_machine_may_be_ahead(make_app: Any, name: str, settings: Any, ahead: int) -> None:
    """CLAIM-1, STEP-1: exactly as far as the settings say; `exp` is moved by the leeway alone."""
    app, _ = make_app(**settings)
    app.add_url_rule("/", "view", protect(Fresh(within=60))(lambda: "in"))
    get = app.test_client().get
    just = {**CLAIMS, "auth_time": NOW}

    for offset, status in [(-0.05, 200), (0, 200), (0.05, 401)]:
        token = signed(HEADER, {**just, name: NOW + ahead + offset})
        assert get("/", headers=bearer(token)).status_code == status
    over = signed(HEADER, {**just, "exp": NOW - settings.get("decode_leeway", 0)})
    assert get("/", headers=bearer(over)).status_code == 401


@pytest.mark.parametrize("ahead", [0.05, 0.999, 4])
def test_a_fresh_token_passes_on_the_next_machine(make_app: Any, ahead: float) -> None:
    """CLAIM-1, K21: two machines of one application, on both sides of a full second."""
    store = MemoryStore()
    machines = [
        make_app({"store": store, "clock": StandingClock(NOW + offset)})
        for offset in (ahead - 0.02, -0.02)
    ]
    app, _ = machines[1]
    app.add_url_rule("/", "view", protect(Fresh(within=60))(lambda: "in"))
    with machines[0][0].app_context():
        pair = machines[0][1].login("u1")

    assert app.test_client().get("/", headers=bearer(pair.access_token)).status_code == 200
    with app.app_context():
        assert machines[1][1].refresh(str(pair.refresh_token)).access_token
