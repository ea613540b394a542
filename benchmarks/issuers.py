"""Offer three issuers whose tokens an application trusts; the keys of the last one are fetched."""

from __future__ import annotations

import json
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt as pyjwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from jwtpolicy import Issuer

#: The issuer of the tokens that are accepted, one more, and the one whose keys are fetched.
URLS = ("https://one.example.com", "https://two.example.com", "https://three.example.com")
_AUDIENCE = "notes"
_KEY_ID = "k1"


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _key_set() -> dict[str, Any]:
    public: dict[str, Any] = RSAAlgorithm.to_jwk(_key().public_key(), as_dict=True)
    return {"keys": [{**public, "kid": _KEY_ID, "alg": "RS256", "use": "sig"}]}


def token_of(url: str, key_id: str = _KEY_ID, **claims: Any) -> str:
    """Return an access token of the issuer at *url*."""
    now = int(time.time())
    usual = {"iss": url, "aud": _AUDIENCE, "sub": "u1", "jti": "j1", "iat": now, "exp": now + 900}
    headers = {"kid": key_id, "typ": "at+jwt"}
    return pyjwt.encode(usual | claims, _key(), "RS256", headers)


class KeyServer:
    """Serves the key set on loopback; an application that asks too often would wait for it.

    Attributes:
        url: The address of the key set.
    """

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/keys"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def issuers(self) -> list[Issuer]:
        """Return the three issuers; only the keys of the last one come from here."""
        *given, fetched = URLS
        return [
            *(Issuer(url, audience=_AUDIENCE, keys=_key_set()) for url in given),
            Issuer(fetched, audience=_AUDIENCE, jwks_uri=self.url, allow_http=True),
        ]

    def close(self) -> None:
        """Refuse connections from now on."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(_key_set()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing between the rows."""
