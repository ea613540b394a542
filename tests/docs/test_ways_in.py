"""No printed example, deployed as it stands, is a way in (K46)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.pages import BLOCKS, PAGES, code_of, run_page

#: What makes somebody a user, or a user a more trusted one.
_LETS_IN = {"login", "step_up", "create_access_token"}
#: What a view asks before, one of them in each.
_ASKS = {"authenticate", "check_password", "check_password_hash", "compare_digest", "is_right"}

SOURCES = {page: code_of(page) for page in PAGES} | {"README.md": BLOCKS["app.py"]}


def views(source: str) -> Iterator[ast.FunctionDef]:
    """Yield the functions that anybody can call by a URL: they have a route, and no guard."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            marks = {mark for decorator in node.decorator_list for mark in called(decorator)}
            if marks & {"get", "post", "put", "patch", "delete", "route"}:
                yield node


def called(node: ast.AST) -> set[str]:
    """Return the names of the functions and methods that are called somewhere in *node*."""
    calls = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    names = [getattr(call, "attr", getattr(call, "id", "")) for call in calls]
    return set(names)


def logs_strangers_in(view: ast.FunctionDef) -> bool:
    makes = {name for line in view.body for name in called(line)}
    refreshes = any("refresh" in ast.unparse(decorator) for decorator in view.decorator_list)
    return bool(makes & _LETS_IN) and not makes & _ASKS and not refreshes


@pytest.mark.parametrize("page", SOURCES)
def test_no_view_lets_in_whom_it_did_not_ask_for_anything(page: str) -> None:
    """K46."""
    found = [view.name for view in views(SOURCES[page]) if logs_strangers_in(view)]

    assert found == []


@pytest.mark.parametrize("page", SOURCES)
def test_no_page_compares_text_that_a_client_chooses(page: str) -> None:
    """`compare_digest` raises for text that is not ASCII: a 500, or a way to tell codes apart."""
    lines = [line for line in SOURCES[page].splitlines() if "compare_digest(" in line]

    assert [line for line in lines if line.count(".encode()") != 2] == []


@pytest.mark.parametrize(
    ("body", "is_way_in"),
    [
        ("return jwt.login('ada').as_response()", True),
        ("return jwt.step_up(current_user)", True),
        ("return create_access_token(request.json['name'])", True),
        ("return jwt.login('ada') if check_password(HASH, request.form['pw']) else ''", False),
        ("return {}", False),
    ],
)
def test_a_view_that_asks_for_nothing_would_be_noticed(body: str, is_way_in: bool) -> None:
    (view,) = views(f"@app.post('/login')\n@public\ndef login():\n    {body}")

    assert logs_strangers_in(view) is is_way_in


@pytest.mark.parametrize("page", SOURCES)
def test_no_password_secret_or_address_of_everybody_is_printed(page: str) -> None:
    """Whoever reads the page would have it too; behind a proxy everybody comes from 127.0.0.1."""
    printed = SOURCES[page]

    assert not re.search(r"generate_password_hash\(\s*[\"']", printed)
    assert not re.search(r"SECRET\w*(\"\]|'\])?\s*=\s*[\"']", printed)
    assert not re.search(r"remote_addr\W+[\"'](127\.|localhost|::1)", printed)


@pytest.mark.parametrize("page", SOURCES)
def test_no_link_with_a_token_has_the_host_that_a_request_names(page: str) -> None:
    assert "_external=True" not in SOURCES[page]


@pytest.fixture
def leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return run_page("howto/change-the-secret.rst", tmp_path, monkeypatch)


def forged_pair(leak: dict[str, Any], app: Any) -> dict[str, str]:
    """Return what a thief gets for a refresh token that he signed with the old secret."""
    headers = {"Authorization": f"Bearer {leak['forge'](leak['old'], type='refresh')}"}
    answer = app.test_client().post("/auth/refresh", headers=headers)
    assert answer.status_code == 200
    pair: dict[str, str] = answer.json
    return pair


def test_the_warning_of_the_page_is_true(leak: dict[str, Any]) -> None:
    """K46: a pair of the present secret outlives the fallback that it was got by."""
    routine, after = leak["start"](leak["new"], leak["old"]), leak["start"](leak["new"])
    pair = forged_pair(leak, routine)

    assert leak["status"](after, "GET", "/auth/sessions", pair["access_token"]) == 200

    both = leak["start"](leak["secrets"].token_urlsafe(48))
    assert leak["status"](both, "GET", "/auth/sessions", pair["access_token"]) == 401
    assert leak["status"](both, "POST", "/auth/refresh", pair["refresh_token"]) == 401


def test_after_the_steps_for_a_leak_no_token_names_a_session_of_before(
    leak: dict[str, Any],
) -> None:
    before, after, forge = leak["before"], leak["after"], leak["forge"]
    sid = leak["pair"].session_id
    forged = forge(leak["old"], type="access", sub="ada", sid=sid, roles=["admin"])

    assert leak["status"](before, "GET", "/salaries", forged) == 200
    assert leak["status"](after, "GET", "/salaries", forged) == 401


def test_a_pair_that_was_kept_for_a_repetition_is_not_given_out_after_a_leak(
    leak: dict[str, Any],
) -> None:
    before, after, token = leak["before"], leak["after"], leak["pair"].refresh_token
    assert leak["status"](before, "POST", "/auth/refresh", token) == 200
    assert leak["status"](before, "POST", "/auth/refresh", token) == 200

    assert leak["status"](after, "POST", "/auth/refresh", token) == 401


def test_the_list_of_sessions_is_cleared_as_the_page_says(leak: dict[str, Any]) -> None:
    app = leak["after"]
    manager = app.extensions["tokens"]
    with app.app_context():
        assert len(manager.sessions("ada")) == 2

        manager.revoke_subject("ada")

        assert manager.sessions("ada") == []


def test_a_used_link_takes_the_older_ones_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = run_page("howto/one-time-tokens.rst", tmp_path, monkeypatch)
    client = page["app"].test_client()
    page["HASHES"]["bob@shop.example"] = ""
    for _ in range(2):
        client.post("/forgot", data={"address": "bob@shop.example"})
    older, newer = (link for _, link in page["OUTBOX"][-2:])

    assert client.get(older).status_code == client.get(newer).status_code == 200
    assert client.post(newer, data={"password": "a long sentence"}).status_code == 303
    assert client.get(older).status_code == 401
