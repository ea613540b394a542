from __future__ import annotations

import pytest

from jwtpolicy.connections import forks
from jwtpolicy.connections.forks import PerProcess
from jwtpolicy.testing.token_store import all_at_once


def test_a_process_has_one_value_for_all_of_its_threads() -> None:
    """Also where several of them are first."""
    own = PerProcess(object)

    assert len({id(value) for value in all_at_once(16, lambda _: own())}) == 1


def test_another_process_has_another_and_keeps_the_first_untouched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forks, "_ABANDONED", [])
    own = PerProcess(object)
    parents = own()
    monkeypatch.setattr(forks, "_getpid", lambda: -1)
    childs = own()

    assert childs is not parents
    assert childs is own()
    assert [parents] == forks._ABANDONED


def test_a_process_whose_id_was_an_ancestors_has_a_value_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ids come round again."""
    monkeypatch.setattr(forks, "_ABANDONED", [])
    own, seen = PerProcess(object), []
    for pid in (-1, -2, -1):
        monkeypatch.setattr(forks, "_getpid", lambda pid=pid: pid)
        seen.append(own())

    assert len(set(map(id, seen))) == 3
