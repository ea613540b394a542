"""What a page prints may be deployed as it stands: no printed block is a way in (K46).

Secrets and passwords come from the environment, and whatever logs somebody in has asked for a
password. Set-up for tests is in `tests.support.pages`, where no reader copies it from.
"""

from __future__ import annotations

import re

import pytest

from tests.support.pages import BLOCKS, PAGES, printed_blocks
from tests.support.safe_copies import (
    careless,
    functions,
    logs_other_sites_in,
    logs_strangers_in,
    printed_secrets,
    unescaped,
)

#: Pages that may print a secret that is made at each start, and `TESTING`, and why.
EXEMPT = {
    "howto/test-your-application.rst": "its subject is what tests set",
}
SOURCES = {page: "\n".join(printed_blocks(page)) for page in PAGES} | {
    "README.md": BLOCKS["app.py"]
}

LAWFUL = [page for page in SOURCES if page not in EXEMPT]


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
        ("token = shop.authorize_access_token()\n    return jwt.login(token['sub'])", False),
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


@pytest.mark.parametrize("page", SOURCES)
def test_the_page_of_another_site_logs_nobody_in(page: str) -> None:
    assert logs_other_sites_in(SOURCES[page]) == []
    assert "as_response(cookies=True)" not in SOURCES[page]


def test_a_login_by_cookie_without_a_check_of_the_origin_would_be_noticed() -> None:
    view = "def enter():\n    jwt.set_cookies(answer, jwt.login('ada'))\n    return answer"

    assert logs_other_sites_in(view) == ["enter"]
    assert logs_other_sites_in("def answer(pair):\n    jwt.set_cookies(answer, pair)") == []


@pytest.mark.parametrize(
    ("body", "is_found"),
    [
        ("token = shop.authorize_access_token()\n    {}", False),
        ("'''Log in.'''\n    token = shop.authorize_access_token()\n    {}", False),
        ("claims = shop.authorize_access_token().get('userinfo') or abort(401)\n    {}", False),
        ("token = code and shop.authorize_access_token()\n    {}", True),
        ("token = shop.authorize_access_token() if code else None\n    {}", True),
        ("if code:\n        token = shop.authorize_access_token()\n    {}", True),
        ("{}\n    token = shop.authorize_access_token()", True),
        ("with suppress(OAuthError):\n        shop.authorize_access_token()\n    {}", True),
        ("shop.userinfo()\n    {}", True),
    ],
)
def test_the_callback_of_a_provider_is_let_off_if_its_state_is_asked_for_first(
    body: str, is_found: bool
) -> None:
    login = "jwt.set_cookies(answer, jwt.login('ada'))"
    view = f"@app.get('/callback')\ndef callback():\n    {body.format(login)}\n    return answer"

    assert bool(logs_other_sites_in(view)) is is_found


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


@pytest.mark.parametrize("page", SOURCES)
def test_no_page_answers_as_html_what_somebody_has_sent(page: str) -> None:
    assert unescaped(SOURCES[page]) == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ('f"the page {name}"', True),
        ("f\"written: {request.form['text']}\"", True),
        ('current_resource["text"]', True),
        ('{"page": name}', False),
        ("NOTES[name]", False),
        ('f"hello {current_token.subject}"', False),
    ],
)
def test_a_script_in_an_answer_would_be_noticed(line: str, is_found: bool) -> None:
    view = f"@app.get('/pages/<name>')\ndef read(name):\n    return {line}"

    assert bool(unescaped(view)) is is_found
