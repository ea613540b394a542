"""The names of keys, tagged so that entries of one look-up share a slot of a Cluster."""

from __future__ import annotations

import secrets
from hashlib import blake2b
from itertools import product
from string import ascii_letters, digits
from typing import Final

from ..base import SESSION_ID_BYTES

#: 4096 tags of two characters: enough to spread evenly over any number of nodes, and so short
#: that a session's id says next to nothing of the subject that it is made of.
TAGS: Final = tuple(map("".join, product(ascii_letters + digits + "-_", repeat=2)))

_KNOWN: Final = frozenset(TAGS)


def tag_of(issuer: str, name: str) -> str:
    """Return the hash tag of an issuer's subject, or of its session id."""
    named = f"{len(issuer)}:{issuer}{name}".encode("utf-8", "surrogatepass")
    return TAGS[int.from_bytes(blake2b(named, digest_size=2).digest()) & 4095]


def home_of(issuer: str, session_id: str) -> str:
    """Return the hash tag of a session: its subject's where `new_session_id` made the id."""
    if session_id[2:3] == "." and session_id[:2] in _KNOWN:
        return session_id[:2]
    return tag_of(issuer, session_id)


def new_session_id(tag: str) -> str:
    """Return a random session id that begins with the hash tag of its slot."""
    return f"{tag}.{secrets.token_urlsafe(SESSION_ID_BYTES)}"


class Keys:
    """The names of the keys in one slot.

    Args:
        prefix: The prefix of all keys.
        tag: The hash tag.
        issuer: ``iss``. Its length is written before it, so that no two names run together.
    """

    __slots__ = ("_base", "_issuer", "tag")

    def __init__(self, prefix: str, tag: str, issuer: str = "") -> None:
        self.tag = tag
        self._base = f"{prefix}{{{tag}}}"
        self._issuer = f"{len(issuer)}:{issuer}"

    def token(self, token_id: str) -> bytes:
        """The key of a token's entry: revoked or consumed."""
        return self._named("t", token_id)

    def session(self, session_id: str) -> bytes:
        """The key of a session's record."""
        return self._named("s", session_id)

    def kept(self, session_id: str) -> bytes:
        """The key of the last rotation's sealed pair, for a repetition."""
        return self._named("k", session_id)

    def cut_off(self, subject: str) -> bytes:
        """The key of a subject's cut-off: the second up to which its tokens are revoked."""
        return self._named("c", subject)

    def floor(self, subject: str) -> bytes:
        """The key of the time before which a subject's logins must not have begun."""
        return self._named("f", subject)

    def lists(self, subject: str) -> list[bytes]:
        """The keys of a subject's lists of sessions: by creation, and by expiry."""
        return [self._named("l", subject), self._named("x", subject)]

    def old_list(self, subject: str) -> bytes:
        """The key of a subject's list of sessions before version 2."""
        return self._named("i", subject)

    @property
    def beginnings(self) -> tuple[bytes, bytes, bytes]:
        """The prefixes of this slot: of session ids, keys of records, and keys of sealed pairs.

        For scripts that find the sessions of a subject themselves.
        """
        return f"{self.tag}.".encode(), self._named("s", ""), self._named("k", "")

    @property
    def epoch(self) -> bytes:
        """The key of the slot's epoch: since when it has all entries."""
        return f"{self._base}e".encode()

    @property
    def mark(self) -> bytes:
        """The key of the mark, which grows while the slot, or the server, is written to."""
        return f"{self._base}m".encode()

    def _named(self, kind: str, name: str) -> bytes:
        return f"{self._base}{kind}{self._issuer}{name}".encode("utf-8", "surrogatepass")


def names_in(key: bytes, kind: str) -> tuple[str, str]:
    """Return the issuer and the name in a key of *kind*."""
    text = key.decode("utf-8", "surrogatepass").partition("}" + kind)[2]
    length, _, rest = text.partition(":")
    return rest[: int(length)], rest[int(length) :]
