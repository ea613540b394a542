"""The quickstart is the README's application: owners see their invoice, and nobody else does."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from jwtpolicy.testing import act, anonymous, assert_policy, with_
from tests.support.examples import SINGLE_FILES, run_example
from tests.support.pages import BLOCKS
from tests.support.paths import DOCS

AUDITOR = with_("eve", scope="audit")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return run_example(SINGLE_FILES["quickstart"], tmp_path, monkeypatch, BOB_PASSWORD="builder")


def test_it_is_the_application_of_the_readme() -> None:
    source = SINGLE_FILES["quickstart"].read_text(encoding="utf-8")

    _, _, code = source.partition('"""\n\n')

    assert code == BLOCKS["app.py"]


def test_the_owner_sees_an_invoice_and_so_does_an_auditor(module: Any) -> None:
    expected = {anonymous: 401, "bob": 200, "ada": 403, AUDITOR: 200}

    assert_policy(module.app, "GET", "/invoices/2", expected)


def test_a_deletion_needs_the_password_again(module: Any) -> None:
    expected = {"bob": 200, with_("bob", fresh=False): 401}

    assert_policy(module.app, "DELETE", "/invoices/2", expected)


@pytest.mark.parametrize(("password", "status"), [("builder", 200), ("a guess", 401)])
def test_a_login_checks_the_password(module: Any, password: str, status: int) -> None:
    form = {"username": "bob", "password": password}

    assert module.app.test_client().post("/auth/login", data=form).status_code == status


def test_a_logout_holds_at_the_next_request(module: Any) -> None:
    bob = act(module.app).as_user("bob")
    assert bob.get("/invoices/2").status_code == 200

    assert bob.post("/auth/logout").status_code == 204

    assert bob.get("/invoices/2").status_code == 401


def test_nobody_gives_themselves_a_scope_at_the_login(module: Any) -> None:
    form = {"username": "bob", "password": "builder", "scope": "audit"}
    client = module.app.test_client()
    token = client.post("/auth/login", data=form).get_json()["access_token"]

    answer = client.get("/invoices/1", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 403


def test_the_first_page_shows_this_application_and_no_code_of_its_own() -> None:
    text = (DOCS / "index.rst").read_text(encoding="utf-8")

    assert re.findall(r"^\.\. (\S+)::", text, re.MULTILINE)[:3] == ["literalinclude"] * 3
    assert "code-block" not in text
