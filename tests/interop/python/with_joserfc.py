"""Tokens of joserfc."""

from __future__ import annotations

from joserfc import jwk, jwt
from lines import Job, answer


def sign(job: Job) -> Job:
    secret = job["key"].get("secret")
    key = jwk.OctKey.import_key(secret) if secret else jwk.import_key(job["key"]["jwk"])
    header = {"alg": job["alg"], "typ": "JWT", **({"kid": job["kid"]} if job["kid"] else {})}
    return {"token": jwt.encode(header, job["claims"], key, algorithms=[job["alg"]])}


def new_key(algorithm: str) -> jwk.RSAKey | jwk.ECKey | jwk.OKPKey:
    if algorithm[:2] in ("RS", "PS"):
        return jwk.RSAKey.generate_key(2048, auto_kid=True)
    if algorithm[:2] == "ES":
        curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm]
        return jwk.ECKey.generate_key(curve, auto_kid=True)
    return jwk.OKPKey.generate_key("Ed25519", auto_kid=True)


def issue(job: Job) -> Job:
    key = new_key(job["alg"])
    header = {"alg": job["alg"], "typ": job["typ"], "kid": key.kid}
    token = jwt.encode(header, job["claims"], key, algorithms=[job["alg"]])
    return {"token": token, "keys": jwk.KeySet([key]).as_dict(private=False)}


def verify(job: Job) -> Job:
    secret = job["keys"].get("secret")
    keys = jwk.OctKey.import_key(secret) if secret else jwk.KeySet.import_key_set(job["keys"])
    token = jwt.decode(job["token"], keys, algorithms=[job["alg"]])
    jwt.JWTClaimsRegistry().validate(token.claims)
    return {"claims": token.claims}


answer(issue=issue, sign=sign, verify=verify)
