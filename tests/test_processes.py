"""Whatever a test has started ends, in time, and as it wants to if it can."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.services.processes import end, pause

Start = Callable[[str], "subprocess.Popen[str]"]

#: The first signal only makes it listen to the next one.
HALF_DEAF = "trap 'trap - TERM' TERM; echo ready; while :; do sleep 0.1; done"


@pytest.fixture(params=[True, False], ids=["a group", "alone"])
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Return what starts a script, and waits for its first line."""
    started: list[subprocess.Popen[str]] = []

    def run(script: str) -> subprocess.Popen[str]:
        command = ["sh", "-c", script]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, start_new_session=request.param
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield run
    for process in started:
        end(process, signal.SIGKILL)


def test_what_ignores_the_signal_is_killed(start: Start) -> None:
    process = start("trap '' TERM; echo ready; exec sleep 100")

    end(process, within=1)

    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("start", [True], indirect=True, ids=["a group"])
def test_the_children_that_it_leaves_behind_are_killed_too(start: Start) -> None:
    """They hold the other end of the pipe: their last word comes before it is read to its end."""
    process = start("trap '' TERM; echo ready; (sleep 100; echo survived) & exit 3")

    assert end(process, within=1) == ""
    assert process.returncode == 3


def test_a_signal_that_came_too_early_is_repeated(start: Start) -> None:
    process = start(HALF_DEAF)

    end(process)

    assert process.returncode == -signal.SIGTERM


def test_its_last_words_and_how_it_ended_are_told(start: Start) -> None:
    process = start("trap 'echo broken; exit 3' TERM; echo ready; while :; do sleep 0.1; done")

    assert end(process) == "broken\n"
    assert process.returncode == 3


def test_what_has_ended_already_is_left_as_it_is(start: Start) -> None:
    process = start("echo ready; exit 3")
    process.wait(60)

    assert [end(process), end(process)] == ["", ""]
    assert process.returncode == 3


def test_what_is_paused_has_stopped_by_then(start: Start) -> None:
    process = start("echo ready; while :; do :; done")

    pause([process.pid])

    _, status = os.waitpid(process.pid, os.WUNTRACED | os.WNOHANG)
    assert os.WIFSTOPPED(status)
