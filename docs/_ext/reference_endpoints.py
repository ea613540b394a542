"""Render the ready-made endpoints: rules, methods and guards are those of an application."""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask

from jwtpolicy import JWTManager, exceptions
from jwtpolicy.audit import Protection, audit
from jwtpolicy.endpoints import auth_blueprint
from jwtpolicy.endpoints.blueprint import RULES, USUAL

if TYPE_CHECKING:
    from sphinx.application import Sphinx

TABLE = Path(__file__).parents[1] / "reference/data/endpoints.toml"


@cache
def the_table() -> dict[str, dict[str, Any]]:
    """Return what ``endpoints.toml`` says, by method and rule."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def authenticate(credentials: Mapping[str, str]) -> str | None:
    """Return the name whose password is right; no page shows this."""
    return credentials["username"] if credentials["password"] == "right" else None


def application(clients: Mapping[str, str]) -> Flask:
    """Return an application that has every endpoint, two of them for *clients*."""
    app = Flask("documentation")
    app.config.update(JWT_SECRET_KEY=secrets.token_urlsafe(48), TESTING=True)
    JWTManager(app)
    app.register_blueprint(auth_blueprint(authenticate, endpoints=RULES, clients=clients))
    return app


def guards() -> dict[str, tuple[str, str]]:
    """Return the name and the guard of each endpoint, by method and rule."""
    found = {}
    for row in audit(application({"gateway": secrets.token_urlsafe(32)})).rows:
        if row.endpoint.startswith("auth.") and row.protection is not Protection.AUTOMATIC:
            for method in set(row.methods) - {"HEAD"}:
                name = row.endpoint.removeprefix("auth.")
                found[f"{method} {row.rule}"] = (name, row.demands)
    return found


def endpoint_lines() -> Iterator[str]:
    """Yield a description of each endpoint as reStructuredText."""
    known = guards()
    for call, row in the_table().items():
        name, guard = known[call]
        usual = "" if name in USUAL else f"; only where ``endpoints=`` names ``{name}``"
        yield from (call, "-" * len(call), "")
        yield f":Guard: ``{guard}``{usual}"
        yield f":Request: {row['request']}"
        yield f":Answer: {row['answers']}"
        if row["refuses"]:
            yield f":Refuses with: {', '.join(map(refusal, row['refuses']))}"
        yield ""


def refusal(name: str) -> str:
    """Return an error with its status and its code."""
    error = getattr(exceptions, name)
    return f":exc:`~jwtpolicy.exceptions.{name}` ({error.code} ``{error.error}``)"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive of the endpoints."""
    from tables import Table

    class Endpoints(Table):
        """Insert the endpoints."""

        lines = staticmethod(endpoint_lines)

    app.add_directive("endpoints", Endpoints)
    return {"parallel_read_safe": True}
