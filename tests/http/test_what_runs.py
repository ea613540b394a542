"""A guard that is written somewhere guards what runs, whatever stands above it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.http.registrations import WAYS

pytestmark = [
    # Their own: they read attributes that their dependencies have deprecated.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restx"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restful"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:jsonschema"),
]

#: What a view with ``@protect`` alone answers to nobody, to a user and to an admin.
ANSWERS = {
    "GET": [401, 403, 200],
    "HEAD": [401, 403, 200],
    "POST": [405, 405, 405],
    "OPTIONS": [200, 200, 200],
}


@pytest.fixture
def callers(access: Callable[..., dict[str, str]]) -> list[dict[str, str]]:
    """Return the headers of nobody, of a user and of an admin."""
    return [{}, access(claims={"roles": []}), access(claims={"roles": ["admin"]})]


@pytest.mark.parametrize("method", ANSWERS)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_register_a_view_answers_like_a_plain_one(
    app: Any, callers: Any, way: str, method: str
) -> None:
    app.config.update(API_TITLE="t", API_VERSION="1", OPENAPI_VERSION="3.0.3")
    ran: list[str] = []
    WAYS[way](app, ran)
    client = app.test_client()
    # An admin comes first, so that whatever keeps answers has one.
    client.open("/it", method=method, headers=callers[2])
    times = len(ran)
    answers = [client.open("/it", method=method, headers=headers) for headers in callers]

    assert [answer.status_code for answer in answers] == ANSWERS[method]
    assert not any("secret" in answer.text for answer in answers[:2])
    assert len(ran) <= times + 1
