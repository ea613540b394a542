"""The page about deploying: its nginx in front of its gunicorn, on Redis, over HTTPS."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.machines.behind_nginx import HOST, Browser, serving_behind_nginx
from tests.support.paths import DOCS

PASSWORD = secrets.token_urlsafe(16)

Served = tuple[int, Path]


@pytest.fixture(scope="module")
def served(
    url_of: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Return the port of nginx and the folder of its files."""
    folder = tmp_path_factory.mktemp("nginx")
    given = {"JWT_SECRET_KEY": secrets.token_urlsafe(48), "ADA_PASSWORD": PASSWORD}
    with serving_behind_nginx(folder, url_of("redis"), **given) as port:
        yield port, folder


@pytest.fixture
def browser(served: Served) -> Browser:
    return Browser(*served)


def log_in(browser: Browser, prefix: str = "") -> None:
    answer = browser.ask("POST", f"{prefix}/auth/login", username="ada", password=PASSWORD)
    assert answer.status == 200, answer


@pytest.mark.parametrize("prefix", ["", "/shop"])
def test_a_browser_logs_in_refreshes_and_logs_out(browser: Browser, prefix: str) -> None:
    """At its own host, and below a path: the refresh cookie has the path that browsers see."""
    assert browser.ask("GET", f"{prefix}/me").status == 401
    log_in(browser, prefix)

    assert browser.paths()["__Secure-refresh_token"] == f"{prefix}/auth"
    assert json.loads(browser.ask("GET", f"{prefix}/me").text) == {"user": "ada"}
    refreshed = browser.ask("POST", f"{prefix}/auth/refresh", browser.csrf("refresh"))
    assert refreshed.status == 200, refreshed
    assert browser.ask("POST", f"{prefix}/auth/logout", browser.csrf("access")).status == 204
    assert browser.ask("GET", f"{prefix}/me").status == 401


def test_the_calls_of_the_page_answer_what_is_printed_below_them(served: Served) -> None:
    port, folder = served
    page = (DOCS / "operate/deploy.rst").read_text(encoding="utf-8")
    calls = textwrap.dedent(
        re.findall(r"\n((?:   .*\n|\n)+)", page[page.index("   url=") - 1 :])[0]
    )
    script = calls.replace("=lovelace", f"={PASSWORD}").replace(":443:127", f":{port}:127")
    script = script.replace(f"https://{HOST}", f"https://{HOST}:{port}")
    script = script.replace("/etc/nginx/tls/shop.example.pem", str(folder / "cert.pem"))

    done = subprocess.run(
        ["bash", "-euc", script], cwd=folder, capture_output=True, text=True, check=False
    )

    assert done.stdout.splitlines() == re.findall(r"^# (.+)$", calls, re.MULTILINE)


def test_all_cookies_are_for_https_only(browser: Browser) -> None:
    log_in(browser)

    assert len(browser.paths()) == len(list(browser.cookies)) == 4


def test_what_a_client_says_of_its_prefix_is_not_believed(browser: Browser) -> None:
    browser.ask("GET", "/me")
    lie = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Host": "evil.example"}

    browser.ask("POST", "/auth/login", lie, username="ada", password=PASSWORD)

    assert browser.paths()["__Secure-refresh_token"] == "/auth"


def test_the_log_of_the_proxy_keeps_no_query(served: Served, browser: Browser) -> None:
    browser.ask("GET", "/me?token=abc")

    log = (served[1] / "access.log").read_text(encoding="utf-8")

    assert '"GET /me" 401' in log
    assert "abc" not in log


@pytest.mark.parametrize(("size", "status"), [(7_000, 401), (9_000, 400)])
def test_a_header_has_to_fit_into_a_buffer(browser: Browser, size: int, status: int) -> None:
    assert browser.ask("GET", "/me", {"X-Long": "x" * size}).status == status


def test_another_name_gets_no_answer(browser: Browser) -> None:
    assert browser.ask("GET", "/health/ready", {"Host": HOST}).status == 200

    with pytest.raises(ConnectionError):
        browser.ask("GET", "/health/ready", {"Host": "evil.example"})
