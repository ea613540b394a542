"""Reach the current request's token, user and resource from anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from flask import Flask, current_app, has_request_context
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy

from .binding import Application
from .exceptions import NoTokenError, SetupError, SubjectError
from .state import RequestState
from .token import Token

#: Where Flask keeps what belongs to this extension.
EXTENSION: Final = "jwtpolicy"


class Nothing:
    """Stands for a token, a user or a resource that is not there: false, and it says why.

    A template can read any attribute of it: Jinja renders what raises `AttributeError` as empty.
    """

    def __init__(self, what: str, why: str) -> None:
        self._what = what
        self._why = why

    def as_error(self) -> Exception:
        """Return what a verb raises that was to act on it."""
        is_resource = self._what == "current_resource"
        return (SubjectError if is_resource else NoTokenError)(f"{self._what}: {self._why}")

    def __bool__(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        msg = f"{self._what}.{name}: {self._why}"
        raise AttributeError(msg)

    def __str__(self) -> str:
        return ""

    def __repr__(self) -> str:
        return f"<no {self._what}: {self._why}>"


def unwrapped(value: Any) -> Any:
    """Return what is behind a proxy, and anything else as it is.

    Raises:
        NoTokenError: It is `current_user` or `current_token`, and nobody is there.
        SubjectError: It is `current_resource`, and there is none.
    """
    while isinstance(value, LocalProxy):
        value = value._get_current_object()
    if isinstance(value, Nothing):
        raise value.as_error()
    return value


def application() -> Application:
    """Return what guards the current application.

    Raises:
        SetupError: It has no `JWTManager`.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # a proxy
    found: Application | None = app.extensions.get(EXTENSION)
    if found is None:
        msg = "this application has no JWTManager; write JWTManager(app) or jwt.init_app(app)"
        raise SetupError(msg)
    return found


def _state() -> RequestState | str:
    """Return what is known of the current request, or why there is nothing to know."""
    if not has_request_context():
        return "there is no request"
    if EXTENSION not in current_app.extensions:
        return "this application has no JWTManager"
    return application().known_state() or "no guard has let this request in"


def _of_access(what: str, get: Callable[[RequestState, Token], Any]) -> Callable[[], Any]:
    def find() -> Any:
        state = _state()
        if isinstance(state, str):
            return Nothing(what, state)
        if state.access is None:
            return Nothing(what, "no guard has let this request in")
        if state.access.token is None:
            return Nothing(what, "the request came without a token")
        return get(state, state.access.token)

    return find


def _find_resource() -> Any:
    state = _state()
    if isinstance(state, str):
        return Nothing("current_resource", state)
    try:
        return state.resource()
    except LookupError as error:
        return Nothing("current_resource", str(error))


#: The verified token of this request; false where there is none.
current_token = cast(Token, LocalProxy(_of_access("current_token", lambda _, token: token)))

#: The user of the current token: what ``user_loader`` returned, else the claim schema's object.
current_user: Any = LocalProxy(
    _of_access("current_user", lambda state, token: state.answers.load_user(token))
)


def _find_user_for_templates() -> Any:
    try:
        return current_user._get_current_object()
    except HTTPException:
        return Nothing("current_user", "the user could not be loaded")


#: The same for templates, error pages among them, where there is nobody to answer 401 any more.
template_user: Any = LocalProxy(_find_user_for_templates)

#: What the endpoint is about, loaded at the first touch.
current_resource: Any = LocalProxy(_find_resource)
