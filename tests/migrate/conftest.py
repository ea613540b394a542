"""Migrate small sources, and say what came of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from jwtpolicy.migrate.migration import Migration
from tests.support.migration import PRELUDE, Outcome


@pytest.fixture
def migrate_files(tmp_path: Path) -> Callable[..., Outcome]:
    """Return what migrates files: their contents by name."""

    def migrate(files: dict[str, str], to: str = "native") -> Outcome:
        for name, source in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(dedent(source).encode())
        found = Migration([str(tmp_path)], to)
        assert found.errors == []
        codes = {name: dedent(source) for name, source in files.items()}
        codes.update({_name(tmp_path, result.name): result.after for result in found.results})
        outcome = Outcome(codes, {}, {})
        for into, notes in (
            (outcome.hindrances, found.hindrances),
            (outcome.reminders, found.reminders),
        ):
            for name, note in notes:
                into.setdefault(_name(tmp_path, name), []).append((note.line, note.text))
        return outcome

    return migrate


def _name(folder: Path, name: str) -> str:
    return Path(name).relative_to(folder).as_posix()


@pytest.fixture
def migrate(migrate_files: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Return what migrates one file."""
    return lambda source, to="native": migrate_files({"app.py": dedent(source)}, to)


@pytest.fixture
def migrate_below(migrate: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Return what migrates code that stands below the prelude."""
    return lambda source, to="native": migrate(PRELUDE + dedent(source), to)
