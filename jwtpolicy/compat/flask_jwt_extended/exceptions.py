"""The exceptions of Flask-JWT-Extended, as HTTP exceptions that know their response.

They are HTTP exceptions, so that Flask and the frameworks that stand on it answer them without an
error handler, and an application's own ``errorhandler`` for one of them, on a blueprint too, wins.
"""

from __future__ import annotations

import re
from functools import cache, cached_property
from typing import Any, ClassVar, Final

import jwt
from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from ...exceptions import quoted
from .callbacks import current_loaders
from .config import config

#: The claims set or the header of a token.
Members = dict[str, Any]


class _Code:
    """The status of the answer.

    On a class it is the number under which Flask keeps handlers, one for all of them: so a
    handler of `Exception` or `HTTPException`, which has none, comes later (C12).
    """

    def __get__(self, error: Answered | None, owner: type) -> int:
        return 401 if error is None else error.response.status_code


class Answered(HTTPException):
    """An error that one of the manager's loaders answers.

    Attributes:
        loader: The name of the loader, without ``_loader``.
        arguments: The arguments of the call.
        challenge: The error that a challenge names, or None (:rfc:`6750#section-3`).
    """

    code = _Code()
    loader: ClassVar[str] = "invalid_token"
    challenge: ClassVar[str | None] = "invalid_token"

    def __init__(self, *args: object) -> None:
        # HTTPException.__init__ is skipped on purpose: it sets `response`, which is derived here.
        Exception.__init__(self, *args)
        self.arguments: tuple[Any, ...] = (str(self),)

    __str__ = Exception.__str__
    __repr__ = Exception.__repr__

    @cached_property
    def response(self) -> Response:  # type: ignore[override] # derived
        """The response of the loader, with a challenge (:rfc:`9110#section-11.6.1`).

        It is called once, whatever a framework reads of the error.
        """
        called = current_loaders().call(self.loader, *self.arguments)
        response = current_app.make_response(called)
        if response.status_code == 401:
            response.headers.setdefault("WWW-Authenticate", _challenge(self.challenge))
        return response

    def get_response(self, environ: object = None, scope: object = None) -> Response:
        # What Flask-RESTX reads instead of a body of its own, and of the answer of a handler that
        # the API has for the error: only where there is none it asks for this response first.
        self.data = self.response.get_json(silent=True)
        return self.response


def _challenge(error: str | None) -> str:
    said = {"realm": config.shared.realm, "error": error}
    said["resource_metadata"] = config.shared.resource_metadata
    return "Bearer " + ", ".join(quoted(name, value) for name, value in said.items() if value)


class AboutToken(Answered):
    """An error about a token that verified."""

    def __init__(self, message: str, jwt_header: Members, jwt_data: Members) -> None:
        super().__init__(message)
        self.jwt_header, self.jwt_data = self.arguments = jwt_header, jwt_data


class JWTExtendedException(Answered):  # the name that applications import
    """The root of the errors below."""


class JWTDecodeError(JWTExtendedException):
    """A required claim is absent, or the request has two tokens."""


class InvalidHeaderError(JWTExtendedException):
    """The header does not hold one scheme and one token."""


class InvalidQueryParamError(JWTExtendedException):
    """The parameter is there twice, or does not begin with its prefix."""


class WrongTokenError(JWTExtendedException):
    """The token is of another type than the endpoint accepts, such as an access token."""


class NoAuthorizationError(JWTExtendedException):
    """The request has no token in any token location."""

    loader, challenge = "unauthorized", None


class CSRFError(JWTExtendedException):
    """The token of a cookie came without its CSRF value."""

    loader, challenge = "unauthorized", None


class RevokedTokenError(AboutToken, JWTExtendedException):
    """The token was revoked."""

    loader = "revoked_token"

    def __init__(self, jwt_header: Members, jwt_data: Members) -> None:
        super().__init__("Token has been revoked", jwt_header, jwt_data)


class FreshTokenRequired(AboutToken, JWTExtendedException):
    """The token is not fresh, or not fresh any more."""

    loader, challenge = "needs_fresh_token", "insufficient_user_authentication"


class UserLookupError(AboutToken, JWTExtendedException):
    """The token's user is not known."""

    loader = "user_lookup_error"


class UserClaimsVerificationError(AboutToken, JWTExtendedException):
    """The application's own check of the claims failed."""

    loader = "token_verification_failed"


class _Expired(AboutToken):
    """The answer to an expired token, mixed into `jwt.ExpiredSignatureError`."""

    loader = "expired_token"


_PLAIN: Final = re.compile(r"[\w .,()'\"-]+", re.ASCII)


def answered(error: jwt.PyJWTError, *about: Members) -> Exception:
    """Return PyJWT's *error* with a response, as an instance of its class and of `Answered`.

    That a token has expired is answered with what stands in it: *about* is its header and claims.
    Its text is PyJWT's as far as nothing in it can come from the token or from the inside (S19).
    """
    text = str(error).partition(":")[0]
    said = text if _PLAIN.fullmatch(text) else "The token is malformed"
    made = _combined((type(error), _Expired if about else Answered))(said, *about)
    vars(made).update(vars(error))
    return made


@cache
def _combined(bases: tuple[type[jwt.PyJWTError], type[Answered]]) -> type[Exception]:
    # PyJWT's first, so that handlers which an application has for its classes come first too.
    found, answer = bases
    members = {"__init__": answer.__init__, "__str__": answer.__str__}
    return type(found.__name__, bases, members)
