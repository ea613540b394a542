"""Connect in a thread that can be abandoned: nothing interrupts the look-up of a host name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from typing import Final, TypeVar

from ..clock import elapsed
from .deadlines import left
from .forks import PerProcess

T = TypeVar("T")

#: Connections that a process may be making at once. Those that hang in the resolver are among them:
#: whoever finds all of them there waits for his deadline, and makes no thread.
MOST: Final = 16

#: The connections that may be made at once to servers of one sort, in each process.
Turns = PerProcess[threading.BoundedSemaphore]


def new_turns() -> Turns:
    """Return the turns of servers of one sort: names that hang keep no other sort waiting."""
    return PerProcess(lambda: threading.BoundedSemaphore(MOST))


_TURNS: Final = new_turns()


def dial(
    connect: Callable[[], T],
    hang_up: Callable[[T], object],
    seconds: float,
    turns_of: Turns = _TURNS,
) -> T:
    """Return the connection that *connect* makes, if it does so in time.

    ``getaddrinfo`` waits for a dead resolver as long as its own configuration says, and drivers
    give each address and each host a time of its own. None of that can be stopped from outside, so
    it is done in a thread, which is left alone when the time is over: it ends by itself, and hangs
    up what it may have made.

    Where no thread can be started, as at the end of the process or because there are too many, it
    is done here, and takes as long as it takes.

    Args:
        connect: Makes the connection; it is called in another thread, if there can be one.
        hang_up: Closes a connection that came too late.
        seconds: The timeout, or less where the deadline comes first.
        turns_of: The turns of servers of that sort; by default those of token stores.

    Raises:
        TimeoutError: Connecting took longer than *seconds*, or too many other attempts are
            under way.
        Exception: An error that *connect* raised is raised here as it is.
    """
    turns, end = turns_of(), elapsed() + left(seconds)
    if not turns.acquire(timeout=left(seconds)):
        msg = f"{MOST} other connections are being made, none of which gets through"
        raise TimeoutError(msg)
    made: Future[T] = Future()
    _start(partial(_connect, connect, made, turns))
    try:
        return made.result(max(0.0, end - elapsed()))
    except BaseException as error:
        made.add_done_callback(partial(_hang_up, hang_up))
        if isinstance(error, TimeoutError) and not str(error):
            msg = "no connection was made in time"
            raise TimeoutError(msg) from None
        raise


def _start(call: Callable[[], None]) -> None:
    # With the caller's context, and so his deadline.
    work = partial(copy_context().run, call)
    try:
        threading.Thread(target=work, name="jwtpolicy-dial", daemon=True).start()
    except RuntimeError:
        call()


def _connect(connect: Callable[[], T], made: Future[T], turns: threading.BoundedSemaphore) -> None:
    try:
        found = connect()
    except BaseException as error:  # noqa: BLE001 # it is raised where it is waited for
        turns.release()
        made.set_exception(error)
    else:
        turns.release()
        made.set_result(found)


def _hang_up(hang_up: Callable[[T], object], made: Future[T]) -> None:
    if made.exception() is None:
        hang_up(made.result())
