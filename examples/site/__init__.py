"""What the pages of both examples share: layout, stylesheet, error pages and security headers."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, json, render_template, request
from werkzeug.exceptions import HTTPException

from jwtpolicy.exceptions import AccessError

from .ways_back import page_before

site = Blueprint(
    "site", __name__, template_folder="templates", static_folder="static", static_url_path="/site"
)


def wants_page() -> bool:
    """Return whether the client prefers HTML to JSON, as browsers do; silence means JSON."""
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


@site.app_errorhandler(HTTPException)
def answer_error(error: HTTPException) -> Response:
    """Answer people with a page and a way back, and programs with JSON."""
    # Its status and its headers stay, such as the challenge and Retry-After.
    response = cast(Response, error.get_response())
    if wants_page():
        response.set_data(render_template("error.html", error=error, back=page_before()))
        response.mimetype = "text/html"
    elif not isinstance(error, AccessError):
        code = error.name.lower().replace(" ", "_")
        response.set_data(json.dumps({"error": code, "error_description": error.description}))
        response.mimetype = "application/json"
    response.vary.add("Accept")
    return response


@site.after_app_request
def add_headers(response: Response) -> Response:
    """Let pages run scripts and take styles from files of this site alone, and not be framed."""
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
