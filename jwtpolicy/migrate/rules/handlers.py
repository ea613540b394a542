"""Turn the loaders that answer refusals into handlers of the exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import libcst as cst

from ..nodes import expression
from ..parameters import free_parameter, is_unused, plain_parameters, set_parameters, uses
from ..work import Work
from .refusals import EXCEPTIONS

#: The exception that each loader was about.
HANDLERS: Final[Mapping[str, str]] = {
    "expired_token_loader": "ExpiredTokenError",
    "invalid_token_loader": "InvalidTokenError",
    "unauthorized_loader": "NoTokenError",
    "needs_fresh_token_loader": "StepUpRequiredError",
    "revoked_token_loader": "RevokedTokenError",
    "user_lookup_error_loader": "UnknownUserError",
}

#: What else the loader answered, or what else the handler answers now.
_BESIDE: Final[Mapping[str, str]] = {
    "invalid_token_loader": (
        "it answers expired, revoked and unknown ones too unless they have handlers of their own, "
        "and malformed requests are InvalidRequestError now"
    ),
    "unauthorized_loader": "a failed CSRF check was answered here too and is CSRFError now",
}


def rewrite_handler(work: Work, function: cst.FunctionDef, decorator: cst.Attribute) -> None:
    """Rewrite a loader into ``@app.errorhandler(…)``, where its parameters allow it."""
    loader = decorator.attr.value
    raised = HANDLERS[loader]
    app = work.apps.at(decorator)
    names = plain_parameters(function)
    is_text = len(names) == 1
    if app is None or not names or not (is_text or is_unused(work, function)):
        work.note(
            decorator,
            f"write @app.errorhandler({raised}) of {EXCEPTIONS}, whose function takes the error "
            "alone: the token is not handed on",
        )
        return
    error = free_parameter(function, "error")
    for use in (uses(work, function, names[0]) or ()) if is_text else ():
        work.edits.replace(use, expression(f"{error}.description"))
    set_parameters(work, function, error)
    handler = f"{app}.errorhandler({work.native(raised, EXCEPTIONS)})"
    work.edits.replace(decorator, expression(handler))
    if loader in _BESIDE:
        work.note(decorator, _BESIDE[loader])
