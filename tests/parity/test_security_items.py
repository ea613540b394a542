"""The security items of the survey of Flask-JWT-Extended (S1 to S19), natively.

Those that are not here have their tests where the matter is tested; `test_the_page` counts them.
"""

from __future__ import annotations

import logging
import tomllib
from typing import Any

import pytest
from flask import Flask, request

from jwtpolicy import (
    Access,
    Anonymous,
    HasRole,
    JWTManager,
    OptionalToken,
    ProtectedView,
    Refresh,
    TokenKind,
    current_token,
    policy,
    protect,
)
from jwtpolicy.exceptions import ConfigurationError, IssueError
from jwtpolicy.keys import Key
from tests.support.applications import SECRET
from tests.support.forgeries import CLAIMS, HEADER, signed
from tests.support.keys import PUBLIC_PEM, RSA_KEY, pem, public_pem
from tests.support.paths import ROOT
from tests.support.requests import bearer

PYPROJECT = ROOT / "pyproject.toml"


@pytest.mark.parametrize("kind", ["reset", "Access", "access ", "ACCESS", ["access"], None, 1, ""])
def test_only_an_access_token_is_an_access_token(app: Flask, kind: Any) -> None:
    """S1, CLAIM-6: whatever else the claim says, or where it is absent."""
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    claims = {**CLAIMS, "type": kind}
    absent = {name: value for name, value in CLAIMS.items() if name != "type"}

    client = app.test_client()
    assert client.get("/", headers=bearer(signed(HEADER, claims))).status_code == 401
    assert client.get("/", headers=bearer(signed(HEADER, absent))).status_code == 401
    assert client.get("/", headers=bearer(signed())).status_code == 200


def test_a_kind_of_ones_own_opens_only_what_names_it(app: Flask, access: Any) -> None:
    """S1, CLAIM-6."""
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    app.add_url_rule("/reset", "reset", protect(TokenKind("reset"))(lambda: "in"))
    client, headers = app.test_client(), access(kind="reset", expires_in=60)

    assert client.get("/", headers=headers).status_code == 401
    assert client.get("/reset", headers=headers).status_code == 200
    assert client.get("/reset", headers=access()).status_code == 401


@pytest.mark.parametrize("lifetime", [0, -1, 0.5, False, "60", float("nan"), float("inf")])
def test_no_lifetime_means_for_ever_by_accident(
    app: Flask, jwt: JWTManager[Any], make_app: Any, lifetime: Any
) -> None:
    """S2."""
    with app.app_context(), pytest.raises(IssueError):
        jwt.issue("u1", expires_in=lifetime)
    with pytest.raises(ConfigurationError):
        make_app(access_token_expires=lifetime)

    with app.app_context():
        assert jwt.verify(jwt.issue("u1", expires_in=1)).expires_at


def test_a_token_without_an_end_is_refused(app: Flask) -> None:
    """S2, S10."""
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    endless = {name: value for name, value in CLAIMS.items() if name != "exp"}

    assert app.test_client().get("/", headers=bearer(signed(HEADER, endless))).status_code == 401


def test_an_async_policy_that_says_no_refuses(app: Flask, access: Any) -> None:
    """S3: in a view of either kind; a coroutine is never taken for its answer."""

    @policy
    async def says(found: Any) -> bool:
        return bool(found.token.subject == "u1")

    app.add_url_rule("/", "view", protect(says)(lambda: "in"))
    client = app.test_client()

    assert client.get("/", headers=access("u2")).status_code == 403
    assert client.get("/", headers=access("u1")).status_code == 200


def test_a_hook_before_requests_enforces_and_says_nothing(
    app: Flask, jwt: Any, access: Any
) -> None:
    """S4: it returns None, so that Flask goes on to the view, and shows no claim."""
    app.before_request(lambda: jwt.enforce(Access()))
    app.get("/", endpoint="view")(lambda: f"the view of {current_token.subject}")
    client = app.test_client()
    answer = client.get("/", headers=access(claims={"secret": "x"}))

    assert answer.text == "the view of u1"
    assert set(answer.headers.keys()) == {"Content-Type", "Content-Length"}
    assert client.get("/").status_code == 401


