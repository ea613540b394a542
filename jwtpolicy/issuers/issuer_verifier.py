"""Verification of the tokens of one other issuer, with its own keys and its own rules."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple, Protocol

from marshmallow import EXCLUDE, Schema, ValidationError

from ..clock import Clock, system_clock
from ..exceptions import InvalidTokenError
from ..schemas.reasons import places_of
from ..tokens.jose import Header, parse_header
from ..tokens.token import Token, _verified
from ..tokens.verifier import Generation, Signed
from .conditions import Test
from .foreign_claims import (
    check_addressed,
    check_kind,
    check_media_type,
    check_subject,
    check_times,
    mapped,
)
from .issuer import Issuer
from .issuer_keys import IssuerKeys
from .opaque_tokens import may_be_sent
from .resolver import IssuerResolver

logger = logging.getLogger("jwtpolicy")


class Origin(NamedTuple):
    """The origin of a token of another issuer.

    Attributes:
        issuer: The issuer.
        header: The JOSE header.
        claims: All claims as they were signed, before names were mapped.
        ends_at: When the token is not accepted any more, in seconds since the epoch.
        resolver: The resolver that named the issuer, or None.
    """

    issuer: Issuer
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    ends_at: float
    resolver: IssuerResolver | None = None

    @property
    def is_machine(self) -> bool:
        """Whether the token is a machine's."""
        return self.issuer.is_machine(self.header, self.claims)

    @property
    def leeway(self) -> float:
        """Seconds by which the clock of the issuer may differ beyond the application's setting."""
        return self.issuer.leeway or 0

    @property
    def user_loader(self) -> Callable[[Token], Any] | None:
        """The function that returns the user of a token of this issuer, or None."""
        return self.issuer.user_loader


class ForeignRules(NamedTuple):
    """Rules of the application for tokens of every other issuer.

    Attributes:
        clock: Returns seconds since the epoch.
        leeway: ``JWT_DECODE_LEEWAY``.
        skew: ``JWT_CLOCK_SKEW``.
        roles_claim: ``JWT_ROLES_CLAIM``.
        identity_claim: ``JWT_IDENTITY_CLAIM``.
        counts_as_own: Whether the tokens of the issuer count as the application's own.
        resolver: The resolver that named the issuer, or None.
        others_prefixes: What stands before the subjects of other issuers and of types of users.
    """

    clock: Clock = system_clock
    leeway: float = 0
    skew: float = 0
    roles_claim: str = "roles"
    identity_claim: str = "sub"
    counts_as_own: bool = False
    resolver: IssuerResolver | None = None
    others_prefixes: tuple[str, ...] = ()


class OpaqueClaims(Protocol):
    """The server that knows what the opaque tokens of an issuer say."""

    def claims_of(self, encoded: str) -> dict[str, Any] | None:
        """Return the claims of a token; None if it is not active.

        Raises:
            KeysUnavailableError: The server cannot be asked.
        """


