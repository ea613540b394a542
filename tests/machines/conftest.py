"""Find the real stores that several machines share, and start each once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.services.serve import started
from tests.support.machines.stores import NAMES, make_own


@pytest.fixture(scope="session")
def url_of() -> Iterator[Callable[[str], str]]:
    """Return what gives the URL of a running store: the environment's, or one of one's own."""
    found: dict[str, str] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def url(name: str) -> str:
            given = os.environ.get(f"JWTPOLICY_TEST_{NAMES.get(name, name).upper()}_URL")
            if name == "sqlite":
                return f"sqlite:///{folder / 'tokens.sqlite3'}"
            if given is None and name not in found:
                found[name] = stack.enter_context(started(make_own(name))).url
            return given or found[name]

        yield url
