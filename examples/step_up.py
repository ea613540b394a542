"""How do I ask for the password before a deletion?"""

import os

from flask import Flask, redirect, render_template, request, url_for
from werkzeug.security import generate_password_hash

from jwtpolicy import Fresh, JWTManager, ProtectedView, current_token
from jwtpolicy.endpoints import StepUpView, auth_blueprint, check_password
from jwtpolicy.exceptions import StepUpRequiredError

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config.update(JWT_TOKEN_LOCATION=["cookies"], JWT_CSRF_CHECK_FORM=True)
jwt = JWTManager(app, add_context_processor=True)
HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users


def authenticate(credentials):
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


class Confirm(StepUpView):
    authenticate = staticmethod(authenticate)

    def get(self):
        return render_template("step_up/confirm.html")

    def failed(self, credentials):
        return render_template("step_up/confirm.html", problem="Wrong password."), 401

    def answer(self, pair):
        response = redirect(url_for("delete_account"), 303)
        jwt.set_cookies(response, pair)
        return response


class DeleteAccount(ProtectedView):
    policies = Fresh(within=300)

    def get(self):
        return render_template("step_up/delete.html")

    def post(self):
        HASHES.pop(current_token.subject, None)  # a second request finds nothing
        jwt.revoke_subject(current_token.subject)
        response = app.make_response("The account is deleted.")
        jwt.unset_cookies(response)
        return response


@app.errorhandler(StepUpRequiredError)
def ask_for_password(error):
    is_page = request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
    return redirect(url_for("auth.step_up"), 303) if is_page else error.get_response()


app.register_blueprint(auth_blueprint(authenticate, views={"step_up": Confirm}))
app.add_url_rule("/account/delete", view_func=DeleteAccount.as_view("delete_account"))
