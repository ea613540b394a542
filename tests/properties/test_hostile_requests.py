"""No client can cause a 5xx, whatever it puts wherever (P0 over all requirements)."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from flask import Flask, Request, render_template_string
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy import (
    Access,
    ClaimsMatch,
    Fresh,
    HasRole,
    HasScope,
    JWTManager,
    OptionalToken,
    Policy,
    Refresh,
    SingleUse,
    TokenKind,
    contains,
    protect,
)
from jwtpolicy.endpoints import RefreshView
from jwtpolicy.testing.strategies import json_values
from jwtpolicy.transports import Transport
from tests.support.applications import SECRET
from tests.support.clocks import StandingClock
from tests.support.forgeries import CLAIMS, HEADER, NOW, signed


class Anything(Transport):
    """A place of an application's own that checks nothing."""

    name = "anything"

    def read(self, request: Request) -> Any:
        return request.get_json(silent=True)


ATTRIBUTES = (
    HasRole("a") | HasScope("b") | Fresh(within=60, acr="c") | ClaimsMatch({"x.y": contains(1)})
)
PAGE = "{{ current_user }}{{ current_user.name }}{{ current_token.csrf }}"

GUARDS: dict[str, tuple[Policy, dict[str, Any]]] = {
    "/optional": (OptionalToken(), {}),
    "/lenient": (OptionalToken(ignore_invalid=True), {}),
    "/both": (Access() | Refresh() | TokenKind("reset"), {}),
    "/attributes": (ATTRIBUTES | Fresh(), {}),
    "/negated": (~ATTRIBUTES & ~Fresh(), {}),
    "/once": (SingleUse(), {"csrf": False}),
    "/anything": (OptionalToken(), {"transports": Anything()}),
}
PATHS = [*GUARDS, "/refresh", "/logout", "/missing"]


@cache
def client() -> Any:
    """Return a client of an application that looks everywhere and does everything."""
    app = Flask("hostile")
    app.config.update(
        JWT_SECRET_KEY=SECRET,
        JWT_STORE_URL="memory://",
        JWT_TOKEN_LOCATION=["headers", "cookies", "query_string", "json"],
        JWT_QUERY_STRING_VALUE_PREFIX="x",
        JWT_CSRF_CHECK_FORM=True,
        JWT_REFRESH_COOKIE_PATH="/",
        JWT_COOKIE_RENEW_WITHIN=890,
        JWT_RESET_TOKEN_EXPIRES=60,
        PROPAGATE_EXCEPTIONS=True,
    )
    jwt: JWTManager[Any] = JWTManager(app, clock=StandingClock(NOW), add_context_processor=True)
    for path, (rule, options) in GUARDS.items():
        add(app, path, protect(rule, **options)(lambda: render_template_string(PAGE)))
    add(app, "/logout", protect(OptionalToken())(lambda: jwt.logout().as_response()))
    app.add_url_rule("/refresh", view_func=RefreshView.as_view("refresh"))
    app.register_error_handler(404, lambda error: (render_template_string(PAGE), 404))
    return app.test_client(use_cookies=False)


def add(app: Flask, path: str, view: Any) -> None:
    app.add_url_rule(path, path, view, methods=["GET", "POST", "PURGE"])


