"""Log in and out, confirm, refresh, and manage accounts."""

from __future__ import annotations

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from jwtpolicy import (
    Fresh,
    HasRole,
    IsSubject,
    ProtectedView,
    current_manager,
    current_user,
    protect,
)
from jwtpolicy.endpoints import Credentials, auth_blueprint

from .database import User, database

blueprint = Blueprint("accounts", __name__)


def authenticate(credentials: Credentials) -> User | None:
    """Return the user whose name and password these are."""
    return database().authenticate(credentials["name"], credentials["password"])


# Taking the password once more makes what is final possible for a while: "confirmed".
auth = auth_blueprint(authenticate, url_prefix="", fields=("name", "password"), acr="confirmed")


@blueprint.post("/password")
@protect(Fresh(within=300, acr="confirmed"))
def change_password() -> ResponseReturnValue:
    """Change the password, and log everybody out who may have known the old one."""
    body = request.get_json(silent=True)
    new = body.get("new") if isinstance(body, dict) else None
    if not isinstance(new, str) or not new or not new.isprintable():
        abort(400, "send new")
    database().set_password(current_user.id, new)
    return {"logged_out": current_manager.revoke_other_sessions()}


class Account(ProtectedView):
    """One's own account; an admin sees all of them."""

    policies = IsSubject("user_id") | HasRole("admin")
    method_policies = {"DELETE": Fresh(within=300, acr="confirmed")}

    def get(self, user_id: int) -> ResponseReturnValue:
        """Show the account."""
        user = database().user(str(user_id)) or abort(404)
        return {"id": user.id, "name": user.name, "roles": user.roles}

    def delete(self, user_id: int) -> ResponseReturnValue:
        """Delete the account, its notes and its sessions."""
        database().delete_user(user_id)
        current_manager.revoke_subject(str(user_id))
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
