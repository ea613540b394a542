"""The keys of an issuer that never change: a key set in a file, a text, or a list of keys."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..exceptions import ConfigurationError, expect_several
from ..parsing.strict_json import parse_json
from .fetch_limits import MAX_BODY, FetchError
from .key import Key
from .remote_members import Matter
from .remote_set import RemoteRing, checked_algorithms, read_set
from .ring import StaticKeys

_WHAT = (
    "keys= takes a JWK set (a dict, JSON text, or the path of a file), or a list of Key objects: "
    "[Key(public_pem, 'RS256')]"
)


def static_ring(keys: StaticKeys, algorithms: Iterable[str]) -> RemoteRing:
    """Return the ring of an issuer whose keys are given, and never fetched.

    Args:
        keys: A JWK set, as a dict, as JSON, or as the path of a file; or a list of `Key`, of which
            only the public halves are kept.
        algorithms: The algorithms of the issuer's tokens.

    Raises:
        ConfigurationError: There is no key; or one is malformed, weak, secret, or for none of
            *algorithms*; or two have one name. Members for another use, such as encryption, are
            left out, since a set that was downloaded once has them.
    """
    names = checked_algorithms(algorithms)
    if isinstance(keys, Mapping):
        return _ring_of(dict(keys), names)
    if isinstance(keys, str | os.PathLike):
        return _ring_of(_parsed(_text(keys)), names)
    return _ring_of_keys(keys, names)


def _ring_of(document: object, algorithms: tuple[str, ...]) -> RemoteRing:
    try:
        ring, left_out = read_set(document, algorithms)
    except FetchError as error:
        msg = f"keys=: {error}"
        raise ConfigurationError(msg) from None
    for key_id, reason, matter in left_out:
        if matter is not Matter.NOTHING:
            msg = f"keys=: the key with kid {key_id!r} cannot be used: {reason}"
            raise ConfigurationError(msg)
    return ring


def _ring_of_keys(keys: Iterable[Key], algorithms: tuple[str, ...]) -> RemoteRing:
    found = []
    for key in expect_several(keys, _WHAT, ConfigurationError, is_secret=True):
        if not isinstance(key, Key):
            msg = f"{_WHAT}, not one of {type(key).__name__}"
            raise ConfigurationError(msg)
        if key.algorithm not in algorithms:
            msg = f"{key!r} is for none of algorithms=, which are {', '.join(algorithms)}"
            raise ConfigurationError(msg)
        found.append(key.public())
    if not found:
        msg = f"{_WHAT}; this one is empty"
        raise ConfigurationError(msg)
    return RemoteRing(found)


def _text(keys: str | os.PathLike[str]) -> bytes:
    """Return the JSON that was given, or the content of the file that was named.

    Raises:
        ConfigurationError: The file cannot be read.
    """
    if isinstance(keys, str) and keys.lstrip().startswith("{"):
        return keys.encode("utf-8", "replace")
    path = Path(keys).expanduser()
    try:
        with path.open("rb") as file:
            return file.read(MAX_BODY + 1)
    except (OSError, ValueError) as error:
        msg = f"{_WHAT}; no file can be read there: {type(error).__name__}"
        raise ConfigurationError(msg) from None


def _parsed(text: bytes) -> object:
    try:
        if len(text) > MAX_BODY:
            raise ValueError
        found: object = parse_json(text)
    except ValueError:
        msg = f"{_WHAT}; this is no strict JSON of at most {MAX_BODY} bytes"
        raise ConfigurationError(msg) from None
    return found
