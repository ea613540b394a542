"""Start real stores that several machines share."""

from __future__ import annotations

from typing import Any

from tests import services
from tests.services.serve import make_server

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
