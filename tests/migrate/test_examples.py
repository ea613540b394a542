"""Flask-JWT-Extended's own example applications move over; none of them is in this repository.

They are taken from the folder that ``JWTPOLICY_TEST_FJE_EXAMPLES`` names, else from the package of
Debian that has them.
"""

from __future__ import annotations

import ast
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

from jwtpolicy.migrate.migration import Migration, Result
from tests.conftest import SECRET, bearer
from tests.services import missing

PACKAGE = "python3-python-flask-jwt-extended"

SECRET_LINE = 'app.config["JWT_SECRET_KEY"] = "super-secret"'
INSECURE = 'app.config["JWT_COOKIE_SECURE"] = False'
BLOCKLIST = "@jwt.token_in_blocklist_loader"
REFRESH = "@jwt_required(refresh=True)"
UNSET = "unset_jwt_cookies(response)"
AUDIENCE = '{"aud": "some_audience", "foo": "bar"}'

#: The lines that a person has to look at, without their comments.
LISTED = {
    "additional_data_in_access_token": [SECRET_LINE, f"additional_claims = {AUDIENCE}"],
    "automatic_user_loading": [SECRET_LINE, "@jwt.user_identity_loader"],
    "blocklist_database": [SECRET_LINE, BLOCKLIST],
    "blocklist_redis": [SECRET_LINE, BLOCKLIST],
    "custom_decorators": [SECRET_LINE],
    "implicit_refresh": [
        INSECURE,
        'app.config["JWT_TOKEN_LOCATION"] = ["cookies"]',
        SECRET_LINE,
        "jwt = JWTManager(app)",
        "def refresh_expiring_jwts(response):",
        UNSET,
    ],
    "jwt_locations": [
        'app.config["JWT_TOKEN_LOCATION"] = ["headers", "cookies", "json", "query_string"]',
        INSECURE,
        SECRET_LINE,
        UNSET,
    ],
    "loaders": [SECRET_LINE],
    "oidc": [
        'app.config["JWT_PUBLIC_KEY"] = RSAAlgorithm.from_jwk(',
        'app.config["JWT_IDENTITY_CLAIM"] = OIDC_USERNAME_CLAIM',
        "jwt = JWTManager(app)",
    ],
    "optional_protected_endpoints": [SECRET_LINE],
    "refresh_tokens": [SECRET_LINE, REFRESH],
    "simple": [SECRET_LINE],
    "token_freshness": [SECRET_LINE, REFRESH],
}

STRONG = (f'"{"super-secret"}"', '__import__("os").environ["JWT_SECRET_KEY"]')

#: The hand edits that are needed before an example can be imported and used.
BY_HAND = {
    "additional_data_in_access_token": [
        (AUDIENCE, '{"foo": "bar"}'),
        ("claims=additional_claims)", 'claims=additional_claims, audience="some_audience")'),
        ("jwt = JWT", 'app.config["JWT_DECODE_AUDIENCE"] = "some_audience"\njwt = JWT'),
    ],
    "automatic_user_loading": [
        ("@jwt.user_identity_loader\ndef user_identity_lookup(user):\n    return user.id\n", ""),
        (
            "# Register a callback function that takes",
            "from jwtpolicy import ClaimSchema\nfrom marshmallow import fields\n"
            "@jwt.claims_for(User)\nclass UserClaims(ClaimSchema):\n"
            '    sub = fields.String(attribute="id", required=True)\n'
            "# Register a callback function that takes",
        ),
    ],
    "implicit_refresh": [(INSECURE, "")],
    "jwt_locations": [(INSECURE, "")],
}

#: What examples import beside Flask.
NEEDS = {
    "automatic_user_loading": "flask_sqlalchemy",
    "blocklist_database": "flask_sqlalchemy",
    "blocklist_redis": "redis",
}


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
def migrate(examples: Path) -> Callable[[str], Result]:
    """Return what migrates an example by its name."""

    def migrate_one(name: str) -> Result:
        migration = Migration([str(examples / f"{name}.py")])
        assert migration.errors == []
        return migration.results[0]

    return migrate_one


@pytest.fixture
def client(
    migrate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], FlaskClient]]:
    """Return what starts a migrated example, after the hand edits, and gives a client."""
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)
    started: list[Flask] = []

    def start(name: str) -> FlaskClient:
        text = migrate(name).after.code
        for before, after in [STRONG, *BY_HAND.get(name, [])]:
            assert before in text
            text = text.replace(before, after)
        file = tmp_path / f"{name}.py"
        file.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        app: Flask = module.app
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
    assert {path.stem for path in examples.glob("*.py")} == set(LISTED)


