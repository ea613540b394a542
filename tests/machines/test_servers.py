"""What one process, or one machine, revokes is refused by every other at the next request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machines.servers import Server, serving


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Return two servers of two workers each, on one store."""
    url = f"sqlite:///{tmp_path}/s.sqlite3"
    with serving(url, tmp_path) as first, serving(url, tmp_path) as second:
        yield first, second


def test_a_logout_is_seen_by_all_processes_at_once(servers: tuple[Server, Server]) -> None:
    """REV-1."""
    first, second = servers
    assert len(first.pids(2)) == len(second.pids(2)) == 2
    for _ in range(10):
        pair, other = first.login(), first.login()
        assert second.ask("GET", "/", pair["access_token"]).status == 200
        assert first.ask("POST", "/logout", pair["access_token"]).status == 204

        tokens = [pair["access_token"]] * 4
        answers = [server.ask("GET", "/", token) for server in servers for token in tokens]
        assert {answer.status for answer in answers} == {401}
        assert second.ask("GET", "/", other["access_token"]).status == 200


def test_all_sessions_of_a_user_end_everywhere(servers: tuple[Server, Server]) -> None:
    """REF-6."""
    first, second = servers
    adas, bobs = [first.login("ada"), second.login("ada")], second.login("bob")
    assert first.ask("POST", "/revoke/ada").status == 204
    again = first.login("ada")

    assert {second.ask("GET", "/", pair["access_token"]).status for pair in adas} == {401}
    assert second.ask("GET", "/", again["access_token"]).status == 200
    assert second.ask("GET", "/", bobs["access_token"]).status == 200


def test_a_refresh_on_one_is_repeated_by_the_other(servers: tuple[Server, Server]) -> None:
    """REF-4."""
    first, second = servers
    pair = first.login()
    answers = [server.ask("POST", "/refresh", pair["refresh_token"]) for server in servers]

    assert answers[0] == answers[1]
    assert second.ask("GET", "/", answers[0].body["access_token"]).status == 200
