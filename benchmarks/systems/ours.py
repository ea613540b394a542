"""jwtpolicy, on the store in memory and on the one in a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Response
from marshmallow import fields

from jwtpolicy import (
    Access,
    AnyOf,
    ClaimSchema,
    ClaimsMatch,
    Fresh,
    HasScope,
    IssuedBy,
    JWTManager,
    OptionalToken,
    Refresh,
    current_token,
    protect,
    public,
)
from jwtpolicy.stores import MemoryStore, SQLiteStore, TokenStore

from ..issuers import URLS, KeyServer
from .base import ADA, CLAIMS, SCOPE, USERS, Setup, System, View


@dataclass(frozen=True)
class Employee:
    """Somebody whose tokens say nine things."""

    id: str = ADA.id
    name: str = ADA.name
    email: str = "ada@example.org"
    tenant: str = "north"
    locale: str = "en"
    level: int = 3
    is_staff: bool = True
    roles: tuple[str, ...] = ("author", "editor")
    teams: tuple[str, ...] = ("notes",)


class EmployeeClaims(ClaimSchema):
    """The nine claims of an `Employee`."""

    sub = fields.String(attribute="id", required=True)
    name = fields.String(required=True)
    email = fields.String(required=True)
    tenant = fields.String(required=True)
    locale = fields.String(required=True)
    level = fields.Integer(required=True)
    is_staff = fields.Boolean(required=True)
    roles = fields.List(fields.String(), required=True)
    teams = fields.List(fields.String(), required=True)


class Ours(System):
    """jwtpolicy with the store in memory."""

    name = "jwtpolicy"

    def make_store(self) -> TokenStore:
        """Return the store of the application."""
        return MemoryStore()

    def start(self) -> None:
        self.store = self.make_store()
        self.key_server = KeyServer() if self.setup is Setup.TRUSTING else None
        self.manager: JWTManager[Any] = JWTManager(store=self.store, add_context_processor=True)
        for issuer in self.key_server.issuers() if self.key_server else ():
            self.manager.trust(issuer)
        self.manager.init_app(self.app)
        if self.setup is Setup.USERS:
            self.manager.user_loader(lambda token: USERS.get(token.subject))
        if self.setup is Setup.SCHEMA:
            self.manager.claims_for(Employee)(EmployeeClaims)

    def required(self, view: View) -> View:
        return protect()(view)

    def tree(self, view: View) -> View:
        has_scope = HasScope("reports:write") | HasScope(SCOPE)
        return protect(Fresh() & has_scope & ~ClaimsMatch(suspended=True))(view)

    def theirs(self, view: View) -> View:
        return protect(IssuedBy(*URLS) if self.key_server else Access())(view)

    def hundred(self, view: View) -> View:
        return protect(AnyOf(*(HasScope(f"part:{number}") for number in range(100))))(view)

    def optional(self, view: View) -> View:
        return protect(OptionalToken())(view)

    def refresh_required(self, view: View) -> View:
        return protect(Refresh())(view)

    def open(self, view: View) -> View:
        return public(view)

    def login(self) -> Any:
        return self.manager.login(ADA.id).as_response()

    def refresh(self) -> Any:
        return self.manager.refresh(current_token).as_response()

    def issue(self) -> str:
        return self.manager.issue(ADA.id)

    def token(self) -> str:
        user: Any = Employee() if self.setup is Setup.SCHEMA else ADA.id
        claims = dict(CLAIMS)
        if self.setup is Setup.CLAIMS:
            claims |= EmployeeClaims(exclude=["sub"]).dump(Employee())
        with self.app.app_context():
            return self.manager.issue(user, fresh=True, scope=SCOPE, claims=claims)

    def refresh_token(self) -> str:
        with self.app.app_context():
            return self.manager.login(ADA.id).refresh_token or ""

    def set_cookies(self, response: Response) -> None:
        self.manager.set_cookies(response, self.token())

    def close(self) -> None:
        self.store.close()
        if self.key_server:
            self.key_server.close()


class OursOnSQLite(Ours):
    """jwtpolicy with its default store."""

    name = "jwtpolicy, SQLite"

    def make_store(self) -> TokenStore:
        self._folder = TemporaryDirectory(prefix="jwtpolicy-bench-")
        return SQLiteStore(Path(self._folder.name) / "store.sqlite3")

    def close(self) -> None:
        super().close()
        self._folder.cleanup()
