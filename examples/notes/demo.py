"""The page that tries everything, and what it asks; an application of your own needs neither."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from jwtpolicy import public

from .tokens import jwt

blueprint = Blueprint("demo", __name__)

#: The buttons: what they send, and what they are called. "own" is the account of the user.
CALLS = (
    ("GET /notes", "my notes"),
    ("POST /notes", "write a note"),
    ("GET /notes/1", "ada's first note"),
    ("GET /notes/99", "a note that is not there"),
    ("GET /accounts", "all accounts"),
    ("GET /accounts/2", "bob's account"),
    ("DELETE own", "delete my account"),
    ("POST /step-up", "confirm with my password"),
    ("POST /password", "set my password again"),
    ("GET /sessions", "where I am logged in"),
    ("DELETE /sessions/others", "log out everywhere else"),
    ("POST /refresh", "refresh"),
    ("POST /logout", "log out"),
)


def demanded(call: str) -> list[str]:
    """Return the policies that stand on the endpoint of a call, as they were written."""
    method, path = call.replace("own", "/accounts/0").split()
    levels = jwt.explain(method, path).levels
    return [repr(level.policy) for level in levels if level.source != "baseline"]


@blueprint.get("/")
@public
def page() -> str:
    """Show the page; each button says what its endpoint demands."""
    calls = [(call, label, demanded(call)) for call, label in CALLS]
    return render_template("page.html", calls=calls)


@blueprint.post("/explain")
@public
def explain() -> ResponseReturnValue:
    """Say what would become of a request, and why, to whoever has its token.

    Outside of a demo this is for developers: strangers need not know what the guards look at.
    """
    method, path, token = _described(request.get_json(silent=True))
    try:
        found = jwt.explain(method, path, token=token)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    return {"reason": found.reason, "cures": found.cures, "text": found.text()}


def _described(body: Any) -> tuple[str, str, str | None]:
    match body:
        case {"method": str(method), "path": str(path), "token": str() | None as token}:
            return method, path, token
    raise BadRequest("send method, path and token")
