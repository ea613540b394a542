"""How do I use it with flask-smorest?"""

import os

from flask import Flask
from flask_smorest import Api, Blueprint
from marshmallow import Schema, fields
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager, Owns, ProtectedView
from jwtpolicy.endpoints import auth_blueprint, check_password

app = Flask(__name__)
app.config.update(API_TITLE="Notes", API_VERSION="1", OPENAPI_VERSION="3.0.3")
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
jwt = JWTManager(app)
api = Api(app)
api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
blueprint = Blueprint("notes", __name__, url_prefix="/notes")

HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}
NOTES = {1: {"owner": "ada", "text": "Buy paper"}, 2: {"owner": "bob", "text": "Call Eve"}}


def authenticate(credentials):
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


class NoteSchema(Schema):
    owner = fields.String(dump_only=True)
    text = fields.String(required=True)


@blueprint.route("/<int:number>")
class OneNote(ProtectedView):
    policies = Owns("owner")

    def load_resource(self, number):
        return NOTES.get(number)

    @blueprint.doc(security=[{"bearer": []}])
    @blueprint.response(200, NoteSchema)
    def get(self, number):
        return self.resource

    @blueprint.doc(security=[{"bearer": []}])
    @blueprint.arguments(NoteSchema)
    @blueprint.response(200, NoteSchema)
    def put(self, changes, number):
        self.resource.update(changes)
        return self.resource


api.register_blueprint(blueprint)
app.register_blueprint(auth_blueprint(authenticate))