class IssuerVerifier:
    """Verify the access tokens of one issuer; a ``kid`` of another one means nothing here.

    Args:
        issuer: The issuer.
        keys: Its keys.
        rules: What the application asks of all of them.
        server: What is asked about its opaque tokens; None: there are none.

    Attributes:
        issuer: The issuer.
        keys: Its keys.
        counts_as_own: Whether its tokens count as the application's own.
    """

    def __init__(
        self,
        issuer: Issuer,
        keys: IssuerKeys,
        rules: ForeignRules,
        server: OpaqueClaims | None = None,
    ) -> None:
        self.issuer = issuer
        self.keys = keys
        self.counts_as_own = rules.counts_as_own
        self._server = server
        self._rules = rules
        self._leeway = rules.leeway if issuer.leeway is None else issuer.leeway
        self._generation: Generation | None = None

    def verify(self, signed: Signed, claims: dict[str, Any], now: float | None) -> Token:
        """Verify a token whose ``iss`` is this issuer's.

        Args:
            signed: The token, taken apart.
            claims: Its payload, which is not verified yet.
            now: Seconds since the epoch; None: the time of the clock.

        Raises:
            ExpiredTokenError: ``exp`` or the maximum age has passed.
            InvalidTokenError: It is no access token for this application, or not signed by a key
                of this issuer.
            KeysUnavailableError: The issuer's keys could not be fetched for too long.
        """
        header = self._checked(signed)
        return self._accepted(header.members, claims, now, self.issuer.access_tests)

    def verify_opaque(self, encoded: object, now: float | None = None) -> Token:
        """Verify an opaque token: the server is asked what it says (:rfc:`7662`).

        Args:
            encoded: The token.
            now: Seconds since the epoch; None: the time of the clock.

        Raises:
            ExpiredTokenError: ``exp`` or the maximum age has passed.
            InvalidTokenError: It has not the form of an opaque token, is not active, or is no
                access token for this application.
            KeysUnavailableError: The server cannot be asked.
        """
        issuer, asked = self.issuer, self.issuer.introspection
        if self._server is None or asked is None or not may_be_sent(encoded):
            msg = "not an opaque token that its issuer could be asked about"
            raise InvalidTokenError(msg)
        claims = self._server.claims_of(str(encoded))
        if claims is None:
            msg = f"the server of {issuer.url} says that the token is not active"
            raise InvalidTokenError(msg)
        if claims.setdefault("iss", issuer.url) != issuer.url:
            msg = f"the server of {issuer.url} says that the token is of another issuer"
            raise InvalidTokenError(msg)
        # Servers exist that have no other id than the token, which logs and stores must not show.
        if claims.get("jti") == encoded:
            del claims["jti"]
        return self._accepted({}, claims, now, asked.access_tests)

    def _accepted(
        self,
        header: dict[str, Any],
        claims: dict[str, Any],
        now: float | None,
        access_tests: Iterable[Test],
    ) -> Token:
        """Return the token with these claims, which its issuer has made.

        Raises:
            ExpiredTokenError: ``exp`` or the maximum age has passed.
            InvalidTokenError: It is no access token for this application.
        """
        issuer, rules = self.issuer, self._rules
        found = mapped(header, claims, issuer, rules.roles_claim, rules.identity_claim)
        if rules.others_prefixes:
            check_subject(found["sub"], rules.others_prefixes)
        check_addressed(found, issuer)
        check_kind(access_tests, header, claims)
        now = rules.clock() if now is None else now
        end = check_times(found, issuer, self._leeway, rules.skew, now)
        origin = Origin(issuer, header, claims, end, rules.resolver)
        principal = found["sub"] if issuer.schema is None else self._principal(found, issuer.schema)
        return _verified(found, header, issuer.url, rules.counts_as_own, principal, origin)

    def _checked(self, signed: Signed) -> Header:
        """Return the header of a token that a key of the issuer has signed.

        Raises:
            InvalidTokenError: No key of the issuer has signed it.
        """
        ring, generation = self.keys.current(), self._generation
        if generation is None or generation.ring is not ring:
            generation = self._generation = Generation(ring)
        known = generation.headers.get(signed.head)
        if known is not None:
            header, keys = known
        else:
            header = signed.header or parse_header(signed.head)
            check_media_type(header.type)
            keys = generation.keys_for(header)
            if not keys and (newer := self._renewed(generation)) is not generation:
                generation, keys = newer, newer.keys_for(header)
        for key in keys:
            if key.verify(signed.signing_input, signed.signature) is True:
                break
        else:
            msg = "the signature is not of a key of its issuer"
            raise InvalidTokenError(msg)
        if known is None:
            generation.remember(signed.head, header, keys)
        return header

    def _renewed(self, generation: Generation) -> Generation:
        """Return the keys after another look, for a token with a key that was not there."""
        ring = self.keys.renewed(generation.ring)
        if ring is not generation.ring:
            generation = self._generation = Generation(ring)
        return generation

    def _principal(self, claims: dict[str, Any], schema: Schema) -> object:
        """Return the object that the issuer's schema makes of the claims.

        Raises:
            InvalidTokenError: The claims do not fit.
        """
        try:
            return schema.load(deepcopy(claims), unknown=EXCLUDE)
        except ValidationError as error:
            msg = f"the claims do not load: {places_of(error)}"
            raise InvalidTokenError(msg) from None
        except Exception as error:
            msg = f"the schema of {self.issuer!r} raised {type(error).__name__}"
            logger.exception("%s; the token was refused", msg)
            raise InvalidTokenError(msg) from error
