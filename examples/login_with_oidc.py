"""How do users log in at an identity provider, and go on with a session of mine?"""

import os
import re

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, abort, redirect, render_template, request, session, url_for
from joserfc.errors import JoseError
from requests import RequestException

from jwtpolicy import JWTManager, OptionalToken, current_token, protect, public

NAMES = "SECRET_KEY JWT_SECRET_KEY OIDC_CLIENT_ID OIDC_CLIENT_SECRET OIDC_SERVER_METADATA_URL"
CLIENT = {"scope": "openid", "code_challenge_method": "S256", "default_timeout": 10}
app = Flask(__name__)
app.config.update({name: os.environ[name] for name in NAMES.split()})  # Authlib reads OIDC_…
app.config.update(SESSION_COOKIE_NAME="__Host-login", SESSION_COOKIE_SECURE=True)
app.config.update(JWT_TOKEN_LOCATION=["cookies"], JWT_CSRF_CHECK_FORM=True)
jwt, oidc = JWTManager(app), OAuth(app).register("oidc", client_kwargs=CLIENT)


@app.get("/login")
@public
def login():
    path = re.fullmatch(r"/(?!/)[\w\-./~%?&=+]{0,500}", request.args.get("next", ""))
    session.clear()  # of logins that nobody finished
    session["next"] = path[0] if path else url_for("private")
    return oidc.authorize_redirect(os.environ["SITE_URL"] + url_for("callback"))


@app.get("/callback")
@public
def callback():
    claims = oidc.authorize_access_token().get("userinfo") or abort(401)
    user = f"{claims['iss']} {claims['sub']}"  # or the id of your row for these two
    response = redirect(session.pop("next"), 303)
    jwt.set_cookies(response, jwt.login(user, fresh=False).access_token)
    return response


@app.errorhandler(OAuthError)  # the state is of no login here, or the provider refused
@app.errorhandler(JoseError)  # the ID token is not of this login
@app.errorhandler(RequestException)  # an OSError: the provider does not answer
@app.errorhandler(401)
def offer_login(error):
    return render_template("login_with_oidc/login.html"), 503 if isinstance(error, OSError) else 401


@app.post("/logout")
@protect(OptionalToken(ignore_invalid=True))
def logout():
    response = redirect(url_for("private"), 303)
    jwt.logout(response)
    return response


@app.get("/private")
@protect()
def private():
    return render_template("login_with_oidc/private.html", token=current_token)
