"""How do I write a rule that says why?"""

import os

from flask import Flask
from werkzeug.security import generate_password_hash

from jwtpolicy import HasRole, JWTManager, current_resource, policy, protect
from jwtpolicy.endpoints import auth_blueprint, check_password

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
jwt = JWTManager(app)

PASSWORDS = {"ada": os.environ["ADA_PASSWORD"], "bob": os.environ["BOB_PASSWORD"]}
HASHES = {name: generate_password_hash(password) for name, password in PASSWORDS.items()}
ROLES = {"ada": ["manager", "director"], "bob": ["manager"]}
PAYMENTS = {
    1: {"author": "ada", "total": 80, "approved_by": None},
    2: {"author": "bob", "total": 500, "approved_by": None},
    3: {"author": "ada", "total": 9000, "approved_by": None},
}


def authenticate(credentials):
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


@jwt.extra_claims  # again at each refresh, because there is a user loader
def roles_of(user, kind):
    return {"roles": ROLES.get(user, [])}


@policy
def by_a_second_person(access):
    if access.resource["author"] == access.token.subject:
        return access.deny("a payment is approved by somebody else than its author")
    return True


@policy
def up_to(access, limit):
    total = access.resource["total"]
    return True if total <= limit else access.deny(f"{total} is more than {limit}")


may_approve = HasRole("manager") & by_a_second_person & (up_to(1000) | HasRole("director"))


@app.post("/payments/<int:number>/approval")
@protect(may_approve, resource=lambda number: PAYMENTS.get(number))
def approve(number):
    current_resource["approved_by"] = jwt.current_user
    return PAYMENTS[number]


jwt.user_loader(lambda token: token.subject if token.subject in HASHES else None)
app.register_blueprint(auth_blueprint(authenticate))
