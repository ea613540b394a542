"""The commands run, and say what is wrong with their arguments; how long it takes is not asked."""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import machine
from benchmarks.measuring import use_one_core
from benchmarks.scripts import first_request
from benchmarks.systems import PROTECTED


def test_chosen_rows_are_printed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "use_one_core", lambda: None)
    to = tmp_path / "figures.json"
    command.main(["--only", "missing,import", "--rounds", "1", "--json", str(to)])

    written = json.loads(to.read_text(encoding="utf-8"))
    missing, importing = written["rows"]
    assert written["machine"] == machine.machine()
    assert (missing["name"], importing["name"]) == ("missing", "import")
    assert set(missing["added"]) == {system.name for system in PROTECTED}
    assert importing["added"]["jwtpolicy"] > 0
    assert missing["title"] in capsys.readouterr().out


def test_one_core_is_used_where_the_system_can_be_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[set[int]] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 3}, raising=False)
    monkeypatch.setattr(
        os, "sched_setaffinity", lambda _process, cores: told.append(cores), raising=False
    )
    use_one_core()
    monkeypatch.delattr(os, "sched_setaffinity")
    use_one_core()

    assert told == [{3}]


@pytest.mark.parametrize(
    ("text", "cpu"),
    [
        ("processor\t: 0\nmodel name\t: Example 9000\nmodel\t\t: 17\n", "Example 9000"),
        ("processor\t: 0\nFeatures\t: fp asimd\n", platform.machine()),
        (None, platform.machine()),
    ],
    ids=["named by Linux", "not named", "another system"],
)
def test_the_machine_is_named_as_well_as_can_be(
    text: str | None, cpu: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    if text is not None:
        machine.CPUINFO.write_text(text, encoding="utf-8")

    assert machine.machine() == {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": platform.system(),
    }


def test_rows_are_chosen_in_the_order_in_which_they_are_named() -> None:
    assert [row.name for row in command.chosen("login,header")] == ["login", "header"]


def test_an_unknown_row_is_answered_with_the_known_ones() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"^haeder: choose from header, user"):
        command.chosen("header,haeder")


def test_a_first_request_has_a_time_and_a_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(first_request.measured(3)) == {"ms", "MB"}

    monkeypatch.setattr(first_request, "_STATUS", tmp_path / "absent")
    assert first_request.measured(3)["MB"] == 0


def test_what_the_first_request_reaches_is_guarded() -> None:
    assert first_request.guarded(2).test_client().get("/1").status_code == 401
