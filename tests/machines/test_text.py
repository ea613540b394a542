"""No text that a client sends, or a caller passes on, is a 5xx, whatever store there is (K24)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import jwt as pyjwt
import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jwtpolicy import JWTManager, Refresh, protect
from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.endpoints import auth_blueprint
from tests.support.applications import SECRET
from tests.support.requests import bearer

CLIENT = ("gateway", "s" * 32)

#: What drivers choke on: NUL, halves of characters, controls, quotes, marks of formats.
_ODD = ["\0", "\ud800", "\udfff", "\udc80", *"\x1f\u2028\u202e'\";%{}\\\U0001f600é"]
#: Text with these, more often than chance would have it.
TEXT = st.lists(
    st.one_of(st.sampled_from(_ODD), st.characters(categories=["L", "P", "C", "Z", "S"])),
    max_size=8,
).map("".join)
CLAIMS = st.fixed_dictionaries(
    {"sub": TEXT, "jti": TEXT},
    optional={"sid": TEXT, "iss": TEXT, "scope": TEXT, "x": st.one_of(TEXT, st.integers())},
)
TYPED = st.dictionaries(
    st.sampled_from(["sub", "jti", "sid", "iss", "type", "iat"]),
    st.one_of(TEXT, st.integers(), st.none(), st.booleans(), st.lists(TEXT, max_size=2)),
)


def make_site(url: str) -> Any:
    """Return a client of an application that passes on to verbs whatever it is sent."""
    app = Flask("tests.text")
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL=url, JWT_STORE_TIMEOUT=30)
    bridge.JWTManager(app)
    jwt = JWTManager[Any](app)
    app.register_blueprint(
        auth_blueprint(
            lambda credentials: credentials["username"],
            endpoints=["login", "refresh", "logout", "sessions", "revoke", "introspect"],
            clients=dict([CLIENT]),
        )
    )
    app.add_url_rule("/me", "me", protect()(lambda: "in"))
    app.add_url_rule("/again", "again", protect(Refresh())(lambda: "in"))
    app.add_url_rule("/bridge", "bridge", bridge.jwt_required()(lambda: "in"))
    app.add_url_rule("/renew", "renew", bridge.jwt_required(refresh=True)(lambda: "in"))
    verbs: dict[str, Callable[[str], Any]] = {
        "login": lambda text: jwt.login(text, label=text),
        "issue": lambda text: jwt.issue(text),
        "sessions": lambda text: jwt.sessions(text),
        "revoke_subject": lambda text: jwt.revoke_subject(text),
        "revoke_session": lambda text: jwt.revoke_session(text),
        "revoke_token_id": lambda text: jwt.revoke_token_id(text, subject=text, expires_at=None),
        "verify": lambda text: jwt.verify(text),
        "revoke": lambda text: jwt.revoke(text),
        "refresh": lambda text: jwt.refresh(text),
    }

    def call(verb: str) -> str:
        # An application answers for what is no user at all, such as empty text, itself.
        verbs[verb](request.get_json() or "x")
        return verb

    app.add_url_rule("/verbs/<verb>", view_func=call, methods=["POST"])
    return app.test_client()


@pytest.fixture(scope="module", params=["sqlite", "postgres", "redis"])
def site(request: pytest.FixtureRequest, url_of: Callable[[str], str]) -> Iterator[FlaskClient]:
    site = make_site(url_of(request.param))
    yield site
    site.application.extensions["jwtpolicy"].parts.store.close()


often = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

VERBS = ["login", "issue", "sessions", "revoke_subject", "revoke_session", "revoke_token_id"]
VERBS += ["verify", "revoke", "refresh"]


@given(text=TEXT)
@often
def test_no_text_that_a_verb_is_called_with_is_our_error(site: Any, text: str) -> None:
    answers = {verb: site.post(f"/verbs/{verb}", json=text).status_code for verb in VERBS}

    assert {verb for verb, status in answers.items() if status >= 500} == set()


@pytest.mark.parametrize("verb", VERBS[:6])
@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfff", "x" * 1025])
def test_what_no_store_can_keep_is_400_and_what_it_can_is_fine(
    site: Any, verb: str, text: str
) -> None:
    refused = site.post(f"/verbs/{verb}", json=text)

    assert (refused.status_code, refused.json["error"]) == (400, "invalid_request")
    assert "WWW-Authenticate" not in refused.headers
    for fine in ("\U0001f600 é'\";%", "x" * 1024):
        assert site.post(f"/verbs/{verb}", json=fine).status_code == 200


@given(text=TEXT)
@often
def test_no_session_of_any_name_is_our_error(site: Any, text: str) -> None:
    pair = site.post("/auth/login", data={"username": "ada", "password": "x"}).json
    headers, name = bearer(pair["access_token"]), quote(text.encode("utf-8", "surrogatepass"))
    ended = site.delete(f"/auth/sessions/{name or '%00'}", headers=headers)
    listed = site.get(f"/auth/sessions?before=1.{name}&limit={name}", headers=headers)

    assert ended.status_code in (404, 405, 308)  # slashes and dots are the router's
    assert listed.status_code in (200, 400)


@given(claims=CLAIMS, odd=TYPED, kind=st.sampled_from(["access", "refresh"]))
@often
def test_no_claim_of_a_verified_token_is_our_error(
    site: Any, claims: dict[str, Any], odd: dict[str, Any], kind: str
) -> None:
    """The signature is good: whoever chooses names of users chooses what stands there."""
    now = int(time.time())
    members = {"type": kind, "iat": now, "exp": now + 60, "fresh": False, **claims, **odd}
    encoded = pyjwt.PyJWS().encode(json.dumps(members).encode(), SECRET, "HS256")
    headers = bearer(encoded)
    answers = [
        *(site.get(path, headers=headers) for path in ("/me", "/again", "/bridge", "/renew")),
        *(site.post(f"/auth/{path}", headers=headers) for path in ("refresh", "logout")),
        *(
            site.post(f"/auth/{path}", data={"token": encoded}, auth=CLIENT)
            for path in ("revoke", "introspect")
        ),
        *(site.post(f"/verbs/{verb}", json=encoded) for verb in ("verify", "revoke", "refresh")),
    ]

    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []


@pytest.mark.parametrize("name", ["sub", "jti", "sid"])
def test_a_token_whose_names_hold_nul_is_none(site: Any, name: str) -> None:
    now = int(time.time())
    members = {"type": "access", "iat": now, "exp": now + 60, "fresh": False, "nbf": now}
    members |= {"sub": "ada", "jti": "j1"}
    paths = ("/me", "/bridge")
    found = []
    for value in ("s1", "a\0b"):
        headers = bearer(pyjwt.encode({**members, name: value}, SECRET, "HS256"))
        found.append([site.get(path, headers=headers).status_code for path in paths])

    assert found[0] == [200, 200]
    assert found[1] in ([401, 401], [401, 422])


@given(name=TEXT, agent=st.text(st.characters(max_codepoint=255), max_size=200))
@often
def test_no_credentials_and_no_browser_are_our_error(site: Any, name: str, agent: str) -> None:
    body = {"username": name, "password": "x"}
    agent = "".join(agent.splitlines())  # no server lets them through
    answer = site.post("/auth/login", json=body, headers={"User-Agent": agent})

    assert answer.status_code in (200, 400, 401)
