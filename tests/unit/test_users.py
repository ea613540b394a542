"""Whether a loop runs is told without importing what runs one."""

from __future__ import annotations

import asyncio
import sys

import pytest

from jwtpolicy.sessions.users import is_loop_running


async def answer() -> bool:
    return is_loop_running()


def test_no_loop_runs_where_nobody_has_imported_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "asyncio")

    assert not is_loop_running()


def test_a_loop_runs_while_it_does() -> None:
    assert not is_loop_running()
    assert asyncio.run(answer())
