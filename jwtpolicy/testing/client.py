"""Send requests as somebody: a test client of Flask with real tokens and real sessions."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, Unpack, cast
from urllib.parse import urlsplit

from flask import Flask, Response
from flask.testing import EnvironBuilder, FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse
from werkzeug.wsgi import get_current_url

from ..app.dry_run import walk
from ..app.explained_request import strange_to_requests
from ..app.explanation import Explanation
from ..app.sent_tokens import claims_in, plan_met_by
from ..exceptions import IssueError, SetupError
from ..guards.plan import Plan
from ..sessions.results import TokenPair
from .cookie_jar import CookieJar
from .movable_clock import MovableClock, bound_to
from .personas import (
    Credentials,
    Tokens,
    anonymous,
    in_app,
    log_in,
    tokens_in,
    with_,
)
from .placing import Presenter, check_place

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: What says who a client is, and where that is written.
_MISPLACED: Final = {
    **{name: f"client.as_user(user, {name}=…)" for name in Credentials.__optional_keys__},
    "user": "client.as_user(user)",
    "token": "headers={'Authorization': f'Bearer {token}'}",
}

_NOBODY: Final = (
    "this client holds no token: take client.as_user(…), or log in through the application where "
    "it sets cookies"
)

#: What ``csrf=`` of the present request says; threads may share a client.
_CSRF: Final[ContextVar[bool | None]] = ContextVar("jwtpolicy.testing.csrf", default=None)

_NO_JAR: Final = (
    "this client keeps no cookies (use_cookies=False), and tokens are read from cookies alone, so "
    "that it could be nobody; leave use_cookies out"
)


@dataclass
class _Identity:
    """The one that a client is: their cookies, their tokens, and how they present them.

    Attributes:
        jar: The cookies; None where the client keeps none.
        presenter: Puts the token into requests.
        tokens: The tokens that a login has returned; None for nobody.
        names: The names of the cookies that the login has set.
        host: The host of the first request, at which they have logged in; None before it.
    """

    jar: CookieJar | None
    presenter: Presenter
    tokens: Tokens | None = None
    names: set[str] = field(default_factory=set)
    host: str | None = None


class ActingClient(FlaskClient):
    """A test client of Flask that acts as a user; `act` makes one.

    It logs users in with the application's own manager. So their sessions are in the application's
    own store, and every guard checks a real token. Nothing of the application is replaced, and
    nothing is switched off::

        client = act(app)
        assert client.get("/accounts").status_code == 401

        bob = client.as_user("bob")  # another client
        assert bob.get("/accounts").status_code == 200

        with client.as_user("ada", scope="reports:read"):  # or the same one, for a while
            assert client.get("/reports").status_code == 200

    The token is sent where the endpoint reads it: in the header, the cookies, the query string or
    the JSON body. If the test itself writes that header, parameter or member, the test's value is
    sent. Cookies belong to the host of the first request, as if the user had logged in there. A
    request to another host is an error, so that no request is anonymous by accident.

    Attributes:
        csrf: Whether requests that use cookies send the CSRF value, as the script of a page does.
            Set it to False to test that they are refused without it; ``client.post(…,
            csrf=False)`` does so for one request.
    """

    def __init__(self, application: Flask, *args: Any, **kwargs: Any) -> None:
        super().__init__(application, *args, **kwargs)
        self.csrf = True
        self._bound = bound_to(application)
        self._clock = MovableClock(application)
        self._origin: ActingClient | None = None
        self._before: list[_Identity] = []
        self._explained: list[Explanation] | None = None
        self._become(self._new_identity())

    def as_user(self, user: Any, **credentials: Unpack[Credentials]) -> Self:
        """Return a client that acts as *user*, who has just logged in, with cookies of its own.

        As a context manager, it makes this client act as *user* too, until the end of the block;
        blocks may be nested.

        Args:
            user: The user, as for `JWTManager.login`: an object with a schema, text, an int or a
                UUID. Or the result of `with_`, or `anonymous`.
            credentials: The arguments of the login (``fresh``, ``acr``, ``amr``, ``scope``,
                ``claims``, ``headers``, ``label``), the ``kind`` of token that is sent, and its
                ``place``; see `Credentials`.

        Raises:
            SubjectError: The application knows no such user. It is the manager's own error, as are
                all others about the arguments of the login.
            ValueError: *place* names no place for tokens.
            TypeError: A keyword is none of these.
        """
        persona = with_(user, **credentials)
        place = persona.credentials.get("place")
        check_place(place)
        client = self._sibling(self._new_identity(Presenter(self._bound.parts, place)))
        if not persona.is_anonymous:
            client._who.tokens = log_in(self.application, persona)
            client._fill_jar(client._who.tokens)
        return client

    def anonymous(self) -> Self:
        """Return a client without a user and without cookies; it is used as `as_user` is."""
        return self.as_user(anonymous)

    def refresh(self) -> TokenPair:
        """Refresh the tokens with the manager; the next request sends the new ones.

        Returns:
            The new pair.

        Raises:
            SetupError: This client holds no refresh token.
            InvalidTokenError: The refresh token has expired, or its session was ended.
        """
        encoded = self._held("refresh")
        if encoded is None:
            raise SetupError(_NOBODY)
        pair = in_app(self.application, lambda jwt: jwt.refresh(encoded))
        if (tokens := self._who.tokens) is not None:
            tokens.by_kind = {**tokens.by_kind, **tokens_in(pair)}
        self._fill_jar(Tokens(tokens_in(pair), "access") if tokens is None else tokens)
        return pair

    def log_out(self) -> None:
        """End the session in the store, or revoke the token if it belongs to no session.

        The client still sends its tokens, which are refused from now on. `anonymous` returns a
        client without tokens.

        Raises:
            SetupError: This client holds no token.
        """
        held = [encoded for kind in self._kinds() if (encoded := self._held(kind)) is not None]
        if not held:
            raise SetupError(_NOBODY)
        session_id = claims_in(held[0]).get("sid")
        if session_id is None:
            in_app(self.application, lambda jwt: jwt.revoke(held[0]))
        else:
            in_app(self.application, lambda jwt: jwt.revoke_session(session_id))

    def explain(self, method: str, path: str, **request: Any) -> Explanation:
        """Explain the answer to a request of this client, by a dry run; no view runs.

        The request is the one that `open` would send, with its token, cookies and CSRF value.
        Nothing is written by the application's views, into the token store or into the cookies of
        this client.

        Args:
            method: The method.
            path: The path.
            request: The other arguments of `open`: ``json``, ``headers``, ``csrf`` …

        Raises:
            TypeError: A keyword describes the client, and not the request.
            SetupError: The application is set up wrongly, so that it cannot start; or its own
                ``test_client_class`` sends more than this one request.
        """
        self._explained = []
        try:
            self.open(path, method=method, **request)
            return _only(self._explained)
        finally:
            self._explained = None

    @property
    def clock(self) -> MovableClock:
        """The clock of the application; this client and the clients that it returned share it."""
        return self._clock

    def wait(self, seconds: float | timedelta) -> None:
        """Move the time forward, for the application and all its clients; see `MovableClock`.

        The effect ends with ``client.clock.restore()``; the fixture ``jwt_client`` calls it at the
        end of the test.

        Args:
            seconds: The time, as seconds or a timedelta.

        Raises:
            ValueError: *seconds* is negative, or not finite.
            SetupError: The clock of the application cannot be moved.
        """
        self._clock.tick(seconds)

    def open(self, *args: Any, csrf: bool | None = None, **kwargs: Any) -> TestResponse:
        """Send a request, as `flask.testing.FlaskClient.open` does.

        Args:
            args: As there.
            csrf: If False, the CSRF value is not sent; if None, the client's `csrf` decides.
            kwargs: As there.

        Raises:
            TypeError: A keyword describes the client, and not the request.
        """
        _check_request(kwargs)
        before = _CSRF.set(csrf)
        try:
            return super().open(*args, **kwargs)
        finally:
            _CSRF.reset(before)

    def run_wsgi_app(
        self, environ: WSGIEnvironment, buffered: bool = False
    ) -> tuple[Iterable[bytes], str, Headers]:
        # Here pass all requests, whichever way they were written, and each step of a redirect.
        self._prepare(environ)
        if self._explained is not None:
            self._explained.append(walk(self.application, environ))
            return (), "200 OK", Headers()
        return super().run_wsgi_app(environ, buffered)

    def _prepare(self, environ: WSGIEnvironment) -> None:
        """Put token, cookies and CSRF value into *environ*."""
        who, host = self._who, urlsplit(get_current_url(environ)).hostname or "localhost"
        if who.jar is not None:
            self._arrive(who.jar, host)
            who.jar.drop_expired()
        plan = self._plan_met_by(environ)
        if who.tokens is not None and plan is not None:
            self._check_sent(who.tokens, plan, host)
        if who.tokens is not None:
            who.presenter.present(environ, who.tokens, plan)
        self._add_cookies_to_wsgi(environ)
        asked = _CSRF.get()
        if self.csrf if asked is None else asked:
            who.presenter.add_csrf(environ, plan)

    def _arrive(self, jar: CookieJar, host: str) -> None:
        """Let the login have been at the host of the first request."""
        if self._who.host is None:
            self._who.host = host
            jar.move(self._who.names, host)

    def _check_sent(self, tokens: Tokens, plan: Plan, host: str) -> None:
        """Refuse to send a request whose cookie stays behind: it would be one of nobody.

        Raises:
            SetupError: The cookie is of another host; or this client keeps no cookies, and the
                endpoint reads nothing else.
        """
        cookies, jar = self._bound.parts.cookies, self._who.jar
        places = plan.places.transports
        if jar is None and places == (cookies,) and self._who.presenter.uses_cookies:
            raise SetupError(_NO_JAR)
        if jar is not None and tokens.in_cookies and cookies in places:
            name = cookies.names[tokens.presented]
            if not jar.is_sent(name, host):
                raise SetupError(_elsewhere(name, host))

    def _plan_met_by(self, environ: WSGIEnvironment) -> Plan | None:
        try:
            return plan_met_by(environ, self.application, self._bound)
        except SetupError:
            return None  # The answer to the request will say so.

    def _new_identity(self, presenter: Presenter | None = None) -> _Identity:
        jar = None if self._cookies is None else CookieJar(self._clock)
        return _Identity(jar, presenter or Presenter(self._bound.parts, None))

    def _become(self, who: _Identity) -> None:
        self._who = who
        self._cookies = who.jar

    def _sibling(self, who: _Identity) -> Self:
        """Return a client like this one, which is somebody else and remembers nothing of it."""
        client = copy.copy(self)
        client.environ_base = dict(self.environ_base)
        client.preserve_context = False
        client._new_contexts = []
        client._context_stack = ExitStack()
        client._origin, client._before = self, []
        client._become(who)
        return client

    def _fill_jar(self, tokens: Tokens) -> None:
        """Put *tokens* into their cookies, where requests present them there.

        Raises:
            SetupError: This client keeps no cookies, and the application reads nothing else.
        """
        presenter = self._who.presenter
        if not presenter.uses_cookies:
            return
        if self._who.jar is None:
            if presenter.has_other_places:
                return
            raise SetupError(_NO_JAR)
        is_access = tokens.presented == "access"
        is_optional = presenter.has_other_places and not is_access
        tokens.in_cookies = self._keep(tokens.current, is_optional=is_optional)
        if is_access and "refresh" in tokens.by_kind:
            # As a login sets both; the refresh cookie goes only to the path that is its own.
            self._keep(tokens.by_kind["refresh"], is_optional=True)

    def _keep(self, encoded: str, *, is_optional: bool) -> bool:
        """Put a token into its cookie; return whether it has one.

        Raises:
            IssueError: The token has no cookie in this application, and no other place is read.
        """
        response = Response()
        try:
            in_app(self.application, lambda jwt: jwt.set_cookies(response, encoded))
        except IssueError:
            if not is_optional:
                raise
            return False
        written = response.headers.getlist("Set-Cookie")
        self._who.names.update(header.partition("=")[0] for header in written)
        host = self._who.host or EnvironBuilder(self.application).server_name
        self._update_cookies_from_response(host, "/", written)
        return True

    def _kinds(self) -> list[str]:
        tokens = self._who.tokens
        return ["access", "refresh"] if tokens is None else [tokens.presented]

    def _held(self, kind: str) -> str | None:
        """Return the token of *kind* that this client holds: from its cookie, where it has one.

        The application may have set another one there meanwhile.
        """
        name = self._bound.parts.cookies.names.get(kind)
        cookies = [] if self._who.jar is None else list(self._who.jar.values())
        for cookie in cookies:
            if cookie.decoded_key == name and claims_in(cookie.decoded_value):
                return cookie.decoded_value
        return None if self._who.tokens is None else self._who.tokens.by_kind.get(kind)

    def __enter__(self) -> Self:
        super().__enter__()
        if self._origin is not None:
            self._before.append(self._origin._who)
            self._origin._become(self._who)
        return self

    def __exit__(
        self,
        exc_type: type | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._origin is not None:
            self._origin._become(self._before.pop())
        super().__exit__(exc_type, exc_value, tb)


def _elsewhere(name: str, host: str) -> str:
    return (
        f"the cookie {name} does not go to the host {host}, where the endpoint reads it: it is of "
        "the host that was asked first, or of JWT_COOKIE_DOMAIN; set SERVER_NAME to a host of that "
        "domain, write base_url='https://…', or act as the user anew for another host"
    )


def _only(explained: list[Explanation]) -> Explanation:
    """Return the explanation of the one request that was sent.

    Raises:
        SetupError: There were others, or none, so that nobody knows which one is meant.
    """
    if len(explained) != 1:
        sent = ", ".join(f"{one.method} {one.path}" for one in explained) or "nothing"
        msg = (
            f"one request is explained, and the test_client_class of the application sends {sent}; "
            "give what is to be explained an application without that class"
        )
        raise SetupError(msg)
    return explained[0]


def act(app: Flask, **options: Any) -> ActingClient:
    """Return a test client of *app* that can act as its users, with real tokens and sessions.

    It is also an instance of the application's own ``test_client_class``::

        client = act(app)
        with client.as_user("ada"):
            assert client.delete("/notes/7").status_code == 204

    Args:
        app: The application, with a `JWTManager`.
        options: As for ``app.test_client``.

    Raises:
        TypeError: *app* is not a Flask application.
        SetupError: *app* has no `JWTManager` that guards it.
    """
    bound_to(app)
    own = app.test_client_class or FlaskClient
    made = ActingClient
    if own is not FlaskClient:
        # The application's class first: what it adds to a request is there when the token is put.
        made = cast(type[ActingClient], type(own.__name__, (own, ActingClient), {}))
    return made(app, app.response_class, **options)


def _check_request(names: Iterable[str]) -> None:
    """Refuse arguments of a login in a request, where they would say nothing.

    Raises:
        TypeError: One of *names* says who the client is, and is no part of a request.
    """
    for name in strange_to_requests(names):
        if name in _MISPLACED:
            msg = f"{name} is no part of a request; write {_MISPLACED[name]}"
            raise TypeError(msg)
