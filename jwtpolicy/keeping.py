"""Keep a pair of tokens for its repetition, so that nobody but us can read it (REF-4)."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .exceptions import StoreUnavailableError
from .signer import Signer
from .token import Token, TokenPair

#: Bytes of the number that AES-GCM must not see twice with one key (NIST SP 800-38D, 8.2).
_NONCE: Final = 12


@dataclass(frozen=True, slots=True)
class Keeping:
    """What seals the pair that follows a refresh token, under a key derived from the signing key.

    Attributes:
        signer: What signs for the user of the token.
        token: The refresh token that is used up. The sealed pair opens for a repetition of it and
            for nothing else.
    """

    signer: Signer
    token: Token

    def seal(self, pair: TokenPair) -> bytes:
        """Return *pair* for the store."""
        members = [
            pair.access_token,
            pair.refresh_token,
            pair.expires_in,
            pair.scope,
            pair.session_id,
        ]
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher().encrypt(nonce, json.dumps(members).encode(), self._context)

    def open(self, kept: bytes) -> TokenPair:
        """Return the pair that was sealed.

        Raises:
            StoreUnavailableError: It cannot be read: the signing key is another one by now, or
                the store does not hold what was put there.
        """
        try:
            members = self._cipher().decrypt(kept[:_NONCE], kept[_NONCE:], self._context)
        except (InvalidTag, ValueError) as error:
            reason = "the kept pair cannot be read: another signing key?"
            raise StoreUnavailableError(reason) from error
        return TokenPair(*json.loads(members))

    def _cipher(self) -> AESGCM:
        subject, claims = self.token.subject, self.token._claims
        return AESGCM(self.signer.derived_key(subject, claims, b"jwtpolicy kept pair"))

    @property
    def _context(self) -> bytes:
        token = self.token
        return json.dumps([token.issuer, token.session_id, token.token_id]).encode()
