"""How does each customer get a key?"""

import os

from flask import Flask
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager, current_token, policy, protect
from jwtpolicy.endpoints import auth_blueprint, check_password
from jwtpolicy.keys import Key, KeyRing

SECRETS = {"red": os.environ["RED_SECRET"], "blue": os.environ["BLUE_SECRET"]}
KEYS = {tenant: Key(secret, "HS256", tenant) for tenant, secret in SECRETS.items()}
PASSWORDS = {"red:ada": os.environ["ADA_PASSWORD"], "blue:bob": os.environ["BOB_PASSWORD"]}
HASHES = {subject: generate_password_hash(password) for subject, password in PASSWORDS.items()}


def tenant_of(subject: str) -> str:
    return subject.partition(":")[0]


class TenantKeys(KeyRing):
    def signing_key_for(self, subject, claims):
        return KEYS.get(tenant_of(subject))

    def find(self, algorithm, key_id):  # of a token that is not verified yet
        return (KEYS[key_id],) if key_id in KEYS else ()

    def may_sign(self, key, claims):  # whether this key may say that
        return tenant_of(claims["sub"]) == key.key_id


app = Flask(__name__)
jwt = JWTManager(app, keys=TenantKeys())


def authenticate(credentials):
    subject = f"{credentials['tenant']}:{credentials['username']}"
    is_right = check_password(HASHES.get(subject), credentials["password"])
    return subject if is_right else None


@policy
def of_this_tenant(access):
    tenant = tenant_of(access.token.subject)
    return tenant == access.view_args["tenant"] or access.deny(f"a user of {tenant}")


@app.get("/<tenant>/report")
@protect(of_this_tenant)
def report(tenant):
    return {"tenant": tenant, "for": current_token.subject}


app.register_blueprint(auth_blueprint(authenticate, fields=["tenant", "username", "password"]))
