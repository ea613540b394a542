"""The pages of the board, and the forms in them."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.security import check_password_hash, generate_password_hash

from jwtpolicy import Fresh, JWTManager, OptionalToken, current_token, protect, public
from jwtpolicy.exceptions import AccessError

#: Who can log in.
USERS = {"ada": "lovelace", "bob": "builder"}
_HASHES = {name: generate_password_hash(password) for name, password in USERS.items()}
_NOBODY = generate_password_hash("nobody")

blueprint = Blueprint("pages", __name__)


def _jwt() -> JWTManager[Any]:
    return cast(JWTManager[Any], current_app.extensions["jwt"])


@blueprint.get("/")
@protect(OptionalToken(ignore_invalid=True))
def board() -> ResponseReturnValue:
    """Show the messages to everybody, and the form to those who are logged in."""
    return render_template("board.html", messages=current_app.extensions["messages"])


@blueprint.post("/messages")
@protect()
def write() -> ResponseReturnValue:
    """Add a message; the form brought the CSRF value."""
    text = request.form.get("text", "").strip()[:500] or abort(400, "a message has a text")
    current_app.extensions["messages"].append(f"{current_token.subject}: {text}")
    return redirect("/", 303)


@blueprint.get("/private")
@protect()
def private() -> ResponseReturnValue:
    """Show what nobody else may see."""
    return render_template("private.html")


@blueprint.post("/private/delete")
@protect(Fresh(within=300))
def delete() -> ResponseReturnValue:
    """Delete the account, if the password was given in the last five minutes."""
    _jwt().revoke_subject(current_token.subject)
    return _without_cookies("Your account is gone.")


@blueprint.get("/login")
@public
def login_form() -> ResponseReturnValue:
    """Ask for name and password."""
    return render_template("login.html")


@blueprint.post("/login")
@public
def login() -> ResponseReturnValue:
    """Open a session, whose access token goes into a cookie."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403, "log in on our own page")
    name = request.form.get("name", "")
    # A hash is compared in any case, so that the time taken does not tell who exists.
    known = _HASHES.get(name, _NOBODY)
    if not check_password_hash(known, request.form.get("password", "")) or name not in _HASHES:
        return render_template("login.html", problem="Wrong name or password."), 401
    response = cast(Response, redirect("/private", 303))
    _jwt().set_cookies(response, _jwt().login(name).access_token)
    return response


@blueprint.post("/logout")
@protect(OptionalToken(ignore_invalid=True))
def logout() -> ResponseReturnValue:
    """End the session; whoever has none any more loses the cookie all the same."""
    response = cast(Response, redirect("/", 303))
    _jwt().logout(response)
    return response


def ask_to_log_in(error: AccessError) -> ResponseReturnValue:
    """Send people to the login form instead of a bare 401."""
    return redirect("/login", 303)


def _without_cookies(text: str) -> Response:
    response = Response(text)
    _jwt().unset_cookies(response)
    return response
