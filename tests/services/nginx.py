"""Find nginx, and run a configuration file of the pages on ports of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .processes import end, wait_for_port

#: Folders in which nginx keeps what is too large for its memory.
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def find() -> str | None:
    """Return the path of the server; Debian has it where only root looks."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def serving(text: str, folder: Path, port: int, changes: Mapping[str, str]) -> Iterator[None]:
    """Run nginx with the configuration *text* until the block ends.

    Args:
        text: The configuration.
        folder: Where its files are.
        port: The port that answers when it is ready.
        changes: What is written in place of ports and paths of *text*, each of which is there.
    """
    temporary = "".join(f"{name}_temp_path {folder / name};" for name in _TEMPORARY)
    user = "user root;" if os.getuid() == 0 else ""
    changes = {"user www-data;": user, "http {": "http {" + temporary, **changes}
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "nginx.conf"
    path.write_text(text, encoding="utf-8")
    command = [str(find()), "-c", str(path), "-p", str(folder), "-e", "stderr", "-g", "daemon off;"]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            wait_for_port(port, process)
            yield
        finally:
            end(process)
