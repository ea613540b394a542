"""One application with both APIs, while its routes move from one to the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import flask_jwt_extended as original
import jwt as pyjwt
import pytest
import time_machine
from flask import Flask

from jwtpolicy import JWTManager, Refresh, current_token, protect
from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.endpoints import RefreshView
from jwtpolicy.stores import SQLiteStore
from tests.support.applications import SECRET
from tests.support.requests import bearer


@pytest.fixture
def blocklist() -> set[str]:
    return set()


@pytest.fixture
def app(tmp_path: Path, blocklist: set[str]) -> Flask:
    app = Flask("both", instance_path=str(tmp_path))
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL="sqlite:///s.sqlite3")
    # The order of the two does not matter.
    bridge.JWTManager(app).token_in_blocklist_loader(lambda _, claims: claims["jti"] in blocklist)
    native = JWTManager[Any](app, clock=lambda: time.time() + app.config.get("AHEAD", 0))

    guards: dict[str, Any] = {
        "/native": protect(),
        "/native/refresh": protect(Refresh()),
        "/bridge": bridge.jwt_required(),
        "/bridge/refresh": bridge.jwt_required(refresh=True),
    }
    for path, guard in guards.items():
        app.get(path, endpoint=path)(guard(lambda: "in"))
    app.post("/bridge/logout", endpoint="bridge logout")(
        bridge.jwt_required()(lambda: native.logout().as_response())
    )
    app.post("/native/logout", endpoint="logout")(protect()(lambda: native.logout().as_response()))
    app.add_url_rule("/refresh", view_func=RefreshView.as_view("refresh"))
    return app


@pytest.fixture
def native(app: Flask) -> JWTManager[Any]:
    manager: JWTManager[Any] = app.extensions["jwtpolicy"].manager
    return manager


@pytest.fixture
def get(app: Flask) -> Callable[[str, str], int]:
    """Return what asks for a path with a token, and returns the status."""
    return lambda path, token: app.test_client().get(path, headers=bearer(token)).status_code


@pytest.fixture
def issued() -> Callable[..., str]:
    """Return what has the original library make a token of the same secret."""
    app = Flask("original")
    app.config["JWT_SECRET_KEY"] = SECRET
    original.JWTManager(app)

    def make(kind: str, **arguments: Any) -> str:
        with app.app_context():
            token: str = getattr(original, f"create_{kind}_token")("ada", **arguments)
            return token

    return make


def jti_of(token: str) -> str:
    return str(pyjwt.decode(token, options={"verify_signature": False})["jti"])


@pytest.mark.parametrize("path", ["/native", "/bridge"])
def test_tokens_of_the_original_library_pass_both_guards(path: str, get: Any, issued: Any) -> None:
    assert get(path, issued("access")) == 200
    assert get(path, issued("refresh")) in (401, 422)


@pytest.mark.parametrize("path", ["/native", "/bridge"])
def test_tokens_of_either_side_pass_both_guards(
    path: str, app: Flask, native: Any, get: Any
) -> None:
    with app.app_context():
        tokens = [native.login("ada").access_token, bridge.create_access_token("ada")]

    assert [get(path, token) for token in tokens] == [200, 200]


def test_a_native_logout_behind_a_guard_of_the_bridge_ends_its_token(
    app: Flask, native: Any, get: Any, issued: Any
) -> None:
    with app.app_context():
        pair = native.login("ada")
    tokens, other = [issued("access"), pair.access_token], issued("access")
    for token in tokens:
        assert app.test_client().post("/bridge/logout", headers=bearer(token)).status_code == 204

    for path in ("/bridge", "/native"):
        assert [get(path, token) for token in [*tokens, other]] == [401, 401, 200]
    assert get("/native/refresh", pair.refresh_token) == 401


def test_a_logout_that_could_end_nothing_says_so(app: Flask, get: Any, issued: Any) -> None:
    """The bridge does not look at `kid`; for the native side no key has that name."""
    strange = issued("access", additional_headers={"kid": "x"})
    assert get("/bridge", strange) == 200

    answer = app.test_client().post("/bridge/logout", headers=bearer(strange))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")


def test_a_logout_ends_what_only_the_bridge_lets_in(app: Flask, get: Any, issued: Any) -> None:
    """REV-1: a token without an end is none for native guards, and is revoked all the same."""
    endless = issued("access", expires_delta=False)
    assert [get(path, endless) for path in ("/bridge", "/native")] == [200, 401]

    assert app.test_client().post("/bridge/logout", headers=bearer(endless)).status_code == 204
    assert get("/bridge", endless) == 401


@pytest.mark.parametrize("moved", [-3600, 3600])
def test_a_logout_behind_the_bridge_asks_the_bridges_clock_alone(
    app: Flask, get: Any, issued: Any, moved: int
) -> None:
    """REV-1: the bridge let the token in; by the native clock it has expired, or not begun."""
    app.config["AHEAD"] = moved
    token, other = issued("access"), issued("access")
    assert [get(path, token) for path in ("/bridge", "/native")] == [200, 401]

    assert app.test_client().post("/bridge/logout", headers=bearer(token)).status_code == 204
    assert [get("/bridge", one) for one in (token, other)] == [401, 200]


def test_a_native_logout_is_seen_by_the_bridge(app: Flask, get: Any, issued: Any) -> None:
    token, other = issued("access"), issued("access")
    app.test_client().post("/native/logout", headers=bearer(token))

    assert get("/bridge", token) == 401
    assert get("/bridge", other) == 200


def test_the_blocklist_is_seen_by_native_guards(get: Any, issued: Any, blocklist: set[str]) -> None:
    token, other = issued("access"), issued("access")
    blocklist.add(jti_of(token))

    assert [get("/native", token), get("/bridge", token)] == [401, 401]
    assert [get("/native", other), get("/bridge", other)] == [200, 200]


def test_a_subject_that_was_revoked_natively_is_shut_out_of_the_bridge(
    app: Flask, native: Any, get: Any, issued: Any
) -> None:
    token = issued("access")
    with app.app_context():
        bobs = bridge.create_access_token("bob")
        native.revoke_subject("ada")

    assert get("/bridge", token) == 401
    assert get("/bridge", bobs) == 200


def test_a_session_that_has_ended_is_over_at_the_bridge(app: Flask, native: Any, get: Any) -> None:
    with app.app_context():
        pair, other = native.login("ada"), native.login("ada")
        native.revoke_session(pair.session_id)

    assert get("/bridge", pair.access_token) == 401
    assert get("/bridge", other.access_token) == 200
    assert get("/bridge/refresh", pair.refresh_token) == 401


def test_a_refresh_token_opens_its_session_once_wherever_it_is_sent(
    app: Flask, native: Any, get: Any, issued: Any
) -> None:
    token = issued("refresh")
    assert get("/bridge/refresh", token) == 200
    answer = app.test_client().post("/refresh", headers=bearer(token))

    assert answer.status_code == 200
    assert get("/native", answer.json["access_token"]) == 200
    assert get("/bridge/refresh", token) == 200  # within its grace
    again = app.test_client().post("/refresh", headers=bearer(token))
    assert (again.status_code, again.data) == (200, answer.data)  # REF-4
    with app.app_context():
        assert len(native.sessions("ada")) == 1


def test_of_many_first_refreshes_one_opens_the_session(
    app: Flask, native: Any, issued: Any
) -> None:
    """REF-1."""
    token = issued("refresh")

    def refresh(_: int) -> tuple[int, bytes]:
        answer = app.test_client().post("/refresh", headers=bearer(token))
        return answer.status_code, answer.data

    refresh_native = app.test_client().get("/native")  # binds the guards
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(refresh, range(8)))

    assert refresh_native.status_code == 401
    assert [status for status, _ in answers] == [200]
    with app.app_context():
        assert len(native.sessions("ada")) == 1


def test_a_used_native_refresh_token_stands_at_the_bridge_as_everywhere(
    app: Flask, native: Any, get: Any
) -> None:
    """REF-4: it passes within its grace."""
    with app.app_context():
        first = native.login("ada").refresh_token
        second = native.refresh(first).refresh_token

    assert get("/bridge/refresh", first) == 200
    assert get("/bridge/refresh", second) == 200


def test_what_is_no_token_natively_ends_no_session_at_the_bridge(
    app: Flask, native: Any, get: Any
) -> None:
    """Such as one without an end; the used token itself ends it."""
    with app.app_context():
        used = native.login("ada").refresh_token
        native.refresh(used)
        claims = pyjwt.decode(used, options={"verify_signature": False})
        endless = pyjwt.encode({k: v for k, v in claims.items() if k != "exp"}, SECRET)

        with time_machine.travel(time.time() + 60, tick=True):
            assert get("/bridge/refresh", endless) == 401
            assert len(native.sessions("ada")) == 1
            assert get("/bridge/refresh", used) == 401
            assert native.sessions("ada") == []


def test_what_the_bridge_lets_in_is_no_token_for_native_guards(
    app: Flask, get: Any, issued: Any
) -> None:
    """A token without an end passes one guard, and has to be judged by the other itself."""
    both = protect()(lambda: current_token.subject)
    app.get("/both", endpoint="both")(bridge.jwt_required()(both))
    endless = issued("access", expires_delta=False)

    assert get("/bridge", endless) == 200
    assert get("/both", endless) == 401
    assert get("/both", issued("access")) == 200


def test_what_a_native_guard_lets_in_is_no_token_for_the_bridge(app: Flask, issued: Any) -> None:
    @app.get("/there")
    @protect()
    def there() -> str:
        with pytest.raises(RuntimeError, match="jwt_required"):
            bridge.get_jwt()
        return "no"

    assert app.test_client().get("/there", headers=bearer(issued("access"))).text == "no"


def test_a_store_that_is_down_is_503_at_the_bridge(
    app: Flask, get: Any, issued: Any, tmp_path: Path
) -> None:
    """REV-1."""
    assert get("/bridge", issued("access")) == 200
    app.extensions["jwtpolicy"].parts.store.close()
    (tmp_path / "s.sqlite3").unlink()
    (tmp_path / "s.sqlite3").mkdir()
    for leftover in tmp_path.glob("s.sqlite3-*"):
        leftover.unlink()

    assert get("/bridge", issued("access")) == 503


def test_a_token_that_the_store_cannot_know_is_refused_beside_it(app: Flask, get: Any) -> None:
    """CLAIM-5: without jti, or with a session id that is none."""
    claims = {"sub": "ada", "type": "access", "jti": "j", "exp": 4_000_000_000}
    tokens = [
        pyjwt.encode(found, SECRET)
        for found in (claims, claims | {"sid": 5}, {k: v for k, v in claims.items() if k != "jti"})
    ]

    assert [get("/bridge", token) for token in tokens] == [200, 401, 401]


def test_a_lone_bridge_makes_no_store(tmp_path: Path, issued: Any) -> None:
    app = Flask("lone", instance_path=str(tmp_path / "instance"))
    app.config["JWT_SECRET_KEY"] = SECRET
    bridge.JWTManager(app)
    app.get("/")(bridge.jwt_required()(lambda: "in"))

    assert app.test_client().get("/", headers=bearer(issued("access"))).status_code == 200
    assert not (tmp_path / "instance").exists()


def test_the_bridge_writes_nothing_to_the_settings_and_reads_them_anew(issued: Any) -> None:
    app = Flask("lone")
    app.config["JWT_SECRET_KEY"] = SECRET
    before = dict(app.config)
    bridge.JWTManager(app)
    app.get("/")(bridge.jwt_required()(lambda: "in"))
    assert dict(app.config) == before

    headers = {"X-Token": issued("access")}
    assert app.test_client().get("/", headers=headers).status_code == 401
    app.config.update(JWT_HEADER_NAME="X-Token", JWT_HEADER_TYPE=None)
    assert app.test_client().get("/", headers=headers).status_code == 200


def test_a_blocklist_that_fails_keeps_native_guards_shut(tmp_path: Path, issued: Any) -> None:
    """REV-1, HTTP-11."""
    app = Flask("both", instance_path=str(tmp_path))
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    JWTManager[Any](app, store=SQLiteStore(tmp_path / "s.sqlite3"))

    @bridge.JWTManager(app).token_in_blocklist_loader
    def is_blocked(header: Any, claims: Any) -> bool:
        raise OSError("down")

    app.get("/")(protect()(lambda: "in"))

    assert app.test_client().get("/", headers=bearer(issued("access"))).status_code == 503
