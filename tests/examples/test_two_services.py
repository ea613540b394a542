"""Both services of the example, with tokens that the one issues and the other verifies."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from jwtpolicy import JWTManager
from jwtpolicy.testing import MovableClock
from tests.services import missing
from tests.support.examples import run_example
from tests.support.keys import PRIVATE_PEM, PUBLIC_PEM, ec, pem, public_pem
from tests.support.paths import DOCS, ROOT
from tests.support.requests import bearer
from tests.support.safe_copies import functions, logs_strangers_in, printed_secrets

FILES = {path.stem: path for path in (ROOT / "examples" / "two_services").glob("*.py")}
PAGE = (DOCS / "howto" / "two-services.rst").read_text(encoding="utf-8")
#: Issuer and audience of the example.
EXPECTED = {
    "JWT_DECODE_ISSUER": "https://login.shop.example",
    "JWT_DECODE_AUDIENCE": "https://shop.example",
}
#: The next key of the issuer.
NEXT = ec.generate_private_key(ec.SECP256R1())
#: The lines that make the key pair.
OPENSSL = re.findall(r"^   \$ (openssl .*)$", PAGE, re.MULTILINE)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FlaskClient]:
    """Return what starts one of the two, and gives a client of it."""

    def run(name: str, **environment: str) -> Any:
        return run_example(FILES[name], tmp_path, monkeypatch, **environment).app.test_client()

    return run


@pytest.fixture
def pair(start: Callable[..., FlaskClient]) -> dict[str, str]:
    """Return the tokens of a user who has logged in at the issuer."""
    return tokens_of(start("issuer", JWT_PRIVATE_KEY=PRIVATE_PEM))


@pytest.fixture
def service(start: Callable[..., FlaskClient]) -> FlaskClient:
    return start("service", JWT_PUBLIC_KEY=PUBLIC_PEM)


def tokens_of(issuer: Any) -> Any:
    form = {"username": "ada", "password": os.environ["ADA_PASSWORD"]}
    return issuer.post("/auth/login", json=form).json


def test_the_service_lets_in_whom_the_issuer_has_let_in(pair: Any, service: Any) -> None:
    assert service.get("/orders", headers=bearer(pair["access_token"])).json == ["A lamp"]
    assert service.get("/orders").json["error"] == "token_required"


def test_the_issuer_publishes_the_key_of_its_tokens(start: Any, pair: Any) -> None:
    """KEY-3."""
    [key] = start("issuer", JWT_PRIVATE_KEY=PRIVATE_PEM).get("/.well-known/jwks.json").json["keys"]

    assert key["kid"] == pyjwt.get_unverified_header(pair["access_token"])["kid"]
    assert "d" not in key


@pytest.fixture
def both(tmp_path: Path) -> tuple[JWTManager, Flask]:
    """Return the manager of a service whose folder has two public keys, as the page says."""
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    for name, text in (("old", PUBLIC_PEM), ("new", public_pem(NEXT))):
        (folder / f"{name}.pem").write_text(text, encoding="ascii")
        (folder / f"{name}.pem").chmod(0o644)
    service = Flask("service")
    service.config.update(JWT_KEYS=str(folder), **EXPECTED)
    return JWTManager(service, baseline=None), service


def test_services_with_folders_take_the_next_key_too(start: Any, both: Any, pair: Any) -> None:
    jwt, service = both
    after = tokens_of(start("issuer", JWT_PRIVATE_KEY=pem(NEXT)))

    with service.app_context():
        for each in (pair, after):
            assert jwt.verify(each["access_token"]).subject == "ada"


def test_a_user_without_orders_has_an_empty_list(start: Any, pair: Any) -> None:
    service = start("service", JWT_PUBLIC_KEY=PUBLIC_PEM)
    sys.modules["service"].ORDERS.clear()

    assert service.get("/orders", headers=bearer(pair["access_token"])).json == []


def test_a_refresh_token_is_of_no_use_at_the_service(pair: Any, service: Any) -> None:
    answer = service.get("/orders", headers=bearer(pair["refresh_token"]))

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")


def test_a_token_of_another_key_is_refused(start: Any, service: Any) -> None:
    private = pem(ec.generate_private_key(ec.SECP256R1()))
    forged = tokens_of(start("issuer", JWT_PRIVATE_KEY=private))["access_token"]

    answer = service.get("/orders", headers=bearer(forged))

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")


def test_the_service_cannot_issue_anything(service: Any) -> None:
    jwt = service.application.extensions["jwtpolicy"].manager

    with service.application.app_context(), pytest.raises(Exception, match="key"):
        jwt.issue("ada")


@pytest.mark.parametrize(("seconds", "expected"), [(0, 200), (301, 401)])
def test_a_revoked_token_passes_at_the_service_until_it_has_expired(
    start: Any, service: Any, seconds: int, expected: int
) -> None:
    issuer = start("issuer", JWT_PRIVATE_KEY=PRIVATE_PEM)
    headers = bearer(tokens_of(issuer)["access_token"])
    assert issuer.post("/auth/logout", headers=headers).status_code == 204

    with MovableClock(service.application) as clock:
        clock.tick(seconds)
        assert service.get("/orders", headers=headers).status_code == expected


def test_the_printed_lines_make_a_pair_that_both_take(start: Any, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        missing("openssl", "the printed lines call it")
    for line in OPENSSL:
        subprocess.run(line.split(), cwd=tmp_path, check=True, capture_output=True)
    private, public = (str(tmp_path / f"{half}.pem") for half in ("private", "public"))

    token = tokens_of(start("issuer", JWT_PRIVATE_KEY=private))["access_token"]
    answer = start("service", JWT_PUBLIC_KEY=public).get("/orders", headers=bearer(token))

    assert (len(OPENSSL), answer.status_code) == (2, 200)


@pytest.mark.parametrize("path", FILES.values(), ids=FILES)
def test_a_file_is_short_and_can_be_deployed_as_it_stands(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    question = ast.get_docstring(ast.parse(source)) or ""

    assert len(source.splitlines()) <= 60
    assert question.endswith("?")
    assert list(printed_secrets(source)) == []
    assert [each.name for each in functions(source) if logs_strangers_in(each)] == []
    assert f"literalinclude:: ../../examples/two_services/{path.name}" in PAGE
