"""``flask jwtpolicy mint`` prints a token for development, and writes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from jwtpolicy import JWTManager
from tests.support.dry_runs import Site
from tests.support.terminal import run


@pytest.fixture
def debugged(app: Flask) -> Flask:
    app.debug = True
    return app


def test_in_debug_mode_a_token_of_the_user_is_printed(
    debugged: Flask, jwt: JWTManager[Any]
) -> None:
    asked = ["--fresh", "--scope", "a b", "--claim", "level=3", "--expires", "90"]

    done = run(debugged, "mint", "--as", "alice", *asked)

    with debugged.app_context():
        token = jwt.verify(done.out.strip())
    assert (done.code, done.err) == (0, "")
    assert (token.subject, token.scopes, token.claims["level"]) == ("alice", {"a", "b"}, 3)
    assert token.claims["fresh"] is True
    assert token.claims["exp"] - token.claims["iat"] == 90


def test_outside_of_debug_mode_it_takes_force(app: Flask) -> None:
    done = run(app, "mint", "--as", "alice")

    assert (done.code, done.out) == (2, "")
    assert "--force" in done.err
    assert run(app, "mint", "--as", "alice", "--force").code == 0


def test_nothing_is_written_to_the_store() -> None:
    site = Site()
    before = site.written()

    assert run(site.app, "mint", "--as", "alice", "--force").code == 0

    assert site.written() == before


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["--kind", "refresh"], "a refresh token belongs to a session"),
        (["--kind", "odd"], "JWT_ODD_TOKEN_EXPIRES"),
        (["--kind", "odd", "--fresh", "--expires", "9"], "fresh=True is for access tokens"),
        (["--expires", "0"], "at least one second"),
        (["--expires", "nan"], "at least one second"),
        (["--claim", "exp=1"], "no token for 'alice'"),
    ],
)
def test_what_cannot_be_minted_is_a_sentence(
    debugged: Flask, asked: list[str], sentence: str
) -> None:
    done = run(debugged, "mint", "--as", "alice", *asked)

    assert (done.code, done.out) == (2, "")
    assert sentence in done.err


def test_a_hook_of_the_application_that_fails_is_a_sentence(
    debugged: Flask, jwt: JWTManager[Any]
) -> None:
    @jwt.extra_claims
    def more(user: Any, kind: str) -> Any:
        raise LookupError(user)

    done = run(debugged, "mint", "--as", "alice")

    assert (done.code, done.out) == (2, "")
    assert "LookupError" in done.err
