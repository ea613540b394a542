"""``flask jwtpolicy matrix`` asks every endpoint about every user, and runs no view."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, ClassVar

import pytest
from flask import Flask

from jwtpolicy import Access, Fresh, HasRole, IsSubject, JWTManager, ProtectedView, protect, public
from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.transports import Transport
from tests.support.applications import SECRET, AppAndManager
from tests.support.terminal import run

TABLE = """\
Application: tests.app
A number is the status of the answer. 200: the view would run, whatever it answers. No view ran.

METHOD  PATH                     ENDPOINT  no token  alice  bob
DELETE  /accounts/alice          account   401       401    403
GET     /accounts/alice          account   401       200    403
GET     /open                    open      200       200    200
POST    /open                    open      200       200    200
GET     /static/<path:filename>  static    ?         ?      ?

Not known:
  - GET /static/<path:filename>: its URL has variables: give an example by --path
"""

COMPLETE = ["--path", "/accounts/alice", "--path", "/static/a.css"]


class Account(ProtectedView):
    policies: ClassVar = IsSubject("name")
    method_policies: ClassVar = {"DELETE": Fresh(within=300)}

    def get(self, name: str) -> str:
        raise AssertionError(name)

    delete = get


@pytest.fixture
def site(app_and_jwt: AppAndManager) -> Flask:
    """Return an application whose views may not run."""
    app, _ = app_and_jwt
    app.add_url_rule("/accounts/<name>", view_func=Account.as_view("account"))
    app.add_url_rule("/open", "open", public(lambda: 1 / 0), methods=["GET", "POST"])
    return app


def lines(printed: str) -> dict[str, list[str]]:
    """Return the cells of each line of a table, by method and path."""
    rows = [line.split() for line in printed.split("\n\n")[1].splitlines()]
    return {" ".join(row[:2]): row[3:] for row in rows[1:]}


def cells(app: Flask, *asked: str) -> dict[str, list[str]]:
    return lines(run(app, "matrix", *asked).out)


def test_each_endpoint_is_asked_about_each_user(site: Flask) -> None:
    done = run(site, "matrix", "--as", "alice", "--as", "bob", "--path", "/accounts/alice")

    assert (done.out, done.err) == (TABLE, "")


def test_without_a_user_there_is_one_column(site: Flask) -> None:
    assert cells(site, *COMPLETE)["GET /accounts/alice"] == ["401"]


def test_the_exit_code_is_1_while_a_cell_is_not_known(site: Flask) -> None:
    assert run(site, "matrix").code == 1
    assert run(site, "matrix", *COMPLETE).code == 0


def test_several_examples_of_a_rule_are_lines_of_their_own(site: Flask) -> None:
    found = cells(site, "--as", "bob", "--path", "/accounts/alice", "--path", "/accounts/bob?a=1")

    assert found["GET /accounts/alice"] == ["401", "403"]
    assert found["GET /accounts/bob?a=1"] == ["401", "200"]


def test_the_options_of_the_token_are_for_all_users(site: Flask) -> None:
    asked = ["--as", "alice", "--as", "bob", *COMPLETE]

    assert cells(site, *asked)["DELETE /accounts/alice"] == ["401", "401", "403"]
    assert cells(site, *asked, "--fresh")["DELETE /accounts/alice"] == ["401", "200", "403"]


def test_one_method_is_asked_about_alone(site: Flask) -> None:
    assert list(cells(site, "--method", "post")) == ["POST /open"]
    assert "HEAD /open" in cells(site, "--method", "HEAD")


def test_a_head_that_demands_something_else_has_a_line(site: Flask) -> None:
    class Both(ProtectedView):
        method_policies: ClassVar = {"HEAD": Fresh()}

        def get(self) -> str:
            return ""

        def head(self) -> str:
            return ""

    site.add_url_rule("/both", view_func=Both.as_view("both"))
    found = cells(site, "--as", "alice")

    assert (found["GET /both"], found["HEAD /both"]) == (["401", "200"], ["401", "401"])


def test_json_has_the_verdict_and_the_reason_of_each_cell(site: Flask) -> None:
    done = run(site, "matrix", "--as", "bob", "--method", "DELETE", *COMPLETE, "--json")

    found = json.loads(done.out)
    assert (done.code, found["application"], found["users"]) == (0, "tests.app", [None, "bob"])
    (row,) = found["rows"]
    assert (row["rule"], row["path"]) == ("/accounts/<name>", "/accounts/alice")
    assert row["cells"][0] == {
        "user": None,
        "verdict": "REFUSED",
        "status": 401,
        "reason": "no token was sent",
    }


def test_json_of_a_cell_that_is_not_known_has_no_status(site: Flask) -> None:
    found = json.loads(run(site, "matrix", "--method", "DELETE", "--json").out)
    (cell,) = found["rows"][0]["cells"]

    assert (cell["verdict"], cell["status"]) == (None, None)
    assert cell["reason"] == "its URL has variables: give an example by --path"


def test_a_guard_that_cannot_be_asked_is_not_known(site: Flask) -> None:
    bridge.JWTManager(site)
    site.add_url_rule("/old", "old", bridge.jwt_required()(lambda: ""))
    done = run(site, "matrix", "--as", "bob", *COMPLETE)

    assert (done.code, lines(done.out)["GET /old"]) == (1, ["?", "?"])
    assert "- GET /old: jwt_required() of the bridge guards it" in done.out


def test_a_check_inside_of_the_view_is_noted_once(app_and_jwt: AppAndManager) -> None:
    app, jwt = app_and_jwt
    app.add_url_rule("/inside", "inside", public(lambda: str(jwt.enforce(Fresh()))))
    app.add_url_rule("/again", "again", app.view_functions["inside"])
    done = run(app, "matrix", "--as", "bob")

    assert done.out.count("a check inside of the view was not asked: ") == 1
    assert "- GET /again, GET /inside: a check inside" in done.out


def test_a_rule_that_another_one_hides_is_noted(site: Flask) -> None:
    site.add_url_rule("/open", "hidden", protect()(lambda: ""))
    done = run(site, "matrix", *COMPLETE)

    assert "GET /open: another rule comes first, that of the endpoint open" in done.out


class Odd(Transport):
    """A place that nobody but the application can fill."""

    name = "odd"

    def read(self, request: Any) -> str | None:
        return None


def test_a_place_that_only_the_application_can_fill_is_not_known(site: Flask) -> None:
    site.add_url_rule("/odd", "odd", protect(transports=Odd())(lambda: ""))
    done = run(site, "matrix", "--as", "bob", *COMPLETE)

    assert (done.code, lines(done.out)["GET /odd"]) == (1, ["401", "?"])


def application(**options: Any) -> Flask:
    app = Flask("hosts", static_folder=None, **options)
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://", SERVER_NAME="shop.test")
    JWTManager(app)
    return app


def test_a_rule_of_a_subdomain_is_asked_there() -> None:
    app = application(subdomain_matching=True)
    app.add_url_rule("/", "api", protect()(lambda: ""), subdomain="api")
    app.add_url_rule("/", "tenant", protect()(lambda: ""), subdomain="<tenant>")
    done = run(app, "matrix", "--as", "bob")

    assert lines(done.out) == {"GET <tenant>/": ["?", "?"], "GET api/": ["401", "200"]}
    assert "- GET <tenant>/: its host has variables: " in done.out


def test_a_rule_of_a_host_is_asked_there() -> None:
    app = application(host_matching=True, static_host="shop.test")
    app.add_url_rule("/", "api", protect()(lambda: ""), host="api.test")

    assert cells(app, "--as", "bob") == {"GET api.test/": ["401", "200"]}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["--path", "accounts/2"], "the path of a request begins with a slash: /accounts/2"),
        (["--path", "/nowhere"], "--path /nowhere: no endpoint is there; flask jwtpolicy routes"),
        (["--path", "/a\nb"], "a path holds no control characters"),
        (["--method", "PATCH"], "--method PATCH: no endpoint takes it"),
        (["--as", "a", "--as", "a"], "--as a is there more than once"),
        (["--as", ""], "it is empty"),
        (["--fresh"], "--fresh is about the token of --as USER"),
        (["--as", "a", "--claim", "sub=1"], "no token for 'a': "),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    site: Flask, asked: list[str], sentence: str
) -> None:
    done = run(site, "matrix", *asked)

    assert (done.code, done.out) == (2, "")
    assert sentence in done.err


def test_an_application_without_a_manager_is_a_sentence() -> None:
    done = run(Flask("bare"), "matrix")

    assert (done.code, "has no JWTManager" in done.err) == (2, True)


def test_nothing_is_written_for_the_users_of_a_matrix(app_and_jwt: AppAndManager) -> None:
    app, jwt = app_and_jwt
    run(app, "matrix", "--as", "alice")

    with app.app_context():
        assert jwt.sessions("alice") == []


@pytest.mark.parametrize("secret", ["it's Flask's own", 'of "quotes" and \n lines', "sécret-ööö"])
@pytest.mark.parametrize("asked", ["matrix", "matrix --json", "explain GET /named"])
@pytest.mark.parametrize("where", ["policy", "hook"])
def test_no_secret_is_printed_that_somebody_wrote_down(
    app_and_jwt: AppAndManager, secret: str, asked: str, where: str
) -> None:
    app, _ = app_and_jwt
    app.config["SECRET_KEY"] = secret
    wanted = HasRole(secret) if where == "policy" else Access()
    app.add_url_rule("/named", "named", protect(wanted)(lambda: ""))
    if where == "hook":
        app.before_request_funcs[None] = [partial(int, secret)]

    done = run(app, *asked.split(), "--as", "alice")

    assert "/named" in done.out
    for spelling in (secret, repr(secret)[1:-1]):
        assert spelling not in done.out + done.err
        assert json.dumps(spelling)[1:-1] not in done.out