#: What a header can hold on its way through a server: bytes, as Latin-1 text.
raw = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=30)
odd = json_values() | st.floats() | st.sampled_from([{}, [], "", True, "a" * 2000])
CLAIM_NAMES = (
    "sub type jti exp iat nbf aud iss fresh auth_time acr amr sid scope csrf cnf schema roles x"
)
#: Every token has an id of its own: one that was logged out would be refused for that alone.
claims = st.builds(
    lambda token_id, changed: {**CLAIMS, "jti": token_id, **changed},
    st.uuids().map(str),
    st.dictionaries(st.sampled_from(CLAIM_NAMES.split()), odd, max_size=3),
)
kinds = st.sampled_from(["access", "refresh", "reset", "other"])
tokens = st.one_of(
    raw,
    st.text(max_size=20),
    st.builds(lambda found, kind: signed(HEADER, {**found, "type": kind}), claims, kinds),
    st.builds(lambda found: signed(HEADER, found), claims),
    st.builds(lambda name, value: signed({**HEADER, name: value}), raw, odd),
    st.binary(max_size=40).map(lambda data: signed(HEADER, data)),
)
HEADER_NAMES = """
HTTP_AUTHORIZATION HTTP_COOKIE HTTP_X_CSRF_TOKEN HTTP_ORIGIN HTTP_SEC_FETCH_SITE CONTENT_TYPE
HTTP_TRANSFER_ENCODING CONTENT_LENGTH HTTP_X_HTTP_METHOD_OVERRIDE QUERY_STRING
"""
headers = st.dictionaries(st.sampled_from(HEADER_NAMES.split()), raw, max_size=4)
names = st.sampled_from(["access_token", "refresh_token", "reset_token", "csrf_token", "jwt"])
bodies = st.one_of(
    st.binary(max_size=60),
    st.dictionaries(names, st.one_of(tokens, odd), max_size=3).map(json.dumps),
    odd.map(json.dumps),
    tokens.map(json.dumps),
    st.builds(lambda name, token: f'{{"{name}": "{token}", "{name}": 1}}', names, tokens),
)
types = st.sampled_from(
    ["application/json", "application/x+json", "multipart/form-data", "text/plain", ""]
)
places = st.sampled_from(
    [
        "HTTP_AUTHORIZATION=Bearer {}",
        "HTTP_COOKIE=__Host-access_token={}",
        "HTTP_COOKIE=__Host-refresh_token={}",
        "HTTP_COOKIE=__Host-access_token={0}; __Host-refresh_token={0}; __Host-access_token={0}",
        "QUERY_STRING=jwt=x{}",
        "QUERY_STRING=jwt={0}&jwt={0}",
    ]
)


def header_of(place: str, token: str) -> dict[str, str]:
    """Return the part of the environ that holds a token; servers pass on Latin-1."""
    name, _, form = place.partition("=")
    return {name: form.format(token).encode("utf-8", "replace").decode("latin-1")}


def status(path: str, method: str, environ: dict[str, str], **request: Any) -> int:
    answer = client().open(path, method=method, environ_overrides=environ, **request)
    return int(answer.status_code)


methods = st.sampled_from(["GET", "POST", "PURGE", "OPTIONS"])


@given(st.sampled_from(PATHS), methods, headers, st.binary(max_size=60))
def test_no_header_is_an_error_of_ours(
    path: str, method: str, environ: dict[str, str], body: bytes
) -> None:
    assert status(path, method, environ, data=body) < 500


@given(st.sampled_from(PATHS), methods, places, tokens, headers)
def test_no_token_is_an_error_of_ours(
    path: str, method: str, place: str, token: str, environ: dict[str, str]
) -> None:
    """S12, S13, C2, C3, C7: signed with the very key, or not."""
    found = {**environ, **header_of(place, token)}

    assert status(path, method, {k: v for k, v in found.items() if k != "CONTENT_LENGTH"}) < 500


@given(st.sampled_from(PATHS), bodies, types)
def test_no_body_is_an_error_of_ours(path: str, body: Any, content_type: str) -> None:
    """C1, HTTP-6."""
    assert status(path, "POST", {}, data=body, content_type=content_type) < 500


def test_the_application_lets_good_tokens_in() -> None:
    """The twin: otherwise everything above could be refused for another reason."""
    good = signed(HEADER, {**CLAIMS, "jti": "good"})
    environ = header_of("HTTP_AUTHORIZATION=Bearer {}", good)

    for path in ("/optional", "/both", "/attributes", "/once"):
        assert status(path, "POST", environ) == (403 if path == "/attributes" else 200)
    body = json.dumps(signed(HEADER, {**CLAIMS, "jti": "another"}))
    assert status("/anything", "POST", {}, data=body, content_type="application/json") == 200
