"""Log in and out, confirm, see the devices, change the password, and delete the account."""

from __future__ import annotations

from typing import Any, cast

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.security import generate_password_hash

from jwtpolicy import (
    Fresh,
    Logout,
    ProtectedView,
    TokenPair,
    current_manager,
    current_token,
)
from jwtpolicy.endpoints import (
    Credentials,
    LoginView,
    LogoutView,
    SessionsView,
    StepUpView,
    check_password,
)
from jwtpolicy.exceptions import AccessError, StepUpRequiredError

from ..site import answer_error, wants_page
from ..site.ways_back import local_path, page_to_return_to

#: Who can log in at the start: name, password.
USERS = {"ada": "lovelace", "bob": "builder"}

blueprint = Blueprint("accounts", __name__)


def _hashes() -> dict[str, str]:
    """Return the hashes of the passwords, by name."""
    return cast(dict[str, str], current_app.extensions["hashes"])


def ask_for_password(error: AccessError) -> ResponseReturnValue:
    """Send people to the form that lets them in, and afterwards on; programs get the refusal."""
    if not wants_page():
        return answer_error(error)
    form = "confirm" if isinstance(error, StepUpRequiredError) else "login"
    return redirect(url_for(f"accounts.{form}", next=page_to_return_to()), 303)


def _form(template: str, problem: str = "") -> str:
    return render_template(
        template, problem=problem, next=local_path(request.values.get("next"), "")
    )


def _let_in(pair: TokenPair) -> Response:
    """Go to where the user wanted to; the access token alone goes into a cookie, which slides."""
    response = cast(Response, redirect(local_path(request.form.get("next"), "/private"), 303))
    current_manager.set_cookies(response, pair.access_token)
    return response


class LogIn(LoginView):
    """The form that asks for name and password, and what comes of it."""

    fields = ("name", "password")

    def authenticate(self, credentials: Credentials) -> str | None:
        """Return the name, if the password is right."""
        name = credentials["name"]
        return name if check_password(_hashes().get(name), credentials["password"]) else None

    def get(self) -> ResponseReturnValue:
        """Ask."""
        return _form("login.html")

    def failed(self, credentials: Credentials) -> ResponseReturnValue:
        """Ask again."""
        return _form("login.html", "Wrong name or password."), 401

    def answer(self, pair: TokenPair) -> ResponseReturnValue:
        """Open the session."""
        return _let_in(pair)


class Confirm(StepUpView):
    """The form that asks whoever is logged in for the password again."""

    fields = ("password",)

    def authenticate(self, credentials: Credentials) -> str | None:
        """Return the current user's name, if the password is right."""
        name = current_token.subject
        return name if check_password(_hashes().get(name), credentials["password"]) else None

    def get(self) -> ResponseReturnValue:
        """Ask, and say why."""
        return _form("confirm.html")

    def failed(self, credentials: Credentials) -> ResponseReturnValue:
        """Ask again."""
        return _form("confirm.html", "Wrong password."), 401

    def answer(self, pair: TokenPair) -> ResponseReturnValue:
        """Go on in the same session, which is fresh now."""
        return _let_in(pair)


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


class Delete(ProtectedView):
    """The page that asks once more, and the end of the account; both want a recent password."""

    policies = Fresh(within=300)

    def get(self) -> ResponseReturnValue:
        """Ask."""
        return render_template("delete.html")

    def post(self) -> ResponseReturnValue:
        """Delete the account, then end its sessions: nobody can open another one in between."""
        name = current_token.subject
        _hashes().pop(name, None)
        current_manager.revoke_subject(name)
        response = make_response(render_template("deleted.html", name=name))
        current_manager.unset_cookies(response)
        return response


class Password(ProtectedView):
    """The form that changes the password, and logs everybody out who may have known the old one."""

    def get(self) -> ResponseReturnValue:
        """Ask."""
        return _form("password.html")

    def post(self) -> ResponseReturnValue:
        """Change it, or say what is wrong."""
        name, new = current_token.subject, request.form.get("new", "")
        if not check_password(_hashes().get(name), request.form.get("old", "")):
            return _form("password.html", "The old password is wrong. Nothing was changed."), 400
        if not new:
            return _form("password.html", "The new password is missing. Nothing was changed."), 400
        _hashes()[name] = generate_password_hash(new)
        current_manager.revoke_other_sessions()
        return redirect("/devices", 303)


devices = Devices.as_view("devices")
blueprint.add_url_rule("/login", view_func=LogIn.as_view("login"))
blueprint.add_url_rule("/confirm", view_func=Confirm.as_view("confirm"))
blueprint.add_url_rule("/logout", view_func=LogOut.as_view("logout"))
blueprint.add_url_rule("/devices", view_func=devices)
blueprint.add_url_rule("/devices/<session_id>", view_func=devices, methods=["POST"])
blueprint.add_url_rule("/password", view_func=Password.as_view("password"))
blueprint.add_url_rule("/private/delete", view_func=Delete.as_view("delete"))
