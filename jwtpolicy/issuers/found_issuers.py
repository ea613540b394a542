"""Keep what a resolver has found, and what it has not, within bounds (KEY-7)."""

from __future__ import annotations

import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from ..clock import Clock, elapsed
from ..connections.forks import PerProcess
from .issuer import Issuer
from .issuer_keys import IssuerKeys
from .issuer_verifier import ForeignRules, IssuerVerifier
from .look_up_budget import PER_SECOND, LookUpBudget
from .resolver import IssuerResolver

logger = logging.getLogger("jwtpolicy")

#: Names without an issuer that are remembered.
MAX_UNKNOWN: Final = 1_000
#: Seconds between two lines in the log about the same limit.
_QUIET: Final = 60.0


class _Found(NamedTuple):
    """An issuer that was found.

    Attributes:
        issuer: The issuer, as the application has returned it last.
        keys: Its keys, which stay if only something else about the issuer has changed.
        verifier: Verifies its tokens.
        rules: The rules by which it does.
        asked_at: When the application was asked.
    """

    issuer: Issuer
    keys: IssuerKeys
    verifier: IssuerVerifier
    rules: ForeignRules
    asked_at: float


class FoundIssuers:
    """The issuers of one application's resolver: those that are there, and names that are none.

    They are kept apart, so that strangers push out nobody. No lock is held while the application
    is asked; two threads may ask for the same name at once. An answer counts from when it was asked
    for, so that one that comes late is not believed for longer.

    Args:
        resolver: The resolver.
        keys_of: Returns new keys of an issuer.
        clock: Returns seconds that pass evenly.
    """

    def __init__(
        self,
        resolver: IssuerResolver,
        keys_of: Callable[[Issuer], IssuerKeys],
        clock: Clock = elapsed,
    ) -> None:
        self._resolver = resolver
        self._keys_of = keys_of
        self._clock = clock
        self._known: OrderedDict[str, _Found] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._budget = LookUpBudget()
        self._told_at: dict[str, float] = {}
        # A fork copies what is known, and a lock perhaps while another thread holds it.
        self._lock = PerProcess(threading.Lock)

    def find(self, url: str, rules: ForeignRules) -> IssuerVerifier | None:
        """Return the verifier of the issuer of this name, or None.

        Args:
            url: ``iss`` of a token that is not verified.
            rules: What the application asks of its tokens.

        Raises:
            KeysUnavailableError: The application could not say whether there is one.
        """
        now = self._clock()
        known = self._known.get(url)
        if known is not None and now - known.asked_at < self._resolver.recheck:
            return self._used(url, known, rules)
        if known is None and not self._may_ask(url, now):
            return None
        issuer = self._resolver.look_up(url)
        if issuer is None:
            self._forget(url, now)
            return None
        return self._learned(url, issuer, rules, now)

    def _used(self, url: str, known: _Found, rules: ForeignRules) -> IssuerVerifier:
        """Return the verifier of an issuer that is known, which is now the last one used."""
        with self._lock():
            if url in self._known:
                self._known.move_to_end(url)
        if known.rules == rules:
            return known.verifier
        # The application was not bound yet when it was found, and something was registered since.
        return IssuerVerifier(known.issuer, known.keys, rules)

    def _may_ask(self, url: str, now: float) -> bool:
        """Whether the application may be asked now for a name that is not known."""
        if not self._resolver.may_find(url):
            return False
        with self._lock():
            asked_at = self._unknown.get(url, -math.inf)
            if now - asked_at < self._resolver.recheck:
                return False
            may = self._budget.take(now)
        if not may and self._is_due("asked", now):
            logger.warning(
                "%r is asked for unknown issuers more than %d times per second; further ones are "
                "refused unasked",
                self._resolver,
                PER_SECOND,
            )
        return may

    def _forget(self, url: str, now: float) -> None:
        """Note that nobody has this name, or nobody any more."""
        with self._lock():
            self._known.pop(url, None)
            self._unknown.pop(url, None)
            self._unknown[url] = now
            while len(self._unknown) > MAX_UNKNOWN:
                self._unknown.popitem(last=False)

    def _learned(self, url: str, issuer: Issuer, rules: ForeignRules, now: float) -> IssuerVerifier:
        """Note what was found, and return its verifier; keys that are known stay."""
        old = self._known.get(url)
        is_same = old is not None and _key_arguments(old.issuer) == _key_arguments(issuer)
        keys = old.keys if old is not None and is_same else self._keys_of(issuer)
        found = _Found(issuer, keys, IssuerVerifier(issuer, keys, rules), rules, now)
        with self._lock():
            self._unknown.pop(url, None)
            self._known[url] = found
            self._known.move_to_end(url)
            is_full = len(self._known) > self._resolver.max_issuers
            while len(self._known) > self._resolver.max_issuers:
                self._known.popitem(last=False)
            if old is None and not is_full:
                # One that pushes out another is not given back: it will fetch keys once more.
                self._budget.give_back()
        if is_full and self._is_due("full", now):
            logger.warning(
                "%r has found more than %d issuers, and drops the keys of one for each new one; "
                "make max_issuers= larger",
                self._resolver,
                self._resolver.max_issuers,
            )
        return found.verifier

    def _is_due(self, limit: str, now: float) -> bool:
        """Whether a limit may be logged again: once per minute."""
        if now - self._told_at.get(limit, -math.inf) < _QUIET:
            return False
        self._told_at[limit] = now
        return True


def _key_arguments(issuer: Issuer) -> object:
    """Return what says where the keys of *issuer* come from; given keys equal nobody else's."""
    if issuer.keys is not None:
        return issuer.keys
    return (issuer.jwks_uri, issuer.algorithms, issuer.cafile, issuer.allow_http)
