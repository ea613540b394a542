"""What a page prints may be deployed as it stands: no printed block is a way in (K46).

Secrets and passwords come from the environment, and whatever logs somebody in has asked for a
password. Set-up for tests is in `tests.support.pages`, where no reader copies it from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.pages import BLOCKS, PAGES, printed_blocks

#: Pages that may print a secret that is made at each start, and `TESTING`, and why.
EXEMPT = {
    "howto/test-your-application.rst": "its subject is what tests set",
}
SOURCES = {page: "\n".join(printed_blocks(page)) for page in PAGES} | {
    "README.md": BLOCKS["app.py"]
}

LAWFUL = [page for page in SOURCES if page not in EXEMPT]

#: What makes somebody a user, or a user a more trusted one.
_LETS_IN = {"login", "step_up", "create_access_token"}
#: What has to be asked before in the same function, one of them.
_ASKS = {"authenticate", "check_password", "check_password_hash", "compare_digest", "is_right"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(source: str) -> Iterator[Function]:
    """Yield all functions, since any of them may be a view, or be called by one.

    What stands outside of functions is done once, by whoever starts the process: no request
    reaches it. So pages may open a session there, to show what becomes of it.
    """
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, Function))


def called(node: ast.AST) -> set[str]:
    """Return the names of the functions and methods that are called somewhere in *node*."""
    calls = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return {getattr(call, "attr", getattr(call, "id", "")) for call in calls}


def logs_strangers_in(function: Function) -> bool:
    """Say whether *function* logs in whom nobody asked for anything.

    A guard for refresh tokens has asked for one, and `LoginView.begin` is called with a user whose
    password was right.
    """
    makes = {name for line in function.body for name in called(line)}
    refreshes = any("refresh" in ast.unparse(decorator) for decorator in function.decorator_list)
    return bool(makes & _LETS_IN) and not makes & _ASKS and not refreshes and not _begins(function)


def _begins(function: Function) -> bool:
    parameters = [parameter.arg for parameter in function.args.args]
    return (function.name, parameters) == ("begin", ["self", "user", "credentials"])


def printed_secrets(source: str) -> Iterator[str]:
    """Yield the names of secrets that stand in the source, or are made at each start."""
    for node in ast.walk(ast.parse(source)):
        for name, value in named_values(node):
            if re.search("secret|private_key", name, re.IGNORECASE) and is_printed(value):
                yield name


def named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield what *node* assigns, passes by keyword or puts into a dictionary, with its name."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((ast.unparse(target), value) for target in targets)
        case ast.keyword(arg=str(name), value=value):
            yield name, value
        case ast.Dict(keys=keys, values=values):
            yield from (
                (ast.unparse(key), value) for key, value in zip(keys, values, strict=True) if key
            )


def is_printed(value: ast.expr) -> bool:
    """Say whether a reader who copies *value* has a secret that is known, or new at each start."""
    parts = list(ast.walk(value))
    is_read = any(isinstance(part, ast.Attribute) and part.attr == "environ" for part in parts)
    is_text = any(isinstance(p, ast.Constant) and isinstance(p.value, str | bytes) for p in parts)
    return not is_read and (is_text or bool(called(value) & {"token_urlsafe", "token_hex"}))


@pytest.mark.parametrize("page", SOURCES)
def test_nobody_is_let_in_who_was_not_asked_for_anything(page: str) -> None:
    """K46."""
    found = [function.name for function in functions(SOURCES[page]) if logs_strangers_in(function)]

    assert found == []


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
    (view,) = functions(f"@app.post('/login')\n@public\ndef login():\n    {body}")

    assert logs_strangers_in(view) is is_way_in


@pytest.mark.parametrize("page", LAWFUL)
def test_no_secret_stands_in_the_source(page: str) -> None:
    """K46: one that is made at each start logs everybody out, and differs between workers."""
    assert list(printed_secrets(SOURCES[page])) == []
    assert "token_urlsafe" not in SOURCES[page]


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("app.config['JWT_SECRET_KEY'] = secrets.token_urlsafe(48)", True),
        ("app.config.update(JWT_SECRET_KEY='super-secret')", True),
        ("app.config.update({'JWT_PRIVATE_KEY': '-----BEGIN'})", True),
        ("app.config['JWT_SECRET_KEY'] = os.environ['JWT_SECRET_KEY']", False),
        ("app.config.update(JWT_SECRET_KEY=secret)", False),
    ],
)
def test_a_secret_in_the_source_would_be_noticed(line: str, is_found: bool) -> None:
    assert bool(list(printed_secrets(line))) is is_found


@pytest.mark.parametrize("page", LAWFUL)
def test_no_application_is_set_up_for_tests(page: str) -> None:
    assert not re.search(r"\bTESTING\b|\.testing = ", SOURCES[page])


@pytest.mark.parametrize("page", SOURCES)
def test_no_password_or_address_of_everybody_is_printed(page: str) -> None:
    """Whoever reads the page would have it too; behind a proxy everybody comes from 127.0.0.1."""
    assert not re.search(r"generate_password_hash\(\s*[\"']", SOURCES[page])
    assert not re.search(r"remote_addr\W+[\"'](127\.|localhost|::1)", SOURCES[page])


@pytest.mark.parametrize("page", SOURCES)
def test_no_page_compares_text_that_a_client_chooses(page: str) -> None:
    """`compare_digest` raises for text that is not ASCII: a 500, or a way to tell codes apart."""
    lines = [line for line in SOURCES[page].splitlines() if "compare_digest(" in line]

    assert [line for line in lines if line.count(".encode()") != 2] == []


@pytest.mark.parametrize("page", SOURCES)
def test_no_link_with_a_token_has_the_host_that_a_request_names(page: str) -> None:
    assert "_external=True" not in SOURCES[page]


def logs_other_sites_in(source: str) -> list[str]:
    """Return the functions that open a session and set its cookies: they ask for no origin.

    `LoginView` does, and keeps the two apart: `begin` opens the session, `answer` sets the cookies.
    """
    return [one.name for one in functions(source) if {"login", "set_cookies"} <= called(one)]


@pytest.mark.parametrize("page", SOURCES)
def test_the_page_of_another_site_logs_nobody_in(page: str) -> None:
    assert logs_other_sites_in(SOURCES[page]) == []
    assert "as_response(cookies=True)" not in SOURCES[page]


def test_a_login_by_cookie_without_a_check_of_the_origin_would_be_noticed() -> None:
    view = "def enter():\n    jwt.set_cookies(answer, jwt.login('ada'))\n    return answer"

    assert logs_other_sites_in(view) == ["enter"]
    assert logs_other_sites_in("def answer(pair):\n    jwt.set_cookies(answer, pair)") == []


#: A comparison that is left out for a name that nobody has.
_QUICK_NO = re.compile(r"(\bor not|\band) check_password_hash\(")
#: A member of JSON that a client may send as an array, or leave out: an error 500.
_BLIND = re.compile(r"(get_json\([^)]*\)|request\.json)\[|\(request\.(json\b|get_json\()")


def careless(source: str) -> list[str]:
    """Return the lines that tell which names exist, or break by a body that nobody expects."""
    lines = [line.strip() for line in source.splitlines()]
    return [line for line in lines if _QUICK_NO.search(line) or _BLIND.search(line)]


@pytest.mark.parametrize("page", SOURCES)
def test_no_page_tells_which_names_exist_or_breaks_by_an_odd_body(page: str) -> None:
    assert careless(SOURCES[page]) == []


@pytest.mark.parametrize(
    "line",
    [
        "if name not in HASHES or not check_password_hash(HASHES[name], password):",
        "return name in HASHES and check_password_hash(HASHES[name], password)",
        'name = request.json["name"]',
        'texts.append(request.get_json()["text"])',
        "user = authenticate(request.get_json())",
    ],
)
def test_a_careless_line_would_be_noticed(line: str) -> None:
    assert careless(line) == [line]
