"""The key set that is published."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jwtpolicy import protect
from jwtpolicy.endpoints import JWKSView
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.keys.new_keys import new_key, write_key
from tests.support.applications import SECRET, MakeApp
from tests.support.clocks import StandingClock
from tests.support.keys import EC_KEY, RSA_KEY, public_pem

URL = "/.well-known/jwks.json"


def publishing(app: Flask, view: type[JWKSView] = JWKSView) -> FlaskClient:
    app.add_url_rule(URL, view_func=view.as_view("jwks"))
    return app.test_client()


@pytest.fixture
def site(make_app: MakeApp) -> FlaskClient:
    verifying = [Key(public_pem(RSA_KEY), "RS256", "old"), Key(SECRET, "HS256", "secret")]
    app, _ = make_app(manager={"keys": KeyRing(Key(EC_KEY, "ES256"), verifying)}, secret_key=None)
    return publishing(app)


def test_all_public_keys_are_published_and_nothing_private(site: FlaskClient) -> None:
    """KEY-3: no ``oct``, no member of a private key."""
    keys = site.get(URL).json["keys"]

    assert {(key["kty"], key["kid"]) for key in keys} == {
        ("EC", Key(EC_KEY, "ES256").key_id),
        ("RSA", "old"),
    }
    for key in keys:
        assert key.keys() <= {"kty", "n", "e", "crv", "x", "y", "kid", "use", "alg"}


def test_who_has_the_set_already_is_told_so(site: FlaskClient) -> None:
    first = site.get(URL)
    again = site.get(URL, headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    assert first.headers["Cache-Control"] == "public, max-age=3600"
    assert site.head(URL).headers["ETag"] == first.headers["ETag"]
    assert "Vary" not in first.headers


def test_a_published_key_is_fetched_by_the_time_at_which_it_signs(make_app: MakeApp) -> None:
    app, _ = make_app(key_publish_delay=600)

    assert publishing(app).get(URL).cache_control.max_age == 300


def test_a_subclass_says_how_long_the_set_may_be_kept(make_app: MakeApp) -> None:
    class Short(JWKSView):
        max_age = 60

    assert publishing(make_app()[0], Short).get(URL).cache_control.max_age == 60


def test_a_new_key_is_published_before_it_signs(
    make_app: MakeApp, clock: StandingClock, tmp_path: Path
) -> None:
    write_key(tmp_path, new_key("ES256"), int(clock()) - 9999)
    app, _ = make_app(secret_key=None, keys=str(tmp_path))
    site = publishing(app)
    new = new_key("ES384")
    write_key(tmp_path, new, int(clock()))
    clock.advance(60)

    assert new.key_id in [key["kid"] for key in site.get(URL).json["keys"]]


def test_a_secret_alone_publishes_nothing(make_app: MakeApp) -> None:
    assert publishing(make_app()[0]).get(URL).json == {"keys": []}


def test_no_cookie_is_set_beside_what_caches_may_keep(
    make_app: MakeApp, clock: StandingClock
) -> None:
    """A sliding session is renewed by guarded views alone."""
    app, jwt = make_app(token_location=["cookies"], cookie_renew_within=800)
    app.add_url_rule("/in", view_func=protect()(lambda: "in"))
    site = publishing(app)
    with app.app_context():
        site.set_cookie("__Host-access_token", jwt.login("ada").access_token, secure=True)
    clock.advance(300)

    assert "Set-Cookie" in site.get("/in", base_url="https://localhost").headers
    answer = site.get(URL, base_url="https://localhost")
    assert not {"Set-Cookie", "Vary"} & set(answer.headers.keys())