def test_an_optional_hook_before_requests_goes_on_too(app: Flask, jwt: Any) -> None:
    """S4."""
    app.before_request(lambda: jwt.enforce(OptionalToken()))
    app.get("/", endpoint="view")(lambda: "the view")

    assert app.test_client().get("/").text == "the view"


@pytest.mark.parametrize("method", ["TRACE", "PURGE", "QUERY", "LINK", "FOO", "post", "Delete"])
def test_every_unknown_method_needs_the_csrf_value(make_app: Any, method: str) -> None:
    """S8, CSRF-1: TRACE alone is safe by its definition."""
    app, jwt = make_app(token_location="cookies")
    app.add_url_rule("/", "view", protect()(lambda: request.method), methods=[method.upper()])
    with app.app_context():
        token = jwt.issue("u1")
        value = {"X-CSRF-TOKEN": str(jwt.verify(token).csrf)}
    client = app.test_client()
    client.set_cookie("__Host-access_token", token)

    expected = 200 if method == "TRACE" else 403
    environ = {"REQUEST_METHOD": method.upper()}
    assert client.get("/", environ_overrides=environ).status_code == expected
    assert client.get("/", environ_overrides=environ, headers=value).status_code == 200


def test_a_token_is_revocable_from_the_start(app: Flask, jwt: JWTManager[Any], access: Any) -> None:
    """S9, REV-1: without a store being chosen, or a callback written."""
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    client, headers = app.test_client(), access()
    assert client.get("/", headers=headers).status_code == 200
    with app.app_context():
        jwt.revoke(headers["Authorization"].removeprefix("Bearer "))

    assert client.get("/", headers=headers).status_code == 401


def test_the_lowest_pyjwt_has_none_of_its_known_holes() -> None:
    """S11: CVE-2022-29217 was mended in 2.4, CVE-2024-53861 in 2.10.1."""
    found = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]

    assert "pyjwt[crypto]>=2.15" in found


@pytest.mark.parametrize("algorithm", [["HS256"], ("RS256", "HS256"), {"HS256"}, "none", "None"])
def test_a_key_has_one_algorithm(make_app: Any, algorithm: Any) -> None:
    """S12, ALG-1: there is no list that could hold another one, or be changed by us."""
    with pytest.raises(ConfigurationError, match="JWT_ALGORITHM"):
        make_app(algorithm=algorithm)


def test_a_token_of_another_family_is_a_bad_token(make_site: Any) -> None:
    """S12, C4, ALG-1: a public key is never a secret, and its mismatch no error of ours."""
    app, jwt = make_site(algorithm="RS256", private_key=pem(RSA_KEY), secret_key=None)
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    with app.app_context():
        good = jwt.issue("u1")
    client = app.test_client()
    for other in (signed(), signed({"alg": "HS256", "typ": "JWT", "kid": "x"}), signed({})):
        assert client.get("/", headers=bearer(other)).status_code == 401

    assert client.get("/", headers=bearer(good)).status_code == 200


@pytest.mark.parametrize("secret", ["", "short", "x" * 31, PUBLIC_PEM, public_pem(RSA_KEY)])
def test_a_weak_or_shared_secret_is_refused_at_the_start(make_app: Any, secret: Any) -> None:
    """S14, ALG-3: and Flask's own secret is never taken in its place."""
    with pytest.raises(ConfigurationError):
        make_app(secret_key=secret)

    app = Flask("shared")
    app.config["SECRET_KEY"] = SECRET
    with pytest.raises(ConfigurationError, match="no key is configured"):
        JWTManager(app)
    assert Key(SECRET, "HS256")


def test_a_subclass_that_replaces_decorators_keeps_the_guard(app: Flask, access: Any) -> None:
    """S16."""

    class Base(ProtectedView):
        policies = HasRole("admin")

    class Changed(Base):
        decorators: Any = []  # noqa: RUF012 # as users write it

        def get(self) -> str:
            return "in"

    app.add_url_rule("/", view_func=Changed.as_view("view"))
    client = app.test_client()
    assert client.get("/", headers=access(claims={"roles": []})).status_code == 403
    assert client.get("/", headers=access(claims={"roles": ["admin"]})).status_code == 200


