"""Log in and out, confirm, refresh, and manage accounts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from jwtpolicy import Fresh, HasRole, IsSubject, ProtectedView, current_user, protect, public
from jwtpolicy.endpoints import RefreshView

from .database import User, database
from .tokens import jwt

blueprint = Blueprint("accounts", __name__)


def authenticated() -> User:
    """Return the user whose name and password the request brings."""
    form: Any = request.get_json(silent=True) if request.is_json else request.form
    if not isinstance(form, dict | type(request.form)):
        abort(400, "send name and password")
    user = database().authenticate(str(form.get("name")), str(form.get("password")))
    return user or abort(401, "wrong name or password")


@blueprint.post("/login")
@public
def login() -> ResponseReturnValue:
    """Open a session."""
    return jwt.login(authenticated(), label=request.user_agent.string[:80]).as_response()


@blueprint.post("/confirm")
@protect()
def confirm() -> ResponseReturnValue:
    """Take the password once more, so that what is final becomes possible for a while."""
    return jwt.step_up(authenticated(), acr="confirmed").as_response()


@blueprint.post("/logout")
@protect()
def logout() -> ResponseReturnValue:
    """End the session: its tokens are dead."""
    return jwt.logout().as_response()


class Account(ProtectedView):
    """One's own account; an admin sees all of them."""

    policies = IsSubject("user_id") | HasRole("admin")
    method_policies = {"DELETE": Fresh(within=300, acr="confirmed")}  # noqa: RUF012

    def get(self, user_id: int) -> ResponseReturnValue:
        """Show the account."""
        user = database().user(str(user_id)) or abort(404)
        return {"id": user.id, "name": user.name, "roles": user.roles}

    def delete(self, user_id: int) -> ResponseReturnValue:
        """Delete the account, its notes and its sessions."""
        database().delete_user(user_id)
        jwt.revoke_subject(str(user_id))
        return "", 204


@blueprint.get("/accounts")
@protect(HasRole("admin"))
def accounts() -> ResponseReturnValue:
    """List everybody."""
    return {"accounts": [{"id": user.id, "name": user.name} for user in database().users()]}


@blueprint.get("/me")
@protect()
def me() -> ResponseReturnValue:
    """Show who is asking."""
    return {"id": current_user.id, "name": current_user.name, "roles": current_user.roles}


blueprint.add_url_rule("/accounts/<int:user_id>", view_func=Account.as_view("account"))
blueprint.add_url_rule("/refresh", view_func=RefreshView.as_view("refresh"))
