"""A folder of key files, looked at again while the process runs: which keys verify, which signs."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from ..clock import Clock
from ..exceptions import ConfigurationError
from .key import Key
from .key_files import ENDINGS, KeyFile, check_unwritable, read_key_file
from .ring import KeyRing

logger = logging.getLogger("jwtpolicy")

#: The names of the files in a folder, each with what differs if it is another file than before.
Seen = frozenset[tuple[str, str]]


class KeyFolder:
    """The keys in a folder: all of them verify, and the newest that others can know signs.

    A key signs ``delay`` seconds after it was published, so that whoever caches the published keys
    has fetched it by then. Until the first key is that old, the oldest one signs.

    Call it for the ring. It is the same one as long as nothing has changed.

    Args:
        path: The folder. Each file in it is a PEM or a JWK; names that begin with a dot are left
            alone, which is how files appear that are not yet written to their end.
        clock: Returns seconds since the epoch.
        algorithm: The algorithm of keys that could have several, such as an RSA key in a PEM.
        delay: Seconds between the publication of a key and its first signature.
        is_shared: Whether others than the owner may read private keys and secrets.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        clock: Clock,
        *,
        algorithm: str = "ES256",
        delay: float = 0,
        is_shared: bool = False,
    ) -> None:
        self.path = Path(path)
        self._clock = clock
        self._algorithm = algorithm
        self._delay = delay
        self._is_shared = is_shared
        self._last: _Look | None = None

    def __call__(self) -> KeyRing:
        """Return the ring of the keys that are in the folder now.

        A file that cannot be used is an error of the first call. Later it is logged, and the key
        that the file held before stays, while keys whose files are gone are gone at once: one bad
        file must not keep a key alive that somebody removes because it leaked.

        Raises:
            ConfigurationError: The folder cannot be read; or, at the first call, a file in it
                cannot be used, or there is no file.
        """
        last, now, seen = self._last, self._clock(), self._seen()
        if last is None or seen != last.seen or now >= last.changes_at:
            # In one piece: two threads may look at the same time.
            last = self._last = self._look(last, seen, now)
        return last.ring

    def files(self) -> list[KeyFile]:
        """Return the key files as of the last call, the one published first at the front."""
        return list(self._last.files) if self._last else []

    def signs_at(self, file: KeyFile) -> float:
        """Return from when on the key of *file* may sign, in seconds since the epoch."""
        return file.published_at + self._delay

    def _seen(self) -> Seen:
        """Return what tells whether a file in the folder is another one than before.

        Raises:
            ConfigurationError: The folder cannot be read, or others may write to it.
        """
        try:
            if not self._is_shared:
                check_unwritable(self.path, self.path.stat())
            return frozenset(_seen(entry.name, entry) for entry in _entries(self.path))
        except OSError as error:
            msg = f"the folder {self.path} cannot be read: {error.strerror}; {_how(self.path)}"
            raise ConfigurationError(f"JWT_KEYS: {msg}") from None
        except ConfigurationError as error:
            msg = f"JWT_KEYS: {error}"
            raise ConfigurationError(msg) from None

    def _look(self, last: _Look | None, seen: Seen, now: float) -> _Look:
        files = self._read(sorted(seen), last)
        able = [file for file in files if file.key.can_sign]
        ripe = [file for file in able if self.signs_at(file) <= now]
        changes_at = min((self.signs_at(file) for file in able[len(ripe) :]), default=math.inf)
        signs = next(iter(ripe[-1:] or able[:1]), None)
        if not files:
            if last is None:
                msg = f"JWT_KEYS: no key is in {self.path}; {_how(self.path)}"
                raise ConfigurationError(msg)
            logger.error("JWT_KEYS: no key is left in %s: all tokens are refused", self.path)
        return _Look(files, seen, changes_at, _ring_of(files, signs))

    def _read(self, entries: Iterable[tuple[str, ...]], last: _Look | None) -> list[KeyFile]:
        """Return the key files, the one published first at the front."""
        found: dict[str, KeyFile] = {}
        before = {file.name: file for file in last.files} if last else {}
        # Those of before first: a new file with a known kid is the one that is left out.
        for name, *_ in sorted(entries, key=lambda entry: entry[0] not in before):
            try:
                _check_name(name)
                file = read_key_file(
                    self.path / name, algorithm=self._algorithm, is_shared=self._is_shared
                )
                _check_twins(file, found)
            except ConfigurationError as error:
                if last is None:
                    raise
                # No trace: it may show the key.
                if name not in before or _twin_of(before[name], found):
                    logger.error("JWT_KEYS: %s; the file is left out", error)
                    continue
                logger.error("JWT_KEYS: %s; the key that it held before stays", error)
                file = before[name]
            found[name] = file
        return sorted(found.values(), key=lambda file: (file.published_at, file.name))


class _Look(NamedTuple):
    """The result of one look at the folder.

    Attributes:
        files: The key files, the one published first at the front.
        seen: What tells whether a file is another one than before.
        changes_at: When the next key begins to sign.
        ring: The ring of their keys.
    """

    files: list[KeyFile]
    seen: Seen
    changes_at: float
    ring: KeyRing


class NoKeys(KeyRing):
    """The ring of a folder from which every key was removed: it verifies nothing."""

    def find(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        """Return no key."""
        return ()


def _ring_of(files: list[KeyFile], signs: KeyFile | None) -> KeyRing:
    others = [file.key for file in files if file is not signs]
    return KeyRing(signs.key if signs else None, others) if files else NoKeys()


def _how(folder: Path) -> str:
    return f"make a key with `flask jwtpolicy keys generate --folder {folder}`"


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]


def _seen(name: str, entry: os.DirEntry[str]) -> tuple[str, str]:
    try:
        found = entry.stat()
    except OSError:  # a link to nowhere: reading it says so
        return name, ""
    changed = f"{found.st_mtime_ns} {found.st_ctime_ns}"
    return name, f"{changed} {found.st_size} {found.st_ino} {found.st_mode}"


def _check_name(name: str) -> None:
    if not name.endswith(ENDINGS):
        msg = f"{name}: a key file ends with {' or '.join(ENDINGS)}; rename or remove it"
        raise ConfigurationError(msg)


def _check_twins(file: KeyFile, found: Mapping[str, KeyFile]) -> None:
    twin = _twin_of(file, found)
    if twin:
        msg = f"{file.name}: {twin} has a key with the same kid; remove one of them"
        raise ConfigurationError(msg)


def _twin_of(file: KeyFile, found: Mapping[str, KeyFile]) -> str | None:
    """Return the name of another file whose key has the same ``kid``."""
    same = (other.name for other in found.values() if other.key.key_id == file.key.key_id)
    return next(same, None)
