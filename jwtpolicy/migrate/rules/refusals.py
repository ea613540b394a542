"""Turn the names of exceptions into those of this library, and find PyJWT's."""

from __future__ import annotations

from typing import Final

import libcst as cst

from ..facts import Reference
from ..work import Work

EXCEPTIONS: Final = "jwtpolicy.exceptions"

#: What the exceptions are called here.
_OURS: Final = {
    "JWTExtendedException": "AccessError",
    "JWTDecodeError": "InvalidTokenError",
    "InvalidHeaderError": "InvalidRequestError",
    "InvalidQueryParamError": "InvalidRequestError",
    "NoAuthorizationError": "NoTokenError",
    "CSRFError": "CSRFError",
    "WrongTokenError": "WrongKindError",
    "RevokedTokenError": "RevokedTokenError",
    "FreshTokenRequired": "StepUpRequiredError",
    "UserLookupError": "UnknownUserError",
    "UserClaimsVerificationError": "AccessDeniedError",
}

#: PyJWT's exceptions that applications catch.
_PYJWT: Final = {
    "ExpiredSignatureError": "ExpiredTokenError",
    "PyJWTError": "InvalidTokenError",
    "InvalidTokenError": "InvalidTokenError",
    "DecodeError": "InvalidTokenError",
    "InvalidSignatureError": "InvalidTokenError",
    "InvalidAudienceError": "InvalidTokenError",
    "InvalidIssuerError": "InvalidTokenError",
    "ImmatureSignatureError": "InvalidTokenError",
    "MissingRequiredClaimError": "InvalidTokenError",
}


def rewrite_exception(work: Work, reference: Reference) -> None:
    """Rewrite the name of an exception, wherever it stands."""
    ours = _OURS.get(reference.name.removeprefix("exceptions."))
    if ours is None:
        work.note(reference.node, f"{reference.name} is not known here: see {EXCEPTIONS}")
    elif reference.call is not None:
        work.note(reference.node, f"raise {ours} of {EXCEPTIONS}, with a reason for the log")
    else:
        work.become(reference, work.native(ours, EXCEPTIONS))


def find_foreign(work: Work) -> None:
    """Find where PyJWT's exceptions are awaited, which are not raised here."""
    for node in work.source.nodes:
        if isinstance(node, cst.Name | cst.Attribute) and _is_awaited(work, node):
            ours = _of_pyjwt(work, node)
            if ours is not None:
                work.note(node, f"this is not raised by guards here: await {ours} of {EXCEPTIONS}")


def _of_pyjwt(work: Work, node: cst.CSTNode) -> str | None:
    for origin in work.source.origins(node):
        package, _, name = origin.rpartition(".")
        if package in ("jwt", "jwt.exceptions"):
            return _PYJWT.get(name)
    return None


def _is_awaited(work: Work, node: cst.CSTNode) -> bool:
    """Whether *node* is what an ``except`` or an ``errorhandler`` is for."""
    deciding = (cst.ExceptHandler, cst.Call, cst.BaseStatement, cst.BaseSmallStatement)
    parents = work.source.parents(node)
    above = next((found for found in parents if isinstance(found, deciding)), None)
    if isinstance(above, cst.Call) and isinstance(above.func, cst.Attribute):
        return above.func.attr.value in _REGISTERING
    # What the body of a handler holds is below its statements.
    return isinstance(above, cst.ExceptHandler)


_REGISTERING: Final = ("errorhandler", "app_errorhandler", "register_error_handler")
