"""The views of the interface."""

from flask import Blueprint, abort, request
from flask.views import MethodView

from .tools import team, tokens_for

api = Blueprint("api", __name__)


@api.post("/login")
def login():
    return tokens_for(request.form["name"])


@api.get("/team")
def show_team():
    from flask_jwt_extended import verify_jwt_in_request

    verify_jwt_in_request(optional=True)
    if not team():
        abort(404)
    return team()


def register():
    from flask_jwt_extended import get_jwt_identity, jwt_required

    class Account(MethodView):
        decorators = (jwt_required(),)

        def get(self):
            return get_jwt_identity()

        @jwt_required(fresh=True, locations=["headers"])
        def delete(self):
            return "gone " + get_jwt_identity()

    api.add_url_rule("/account", view_func=Account.as_view("account"))

    @api.post("/again")
    @jwt_required(refresh=True)
    def again():
        who = get_jwt_identity()
        return tokens_again(who)


def tokens_again(who):
    return who


register()
