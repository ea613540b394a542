"""Find the type of the file system that a file is on, as far as Linux tells it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

#: The mounts that this process sees (proc_pid_mountinfo(5)).
MOUNTS = Path("/proc/self/mountinfo")

#: File systems over a network, on which SQLite's locks do not hold.
NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "fuse.sshfs"}
)
#: File systems that end with the container or with the machine's power.
PASSING: Final = frozenset({"overlay", "aufs", "tmpfs", "ramfs"})


def type_of(path: Path) -> str | None:
    """Return the type of the file system of *path*, such as ``ext4``; None: that is not known."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    real = path.resolve()
    found = [mount for line in lines if (mount := _mount(line)) and real.is_relative_to(mount[0])]
    # Of two mounts at one place the later one hides the other.
    return max(enumerate(found), key=_depth, default=(0, (real, None)))[1][1]


def _depth(numbered: tuple[int, tuple[Path, str | None]]) -> tuple[int, int]:
    number, (place, _) = numbered
    return len(place.parts), number


def _mount(line: str) -> tuple[Path, str | None] | None:
    """Return the place and the type of a mount; None for a line that is none."""
    before, _, after = line.partition(" - ")
    fields = before.split(" ")
    if len(fields) < 5 or not after:
        return None
    return Path(re.sub(r"\\([0-7]{3})", _unescaped, fields[4])), after.split(" ")[0]


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 8))
