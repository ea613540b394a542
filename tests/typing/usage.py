"""Checked by mypy and pyright, never run: what users write has the types that they expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_type

from flask import Blueprint, Flask

from jwtpolicy import (
    AccessRequest,
    Decision,
    Explanation,
    Fresh,
    HasRole,
    JWTManager,
    Policy,
    Token,
    TokenPair,
    current_manager,
    current_token,
    current_user,
    protect,
)
from jwtpolicy.endpoints import Credentials, LoginView, auth_blueprint, check_password


@dataclass
class User:
    """An application's user."""

    name: str


jwt: JWTManager[User] = JWTManager(Flask(__name__))

assert_type(jwt.current_user, User)
assert_type(jwt.login(User("a")), TokenPair)
assert_type(jwt.verify("encoded"), Token)
assert_type(current_manager.login(User("a")), TokenPair)
assert_type(current_manager.issue("a", expires_in=60), str)
assert_type(current_manager.explain(Fresh()), Decision)
assert_type(Fresh(within=300) & ~HasRole("guest"), Policy)
assert_type(jwt.explain(Fresh()), Decision)
assert_type(jwt.explain(Fresh(), None, resource=None, transport="cookies"), Decision)
assert_type(jwt.explain(Fresh(), AccessRequest(transport="cookies")), Decision)
assert_type(jwt.explain("GET", "/notes", token="encoded", json={}), Explanation)
assert_type((Fresh() | HasRole("a")).evaluate(AccessRequest()), Decision)


@protect(HasRole("admin"))
def view(number: int) -> str:
    """Keep its own signature."""
    return str(number)


@protect
def bare(number: int) -> str:
    """Keep its own signature too."""
    return str(number)


assert_type(view(3), str)
assert_type(bare(3), str)


class Login(LoginView):
    """Narrow what the base leaves open."""

    fields = ("mail", "password")

    def authenticate(self, credentials: Credentials) -> User | None:
        """Return the user."""
        return User(credentials["mail"])


def authenticate(credentials: Credentials) -> User | None:
    """Return the user too."""
    return User(credentials["username"])


assert_type(auth_blueprint(authenticate), Blueprint)
assert_type(auth_blueprint(Login, views={"login": Login}), Blueprint)
assert_type(check_password(None, "password"), bool)
assert_type(jwt.sessions("a")[0].is_current, bool)
jwt.revoke_session(jwt.sessions(User("a"))[0])
jwt.revoke_session(jwt.login("a"))
jwt.revoke_subject(current_user)
jwt.revoke(current_token)
jwt.revoke_token_id("id", subject=User("a"), expires_at=None)
assert_type(jwt.refresh(current_token), TokenPair)
assert_type(jwt.issue("a", session=jwt.sessions("a")[0]), str)

# Nobody forgets for how long it is to be remembered, nor what a session is.
jwt.revoke_token_id("id", subject="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
jwt.revoke_session(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# None where nothing was meant would ask for less.
Fresh(within=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Fresh(acr=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
# A request says itself what it is.
jwt.explain(Fresh(), AccessRequest(), method="POST")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
