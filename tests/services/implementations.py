"""Find other implementations of JWTs, and let each sign and verify by a program in its language."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from . import nodejs

_PROGRAMS: Final = Path(__file__).parents[1] / "interop"
_NODE: Final = _PROGRAMS / "node"
#: Where Debian's packages of all languages put libraries.
_DEBIAN: Final = Path("/usr/share")
_WITHIN = 300  # seconds; Go compiles its program first

#: A job, or the answer to one.
Job = dict[str, Any]


@dataclass(frozen=True)
class Implementation:
    """A library that nobody here wrote.

    Attributes:
        command: Returns what starts its program; None if it is not installed.
        lacks: The algorithms of ours that it does not have.
        is_quick: Whether its tests run without ``--full``.
        makes_keys: Whether it makes keys itself, and writes them as JWKs.
    """

    command: Callable[[], list[str] | None]
    lacks: frozenset[str] = frozenset()
    is_quick: bool = True
    makes_keys: bool = False

    def find(self) -> str | None:
        """Return what starts its program, as it is shown to people."""
        command = self.command()
        return None if command is None else " ".join(command)


def _python(library: str) -> list[str] | None:
    program = _PROGRAMS / f"python/with_{library}.py"
    return [sys.executable, str(program)] if importlib.util.find_spec(library) else None


def _npm(name: str) -> list[str] | None:
    node, packages = nodejs.find(), nodejs.find_packages(_NODE)
    return [node, str(_NODE / f"{name}.mjs"), str(packages)] if node and packages else None


def _debian(language: str, program: str, library: str) -> list[str] | None:
    """Return what runs a program of a language, if Debian's package of the library is there."""
    interpreter = shutil.which(language)
    if interpreter is None or not any(_DEBIAN.glob(library)):
        return None
    run = ["run"] if language == "go" else []
    return [interpreter, *run, str(_PROGRAMS / language / program)]


_ED25519 = frozenset({"Ed25519"})

IMPLEMENTATIONS: Final[Mapping[str, Implementation]] = {
    "joserfc": Implementation(lambda: _python("joserfc"), makes_keys=True),
    "jwcrypto": Implementation(lambda: _python("jwcrypto"), makes_keys=True),
    "npm-jose": Implementation(lambda: _npm("jose"), makes_keys=True),
    "npm-jsonwebtoken": Implementation(lambda: _npm("jsonwebtoken"), _ED25519 | {"EdDSA"}),
    "golang-jwt": Implementation(
        lambda: _debian("go", "main.go", "gocode/src/github.com/golang-jwt/jwt"), _ED25519, False
    ),
    "perl-crypt-jwt": Implementation(
        lambda: _debian("perl", "crypt_jwt.pl", "perl5/Crypt/JWT.pm"), _ED25519, False
    ),
    "ruby-jwt": Implementation(
        lambda: _debian("ruby", "ruby_jwt.rb", "rubygems-integration/all/gems/jwt-*"),
        _ED25519 | {"EdDSA"},
        False,
    ),
}


def ask(command: list[str], jobs: Iterable[Job]) -> list[Job]:
    """Return the answers of a program to *jobs*, in their order."""
    lines = "".join(f"{json.dumps(job)}\n" for job in jobs)
    with tempfile.TemporaryDirectory() as folder:
        go = {"GO111MODULE": "off", "GOPATH": str(_DEBIAN / "gocode"), "GOCACHE": folder}
        done = subprocess.run(
            command,
            input=lines,
            capture_output=True,
            text=True,
            timeout=_WITHIN,
            env=os.environ | go,
        )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
