"""What cannot be interrupted is waited for in a thread that may be left behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from jwtpolicy.connections.deadlines import left, within
from jwtpolicy.connections.dialling import MOST, dial


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """What a dead resolver waits for."""
    event = threading.Event()
    yield event
    event.set()
    wait_for_threads(0)


def dialling() -> int:
    return sum(thread.name == "jwtpolicy-dial" for thread in threading.enumerate())


def wait_for_threads(number: int) -> None:
    deadline = time.monotonic() + 20
    while dialling() != number and time.monotonic() < deadline:
        time.sleep(0.005)
    assert dialling() == number


def test_what_was_made_in_time_is_returned() -> None:
    assert dial(lambda: "made", pytest.fail, 30) == "made"


def test_whoever_connects_has_the_deadline_of_whoever_waits() -> None:
    with within(5):
        assert 0 < dial(lambda: left(60), pytest.fail, 60) <= 5


@pytest.mark.parametrize("error", [OSError("refused"), TimeoutError("timed out")])
def test_what_connecting_raises_is_raised(error: Exception) -> None:
    def refuse() -> None:
        raise error

    with pytest.raises(type(error), match=str(error)):
        dial(refuse, pytest.fail, 30)


def test_what_comes_too_late_is_hung_up(hanging: threading.Event) -> None:
    """K44: nobody would close it."""
    hung_up: list[str] = []

    def connect() -> str:
        hanging.wait()
        return "late"

    with pytest.raises(TimeoutError, match="no connection was made in time"):
        dial(connect, hung_up.append, 0.05)
    hanging.set()
    wait_for_threads(0)

    assert hung_up == ["late"]


def test_a_dead_resolver_holds_so_many_threads_and_no_more(hanging: threading.Event) -> None:
    """Each request would leave another one behind; and when it lives again, all go on."""
    for _ in range(MOST):
        with pytest.raises(TimeoutError, match="in time"):
            dial(hanging.wait, lambda _: None, 0.001)
    for _ in range(3):
        with pytest.raises(TimeoutError, match=f"{MOST} other connections"):
            dial(hanging.wait, lambda _: None, 0.001)
    assert dialling() == MOST
    hanging.set()
    wait_for_threads(0)

    assert dial(lambda: "made", pytest.fail, 30) == "made"


def test_where_no_thread_can_be_started_it_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """K44: a process may have no more of them, or is about to end; it was no error of a store."""

    def refuse(thread: threading.Thread) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for _ in range(MOST + 1):
        assert dial(threading.get_ident, pytest.fail, 0.5) == threading.get_ident()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_has_turns_of_its_own(hanging: threading.Event) -> None:
    """Those of its parent are held by threads that were not forked along."""
    for _ in range(MOST):
        with pytest.raises(TimeoutError):
            dial(hanging.wait, lambda _: None, 0.001)
    child = os.fork()
    if child == 0:
        os._exit(0 if dial(lambda: "made", pytest.fail, 20) == "made" else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
