"""Run a server of one's own, on loopback and in a folder that is gone afterwards."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any

_NOBODY = 65534
_READY_WITHIN = 60  # seconds; on a busy machine everything takes long
#: Below those that the kernel gives to whoever connects: one of these could be in use before the
#: server that it was found for has started.
_PORTS = range(15_000, 32_000)


def free_port() -> int:
    """Return a port that nobody listens on, and that nobody else is likely to find meanwhile."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for_port(port: int, process: subprocess.Popen[Any]) -> None:
    """Wait until somebody listens on *port* of loopback, or *process* has ended."""
    deadline = time.monotonic() + _READY_WITHIN
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        assert process.poll() is None, "it did not start; its log says why"
        assert time.monotonic() < deadline, "it does not listen"
        time.sleep(0.02)


def end(process: subprocess.Popen[Any], number: int = signal.SIGTERM, *, within: int = 10) -> Any:
    """Ask a process to end, and kill it if it does not; return what was left of its output.

    It is asked once a second: uWSGI ignores what comes before all of its workers are there. Its
    children are killed too where it leads a group, as with ``start_new_session=True``. How it ended
    is its `returncode`.

    Args:
        process: What may have ended already.
        number: The signal that asks it.
        within: Seconds that it is given.
    """
    for _ in range(within):
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=1)[0]
    with contextlib.suppress(ProcessLookupError):  # it leads no group
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    return process.communicate()[0]


class Server(ABC):
    """A database server; databases refuse to run as root, so there it runs as nobody."""

    #: What asks it to go, connections and all.
    stop_signal = signal.SIGTERM
    #: What ends it most quickly when nobody needs its files any more.
    end_signal = signal.SIGKILL

    def __init__(self, binaries: Path) -> None:
        self.binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="jwtpolicy-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        if os.getuid() == 0:
            os.chown(self.folder, _NOBODY, _NOBODY)

    @abstractmethod
    def initialise(self) -> None:
        """Make the files that the server needs."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return what starts it."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The URL of its one database."""

    def start(self) -> None:
        """Start it, and wait until it answers: an open port is not enough."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.as_nobody(self.command()), stdout=log, stderr=log, **self._user
            )
        deadline = time.monotonic() + _READY_WITHIN
        while not answers(self.url):
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text("utf-8", "replace")[-2000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask it to go, and wait."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """Let it die in the middle of whatever it does, its children too."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: connections are accepted, and nothing is answered."""
        pause(self._family())

    def resume(self) -> None:
        """Let it go on."""
        for pid in self._family():
            os.kill(pid, signal.SIGCONT)

    def remove(self) -> None:
        """End it, as quickly as it can be, and remove its files."""
        self._end(self.end_signal)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *command: str) -> None:
        """Run one of its tools."""
        subprocess.run(
            self.as_nobody(list(command)),
            check=True,
            capture_output=True,
            timeout=180,
            **self._user,
        )

    def as_nobody(self, command: list[str]) -> list[str]:
        """Return *command*, made runnable for nobody where he cannot reach it."""
        return [*self._prefix, *command]

    @cached_property
    def _prefix(self) -> list[str]:
        """Nobody may have no way to a binary below a closed home; another user namespace has."""
        if os.getuid() != 0 or _nobody_can_run(self.binaries):
            return []
        os.chown(self.folder, 0, 0)
        return ["unshare", "--user", "--map-user=1000", "--map-group=1000"]

    @property
    def _user(self) -> dict[str, Any]:
        if os.getuid() != 0 or self._prefix:
            return {"cwd": self.folder}
        return {"cwd": self.folder, "user": _NOBODY, "group": _NOBODY, "extra_groups": []}

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        family = self._family() if number == signal.SIGKILL else [self._process.pid]
        for pid in family[1:]:
            with_pid(pid, number)
        end(self._process, number, within=30)
        self._process = None
        for pid in family[1:]:
            _await_end(pid)

    def _family(self) -> list[int]:
        assert self._process is not None
        parent = self._process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()
        return [parent, *map(int, children)]


def answers(url: str) -> bool:
    """Return whether a database can be asked."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(sqlalchemy.text("SELECT 1")) == 1)
    except sqlalchemy.exc.DBAPIError:
        return False


def pause(pids: list[int]) -> None:
    """Stop processes, and wait until all of their threads have: one may go on answering."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + 60
    while not all(map(_is_paused, pids)) and time.monotonic() < deadline:
        time.sleep(0.001)


def _is_paused(pid: int) -> bool:
    """Return whether each thread has stopped; its state follows its name in brackets."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(thread.read_text("utf-8").rpartition(") ")[2][0] == "T" for thread in threads)


def with_pid(pid: int, number: int) -> None:
    """Send a signal to a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _await_end(pid: int) -> None:
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)


def _nobody_can_run(binaries: Path) -> bool:
    binary = next(path for path in sorted(binaries.iterdir()) if path.is_file())
    try:
        subprocess.run(
            [binary, "--version"],
            user=_NOBODY,
            group=_NOBODY,
            extra_groups=[],
            capture_output=True,
            check=False,
            cwd="/",
            timeout=30,
        )
    except PermissionError:
        return False
    return True
