"""Verification of own tokens, and of those of the issuers that the application trusts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..exceptions import InvalidTokenError, WrongKindError
from ..parsing.strict_json import parse_object
from ..tokens.claims import Purpose
from ..tokens.jose import split
from ..tokens.token import Token
from ..tokens.verifier import Signed, Verifier
from .issuer_verifier import IssuerVerifier
from .opaque_tokens import may_be_sent

#: Finds the verifier of an ``iss`` that is in no table, or None.
FindVerifier = Callable[[str], IssuerVerifier | None]


class TrustingVerifier(Verifier):
    """A `Verifier` that hands on what no own key has signed.

    Own keys come first, so that own tokens cost what they cost without any issuer. The payload of
    another token is parsed once, and what was parsed then is what is checked later. Its ``iss`` is
    looked up in a table; that of nobody costs no fetch (KEY-7).
    """

    issuers: Mapping[str, IssuerVerifier]
    find_issuer: FindVerifier | None
    #: The verifier of the only issuer whose opaque tokens are accepted, or None.
    opaque: IssuerVerifier | None

    @classmethod
    def over(
        cls,
        verifier: Verifier,
        issuers: Mapping[str, IssuerVerifier],
        find_issuer: FindVerifier | None = None,
    ) -> TrustingVerifier:
        """Return *verifier* as one that trusts *issuers*, by ``iss``, and what *find_issuer* finds.

        It takes the place of *verifier*, which is not to be used any more.
        """
        made = cls.__new__(cls)
        vars(made).update(vars(verifier))
        made.issuers = issuers
        made.find_issuer = find_issuer
        asked = (one for one in issuers.values() if one.issuer.introspection is not None)
        made.opaque = next(asked, None)
        return made

    def _unsigned(
        self,
        signed: Signed,
        reason: str,
        kinds: frozenset[str] | None,
        purpose: Purpose,
        now: float | None,
    ) -> Token:
        """Verify a token that none of the own keys has signed."""
        claims = parse_object(signed.payload)
        issuer = claims.get("iss")
        verifier = None
        if type(issuer) is str:
            # The table first, because a call costs each token of a trusted issuer time.
            verifier = self.issuers.get(issuer) or self.verifier_of(issuer)
        if verifier is None:
            raise InvalidTokenError(f"{reason}; its iss, {issuer!r:.200}, is no trusted issuer")
        if purpose is not Purpose.ADMIT:
            msg = f"it is a token of {issuer}: pass jwt.verify(encoded, issuer=…)"
            raise InvalidTokenError(msg)
        token = verifier.verify(signed, claims, now)
        if kinds is not None and token.kind not in kinds:
            msg = "tokens of other issuers are access tokens"
            raise WrongKindError(msg)
        if signed.head not in self._generation.headers:
            self._remember(signed.head)
        return token

    def verify_of(self, issuer: str, encoded: object) -> Token:
        """Verify a token that has to be of *issuer*, a trusted one; own keys are not asked.

        Raises:
            InvalidTokenError: It is no access token of that issuer for this application.
            KeysUnavailableError: The issuer's keys could not be fetched for too long, or its server
                cannot be asked about an opaque token.
        """
        verifier = self.verifier_of(issuer)
        if verifier is not None and verifier is self.opaque and may_be_sent(encoded):
            return verifier.verify_opaque(encoded)
        signed = Signed(*split(encoded, self._max_length))
        claims = parse_object(signed.payload)
        if verifier is None or claims.get("iss") != issuer:
            msg = f"iss is not {issuer}"
            raise InvalidTokenError(msg)
        return verifier.verify(signed, claims, None)

    def verifier_of(self, issuer: str) -> IssuerVerifier | None:
        """Return the verifier of a trusted *issuer*, without asking it anything; None of others."""
        found = self.issuers.get(issuer)
        if found is None and self.find_issuer is not None:
            return self.find_issuer(issuer)
        return found
