"""Find MariaDB, and run servers of one's own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .processes import Server

_SBIN = "/usr/local/sbin:/usr/sbin:/usr/libexec"


def find() -> str | None:
    """Return the URL in the environment, or the folder of the server's binary."""
    url = os.environ.get("JWTPOLICY_TEST_MYSQL_URL")
    binary = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:{_SBIN}")
    if url or binary is None or shutil.which("mariadb-install-db") is None:
        return url
    return str(Path(binary).parent)


class MariaDBServer(Server):
    """A MariaDB whose root has no password, on loopback only."""

    def initialise(self) -> None:
        (self.folder / "init.sql").write_text("CREATE DATABASE IF NOT EXISTS jwtpolicy;\n")
        self.run(
            str(shutil.which("mariadb-install-db")),
            "--no-defaults",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
            f"--datadir={self.folder / 'data'}",
        )

    def command(self) -> list[str]:
        return [
            str(self.binaries / "mariadbd"),
            "--no-defaults",
            "--skip-name-resolve",
            f"--datadir={self.folder / 'data'}",
            f"--tmpdir={self.folder / 'data'}",
            f"--port={self.port}",
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'pid'}",
            "--bind-address=127.0.0.1",
            f"--init-file={self.folder / 'init.sql'}",
            "--skip-log-bin",
            "--innodb-flush-log-at-trx-commit=2",
        ]

    @property
    def url(self) -> str:
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/jwtpolicy"
