"""The page that shows who may do what, and why; an application of your own needs none of it.

Whoever may call these endpoints learns what the guards look at: outside of a demo, that is for
developers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from jwtpolicy import Explanation, public
from jwtpolicy.audit import Row, audit
from jwtpolicy.exceptions import ExpiredTokenError, InvalidTokenError, StepUpRequiredError

from ..database import DEMO_USERS, database
from ..tokens import jwt
from .reasons import source_of, tree_of

blueprint = Blueprint(
    "demo",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/demo/static",
)

#: The endpoints that the matrix is about; the others open and end sessions, and have buttons.
_SHOWN = ("accounts.", "notes.", "auth.sessions")
#: What stands for the variables of a URL: Bob's account, his first note, and other sessions.
_EXAMPLES = {"<int:user_id>": "2", "<int:note_id>": "2", "<session_id>": "others"}


class Call(NamedTuple):
    """A request that the page can send, and what its endpoint demands."""

    method: str
    rule: str
    path: str
    policies: list[str]


def calls() -> Iterator[Call]:
    """Yield a request to each endpoint, with the policies that the audit found there."""
    for row in audit(current_app).rows:
        if row.endpoint.startswith(_SHOWN) and row.policies:
            policies = [repr(policy) for policy in row.policies]
            for method in row.methods:
                if method != "HEAD":
                    yield Call(method, row.rule, _example(row), policies)


def _example(row: Row) -> str:
    path = row.rule
    for variable, value in _EXAMPLES.items():
        path = path.replace(variable, value)
    return path


@blueprint.get("/")
@public
def page() -> str:
    """Show the page; a script fills it."""
    users = [("nobody", "", ""), *reversed(DEMO_USERS)]
    grace = current_app.config.get("JWT_REFRESH_GRACE", 10)
    return render_template("demo.html", calls=list(calls()), users=users, grace=grace)


@blueprint.post("/demo/matrix")
@public
def matrix() -> ResponseReturnValue:
    """Say for each user and request whether the view would run: dry runs, with their tokens.

    The tokens of users who are not logged in are made for this alone, and nobody gets them.
    """
    held = _tokens(request.get_json(silent=True))
    made = {user.name: jwt.issue(user) for user in database().users()}
    asked = list(calls())
    found = {}
    for name in ("nobody", *(name for name, _, _ in DEMO_USERS)):
        token = held.get(name) or made.get(name)
        is_there = name == "nobody" or token is not None
        found[name] = [
            _explained(call.method, call.path, token).status if is_there else None for call in asked
        ]
    return found


@blueprint.post("/demo/explain")
@public
def explain() -> ResponseReturnValue:
    """Say what would become of a request, and why, to whoever has its token."""
    found = _explained(*_described(request.get_json(silent=True)))
    tree = tree_of(found)
    return {
        "reason": found.reason,
        "cure": _cure(found),
        "cures": found.cures,
        "challenge": found.challenge,
        "notes": found.notes,
        "tree": tree,
        "source": source_of(found, tree),
    }


def _explained(method: str, path: str, token: str | None) -> Explanation:
    try:
        return jwt.explain(method, path, token=token)
    except ValueError as error:
        raise BadRequest(str(error)) from error


def _cure(found: Explanation) -> str | None:
    """Return the button that helps: confirm, refresh or log in; None if none of them does."""
    match found.error:
        case StepUpRequiredError():
            return "confirm"
        case ExpiredTokenError():
            return "refresh"
        case error if isinstance(error, InvalidTokenError) or found.status == 401:
            return "log in"
    return None


def _tokens(body: Any) -> dict[str, str]:
    tokens = body.get("tokens") if isinstance(body, dict) else None
    if not isinstance(tokens, dict) or not all(isinstance(one, str) for one in tokens.values()):
        raise BadRequest("send tokens by the names of their users")
    return tokens


def _described(body: Any) -> tuple[str, str, str | None]:
    match body:
        case {"method": str(method), "path": str(path), "token": str() | None as token}:
            return method, path, token
    raise BadRequest("send method, path and token")
