"""Describe what every compared system has: the same views behind guards of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, ClassVar

from flask import Flask, Response, jsonify, render_template

from ..keys import KeyPair

View = Callable[[], Any]
#: What every view of JSON answers.
ANSWER = {"ok": True}
#: The claims of access tokens beside the registered ones, which the tree of rules asks for.
SCOPE = "reports:read"
CLAIMS = {"suspended": False}
PAGE = "<!doctype html><title>Notes</title><p>Hello {{ current_user.name }}!</p>"


@dataclass(frozen=True)
class User:
    """Somebody whom a user loader finds."""

    id: str
    name: str


ADA = User("u1", "Ada")
#: The table of users.
USERS = {ADA.id: ADA}


class Setup(Enum):
    """What an application has beside its guards."""

    PLAIN = auto()
    #: Users are loaded.
    USERS = auto()
    #: Tokens travel in cookies.
    COOKIES = auto()
    #: Tokens have nine claims beside the registered ones.
    CLAIMS = auto()
    #: And a schema reads the nine claims.
    SCHEMA = auto()
    #: Three other issuers are trusted.
    TRUSTING = auto()


class System(ABC):
    """One application with the views that are compared, each behind a guard of the system.

    Attributes:
        name: What the table calls it.
        refusal: The status of its answer to a presented token that is not valid.
    """

    name: ClassVar[str]
    refusal: ClassVar[int] = 401

    def __init__(self, keys: KeyPair, setup: Setup = Setup.PLAIN) -> None:
        self.keys = keys
        self.setup = setup
        self.app = Flask(__name__)
        self.app.config.update(keys.settings)
        if setup is Setup.COOKIES:
            self.app.config["JWT_TOKEN_LOCATION"] = ["cookies"]
        self.start()
        self._page = self.app.jinja_env.from_string(PAGE)
        self._route("/plain", self.required(answering()), "GET", "POST")
        self._route("/tree", self.tree(answering()), "GET")
        self._route("/theirs", self.theirs(answering()), "GET")
        self._route("/hundred", self.hundred(answering()), "GET")
        self._route("/page", self.required(self.page), "GET")
        self._route("/optional", self.optional(answering()), "GET")
        self._route("/login", self.open(self.login), "POST")
        self._route("/refresh", self.refresh_required(self.refresh), "POST")

    def _route(self, path: str, view: View, *methods: str) -> None:
        self.app.add_url_rule(path, path[1:], view, methods=methods)

    def start(self) -> None:  # noqa: B027 # the bare one has nothing to prepare
        """Prepare the application, before it has views."""

    @abstractmethod
    def required(self, view: View) -> View:
        """Guard *view*: an access token is required."""

    @abstractmethod
    def tree(self, view: View) -> View:
        """Guard *view* with "fresh and (this scope or that one) and not suspended"."""

    def hundred(self, view: View) -> View:
        """Guard *view*: one of a hundred scopes is required."""
        return self.required(view)

    def theirs(self, view: View) -> View:
        """Guard *view*: an access token of another issuer is required, where one is trusted."""
        return self.required(view)

    @abstractmethod
    def optional(self, view: View) -> View:
        """Guard *view*: a token may be absent."""

    @abstractmethod
    def refresh_required(self, view: View) -> View:
        """Guard *view*: a refresh token is required."""

    def open(self, view: View) -> View:
        """Say that *view* needs no token."""
        return view

    @abstractmethod
    def login(self) -> Any:
        """Answer with an access token and a refresh token."""

    @abstractmethod
    def refresh(self) -> Any:
        """Revoke the refresh token of the request, and answer with the next pair."""

    def page(self) -> str:
        """Answer with a page that greets the user."""
        return render_template(self._page)

    @abstractmethod
    def issue(self) -> str:
        """Return an access token that says nothing but who its user is."""

    @abstractmethod
    def token(self) -> str:
        """Return an access token that every guard accepts."""

    @abstractmethod
    def refresh_token(self) -> str:
        """Return a refresh token."""

    def set_cookies(self, response: Response) -> None:
        """Put an access token and its CSRF value into cookies."""
        raise NotImplementedError

    def cookies(self) -> dict[str, str]:
        """Return the headers that a browser's script sends once it has the cookies."""
        response = Response()
        with self.app.test_request_context():
            self.set_cookies(response)
        pairs = [line.partition(";")[0] for line in response.headers.getlist("Set-Cookie")]
        csrf = next(pair.partition("=")[2] for pair in pairs if "csrf" in pair.partition("=")[0])
        return {"Cookie": "; ".join(pairs), "X-CSRF-TOKEN": csrf}

    def close(self) -> None:  # noqa: B027 # most hold nothing open
        """Let go of what the system holds open."""


def answering() -> View:
    """Return another view that answers with a little JSON; guards may mark it."""

    def view() -> Response:
        return jsonify(ANSWER)

    return view
