"""Encryption of the newest token pair in the store, for refreshes within the grace (REF-4)."""

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

#: Bytes of the nonce, which AES-GCM must not use twice with one key (NIST SP 800-38D, 8.2).
_NONCE: Final = 12
#: Bytes of the key's name, which HKDF derives from the key: they do not reveal it.
_NAME: Final = 8

_PURPOSE: Final = b"jwtpolicy kept pair"
_NAMING: Final = b"jwtpolicy kept pair: name"


class PairSeal(NamedTuple):
    """AES-GCM encryption of a session's newest pair, with a key derived from the signing key.

    Attributes:
        signer: The signer, whose keys the encryption keys are derived from.
        session: The session. Issuer and id are authenticated data, so that a sealed pair that was
            moved to another session does not open.
        token: The refresh token of the request, whose subject and claims choose the key.
    """

    signer: Signer
    session: Session
    token: Token

    def seal(self, pair: TokenPair) -> bytes:
        """Return *pair* encrypted: name of the key, nonce, ciphertext with tag."""
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
        """Return the decrypted pair; its key may still sign, or only verify by now.

        Raises:
            StoreUnavailableError: The pair cannot be decrypted: its key was removed, or the bytes
                in the store were changed.
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
