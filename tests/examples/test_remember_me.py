"""The example in which one login lasts longer than another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from jwtpolicy.testing import ActingClient, act
from tests.support.examples import running_example

MINUTE, DAY = 60, 86_400


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with running_example("remember_me", tmp_path_factory) as module:
        yield module


@pytest.fixture
def browser(example: ModuleType) -> Iterator[ActingClient]:
    client = act(example.app)
    with client.clock:
        yield client


def log_in(browser: Any, **more: str) -> int:
    """Log in by the form, and return how long the cookie lasts."""
    form = {"username": "ada", "password": os.environ["ADA_PASSWORD"], **more}
    answer = browser.post("/auth/login", data=form)
    assert (answer.status_code, answer.location) == (303, "/")
    return int(browser.get_cookie("__Host-access_token").max_age)


def test_the_cookie_lasts_as_long_as_the_box_says(browser: Any) -> None:
    assert log_in(browser) == 30 * MINUTE
    assert log_in(browser, remember="on") == 30 * DAY


@pytest.mark.parametrize(("more", "status"), [({}, 401), ({"remember": "on"}, 200)])
def test_after_a_week_only_the_remembered_login_is_open(
    browser: Any, more: dict[str, str], status: int
) -> None:
    log_in(browser, **more)

    browser.wait(7 * DAY)

    assert browser.get("/").status_code == status


def test_a_remembered_login_ends_after_thirty_days(browser: Any) -> None:
    log_in(browser, remember="on")
    browser.wait(30 * DAY - MINUTE)
    assert browser.get("/").status_code == 200

    browser.wait(DAY)

    assert browser.get("/").status_code == 401


def test_whoever_uses_the_site_stays_logged_in_without_the_box(browser: Any) -> None:
    log_in(browser)
    for _ in range(4):
        browser.wait(20 * MINUTE)
        assert browser.get("/").status_code == 200

    browser.wait(31 * MINUTE)

    assert browser.get("/").status_code == 401


def test_a_remembered_login_is_not_taken_for_a_recent_one(browser: Any) -> None:
    log_in(browser, remember="on")
    assert browser.get("/salary").status_code == 200
    browser.wait(DAY)
    assert browser.get("/salary").status_code == 401

    log_in(browser, remember="on")

    assert browser.get("/salary").status_code == 200


def test_a_logout_ends_the_remembered_login_everywhere(browser: Any, example: ModuleType) -> None:
    log_in(browser, remember="on")
    stolen = browser.get_cookie("__Host-access_token").value
    thief = example.app.test_client()
    thief.set_cookie("__Host-access_token", stolen)
    assert thief.get("/").status_code == 200

    browser.post("/auth/logout")

    assert thief.get("/").status_code == 401
