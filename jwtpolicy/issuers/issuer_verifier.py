"""Verification of the tokens of one other issuer, with its own keys and its own rules."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from marshmallow import EXCLUDE, ValidationError

from ..clock import Clock, system_clock
from ..exceptions import InvalidTokenError
from ..schemas.reasons import places_of
from ..tokens.jose import Header
from ..tokens.token import Token, _verified
from ..tokens.verifier import Generation, Signed
from .foreign_claims import (
    check_addressed,
    check_kind,
    check_media_type,
    check_subject,
    check_times,
    ends_at,
    mapped,
)
from .issuer import Issuer
from .issuer_keys import IssuerKeys

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
    resolver: object = None

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
    resolver: object = None
    others_prefixes: tuple[str, ...] = ()


class IssuerVerifier:
    """Verify the access tokens of one issuer; a ``kid`` of another one means nothing here.

    Args:
        issuer: The issuer.
        keys: Its keys.
        rules: What the application asks of all of them.
    """

    def __init__(self, issuer: Issuer, keys: IssuerKeys, rules: ForeignRules) -> None:
        self.issuer = issuer
        self.keys = keys
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
        issuer, rules = self.issuer, self._rules
        header = self._checked(signed)
        names = rules.roles_claim, rules.identity_claim
        found = mapped(header.members, claims, issuer, *names)
        check_subject(found["sub"], rules.others_prefixes)
        check_addressed(found, issuer)
        check_kind(issuer, header.members, claims)
        check_times(found, issuer, self._leeway, rules.skew, rules.clock() if now is None else now)
        end = ends_at(found, issuer, self._leeway)
        origin = Origin(issuer, header.members, claims, end, rules.resolver)
        principal = self._principal(found)
        return _verified(found, header.members, issuer.url, rules.counts_as_own, principal, origin)

    def _checked(self, signed: Signed) -> Header:
        """Return the header of a token that a key of the issuer has signed.

        Raises:
            InvalidTokenError: No key of the issuer has signed it.
        """
        generation = self._current()
        known = generation.headers.get(signed.head)
        header, keys = known or generation.parsed(signed.head)
        if known is None:
            check_media_type(header.type)
            if not keys:
                generation = self._renewed(generation)
                header, keys = generation.parsed(signed.head)
        for key in keys:
            if key.verify(signed.signing_input, signed.signature) is True:
                break
        else:
            msg = "the signature is not of a key of its issuer"
            raise InvalidTokenError(msg)
        if known is None:
            generation.remember(signed.head, header, keys)
        return header

    def _current(self) -> Generation:
        ring, generation = self.keys.current(), self._generation
        if generation is None or generation.ring is not ring:
            generation = self._generation = Generation(ring)
        return generation

    def _renewed(self, generation: Generation) -> Generation:
        """Return the keys after another look, for a token with a key that was not there."""
        if self.keys.renewed(generation.ring) is generation.ring:
            return generation
        return self._current()

    def _principal(self, claims: dict[str, Any]) -> object:
        """Return the object that the issuer's schema makes of the claims; without one the subject.

        Raises:
            InvalidTokenError: The claims do not fit.
        """
        if self.issuer.schema is None:
            return claims["sub"]
        try:
            return self.issuer.schema.load(deepcopy(claims), unknown=EXCLUDE)
        except ValidationError as error:
            msg = f"the claims do not load: {places_of(error)}"
            raise InvalidTokenError(msg) from None
        except Exception as error:
            msg = f"the schema of {self.issuer!r} raised {type(error).__name__}"
            logger.exception("%s; the token was refused", msg)
            raise InvalidTokenError(msg) from error
