"""A refresh token without a session opens one; whoever revokes it meanwhile ends that too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt as pyjwt
import pytest
from flask import Flask

from jwtpolicy import JWTManager
from jwtpolicy.exceptions import RevokedTokenError
from tests.conftest import SECRET


@pytest.fixture
def native() -> Iterator[JWTManager[Any]]:
    app = Flask("adopting")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
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
