"""Find the lines of an application's source that read settings which are not set."""

from __future__ import annotations

import ast
import inspect
import logging
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from flask import Flask

logger = logging.getLogger("jwtpolicy")

#: A place, as ``module:line``, and the setting that is read there.
Read = tuple[str, str]


def warn_of_unset(app: Flask, filled: Mapping[str, Any]) -> None:
    """Warn of each line of *app* that reads a setting whose default another library had set.

    Args:
        app: The application.
        filled: The settings that the other library filled in, with its defaults.
    """
    for place, key in reads(app, filled.keys() - app.config.keys()):
        logger.warning(
            "%s reads %s, which nobody has set; write app.config.setdefault(%r, %r)",
            place,
            key,
            key,
            filled[key],
        )


def reads(app: Flask, keys: Collection[str]) -> Iterator[Read]:
    """Yield each place where a module of the application reads one of *keys* from its config.

    Those are the modules of its own package and of those that its views come from, as far as they
    are imported and their source is there.
    """
    views = {str(getattr(view, "__module__", "")) for view in app.view_functions.values()}
    packages = {name.partition(".")[0] for name in {app.import_name, *views}}
    for name in list(sys.modules):
        if name.partition(".")[0] in packages:
            yield from (read for read in _reads_of(name) if read[1] in keys)


@cache
def _reads_of(name: str) -> tuple[Read, ...]:
    found: list[Read] = []
    # Whatever has no source, or one in another language, was not written for either library.
    with suppress(OSError, TypeError, SyntaxError, ValueError):
        source = inspect.getsource(sys.modules[name])
        nodes: Iterable[Any] = ast.walk(ast.parse(source)) if "JWT_" in source else ()
        found += [(f"{name}:{node.lineno}", key) for node in nodes if (key := _key_of(node))]
    return tuple(found)


def _key_of(node: Any) -> str | None:
    """Return the key of ``config["JWT_…"]`` or of ``config.get("JWT_…")``, else None."""
    match node:
        case ast.Subscript(base, ast.Constant(str(key)), ast.Load()):
            pass
        case ast.Call(ast.Attribute(base, "get"), [ast.Constant(str(key))], []):
            pass
        case _:
            return None
    return key if ast.unparse(base).endswith("config") else None
