"""The pages of the board: one for everybody, and one for each user alone."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue

from jwtpolicy import OptionalToken, current_token, protect

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
@protect(OptionalToken(ignore_invalid=True))
def board() -> ResponseReturnValue:
    """Show the messages to everybody, and the form to those who are logged in."""
    return render_template("board.html", messages=current_app.extensions["messages"])


@blueprint.post("/messages")
@protect()
def write() -> ResponseReturnValue:
    """Add a message; the form brought the CSRF value."""
    text = request.form.get("text", "").strip()[:500] or abort(400, "A message has a text.")
    current_app.extensions["messages"].append(f"{current_token.subject}: {text}")
    return redirect("/", 303)


@blueprint.get("/private")
@protect()
def private() -> ResponseReturnValue:
    """Show what nobody else may see."""
    return render_template("private.html")
