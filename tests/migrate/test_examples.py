"""Flask-JWT-Extended's own example applications move over; none of them is in this repository.

They are taken from the folder that ``JWTPOLICY_TEST_FJE_EXAMPLES`` names, else from the package of
Debian that has them.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jwtpolicy.migrate.migration import Migration
from tests.services import missing
from tests.support.applications import SECRET
from tests.support.requests import bearer

PACKAGE = "python3-python-flask-jwt-extended"

#: What a person writes first, on Flask-JWT-Extended still.
SECRET_EDIT = ('"super-secret"', '__import__("os").environ["JWT_SECRET_KEY"]')
NAMES = "".join(
    f'app.config["JWT_{kind}_COOKIE_NAME"] = "{name}"\n'
    for kind, name in (
        ("ACCESS", "access_token_cookie"),
        ("ACCESS_CSRF", "csrf_access_token"),
        ("REFRESH", "refresh_token_cookie"),
        ("REFRESH_CSRF", "csrf_refresh_token"),
    )
)
COOKIES = [
    ('app.config["JWT_COOKIE_SECURE"] = False', f'{NAMES}app.config["JWT_COOKIE_SECURE"] = True')
]
FIRST: dict[str, list[tuple[str, str]]] = {
    "additional_data_in_access_token": [
        ('"aud": "some_audience", ', ""),
        ("jwt = JWT", 'app.config["JWT_ENCODE_AUDIENCE"] = "some_audience"\njwt = JWT'),
    ],
    "jwt_locations": COOKIES,
}
#: What needs another shape, and says so.
HINDERED = {
    "implicit_refresh": "cookies slide by JWT_COOKIE_RENEW_WITHIN here",
    "oidc": "let it take a header and claims",
}
#: What examples import beside Flask.
NEEDS = {
    "automatic_user_loading": "flask_sqlalchemy",
    "blocklist_database": "flask_sqlalchemy",
    "blocklist_redis": "redis",
}
EXAMPLES = [
    *FIRST,
    *NEEDS,
    "custom_decorators",
    "loaders",
    "optional_protected_endpoints",
    "refresh_tokens",
    "simple",
    "token_freshness",
]


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the examples."""
    named = os.environ.get("JWTPOLICY_TEST_FJE_EXAMPLES")
    if named:
        return Path(named)
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        missing("fje-examples", "JWTPOLICY_TEST_FJE_EXAMPLES is not set, and there is no apt")
    folder = tmp_path_factory.mktemp("fje")
    try:
        quiet: dict[str, Any] = {"cwd": folder, "check": True, "capture_output": True}
        subprocess.run(["apt-get", "download", PACKAGE], timeout=60, **quiet)
        subprocess.run(["dpkg", "-x", next(folder.glob("*.deb")), "."], timeout=60, **quiet)
        return next(folder.rglob("simple.py")).parent
    except (subprocess.SubprocessError, StopIteration) as error:
        missing("fje-examples", f"the package {PACKAGE} cannot be had: {error}")


@pytest.fixture
def client(
    examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], FlaskClient]]:
    """Return what starts an example that has moved, and gives a client."""
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)
    started: list[Flask] = []

    def start(name: str, to: str) -> FlaskClient:
        text = (examples / f"{name}.py").read_text(encoding="utf-8")
        for before, after in [SECRET_EDIT, *FIRST.get(name, [])]:
            assert before in text
            text = text.replace(before, after)
        file = tmp_path / f"{name}.py"
        file.write_text(text, encoding="utf-8")
        migration = Migration([str(file)], to)
        assert migration.hindrances == []
        file.write_text(migration.results[0].after, encoding="utf-8")
        assert ("flask_jwt_extended" in file.read_text(encoding="utf-8")) == (to == "bridge")
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        app: Flask = module.app
        app.config["TESTING"] = True
        started.append(app)
        return app.test_client()

    yield start
    for app in started:
        close_databases(app)


def close_databases(app: Flask) -> None:
    """Close what an example's own database has open; Python 3.13 warns of what is left."""
    if "sqlalchemy" in app.extensions:
        with app.app_context():
            for engine in app.extensions["sqlalchemy"].engines.values():
                engine.dispose()


def test_all_examples_are_known(examples: Path) -> None:
    assert {path.stem for path in examples.glob("*.py")} == {*EXAMPLES, *HINDERED}


@pytest.mark.parametrize(("name", "about"), HINDERED.items())
def test_what_cannot_move_says_why(examples: Path, name: str, about: str) -> None:
    migration = Migration([str(examples / f"{name}.py")], "native")

    assert migration.results == []
    assert any(about in note.text for _, note in migration.hindrances)


@pytest.mark.parametrize("to", ["bridge", "native"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_starts(client: Any, name: str, to: str) -> None:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name], reason=f"pip install {NEEDS[name]}")

    assert client(name, to).get("/nowhere").status_code == 404


USER = {"username": "test", "password": "test"}


@pytest.mark.parametrize("to", ["bridge", "native"])
@pytest.mark.parametrize(
    ("name", "path", "answer"),
    [
        ("additional_data_in_access_token", "/protected", {"foo": "bar"}),
        ("custom_decorators", "/protected", {"foo": "bar"}),
        ("loaders", "/protected", {"hello": "world"}),
        ("optional_protected_endpoints", "/optionally_protected", {"logged_in_as": "test"}),
        ("refresh_tokens", "/protected", {"foo": "bar"}),
        ("simple", "/protected", {"logged_in_as": "test"}),
        ("token_freshness", "/protected", {"foo": "bar"}),
    ],
)
def test_an_example_lets_in_whom_it_let_in(
    client: Any, name: str, path: str, answer: object, to: str
) -> None:
    site = client(name, to)
    token = site.post("/login", json=USER).json["access_token"]

    assert site.get(path, headers=bearer(token)).json == answer
    is_optional = name == "optional_protected_endpoints"
    assert site.get(path).status_code == (200 if is_optional else 401)


@pytest.mark.parametrize("name", ["refresh_tokens", "token_freshness"])
def test_an_example_refreshes(client: Any, name: str) -> None:
    site = client(name, "native")
    pair = site.post("/login", json=USER).json
    refreshed = site.post("/refresh", headers=bearer(pair["refresh_token"])).json

    status = site.get("/protected", headers=bearer(refreshed["access_token"])).status_code
    assert status == (200 if name == "refresh_tokens" else 401)
    assert site.post("/refresh", headers=bearer(pair["access_token"])).status_code == 401


def test_an_example_looks_where_it_looked(client: Any) -> None:
    site, https = client("jwt_locations", "native"), {"base_url": "https://localhost"}
    token = site.post("/login_without_cookies", **https).json["access_token"]

    assert site.get("/protected", query_string={"jwt": token}).status_code == 200
    assert site.get("/only_headers", query_string={"jwt": token}).status_code == 401
    assert site.get("/only_headers", headers=bearer(token)).status_code == 200
    site.post("/login_with_cookies", **https)
    assert site.get("/protected", **https).json == {"foo": "bar"}
    site.post("/logout_with_cookies", **https)
    assert site.get("/protected", **https).status_code == 401
