"""Serve views to pages, and send what their scripts would."""

from __future__ import annotations

from typing import Any

from flask import Flask


def add(app: Flask, route: str, view: Any, *methods: str) -> None:
    """Serve *view*; *route* is a method and a path."""
    method, path = route.split()
    app.add_url_rule(path, endpoint=path, view_func=view, methods=[method, *methods])


def csrf_of(client: Any, kind: str = "access") -> dict[str, str]:
    """Return the header that a script of the page would send."""
    cookie = client.get_cookie(f"__Host-csrf_{kind}")
    return {"X-CSRF-TOKEN": cookie.value}
