"""Rewrite the names of exceptions to those of this library, and find PyJWT's."""

from __future__ import annotations

import ast
from typing import Final

from ..application import Reference
from ..work import Work
from .loaders import EXCEPTIONS
from .reading import move

#: The names of the equivalent exceptions in this library.
_OURS: Final = {
    "InvalidHeaderError": "InvalidRequestError",
    "InvalidQueryParamError": "InvalidRequestError",
    "NoAuthorizationError": "NoTokenError",
    "CSRFError": "CSRFError",
    "WrongTokenError": "WrongKindError",
    "RevokedTokenError": "RevokedTokenError",
    "FreshTokenRequired": "StepUpRequiredError",
    "UserLookupError": "UnknownUserError",
}
_REGISTERING: Final = ("errorhandler", "app_errorhandler", "register_error_handler")


def rewrite_exception(work: Work, reference: Reference) -> None:
    """Rewrite the name of an exception, wherever it stands."""
    ours = _OURS.get(reference.name.removeprefix("exceptions."))
    call = reference.call
    if ours is None:
        work.hinder(
            reference.node,
            "it means more than one exception here: name those that are meant, such as "
            "NoAuthorizationError and RevokedTokenError",
        )
    elif call is not None and (len(call.args) != 1 or call.keywords):
        work.hinder(reference.node, "raise an exception of your own, which needs no token")
    elif isinstance(reference.node, ast.Name):
        alias = work.native(ours, EXCEPTIONS)
        if alias != reference.node.id:
            work.source.replace(reference.node, alias)
    else:
        move(work, reference, ours, EXCEPTIONS)


def find_foreign(work: Work) -> None:
    """Add hindrances where PyJWT's exceptions are handled, which guards do not raise here."""
    for node in work.source.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and _is_awaited(work, node):
            package, _, name = (work.source.origin(node) or "").rpartition(".")
            if package in ("jwt", "jwt.exceptions") and name.endswith(("Error", "Exception")):
                work.hinder(
                    node,
                    f"{name} is PyJWT's, and guards do not raise it here: answer refusals in "
                    "@jwt.expired_token_loader and its like, and catch it around jwt.decode alone",
                )


def _is_awaited(work: Work, node: ast.AST) -> bool:
    """Whether *node* is handled: by an ``errorhandler``, or an ``except`` around references."""
    deciding = (ast.ExceptHandler, ast.Call, ast.stmt)
    above = next(found for found in work.source.parents(node) if isinstance(found, deciding))
    if isinstance(above, ast.ExceptHandler):
        # What the body of a handler holds is below its statements.
        guarded = work.source.parent(above)
        inside = {n for s in getattr(guarded, "body", ()) for n in ast.walk(s)}
        return any(reference.node in inside for reference in work.file.references)
    function = above.func if isinstance(above, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr in _REGISTERING
