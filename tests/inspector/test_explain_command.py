"""``flask jwtpolicy explain`` answers, or says in one sentence why it does not."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jwtpolicy import (
    AllOf,
    ClaimSchema,
    Fresh,
    HasRole,
    HasScope,
    Refresh,
    protect,
)
from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.exceptions import IssueError
from jwtpolicy.testing import act
from tests.support.applications import AppAndManager
from tests.support.terminal import run


@pytest.fixture
def site(app_and_jwt: AppAndManager) -> AppAndManager:
    """Return an application with a guarded view, and one that checks inside."""
    app, jwt = app_and_jwt

    @app.get("/inside")
    def inside() -> str:
        jwt.enforce(Fresh())
        return ""

    @app.delete("/beneath")
    @protect()
    def beneath() -> str:
        jwt.enforce(Fresh())
        return ""

    rights = protect(HasRole("admin") | HasScope("things:delete"))
    app.add_url_rule("/thing", "thing", rights(lambda: ""), methods=["DELETE"])
    app.add_url_rule("/renew", "renew", protect(Refresh())(lambda: ""), methods=["POST"])
    app.add_url_rule("/fresh", "fresh", protect(Fresh())(lambda: ""))
    app.add_url_rule("/open", "open", lambda: "")
    return app, jwt


@pytest.mark.parametrize(
    ("asked", "code", "verdict"),
    [
        (["GET", "/open"], 0, "OPEN"),
        (["DELETE", "/thing"], 1, "REFUSED"),
        (["DELETE", "/thing", "--as", "alice", "--scope", "things:delete"], 0, "ALLOWED"),
        (["DELETE", "/thing", "--as", "alice", "--claim", 'roles=["admin"]'], 0, "ALLOWED"),
        (["DELETE", "/thing", "--as", "alice", "--claim", 'roles=["author"]'], 1, "REFUSED"),
        (["GET", "/fresh", "--as", "alice", "--fresh"], 0, "ALLOWED"),
        (["GET", "/fresh", "--as", "alice"], 1, "REFUSED"),
        (["POST", "/renew", "--as", "alice", "--kind", "refresh"], 0, "ALLOWED"),
        (["POST", "/renew", "--as", "alice"], 1, "REFUSED"),
        (["OPTIONS", "/open"], 1, "AUTOMATIC"),
        (["GET", "/nowhere"], 2, "NOT_FOUND"),
        (["GET", "/thing"], 2, "METHOD_NOT_ALLOWED"),
    ],
    ids=str,
)
def test_the_verdict_and_the_exit_code_are_those_of_the_request(
    site: AppAndManager, asked: list[str], code: int, verdict: str
) -> None:
    done = run(site[0], "explain", *asked)

    assert (done.code, done.err) == (code, "")
    assert done.out.splitlines()[1].split()[:2] == ["verdict:", f"{verdict}:"]


def test_the_answer_fits_into_eighty_columns_and_has_no_colour(
    site: AppAndManager,
) -> None:
    done = run(site[0], "explain", "GET", "/fresh", "--as", "alice")

    assert max(map(len, done.out.splitlines())) <= 80
    assert "\x1b" not in done.out


def test_json_has_the_attributes_of_the_explanation(site: AppAndManager) -> None:
    done = run(site[0], "explain", "DELETE", "/thing", "--as", "alice", "--json")

    told = json.loads(done.out)
    assert (told["verdict"], told["status"], told["endpoint"]) == ("REFUSED", 403, "thing")
    assert [level["source"] for level in told["levels"]] == ["baseline", "decorator"]
    assert told["decision"][0].startswith("MISSING_CLAIM")
    assert told["challenge"] is None


def test_json_of_an_open_path_has_no_decision(site: AppAndManager) -> None:
    told = json.loads(run(site[0], "explain", "GET", "/open", "--json").out)

    assert (told["decision"], told["levels"], told["notes"]) == (None, [], [])


def test_verbose_shows_what_closing_has_added(site: AppAndManager) -> None:
    asked = ["explain", "DELETE", "/thing", "--as", "alice"]

    assert "OwnTokens()" in run(site[0], *asked, "--verbose").out
    assert "OwnTokens()" not in run(site[0], *asked).out


@pytest.mark.parametrize("asked", [["GET", "/inside"], ["DELETE", "/beneath", "--as", "alice"]])
def test_a_check_inside_of_the_view_is_noted(site: AppAndManager, asked: list[str]) -> None:
    done = run(site[0], "explain", *asked)

    assert done.code == 0
    assert "note: a check inside of the view was not asked: " in " ".join(done.out.split())


def test_what_may_hide_a_check_is_noted(site: AppAndManager) -> None:
    views: dict[str, Any] = {"chosen": lambda *args: ""}

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return views["chosen"](*args, **kwargs)

    site[0].add_url_rule("/hidden", "hidden", wrapper)

    done = run(site[0], "explain", "GET", "/hidden")

    told = " ".join(done.out.split())
    assert (done.code, "note: whether this checks anything cannot be read: " in told) == (0, True)
    assert "note:" not in run(site[0], "explain", "GET", "/static/a.css").out


def test_a_guard_of_the_bridge_cannot_be_asked(site: AppAndManager) -> None:
    app, _ = site
    bridge.JWTManager(app)
    app.add_url_rule("/old", "old", bridge.jwt_required()(lambda: ""))

    assert run(app, "explain", "GET", "/old").code == 2


@pytest.mark.parametrize("how", ["stdin", "environment"])
def test_a_token_comes_from_the_standard_input_or_the_environment(
    site: AppAndManager, how: str
) -> None:
    app, jwt = site
    with app.app_context():
        token = jwt.issue("alice", scope="things:delete")

    if how == "stdin":
        done = run(app, "explain", "DELETE", "/thing", "--token-stdin", given=f" {token}\n")
    else:
        done = run(app, "explain", "DELETE", "/thing", JWT_TOKEN=token)

    assert (done.code, token in done.out) == (0, False)


@pytest.mark.parametrize("word", ["Bearer ", "Authorization: Bearer "])
def test_what_stands_before_the_token_in_the_header_is_to_be_left_out(
    site: AppAndManager, word: str
) -> None:
    app, jwt = site
    with app.app_context():
        token = jwt.issue("alice")

    done = run(app, "explain", "DELETE", "/thing", "--token-stdin", given=word + token)

    assert (done.code, done.out) == (2, "")
    assert "leave out the word before it in the header" in done.err


def test_what_the_guard_leaves_to_the_view_is_a_note_in_json(site: AppAndManager) -> None:
    app, _ = site
    guard = protect(resource=lambda: None)
    app.add_url_rule("/left", "left", guard(lambda: ""))

    told = json.loads(run(app, "explain", "GET", "/left", "--as", "alice", "--json").out)

    assert "the resource was not loaded" in " ".join(told["notes"])


def test_nothing_is_written_for_the_user_of_a_made_up_token(site: AppAndManager) -> None:
    app, jwt = site
    run(app, "explain", "DELETE", "/thing", "--as", "alice", "--fresh")

    with app.app_context():
        assert jwt.sessions("alice") == []


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["GET", "open"], "the path of a request begins with a slash: /open"),
        (["GET", "/open", "--fresh"], "--fresh is about the token of --as USER"),
        (["GET", "/open", "--claim", "a=1"], "--claim is about the token of --as USER"),
        (["GET", "/open", "--as", "a", "--token-stdin"], "use one of them"),
        (["GET", "/open", "--as", ""], "it is empty"),
        (["GET", "/open", "--as", "a", "--claim", "roles"], "--claim takes NAME=JSON"),
        (["GET", "/open", "--as", "a", "--claim", "team=red"], "'red' is no JSON"),
        (["GET", "/open", "--as", "a", "--claim", "a=" + "[" * 9999], "is no JSON"),
        (["GET", "/open", "--as", "a", "--claim", "sub=1"], "no token for 'a': "),
        (["GET", "/open", "--as", "a\0"], "no token for"),
        (["GET", "/open", "--as", "a", "--kind", "odd"], "JWT_ODD_TOKEN_EXPIRES"),
        (["GET", "/fresh", "--as", "a", "--place", "cookies"], "not read from cookies"),
        (["GET", "/fresh", "--token-stdin"], "standard input is empty"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    site: AppAndManager, asked: list[str], sentence: str
) -> None:
    done = run(site[0], "explain", *asked)

    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("typed", [b"\xff\xfe", b"two\nlines", b"nul\0"])
def test_what_is_no_line_of_ascii_is_said_to_be_no_token(site: AppAndManager, typed: bytes) -> None:
    done = run(site[0], "explain", "GET", "/fresh", "--token-stdin", given=typed)

    assert (done.code, done.out) == (2, "")
    assert "standard input holds no token" in done.err


@given(st.text(st.characters(codec="utf-8")) | st.from_regex(r"[\w.=-]*\.[\w.=-]*\.[\w-]*"))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_a_token_of_any_shape_is_refused_or_a_sentence(site: AppAndManager, token: str) -> None:
    done = run(site[0], "explain", "GET", "/fresh", "--token-stdin", given=token.encode())

    assert done.code in (1, 2)
    assert (done.code == 1) == done.out.startswith("GET /fresh")


class User(SimpleNamespace):
    """A user of the application."""


class Alice(ClaimSchema):
    """Its claims; the names of the fields are those of the attributes."""

    from marshmallow import fields

    sub = fields.String(attribute="name", required=True)
    roles = fields.List(fields.String(), required=True)


def test_a_user_is_loaded_by_the_applications_loader(site: AppAndManager) -> None:
    app, jwt = site
    jwt.claims_for(User)(Alice)
    known = {"alice": User(name="alice", roles=["admin"])}
    jwt.user_loader(lambda token: known.get(token.subject))

    assert run(app, "explain", "DELETE", "/thing", "--as", "alice").code == 0
    done = run(app, "explain", "DELETE", "/thing", "--as", "eve")
    assert (done.code, "the user loader does not know" in done.err) == (2, True)


def test_a_claim_that_is_said_counts_before_the_users_own(site: AppAndManager) -> None:
    """Unlike a login, whose session would read it from the user at each refresh."""
    app, jwt = site
    jwt.claims_for(User)(Alice)
    alice = User(name="alice", roles=[])
    jwt.user_loader(lambda token: alice)
    asked = ("DELETE", "/thing")

    assert run(app, "explain", *asked, "--as", "alice").code == 1
    assert run(app, "explain", *asked, "--as", "alice", "--claim", 'roles=["admin"]').code == 0
    with pytest.raises(IssueError, match="the login says roles"):
        act(app).as_user(alice, claims={"roles": ["admin"]})
    assert act(app).as_user(User(name="alice", roles=["admin"])).explain(*asked)


def test_a_user_without_a_schema_is_a_subject(site: AppAndManager) -> None:
    app, jwt = site
    jwt.user_loader(lambda token: SimpleNamespace(name=token.subject))

    assert run(app, "explain", "GET", "/fresh", "--as", "alice", "--fresh").code == 0


def _stops(token: Any) -> Any:
    raise LookupError(token.subject)


def _answers(token: Any) -> Any:
    from werkzeug.exceptions import Gone

    raise Gone


@pytest.mark.parametrize(
    ("loader", "sentence"),
    [(_stops, "the user loader raised LookupError"), (_answers, "the application answers 410")],
)
def test_a_user_that_cannot_be_loaded_is_a_sentence(
    site: AppAndManager, loader: Any, sentence: str
) -> None:
    app, jwt = site
    jwt.user_loader(loader)

    done = run(app, "explain", "GET", "/fresh", "--as", "alice")

    assert (done.code, sentence in done.err) == (2, True)


def test_without_a_loader_it_is_said_what_to_do_for_users_of_a_schema(site: AppAndManager) -> None:
    app, jwt = site
    jwt.claims_for(User)(Alice)

    done = run(app, "explain", "DELETE", "/thing", "--as", "alice")

    assert (done.code, "give its claims by --claim" in done.err) == (2, True)
    claims = ["--claim", 'roles=["admin"]']
    assert run(app, "explain", "DELETE", "/thing", "--as", "alice", *claims).code == 0


def test_an_application_that_fails_at_start_is_a_sentence(site: AppAndManager) -> None:
    app, _ = site
    app.add_url_rule("/bad", "bad", protect(Refresh())(protect()(lambda: "")))

    done = run(app, "explain", "GET", "/open")

    assert (done.code, done.out, "no token can pass" in done.err) == (2, "", True)


def test_an_application_without_a_manager_is_a_sentence() -> None:
    done = run(Flask("bare"), "explain", "GET", "/")

    assert (done.code, "has no JWTManager" in done.err) == (2, True)


def test_a_tree_of_a_thousand_nodes_is_printed(site: AppAndManager) -> None:
    app, _ = site
    many = AllOf(*(HasRole(f"r{n}") for n in range(1000)))
    app.add_url_rule("/many", "many", protect(many)(lambda: ""))

    done = run(app, "explain", "GET", "/many", "--as", "alice", "--claim", "roles=[]")

    assert (done.code, done.out.count("HasRole") > 1000) == (1, True)


def test_what_the_application_raises_on_the_way_is_a_sentence(site: AppAndManager) -> None:
    app, _ = site

    def broken(environ: Any) -> Any:
        raise LookupError("no such tenant")

    app.request_context = broken  # type: ignore[method-assign]
    done = run(app, "explain", "GET", "/open")

    assert (done.code, "raised LookupError: no such tenant" in done.err) == (2, True)
