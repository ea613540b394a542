"""Whose tokens an application trusts: the keys and verifiers of other issuers, and who is own."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import partial

from ..exceptions import ConfigurationError
from ..issuers.found_issuers import FoundIssuers
from ..issuers.issuer import Issuer
from ..issuers.issuer_keys import GivenKeys, IssuerKeys, OnlyOpaque
from ..issuers.issuer_verifier import ForeignRules, IssuerVerifier, OpaqueClaims
from ..issuers.opaque_tokens import Introspection
from ..issuers.resolver import IssuerResolver
from ..issuers.trusting_verifier import FindVerifier, TrustingVerifier
from ..tokens.verifier import Verifier

logger = logging.getLogger("jwtpolicy")


class Trust:
    """The issuers that one application trusts, each with the one object that has its keys.

    Args:
        rules: What the application asks of the tokens of all of them.
        own_issuers: ``iss`` of its own tokens: the one that it writes, and others that it accepts.
        has_keys: Whether it has a key of its own.

    Attributes:
        own_issuers: ``iss`` of its own tokens.
        has_keys: Whether it has a key of its own.
    """

    def __init__(self, rules: ForeignRules, own_issuers: Iterable[str], *, has_keys: bool) -> None:
        self._rules = rules
        self.own_issuers = frozenset(own_issuers) - {""}
        self.has_keys = has_keys
        # By identity: an `__eq__` of a subclass must not give one issuer the keys of another.
        self._keys: dict[int, tuple[Issuer, IssuerKeys]] = {}
        self._servers: dict[int, tuple[Issuer, OpaqueClaims]] = {}
        self._found: dict[IssuerResolver, FoundIssuers] = {}

    def trusting(
        self,
        verifier: Verifier,
        issuers: Sequence[Issuer],
        resolver: IssuerResolver | None,
        prefixes: Iterable[str],
    ) -> TrustingVerifier:
        """Return *verifier* as one that trusts *issuers*, and what *resolver* finds.

        Args:
            verifier: The verifier of own tokens, which is not to be used any more.
            issuers: The issuers.
            resolver: What finds further ones, or None.
            prefixes: What stands before the subjects of types of users of the application's own.

        Raises:
            ConfigurationError: One of the issuers is this application itself.
        """
        self._check_others(issuers)
        found = "" if resolver is None else resolver.subject_prefix
        named = {*prefixes, *(issuer.subject_prefix for issuer in issuers), found} - {""}
        known = {}
        for one in issuers:
            rules = self._rules._replace(
                counts_as_own=self.counts_as_own(issuers, resolver),
                others_prefixes=tuple(sorted(named - {one.subject_prefix})),
            )
            known[one.url] = IssuerVerifier(one, self.keys_of(one), rules, self._server_of(one))
        rules = self._rules._replace(
            resolver=resolver, others_prefixes=tuple(sorted(named - {found}))
        )
        find = None if resolver is None else self._finder(resolver, rules)
        return TrustingVerifier.over(verifier, known, find)

    def _finder(self, resolver: IssuerResolver, rules: ForeignRules) -> FindVerifier:
        """Return what finds the verifier of an issuer that only *resolver* knows."""
        if resolver not in self._found:
            keys_of = partial(_keys, public_only=not resolver.allow_private)
            self._found.setdefault(resolver, FoundIssuers(resolver, keys_of))
        found = self._found[resolver]
        # The application itself is no tenant, whatever the function of the application says.
        return lambda url: None if url in self.own_issuers else found.find(url, rules)

    def _check_others(self, issuers: Iterable[Issuer]) -> None:
        """Refuse an issuer that is this application itself.

        Raises:
            ConfigurationError: The URL of one of them is an ``iss`` of own tokens.
        """
        for issuer in issuers:
            if issuer.url in self.own_issuers:
                msg = (
                    f"{issuer!r} is trusted, and JWT_ENCODE_ISSUER or JWT_DECODE_ISSUER names it "
                    "too: its tokens would be own ones and others at once; remove one of them"
                )
                raise ConfigurationError(msg)

    def counts_as_own(
        self, issuers: Sequence[Issuer], resolver: IssuerResolver | None = None
    ) -> bool:
        """Whether the tokens of the only issuer count as the application's own."""
        return len(issuers) == 1 and resolver is None and not self.has_keys

    def keys_of(self, issuer: Issuer) -> IssuerKeys:
        """Return the keys of *issuer*, always the same object."""
        if id(issuer) not in self._keys:
            # One object: two threads that bind at the same time fetch once.
            self._keys.setdefault(id(issuer), (issuer, _keys(issuer)))
        return self._keys[id(issuer)][1]

    def _server_of(self, issuer: Issuer) -> OpaqueClaims | None:
        """Return what is asked about the opaque tokens of *issuer*, always the same object."""
        if issuer.introspection is None:
            return None
        if id(issuer) not in self._servers:
            # One object, so that there is one cache, and one limit of questions.
            made = _server(issuer, issuer.introspection)
            self._servers.setdefault(id(issuer), (issuer, made))
        return self._servers[id(issuer)][1]

    def begin(self, name: str, issuers: Sequence[Issuer], resolver: IssuerResolver | None) -> None:
        """Fetch the keys in the background, and log who counts as own; *name* is the app's."""
        for issuer in issuers:
            self.keys_of(issuer).warm_up()
        self._tell(name, issuers, resolver)

    def _tell(self, name: str, issuers: Sequence[Issuer], resolver: IssuerResolver | None) -> None:
        """Log whose tokens pass a level that names no issuer."""
        if not issuers and resolver is None:
            return
        all_of_them = [issuer.url for issuer in issuers] + ([repr(resolver)] if resolver else [])
        trusted = ", ".join(all_of_them)
        if self.counts_as_own(issuers, resolver):
            logger.info(
                "%s: the tokens of %s count as own, because there is no key and no other issuer; "
                "with a second one, or with a key, policies have to name it: IssuedBy(…)",
                name,
                trusted,
            )
        elif self.has_keys:
            logger.info(
                "%s: the tokens of %s are accepted where a policy names their issuer: IssuedBy(…)",
                name,
                trusted,
            )
        else:
            logger.warning(
                "%s: no tokens count as own, because there is no key and more than one issuer "
                "(%s): a level that names none of them with IssuedBy(…) refuses every token",
                name,
                trusted,
            )


def _keys(issuer: Issuer, public_only: bool = False) -> IssuerKeys:
    if issuer.keys is not None:
        return GivenKeys(issuer.keys)
    if not issuer.has_keys:
        return OnlyOpaque()
    # Here, because TLS takes a while to import, and most applications trust nobody else.
    from ..keys.fetching import FetchRules
    from ..keys.remote import RemoteKeys
    from ..keys.remote_source import RemoteSource

    rules = FetchRules(allow_http=issuer.allow_http, public_only=public_only, cafile=issuer.cafile)
    source = RemoteSource(issuer.url, issuer.algorithms, issuer.jwks_uri, rules)
    return RemoteKeys(issuer.url, source)


def _server(issuer: Issuer, introspection: Introspection) -> OpaqueClaims:
    # Here, because TLS takes a while to import.
    from ..issuers.introspection_client import IntrospectionClient
    from ..keys.fetching import FetchRules

    rules = FetchRules(allow_http=issuer.allow_http, cafile=issuer.cafile)
    return IntrospectionClient(issuer.url, introspection, rules)
