"""Wait for servers that a test has started."""

from __future__ import annotations

import socket
import subprocess
import time

import pytest


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):  # a minute: the machine may be busy
        assert process.poll() is None, "the server stopped"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("the server did not start")
