"""Say how many processes share the tests, and how all of them name the parameters."""

from __future__ import annotations

import os
import re


def name_of(value: object) -> str:
    """Return what names a parameter alike in every process, for ``ids=`` of ``parametrize``.

    The processes that share the tests have to find the same ones: no address, no secret and no
    order of a set may stand in a name.
    """
    if isinstance(value, (set, frozenset)):
        return ", ".join(sorted(map(repr, value))) or "nothing"
    return re.sub(r" at 0x[0-9a-f]+|[\w.-]{40,}", "…", repr(value))


def number_of_processes() -> int:
    """Return how many processes share the tests by ``-n auto``.

    Each starts servers of its own, so that more than four cost more than they bring. A database
    that the environment names is one for all, and tests empty it.
    """
    shared = any(re.fullmatch(r"JWTPOLICY_TEST_\w+_URL", name) for name in os.environ)
    return 1 if shared else min(4, os.cpu_count() or 1)
