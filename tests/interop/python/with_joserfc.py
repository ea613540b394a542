"""Tokens of joserfc."""

from __future__ import annotations

from joserfc import jwk, jwt
from lines import Job, answer


def sign(job: Job) -> Job:
    secret = job["key"].get("secret")
    key = jwk.OctKey.import_key(secret) if secret else jwk.import_key(job["key"]["jwk"])
    header = {"alg": job["alg"], "typ": "JWT", **({"kid": job["kid"]} if job["kid"] else {})}
    return {"token": jwt.encode(header, job["claims"], key, algorithms=[job["alg"]])}


def verify(job: Job) -> Job:
    secret = job["keys"].get("secret")
    keys = jwk.OctKey.import_key(secret) if secret else jwk.KeySet.import_key_set(job["keys"])
    token = jwt.decode(job["token"], keys, algorithms=[job["alg"]])
    jwt.JWTClaimsRegistry().validate(token.claims)
    return {"claims": token.claims}


answer(sign=sign, verify=verify)
