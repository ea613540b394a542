"""Read the key set of another party: the ring of what can be used, and what is left out (KEY-4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from ..exceptions import ConfigurationError, expect_names
from .fetch_limits import FetchError
from .key import MIN_SECRET, SUPPORTED, Key
from .remote_members import LeftOut, Matter, MemberError, keys_of, leaked_thumbprints
from .ring import KeyRing

#: Keys that a set may have (KEY-5).
MAX_KEYS: Final = 100


class RemoteRing(KeyRing):
    """The keys of another party: none of them signs, and one key may have several algorithms.

    A JWK without ``alg`` is a key for each algorithm of the issuer that fits it, under one ``kid``.
    A token is still checked with one key and one algorithm, which its header names.

    Attributes:
        identity: What tells whether another ring has the same keys.
    """

    __slots__ = ("identity",)

    def __init__(self, keys: Iterable[Key]) -> None:
        keys = [*keys]
        super().__init__(None, keys)
        self.identity = frozenset((key.algorithm, *_identity(key)) for key in keys)

    def _check_names(self, named: Sequence[Key]) -> None:
        if _ambiguous(named):
            msg = "two different keys have the same kid; remove one, or give it another name"
            raise ConfigurationError(msg)


class RemoteSet(NamedTuple):
    """A key set that was read.

    Attributes:
        ring: The keys that can be used.
        left_out: The members that cannot.
    """

    ring: RemoteRing
    left_out: tuple[LeftOut, ...]


def checked_algorithms(algorithms: Iterable[str]) -> tuple[str, ...]:
    """Return the algorithms of another party's tokens, each once.

    Raises:
        ConfigurationError: There is none; or one is unknown, or an HMAC, whose key would have to be
            a secret of both sides.
    """
    known = [name for name in SUPPORTED if name not in MIN_SECRET]
    what = f'algorithms= takes a list such as ["RS256"], of {", ".join(known)}'
    expect_names(algorithms, what, ConfigurationError)
    names = tuple(dict.fromkeys(algorithms))
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        msg = f"{what}, not {', '.join(unknown)[:100] or 'an empty one'}"
        raise ConfigurationError(msg)
    return names


def read_set(document: object, algorithms: Collection[str]) -> RemoteSet:
    """Return what can be used of the key set *document* (:rfc:`7517#section-5`).

    A member that cannot be used never spoils the others. A set without any key that can be used
    counts as a fault of its server and not as the withdrawal of all keys: so does an empty one,
    which servers send that are being set up.

    Args:
        document: The parsed JSON.
        algorithms: The algorithms of the issuer's tokens.

    Raises:
        FetchError: It is no key set, has more than 100 members, or none of them can be used.
    """
    members = _members(document)
    keys: list[Key] = []
    left_out: list[LeftOut] = []
    for member in members:
        try:
            keys.extend(keys_of(member, algorithms))
        except MemberError as error:
            left_out.append(error.left_out)
    usable = _usable(keys, members, left_out)
    if not usable:
        reasons = "; ".join(sorted({one.reason for one in left_out})) or "it is empty"
        msg = f"the key set has no key for {', '.join(algorithms)}: {reasons}"
        raise FetchError(msg)
    return RemoteSet(RemoteRing(usable), tuple(dict.fromkeys(left_out)))


def _members(document: object) -> list[object]:
    """Return the members of a key set.

    Raises:
        FetchError: It is none, or has too many.
    """
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        msg = 'the document is no key set, which is {"keys": […]}; see where it comes from'
        raise FetchError(msg)
    if len(members) > MAX_KEYS:
        msg = f"the key set has {len(members)} keys, and at most {MAX_KEYS} are read"
        raise FetchError(msg)
    return members


def _usable(keys: list[Key], members: list[object], left_out: list[LeftOut]) -> list[Key]:
    """Return those of *keys* that the rest of the set allows; add the others to *left_out*."""
    ambiguous = _ambiguous(keys)
    leaked = frozenset().union(*map(leaked_thumbprints, members))
    usable = {}
    for key in keys:
        if key.key_id in ambiguous:
            reason = "another key has the same kid, so that neither is used"
            left_out.append(LeftOut(key.key_id, reason, Matter.FAULT))
        elif key._thumbprint() in leaked:
            reason = "its private half is another member of the set"
            left_out.append(LeftOut(key.key_id, reason, Matter.LEAK))
        else:
            # A member that is there twice is one key.
            usable[key.algorithm, key.key_id] = key
    return [*usable.values()]


def _identity(key: Key) -> tuple[str | None, str | None]:
    return key.key_id, key._thumbprint()


def _ambiguous(keys: Iterable[Key]) -> frozenset[str | None]:
    """Return the names that two different keys have."""
    times = Counter(key_id for key_id, _ in set(map(_identity, keys)))
    return frozenset(key_id for key_id, count in times.items() if count > 1)
