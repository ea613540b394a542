"""Name the users that a test acts as, and log them in for real."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar, Unpack, cast

from flask import Flask

from ..extension import JWTManager
from ..markers import NOT_GIVEN
from ..sessions.results import TokenPair
from .movable_clock import bound_to

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Result = TypeVar("Result")

#: Puts an encoded token into a WSGI environ: for a transport of the application's own.
Put = Callable[["WSGIEnvironment", str], None]

#: The names of the context variables that belong to a request begin so: Flask's, and our own.
_OF_REQUESTS: Final = ("flask.", "jwtpolicy")

#: The arguments of a `Credentials` that say how a token is sent, and not what is in it.
_SENDING: Final = frozenset({"kind", "place"})

#: How many characters of a user or a credential messages show at most.
_LENGTH: Final = 60


class Credentials(TypedDict, total=False):
    """Arguments of ``as_user`` and `with_`: how a user has logged in, and which token is sent.

    Attributes:
        fresh: As for `JWTManager.login`; False for a remembered login.
        acr: The authentication context class that was reached.
        amr: The methods that were used.
        scope: The granted scopes, separated by spaces.
        claims: More claims of the session's tokens.
        headers: More members of the JOSE header.
        label: The name of the session, such as the device.
        kind: The kind of token that is sent: ``access``, ``refresh`` or one of your own, which
            ``issue`` makes.
        expires_in: The lifetime of a token of a kind of your own, as for `JWTManager.issue`.
        place: Where the token is sent: ``headers``, ``cookies``, ``query_string``, ``json``, or a
            function of the WSGI environ and the encoded token, for a transport of your own. By
            default it is sent where the endpoint reads it, if possible in a cookie. To an endpoint
            without a guard it is sent in the header or the cookies. If its view or a hook calls
            ``jwt.enforce``, and the application reads query strings or JSON, name the place.
    """

    fresh: bool | timedelta
    acr: str | None
    amr: tuple[str, ...] | None
    scope: str | None
    claims: Mapping[str, Any] | None
    headers: Mapping[str, Any] | None
    label: str | None
    kind: str
    expires_in: float | timedelta
    place: str | Put


@dataclass(frozen=True, eq=False)
class Persona:
    """A user with the credentials that they send; made by `with_`.

    It is hashed by identity, so that it can be a key in the table of `assert_policy` even if its
    user cannot be hashed.

    Attributes:
        user: The user, as for `JWTManager.login`; `NOT_GIVEN` for nobody.
        credentials: How they have logged in, and which token they send.
    """

    user: Any
    credentials: Credentials = field(default_factory=Credentials)

    @property
    def is_anonymous(self) -> bool:
        """Whether it is nobody, who presents no token."""
        return self.user is NOT_GIVEN

    def __repr__(self) -> str:
        if self.is_anonymous:
            return "anonymous"
        said = "".join(f", {name}={_shown(value)}" for name, value in self.credentials.items())
        return f"with_({_shown(self.user)}{said})" if said else _shown(self.user)


def _shown(value: object) -> str:
    """Return the `repr` of *value*, without its middle where it is long: ends tell users apart."""
    text = repr(value)
    return text if len(text) <= _LENGTH else f"{text[: _LENGTH // 2]} … {text[-_LENGTH // 2 :]}"


#: Nobody: requests without a token, in the table of `assert_policy`.
anonymous: Final = Persona(NOT_GIVEN)


def with_(user: Any, **credentials: Unpack[Credentials]) -> Persona:
    """Return *user* with credentials, for the table of `assert_policy` and for ``as_user``.

    ``with_(bob, fresh=False)`` is Bob after a remembered login. The keywords are those of
    `Credentials`.

    Args:
        user: The user, as for `JWTManager.login`.
        credentials: How they have logged in, and which token they send.

    Raises:
        TypeError: A keyword is none of `Credentials`, or *user* is `anonymous`, who has none.
    """
    _check_names(credentials)
    if isinstance(user, Persona):
        if user.is_anonymous and credentials:
            msg = "anonymous presents no token: it takes no credentials"
            raise TypeError(msg)
        return Persona(user.user, cast(Credentials, {**user.credentials, **credentials}))
    return Persona(user, credentials)


def _check_names(credentials: Mapping[str, object]) -> None:
    """Refuse keywords that mean nothing.

    Raises:
        TypeError: A name is none of `Credentials`.
    """
    known = Credentials.__optional_keys__
    if unknown := [name for name in credentials if name not in known]:
        msg = f"{', '.join(unknown)} is no argument here; there are {', '.join(sorted(known))}"
        raise TypeError(msg)


def persona_of(user: Any) -> Persona:
    """Return *user* as a persona; one that is a persona already is returned as it is."""
    return user if isinstance(user, Persona) else Persona(user)


@dataclass
class Tokens:
    """The encoded tokens that a client holds.

    Attributes:
        by_kind: The tokens, by kind.
        presented: The kind that its requests present.
        in_cookies: Whether that one is in a cookie, as a browser would have it: then no request
            presents it elsewhere, where an endpoint reads cookies.
    """

    by_kind: dict[str, str]
    presented: str
    in_cookies: bool = False

    @property
    def current(self) -> str:
        """The token that requests present."""
        return self.by_kind[self.presented]


def log_in(app: Flask, persona: Persona) -> Tokens:
    """Log *persona* in at the manager of *app*: a real session in its store, and real tokens.

    Raises:
        SubjectError: The application knows no such user; it is the manager's own error, as
            all others that `JWTManager.login` and `JWTManager.issue` raise.
    """
    said = {name: value for name, value in persona.credentials.items() if name not in _SENDING}
    kind = persona.credentials.get("kind", "access")
    if kind not in ("access", "refresh"):
        encoded = in_app(app, lambda jwt: jwt.issue(persona.user, kind, **cast(Any, said)))
        return Tokens({kind: encoded}, kind)
    pair = in_app(app, lambda jwt: jwt.login(persona.user, **cast(Any, said)))
    return Tokens(tokens_in(pair), kind)


def tokens_in(pair: TokenPair) -> dict[str, str]:
    """Return the tokens of a pair by kind."""
    found = {"access": pair.access_token, "refresh": pair.refresh_token}
    return {kind: encoded for kind, encoded in found.items() if encoded is not None}


def in_app(app: Flask, do: Callable[[JWTManager[Any]], Result]) -> Result:
    """Return what *do* returns, called with the manager of *app* in an application context.

    It is apart from the contexts of Flask around it: a request that a ``with client:`` block
    preserves is not the one that logs in or refreshes. Context variables of the application, such
    as its tenant, have the values that the test has given them.
    """

    def call() -> Result:
        with app.app_context():
            return do(cast("JWTManager[Any]", bound_to(app).manager))

    context = Context()
    for variable, value in copy_context().items():
        if not variable.name.startswith(_OF_REQUESTS):
            context.run(variable.set, value)
    return context.run(call)
