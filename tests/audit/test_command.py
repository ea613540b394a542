"""What ``flask jwtpolicy routes`` prints, and what it answers to the shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import Fresh, HasRole, policy, protect, public
from jwtpolicy.cli import jwtpolicy
from tests.support.applications import SECRET, MakeApp

TABLE = """\
Application: tests.app
Baseline: NotRevoked()
Tokens are read from: headers

RULE                     METHODS    ENDPOINT  PROTECTION  DEMANDS                        NOTES
/files                   POST       files     guarded     Access()                       reads json
/login                   GET, HEAD  login     public      Public()
/reports                 GET, HEAD  reports   guarded     (HasRole('a') | Fresh()) & ok
/static/<path:filename>  GET, HEAD  static    public                                     \
JWT_PUBLIC_ENDPOINTS
"""

MISTAKE = """\

No request can pass:
  - GET, HEAD /nobody (nobody): no request can pass HasRole('a') & ~HasRole('a') & NotRevoked()
"""


@policy
def ok(access: Any) -> bool:
    return True


@pytest.fixture
def shop(make_app: MakeApp) -> Flask:
    """Return an application as it should be."""
    app, _ = make_app(store_url="sqlite:///audited.sqlite3")
    app.add_url_rule("/login", "login", public(lambda: "in"))
    guard = protect(HasRole("a") | Fresh(), ok)
    app.add_url_rule("/reports", "reports", guard(lambda: "in"))
    app.add_url_rule("/files", "files", protect(transports="json")(lambda: "in"), methods=["POST"])
    return app


def run(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(jwtpolicy, ["routes", *arguments])


def test_the_table_is_aligned(shop: Flask) -> None:
    done = run(shop)

    assert (done.exit_code, done.output) == (0, TABLE)


def test_what_no_request_can_pass_is_listed_and_fails(shop: Flask) -> None:
    guard = protect(HasRole("a") & ~HasRole("a"))
    shop.add_url_rule("/nobody", "nobody", guard(lambda: "in"))

    done = run(shop)
    assert (done.exit_code, done.output.endswith(MISTAKE)) == (1, True)
    assert "impassable" in done.output


def test_a_mistake_in_the_set_up_fails(shop: Flask) -> None:
    protect()(shop.route("/open")(lambda: "open"))

    done = run(shop, "--unguarded")
    assert done.exit_code == 1
    assert "every request is answered with 500" in done.output


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 0), (("--unguarded",), 1), (("--json",), 0)], ids=str
)
def test_an_unguarded_endpoint_fails_where_it_is_asked_for(
    shop: Flask, arguments: Any, code: int
) -> None:
    shop.add_url_rule("/forgotten", "forgotten", lambda: "leak")

    assert run(shop, *arguments).exit_code == code


def test_the_unguarded_endpoints_are_shown_alone(shop: Flask) -> None:
    shop.add_url_rule("/forgotten", "forgotten", lambda: "leak")

    lines = run(shop, "--unguarded").output.splitlines()
    assert [line.split() for line in lines[4:]] == [
        ["RULE", "METHODS", "ENDPOINT", "PROTECTION"],
        ["/forgotten", "GET,", "HEAD", "forgotten", "unguarded"],
    ]


def test_that_nothing_is_unguarded_is_said(shop: Flask) -> None:
    done = run(shop, "--unguarded")

    assert done.exit_code == 0
    assert done.output.splitlines()[-1] == "There is no endpoint to show."


def test_json_is_for_machines(shop: Flask) -> None:
    found = json.loads(run(shop, "--json").output)

    assert (found["application"], found["baseline"]) == ("tests.app", "NotRevoked()")
    assert found["rows"][0] == {
        "rule": "/files",
        "methods": ["OPTIONS"],
        "endpoint": "files",
        "protection": "automatic",
        "demands": "",
        "bridge": None,
        "accepts": [],
        "baseline": None,
        "places": [],
        "csrf": None,
        "notes": [],
        "problem": None,
        "domain": "",
    }


def test_json_of_the_unguarded_ones_has_no_others(shop: Flask) -> None:
    shop.add_url_rule("/forgotten", "forgotten", lambda: "leak")

    done = run(shop, "--json", "--unguarded")
    assert [row["endpoint"] for row in json.loads(done.output)["rows"]] == ["forgotten"]
    assert done.exit_code == 1


def test_an_application_without_a_manager_is_told_so() -> None:
    done = run(Flask("bare"))

    assert done.exit_code == 1
    assert done.output == (
        "Error: bare has no JWTManager; write JWTManager(app) or jwt.init_app(app)\n"
    )


APPLICATION = """
import os
from flask import Flask
from jwtpolicy import JWTManager, protect

app = Flask("shop")
app.config.update(JWT_SECRET_KEY=os.environ["SHOP_SECRET"])
JWTManager(app)

@app.get("/guarded")
@protect()
def guarded(): ...

@app.get("/forgotten")
def forgotten(): ...
"""


@pytest.mark.parametrize(("option", "code"), [("--json", 0), ("--unguarded", 1)])
def test_a_real_process_answers_the_shell(tmp_path: Path, option: str, code: int) -> None:
    (tmp_path / "shop.py").write_text(APPLICATION, encoding="utf-8")
    command = [sys.executable, "-m", "flask", "--app", "shop", "jwtpolicy", "routes", option]
    environment = {**os.environ, "SHOP_SECRET": SECRET}

    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "/forgotten" in done.stdout) == (code, True)
    assert SECRET not in done.stdout + done.stderr
    assert not list(tmp_path.rglob("*.sqlite3"))
