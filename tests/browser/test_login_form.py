"""The example of a login page, as a browser meets it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.support.browser import follow
from tests.support.examples import SINGLE_FILES, run_example


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: Callable[[Flask, str], str]) -> str:
    example = run_example(SINGLE_FILES["login_form"], tmp_path, monkeypatch)
    return serve(example.app, "forms")


def send(page: Any, password: str) -> None:
    page.fill("[name=password]", password)
    follow(page, "button")


def test_the_way_through_the_form_and_back_out(page: Any, url: str) -> None:
    page.goto(f"{url}/account?tab=bills")
    page.fill("[name=username]", "ada")
    send(page, "wrong")
    assert page.locator("[role=alert]").inner_text() == "Wrong name or password."
    assert page.input_value("[name=username]") == "ada"

    send(page, os.environ["ADA_PASSWORD"])
    assert page.url == f"{url}/account?tab=bills"
    assert page.locator("h1").inner_text() == "Hello ada"

    follow(page, "button")
    assert page.url == f"{url}/login"
    assert page.context.cookies() == []
    page.goto(f"{url}/account")
    assert page.url == f"{url}/login?next=/account"


def test_the_browser_is_led_to_no_other_site(page: Any, url: str) -> None:
    """Browsers leave the tab out, so that two slashes would be left."""
    page.goto(f"{url}/login?next=/%09/evil.test")
    page.fill("[name=username]", "ada")

    send(page, os.environ["ADA_PASSWORD"])

    assert page.url == f"{url}/account"
