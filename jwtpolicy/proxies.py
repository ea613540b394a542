"""Reach a request's token, user and resource anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn, cast

from flask import Flask, current_app, has_request_context
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy

from .app.bound_app import EXTENSION, BoundApp, application
from .exceptions import (
    AccessError,
    BridgeTokenError,
    LoaderError,
    NoTokenError,
    SetupError,
    SubjectError,
    UnknownUserError,
)
from .guards.request_state import RequestState
from .sessions.revocation import LetIn, let_in_elsewhere
from .tokens.token import Token

_UNGUARDED: Final = "no guard has let this request in"


class Nothing:
    """Stands for a token, a user or a resource that is not there: false, and it says why.

    A template can read any attribute of it: Jinja renders what raises `AttributeError` as empty.
    """

    #: A copy is asked for attributes before it has any.
    _what = _why = ""

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


class NativeUser:
    """Stands at the bridge for whom a native guard has let in: an error, whatever is asked of it.

    It is an object, because Python takes what a proxy raises while ``==`` is looked up for False.
    """

    def _refuse(self, *_: object) -> NoReturn:
        msg = "a native guard has let this request in; import current_user from jwtpolicy"
        raise BridgeTokenError(msg)

    __bool__ = __eq__ = __str__ = __getattr__ = _refuse
    __class__ = property(_refuse)  # for isinstance


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


class RequestProxy(LocalProxy[Any]):
    """Stands for an object of the current request, which may have to be loaded.

    What a loader raises passes through every operation. werkzeug's proxy takes a `RuntimeError`
    for "there is no object", which is false, and Python takes whatever is raised while it looks
    up ``__eq__``, ``__iter__`` and the like for "there is no such method"; here they are methods,
    which load when they are called. A request without an object has `Nothing`.
    """

    __slots__ = ()

    @property  # type: ignore[misc] # werkzeug's are descriptors of its own, here and below
    def __class__(self) -> type:
        return type(loaded(self, AttributeError))

    def __getattr__(self, name: str) -> Any:
        return getattr(loaded(self, AttributeError), name)

    def __getitem__(self, key: Any) -> Any:
        return loaded(self, AttributeError, LookupError, TypeError)[key]

    def __next__(self) -> Any:
        return next(loaded(self, StopIteration))

    def __iter__(self) -> Iterator[Any]:
        return iter(loaded(self, TypeError))

    def __contains__(self, item: object) -> bool:
        return item in self._get_current_object()

    def __len__(self) -> int:
        return len(self._get_current_object())

    def __bool__(self) -> bool:
        return bool(self._get_current_object())

    def __repr__(self) -> str:
        return repr(self._get_current_object())

    def __str__(self) -> str:
        return str(self._get_current_object())

    def __hash__(self) -> int:
        return hash(self._get_current_object())

    def __dir__(self) -> list[str]:
        return dir(self._get_current_object())

    def __eq__(self, other: object) -> Any:
        return self._get_current_object() == other

    def __ne__(self, other: object) -> Any:
        return self._get_current_object() != other

    def __lt__(self, other: Any) -> Any:
        return self._get_current_object() < other

    def __le__(self, other: Any) -> Any:
        return self._get_current_object() <= other

    def __gt__(self, other: Any) -> Any:
        return self._get_current_object() > other

    def __ge__(self, other: Any) -> Any:
        return self._get_current_object() >= other


def loaded(proxy: RequestProxy, *signals: type[Exception]) -> Any:
    """Return the object for an operation that says by *signals* what it does not find.

    Raises:
        LoaderError: The loader raised one of them. An answer to the request passes through.
        Exception: Whatever else the loader raised.
    """
    try:
        return proxy._get_current_object()
    except HTTPException:
        raise
    except signals as error:
        msg = f"the loader raised {type(error).__name__}"
        raise LoaderError(msg) from error


class ManagerProxy(RequestProxy):
    """Stands for the manager; what inspects modules may ask for its class and text anywhere."""

    __slots__ = ()

    @property  # type: ignore[misc] # as in `RequestProxy`
    def __class__(self) -> type:
        try:
            return type(self._get_current_object())
        except (RuntimeError, SetupError):
            return ManagerProxy

    def __repr__(self) -> str:
        try:
            return super().__repr__()
        except (RuntimeError, SetupError):
            return "<no current_manager>"


def _state() -> RequestState | str:
    """Return what is known of the current request, or why there is nothing to know."""
    if not has_request_context():
        return "there is no request"
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # a proxy
    found: BoundApp | None = app.extensions.get(EXTENSION)
    if found is not None:
        state = found.known_state()
        if state is None and _bridged() is not None:
            state = found.state()
        return state or _UNGUARDED
    if _bridged() is not None:
        msg = "the bridge guards this view, and the application has no native JWTManager"
        raise BridgeTokenError(msg)
    return "this application has no JWTManager"


def _bridged() -> LetIn | None:
    """Return what a guard of the bridge has let the current request in with, or None."""
    return let_in_elsewhere(current_app.extensions)


def known_state() -> RequestState | None:
    """Return what is known of the current request; None where no guard has met it.

    Raises:
        SetupError: The application has no `JWTManager`.
    """
    found = application()
    state = found.known_state()
    is_bridged = state is None and has_request_context() and _bridged() is not None
    return found.state() if is_bridged else state


def token_let_in(state: RequestState) -> Token | None:
    """Return the current token; where no native guard has run, that of the bridge's.

    Raises:
        BridgeTokenError: The bridge has let in what is no token here.
    """
    access = state.access
    if access is not None:
        return access.token
    bridged = _bridged()
    if bridged is None or bridged.encoded is None:
        return None
    return state.answers.shown(bridged.encoded)


def place_let_in(state: RequestState) -> str | None:
    """Return where the current token stood; None without a token."""
    if state.access is not None:
        return state.access.transport
    bridged = _bridged()
    return None if bridged is None else bridged.place


def _why_nobody(state: RequestState | str) -> str:
    """Return why there is no token."""
    if isinstance(state, str):
        return state
    is_guarded = state.access is not None or _bridged() is not None
    return "the request came without a token" if is_guarded else _UNGUARDED


def _answering(load: Callable[..., Any], *arguments: Any) -> Any:
    """Return what *load* does; its refusal is logged, and sent in the application's name."""
    try:
        return load(*arguments)
    except AccessError as error:
        raise application().refused(error, may_be_caught=True) from error.__cause__


