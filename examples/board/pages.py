"""The pages of the board, and the forms in them."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.security import generate_password_hash

from jwtpolicy import (
    Fresh,
    Logout,
    OptionalToken,
    TokenPair,
    current_manager,
    current_token,
    protect,
)
from jwtpolicy.endpoints import (
    Credentials,
    LoginView,
    LogoutView,
    SessionsView,
    check_password,
)
from jwtpolicy.exceptions import AccessError

#: Who can log in at the start: name, password.
USERS = {"ada": "lovelace", "bob": "builder"}

blueprint = Blueprint("pages", __name__)


def _hashes() -> dict[str, str]:
    """Return the hashes of the passwords, by name."""
    return cast(dict[str, str], current_app.extensions["hashes"])


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
    current_manager.revoke_subject(current_token.subject)
    return _without_cookies("Your account is gone.")


class LogIn(LoginView):
    """The form that asks for name and password, and what comes of it."""

    fields = ("name", "password")

    def authenticate(self, credentials: Credentials) -> str | None:
        """Return the name, if the password is right."""
        name = credentials["name"]
        return name if check_password(_hashes().get(name), credentials["password"]) else None

    def get(self) -> ResponseReturnValue:
        """Ask."""
        return render_template("login.html")

    def failed(self, credentials: Credentials) -> ResponseReturnValue:
        """Ask again."""
        return render_template("login.html", problem="Wrong name or password."), 401

    def answer(self, pair: TokenPair) -> ResponseReturnValue:
        """Open the session; the access token alone goes into a cookie, which slides."""
        response = cast(Response, redirect("/private", 303))
        current_manager.set_cookies(response, pair.access_token)
        return response


class LogOut(LogoutView):
    """The end of the session; whoever has none any more loses the cookie all the same."""

    def answer(self, logout: Logout) -> ResponseReturnValue:
        """Go back to the board."""
        response = cast(Response, redirect("/", 303))
        current_manager.unset_cookies(response)
        return response


class Devices(SessionsView):
    """The page of all devices where one is logged in; forms end one, the others, or all."""

    def listed(self, sessions: Any) -> ResponseReturnValue:
        """Show them."""
        return render_template("devices.html", sessions=sessions)

    def ended(self) -> ResponseReturnValue:
        """Show what is left."""
        return redirect("/devices", 303)

    def post(self, session_id: str | None = None) -> ResponseReturnValue:
        """Do what DELETE does: forms know no other method."""
        return self.delete(session_id)


@blueprint.post("/password")
@protect()
def change_password() -> ResponseReturnValue:
    """Change the password, and log everybody out who may have known the old one."""
    name, new = current_token.subject, request.form.get("new", "")
    if not new or not check_password(_hashes().get(name), request.form.get("old", "")):
        abort(400, "send the old password and a new one")
    _hashes()[name] = generate_password_hash(new)
    current_manager.revoke_other_sessions()
    return redirect("/devices", 303)


devices = Devices.as_view("devices")
blueprint.add_url_rule("/login", view_func=LogIn.as_view("login"))
blueprint.add_url_rule("/logout", view_func=LogOut.as_view("logout"))
blueprint.add_url_rule("/devices", view_func=devices)
blueprint.add_url_rule("/devices/<session_id>", view_func=devices, methods=["POST"])


def ask_to_log_in(error: AccessError) -> ResponseReturnValue:
    """Send people to the login form instead of a bare 401."""
    return redirect("/login", 303)


def _without_cookies(text: str) -> Response:
    response = Response(text)
    current_manager.unset_cookies(response)
    return response
