"""The processes that share the tests find the same ones, and disturb one another nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.services.processes import free_port
from tests.support.applications import SECRET
from tests.support.sharing import name_of, number_of_processes

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


class Plain:
    """Something whose name has an address in it."""


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Plain(), "<tests.test_sharing.Plain object…>"),
        (SECRET, "'…'"),
        ((SECRET, 1), "('…', 1)"),
        ({"refresh", "access", None}, "'access', 'refresh', None"),
        (set(), "nothing"),
        ("a.b.c", "'a.b.c'"),
    ],
    ids=["an object", "a secret", "one inside", "a set", "an empty one", "text"],
)
def test_a_parameter_has_one_name_in_all_processes(value: object, name: str) -> None:
    assert name_of(value) == name


def test_there_are_as_many_processes_as_cores_up_to_four(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("JWTPOLICY_TEST_")]:
        monkeypatch.delenv(name)
    found = {}
    for cores in (None, 1, 2, 4, 64):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        found[cores] = number_of_processes()

    assert found == {None: 1, 1: 1, 2: 2, 4: 4, 64: 4}


def test_a_database_of_the_environment_is_emptied_by_one_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JWTPOLICY_TEST_POSTGRES_URL", "postgresql://h/db")

    assert number_of_processes() == 1


@pytest.mark.skipif(not RANGE.exists(), reason="needs Linux, to ask the kernel")
def test_no_port_is_found_that_the_kernel_gives_to_whoever_connects() -> None:
    lowest = int(RANGE.read_text("ascii").split()[0])

    assert all(port < lowest for port in (free_port() for _ in range(20)))
