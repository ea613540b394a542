"""The example that shows and ends other logins."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex
from types import ModuleType
from typing import Any

import pytest

from jwtpolicy.testing import ActingClient, act
from tests.support.examples import running_example


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with running_example("devices", tmp_path_factory) as module:
        yield module


@pytest.fixture
def user() -> str:
    """Return a user whom no other test has."""
    return token_hex(4)


@pytest.fixture
def laptop(example: ModuleType, user: str) -> ActingClient:
    return act(example.app).as_user(user, label="Firefox on Linux")


@pytest.fixture
def phone(example: ModuleType, user: str, laptop: ActingClient) -> ActingClient:
    """Return a client of the same user, who logged in there later."""
    return act(example.app).as_user(user, label="<b>phone</b>")


def newest_of(example: ModuleType, user: str) -> str:
    with example.app.app_context():
        return str(example.jwt.sessions(user)[0].session_id)


def test_the_page_lists_the_sessions_and_marks_this_one(laptop: Any, phone: Any) -> None:
    page = laptop.get("/devices").text

    assert page.index("&lt;b&gt;phone") < page.index("Firefox on Linux") < page.index("(this one)")
    assert page.count("End</button>") == 1


def test_a_button_ends_one_session(example: ModuleType, user: str, laptop: Any, phone: Any) -> None:
    of_phone = newest_of(example, user)

    assert laptop.post(f"/devices/{of_phone}").location == "/devices"

    assert phone.get("/devices").status_code == 401
    assert laptop.get("/devices").status_code == 200


def test_a_button_ends_all_others(laptop: Any, phone: Any) -> None:
    assert phone.post("/devices/others").status_code == 303

    assert laptop.get("/devices").status_code == 401
    assert phone.get("/devices").status_code == 200


def test_a_session_of_somebody_else_is_not_found(
    example: ModuleType, user: str, laptop: Any
) -> None:
    eve = act(example.app).as_user("eve")
    of_laptop = newest_of(example, user)

    assert eve.post(f"/devices/{of_laptop}").status_code == 404
    assert laptop.get("/devices").status_code == 200


def test_a_form_without_the_csrf_value_ends_nothing(laptop: Any, phone: Any) -> None:
    assert laptop.post("/devices/others", csrf=False).status_code == 403
    assert phone.get("/devices").status_code == 200


def test_the_twenty_first_login_ends_the_oldest(
    example: ModuleType, user: str, laptop: Any
) -> None:
    with example.app.app_context():
        for _ in range(19):
            example.jwt.login(user)
        assert laptop.get("/devices").status_code == 200

        example.jwt.login(user)

    assert laptop.get("/devices").status_code == 401
