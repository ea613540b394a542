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


def new_key(algorithm: str) -> jwk.JWK:
    if algorithm[:2] in ("RS", "PS"):
        return jwk.JWK.generate(kty="RSA", size=2048)
    if algorithm[:2] == "ES":
        curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm]
        return jwk.JWK.generate(kty="EC", crv=curve)
    return jwk.JWK.generate(kty="OKP", crv="Ed25519")


def issue(job: Job) -> Job:
    key = new_key(job["alg"])
    key.update(kid=key.thumbprint())
    header = {"alg": job["alg"], "typ": job["typ"], "kid": key["kid"]}
    token = jwt.JWT(header=header, claims=job["claims"], algs=[job["alg"]])
    token.make_signed_token(key)
    return {"token": token.serialize(), "keys": {"keys": [key.export_public(as_dict=True)]}}


def verify(job: Job) -> Job:
    secret = job["keys"].get("secret")
    keys = secret_key(secret) if secret else jwk.JWKSet.from_json(json.dumps(job["keys"]))
    token = jwt.JWT(jwt=job["token"], key=keys, algs=[job["alg"]], expected_type="JWS")
    return {"claims": json.loads(token.claims)}


answer(issue=issue, sign=sign, verify=verify)