def test_an_endpoint_without_a_guard_can_be_closed(make_app: Any) -> None:
    """S16."""
    app, _ = make_app(default_deny=True)
    app.get("/", endpoint="forgotten")(lambda: "in")

    assert app.test_client().get("/").status_code == 403


def test_a_renewed_cookie_keeps_the_claims_of_the_session(make_app: Any, clock: Any) -> None:
    """S17: its scope, its authentication and its CSRF value."""
    app, jwt = make_app(token_location="cookies", cookie_renew_within=300)
    app.get("/", endpoint="view")(protect()(lambda: "in"))
    with app.app_context():
        old = jwt.login("u1", scope="a b", acr="gold", claims={"team": "red"}).access_token
    client = app.test_client()
    client.set_cookie("__Host-access_token", old)
    clock.advance(600)
    client.get("/")

    with app.app_context():
        was = jwt.verify(old)
        now = jwt.verify(str(client.get_cookie("__Host-access_token").value))
    kept = ("sub", "sid", "scope", "acr", "auth_time", "csrf", "team")
    assert [now.claims[name] for name in kept] == [was.claims[name] for name in kept]
    assert now.token_id != was.token_id


def test_a_handler_of_options_is_guarded(app: Flask, access: Any) -> None:
    """S18, HTTP-8: the answer that Flask gives by itself is free, and tells nothing."""
    app.add_url_rule("/", "own", protect()(lambda: "secret"), methods=["GET", "OPTIONS"])
    app.add_url_rule("/other", "automatic", protect()(lambda: "secret"), methods=["GET"])
    client = app.test_client()

    assert client.options("/").status_code == 401
    assert client.options("/", headers=access()).text == "secret"
    assert client.options("/other").text == ""


REFUSED = [
    pytest.param({}, id="no token"),
    pytest.param(bearer("secret-text.b.c"), id="no token at all"),
    pytest.param(bearer(signed(HEADER, {**CLAIMS, "sub": 7})), id="a number as subject"),
    pytest.param(bearer(signed(HEADER, {**CLAIMS, "exp": 1})), id="an expired one"),
    pytest.param(bearer(signed(HEADER, {**CLAIMS, "type": "secret-kind"})), id="another kind"),
    pytest.param(bearer(signed(HEADER, {**CLAIMS, "sub": "secret-name"})), id="an unknown user"),
    pytest.param({"Authorization": "Bearer secret-text,"}, id="a malformed header"),
]


@pytest.mark.parametrize("headers", REFUSED)
def test_a_refusal_repeats_nothing(app: Flask, jwt: JWTManager[Any], headers: Any) -> None:
    """S19, HTTP-2: neither what came with the request nor words of the libraries below."""
    jwt.user_loader(lambda token: None)
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    answer = app.test_client().get("/", headers=headers)
    shown = answer.text + str(answer.headers)

    assert answer.status_code in (400, 401)
    assert set(answer.json) == {"error", "error_description"}
    for word in ("secret", "class", "segment", "Signature", "Traceback", "jwt", "loader"):
        assert word not in shown


def test_the_log_knows_more_than_the_client(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """S19, KEY-8: the cause is there, and the token is not."""
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    encoded = signed(HEADER, {**CLAIMS, "exp": 1})
    with caplog.at_level(logging.INFO, "jwtpolicy"):
        app.test_client().get("/", headers=bearer(encoded))

    assert "exp has passed" in caplog.text
    assert encoded not in caplog.text


def test_what_is_refused_here_has_accepted_twins(app: Flask, access: Any) -> None:
    """S1, S19: so that nothing above is refused for another reason."""
    rule = (Access() & ~Anonymous()) | Refresh()
    app.add_url_rule("/", "view", protect(rule)(lambda: "in"))

    assert app.test_client().get("/", headers=access()).text == "in"
