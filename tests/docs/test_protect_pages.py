"""What the how-tos about protecting promise of the applications that they print."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jwtpolicy import exceptions
from jwtpolicy.audit import audit
from jwtpolicy.testing import act, anonymous, assert_policy, with_
from tests.support.examples import SINGLE_FILES
from tests.support.pages import run_page
from tests.support.paths import DOCS, ROOT
from tests.support.requests import bearer
from tests.support.terminal import run as printed

#: Runs a page, and returns what it has defined.
Run = Callable[[str], dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return lambda page: run_page(f"howto/{page}.rst", tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("GET /notes/1", {anonymous: 401, "ada": 200, "bob": 404}),
        ("GET /notes/3", {anonymous: 401, "ada": 404, "bob": 404}),
        ("DELETE /notes/1", {with_("ada", fresh=False): 401, "ada": 200, "bob": 403}),
        ("DELETE /notes/2", {with_("ada", fresh=False): 401, "ada": 403, "bob": 200}),
        ("DELETE /notes/3", {with_("ada", fresh=False): 401, "ada": 404}),
    ],
)
def test_the_answer_about_an_object_tells_no_more_than_it_should(
    run: Run, request_: str, expected: dict[Any, int]
) -> None:
    method, path = request_.split()

    assert_policy(run("objects")["app"], method, path, expected)


@pytest.mark.parametrize(
    ("name", "roles", "texts"),
    [("bob", [], ["Call Eve"]), ("eve", ["admin"], ["Buy paper", "Call Eve"]), ("eve", [], [])],
)
def test_a_list_has_what_the_caller_may_see(
    run: Run, name: str, roles: list[str], texts: list[str]
) -> None:
    caller = act(run("objects")["app"]).as_user(name, claims={"roles": roles})

    assert [note["text"] for note in caller.get("/notes").json] == texts


def test_an_error_page_says_who_is_logged_in(run: Run) -> None:
    visitor = act(run("error-pages")["app"])

    for caller, says in ((visitor.as_user("ada"), True), (visitor, False)):
        answer = caller.get("/nowhere")
        assert (answer.status_code, "Logged in as ada" in answer.text) == (404, says)


@pytest.mark.parametrize(
    ("pair", "status"), [("1/1", 200), ("1/2", 403), ("2/1", 403), ("1/3", 404), ("3/1", 404)]
)
def test_each_object_that_a_view_asks_about_decides(run: Run, pair: str, status: int) -> None:
    ada = act(run("objects")["app"]).as_user("ada")

    assert ada.get(f"/notes/{pair.replace('/', '/compare/')}").status_code == status


@pytest.mark.parametrize(("seconds", "statuses"), [(0, [200, 403, 404]), (301, [401, 403, 404])])
def test_the_password_is_asked_for_ones_own_object_alone(
    run: Run, seconds: int, statuses: list[int]
) -> None:
    ada = act(run("objects")["app"]).as_user("ada")
    with ada.clock:
        ada.wait(seconds)

        answers = [ada.delete(f"/drafts/{number}").status_code for number in (1, 2, 3)]

    assert answers == statuses


@pytest.mark.parametrize(
    ("request_", "who", "status"),
    [
        ("GET /office/salaries", {"roles": ["staff", "manager"]}, 200),
        ("GET /office/salaries", {"roles": ["manager"]}, 403),
        ("GET /office/hours", {"roles": ["staff"]}, 200),
        ("GET /office/hours", {"roles": []}, 403),
        ("GET /accounts/ada", {"roles": []}, 200),
        ("GET /accounts/bob", {"roles": []}, 403),
        ("GET /invoices/ada", {"roles": ["accountant"]}, 200),
        ("GET /invoices/ada", {"roles": []}, 403),
    ],
)
@pytest.mark.parametrize("scope", ["shop", None])
def test_all_levels_of_an_endpoint_have_to_allow(
    run: Run, request_: str, who: dict[str, Any], status: int, scope: str | None
) -> None:
    ada = act(run("functions-classes-blueprints")["app"]).as_user("ada", claims=who, scope=scope)
    method, path = request_.split()

    answer = ada.open(path, method=method)

    assert answer.status_code == (status if scope else 403)


def test_the_page_about_levels_shows_what_each_endpoint_demands(run: Run) -> None:
    text = (DOCS / "howto/functions-classes-blueprints.rst").read_text(encoding="utf-8")
    shown = re.findall(r"\* - ``(\w+) (\S+)``\n     - ``(.+)``", text)

    rows = audit(run("functions-classes-blueprints")["app"]).rows

    demanded = [(method, row.rule, row.demands) for row in rows for method in row.methods]
    assert sorted(shown) == sorted(each for each in demanded if each[0] not in {"HEAD", "OPTIONS"})


def test_a_cache_above_a_guard_answers_nobody_who_may_not_have_it(run: Run) -> None:
    stall = run("functions-classes-blueprints")["stall"]
    manager = with_("ada", claims={"roles": ["manager"]})
    assert act(stall).as_user(manager).get("/figures").text == "the figures"

    assert_policy(stall, "GET", "/figures", {anonymous: 401, "bob": 403, manager: 200})


@pytest.mark.parametrize(("roles", "may_edit"), [(["editor"], True), (["reader"], False)])
def test_a_page_shows_some_users_more(run: Run, roles: list[str], may_edit: bool) -> None:
    ada = act(run("optional-login")["app"]).as_user("ada", claims={"roles": roles})

    assert ada.get("/news").json["may_edit"] is may_edit


@pytest.mark.parametrize(("token", "status"), [(None, 200), ("no.token", 401)])
def test_a_token_that_is_wrong_is_refused_where_one_is_optional(
    run: Run, token: str | None, status: int
) -> None:
    client = run("optional-login")["app"].test_client()

    answer = client.get("/news", headers=bearer(token) if token else {})

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("accept", "status"), [("text/html,*/*;q=0.8", 303), ("*/*", 401), ("application/json", 401)]
)
def test_a_browser_is_sent_to_the_login_page_and_a_program_is_not(
    run: Run, accept: str, status: int
) -> None:
    client = run("error-pages")["app"].test_client()

    assert client.get("/mine", headers={"Accept": accept}).status_code == status


@pytest.mark.parametrize(
    ("language", "text"),
    [("de-AT, de;q=0.9", "Bitte melden Sie sich an."), ("en", "A token is required.")],
)
def test_the_text_is_in_the_language_of_the_reader_and_the_code_is_not(
    run: Run, language: str, text: str
) -> None:
    client = run("translate")["app"].test_client()

    answer = client.get("/report", headers={"Accept-Language": language})

    assert answer.json == {"error": "token_required", "error_description": text}
    assert answer.headers["Vary"] == "Accept-Language"


def test_every_text_that_is_translated_is_one_of_the_library(run: Run) -> None:
    texts = {found.description for found in vars(exceptions).values() if is_refusal(found)}

    assert set(run("translate")["GERMAN"]) <= texts


def is_refusal(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, exceptions.AccessError)


def test_a_stream_ends_with_its_session(run: Run) -> None:
    page = run("websockets")
    stream = iter(act(page["app"]).as_user("alice").get("/ticks").iter_encoded())
    assert next(stream) == b"data: tick\n\n"

    with page["app"].app_context():
        page["jwt"].revoke_subject("alice")

    assert [*stream][-1] == b"event: over\ndata: invalid_token\n\n"


@pytest.mark.parametrize(
    ("request_", "statuses"),
    [
        ("GET /reports", {"reader": 200, "writer": 403, "ada": 200, "backup": 200}),
        ("POST /reports", {"reader": 403, "writer": 200, "ada": 200, "backup": 403}),
        ("GET /account", {"reader": 401, "writer": 401, "ada": 200, "backup": 401}),
        ("POST /programs", {"reader": 401, "writer": 401, "ada": 200, "backup": 401}),
    ],
)
def test_a_program_may_do_what_its_scope_says(
    run: Run, request_: str, statuses: dict[str, int]
) -> None:
    page, (method, path) = run("scopes-and-machines"), request_.split()
    made = {"kind": "program", "expires_in": 60}
    personas: dict[str, Any] = {
        "reader": with_("ada", scope="reports:read", **made),
        "writer": with_("ada", scope="reports:write", **made),
        "ada": "ada",
        "backup": with_(page["Machine"]("backup"), scope="reports:read", **made),
    }

    expected = {personas[name]: status for name, status in statuses.items()}

    assert_policy(page["app"], method, path, expected)


@pytest.mark.parametrize(("scope", "status"), [("reports:read", 200), ("everything", 400)])
def test_a_user_makes_a_token_for_a_program(run: Run, scope: str, status: int) -> None:
    page = run("scopes-and-machines")
    answer = act(page["app"]).as_user("ada").post("/programs", data={"scope": scope})

    assert answer.status_code == status
    if status == 200:
        client, headers = page["app"].test_client(), bearer(answer.json["token"])
        assert client.get("/reports", headers=headers).json == {"of": "ada"}
        assert client.post("/reports", headers=headers).status_code == 403


def test_the_command_prints_a_token_of_a_machine(run: Run) -> None:
    app = run("scopes-and-machines")["app"]

    token = app.test_cli_runner().invoke(args=["machine-token", "backup"]).output.strip()

    answer = app.test_client().get("/reports", headers=bearer(token))
    assert answer.json == {"of": "machine:backup"}


def test_a_program_ends_with_all_that_its_owner_has(run: Run) -> None:
    page = run("scopes-and-machines")
    with page["app"].app_context():
        token = page["jwt"].issue("ada", "program", scope="reports:read", expires_in=60)
        page["jwt"].revoke_subject("ada")

    answer = page["app"].test_client().get("/reports", headers=bearer(token))

    assert answer.status_code == 401


@pytest.mark.parametrize(("name", "status"), [("ada", 200), ("bob", 403)])
def test_a_claim_that_was_added_is_read_by_a_policy(run: Run, name: str, status: int) -> None:
    app = run("add-claims")["app"]

    assert_policy(app, "GET", "/lounge", {name: status})
    assert_policy(app, "POST", "/danger", {name: 200, with_(name, fresh=False): 401})


#: The commands of the page that lists endpoints, with the code and the output of each.
LISTED = re.findall(
    r"^   \$ flask --app (\w+) jwtpolicy (.*)\n((?:   .*\n|\n)+)",
    (DOCS / "howto/see-who-can-reach-what.rst").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize(("app", "command", "shown"), LISTED)
def test_the_page_that_lists_endpoints_shows_what_is_printed(
    run: Run, app: str, command: str, shown: str
) -> None:
    done = printed(run("see-who-can-reach-what")[app], *shlex.split(command))

    assert without_lines(done.out) == without_lines(textwrap.dedent(shown))
    assert done.code == (app == "office")


def without_lines(text: str) -> list[str]:
    """Return the lines of *text* without the numbers of lines of files, and without their ends."""
    return [re.sub(r" at \S+:\d+$", " at", line).rstrip() for line in text.strip().splitlines()]


@pytest.mark.parametrize(
    ("arguments", "endpoints"), [([], ["/bill"]), (["--allow", "bill"], [])], ids=["all", "allowed"]
)
def test_a_check_inside_fails_until_somebody_allows_it(
    run: Run, arguments: list[str], endpoints: list[str]
) -> None:
    office = run("see-who-can-reach-what")["office"]

    done = printed(office, "routes", "--unguarded", *arguments)

    assert [line.split()[0] for line in done.out.splitlines() if line[:1] == "/"] == endpoints


@pytest.mark.parametrize(("path", "user", "machine"), [("users", 200, 403), ("machines", 403, 200)])
def test_user_1_is_not_machine_1(run: Run, path: str, user: int, machine: int) -> None:
    page = run("types-of-users")
    table = [(page["User"](1), user), (page["Machine"](1), machine)]

    assert_policy(page["app"], "GET", f"/{path}/1", table)


def test_an_example_runs_as_the_list_of_how_tos_says(tmp_path: Path) -> None:
    page = (DOCS / "howto/index.rst").read_text(encoding="utf-8")
    [lines] = re.findall(r"^\.\. code-block:: sh\n\n((?:   .*\n)+)", page, re.MULTILINE)
    script = textwrap.dedent(lines).replace("flask --app owner run", "flask --app owner routes")
    script = script.replace("flask", f"{sys.executable} -m flask")
    source = SINGLE_FILES["owner"].read_text(encoding="utf-8")
    (tmp_path / "owner.py").write_text(source, encoding="utf-8")

    told = subprocess.run(
        ["bash", "-euc", script.replace("(python ", f"({sys.executable} ")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "/notes/<int:number>/share" in told.stdout
