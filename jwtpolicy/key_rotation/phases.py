"""The phase of each key of a folder, and from when on it may be removed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from ..keys.folder import KeyFolder
from ..keys.key_files import KeyFile


class Phase(Enum):
    """The phase of a key; in each it verifies, and in ``SIGNS`` it signs as well."""

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
    signs, files = folder().signing_key, folder.files()
    able = [file for file in files if file.key.can_sign]
    found = []
    for file in files:
        signs_at = folder.signs_at(file)
        if file.key is signs:
            found.append(PhasedKey(file, Phase.SIGNS, None))
        elif file in able and signs_at > now:
            found.append(PhasedKey(file, Phase.PUBLISHED, signs_at))
        else:
            until = _last_token(folder, file, able, longest)
            found.append(PhasedKey(file, Phase.VERIFIES, until))
    return found


def _last_token(
    folder: KeyFolder, file: KeyFile, able: Sequence[KeyFile], longest: float | None
) -> float | None:
    """Return when the last token that a former key has signed expires; None: it is not known."""
    # Of a public key nobody here knows how long its other half signs.
    if longest is None or file not in able:
        return None
    return folder.signs_at(able[able.index(file) + 1]) + longest
