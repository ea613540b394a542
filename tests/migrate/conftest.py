"""Migrate small sources, and say what came of them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from jwtpolicy.migrate.migration import Migration

NAMES = (
    "JWTManager, create_access_token, create_refresh_token, current_user, decode_token, "
    "get_csrf_token, get_current_user, get_jti, get_jwt, get_jwt_header, get_jwt_identity, "
    "get_jwt_request_location, get_unverified_jwt_headers, jwt_required, set_access_cookies, "
    "set_refresh_cookies, unset_access_cookies, unset_jwt_cookies, unset_refresh_cookies, "
    "verify_jwt_in_request"
)

#: What stands above the code of most tests; it has six lines.
PRELUDE = f"""\
import os
from flask import Flask
from flask_jwt_extended import {NAMES}
app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["KEY"]
jwt = JWTManager(app)
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        code: Its new content.
        notes: What is left to a person: pairs of a line and a text.
    """

    code: str
    notes: list[tuple[int, str]]

    @property
    def body(self) -> str:
        """The code below the prelude."""
        return self.code.partition("jwt = JWTManager(app)\n")[2]

    @property
    def imports(self) -> list[str]:
        """The lines that import."""
        return [line for line in self.code.splitlines() if line.startswith(("from ", "import "))]

    def lines_about(self, text: str) -> list[int]:
        """The lines whose notes hold *text*, counted below the prelude."""
        return [line - 6 for line, note in self.notes if text in note]


@pytest.fixture
def migrate_files(tmp_path: Path) -> Callable[..., dict[str, Outcome]]:
    """Return what migrates files: their contents by name."""

    def migrate(files: dict[str, str]) -> dict[str, Outcome]:
        for name, source in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(dedent(source), encoding="utf-8")
        migration = Migration([str(tmp_path)])
        assert migration.errors == []
        return {
            Path(result.name).relative_to(tmp_path).as_posix(): Outcome(
                result.after.code, [(note.line, note.text) for note in result.notes]
            )
            for result in migration.results
        }

    return migrate


@pytest.fixture
def migrate(migrate_files: Callable[..., dict[str, Outcome]]) -> Callable[[str], Outcome]:
    """Return what migrates one file."""

    def migrate_one(source: str) -> Outcome:
        found = migrate_files({"app.py": dedent(source)})["app.py"]
        ast.parse(found.code)
        return found

    return migrate_one


@pytest.fixture
def migrate_below(migrate: Callable[[str], Outcome]) -> Callable[[str], Outcome]:
    """Return what migrates code that stands below the prelude."""
    return lambda source: migrate(PRELUDE + dedent(source))
