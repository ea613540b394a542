"""Responses of the ready-made views: token pairs in cookies or body, and logged refusals."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response

from ..app.bound_app import application
from ..exceptions import AccessError, PolicyError
from ..extension import manager_here
from ..sessions.results import TokenPair

Method = TypeVar("Method", bound=Callable[..., Any])

#: The ways to deliver a pair of tokens.
ANSWERS = (None, "cookies", "body", "both")


def answered(pair: TokenPair, where: str | None) -> Response:
    """Return the response that delivers *pair*, in cookies, in the body, or in both.

    Args:
        pair: The tokens.
        where: ``cookies``, ``body`` or ``both``; None: in cookies where those are the only place
            for tokens.

    Raises:
        ConfigurationError: *where* asks for cookies, and ``JWT_TOKEN_LOCATION`` has none.
        IssueError: A cookie would be too long for browsers, or has no path yet.
    """
    is_hidden = None if where is None else where == "cookies"
    response: Response = pair.as_response(cookies=is_hidden)  # type: ignore[assignment] # of Werkzeug
    if where == "both":
        manager_here().set_cookies(response, pair)
    return response


def as_it_came(pair: TokenPair) -> Response:
    """Return the response that delivers *pair* by the transport of the current token."""
    is_hidden = manager_here().current_transport == "cookies"
    return answered(pair, "cookies" if is_hidden else "body")


def said_yes(answer: object, who: str) -> bool:
    """Return the answer of a yes-or-no hook; a coroutine is no yes (HTTP-11).

    Raises:
        PolicyError: The hook *who* returned neither True nor False.
    """
    if type(answer) is not bool:
        if inspect.iscoroutine(answer):
            answer.close()
        msg = f"{who} returned {type(answer).__name__}, not True or False"
        raise PolicyError(msg)
    return answer


def logging_refusals(method: Method) -> Method:
    """Return *method* of a view with its refusals logged and their challenge's realm set."""

    @wraps(method)
    def inner(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except AccessError as error:
            raise application().refused(error) from error.__cause__

    return cast(Method, inner)
