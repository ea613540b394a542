"""Answer with tokens in the way that was chosen, and with errors in the application's name."""

from __future__ import annotations

import inspect
import logging
from typing import TypeVar

from flask import Response

from ..exceptions import AccessError, PolicyError
from ..globals import application
from ..token import TokenPair

logger = logging.getLogger("jwtpolicy")

Refusal = TypeVar("Refusal", bound=AccessError)

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
        application().manager.set_cookies(response, pair)
    return response


def as_it_came(pair: TokenPair) -> Response:
    """Return the answer with *pair* in the way that the current token came."""
    is_hidden = application().manager.current_transport == "cookies"
    return answered(pair, "cookies" if is_hidden else "body")


def said_yes(answer: object, who: str) -> bool:
    """Return what a hook answers that says yes or no; a coroutine is no yes (HTTP-11).

    Raises:
        PolicyError: It is neither True nor False.
    """
    if type(answer) is not bool:
        if inspect.iscoroutine(answer):
            answer.close()
        reason = f"{who} returned {type(answer).__name__}, not True or False"
        logger.error("%s", reason)
        raise named(PolicyError(reason))
    return answer


def named(error: Refusal) -> Refusal:
    """Say in whose name the challenge of *error* is sent."""
    settings = application().settings
    error.addressed(settings.realm, settings.resource_metadata)
    return error
