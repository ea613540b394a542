"""Find the real stores that several machines share, and start each once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import services
from tests.services.serve import make_server, started

#: What `services.required` and the environment call MariaDB.
NAMES = {"mariadb": "mysql"}
#: A Redis that outlives its death: each change is on the disk before it is answered.
LASTING: dict[str, dict[str, str | int]] = {"redis": {"appendonly": "yes", "appendfsync": "always"}}


def make_own(name: str) -> Any:
    """Return a server that may be killed, not started, or skip."""
    try:
        return make_server(name, **LASTING.get(name, {}))
    except LookupError as error:
        services.missing(NAMES.get(name, name), str(error))


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
