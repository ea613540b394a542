"""The example with forms, as a browser and the people in front of it meet it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from examples.board import create_app
from jwtpolicy.testing import MovableClock
from tests.support.board import log_in
from tests.support.browser import follow, go_back


@pytest.fixture
def board(tmp_path: Path) -> Flask:
    return create_app(str(tmp_path), DEMO=True)


@pytest.fixture
def url(board: Flask, serve: Callable[[Flask, str], str]) -> str:
    return serve(board, "board")


def write(page: Any, text: str) -> Any:
    """Send the form of the page that is open, and return the answer to it."""
    page.fill("[name=text]", text)
    with page.expect_response(lambda response: response.url.endswith("/messages")) as answer:
        follow(page, "#write")
    return answer.value


def test_a_login_form_opens_the_protected_page(page: Any, url: str) -> None:
    page.goto(f"{url}/private")
    assert page.url == f"{url}/login?next=/private"

    log_in(page, url)
    assert page.url == f"{url}/private"
    assert "Only you can read this, ada" in page.content()


def test_a_wrong_password_opens_nothing(page: Any, url: str) -> None:
    log_in(page, url, password="wrong")

    assert "Wrong name or password." in page.content()
    assert page.context.cookies() == []


def test_the_cookie_is_kept_as_it_was_meant(page: Any, url: str) -> None:
    """COOKIE-1, COOKIE-2."""
    log_in(page, url)
    (cookie,) = page.context.cookies()

    assert cookie["name"] == "__Host-access_token"
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
    assert (cookie["domain"], cookie["path"]) == (url.split("//")[1].split(":")[0], "/")
    assert page.evaluate("document.cookie") == ""


def test_a_form_writes_with_its_csrf_value(page: Any, url: str, board: Flask) -> None:
    log_in(page, url)
    page.goto(url)
    assert write(page, "hello").status == 303
    assert "ada: hello" in board.extensions["messages"]

    page.fill("[name=text]", "again")
    page.evaluate("document.querySelector('[action=\"/messages\"] [name=csrf_token]').value = ''")
    with page.expect_response(lambda response: response.url.endswith("/messages")) as answer:
        follow(page, "#write")
    assert answer.value.status == 403


ATTACK = """<form action="{url}/messages" method="post"><input name="text" value="stolen">
<input name="csrf_token" value="guess"></form><script>document.forms[0].submit()</script>"""


def attack(page: Any, url: str, serve: Any, html: str, name: str = "evil") -> int:
    """Visit a page of another host that sends a form here; return the status of the answer."""
    evil = Flask("evil")
    evil.get("/")(lambda: html.replace("{url}", url))
    with page.expect_response(lambda response: response.url == f"{url}/messages") as answer:
        page.goto(serve(evil, name))
    return int(answer.value.status)


def test_a_form_of_another_site_comes_without_the_cookie(
    page: Any, url: str, serve: Any, board: Flask
) -> None:
    log_in(page, url)

    assert attack(page, url, serve, ATTACK) == 303  # to the login: nobody came
    assert board.extensions["messages"] == ["Welcome to the board."]


def test_a_form_of_another_site_is_refused_where_the_cookie_comes_along(
    page: Any, serve: Any, tmp_path: Path
) -> None:
    """CSRF-1, CSRF-6."""
    board = create_app(str(tmp_path), DEMO=True, JWT_COOKIE_SAMESITE="None")
    url = serve(board, "board")
    log_in(page, url)

    assert attack(page, url, serve, ATTACK) == 403
    assert board.extensions["messages"] == ["Welcome to the board."]


def test_a_form_of_another_site_is_refused_even_with_the_right_value(
    page: Any, serve: Any, tmp_path: Path
) -> None:
    """CSRF-6: the browser itself says where the form came from."""
    board = create_app(str(tmp_path), DEMO=True, JWT_COOKIE_SAMESITE="None")
    url = serve(board, "board")
    log_in(page, url)
    value = page.locator("[name=csrf_token]").first.get_attribute("value")

    assert attack(page, url, serve, ATTACK.replace("guess", value)) == 403


TOSS = """<script>
  document.cookie = "__Host-access_token=x.y.z; domain=board.localhost; path=/messages; secure";
  document.cookie = "__Host-access_token=x.y.z; domain=board.localhost; path=/; secure";
