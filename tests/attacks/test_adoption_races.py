"""A refresh token without a session opens one; whoever revokes it meanwhile ends that too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest
from flask import Flask, current_app

from jwtpolicy import JWTManager, Refresh, protect
from jwtpolicy.exceptions import RevokedTokenError, StoreUnavailableError
from jwtpolicy.signals import refresh_reused
from jwtpolicy.stores import TokenRef
from tests.support.applications import SECRET
from tests.support.requests import bearer


@pytest.fixture
def native() -> Iterator[JWTManager[Any]]:
    app = Flask("adopting")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_REFRESH_GRACE=0)
    with app.app_context():
        yield JWTManager(app)


def foreign(subject: str) -> str:
    """Return a refresh token without a session, as Flask-JWT-Extended makes them."""
    claims = {"sub": subject, "type": "refresh", "jti": f"of {subject}", "exp": 4_000_000_000}
    return pyjwt.encode(claims | {"iat": int(time.time())}, SECRET)


def once(action: Callable[[], object]) -> Callable[[Any], bool]:
    """Return a check that does *action* when it is first asked, after the store has answered."""
    left = [action]

    def check(_: Any) -> bool:
        while left:
            left.pop()()
        return False

    return check


def test_no_session_comes_of_a_token_whose_user_is_revoked_meanwhile(native: Any) -> None:
    """REV-1: what ends everything of a user ends what is just being opened."""
    token, bobs = foreign("ada"), foreign("bob")
    native.revocation_check(once(lambda: native.revoke_subject("ada")))

    with pytest.raises(RevokedTokenError):
        native.refresh(token)
    assert native.sessions("ada") == []
    assert native.refresh(bobs).refresh_token
    assert len(native.sessions("bob")) == 1


def test_a_stolen_token_that_comes_back_ends_the_session_that_came_of_it(native: Any) -> None:
    """REF-2: the thief was first, and the user is refused: then nobody goes on."""
    noticed: list[str] = []

    def notice(sender: Any, token: Any) -> None:
        noticed.append(token.subject)

    stolen, bobs = foreign("ada"), native.refresh(foreign("bob"))
    with refresh_reused.connected_to(notice):
        thief = native.refresh(native.refresh(stolen).refresh_token)
        with pytest.raises(RevokedTokenError):
            native.refresh(stolen)
    with pytest.raises(RevokedTokenError):
        native.refresh(thief.refresh_token)
    assert noticed == ["ada"]
    assert native.refresh(bobs.refresh_token).refresh_token


def test_revoking_the_old_token_ends_the_session_that_came_of_it(native: Any) -> None:
    """RFC 7009 section 2.1."""
    token = foreign("ada")
    pair = native.refresh(token)
    native.revoke(token)

    assert native.sessions("ada") == []
    for used in (token, pair.refresh_token):
        with pytest.raises(RevokedTokenError):
            native.refresh(used)


def test_a_token_that_was_used_up_otherwise_opens_no_session(native: Any) -> None:
    token, store = foreign("ada"), current_app.extensions["jwtpolicy"].parts.store
    store.consume(TokenRef("", "ada", "of ada"), expires_at=None, now=0)

    with pytest.raises(RevokedTokenError):
        native.refresh(token)
    assert native.sessions("ada") == []


def test_a_session_that_was_opened_by_half_is_gone_on_with(native: Any) -> None:
    """REF-7: the server died between two steps."""
    token, store = foreign("ada"), current_app.extensions["jwtpolicy"].parts.store
    rotate = store.rotate
    store.rotate = lambda *args, **kwargs: (_ for _ in ()).throw(StoreUnavailableError())
    with pytest.raises(StoreUnavailableError):
        native.refresh(token)
    store.rotate = rotate

    assert native.refresh(token).refresh_token
    assert len(native.sessions("ada")) == 1


class TestAnEarlierIssuer:
    """Tokens of before ``JWT_ENCODE_ISSUER`` was changed, which is still accepted, are adopted."""

    @pytest.fixture(params=["memory://", "sqlite"])
    def native(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JWTManager[Any]]:
        url = f"sqlite:///{tmp_path}/t.db" if request.param == "sqlite" else request.param
        app = Flask("adopting")
        app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL=url)
        app.config.update(JWT_ENCODE_ISSUER="new", JWT_DECODE_ISSUER=["old", "new"])
        app.config.update(JWT_REFRESH_GRACE=0)
        with app.app_context():
            jwt = JWTManager[Any](app)
            app.add_url_rule("/", view_func=protect(Refresh())(lambda: "in"))
            yield jwt

    @pytest.fixture
    def token(self) -> str:
        claims = {"sub": "ada", "type": "refresh", "jti": "r", "exp": 4_000_000_000, "iss": "old"}
        return pyjwt.encode(claims | {"iat": int(time.time())}, SECRET)

    def test_its_session_goes_on(self, native: Any, token: str) -> None:
        second = native.refresh(token)

        assert native.refresh(second.refresh_token).refresh_token
        assert len(native.sessions("ada")) == 1

    def test_used_again_it_ends_the_session_at_any_guard(self, native: Any, token: str) -> None:
        """REF-2."""
        client, sent = current_app.test_client(), bearer(token)
        assert client.get("/", headers=sent).status_code == 200
        second = native.refresh(token)

        assert client.get("/", headers=sent).status_code == 401
        with pytest.raises(RevokedTokenError):
            native.refresh(second.refresh_token)

    def test_revoked_it_takes_along_the_session_that_came_of_it(
        self, native: Any, token: str
    ) -> None:
        """REV-1."""
        second = native.refresh(token)
        native.revoke(token)

        assert native.sessions("ada") == []
        with pytest.raises(RevokedTokenError):
            native.refresh(second.refresh_token)

    def test_revoked_before_it_opens_nothing(self, native: Any, token: str) -> None:
        """REV-1."""
        native.revoke(token)

        with pytest.raises(RevokedTokenError):
            native.refresh(token)
        assert native.sessions("ada") == []
