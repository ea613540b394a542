"""The clock of one application goes forward when a test says so."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from freezegun import freeze_time

from jwtpolicy import IssuedBy, JWTManager, current_manager, current_token, protect
from jwtpolicy.exceptions import ExpiredTokenError, RevokedTokenError, SetupError
from jwtpolicy.testing import MovableClock, act
from tests.support.acting import acting_app
from tests.support.applications import SECRET
from tests.support.clocks import StandingClock
from tests.support.issuers import URL, foreign, issuer


@pytest.fixture
def app() -> Flask:
    return acting_app()


@pytest.fixture
def clock(app: Flask) -> Iterator[MovableClock]:
    with MovableClock(app) as clock:
        yield clock


@pytest.mark.parametrize(("seconds", "status"), [(300, 200), (301, 401)])
def test_a_fresh_login_grows_old(
    app: Flask, clock: MovableClock, seconds: int, status: int
) -> None:
    bob = act(app).as_user("bob")
    clock.tick(seconds)

    assert bob.get("/transfers").status_code == status


@pytest.mark.parametrize("place", ["headers", "cookies"])
def test_tokens_and_sessions_end_in_their_time(place: str) -> None:
    app = acting_app(token_location=[place], session_idle=3600)
    bob = act(app).as_user("bob")
    bob.wait(timedelta(minutes=16))
    assert bob.get("/me").status_code == 401
    bob.refresh()
    assert bob.get("/me").text == "bob"
    bob.wait(3700)

    with pytest.raises(RevokedTokenError):
        bob.refresh()


def test_the_client_drops_cookies_by_the_clock_of_the_application() -> None:
    app = acting_app(token_location=["cookies"])
    app.get("/theme")(lambda: ("", {"Set-Cookie": "theme=dark; Max-Age=60; Path=/"}))
    bob = act(app).as_user("bob")
    bob.get("/theme")
    bob.set_cookie("visit", "1")
    bob.set_cookie("until", "1", expires=bob.clock() + 120)
    found = []
    for seconds in (59, 1, 60):
        bob.wait(seconds)
        bob.get("/theme" if seconds == 60 else "/me")
        found.append([bool(bob.get_cookie(name)) for name in ("theme", "visit", "until")])

    assert found == [[True, True, True], [False, True, True], [True, True, False]]


def test_a_sliding_session_slides() -> None:
    app = acting_app(token_location=["cookies"], cookie_renew_within=300)
    bob = act(app).as_user("bob")
    for _ in range(3):
        bob.wait(800)
        assert bob.get("/me").text == "bob"


def test_the_system_s_clock_stands_still_meanwhile(clock: MovableClock) -> None:
    before = clock()
    time.sleep(0.01)

    assert clock() == before == int(before)


def test_a_clock_of_the_application_s_own_is_asked_as_before() -> None:
    own = StandingClock(1_000)
    app = Flask("own")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    JWTManager(app, clock=own)
    with MovableClock(app) as clock:
        clock.tick(5)
        own.advance(100)
        assert clock() == 1_105

    assert clock() == own() == 1_100


def test_movers_of_one_application_add_up_and_end_in_any_order(app: Flask) -> None:
    first, second = MovableClock(app), MovableClock(app)
    began = int(time.time())
    first.tick(1_000)
    second.tick(10_000)
    first.restore()
    left = second() - began
    second.restore()
    second.restore()

    assert 10_000 <= left < 10_900
    assert second() < began + 900


def test_a_block_takes_back_what_was_moved_in_it_and_no_more(app: Flask) -> None:
    clock = MovableClock(app)
    clock.tick(1_000)
    before, seen = clock(), []
    with clock:
        clock.tick(50)
        with clock:
            clock.tick(5)
            seen.append(clock() - before)
        seen.append(clock() - before)
    seen.append(clock() - before)

    assert seen == [55, 50, 0]


def test_a_clock_that_was_restored_in_its_block_is_moved_no_more(app: Flask) -> None:
    with MovableClock(app) as clock:
        with clock:
            clock.restore()
        clock.tick(10_000)

    assert clock() < time.time() + 900


def test_no_other_application_is_moved(app: Flask, clock: MovableClock) -> None:
    other = act(acting_app()).as_user("eve")
    clock.tick(10_000)

    assert other.get("/me").text == "eve"


def stored_in(path: Path, **manager: Any) -> Flask:
    """Return an application that has all that reads the time, bound by a request."""
    app = Flask("all", instance_path=str(path))
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_COOKIE_RENEW_WITHIN=60)
    app.config.update(JWT_TOKEN_LOCATION=["cookies"], JWT_STORE_CACHE_SECONDS=1)
    jwt: JWTManager = JWTManager(app, **manager)
    jwt.trust(issuer())
    app.get("/me")(protect()(lambda: current_token.subject))
    return app


@pytest.mark.parametrize("is_bound", [False, True])
def test_every_part_that_reads_the_time_is_moved_and_put_back(
    tmp_path: Path, is_bound: bool
) -> None:
    """A new part that keeps the clock has to be named in `_readers`."""
    own = StandingClock()
    app = stored_in(tmp_path, clock=own)
    client = act(app)
    if is_bound:
        client.get("/me")
    before = readers_of(own)
    with client.clock:
        client.as_user("bob").get("/me")
        moved = app.extensions["jwtpolicy"].parts.clock
        # Stores are told the time; those of an application ask for their own when they begin.
        assert readers_of(own) <= {"JWTManager", "SQLiteStore", "SQLiteFile", "_MovedTime"}
        assert readers_of(moved) >= {"Parts", "Verifier", "Sessions", "ResponseHook"}

    assert before <= readers_of(own)
    assert readers_of(moved) == set()


def readers_of(clock: object) -> set[str]:
    """Return the names of the classes whose objects refer to *clock*."""
    holders = [h for h in gc.get_referrers(clock) if not isinstance(h, tuple | list)]
    owners = [o for h in holders if isinstance(h, dict) for o in gc.get_referrers(h)]
    found = {type(one).__name__ for one in [*holders, *owners]}
    return {name for name in found if name not in {"dict", "list", "tuple", "frame", "cell"}}


def test_a_part_with_another_clock_is_found_before_anything_is_moved(app: Flask) -> None:
    act(app).get("/me")
    bound = app.extensions["jwtpolicy"]
    bound.components.services.verifier._clock = StandingClock()

    with pytest.raises(SetupError, match="cannot be moved: Verifier uses another one"):
        MovableClock(app).tick(1)
    assert type(bound.parts.clock).__name__ == "function"


def test_the_bridge_goes_by_the_system_s_clock() -> None:
    from jwtpolicy.compat.flask_jwt_extended import JWTManager as Bridge

    app = Flask("both")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL="none")
    Bridge(app)
    JWTManager(app, baseline=None)

    with pytest.raises(SetupError, match="move the system's clock, with freezegun"):
        act(app).wait(1)


@pytest.mark.parametrize(
    ("seconds", "error"),
    [(-1, ValueError), (float("nan"), ValueError), ("60", TypeError), (True, TypeError)],
)
def test_time_goes_forward(clock: MovableClock, seconds: Any, error: type[Exception]) -> None:
    before = clock()
    with pytest.raises(error, match=r"tick (moves the clock forward|takes seconds)"):
        clock.tick(seconds)
    clock.tick(0.5)

    assert clock() == before + 0.5


def test_it_prints_its_application_and_its_time(app: Flask) -> None:
    assert repr(MovableClock(app)).startswith("<MovableClock of tests.acting: 1")


@pytest.mark.parametrize("is_bound", [False, True])
def test_tokens_of_other_issuers_go_by_the_moved_clock(is_bound: bool) -> None:
    app = Flask("trusting")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    jwt: JWTManager = JWTManager(app)
    jwt.trust(issuer())
    app.get("/me")(protect(IssuedBy(URL))(lambda: current_token.subject))
    client, encoded = act(app), foreign()
    headers = {"Authorization": f"Bearer {encoded}"}
    if is_bound:
        client.get("/me", headers=headers)
    with app.app_context():
        assert jwt.verify(encoded, issuer=URL)
        client.wait(600)
        with pytest.raises(ExpiredTokenError):
            jwt.verify(encoded, issuer=URL)
    assert client.get("/me", headers=headers).status_code == 401


@pytest.mark.parametrize("place", ["headers", "cookies"])
def test_freezegun_moves_an_acting_client_as_well(place: str) -> None:
    with freeze_time("2031-01-01") as frozen:
        bob = act(acting_app(token_location=[place])).as_user("bob")
        frozen.tick(300)
        assert bob.get("/transfers").text == "bob"
        frozen.tick(1)
        assert bob.get("/transfers").status_code == 401
        frozen.tick(900)
        assert bob.get("/me").status_code == 401
        bob.refresh()
        assert bob.get("/me").text == "bob"


@pytest.mark.parametrize("place", ["headers", "cookies"])
def test_time_machine_moves_an_acting_client_as_well(place: str) -> None:
    with time_machine.travel("2031-01-01T00:00:00Z", tick=False) as traveller:
        bob = act(acting_app(token_location=[place])).as_user("bob")
        traveller.shift(300)
        assert bob.get("/transfers").text == "bob"
        traveller.shift(1)
        assert bob.get("/transfers").status_code == 401
        traveller.shift(900)
        assert bob.get("/me").status_code == 401
        bob.refresh()
        assert bob.get("/me").text == "bob"


def test_the_store_is_asked_by_the_moved_clock(app: Flask, clock: MovableClock) -> None:
    act(app).as_user("bob")
    with app.app_context():
        clock.tick(100)
        (session,) = current_manager.sessions("bob")
        assert clock() - session.created_at.timestamp() == 100
        clock.tick(timedelta(days=400))
        assert current_manager.sessions("bob") == []
