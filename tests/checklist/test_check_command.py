"""What ``flask jwtpolicy check`` prints, and what it answers to the shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from flask.cli import ScriptInfo

from jwtpolicy.checklist import printing
from jwtpolicy.checklist.catalogue import CHECKS
from jwtpolicy.checklist.check import Result, Verdict
from tests.support.applications import SECRET
from tests.support.checklists import MakeShop, new_view
from tests.support.terminal import run

#: What the same lines say on every machine.
FIRST_LINES = """\
Before production: tests.shop

ok           start            settings, guards and policies fit together
failure      debug            debug mode is on: answers may show tracebacks and
                                policies
                              -> Unset FLASK_DEBUG, and take DEBUG and TESTING
                                 out of the settings of production.
ok           secret           each key was judged when it was read
"""


def test_warnings_alone_do_not_fail(make_shop: MakeShop) -> None:
    done = run(make_shop(SECRET_KEY=SECRET), "check")

    assert (done.code, done.err) == (0, "")
    assert "warning      own-secret" in done.out


def test_a_failure_fails_and_says_what_to_do(make_shop: MakeShop) -> None:
    done = run(make_shop(DEBUG=True), "check")

    assert (done.code, done.err) == (1, "")
    assert done.out.startswith(FIRST_LINES)


def test_the_last_line_counts_the_verdicts(make_shop: MakeShop) -> None:
    lines = run(make_shop(DEBUG=True, SECRET_KEY=SECRET), "check").out.splitlines()

    assert lines[-1].startswith("1 failure, 2 warnings, ")


def test_every_line_fits_a_terminal_and_has_no_colour_in_a_file(make_shop: MakeShop) -> None:
    out = run(make_shop(DEBUG=True, TESTING=True, PREFERRED_URL_SCHEME="https"), "check").out

    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out


def test_a_terminal_gets_colours() -> None:
    result = Result(name="n", question="?", verdict=Verdict.FAILURE, found=("f",), advice="a")

    assert "\x1b[31mfailure" in printing.as_text("shop", [result])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_names_of_checks_leave_a_gap(check: object) -> None:
    assert len(getattr(check, "name")) <= 15  # noqa: B009 # a test's parameter is an object


def test_json_has_every_check_with_all_that_is_known_of_it(make_shop: MakeShop) -> None:
    done = run(make_shop(DEBUG=True), "check", "--json")

    found = json.loads(done.out)
    assert (done.code, found["application"], found["failed"]) == (1, "tests.shop", True)
    assert [one["name"] for one in found["checks"]] == [one.name for one in CHECKS]
    assert found["checks"][1] == {
        "name": "debug",
        "question": "Are debug mode and TESTING off?",
        "verdict": "failure",
        "found": ["debug mode is on: answers may show tracebacks and policies"],
        "advice": "Unset FLASK_DEBUG, and take DEBUG and TESTING out of the settings of "
        "production.",
    }


def test_a_check_inside_is_allowed_by_its_name(make_shop: MakeShop) -> None:
    app = make_shop()
    app.add_url_rule("/unknown", "unknown", type(sys))

    assert run(app, "check").code == 1
    assert run(app, "check", "--allow", "unknown").code == 0


def test_a_name_that_no_endpoint_has_is_refused(make_shop: MakeShop) -> None:
    app = make_shop()
    app.add_url_rule("/", "home", new_view())

    done = run(app, "check", "--allow", "home", "--allow", "hoem")

    assert (done.code, done.out) == (2, "")
    assert done.err == "Error: --allow: no endpoint is called hoem\n"


def test_an_application_without_a_manager_is_a_sentence() -> None:
    done = run(Flask("bare"), "check")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Error: bare has no JWTManager")


def test_an_application_that_cannot_be_audited_is_a_sentence(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_shop()
    monkeypatch.setattr(app, "url_map", None)

    done = run(app, "check")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Error: the application cannot be audited: AttributeError: ")


def test_an_application_that_is_not_there_is_a_sentence() -> None:
    done = run(ScriptInfo(app_import_path="nothing_of_that_name"), "check")

    assert (done.code, done.out) == (2, "")
    assert "Could not import 'nothing_of_that_name'" in done.err


APPLICATION = """
import os
from flask import Flask
from jwtpolicy import JWTManager

app = Flask("shop")
app.config.update(JWT_SECRET_KEY=os.environ["SHOP_SECRET"], DEBUG=True)
app.config.from_prefixed_env()
JWTManager(app)
"""


@pytest.mark.parametrize(
    ("store", "line"),
    [
        ("sqlite:////{}/s.sqlite3", "ok           store-answers    it answered"),
        ("sqlite:////{}/shop.py/s.sqlite3", "failure      store-answers    the SQLite"),
    ],
    ids=["there", "not there"],
)
def test_a_real_process_answers_the_shell_and_sees_the_applications_debug_mode(
    tmp_path: Path, store: str, line: str
) -> None:
    (tmp_path / "shop.py").write_text(APPLICATION, encoding="utf-8")
    command = [sys.executable, "-m", "flask", "--app", "shop", "jwtpolicy", "check"]
    url = store.format(str(tmp_path).lstrip("/"))
    environment = {**os.environ, "SHOP_SECRET": SECRET, "FLASK_JWT_STORE_URL": url}

    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert line in done.stdout
    assert "failure      debug" in done.stdout
    assert SECRET not in done.stdout
