"""The shell lines of the pages about clients, services and moving, as their readers type them."""

from __future__ import annotations

import re
import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.cli import ScriptInfo

from jwtpolicy.cli import jwtpolicy
from tests.support.keys import PRIVATE_PEM, PUBLIC_PEM
from tests.support.pages import ENVIRONMENT, code_of
from tests.support.paths import DOCS, ROOT


def lines(page: str, pattern: str) -> list[Any]:
    """Return what the shell lines of a page match."""
    source = (DOCS / "howto" / f"{page}.rst").read_text(encoding="utf-8")
    return re.findall(rf"^   \$ {pattern}", source, re.MULTILINE)


STARTS = [
    name
    for page in ("single-page-app", "two-services")
    for name in lines(page, r".*flask --app (\w+) run")
]
MIGRATIONS = [
    line
    for page in ("from-flask-jwt-extended", "from-flask-jwt-extended-routes")
    for line in lines(page, r"flask jwtpolicy (migrate .*?)(?: +#.*)?$")
]


@pytest.mark.parametrize("name", STARTS)
def test_flask_finds_the_application_that_a_page_starts(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = (ROOT / "examples").rglob(f"{name}.py")
    shutil.copy(path, tmp_path / f"clients_{name}.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for variable, size in ENVIRONMENT.items():
        monkeypatch.setenv(variable, secrets.token_urlsafe(size))
    monkeypatch.setenv("JWT_PRIVATE_KEY", PRIVATE_PEM)
    monkeypatch.setenv("JWT_PUBLIC_KEY", PUBLIC_PEM)

    app = ScriptInfo(f"clients_{name}").load_app()

    assert "jwtpolicy" in app.extensions


@pytest.mark.parametrize("line", MIGRATIONS)
def test_a_printed_migration_reads_the_printed_application(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = code_of("howto/from-flask-jwt-extended.rst")
    before = source.replace("jwtpolicy.compat.flask_jwt_extended", "flask_jwt_extended")
    monkeypatch.chdir(tmp_path)
    for folder in ("views", "tests"):
        Path(folder).mkdir()
        Path(folder, "__init__.py").touch()
    Path("app.py").write_text(before, encoding="utf-8")

    result = CliRunner().invoke(jwtpolicy, line.split())

    assert result.exit_code in {0, 1}, result.output
    changes = "--write" in line and "--to bridge" in line
    assert (Path("app.py").read_text(encoding="utf-8") == source) is changes


def test_every_line_was_found() -> None:
    assert STARTS == ["spa_cookies", "issuer", "service"]
    assert [line.split()[2] for line in MIGRATIONS] == ["bridge", "bridge", "native", "native"]
