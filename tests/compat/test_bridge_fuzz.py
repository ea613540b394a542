"""Nothing that a client sends is an error of ours: every answer is a success or a refusal."""

from __future__ import annotations

import base64
from typing import Any

import jwt as pyjwt
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jwtpolicy.compat.flask_jwt_extended import (
    JWTManager,
    decode_token,
    get_jti,
    get_unverified_jwt_headers,
    jwt_required,
)
from jwtpolicy.compat.flask_jwt_extended.exceptions import JWTExtendedException
from tests.support.applications import SECRET
from tests.support.bridge import GUARDS, METHODS, claims, forged, who
from tests.support.documents import anything, changes, dumped, headers

tries = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

#: What an application without mistakes answers; 413 and 400 are Flask's own.
EXPECTED = {200, 400, 401, 413, 422}


@pytest.fixture(scope="module")
def app() -> Flask:
    """An application that looks everywhere and asks everybody."""
    app = Flask("tests.fuzzed")
    app.config.update(
        TESTING=True,
        JWT_SECRET_KEY=SECRET,
        JWT_TOKEN_LOCATION=["headers", "cookies", "query_string", "json"],
        JWT_CSRF_CHECK_FORM=True,
        JWT_DECODE_LEEWAY=5,
    )
    manager = JWTManager(app)
    manager.decode_key_loader(lambda header, data: SECRET)
    manager.user_lookup_loader(lambda header, data: data["sub"])
    manager.token_in_blocklist_loader(lambda header, data: data["jti"] in {"revoked"})
    manager.token_verification_loader(lambda header, data: data["type"] in {"access", "refresh"})
    for path, guard in GUARDS.items():
        app.add_url_rule(path, path, jwt_required(**guard)(who), methods=METHODS)
    return app


paths = st.sampled_from(list(GUARDS))
methods = st.sampled_from([*METHODS, "HEAD", "OPTIONS"])


tokens = st.one_of(
    st.builds(lambda change: forged(dumped({**claims(), **change})), changes),
    st.builds(lambda body: forged(dumped(body)), anything),
    st.builds(forged, st.binary(max_size=60)),
    st.builds(lambda head: forged(claims(), dumped({"alg": "HS256", **head})), headers),
    st.builds(lambda data: forged(claims(), data), st.binary(max_size=40)),
    st.from_regex(r"[A-Za-z0-9_=-]{0,20}(\.[A-Za-z0-9_=-]{0,20}){0,4}", fullmatch=True),
    st.builds(lambda data: base64.urlsafe_b64encode(data).decode(), st.binary(max_size=60)),
    st.just(forged(claims())),
)
#: What may stand in a header: WSGI has Latin-1, and servers let no line end through.
latin = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)
values = st.one_of(latin, tokens, st.builds("Bearer {}".format, st.one_of(latin, tokens)))
lists = st.builds(", ".join, st.lists(values, max_size=4))


def answer(app: Flask, path: str, method: str = "GET", **request: Any) -> int:
    client = app.test_client(use_cookies=False)
    return int(client.open(path, method=method, **request).status_code)


@tries
@given(path=paths, method=methods, value=st.one_of(values, lists))
def test_no_header_is_an_error(app: Flask, path: str, method: str, value: str) -> None:
    """C3, HTTP-3."""
    status = answer(app, path, method, headers={"Authorization": value})

    assert status in EXPECTED


@tries
@given(path=paths, method=methods, token=st.one_of(tokens, latin), csrf=latin, form=latin)
def test_no_cookie_is_an_error(
    app: Flask, path: str, method: str, token: str, csrf: str, form: str
) -> None:
    """C2, CSRF-3."""
    cookies = f"access_token_cookie={token}; refresh_token_cookie={token}; x={csrf}"
    sent = {"Cookie": cookies, "X-CSRF-TOKEN": csrf}

    assert answer(app, path, method, headers=sent) in EXPECTED
    status = answer(app, path, method, headers={"Cookie": cookies}, data={"csrf_token": form})
    assert status in EXPECTED


@tries
@given(path=paths, query=st.lists(st.one_of(tokens, st.text(max_size=20)), max_size=3))
def test_no_parameter_is_an_error(app: Flask, path: str, query: list[str]) -> None:
    """HTTP-4."""
    pairs = [("jwt", value.encode("utf-8", "replace").decode()) for value in query]

    assert answer(app, path, query_string=pairs) in EXPECTED


@tries
@given(
    path=paths,
    body=st.one_of(
        st.binary(max_size=60),
        st.builds(dumped, anything),
        st.builds(lambda v: dumped({"access_token": v}), st.one_of(anything, tokens)),
        st.builds(lambda v: dumped({"refresh_token": v, "access_token": v}), tokens),
    ),
    kind=st.sampled_from(["application/json", "application/x+json; charset=utf-16", "text/plain"]),
)
def test_no_body_is_an_error(app: Flask, path: str, body: bytes, kind: str) -> None:
    """C1, HTTP-6."""
    assert answer(app, path, "POST", data=body, content_type=kind) in EXPECTED


@tries
@given(path=paths, change=changes)
def test_no_claim_of_a_signed_token_is_an_error(
    app: Flask, path: str, change: dict[str, Any]
) -> None:
    """C2, C7, CLAIM-1: an issuer that shares the key may write anything."""
    token = forged(dumped({**claims(), **change}))

    assert answer(app, path, headers={"Authorization": f"Bearer {token}"}) in EXPECTED


@tries
@given(token=st.one_of(tokens, st.text(max_size=30), st.binary(max_size=30), anything))
def test_no_token_that_is_taken_apart_is_an_error(app: Flask, token: Any) -> None:
    """The functions raise what Flask answers with 422 or 401, and nothing else."""
    statuses: set[int] = set()
    for take_apart in (decode_token, get_jti, get_unverified_jwt_headers):
        with app.test_request_context():
            try:
                take_apart(token)
            except (pyjwt.PyJWTError, JWTExtendedException) as error:
                statuses.add(app.make_response(app.handle_user_exception(error)).status_code)
    assert statuses <= {401, 422}


@tries
@given(change=changes)
def test_what_pyjwt_refuses_the_bridge_refuses(app: Flask, change: dict[str, Any]) -> None:
    """The first gate adds refusals; it takes none away."""
    token = forged(dumped({**claims(), **change}))
    try:
        pyjwt.decode(token, SECRET, ["HS256"], leeway=5)
    except pyjwt.InvalidTokenError:
        assert answer(app, "/access", headers={"Authorization": f"Bearer {token}"}) != 200