</script>"""


def test_a_neighbour_is_refused_although_the_cookie_comes_along(
    page: Any, url: str, serve: Any, board: Flask
) -> None:
    """CSRF-1: a host below ours is of the same site, so that SameSite does not help."""
    log_in(page, url)

    assert attack(page, url, serve, ATTACK, "evil.board") == 403
    assert board.extensions["messages"] == ["Welcome to the board."]


def test_a_neighbour_cannot_toss_in_a_cookie(page: Any, url: str, serve: Any) -> None:
    """COOKIE-2, HTTP-4: the browser keeps names that begin with ``__Host-`` from other hosts."""
    log_in(page, url)
    before = page.context.cookies()

    assert attack(page, url, serve, TOSS + ATTACK, "evil.board") == 403
    assert page.context.cookies() == before
    page.goto(f"{url}/private")
    assert page.locator("#secret").count() == 1


FETCH = """<script>
  fetch("{url}/messages", {method: "POST", credentials: "include", mode: "no-cors",
    headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: "text=stolen"});
</script>"""


def test_the_script_of_a_neighbour_is_refused_too(
    page: Any, url: str, serve: Any, board: Flask
) -> None:
    """CSRF-1."""
    log_in(page, url)

    assert attack(page, url, serve, FETCH, "evil.board") == 403
    assert board.extensions["messages"] == ["Welcome to the board."]


def test_a_stale_tab_is_refused_until_it_is_loaded_again(page: Any, url: str) -> None:
    """CSRF-2: the value belongs to the session that the page was made for."""
    log_in(page, url)
    page.goto(url)
    other = page.context.new_page()
    other.goto(url)
    follow(other, "#logout")
    log_in(other, url)

    assert write(page, "from yesterday").status == 403
    page.goto(url)
    assert write(page, "from today").status == 303


def test_after_the_logout_the_back_button_shows_nothing(page: Any, url: str) -> None:
    log_in(page, url)
    assert page.locator("#secret").count() == 1
    follow(page, "#logout")
    assert page.context.cookies() == []

    go_back(page, f"{url}/login?next=/private")
    assert page.locator("#secret").count() == 0


def test_a_stolen_cookie_is_dead_after_the_logout(page: Any, url: str) -> None:
    log_in(page, url)
    stolen = page.context.cookies()
    follow(page, "#logout")
    page.context.add_cookies(stolen)
    page.goto(f"{url}/private")

    assert page.url == f"{url}/login?next=/private"


def test_another_site_cannot_log_anybody_in(page: Any, url: str, serve: Any) -> None:
    form = (
        f'<form action="{url}/login" method="post"><input name="name" value="bob">'
        '<input name="password" value="builder"></form><script>document.forms[0].submit()</script>'
    )
    evil = Flask("evil")
    evil.get("/")(lambda: form)
    with page.expect_response(lambda response: response.url == f"{url}/login") as answer:
        page.goto(serve(evil, "evil"))

    assert answer.value.status == 403
    assert page.context.cookies() == []


def delete_account(page: Any) -> None:
    follow(page, "#delete")
    follow(page, "#confirm-delete")


def test_a_deleted_account_is_gone(page: Any, url: str) -> None:
    log_in(page, url)
    delete_account(page)
    assert page.inner_text("h1") == "Your account is gone"
    assert page.context.cookies() == []

    log_in(page, url)
    assert "Wrong name or password." in page.content()
    log_in(page, url, "bob", "builder")
    assert page.url == f"{url}/private"


def test_an_account_is_kept_until_the_second_button(page: Any, url: str) -> None:
    log_in(page, url)
    follow(page, "#delete")
    follow(page, "text=Keep it")

    assert page.url == f"{url}/private"
    assert page.locator("#secret").count() == 1


@pytest.fixture
def clock(board: Flask) -> Iterator[MovableClock]:
    with MovableClock(board) as clock:
        yield clock


def test_a_stale_login_is_asked_for_the_password_and_then_goes_on(
    page: Any, url: str, clock: MovableClock
) -> None:
    log_in(page, url)
    clock.tick(301)
    follow(page, "#delete")
    assert page.url == f"{url}/confirm?next=/private/delete"
    assert "more than five minutes ago" in page.inner_text("main")

    page.fill("[name=password]", "lovelace")
    follow(page, "#confirm")
    assert page.url == f"{url}/private/delete"
    follow(page, "#confirm-delete")
    assert page.inner_text("h1") == "Your account is gone"


def test_a_wrong_password_confirms_nothing(page: Any, url: str, clock: MovableClock) -> None:
    log_in(page, url)
    clock.tick(301)
    follow(page, "#delete")
    page.fill("[name=password]", "wrong")
    follow(page, "#confirm")
    assert "Wrong password." in page.inner_text("main")

    page.goto(f"{url}/private/delete")
    assert page.url == f"{url}/confirm?next=/private/delete"


def test_confirming_opens_no_other_session(page: Any, url: str, clock: MovableClock) -> None:
    log_in(page, url)
    clock.tick(301)
    page.goto(f"{url}/confirm?next=/devices")
    page.fill("[name=password]", "lovelace")
    follow(page, "#confirm")

    assert page.url == f"{url}/devices"
    assert page.locator("#sessions tbody tr").count() == 1


def test_a_form_that_came_too_late_leads_back_to_its_page(
    page: Any, url: str, clock: MovableClock
) -> None:
    log_in(page, url)
    follow(page, "#delete")
    clock.tick(301)
    follow(page, "#confirm-delete")

    assert page.url == f"{url}/confirm?next=/private/delete"


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.test", "https://evil.test", "/\\evil.test", "/%09/evil.test", "javascript:1"],
)
def test_a_login_leads_to_no_other_site(page: Any, url: str, elsewhere: str) -> None:
    page.goto(f"{url}/login?next={elsewhere}")
    page.fill("[name=name]", "ada")
    page.fill("[name=password]", "lovelace")
    follow(page, "#enter")

    assert page.url == f"{url}/private"


def test_a_login_leads_to_where_one_wanted_to_go(page: Any, url: str) -> None:
    page.goto(f"{url}/devices?limit=5")
    page.fill("[name=name]", "ada")
    page.fill("[name=password]", "lovelace")
    follow(page, "#enter")

    assert page.url == f"{url}/devices?limit=5"


def test_a_refused_form_is_answered_by_a_page_with_a_way_back(page: Any, url: str) -> None:
    log_in(page, url)
    follow(page, "#devices")
    page.evaluate("for (const field of document.getElementsByName('csrf_token')) field.value = ''")
    follow(page, "#others")
    assert page.inner_text("h1") == "Forbidden"
    assert page.inner_text(".name") == "Board"

    follow(page, "#back")
    assert page.url == f"{url}/devices"


def test_a_page_that_is_not_there_leads_back_to_the_board(page: Any, url: str) -> None:
    page.goto(f"{url}/nothing")
    assert page.inner_text("h1") == "Not Found"

    follow(page, "#back")
    assert page.url == f"{url}/"


def test_times_are_those_of_the_reader(chromium: Any, url: str) -> None:
    context = chromium.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    log_in(page, url)
    page.goto(f"{url}/devices")
    shown = page.locator("time").first
    expected = shown.evaluate(
        "one => new Date(one.dateTime).toLocaleString('en-GB',"
        " {timeZone: 'Asia/Tokyo', dateStyle: 'medium', timeStyle: 'short'})"
    )

    assert shown.inner_text() == expected
    context.close()
