"""What ``flask jwtpolicy keys`` does: generate, list, rotate and retire keys of a folder."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import click
from flask import Flask

from ..app.bound_app import EXTENSION, BoundApp
from ..app.components import key_folder
from ..clock import system_clock
from ..exceptions import ConfigurationError
from ..keys.folder import KeyFolder
from ..keys.new_keys import new_key, remove_key, write_key
from .phases import Phase, PhasedKey, phased

#: The clocks of two machines may differ, and the one that signs may have looked at the folder a
#: while ago: a key is removed as much later, in seconds.
_MARGIN: Final = 3600


class Rotation(NamedTuple):
    """The keys of an application's folder at one moment.

    Attributes:
        folder: The folder.
        keys: Its keys, the one published first at the front.
        now: Seconds since the epoch.
    """

    folder: KeyFolder
    keys: list[PhasedKey]
    now: float

    def of(self, phase: Phase) -> list[PhasedKey]:
        """Return the keys in one phase."""
        return [key for key in self.keys if key.phase is phase]

    def able(self) -> list[PhasedKey]:
        """Return the keys that can sign."""
        return [key for key in self.keys if key.file.key.can_sign]

    def expired(self) -> list[PhasedKey]:
        """Return the keys whose last token has expired."""
        return [k for k in self.of(Phase.VERIFIES) if k.until is not None and k.until <= self.now]


def rotation_of(app: Flask) -> Rotation:
    """Return the keys of the folder of *app*.

    Raises:
        ClickException: The application has no `JWTManager` or no ``JWT_KEYS``, or a file in the
            folder cannot be used.
    """
    bound: BoundApp | None = app.extensions.get(EXTENSION)
    if bound is None or bound.settings.keys is None:
        msg = "this application has no folder of keys; set JWT_KEYS to its path"
        raise click.ClickException(msg)
    folder, now = key_folder(app, bound.settings, bound.parts.clock), bound.parts.clock()
    try:
        folder()
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    return Rotation(folder, phased(folder, now, _longest(bound)), now)


def _longest(bound: BoundApp) -> float | None:
    settings = bound.settings
    lifetimes = [seconds for seconds in settings.lifetimes.values() if seconds is not None]
    if len(lifetimes) < len(settings.lifetimes):
        return None
    return max(lifetimes) + settings.decode_leeway + settings.keys_reload + _MARGIN


def generate(folder: Path, algorithm: str, now: float | None = None) -> None:
    """Write a new key into *folder*, and say what it is called; it is published *now*."""
    try:
        key = new_key(algorithm)
        path = write_key(folder, key, int(system_clock() if now is None else now))
    except (ConfigurationError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{path}: a new key for {algorithm}, kid {key.key_id}")


def show(rotation: Rotation, *, as_json: bool) -> None:
    """Print the keys, each with its phase and when that ends."""
    if as_json:
        click.echo(json.dumps([_row(key) for key in rotation.keys], indent=2))
        return
    for key in rotation.keys:
        file = key.file
        click.echo(f"{key.phase.value:<10} {file.key.algorithm:<8} {file.key.key_id}  {file.name}")
        click.echo(f"           {_told(key, rotation.now)}")


def _row(key: PhasedKey) -> dict[str, object]:
    file = key.file
    return {
        "kid": file.key.key_id,
        "algorithm": file.key.algorithm,
        "file": file.name,
        "phase": key.phase.value,
        "published_at": int(file.published_at),
        "until": None if key.until is None else int(key.until),
    }


def _told(key: PhasedKey, now: float) -> str:
    if key.phase is Phase.SIGNS:
        return f"published {_moment(key.file.published_at)}"
    if key.until is None:
        return "nothing says when its last token expires"
    if key.phase is Phase.PUBLISHED:
        return f"signs from {_moment(key.until)}"
    said = "its last token has expired" if key.until <= now else "its last token expires"
    return f"{said} {_moment(key.until)}"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def rotate(rotation: Rotation, algorithm: str | None) -> None:
    """Remove the keys whose last token has expired, and make a new one unless one is waiting.

    Raises:
        ClickException: No key of the folder can sign, so that the application only verifies.
    """
    able = rotation.able()
    if not able:
        msg = "no key in this folder can sign: the service that signs makes the new key"
        raise click.ClickException(msg)
    for key in rotation.expired():
        _remove(rotation, key)
    waiting = rotation.of(Phase.PUBLISHED)
    for key in waiting:
        click.echo(f"{key.file.name} is published, and {_told(key, rotation.now)}: no new key")
    if not waiting:
        generate(rotation.folder.path, algorithm or able[-1].file.key.algorithm, rotation.now)


def retire(rotation: Rotation, name: str, *, force: bool) -> None:
    """Remove the key with the ``kid`` or file *name*.

    Raises:
        ClickException: There is no such key, it is the only one, or the only one that can sign;
            or, without *force*, tokens that it has signed are valid.
    """
    found = list(_named(rotation, name))
    if len(found) != 1:
        how = "no key" if not found else "more than one key"
        msg = f"{how} is called {name}; `flask jwtpolicy keys list` shows all"
        raise click.ClickException(msg)
    key = found[0]
    if found in (rotation.able(), rotation.keys):
        which = "the only key that can sign" if key.file.key.can_sign else "the only key"
        msg = f"{name} is {which}; make another one first: `flask jwtpolicy keys generate`"
        raise click.ClickException(msg)
    if not force and key not in rotation.expired():
        said = f"{key.phase.value}, {_told(key, rotation.now)}"
        msg = f"{name}: {said}; --force removes it now, and its tokens are refused"
        raise click.ClickException(msg)
    _remove(rotation, key)


def _named(rotation: Rotation, name: str) -> Iterator[PhasedKey]:
    return (key for key in rotation.keys if name in (key.file.key.key_id, key.file.name))


def _remove(rotation: Rotation, key: PhasedKey) -> None:
    try:
        remove_key(rotation.folder.path / key.file.name)
    except OSError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{key.file.name} is removed: tokens with kid {key.file.key.key_id} are refused")
