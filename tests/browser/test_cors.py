"""The page "Call the API from another origin", as scripts of two origins meet it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from tests.support.pages import run_page
from tests.support.paths import DOCS

if TYPE_CHECKING:
    from playwright.sync_api import Page


PAGE = "howto/cors.rst"
#: What the page prints for scripts.
PRINTED = re.findall(
    r"^\.\. code-block:: javascript\n\n((?:   .*\n|\n)+)",
    (DOCS / PAGE).read_text(encoding="utf-8"),
    re.MULTILINE,
)

#: Log in, write as the page does, refresh, and write without the value.
SCRIPT = f"""async ([API, name, password]) => {{
  {"".join(PRINTED)}
  const json = (path, headers, body) => fetch(API + path, {{
    method: "POST", credentials: "include", body: JSON.stringify(body),
    headers: {{"Content-Type": "application/json", ...headers}},
  }});
  const login = await json("/auth/login", {{}}, {{username: name, password}});
  const written = await write();
  const refreshed = await json("/auth/refresh", {{"X-CSRF-TOKEN": await csrf("refresh")}});
  const refused = await json("/notes");
  return [login.status, written.status, refreshed.status, refused.status];
}}"""

REFUSED = """async API => {
  const headers = {Authorization: "Bearer x"};
  const answer = await fetch(`${API}/notes`, {method: "POST", headers});
  return [answer.status, answer.headers.get("WWW-Authenticate"), (await answer.json()).error];
}"""


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    return run_page(PAGE, tmp_path, monkeypatch)


@pytest.fixture
def visit(
    page: Page, printed: dict[str, object], serve: Callable[[Flask, str], str]
) -> Callable[..., str]:
    """Return what opens a page of an origin that may call the API, and gives the API's address."""
    site = Flask("site")
    site.get("/")(lambda: "a page")

    def open_page(api: Flask, site_name: str, api_name: str) -> str:
        origin = serve(site, site_name)
        printed["ORIGINS"].add(origin)
        page.goto(origin)
        return serve(api, api_name)

    return open_page


def test_a_script_reads_the_challenge_of_another_origin(
    page: Any, printed: Any, visit: Callable[..., str]
) -> None:
    api = visit(printed["app"], "site", "api")

    status, challenge, error = page.evaluate(REFUSED, api)

    assert (status, error) == (401, "invalid_token")
    assert challenge.startswith("Bearer ")


def test_no_script_of_a_strange_origin_sees_anything(
    page: Any, printed: Any, visit: Callable[..., str]
) -> None:
    api = visit(printed["app"], "site", "api")
    printed["ORIGINS"].clear()

    with pytest.raises(Exception, match="Failed to fetch"):
        page.evaluate(REFUSED, api)


def test_cookies_work_on_two_hosts_of_one_domain(
    page: Any, printed: Any, visit: Callable[..., str]
) -> None:
    api = visit(printed["one_site"], "app.shop", "api.shop")

    assert page.evaluate(SCRIPT, [api, "ada", os.environ["ADA_PASSWORD"]]) == [200, 200, 200, 403]


def test_cookies_work_on_two_domains_whose_origin_is_trusted(
    page: Any, printed: Any, visit: Callable[..., str], serve: Callable[[Flask, str], str]
) -> None:
    settings = {
        "JWT_COOKIE_SAMESITE": "None",
        "JWT_REFRESH_COOKIE_SAMESITE": "None",
        "JWT_COOKIE_PARTITIONED": True,
    }
    site = Flask("site")
    site.get("/")(lambda: "a page")
    page.goto(origin := serve(site, "site"))
    printed["ORIGINS"].add(origin)
    api = serve(printed["create_app"](JWT_CSRF_TRUSTED_ORIGINS=[origin], **settings), "api")

    assert page.evaluate(SCRIPT, [api, "ada", os.environ["ADA_PASSWORD"]]) == [200, 200, 200, 403]