def _find_token() -> Any:
    state = _state()
    token = None if isinstance(state, str) else token_let_in(state)
    return Nothing("current_token", _why_nobody(state)) if token is None else token


def _find_user() -> Any:
    return _user_in(_state())


def _user_in(state: RequestState | str) -> Any:
    if isinstance(state, str) or (token := token_let_in(state)) is None:
        return Nothing("current_user", _why_nobody(state))
    return _answering(state.answers.load_user, token)


def _find_resource() -> Any:
    state = _state()
    if isinstance(state, str):
        return Nothing("current_resource", state)
    access = state.access
    if access is None and _bridged() is not None:
        msg = (
            "the guard of this view is the bridge's, which loads no resource; write @protect() "
            "with load_resource, or load the object in the view"
        )
        raise BridgeTokenError(msg)
    if access is None:
        return Nothing("current_resource", _UNGUARDED)
    if access.loader is None:
        return Nothing("current_resource", "its guard has no load_resource and no resource=")
    return _answering(state.resource)


#: The verified token of this request; false where there is none. Behind a guard of the bridge it is
#: the bridge's, where it is one for native guards too; else to touch it is a `BridgeTokenError`.
current_token = cast(Token, RequestProxy(_find_token))

#: The user of the current token: what ``user_loader`` returned, else the claim schema's object.
current_user: Any = RequestProxy(_find_user)


def _find_token_for_templates() -> Any:
    try:
        return _find_token()
    except BridgeTokenError as error:
        return Nothing("current_token", str(error))


def _find_user_for_templates() -> Any:
    state = _state()
    if isinstance(state, RequestState) and state.answers.is_answering_user_error():
        return Nothing("current_user", "the user could not be loaded, and this is the answer")
    try:
        return _user_in(state)
    except UnknownUserError:
        return Nothing("current_user", "the user is not known any more")
    except BridgeTokenError as error:
        return Nothing("current_user", str(error))


#: The same for templates, where what is none for the native API is not there, and a user who is
#: refused is none. What the loader raised passes through, so that no page takes an outage for a
#: stranger; the error page that answers it greets nobody.
template_token: Any = RequestProxy(_find_token_for_templates)
template_user: Any = RequestProxy(_find_user_for_templates)

#: What the endpoint is about, loaded at the first touch.
current_resource: Any = RequestProxy(_find_resource)
