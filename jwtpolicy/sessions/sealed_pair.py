"""Keep a pair of tokens for its repetition, so that nobody but us can read it (REF-4)."""

from __future__ import annotations

import json
import secrets
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..exceptions import StoreUnavailableError
from ..stores.base import Session
from ..tokens.signer import Signer
from ..tokens.token import Token
from .results import TokenPair

#: Bytes of the number that AES-GCM must not see twice with one key (NIST SP 800-38D, 8.2).
_NONCE: Final = 12
#: Bytes that name the key, which tell as little of it as the pair that is sealed under it.
_NAME: Final = 8

_PURPOSE: Final = b"jwtpolicy kept pair"
_NAMING: Final = b"jwtpolicy kept pair: name"


class Keeping(NamedTuple):
    """What seals the newest pair of a session, under a key derived from the signing key.

    Attributes:
        signer: What signs for the user of the session.
        session: The session. The sealed pair opens for it and for no other.
        token: The refresh token that is presented, whose user and claims choose the key.
    """

    signer: Signer
    session: Session
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
        key = self.signer.key_for(self.token._claims["sub"], self.token._claims)
        nonce = secrets.token_bytes(_NONCE)
        cipher, name = AESGCM(key.derived(_PURPOSE)), key.derived(_NAMING)[:_NAME]
        return name + nonce + cipher.encrypt(nonce, json.dumps(members).encode(), self._context)

    def open(self, kept: bytes) -> TokenPair:
        """Return the pair that was sealed, whether its key still signs or is a fallback by now.

        Raises:
            StoreUnavailableError: It cannot be read: its key is not there any more, or the store
                does not hold what was put there.
        """
        name, nonce, sealed = kept[:_NAME], kept[_NAME : _NAME + _NONCE], kept[_NAME + _NONCE :]
        keys = self.signer.secret_keys(self.token.subject, self.token._claims)
        key = next((key for key in keys if key.derived(_NAMING)[:_NAME] == name), None)
        try:
            if key is None:
                raise InvalidTag
            members = AESGCM(key.derived(_PURPOSE)).decrypt(nonce, sealed, self._context)
        except (InvalidTag, ValueError) as error:
            reason = "the kept pair cannot be read: its key is gone, or it was changed"
            raise StoreUnavailableError(reason) from error
        return TokenPair(*json.loads(members))

    @property
    def _context(self) -> bytes:
        return json.dumps([self.session.issuer, self.session.session_id]).encode()
