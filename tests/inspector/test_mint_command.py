"""``flask jwtpolicy mint`` prints a token for development, and writes nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from marshmallow import fields

from jwtpolicy import ClaimSchema, JWTManager
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


class Machine(SimpleNamespace):
    """A user of a type whose subjects have a prefix."""


class MachineClaims(ClaimSchema):
    sub = fields.String(attribute="serial", required=True)

    class Meta:
        subject_prefix = "machine:"


@pytest.mark.parametrize("subject", ["machine:1", "1"])
def test_a_user_of_each_type_is_found_by_their_subject(
    debugged: Flask, jwt: JWTManager[Any], subject: str
) -> None:
    jwt.claims_for(Machine)(MachineClaims)
    jwt.user_loader(lambda token: Machine(serial="1") if ":" in token.subject else token.subject)

    done = run(debugged, "mint", "--as", subject)

    assert (done.code, done.err) == (0, "")
    with debugged.app_context():
        assert jwt.verify(done.out.strip()).subject == subject
