"""Use the example with forms, as people in front of a browser do."""

from __future__ import annotations

from typing import Any

from tests.support.browser import follow


def log_in(page: Any, url: str, name: str = "ada", password: str = "lovelace") -> None:
    page.goto(f"{url}/login")
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    follow(page, "#enter")
