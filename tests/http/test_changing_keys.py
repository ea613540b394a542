"""Keys that change while an application runs: picked up, retired, and never a reason for a 500."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jwtpolicy import JWTManager, current_token, protect
from jwtpolicy.endpoints import auth_blueprint
from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.keys.jwk import key_from_jwk, public_jwk
from jwtpolicy.keys.new_keys import new_key, write_key
from tests.support.applications import SECRET, MakeApp
from tests.support.clocks import StandingClock
from tests.support.requests import bearer

NOW = 1_800_000_000
#: Seconds after which a change is noticed, and after which a new key signs.
LOOK, DELAY = 60, 7200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_key(tmp_path / "keys", new_key("ES256"), NOW - 100_000)
    return tmp_path / "keys"


@pytest.fixture
def site(make_app: MakeApp, folder: Path) -> FlaskClient:
    app, _ = make_app(secret_key=None, keys=str(folder))
    return with_views(app).test_client()


def with_views(app: Flask) -> Flask:
    app.register_blueprint(auth_blueprint(lambda credentials: credentials["username"]))

    @app.get("/key")
    @protect()
    def key() -> Any:
        return {"kid": current_token.key_id}

    return app


def pair(site: FlaskClient) -> dict[str, str]:
    form = {"username": "ada", "password": "right"}
    answer = site.post("/auth/login", data=form)
    assert answer.status_code == 200
    return answer.json  # type: ignore[no-any-return]


def status(site: FlaskClient, token: str) -> int:
    return site.get("/key", headers=bearer(token)).status_code


def refreshed(site: FlaskClient, token: str) -> int:
    return site.post("/auth/refresh", headers=bearer(token)).status_code


def kid(site: FlaskClient) -> str:
    return str(site.get("/key", headers=bearer(pair(site)["access_token"])).json["kid"])


def remove_all(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def test_a_new_key_is_picked_up_and_signs_after_its_delay(
    site: FlaskClient, folder: Path, clock: StandingClock
) -> None:
    old, new = kid(site), new_key("ES256")
    write_key(folder, new, int(clock()))

    clock.advance(LOOK)
    assert kid(site) == old
    clock.advance(DELAY)
    assert kid(site) == new.key_id


def test_tokens_of_the_former_key_pass_until_it_is_removed(
    site: FlaskClient, folder: Path, clock: StandingClock
) -> None:
    """KEY-1: the memo of headers belongs to the ring that was replaced."""
    token, former = pair(site)["access_token"], next(folder.iterdir())
    write_key(folder, new_key("ES256"), NOW - 50_000)
    clock.advance(LOOK)
    assert status(site, token) == 200

    former.unlink()

    assert status(site, token) == 200
    clock.advance(LOOK)
    assert status(site, token) == 401


def test_a_refresh_goes_on_across_a_change_of_the_key(
    site: FlaskClient, folder: Path, clock: StandingClock
) -> None:
    token = pair(site)["refresh_token"]
    write_key(folder, new_key("EdDSA"), NOW - 50_000)
    clock.advance(LOOK)

    assert [refreshed(site, token), refreshed(site, token)] == [200, 200]


def test_a_refresh_in_its_grace_needs_the_key_of_the_pair_that_was_kept(
    site: FlaskClient, folder: Path, clock: StandingClock
) -> None:
    token = pair(site)["refresh_token"]
    assert refreshed(site, token) == 200
    former = next(folder.iterdir())
    write_key(folder, new_key("ES256"), NOW - 50_000)
    clock.advance(5)
    former.unlink()

    assert refreshed(site, token) == 200


def test_without_any_key_tokens_are_refused_and_logins_are_503(
    site: FlaskClient, folder: Path, clock: StandingClock
) -> None:
    tokens = pair(site)
    remove_all(folder)
    clock.advance(LOOK)

    assert status(site, tokens["access_token"]) == 401
    assert refreshed(site, tokens["refresh_token"]) == 401
    form = {"username": "ada", "password": "right"}
    assert site.post("/auth/login", data=form).status_code == 503


def test_where_the_public_half_alone_is_left_tokens_pass_and_nothing_is_signed(
    site: FlaskClient, folder: Path, clock: StandingClock
) -> None:
    tokens, [private] = pair(site), list(folder.iterdir())
    key = key_from_jwk(json.loads(private.read_text(encoding="ascii")))
    put_public(folder, key)
    private.unlink()
    clock.advance(LOOK)

    assert status(site, tokens["access_token"]) == 200
    assert refreshed(site, tokens["refresh_token"]) == 503
    write_key(folder, new_key("ES256"), NOW - 50_000)
    clock.advance(LOOK)
    assert refreshed(site, tokens["refresh_token"]) == 200


def put_public(folder: Path, key: Key) -> None:
    path = folder / "public.json"
    path.write_text(json.dumps(public_jwk(key)), encoding="ascii")
    path.chmod(0o644)


def test_a_folder_that_is_gone_changes_nothing_and_is_logged(
    site: FlaskClient, folder: Path, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    token = pair(site)["access_token"]
    folder.rename(folder.with_name("elsewhere"))
    clock.advance(LOOK)

    assert status(site, token) == 200
    assert "the keys could not be read again" in caplog.text


def test_a_change_is_logged_without_the_key(
    site: FlaskClient, folder: Path, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    """KEY-8."""
    kid(site)
    write_key(folder, new_key("ES256"), NOW)
    clock.advance(LOOK)
    with caplog.at_level("INFO"):
        kid(site)

    assert "the keys have changed: <KeyRing signing=<Key ES256" in caplog.text
    assert '"d"' not in caplog.text


def test_a_clock_that_was_set_back_does_not_end_the_looking(
    site: FlaskClient, folder: Path, clock: StandingClock
) -> None:
    pair(site)
    new = new_key("ES256")
    write_key(folder, new, NOW - 90_000)
    clock.advance(-3600)

    assert kid(site) == new.key_id


@pytest.fixture
def rings() -> list[KeyRing]:
    return [KeyRing(Key(SECRET, "HS256", "first"))]


@pytest.fixture
def called(make_app: MakeApp, rings: list[KeyRing]) -> FlaskClient:
    app, _ = make_app(manager={"keys": lambda: rings[-1]}, secret_key=None, keys_reload=10)
    return with_views(app).test_client()


def test_a_function_is_asked_again_for_the_ring(
    called: FlaskClient, rings: list[KeyRing], clock: StandingClock
) -> None:
    assert kid(called) == "first"
    rings.append(KeyRing(Key(SECRET[::-1], "HS256", "second"), [rings[0].signing_key]))

    clock.advance(9)
    assert kid(called) == "first"
    clock.advance(1)
    assert kid(called) == "second"


def test_the_same_ring_again_is_no_change(
    called: FlaskClient, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    kid(called)
    clock.advance(10)
    with caplog.at_level("INFO"):
        kid(called)

    assert "the keys have changed" not in caplog.text


@pytest.mark.parametrize("answer", [None, "a ring", KeyRing])
def test_a_function_that_returns_no_ring_changes_nothing(
    called: FlaskClient, rings: list[Any], clock: StandingClock, answer: Any
) -> None:
    kid(called)
    rings.append(answer)
    clock.advance(10)

    assert kid(called) == "first"


def test_what_a_function_raises_is_logged_without_its_text(
    make_app: MakeApp, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Callable[[], KeyRing]] = [lambda: KeyRing(Key(SECRET, "HS256", "first"))]
    app, _ = make_app(manager={"keys": lambda: answers[-1]()}, secret_key=None)
    site = with_views(app).test_client()
    answers.append(lambda: {}[SECRET])
    clock.advance(LOOK)

    assert kid(site) == "first"
    assert "KeyError" in caplog.text
    assert SECRET not in caplog.text


def test_what_a_function_raises_at_the_start_is_an_error_of_the_start() -> None:
    app = Flask("broken")

    with pytest.raises(ConfigurationError, match="or a function that returns one"):
        JWTManager(app, keys=lambda: None)  # type: ignore[arg-type,return-value]


def test_keys_in_two_places_are_refused(folder: Path) -> None:
    app = Flask("twice")
    app.config["JWT_KEYS"] = str(folder)

    with pytest.raises(ConfigurationError, match="JWT_KEYS is set, and JWTManager"):
        JWTManager(app, keys=KeyRing(Key(SECRET, "HS256")))


def test_a_relative_folder_is_one_in_the_instance_folder(tmp_path: Path) -> None:
    write_key(tmp_path / "keys", new_key("Ed25519"), NOW)
    app = Flask("relative", instance_path=str(tmp_path))
    app.config.update(JWT_KEYS="keys", TESTING=True)
    jwt = JWTManager(app)

    with app.app_context():
        assert jwt.verify(jwt.issue("ada")).subject == "ada"
