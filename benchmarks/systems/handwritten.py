"""What a careful author writes on top of ``jwt.decode``."""

from __future__ import annotations

import functools
import hmac
import secrets
import time
import uuid
from typing import Any

import jwt as pyjwt
from flask import Response, g, jsonify, render_template, request

from .base import ADA, CLAIMS, SCOPE, USERS, Setup, System, View

_LIFETIMES = {"access": 900, "refresh": 2_592_000}


class HandWritten(System):
    """Decorators on ``jwt.decode``, with a set of revoked tokens and keys that are parsed once."""

    name = "hand-written"

    def start(self) -> None:
        self.revoked: set[str] = set()

    def required(self, view: View, kind: str = "access") -> View:
        @functools.wraps(view)
        def inner() -> Any:
            return view() if self._admits(kind) else _refusal(401)

        return inner

    def tree(self, view: View) -> View:
        @functools.wraps(view)
        def inner() -> Any:
            if not self._admits("access"):
                return _refusal(401)
            claims, scopes = g.claims, g.claims["scope"].split()
            has_scope = "reports:write" in scopes or SCOPE in scopes
            is_allowed = claims["fresh"] and has_scope and claims["suspended"] is False
            return view() if is_allowed else _refusal(403)

        return inner

    def optional(self, view: View) -> View:
        guarded = self.required(view)

        @functools.wraps(view)
        def inner() -> Any:
            return guarded() if "Authorization" in request.headers else view()

        return inner

    def refresh_required(self, view: View) -> View:
        return self.required(view, "refresh")

    def _admits(self, kind: str) -> bool:
        encoded = self._presented()
        if encoded is None:
            return False
        try:
            claims = pyjwt.decode(
                encoded,
                self.keys.verifying,
                algorithms=[self.keys.algorithm],
                options={"require": ["exp", "iat", "sub", "jti", "type"]},
            )
        except pyjwt.PyJWTError:
            return False
        if claims["type"] != kind or claims["jti"] in self.revoked:
            return False
        g.claims = claims
        return self._has_user(claims) and self._has_csrf(claims)

    def _presented(self) -> str | None:
        if self.setup is Setup.COOKIES:
            return request.cookies.get("access_token")
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        return encoded if scheme.lower() == "bearer" else None

    def _has_user(self, claims: dict[str, Any]) -> bool:
        if self.setup is not Setup.USERS:
            return True
        g.user = USERS.get(claims["sub"])
        return g.user is not None

    def _has_csrf(self, claims: dict[str, Any]) -> bool:
        if self.setup is not Setup.COOKIES or request.method == "GET":
            return True
        return hmac.compare_digest(request.headers.get("X-CSRF-TOKEN", ""), claims["csrf"])

    def login(self) -> Any:
        return jsonify(access_token=self.issue(), refresh_token=self.refresh_token())

    def refresh(self) -> Any:
        self.revoked.add(g.claims["jti"])
        return self.login()

    def page(self) -> str:
        return render_template(self._page, current_user=g.user)

    def issue(self) -> str:
        return self._signed("access")

    def token(self) -> str:
        return self._signed("access", fresh=True, scope=SCOPE, **CLAIMS)

    def refresh_token(self) -> str:
        return self._signed("refresh")

    def _signed(self, kind: str, **more: Any) -> str:
        now = int(time.time())
        claims = {
            "sub": ADA.id,
            "iat": now,
            "exp": now + _LIFETIMES[kind],
            "jti": str(uuid.uuid4()),
            "type": kind,
        }
        return pyjwt.encode(claims | more, self.keys.signing, self.keys.algorithm)

    def set_cookies(self, response: Response) -> None:
        csrf = secrets.token_urlsafe()
        response.set_cookie("access_token", self._signed("access", csrf=csrf))
        response.set_cookie("csrf", csrf)


def _refusal(status: int) -> tuple[Response, int, dict[str, str]]:
    return jsonify(error="not allowed"), status, {"WWW-Authenticate": "Bearer"}
