"""Resources of Flask-RESTful, with decorators for all methods, and rotating refresh tokens."""

import os
from typing import ClassVar

from flask import Flask
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt_identity,
    jwt_required,
)
from flask_restful import Api, Resource, reqparse

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config["JWT_STORE_URL"] = "memory://"
app.config["PROPAGATE_EXCEPTIONS"] = True  # FJE asks for it
app.config["JWT_REFRESH_GRACE"] = 0
JWTManager(app)
api = Api(app)

parser = reqparse.RequestParser()
parser.add_argument("name", required=True)


class Login(Resource):
    def post(self):
        name = parser.parse_args()["name"]
        return {
            "access_token": create_access_token(identity=name, fresh=True),
            "refresh_token": create_refresh_token(name),
        }, 201


class Refresh(Resource):
    @jwt_required(refresh=True)
    def post(self):
        name = get_jwt_identity()
        refresh_token = create_refresh_token(identity=name)
        access_token = create_access_token(identity=name, fresh=False)
        return {"access_token": access_token, "refresh_token": refresh_token}


class Notes(Resource):
    method_decorators = (jwt_required(),)

    def get(self):
        return {"notes": [], "of": get_jwt_identity()}


class Note(Resource):
    method_decorators: ClassVar = {"delete": [jwt_required(fresh=True)]}

    def get(self):
        return {"note": 1}

    def delete(self):
        return {"deleted": get_jwt_identity()}


api.add_resource(Login, "/login")
api.add_resource(Refresh, "/refresh")
api.add_resource(Notes, "/notes")
api.add_resource(Note, "/note")
