"""Flask-JWT-Extended, as its documentation shows it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import flask_jwt_extended as fje
from flask import Response, abort, jsonify

from .base import ADA, CLAIMS, SCOPE, USERS, Setup, System, View

# Their package has no annotations.
jwt_required: Callable[..., Callable[[View], View]] = fje.jwt_required
create_access_token: Callable[..., str] = fje.create_access_token
create_refresh_token: Callable[..., str] = fje.create_refresh_token


class FlaskJWTExtended(System):
    """Flask-JWT-Extended with a block list in memory; claims are checked in the view."""

    name = "flask-jwt-extended"
    refusal = 422

    def start(self) -> None:
        manager = fje.JWTManager(self.app, add_context_processor=True)
        self.revoked: set[str] = set()

        @manager.token_in_blocklist_loader
        def is_revoked(_header: Any, claims: Any) -> bool:
            return claims["jti"] in self.revoked

        if self.setup is Setup.USERS:

            @manager.user_lookup_loader
            def load(_header: Any, claims: Any) -> Any:
                return USERS.get(claims["sub"])

    def required(self, view: View) -> View:
        return jwt_required()(view)

    def tree(self, view: View) -> View:
        @jwt_required(fresh=True)
        @functools.wraps(view)
        def inner() -> Any:
            claims = fje.get_jwt()
            scopes = claims["scope"].split()
            has_scope = "reports:write" in scopes or SCOPE in scopes
            if not (has_scope and claims["suspended"] is False):
                abort(403)
            return view()

        return inner

    def optional(self, view: View) -> View:
        return jwt_required(optional=True)(view)

    def refresh_required(self, view: View) -> View:
        return jwt_required(refresh=True)(view)

    def login(self) -> Any:
        return jsonify(
            access_token=create_access_token(ADA.id, fresh=True),
            refresh_token=create_refresh_token(ADA.id),
        )

    def refresh(self) -> Any:
        self.revoked.add(fje.get_jwt()["jti"])
        return jsonify(
            access_token=create_access_token(ADA.id),
            refresh_token=create_refresh_token(ADA.id),
        )

    def issue(self) -> str:
        return create_access_token(ADA.id)

    def token(self) -> str:
        claims = {"scope": SCOPE, **CLAIMS}
        with self.app.app_context():
            return create_access_token(ADA.id, fresh=True, additional_claims=claims)

    def refresh_token(self) -> str:
        with self.app.app_context():
            return create_refresh_token(ADA.id)

    def set_cookies(self, response: Response) -> None:
        fje.set_access_cookies(response, self.token())
