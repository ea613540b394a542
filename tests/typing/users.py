"""Checked by mypy and pyright, never run: who the users are, said once to manager and views."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, assert_type

from flask import Blueprint, Flask

from jwtpolicy import JWTManager, Token, TokenPair
from jwtpolicy.endpoints import Credentials, LoginView, StepUpView, auth_blueprint


@dataclass
class User:
    """An application's user."""

    name: str


class Admin(User):
    """One of them."""


app = Flask(__name__)
jwt = JWTManager[User](app)
written: JWTManager[User] = JWTManager(app)

assert_type(jwt.current_user, User)
assert_type(written, JWTManager[User])


@jwt.user_loader
def load(token: Token) -> User | None:
    """Return the user, or None."""
    return User(token.subject)


@jwt.user_loader
def load_surely(token: Token) -> User:
    """Return the user."""
    return User(token.subject)


@jwt.user_loader
def load_admin(token: Token) -> Admin | None:
    """Return a user of a narrower type."""
    return Admin(token.subject)


@jwt.user_loader
async def load_async(token: Token) -> User | None:
    """Return the user, or None, without blocking."""
    return User(token.subject)


@jwt.user_loader(lazy=True)
def load_lazily(token: Token) -> User | None:
    """Return the user, or None, when somebody asks."""
    return User(token.subject)


@jwt.user_loader(lazy=True)
async def load_lazily_async(token: Token) -> User:
    """Return the user without blocking, when somebody asks."""
    return User(token.subject)


assert_type(load, Callable[[Token], User | None])
assert_type(load_surely, Callable[[Token], User])
assert_type(load_async, Callable[[Token], Coroutine[Any, Any, User | None]])
assert_type(load_lazily, Callable[[Token], User | None])
assert_type(jwt.user_loader(load, lazy=True), Callable[[Token], User | None])


@jwt.user_loader  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue, reportUntypedFunctionDecorator]
def load_name(token: Token) -> str:
    """Return no user."""
    return token.subject


@jwt.user_loader(lazy=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue, reportUntypedFunctionDecorator]
async def load_name_async(token: Token) -> str | None:
    """Return no user without blocking."""
    return token.subject


@jwt.user_loader  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue, reportUntypedFunctionDecorator]
def load_by_subject(subject: str) -> User:
    """Take no token."""
    return User(subject)


class Login(LoginView[User]):
    """Say whom credentials stand for."""

    def authenticate(self, credentials: Credentials) -> User | None:
        """Return the user, or None."""
        return User(credentials["username"])

    def begin(self, user: User, credentials: Credentials) -> TokenPair:
        """Have a user, without a cast."""
        return jwt.login(user, label=user.name, since=self.began)


class LoginAsync(LoginView[User]):
    """Ask without blocking."""

    async def authenticate(self, credentials: Credentials) -> User | None:
        """Return the user, or None."""
        return User(credentials["username"])


class Confirm(StepUpView[User]):
    """Ask once more."""

    def authenticate(self, credentials: Credentials) -> User | None:
        """Return the user, or None."""
        return User(credentials["username"])


class WrongLogin(LoginView[User]):
    """Return somebody else."""

    def authenticate(self, credentials: Credentials) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return a name."""
        return credentials["username"]


assert_type(auth_blueprint(Login, views={"step_up": Confirm}), Blueprint)

# Nobody says who the users are: they are Any, and nothing is asked of what concerns them.
plain = JWTManager(app)
assert_type(plain, JWTManager[Any])
assert_type(plain.current_user, Any)


@plain.user_loader
def load_anybody(token: Token) -> User | None:
    """Return the user, or None."""
    return User(token.subject)


@plain.user_loader(lazy=True)
async def load_anybody_async(token: Token) -> User | None:
    """Return the user, or None."""
    return User(token.subject)


assert_type(load_anybody, Callable[[Token], Any])


class PlainLogin(LoginView):
    """Return anybody."""

    def authenticate(self, credentials: Credentials) -> User | None:
        """Return the user, or None."""
        return User(credentials["username"])

    def begin(self, user: User, credentials: Credentials) -> TokenPair:
        """Narrow the type without being asked for more."""
        return plain.login(user, label=user.name, since=self.began)
