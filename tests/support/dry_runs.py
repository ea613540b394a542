"""Offer an application whose requests are explained, and look at everything that it writes."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from flask import Flask, current_app

from jwtpolicy import (
    Access,
    Fresh,
    HasRole,
    JWTManager,
    OptionalToken,
    Owns,
    ProtectedView,
    Refresh,
    SingleUse,
    policy,
    protect,
    public,
)
from jwtpolicy.stores import MemoryStore
from tests.support.applications import SECRET
from tests.support.clocks import StandingClock


@policy
async def awaited(access: Any) -> bool:
    return bool(access.token.subject)


class Note(ProtectedView):
    """A note that only its owner reads."""

    policies = Owns("owner")

    def load_resource(self, note: int) -> Any:
        if note == 3:
            raise LookupError(note)
        return {1: type("Found", (), {"owner": "u1"})}.get(note)

    def get(self, note: int) -> str:
        return ran("note")


class Site:
    """An application with a view of each sort, a store that is looked at, and what has run.

    Args:
        store: A store URL; None for a `MemoryStore`.
        settings: Settings of the application.
    """

    def __init__(self, store: str | None = None, **settings: Any) -> None:
        self.clock = StandingClock()
        self.app = Flask("tests.dry")
        self.app.config.update(JWT_SECRET_KEY=SECRET, SECRET_KEY=SECRET, JWT_STORE_URL=store)
        self.app.config.update(settings)
        self.ran: list[str] = []
        self.app.extensions["ran"] = self.ran
        kept = MemoryStore() if store is None else None
        self.jwt: JWTManager[Any] = JWTManager(self.app, store=kept, clock=self.clock)
        _mount(self.app, self.jwt)

    def explain(self, method: str, path: str, token: str | None = None, **request: Any) -> Any:
        with self.app.app_context():
            return self.jwt.explain(method, path, token=token, **request)

    def issue(self, *args: Any, **kwargs: Any) -> str:
        with self.app.app_context():
            return self.jwt.issue(*args, **kwargs)

    def send(self, method: str, path: str, token: str | None = None, **request: Any) -> Any:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.app.test_client().open(path, method=method, headers=headers, **request)

    def used_refresh_token(self) -> str:
        """Return a refresh token that was used before, past its grace."""
        with self.app.app_context():
            used = self.jwt.login("u1").refresh_token
            assert used is not None
            self.jwt.refresh(used)
        self.clock.advance(60)
        return used

    def written(self) -> Any:
        """Return all that the store keeps, as text."""
        kept = self.app.extensions["jwtpolicy"].parts.store
        if isinstance(kept, MemoryStore):
            return {n: repr(v) for n, v in vars(kept).items() if isinstance(v, dict | set | list)}
        return rows_of(Path(self.app.config["JWT_STORE_URL"].removeprefix("sqlite:///")))


def rows_of(file: Path) -> list[str]:
    """Return the rows of all tables of an SQLite file, as SQL."""
    connection = sqlite3.connect(file)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def ran(what: str) -> str:
    """Note that something of the current application has run."""
    current_app.extensions["ran"].append(what)
    return what


def _mount(app: Flask, jwt: JWTManager[Any]) -> None:
    app.add_url_rule("/notes/<int:note>", view_func=Note.as_view("note"))
    app.add_url_rule("/open", "open", lambda: ran("open"))
    app.add_url_rule("/public", "public", public(lambda: ran("public")))
    app.add_url_rule("/slash/", "slash", lambda: ran("slash"))
    app.add_url_rule("/maybe", "maybe", protect(OptionalToken())(lambda: ran("maybe")))
    app.add_url_rule("/fresh", "fresh", protect(Fresh(within=300))(lambda: ran("fresh")))
    rights = protect(HasRole("admin"))
    app.add_url_rule("/thing", "thing", rights(lambda: ran("thing")), methods=["DELETE"])
    app.add_url_rule("/once", "once", protect(SingleUse())(lambda: ran("once")))
    app.add_url_rule("/renew", "renew", protect(Refresh())(lambda: ran("renew")), methods=["POST"])
    app.add_url_rule("/waiting", "waiting", protect(awaited)(_waiting))
    app.add_url_rule("/mixed", "mixed", protect(Access() & awaited)(lambda: ran("mixed")))


async def _waiting() -> str:
    return ran("waiting")
