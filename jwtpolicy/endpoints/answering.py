"""Answer with tokens in the way that was chosen, and with errors in the application's name."""

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

#: Where a pair of tokens may be put.
ANSWERS = (None, "cookies", "body", "both")


def answered(pair: TokenPair, where: str | None) -> Response:
    """Return the answer with *pair*.

    Args:
        pair: The tokens.
        where: ``cookies``, ``body`` or ``both``; None: in cookies where those are the only place
            for tokens.

    Raises:
        ConfigurationError: Cookies are no place for tokens here.
        IssueError: A cookie would be too long for browsers, or has no path yet.
    """
    is_hidden = None if where is None else where == "cookies"
    response: Response = pair.as_response(cookies=is_hidden)  # type: ignore[assignment] # of Werkzeug
    if where == "both":
        manager_here().set_cookies(response, pair)
    return response


def as_it_came(pair: TokenPair) -> Response:
    """Return the answer with *pair* in the way that the current token came."""
    is_hidden = manager_here().current_transport == "cookies"
    return answered(pair, "cookies" if is_hidden else "body")


def said_yes(answer: object, who: str) -> bool:
    """Return what a hook answers that says yes or no; a coroutine is no yes (HTTP-11).

    Raises:
        PolicyError: It is neither True nor False.
    """
    if type(answer) is not bool:
        if inspect.iscoroutine(answer):
            answer.close()
        msg = f"{who} returned {type(answer).__name__}, not True or False"
        raise PolicyError(msg)
    return answer


def logging_refusals(method: Method) -> Method:
    """Return *method* of a view, whose refusals are logged and sent in the application's name."""

    @wraps(method)
    def inner(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except AccessError as error:
            raise application().refused(error) from error.__cause__

    return cast(Method, inner)
