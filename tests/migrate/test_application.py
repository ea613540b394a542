"""A small application of Flask-JWT-Extended moves over, and goes on doing what it did."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from jwtpolicy.cli import jwtpolicy
from tests.conftest import SECRET, bearer

APPLICATION = Path(__file__).with_name("fje_application.py").read_text(encoding="utf-8")

#: What the list of the command asks for, by the line that it names; the numbers are those of the
#: rewritten file.
BY_HAND = {
    24: [
        (
            '["headers", "cookies"]\n',
            '["headers", "cookies"]\n'
            'app.config["JWT_ACCESS_COOKIE_NAME"] = "access_token_cookie"\n'
            'app.config["JWT_ACCESS_CSRF_COOKIE_NAME"] = "csrf_access_token"\n',
        ),
    ],
    39: [
        (
            "@jwt.user_identity_loader\ndef user_identity(user):\n    return str(user.id)\n",
            "@jwt.claims_for(User)\nclass UserClaims(ClaimSchema):\n"
            '    sub = fields.String(attribute="id", required=True)\n'
            "    roles = fields.List(fields.String(), required=True)\n",
        ),
        ("    Access,\n", "    Access,\n    ClaimSchema,\n"),
        ("\napp = Flask", "from marshmallow import fields\n\napp = Flask"),
    ],
    50: [
        (
            "@jwt.revocation_check\ndef is_revoked(token):\n"
            "    return token.token_id in BLOCKLIST\n\n\n",
            "",
        ),
        ("BLOCKLIST = set()\n", ""),
        ("    BLOCKLIST.add(current_token.token_id)\n", "    jwt.logout()\n"),
    ],
    98: [
        (
            "jwt = JWTManager(app)\n",
            'app.config["JWT_REFRESH_COOKIE_PATH"] = "/refresh"\njwt = JWTManager(app)\n',
        ),
    ],
    103: [
        (
            '@app.post("/refresh")\n@protect(Refresh())\ndef refresh():\n'
            '    claims = {"roles": current_user.roles}\n'
            "    access_token = jwt.issue(jwt.current_user, claims=claims, "
            "session=current_token.session_id)\n"
            "    return jsonify(access_token=access_token)\n",
            'app.add_url_rule("/refresh", view_func=RefreshView.as_view("refresh"))\n',
        ),
        ("from jwtpolicy.exc", "from jwtpolicy.endpoints import RefreshView\nfrom jwtpolicy.exc"),
        ('    claims = {"roles": user.roles}\n', ""),
        (", claims=claims", ""),
        (', claims={"roles": user.roles}', ""),
    ],
    121: [("jwt.unset_cookies(response)", "jwt.logout(response)")],
}


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Flask]:
    """Return what starts an application from its text."""
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)

    def start(text: str) -> Flask:
        file = tmp_path / "application.py"
        file.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("application", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "application", module)
        spec.loader.exec_module(module)
        app: Flask = module.app
        return app

    return start


@pytest.fixture
def migrated(tmp_path: Path) -> tuple[str, list[int]]:
    """Return the rewritten application, and the lines that a person has to look at."""
    file = tmp_path / "moving.py"
    file.write_text(APPLICATION, encoding="utf-8")
    result = CliRunner().invoke(jwtpolicy, ["migrate", "--write", str(file)])
    lines = re.findall(r"moving\.py:(\d+): ", result.output)
    return file.read_text(encoding="utf-8"), [int(line) for line in lines]


@pytest.fixture
def native(load: Any, migrated: tuple[str, list[int]]) -> Flask:
    """Return the application on the native API, after the hand edits."""
    text, _ = migrated
    for edits in BY_HAND.values():
        for before, after in edits:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
    app: Flask = load(text)
    return app


def test_the_list_names_every_place_that_needs_a_hand(migrated: tuple[str, list[int]]) -> None:
    assert migrated[1] == sorted(BY_HAND)


def check_tokens(app: Flask) -> None:
    """Log in, refresh and log out as a client that keeps tokens."""
    client = app.test_client()
    ada = client.post("/login", json={"name": "ada"}).json
    bob = client.post("/login", json={"name": "bob"}).json
    access, refresh = bearer(ada["access_token"]), bearer(ada["refresh_token"])

    assert client.get("/me").status_code == 401
    assert client.get("/me", headers=access).json == {"name": "ada", "identity": "1"}
    assert client.get("/me", headers=refresh).status_code in (401, 422)
    assert client.get("/users", headers=access).json == ["ada", "bob"]
    assert client.get("/users", headers=bearer(bob["access_token"])).status_code == 403
    assert client.get("/users").status_code == 401
    assert client.get("/greeting").json == {"hello": "stranger"}
    assert client.get("/greeting", headers=access).json == {"hello": "ada"}
    assert client.put("/name", headers=access, json={"name": "Ada"}).json == {"name": "Ada"}

    renewed = bearer(client.post("/refresh", headers=refresh).json["access_token"])
    assert client.post("/refresh", headers=access).status_code in (401, 422)
    assert client.get("/users", headers=renewed).json == ["Ada", "bob"]
    stale = client.put("/name", headers=renewed, json={"name": "Eve"})
    assert (stale.status_code, stale.json) == (401, {"msg": "Please log in again"})

    assert client.delete("/logout", headers=access).json == {"msg": "goodbye"}
    assert client.get("/me", headers=access).status_code == 401
    assert client.get("/me", headers=bearer(bob["access_token"])).status_code == 200


def check_cookies(app: Flask) -> None:
    """Log in and out as a browser."""
    browser = app.test_client()
    site = {"base_url": "https://localhost"}
    browser.post("/login_with_cookies", json={"name": "bob"}, **site)
    csrf = browser.get_cookie("csrf_access_token")
    assert csrf is not None

    assert browser.get("/me", **site).json["name"] == "bob"
    assert browser.post("/logout_with_cookies", **site).status_code in (401, 403)
    headers = {"X-CSRF-TOKEN": csrf.value}
    assert browser.post("/logout_with_cookies", headers=headers, **site).status_code == 200
    assert browser.get("/me", **site).status_code == 401


@pytest.mark.parametrize("package", ["flask_jwt_extended", "jwtpolicy.compat.flask_jwt_extended"])
@pytest.mark.parametrize("check", [check_tokens, check_cookies])
def test_before_the_move_it_works(load: Any, package: str, check: Any) -> None:
    pytest.importorskip("flask_jwt_extended", reason="pip install flask-jwt-extended")

    check(load(APPLICATION.replace("from flask_jwt_extended", f"from {package}")))


@pytest.mark.parametrize("check", [check_tokens, check_cookies])
def test_after_the_move_it_works_in_the_same_way(native: Flask, check: Any) -> None:
    check(native)


def test_after_the_move_a_logout_ends_the_refresh_token_too(native: Flask) -> None:
    """D10."""
    client = native.test_client()
    pair = client.post("/login", json={"name": "ada"}).json

    client.delete("/logout", headers=bearer(pair["access_token"]))

    assert client.post("/refresh", headers=bearer(pair["refresh_token"])).status_code == 401


def test_after_the_move_nothing_is_left_to_rewrite(native: Flask, tmp_path: Path) -> None:
    result = CliRunner().invoke(jwtpolicy, ["migrate", str(tmp_path / "application.py")])

    assert (result.exit_code, result.output.count("---")) == (0, 0)
    assert "flask_jwt_extended" not in (tmp_path / "application.py").read_text(encoding="utf-8")


def test_without_the_hand_edits_but_the_schema_tokens_work(
    load: Any, migrated: tuple[str, list[int]]
) -> None:
    """What needs a hand is listed; what does not works at once."""
    text, _ = migrated
    for before, after in BY_HAND[39]:
        text = text.replace(before, after.replace(_ROLES, ""))

    check_tokens(load(text))


_ROLES = "    roles = fields.List(fields.String(), required=True)\n"
