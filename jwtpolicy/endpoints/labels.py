"""Labels of sessions, made from the header ``User-Agent``: "Firefox on Linux"."""

from __future__ import annotations

import re
from typing import Final

from ..sessions.results import MAX_LABEL

#: Marks in the header ``User-Agent``, the first that is found counts: most browsers name others.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)

# RFC 9110 section 10.1.5: product = token ["/" product-version]
_PRODUCT = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)


def label_of(user_agent: str) -> str | None:
    """Return the browser and the system that a session was opened with: "Firefox on Linux".

    Args:
        user_agent: The header ``User-Agent``. A client can write there what it likes: a label
            tells a user's own devices apart, and proves nothing.
    """
    browser = _first(_BROWSERS, user_agent)
    if browser is None:
        product = _PRODUCT.match(user_agent)
        return product[0][:MAX_LABEL] if product else None
    system = _first(_SYSTEMS, user_agent)
    return browser if system is None else f"{browser} on {system}"


def _first(marks: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for mark, name in marks if mark in text), None)
