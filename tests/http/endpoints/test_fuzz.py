"""No client causes an error 500, whatever it sends to the ready-made endpoints."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.endpoints import CLIENT_SECRET, Mount, access_of, form, log_in, refresh_of

PATHS = [
    ("POST", "login"),
    ("POST", "step-up"),
    ("POST", "refresh"),
    ("POST", "logout"),
    ("GET", "sessions"),
    ("DELETE", "sessions/x"),
    ("POST", "revoke"),
    ("POST", "introspect"),
]

NAMES = st.sampled_from(["username", "password", "token", "token_type_hint", "access_token", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
BODIES = st.one_of(
    st.fixed_dictionaries({"json": JSON}),
    st.fixed_dictionaries(
        {"data": st.dictionaries(NAMES, st.text() | st.lists(st.text()), max_size=4)}
    ),
    st.fixed_dictionaries(
        {
            "data": st.binary(max_size=60),
            "content_type": st.sampled_from(
                [
                    "application/json",
                    "application/json; charset=utf-16",
                    "application/x-www-form-urlencoded",
                    "multipart/form-data; boundary=x",
                    "multipart/form-data",
                    "text/plain",
                ]
            ),
        }
    ),
)
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30)
HEADERS = st.one_of(
    st.none(),
    st.builds(lambda text: {"Authorization": f"Basic {text}"}, HEADER_TEXT),
    st.builds(lambda text: {"User-Agent": text, "Sec-Fetch-Site": text}, HEADER_TEXT),
    st.just("access"),
    st.just("refresh"),
    st.just("client"),
)


@pytest.fixture
def known(mount: Mount) -> tuple[FlaskClient, dict[str, Any]]:
    """Return a client of an application that takes tokens everywhere, and a pair."""
    places = ["headers", "cookies", "json", "query_string"]
    site = mount({"answer_in": "both"}, token_location=places)
    return site, log_in(site)


@given(endpoint=st.sampled_from(PATHS), body=BODIES, headers=HEADERS)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_that_is_sent_is_our_error(
    known: Any, endpoint: Any, body: Any, headers: Any
) -> None:
    """HTTP-1."""
    site, pair = known
    arguments: dict[str, Any] = dict(body)
    if headers == "client":
        arguments["auth"] = ("gateway", CLIENT_SECRET)
    elif isinstance(headers, str):
        arguments["headers"] = {"access": access_of, "refresh": refresh_of}[headers](pair)
    else:
        arguments["headers"] = headers
    method, path = endpoint

    answer = site.open(f"/auth/{path}", method=method, **arguments)
    assert answer.status_code < 500


@given(name=st.text(), password=st.text(), as_json=st.booleans())
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_name_and_no_password_is_our_error(
    known: Any, name: str, password: str, as_json: bool
) -> None:
    site, pair = known
    fields = {"username": name, "password": password}
    kind = "json" if as_json else "data"
    paths = (("login", {}), ("step-up", access_of(pair)))

    answers = [site.post(f"/auth/{path}", headers=h, **{kind: fields}) for path, h in paths]
    assert all(answer.status_code in (400, 401) for answer in answers)


def test_the_same_application_lets_people_in(known: Any) -> None:
    site, _ = known

    assert site.post("/auth/login", data=form()).status_code == 200