@pytest.mark.parametrize("name", LISTED)
def test_the_list_names_the_places_of_an_example(migrate: Any, name: str) -> None:
    result = migrate(name)

    lines = result.before.code.splitlines()
    noted = dict.fromkeys(note.line for note in result.notes)
    assert [lines[line - 1].split("  #")[0].strip() for line in noted] == LISTED[name]


@pytest.mark.parametrize("name", LISTED)
def test_an_example_is_rewritten_at_once_and_completely(
    migrate: Any, tmp_path: Path, name: str
) -> None:
    code = migrate(name).after.code
    file = tmp_path / f"{name}.py"
    file.write_text(code, encoding="utf-8")

    again = Migration([str(file)]).results[0]

    assert again.after.code == code
    imported = {
        node.module for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)
    }
    assert "flask_jwt_extended" not in imported
    assert ("jwtpolicy.compat.flask_jwt_extended" in imported) == (name == "implicit_refresh")


@pytest.mark.parametrize("name", [name for name in LISTED if name != "oidc"])
def test_an_example_starts_on_the_native_api(client: Any, name: str) -> None:
    """The one that is left out asks another server for its keys when it is imported."""
    if name in NEEDS:
        package = NEEDS[name]
        pytest.importorskip(package, reason=f"pip install {package.replace('_', '-')}")

    assert client(name).get("/nowhere").status_code == 404


USER = {"username": "test", "password": "test"}


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
    client: Any, name: str, path: str, answer: object
) -> None:
    site = client(name)
    token = site.post("/login", json=USER).json["access_token"]

    assert site.get(path, headers=bearer(token)).json == answer
    is_optional = name == "optional_protected_endpoints"
    assert site.get(path).status_code == (200 if is_optional else 401)


@pytest.mark.parametrize("name", ["refresh_tokens", "token_freshness"])
def test_an_example_refreshes(client: Any, name: str) -> None:
    site = client(name)
    pair = site.post("/login", json=USER).json
    refreshed = site.post("/refresh", headers=bearer(pair["refresh_token"])).json

    status = site.get("/protected", headers=bearer(refreshed["access_token"])).status_code
    assert status == (200 if name == "refresh_tokens" else 401)
    assert site.post("/refresh", headers=bearer(pair["access_token"])).status_code == 401


@pytest.mark.parametrize(
    ("name", "suffix"), [("implicit_refresh", ""), ("jwt_locations", "_with_cookies")]
)
def test_an_example_keeps_tokens_in_cookies(client: Any, name: str, suffix: str) -> None:
    site, https = client(name), {"base_url": "https://localhost"}
    site.post(f"/login{suffix}", **https)

    assert site.get("/protected", **https).json == {"foo": "bar"}
    site.post(f"/logout{suffix}", **https)
    assert site.get("/protected", **https).status_code == 401


def test_an_example_loads_its_users(client: Any) -> None:
    pytest.importorskip("flask_sqlalchemy", reason="pip install flask-sqlalchemy")
    site = client("automatic_user_loading")
    database = site.application.extensions["sqlalchemy"]
    with site.application.app_context():
        database.create_all()
        user = next(mapper.class_ for mapper in database.Model.registry.mappers)
        database.session.add(user(full_name="Bruce Wayne", username="batman"))
        database.session.commit()

    login = site.post("/login", json={"username": "batman", "password": "password"})
    answer = site.get("/who_am_i", headers=bearer(login.json["access_token"]))
    assert answer.json["full_name"] == "Bruce Wayne"


def test_an_example_revokes_tokens(client: Any) -> None:
    pytest.importorskip("flask_sqlalchemy", reason="pip install flask-sqlalchemy")
    site = client("blocklist_database")
    with site.application.app_context():
        site.application.extensions["sqlalchemy"].create_all()
    headers = bearer(site.post("/login").json["access_token"])

    assert site.get("/protected", headers=headers).json == {"hello": "world"}
    assert site.delete("/logout", headers=headers).json == {"msg": "JWT revoked"}
    assert site.get("/protected", headers=headers).status_code == 401


def test_an_example_looks_where_it_looked(client: Any) -> None:
    site = client("jwt_locations")
    token = site.post("/login_without_cookies").json["access_token"]

    assert site.get("/protected", query_string={"jwt": token}).status_code == 200
    assert site.get("/only_headers", query_string={"jwt": token}).status_code == 401
    assert site.get("/only_headers", headers=bearer(token)).status_code == 200
