"""A refresh token that is sent again within the grace gets the same pair, and no second branch."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient

from jwtpolicy import Fresh, JWTManager, TokenPair, protect
from jwtpolicy.endpoints import RefreshView
from jwtpolicy.exceptions import RevokedTokenError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.signals import refresh_reused
from jwtpolicy.stores import Step
from tests.support.applications import SECRET, MakeApp
from tests.support.keys import EC_KEY, RSA_KEY
from tests.support.requests import bearer

OTHER_SECRET = "another secret, and long enough at that"
#: A client, the manager, and the first pair of a session.
Site = tuple[FlaskClient, JWTManager[Any], TokenPair]

OLD_KEY = Key(Ed25519PrivateKey.generate(), "EdDSA")


@pytest.fixture
def site(make_app: MakeApp) -> Callable[..., Site]:
    """Return a factory of applications with a refresh endpoint: client, manager, first pair."""

    def make(manager: Any = None, **settings: Any) -> Site:
        app, jwt = make_app(manager, **settings)
        app.add_url_rule("/refresh", view_func=RefreshView.as_view("refresh"))
        app.get("/")(protect()(lambda: "in"))
        with app.app_context():
            return app.test_client(), jwt, jwt.login("ada")

    return make


def refresh(client: Any, token: str) -> Any:
    return client.post("/refresh", headers=bearer(token))


@pytest.mark.parametrize(
    "keys",
    [
        Key(SECRET, "HS256"),
        Key(RSA_KEY, "PS256"),
        Key(EC_KEY, "ES256"),
        Key(Ed25519PrivateKey.generate(), "EdDSA"),
    ],
    ids=lambda key: key.algorithm,
)
def test_a_repetition_gets_the_same_bytes(site: Any, clock: Any, keys: Key) -> None:
    """REF-4: signatures that are random, too."""
    client, _, pair = site({"keys": KeyRing(keys)})
    first = refresh(client, pair.refresh_token)
    clock.advance(9)
    again = refresh(client, pair.refresh_token)

    assert first.status_code == 200
    assert again.data == first.data
    assert client.get("/", headers=bearer(again.json["access_token"])).status_code == 200


def test_after_the_grace_a_repetition_ends_the_session(site: Any, clock: Any) -> None:
    """REF-2."""
    client, _, pair = site()
    first = refresh(client, pair.refresh_token).json
    clock.advance(10)
    reused: list[str] = []

    def record(sender: Any, token: Any) -> None:
        reused.append(token.token_id)

    with refresh_reused.connected_to(record):
        assert refresh(client, pair.refresh_token).status_code == 401
    assert len(reused) == 1
    assert client.get("/", headers=bearer(first["access_token"])).status_code == 401


def test_without_a_grace_a_repetition_ends_the_session_at_once(site: Any) -> None:
    client, _, pair = site(refresh_grace=0)
    first = refresh(client, pair.refresh_token).json

    assert refresh(client, pair.refresh_token).status_code == 401
    assert client.get("/", headers=bearer(first["access_token"])).status_code == 401


def test_of_many_at_once_all_get_the_one_successor(site: Any, tmp_path: Any) -> None:
    """REF-1."""
    client, _, pair = site(store_url=f"sqlite:///{tmp_path}/s.sqlite3")
    app = client.application
    app.test_client().get("/")

    with ThreadPoolExecutor(8) as pool:
        tokens = [pair.refresh_token] * 16
        answers = list(pool.map(lambda token: refresh(app.test_client(), token), tokens))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1


def test_what_is_kept_shows_no_token(site: Any, tmp_path: Any) -> None:
    client, _, pair = site(store_url=f"sqlite:///{tmp_path}/s.sqlite3")
    successor = refresh(client, pair.refresh_token).json["refresh_token"]
    client.application.extensions["jwtpolicy"].parts.store.close()

    with closing(sqlite3.connect(tmp_path / "s.sqlite3")) as connection:
        ((kept,),) = connection.execute("SELECT kept FROM jwtpolicy_sessions").fetchall()
    assert len(kept) > len(successor)
    assert successor.split(".")[1].encode() not in kept


def test_a_repetition_after_the_signing_key_became_a_fallback_gets_the_same_pair(site: Any) -> None:
    """REF-4: the kept pair names the key that it was sealed under."""
    client, _, pair = site()
    first = refresh(client, pair.refresh_token)
    store = client.application.extensions["jwtpolicy"].parts.store
    old, new = Key(SECRET, "HS256", is_fallback=True), Key(OTHER_SECRET, "HS256", "new")
    other, *_ = site({"keys": KeyRing(new, [old]), "store": store})

    assert refresh(other, pair.refresh_token).data == first.data
    assert refresh(other, first.json["refresh_token"]).status_code == 200


def test_a_kept_pair_whose_key_is_gone_is_503(site: Any) -> None:
    """REF-7: nobody can open it, and there is never a second; the session lives on."""
    client, _, pair = site({"keys": KeyRing(OLD_KEY)})
    first = refresh(client, pair.refresh_token).json
    store = client.application.extensions["jwtpolicy"].parts.store
    other, *_ = site({"keys": KeyRing(Key(EC_KEY, "ES256"), [OLD_KEY.public()]), "store": store})

    assert refresh(other, pair.refresh_token).status_code == 503
    assert refresh(other, first["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda kept: b"", id="emptied"),
        pytest.param(lambda kept: kept[:-1], id="cut off"),
        pytest.param(lambda kept: kept[:-1] + bytes([kept[-1] ^ 1]), id="changed"),
    ],
)
def test_a_kept_pair_that_somebody_changed_opens_for_nobody(site: Any, spoil: Any) -> None:
    client, _, pair = site()
    refresh(client, pair.refresh_token)
    records = client.application.extensions["jwtpolicy"].parts.store._records
    record = records["", pair.session_id]
    records["", pair.session_id] = replace(record, kept=spoil(record.kept))

    assert refresh(client, pair.refresh_token).status_code in {401, 503}


def test_a_kept_pair_opens_for_its_own_session_alone(site: Any) -> None:
    client, jwt, pair = site()
    with client.application.app_context():
        bobs = jwt.login("bob")
    for one in (pair, bobs):
        refresh(client, one.refresh_token)
    records = client.application.extensions["jwtpolicy"].parts.store._records
    record = records["", bobs.session_id]
    records["", bobs.session_id] = replace(record, kept=records["", pair.session_id].kept)

    assert refresh(client, bobs.refresh_token).status_code == 503


def test_a_forged_or_foreign_token_burns_nothing(site: Any) -> None:
    """REF-3."""
    client, _, pair = site()
    forged = pair.refresh_token[:-4] + "AAAA"
    assert [refresh(client, token).status_code for token in (forged, pair.access_token)] == [
        401,
        401,
    ]

    assert refresh(client, pair.refresh_token).status_code == 200


def test_a_step_up_takes_the_place_of_the_refresh_token(site: Any, clock: Any) -> None:
    """REF-5: the old one gets no fresh token, and at once it is no theft either."""
    client, jwt, pair = site()
    app = client.application

    @app.post("/step-up")
    @protect()
    def step_up() -> Any:
        return jwt.step_up("ada").as_response()

    app.get("/fresh", endpoint="fresh")(protect(Fresh())(lambda: "in"))
    fresh = client.post("/step-up", headers=bearer(pair.access_token)).json

    assert refresh(client, pair.refresh_token).status_code == 401
    assert client.get("/fresh", headers=bearer(fresh["access_token"])).status_code == 200
    clock.advance(10)
    assert refresh(client, pair.refresh_token).status_code == 401
    assert client.get("/fresh", headers=bearer(fresh["access_token"])).status_code == 200


def test_step_ups_at_once_end_no_session(site: Any, tmp_path: Any) -> None:
    """Whoever submits a form twice is no thief."""
    client, jwt, pair = site(store_url=f"sqlite:///{tmp_path}/s.sqlite3")
    app = client.application
    app.post("/step-up", endpoint="up")(protect()(lambda: jwt.step_up("ada").as_response()))
    app.test_client().get("/")

    def step_up(_: int) -> Any:
        return app.test_client().post("/step-up", headers=bearer(pair.access_token))

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(step_up, range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]
    tokens = [answer.json["refresh_token"] for answer in answers]
    assert sorted(refresh(client, token).status_code for token in tokens) == [200, 401]


def test_a_session_that_others_always_change_is_503(site: Any, monkeypatch: Any) -> None:
    client, jwt, pair = site()
    app = client.application
    sessions = app.extensions["jwtpolicy"].parts.store
    before = sessions.session

    def changed_after(*args: Any, **kwargs: Any) -> Any:
        found = before(*args, **kwargs)
        step = Step(f"{found.refresh_id}x", None)
        sessions.replace("", found.session_id, found.refresh_id, step, now=1_800_000_000)
        return found

    app.post("/step-up", endpoint="up")(protect()(lambda: jwt.step_up("ada").as_response()))
    monkeypatch.setattr(sessions, "session", changed_after)

    answer = client.post("/step-up", headers=bearer(pair.access_token))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_refresh_token_for_a_session_supersedes_its_current(site: Any) -> None:
    client, jwt, pair = site()
    with client.application.app_context():
        token = jwt.issue("ada", "refresh", session=pair.session_id)
        with pytest.raises(RevokedTokenError):
            jwt.refresh(pair.refresh_token)

    assert refresh(client, token).status_code == 200
