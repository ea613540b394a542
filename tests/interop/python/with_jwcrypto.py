"""Tokens of jwcrypto."""

from __future__ import annotations

import json

from jwcrypto import jwk, jwt
from jwcrypto.common import base64url_encode
from lines import Job, answer


def secret_key(secret: str) -> jwk.JWK:
    return jwk.JWK(kty="oct", k=base64url_encode(secret))


def sign(job: Job) -> Job:
    secret = job["key"].get("secret")
    key = secret_key(secret) if secret else jwk.JWK(**job["key"]["jwk"])
    header = {"alg": job["alg"], "typ": "JWT", **({"kid": job["kid"]} if job["kid"] else {})}
    token = jwt.JWT(header=header, claims=job["claims"], algs=[job["alg"]])
    token.make_signed_token(key)
    return {"token": token.serialize()}


def verify(job: Job) -> Job:
    secret = job["keys"].get("secret")
    keys = secret_key(secret) if secret else jwk.JWKSet.from_json(json.dumps(job["keys"]))
    token = jwt.JWT(jwt=job["token"], key=keys, algs=[job["alg"]], expected_type="JWS")
    return {"claims": json.loads(token.claims)}


answer(sign=sign, verify=verify)
