r"""Compare systems behind gunicorn: ``python -m benchmarks.servers``; it needs wrk_.

The figure is how many of the bare view's requests a system still answers. What the program does
for each system and kind of worker, by hand::

    export BENCH_SECRET=$(python -c "import secrets; print(secrets.token_urlsafe(48))")
    gunicorn --bind 127.0.0.1:8000 --worker-class gthread --threads 4 \
        'benchmarks.servers:make_app("jwtpolicy")' &
    token=$(python -m benchmarks.servers --token jwtpolicy)
    wrk -c8 -t2 -d10s -H "Authorization: Bearer $token" http://127.0.0.1:8000/plain

.. _wrk: https://github.com/wg/wrk
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from flask import Flask

from .keys import make_keys
from .machine import machine
from .systems import PROTECTED, Bare, Ours, OursOnSQLite, System
from .table import versions

#: Where the servers find the secret that the client's token is signed with.
SECRET: Final = "BENCH_SECRET"
WORKERS: Final[dict[str, list[str]]] = {"sync": [], "gthread": ["--threads", "4"]}
#: How often a server that starts is asked whether it answers.
_ATTEMPTS = 200
_COMPARED: Final[tuple[type[System], ...]] = (Bare, *PROTECTED)
SYSTEMS: Final[dict[str, type[System]]] = {system.name: system for system in _COMPARED}
#: What is to be left of the bare view's requests.
GOALS: Final = {("gthread", Ours.name): 0.85, ("gthread", OursOnSQLite.name): 0.80}


def make_app(name: str) -> Flask:
    """Return the application of the system called *name*, for gunicorn."""
    return make_system(name).app


def make_system(name: str) -> System:
    """Return the system called *name*, with the secret of the environment."""
    return SYSTEMS[name](make_keys("HS256", os.environ[SECRET]))


def server_command(name: str, worker: str, port: int) -> list[str]:
    """Return the command that serves the system called *name* with one process."""
    options = ["--bind", f"127.0.0.1:{port}", "--worker-class", worker, *WORKERS[worker]]
    app = f'benchmarks.servers:make_app("{name}")'
    return [sys.executable, "-m", "gunicorn", "--log-level", "warning", *options, app]


def client_command(token: str, port: int, seconds: int) -> list[str]:
    """Return the command that asks as often as it can, by eight connections."""
    header = f"Authorization: Bearer {token}"
    return ["wrk", "-c8", "-t2", f"-d{seconds}s", "-H", header, f"http://127.0.0.1:{port}/plain"]


def rate(printed: str) -> float:
    """Return the requests per second that wrk has *printed*.

    Raises:
        ValueError: Some answers were errors, or there is no rate.
    """
    found = re.search(r"^Requests/sec:\s+([\d.]+)", printed, re.MULTILINE)
    if found is None or "Non-2xx" in printed:
        raise ValueError(printed)
    return float(found[1])


def measured(name: str, worker: str, seconds: int) -> float:
    """Serve a system, and return how many requests it answers in a second."""
    token, port = make_token(name), _free_port()
    with subprocess.Popen(server_command(name, worker, port)) as server:
        try:
            _wait(token, port)
            return rate(subprocess.check_output(client_command(token, port, seconds), text=True))
        finally:
            server.terminate()


def make_token(name: str) -> str:
    """Return a token that the server of the system called *name* accepts."""
    system = make_system(name)
    try:
        return system.token()
    finally:
        system.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait(token: str, port: int) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(_ATTEMPTS):
        try:
            with urlopen(Request(f"http://127.0.0.1:{port}/plain", headers=headers), timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    msg = f"nobody answers at port {port}"
    raise TimeoutError(msg)


def kept(worker: str, rounds: int, seconds: int) -> dict[str, float]:
    """Return the share of the bare view's requests that each system answers, the median."""
    shares: dict[str, list[float]] = {name: [] for name in SYSTEMS}
    for _ in range(rounds):
        names = random.sample(list(SYSTEMS), len(SYSTEMS))
        rates = {name: measured(name, worker, seconds) for name in names}
        for name, found in rates.items():
            shares[name].append(found / rates[Bare.name])
    return {name: statistics.median(found) for name, found in shares.items()}


def report(rounds: int, seconds: int) -> list[dict[str, Any]]:
    """Compare the systems on each kind of worker, print what is found, and return it for a file."""
    rows = []
    for worker in WORKERS:
        shares = kept(worker, rounds, seconds)
        for name, share in shares.items():
            goal = GOALS.get((worker, name))
            print(f"{worker:9}{name:20}{share:6.2f}{'' if goal is None else f'   goal {goal}'}")
        rows.append({"worker": worker, "kept": {n: round(s, 3) for n, s in shares.items()}})
    return rows


def server_versions() -> dict[str, str]:
    """Return the versions of what is measured, of the server and of the client."""
    client = subprocess.run(["wrk", "-v"], stdout=subprocess.PIPE, check=False, text=True)
    return {**versions(), "gunicorn": version("gunicorn"), "wrk": client.stdout.split()[1]}


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare the servers, or print a token for one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.servers", description=__doc__)
    parser.add_argument("--token", choices=SYSTEMS, help="print a token, and measure nothing")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each system in a round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the shares there, too")
    options = parser.parse_args(arguments)
    if options.token:
        print(make_token(options.token))
        return
    if shutil.which("wrk") is None:
        parser.exit(2, "wrk is not installed\n")
    os.environ.setdefault(SECRET, secrets.token_urlsafe(48))
    about = {"machine": machine(), "versions": server_versions(), "rounds": options.rounds}
    rows = report(options.rounds, options.seconds)
    if options.json is not None:
        written = {**about, "seconds": options.seconds, "rows": rows}
        options.json.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
