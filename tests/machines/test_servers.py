"""What one process, or one machine, revokes is refused by every other at the next request."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.support.machines.servers import Server, serving

Pair = tuple[Server, Server]


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        "postgres",
        "redis",
        pytest.param("mariadb", marks=pytest.mark.full),
        pytest.param("valkey", marks=pytest.mark.full),
    ],
)
def servers(
    request: pytest.FixtureRequest,
    url_of: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pair]:
    """Return two servers of two workers each, on one store."""
    url, folder = url_of(request.param), tmp_path_factory.mktemp("servers")
    with serving(url, folder) as first, serving(url, folder) as second:
        assert len(first.pids(2) | second.pids(2)) == 4
        yield first, second


@pytest.fixture
def name() -> str:
    """Return a user whom no other test has."""
    return secrets.token_hex(8)


def test_a_logout_is_seen_by_all_processes_at_once(servers: Pair, name: str) -> None:
    """REV-1."""
    first, second = servers
    for _ in range(10):
        ended, going_on = (first.login(name)["access_token"] for _ in range(2))
        assert second.status(ended) == 200
        assert first.status(ended, "POST", "/logout") == 204

        statuses = [server.status(ended) for server in (second, second, first, second, first)]
        assert statuses == [401] * 5
        assert second.status(going_on) == 200


def test_the_refresh_token_ends_with_its_session_everywhere(servers: Pair, name: str) -> None:
    """REV-1."""
    first, second = servers
    ended, going_on = first.login(name), first.login(name)
    assert first.status(ended["access_token"], "POST", "/logout") == 204

    assert second.status(ended["refresh_token"], "POST", "/refresh") == 401
    assert second.status(going_on["refresh_token"], "POST", "/refresh") == 200


def test_all_sessions_of_a_user_end_everywhere(servers: Pair, name: str) -> None:
    """REF-6: a login in the same second afterwards works."""
    first, second = servers
    ended, other = [first.login(name), second.login(name)], second.login(f"not-{name}")
    assert [second.status(pair["access_token"]) for pair in ended * 3] == [200] * 6
    assert first.status(None, "POST", f"/revoke/{name}") == 204
    again = first.login(name)

    assert [second.status(pair["access_token"]) for pair in ended * 3] == [401] * 6
    assert [second.status(pair["refresh_token"], "POST", "/refresh") for pair in ended] == [401] * 2
    assert [second.status(pair["access_token"]) for pair in (again, other)] == [200, 200]


def test_a_refresh_on_one_is_repeated_by_the_others(servers: Pair, name: str) -> None:
    """REF-4: to the byte."""
    first, second = servers
    used = first.login(name)["refresh_token"]
    answers = {server.ask("POST", "/refresh", used) for server in (first, second) * 3}

    (answer,) = answers
    assert answer.status == 200
    assert second.status(answer.json["access_token"]) == 200
    assert second.status(answer.json["refresh_token"], "POST", "/refresh") == 200


def test_a_token_that_comes_back_in_its_grace_gets_the_newest_pair_everywhere(
    servers: Pair, name: str
) -> None:
    """REF-4: whoever was two steps ahead goes on with the same pair."""
    pairs = [servers[1].login(name)]
    for server in servers:
        answer = server.ask("POST", "/refresh", pairs[-1]["refresh_token"])
        pairs.append(answer.json)
    again = [server.ask("POST", "/refresh", pairs[0]["refresh_token"]).json for server in servers]

    assert again == [pairs[-1]] * 2
    assert [servers[0].status(pair["access_token"]) for pair in pairs] == [200] * 3
