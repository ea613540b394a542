"""The phase of each key of a folder, and from when on it may be removed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from ..keys.folder import KeyFolder
from ..keys.key_files import KeyFile


class Phase(Enum):
    """What a key does; each but ``SIGNS`` verifies alone."""

    PUBLISHED = "published"
    SIGNS = "signs"
    VERIFIES = "verifies"


class PhasedKey(NamedTuple):
    """A key of a folder, and its phase.

    Attributes:
        file: The key and its file.
        phase: Its phase.
        until: When the phase ends, in seconds since the epoch: when a published key begins to sign,
            or when the last token that a former key has signed expires. None: it is not known.
    """

    file: KeyFile
    phase: Phase
    until: float | None


def phased(folder: KeyFolder, now: float, longest: float | None) -> list[PhasedKey]:
    """Return the keys of *folder* with their phases, the one published first at the front.

    Args:
        folder: The folder, after a look at it.
        now: Seconds since the epoch.
        longest: The longest lifetime of tokens, leeway included, in seconds; None: without end.
    """
    files = folder.files()
    able = [file for file in files if file.key.can_sign]
    signs = folder().signing_key
    return [
        _phased(folder, file, able, now, longest, is_signing=file.key is signs) for file in files
    ]


def _phased(
    folder: KeyFolder,
    file: KeyFile,
    able: Sequence[KeyFile],
    now: float,
    longest: float | None,
    *,
    is_signing: bool,
) -> PhasedKey:
    if is_signing:
        return PhasedKey(file, Phase.SIGNS, None)
    if file not in able:
        # A public key: whoever has its other half may sign for ever.
        return PhasedKey(file, Phase.VERIFIES, None)
    if folder.signs_at(file) > now:
        return PhasedKey(file, Phase.PUBLISHED, folder.signs_at(file))
    successor = able[able.index(file) + 1]
    until = None if longest is None else folder.signs_at(successor) + longest
    return PhasedKey(file, Phase.VERIFIES, until)
