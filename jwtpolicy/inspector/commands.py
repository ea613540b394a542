"""The commands ``explain``, ``matrix``, ``inspect`` and ``mint``, behind their options."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import click
from flask import Flask

from ..audit.hiding import hider
from ..exceptions import SetupError
from ..extension import manager_here
from . import explaining, matrix
from .encoded_tokens import VARIABLE, from_environment, from_stdin
from .inspecting import inspected
from .loading import loaded
from .minting import Wish, minted
from .unanswerable import Unanswerable

#: The options that describe the token of ``--as``, by their names and defaults.
_OF_WISH: Final = {"fresh": False, "scope": None, "claims": (), "kind": "access"}


@contextmanager
def quietly() -> Iterator[None]:
    """Keep the library's log off the terminal, where nobody has set up another place for it.

    Python would print it there, tracebacks of outages included; the answer says it in a sentence.
    """
    logger, handler = logging.getLogger("jwtpolicy"), logging.NullHandler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _print(app: Flask, text: str) -> None:
    """Print *text* without the secrets of *app*: a policy or an exception may name one."""
    click.echo(hider(app.config)(text))


@quietly()
def explain(method: str, path: str, options: Mapping[str, Any]) -> int:
    """Print what would become of a request, and return the exit code.

    Raises:
        Unanswerable: The input is wrong, or the application cannot tell.
    """
    _check_path(path)
    wish = _wish(options) if options["subject"] is not None else None
    if wish is not None and options["token_stdin"]:
        raise Unanswerable("--as and --token-stdin both give a token; use one of them")
    if wish is None:
        _check_unwished(options)
    token = None if wish is not None else _token(from_standard_input=options["token_stdin"])
    app, bound = loaded()
    with _told():
        if wish is not None:
            token = minted(app, bound, wish)
        with app.app_context():
            told = manager_here().explain(method, path, token=token, place=options["place"])
    write = explaining.as_json if options["as_json"] else explaining.as_text
    _print(app, write(app, told, verbose=options["verbose"]))
    return explaining.exit_code(told)


@quietly()
def ask_all(options: Mapping[str, Any]) -> int:
    """Print what would become of a request to each endpoint by each user; return the exit code.

    Raises:
        Unanswerable: The input is wrong, or the application cannot tell.
    """
    names = options["subjects"]
    if twice := {name for name in names if names.count(name) > 1}:
        raise Unanswerable(f"--as {', '.join(sorted(twice))} is there more than once")
    for path in options["paths"]:
        _check_path(path)
    if not names:
        _check_unwished(options)
    wishes = [_wish({**options, "subject": name}) for name in names]
    app, bound = loaded()
    with _told():
        tokens = [minted(app, bound, wish) for wish in wishes]
        subjects = [matrix.Subject(None, None), *map(matrix.Subject, names, tokens)]
        with app.app_context():
            found = matrix.asked(app, bound, subjects, options["methods"], options["paths"])
    _print(app, found.as_json() if options["as_json"] else found.as_text())
    return found.exit_code


@quietly()
def inspect(source: str) -> int:
    """Print what a token says, and return the exit code.

    Raises:
        Unanswerable: There is no token to read, or it is none; or the application cannot start.
    """
    if source not in ("", "-"):
        # It is not repeated: it may be a token.
        msg = "a token cannot be an argument, because shells store it: pipe it, and write -"
        raise Unanswerable(msg)
    token = _token(from_standard_input=source == "-")
    if token is None:
        msg = f"there is no token: pipe one and write -, or set {VARIABLE}"
        raise Unanswerable(msg)
    app, bound = loaded()
    with _told():
        found = inspected(app, bound, token)
    _print(app, found.text())
    return 0 if found.refusal is None else 1


@quietly()
def mint(options: Mapping[str, Any]) -> None:
    """Print a token.

    Raises:
        Unanswerable: The application is not in debug mode, or no such token can be made.
    """
    wish = _wish(options)
    app, bound = loaded()
    if not (app.debug or options["force"]):
        msg = "mint is for development, and debug mode is off; add --force to make the token anyway"
        raise Unanswerable(msg)
    if wish.kind == "refresh":
        raise Unanswerable("a refresh token belongs to a session: log in to get one")
    with _told():
        click.echo(minted(app, bound, wish))


@contextmanager
def _told() -> Iterator[None]:
    """Tell an error of the application, or of the input, in a sentence.

    Raises:
        Unanswerable: Something else was raised inside, which it tells.
    """
    try:
        yield
    except Unanswerable:
        raise
    except (SetupError, ValueError) as error:
        raise Unanswerable(str(error)) from error
    except (Exception, SystemExit) as error:  # an exit code of the application's means nothing here
        msg = f"the application raised {type(error).__name__}: {error}"
        raise Unanswerable(msg) from error


def _token(*, from_standard_input: bool) -> str | None:
    return from_stdin() if from_standard_input else from_environment()


def _wish(options: Mapping[str, Any]) -> Wish:
    if not options["subject"]:
        raise Unanswerable("--as takes the subject of a user, and it is empty")
    return Wish(
        options["subject"],
        options["kind"],
        options["fresh"],
        options["scope"],
        options.get("expires"),
        _claims(options["claims"]),
    )


def _claims(written: Sequence[str]) -> dict[str, Any]:
    """Return the claims of ``--claim NAME=JSON``.

    Raises:
        Unanswerable: One has no name, or its value is no JSON.
    """
    claims: dict[str, Any] = {}
    for one in written:
        name, sign, value = one.partition("=")
        if not (name and sign):
            raise Unanswerable(
                f"--claim takes NAME=JSON, such as roles='[\"admin\"]', not {one!r:.60}"
            )
        try:
            claims[name] = json.loads(value)
        except (ValueError, RecursionError):
            msg = f"--claim {name}: {value!r:.60} is no JSON; text is written {name}='\"text\"'"
            raise Unanswerable(msg) from None
    return claims


def _check_unwished(options: Mapping[str, Any]) -> None:
    """Refuse options about the token of ``--as`` without it.

    Raises:
        Unanswerable: One of them is there, and would change nothing.
    """
    for name, default in _OF_WISH.items():
        if options[name] != default:
            option = name.removesuffix("s") if name == "claims" else name
            raise Unanswerable(f"--{option} is about the token of --as USER, which is not there")


def _check_path(path: str) -> None:
    """Refuse what is no path.

    Raises:
        Unanswerable: It does not begin with a slash.
    """
    if not path.startswith("/"):
        raise Unanswerable(f"the path of a request begins with a slash: /{path}")
