"""However many come at the same moment: a refresh token has one successor, a maximum holds."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jwtpolicy import JWTManager
from tests.support.machines.racers import PROCESSES, THREADS, Racers, make_machine, racing
from tests.support.machines.servers import settings

ALL = PROCESSES * THREADS
MAXIMUM = 3


@pytest.fixture(scope="module")
def racers() -> Iterator[Racers]:
    with racing({**settings(), "JWT_SESSION_MAX": MAXIMUM}) as racers:
        yield racers


@pytest.fixture
def rounds(pytestconfig: pytest.Config) -> int:
    return 50 if pytestconfig.getoption("--full") else 5


@pytest.fixture(params=["sqlite", "postgres", "mariadb", "redis"])
def url(request: pytest.FixtureRequest, url_of: Callable[[str], str]) -> str:
    return url_of(request.param)


@pytest.fixture
def machine_settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return what the fifth machine has that the racers have not."""
    return getattr(request, "param", {})


@pytest.fixture
def jwt(url: str, machine_settings: dict[str, Any]) -> Iterator[JWTManager[Any]]:
    """Return what manages a fifth machine on the store, within its application's context."""
    app, jwt = make_machine(url, {**settings(), **machine_settings})
    with app.app_context():
        yield jwt
    store = app.extensions["jwtpolicy"].parts.store
    store.close()


def test_all_uses_of_a_refresh_token_get_one_pair(
    url: str, jwt: JWTManager[Any], racers: Racers, rounds: int
) -> None:
    """REF-1, REF-4: which is the one that goes on; and each round begins with it."""
    name = secrets.token_hex(8)
    pair = jwt.login(name)
    tokens = [pair.refresh_token]
    for _ in range(rounds):
        found = Counter(racers.use(url, str(tokens[-1])))
        ((_, successor, session),) = found
        assert (*found.values(), session) == (ALL, pair.session_id)
        tokens.append(successor)

    assert len(set(tokens)) == rounds + 1
    assert [one.session_id for one in jwt.sessions(name)] == [pair.session_id]
    assert jwt.refresh(str(tokens[-1])).session_id == pair.session_id


def test_a_token_in_its_grace_gives_everybody_the_newest_pair(
    url: str, jwt: JWTManager[Any], racers: Racers
) -> None:
    """REF-4: two steps behind, and nothing ends."""
    name = secrets.token_hex(8)
    old = jwt.login(name)
    latest = jwt.refresh(jwt.refresh(old.refresh_token).refresh_token)
    ((_, successor, session),) = set(racers.use(url, old.refresh_token))

    assert (successor, session) == (latest.refresh_token, old.session_id)
    assert [one.session_id for one in jwt.sessions(name)] == [old.session_id]


def test_of_all_logins_no_more_are_open_than_the_maximum(
    url: str, jwt: JWTManager[Any], racers: Racers
) -> None:
    """K29: at no moment, whoever looks; and each of them answered with a session."""
    name = secrets.token_hex(8)
    found = racers.log_in(url, name)
    opened, counted = zip(*found, strict=True)

    assert len(set(opened)) == ALL
    assert max(map(int, filter(None, counted))) <= MAXIMUM
    left = {one.session_id for one in jwt.sessions(name)}
    assert len(left) == MAXIMUM
    assert left <= set(opened)


@pytest.mark.parametrize("machine_settings", [{"JWT_REFRESH_GRACE": 0}], indirect=True)
def test_a_token_that_is_used_up_gives_nobody_a_pair(
    url: str, jwt: JWTManager[Any], racers: Racers
) -> None:
    """REF-2: where no grace is; the session is over for its owner too."""
    name = secrets.token_hex(8)
    other, old = jwt.login(name), jwt.login(name)
    latest = jwt.refresh(jwt.refresh(old.refresh_token).refresh_token)

    assert set(racers.use(url, old.refresh_token)) == {("RevokedTokenError",)}
    assert set(racers.use(url, latest.refresh_token)) == {("RevokedTokenError",)}
    assert [one.session_id for one in jwt.sessions(name)] == [other.session_id]
