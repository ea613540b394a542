"""The chapters of the tutorial: load one, and read a page as somebody who types what it prints."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from werkzeug.serving import make_server

from jwtpolicy.cli import jwtpolicy
from tests.support.paths import DOCS, ROOT

FOLDER: Final = ROOT / "examples" / "tutorial"
PAGES: Final = re.findall(
    r"^   ([a-z-]+)$", (DOCS / "tutorial" / "index.rst").read_text(encoding="utf-8"), re.MULTILINE
)
#: The numbers of the chapters, with the name of each page.
CHAPTERS: Final = dict(enumerate(PAGES, start=1))

#: What pages tell to type where a command asks for a password, by the name of the member.
PASSWORDS: Final = {"ada": "lovelace", "bob": "builder", "eve": "apple"}
#: Lines that start the application, which is served already.
_STARTS: Final = ("flask run", ". ./settings.sh")
_BLOCK = re.compile(
    r"^\.\. code-block:: (sh|console)\n((?:   :.*\n)*)\n((?:   .*\n|\n)+)", re.MULTILINE
)


def files_of(number: int) -> list[Path]:
    return sorted((FOLDER / f"ch{number}").glob("*.py"))


def page_of(number: int) -> str:
    return (DOCS / "tutorial" / f"{CHAPTERS[number]}.rst").read_text(encoding="utf-8")


def load(number: int, folder: Path, **environ: str) -> ModuleType:
    """Copy the files of a chapter into *folder*, and return its module ``app``.

    Flask finds the folder of the instance beside the copy, so that nothing is written elsewhere.
    """
    for path in files_of(number):
        shutil.copy(path, folder)
    importlib.invalidate_caches()
    # Those of other tests, which stay as they were: many an application is called `app`.
    names: tuple[str, ...] = ("app", "models")
    others = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    # No bytecode: two chapters of the same size, copied in one second, would be taken for one.
    with (
        patch.dict(os.environ, environ),
        patch.object(sys, "path", [str(folder), *sys.path]),
        patch.object(sys, "dont_write_bytecode", True),
    ):
        try:
            return importlib.import_module("app")
        finally:
            for name in ("app", "models"):
                sys.modules.pop(name, None)
            sys.modules.update(others)


class Block(NamedTuple):
    """One block of a page that a reader types.

    Attributes:
        language: ``sh`` or ``console``.
        file: The name of the file that it is to be saved as, or nothing.
        text: The lines, without their indentation.
    """

    language: str
    file: str
    text: str


def blocks_of(page: str) -> list[Block]:
    """Return what a reader of *page* types into a terminal, and saves as a script."""
    return [
        Block(language, options.strip().removeprefix(":caption: "), textwrap.dedent(text).strip())
        for language, options, text in _BLOCK.findall(page)
    ]


class Typed(NamedTuple):
    """What was typed, what the page says that it prints, and what it has printed."""

    lines: str
    expected: str
    printed: str

    @property
    def is_right(self) -> bool:
        """Whether it has printed what the page says; ``…`` there stands for anything."""
        pattern = ".*".join(map(re.escape, self.expected.split("…")))
        return re.fullmatch(pattern, self.printed, re.DOTALL) is not None


class Reader:
    """Somebody who types what the pages print, in one folder and one shell.

    The application is not started by ``flask run``, which takes a second for each chapter: one
    server, in a thread of this process, serves the chapter that is read. ``flask`` commands are
    called in this process as well; everything else is typed into a real shell.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._app: Any = None
        self._environ: dict[str, str] = {}
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        (folder / "venv" / "bin").mkdir(parents=True)
        (folder / "venv" / "bin" / "activate").touch()
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        pytest = {
            "PYTHONPATH": str(ROOT),
            "PYTEST_ADDOPTS": "-p no:cacheprovider",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        self._shell = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env={**os.environ, **pytest, "PATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def close(self) -> None:
        self._shell.communicate()
        self._server.shutdown()
        self._server.server_close()

    def read(self, number: int) -> list[Typed]:
        """Read the page of a chapter, and return what was typed and printed."""
        typed: list[Typed] = []
        self._app = None
        for block in blocks_of(page_of(number)):
            if block.file:
                text = block.text.replace("127.0.0.1:5000", f"127.0.0.1:{self._server.port}")
                (self.folder / block.file).write_text(f"{text}\n", encoding="utf-8")
                continue
            if block.language == "console":
                typed += self._called(number, block.text)
            else:
                typed.append(self._typed(number, block.text))
        return typed

    def _serve(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        answered: Iterable[bytes] = self._app(environ, start_response)
        return answered

    def _started(self, number: int) -> Any:
        """Return the application of the chapter, with the settings of the reader's terminal."""
        if self._app is None:
            settings = (self.folder / "settings.sh").read_text(encoding="utf-8")
            pairs = (line.removeprefix("export ").partition("=") for line in settings.splitlines())
            environ = {name: value for name, _, value in pairs}
            database = f"sqlite:///{self.folder}/shed.sqlite3"
            self._app = load(number, self.folder, DATABASE_URL=database, **environ).app
        return self._app

    def _typed(self, number: int, text: str) -> Typed:
        """Type *text* into the shell; comments in it are what it has to print."""
        if (self.folder / "settings.sh").exists():
            self._started(number)
        expected = [line[2:] for line in text.splitlines() if line.startswith("# ")]
        return Typed(text, "\n".join(expected), self._printed(text))

    def _printed(self, text: str) -> str:
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"{text}\necho '== end'\n")
        self._shell.stdin.flush()
        lines = list(iter(self._shell.stdout.readline, "== end\n"))
        return plain("".join(lines))

    def _called(self, number: int, text: str) -> list[Typed]:
        """Call the commands of a block, each of which stands behind a ``$``."""
        typed = []
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, _, expected = part.partition("\n")
            if line in _STARTS:
                self._started(number)
                continue
            typed.append(Typed(line, plain(expected), self._of_command(number, line)))
        return typed

    def _of_command(self, number: int, line: str) -> str:
        given, _, command = line.rpartition(" | ")
        name, *arguments = shlex.split(command)
        app = self._started(number)
        if name != "flask":
            return self._printed(line)
        if arguments[0] == "jwtpolicy":
            typed = self._printed(given) if given else None
            done = app.test_cli_runner().invoke(jwtpolicy, arguments[1:], input=typed)
        else:
            password = PASSWORDS[arguments[1]]
            done = app.test_cli_runner().invoke(args=arguments, input=f"{password}\n" * 2)
        return plain(done.output)


def plain(text: str) -> str:
    """Return *text* without spaces at the ends of its lines, or empty lines around it."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def said_wrongly(typed: Iterable[Typed]) -> Mapping[str, tuple[str, str]]:
    """Return what did not print what its page says: by its lines, both texts."""
    return {one.lines: (one.expected, one.printed) for one in typed if not one.is_right}
