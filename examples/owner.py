"""How does everybody see only what is theirs?"""

import os

from flask import Flask
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager, Owns, ProtectedView, ResourceMatch, current_resource, protect
from jwtpolicy.endpoints import auth_blueprint, check_password

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
jwt = JWTManager(app)

PASSWORDS = {"ada": os.environ["ADA_PASSWORD"], "bob": os.environ["BOB_PASSWORD"]}
HASHES = {name: generate_password_hash(password) for name, password in PASSWORDS.items()}
NOTES = {
    1: {"owner": "ada", "text": "Buy paper", "shared": False},
    2: {"owner": "bob", "text": "Call Eve", "shared": False},
    3: {"owner": "bob", "text": "Party on Friday", "shared": True},
}


def authenticate(credentials):
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


class OneNote(ProtectedView):
    policies = Owns("owner") | ResourceMatch(shared=True)
    method_policies = {"DELETE": Owns("owner")}

    def load_resource(self, number):
        return NOTES.get(number)

    def get(self, number):
        return self.resource

    def delete(self, number):
        return NOTES.pop(number)


@app.post("/notes/<int:number>/share")
@protect(Owns("owner"), resource=lambda number: NOTES.get(number))
def share(number):
    current_resource["shared"] = True
    return NOTES[number]


@app.get("/notes")
@protect()
def own_notes():
    return [note for note in NOTES.values() if note["owner"] == jwt.current_user]


app.add_url_rule("/notes/<int:number>", view_func=OneNote.as_view("note"))
app.register_blueprint(auth_blueprint(authenticate))
