"""Whom tokens come from and whom they are for: strict both ways (S10)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from jwtpolicy import JWTManager, current_token, protect
from jwtpolicy.exceptions import InvalidTokenError
from tests.support.applications import MakeApp
from tests.support.requests import bearer

ISSUER, AUDIENCE = "https://issuer.example", "api"
ENCODED: dict[str, Any] = {"encode_issuer": ISSUER, "encode_audience": AUDIENCE}


def serve(app: Flask) -> Any:
    app.get("/")(protect()(lambda: current_token.subject))
    return app.test_client()


def token_from(make_app: Any, **settings: Any) -> str:
    """Return a token of another application that has the same key."""
    app, jwt = make_app(**settings)
    with app.app_context():
        return str(jwt.issue("u1"))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"encode_audience": AUDIENCE}, id="no issuer"),
        pytest.param({**ENCODED, "encode_issuer": "issuer"}, id="a part of it"),
        pytest.param({**ENCODED, "encode_issuer": f"{ISSUER}/"}, id="a slash more"),
        pytest.param({**ENCODED, "encode_issuer": ISSUER.upper()}, id="another case"),
        pytest.param({"encode_issuer": ISSUER}, id="no audience"),
        pytest.param({**ENCODED, "encode_audience": "ap"}, id="a part of the audience"),
        pytest.param({**ENCODED, "encode_audience": ["web", "app"]}, id="other audiences"),
    ],
)
def test_what_is_encoded_is_demanded(make_app: Any, other: dict[str, Any]) -> None:
    """S10, S11, CLAIM-3, CLAIM-4."""
    client = serve(make_app(**ENCODED)[0])
    several = {**ENCODED, "encode_audience": ["web", AUDIENCE]}

    assert client.get("/", headers=bearer(token_from(make_app, **other))).status_code == 401
    for fine in (ENCODED, several):
        assert client.get("/", headers=bearer(token_from(make_app, **fine))).text == "u1"


@pytest.mark.parametrize("name", ["encode_issuer", "encode_audience"])
def test_what_nobody_expects_is_refused(make_app: Any, name: str) -> None:
    """S10: :rfc:`7519#section-4.1.3` demands it of audiences; revocations are kept by issuer."""
    client = serve(make_app()[0])

    foreign = token_from(make_app, **{name: "another-service"})
    assert client.get("/", headers=bearer(foreign)).status_code == 401
    assert client.get("/", headers=bearer(token_from(make_app))).text == "u1"


def test_the_decoded_may_be_others_than_the_encoded(make_app: Any) -> None:
    """S10."""
    settings = {"decode_issuer": ["old", ISSUER], "decode_audience": {"web", AUDIENCE}}
    client = serve(make_app(**ENCODED, **settings)[0])

    fine = token_from(make_app, encode_issuer="old", encode_audience="web")
    assert client.get("/", headers=bearer(fine)).text == "u1"
    for other in ({"encode_issuer": "new"}, {"encode_audience": "new"}):
        foreign = token_from(make_app, **{**ENCODED, **other})
        assert client.get("/", headers=bearer(foreign)).status_code == 401


RENAMED: dict[str, Any] = {"encode_issuer": "new", "decode_issuer": ["new", "old"]}


@pytest.fixture
def moved(make_app: MakeApp) -> tuple[Flask, JWTManager[Any], str, str]:
    """Return an application whose issuer was renamed, with a session and a token of before."""
    old_app, old = make_app(encode_issuer="old")
    store = old_app.extensions["jwtpolicy"].parts.store
    with old_app.app_context():
        in_session, alone = old.login("u1").access_token, old.issue("u1")
    app, jwt = make_app(**RENAMED, manager={"store": store})
    return app, jwt, in_session, alone


def test_a_logout_ends_a_session_of_before_the_issuer_was_renamed(moved: Any) -> None:
    """S9, REV-1: the token still names the old issuer, and its session is kept under it."""
    app, jwt, in_session, _ = moved
    app.post("/logout", endpoint="logout")(protect()(lambda: jwt.logout().as_response()))
    client = serve(app)
    assert client.get("/", headers=bearer(in_session)).status_code == 200

    client.post("/logout", headers=bearer(in_session))
    assert client.get("/", headers=bearer(in_session)).status_code == 401


def test_a_subject_is_revoked_whatever_issuer_its_tokens_name(moved: Any) -> None:
    """S9, REF-6."""
    app, jwt, in_session, alone = moved
    client = serve(app)
    assert client.get("/", headers=bearer(alone)).status_code == 200

    with app.app_context():
        jwt.revoke_subject("u1")
    for token in (in_session, alone):
        assert client.get("/", headers=bearer(token)).status_code == 401


def test_a_refresh_keeps_the_audience(make_app: Any, clock: Any) -> None:
    """REF-5: it widens nothing."""
    app, jwt = make_app(encode_audience="web", decode_audience=["web", "mobile"])
    with app.app_context():
        session = jwt.login("u1").session_id
        refresh = jwt.issue("u1", "refresh", session=session, audience=("mobile",))
        pair = jwt.refresh(refresh)
        again = jwt.refresh(str(pair.refresh_token))
        found = [jwt.verify(each.access_token).audience for each in (pair, again)]

        assert found == [("mobile",), ("mobile",)]
        assert jwt.verify(jwt.login("u1").access_token).audience == ("web",)


def test_a_token_for_somebody_else_can_be_issued_but_not_used_here(make_app: Any) -> None:
    app, jwt = make_app(encode_audience="api")
    with app.app_context():
        foreign = jwt.issue("u1", audience="billing")
        with pytest.raises(InvalidTokenError):
            jwt.verify(foreign)

        assert jwt.verify(jwt.issue("u1", audience=("billing", "api"))).subject == "u1"
