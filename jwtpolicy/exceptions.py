"""Exceptions of refusals and of set-up mistakes; the class attributes are the error table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from werkzeug.datastructures import Headers, WWWAuthenticate
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    HTTPException,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)
from werkzeug.wrappers import Response

from .decision import Outcome

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from .decision import Decision

# RFC 6750 section 3: the printable ASCII that may not stand in a challenge's values.
_UNQUOTABLE: Final = frozenset('"\\')

#: The realm that a challenge names when no application has set ``JWT_REALM``.
DEFAULT_REALM = "api"


class SetupError(Exception):
    """A mistake in the application's code or configuration, never in a request."""


class ConfigurationError(SetupError, ValueError):
    """A setting or a key cannot be used; the message names it and says what to write."""


class PolicyDefinitionError(SetupError, TypeError):
    """A policy or a guard is probably a mistake; the message says what to write."""


class SchemaError(SetupError, TypeError):
    """A claim schema cannot describe a token."""


class IssueError(SetupError, ValueError):
    """A token cannot be issued from the arguments that the application passed."""


class SubjectError(IssueError, TypeError):
    """The object that was passed as a user has no subject (``sub``)."""


class ForeignSubjectError(IssueError):
    """A user's subject begins with the prefix of other users, so it could be one of theirs.

    These are users of another type, or of a trusted issuer.
    """


class OtherUserError(IssueError):
    """A step-up was called with another user than the current one."""


class StoreNotConfiguredError(SetupError, RuntimeError):
    """A token store is needed, and the application is configured to have none."""


class ChallengeError(SetupError, ValueError):
    """A value cannot be written into a ``WWW-Authenticate`` header."""


class BridgeTokenError(SetupError):
    """The current token of one API was read behind a guard of the other API.

    During a migration both APIs may guard one application, and the current token of the one may
    mean nothing to the other. That is an error, and not a false value: otherwise a check such as
    ``if current_user and current_user.banned`` would admit everybody.
    """


class LoaderError(Exception):
    """The loader of a resource or user raised `AttributeError` or `LookupError`.

    These two would look as if ``current_resource.locked`` or ``current_resource["locked"]`` did not
    exist, although the object was never loaded. ``__cause__`` is the exception that the loader
    raised.
    """


def quoted(name: str, value: str) -> str:
    r"""Return ``name="value"``.

    Raises:
        ChallengeError: *value* holds a character that is not allowed there: only
            ``%x20-21 / %x23-5B / %x5D-7E`` may (:rfc:`6750#section-3`).
    """
    if not _is_quotable(value):
        msg = f"{name} in a challenge may hold printable ASCII without quote and backslash only"
        raise ChallengeError(msg)
    return f'{name}="{value}"'


def _is_quotable(value: str) -> bool:
    return value.isascii() and value.isprintable() and _UNQUOTABLE.isdisjoint(value)


class AccessError(HTTPException):
    """Base class of refusals: an error with status, JSON body and ``WWW-Authenticate`` challenge.

    Each subclass is also werkzeug's class of its status. So an application's handler of the status,
    such as ``@app.errorhandler(401)``, gets it, and `HTTPException.name` is the status's name.

    Attributes:
        code: The HTTP status.
        error: The machine-readable code in the body and the challenge.
        description: The stable text for people in the body and the challenge. It never contains
            anything from the request. An error handler may set another text; if that is not
            printable ASCII, the challenge leaves it out.
        outcome: The outcome of policies that leads to this refusal.
        has_challenge: Whether the answer has a ``WWW-Authenticate`` header.
        scheme: The scheme of that challenge; an error handler may set another one.
        parameters: The other parameters of the challenge: ``scope``, ``max_age`` (seconds),
            ``acr_values``.
        retry_after: Whole seconds after which trying again may help, or None. A fraction is
            rounded up.
    """

    # None, so that Flask files a handler of this class under all statuses, not under one.
    code: int | None = None
    error: ClassVar[str]
    description: str = "The request is not allowed."
    outcome: ClassVar[Outcome]
    has_challenge: ClassVar[bool] = False
    scheme: str = "Bearer"
    realm: str = DEFAULT_REALM
    resource_metadata: str | None = None
    #: The scopes that a client without a usable token should ask for, separated by spaces.
    asked_scope: str | None = None
    #: Whether the library answers it, and no handler of the application's.
    is_own_answer: bool = False
    #: The lines of the decision's tree that the body shows: in debug mode, and never else.
    shown_decision: tuple[str, ...] = ()

    def __init__(
        self,
        reason: str | None = None,
        *,
        decision: Decision | Callable[[], Decision] | None = None,
        parameters: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        # HTTPException.__init__ is skipped on purpose: it sets `response`, which is derived here.
        Exception.__init__(self, reason or self.description)
        self._reason = reason
        self._decision = decision
        self.parameters = dict(parameters or {})
        # RFC 9110 section 10.2.3 knows whole seconds; a clock says fractions.
        self.retry_after = None if retry_after is None else math.ceil(retry_after)

    def addressed(
        self, realm: str, resource_metadata: str | None = None, asked_scope: str | None = None
    ) -> AccessError:
        """Set the realm, `resource_metadata` and `asked_scope` of the challenge; return self."""
        self.realm = realm
        self.resource_metadata = resource_metadata
        self.asked_scope = asked_scope
        return self

    @property
    def reason(self) -> str:
        """The reason for the log; clients do not see it.

        By default it is the reason of the decision.
        """
        said = self._reason
        if not said and (decision := self.decision) is not None:
            said = decision.reason
        return said or self.description

    @reason.setter
    def reason(self, reason: str) -> None:
        self._reason = reason

    @property
    def decision(self) -> Decision | None:
        """The whole decision if a policy refused, else None.

        It is a tree with a node for each policy. It is made when it is first read.
        """
        if callable(self._decision):
            self._decision = self._decision()
        return self._decision

    @decision.setter
    def decision(self, decision: Decision | None) -> None:
        self._decision = decision

    def __str__(self) -> str:
        return f"{self.code} {self.error}: {self.reason}"

    @property
    def body(self) -> dict[str, Any]:
        """The answer's JSON: ``error`` and ``error_description`` (:rfc:`6749#section-5.2`).

        In debug mode ``decision`` is the tree of the decision, if there is one, as a list of lines.
        """
        told: dict[str, Any] = {"error": self.error, "error_description": self.description}
        if self.shown_decision:
            told["decision"] = list(self.shown_decision)
        return told

    @property
    def challenge(self) -> str | None:
        """The value of ``WWW-Authenticate``, or None (:rfc:`6750#section-3`)."""
        if not self.has_challenge:
            return None
        return f"{self.scheme} " + ", ".join([quoted("realm", self.realm), *self._challenged()])

    @property
    def www_authenticate(self) -> tuple[WWWAuthenticate, ...]:
        """The challenge as werkzeug's `Unauthorized` has it; empty if there is none."""
        parsed = WWWAuthenticate.from_header(self.challenge)
        return () if parsed is None else (parsed,)

    def _challenged(self) -> list[str]:
        """Return what the challenge says beside the realm.

        A description in another language mostly cannot stand there; it is left out then.
        """
        parts = [quoted("error", self.error)]
        if _is_quotable(self.description):
            parts.append(quoted("error_description", self.description))
        parts += [quoted(name, value) for name, value in self.parameters.items()]
        return parts + self._challenged_address()

    def _challenged_address(self) -> list[str]:
        """Return where the client gets a token: metadata of the resource, and scopes to ask for.

        Scopes only where it needs another token: other refusals name those that they are about.
        """
        needs_token = self.outcome in (Outcome.NO_TOKEN, Outcome.INVALID_TOKEN)
        scope = self.asked_scope if needs_token and "scope" not in self.parameters else None
        told = {"scope": scope, "resource_metadata": self.resource_metadata}
        return [quoted(name, value) for name, value in told.items() if value]

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer, without its content type."""
        headers = {"Cache-Control": "no-store"}
        if (challenge := self.challenge) is not None:
            headers["WWW-Authenticate"] = challenge
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return headers

    @property
    def data(self) -> dict[str, Any]:
        """The dictionary that flask-smorest and Flask-RESTX read from an exception.

        Of its members flask-smorest answers ``message`` and ``errors``, Flask-RESTX all.
        """
        body = self.body
        told = {"message": body["error_description"], "errors": body, "headers": self.headers}
        return {**body, **told}

    @property
    def response(self) -> Response:  # type: ignore[override] # derived, so that it is never stale
        """The whole answer. Flask-RESTful sends it as it is because it is not None."""
        body, told = self._told()
        headers = Headers()
        headers[:] = told  # at once, because adding one after the other takes five times as long
        return Response([body], self.code, headers)

    def _told(self) -> Told:
        """Return the bytes of the body, and the headers.

        Nearly all refusals of one application are told in a few ways, which are made once. All that
        those of the library's classes are made of is in the key; what a class of the application's
        own says may change with each request.
        """
        if self.shown_decision or type(self) not in _OWN_CLASSES:
            return _made(self)
        said = (type(self), self.error, self.description, self.code, self.has_challenge)
        address = (self.realm, self.resource_metadata, self.asked_scope)
        told = (self.scheme, *address, self.retry_after)
        key = (*said, *told, *self.parameters, *self.parameters.values())
        try:
            known = _TOLD.get(key)
        except TypeError:  # an application's handler may say it with more than text
            return _made(self)
        # With the types, because 1 and True are equal, and so are a text and an enumeration's
        # member, and written differently.
        types = list(map(type, key))
        if known is not None and known[0] == types:
            return known[1]
        made = _made(self)
        if known is None and len(_TOLD) < _MAX_TOLD:
            _TOLD[key] = (types, made)
        return made

    def get_response(
        self,
        environ: object = None,
        scope: dict[str, Any] | None = None,
    ) -> Response:
        return self.response

    def get_headers(
        self,
        environ: WSGIEnvironment | None = None,
        scope: dict[str, Any] | None = None,
    ) -> list[tuple[str, str]]:
        return [("Content-Type", "application/json"), *self.headers.items()]

    def get_body(
        self,
        environ: WSGIEnvironment | None = None,
        scope: dict[str, Any] | None = None,
    ) -> str:
        return json.dumps(self.body)


#: A body, and the headers of its answer.
Told = tuple[bytes, tuple[tuple[str, str], ...]]

_JSON: Final = ("Content-Type", "application/json")
#: Ways to tell refusals that are remembered. Applications have fewer, and what makes up new ones,
#: such as seconds to wait that are counted down, does not fill the memory.
_MAX_TOLD: Final = 512
#: Beside the types of the parts of its key.
_TOLD: Final[dict[tuple[object, ...], tuple[list[type], Told]]] = {}


def _made(error: AccessError) -> Told:
    body = (json.dumps(error.body) + "\n").encode()
    return body, (*error.headers.items(), _JSON, ("Content-Length", str(len(body))))


class NoTokenError(AccessError, Unauthorized):  # type: ignore[misc] # the challenge is derived
    """The endpoint requires a token and none was sent."""

    code = 401
    error = "token_required"
    description = "A token is required."
    outcome = Outcome.NO_TOKEN
    has_challenge = True

    def _challenged(self) -> list[str]:
        # RFC 6750 section 3.1: without credentials, "SHOULD NOT include an error code".
        return self._challenged_address()


class LoginFailedError(NoTokenError):
    """The credentials are wrong; the answer does not say which of them."""

    error = "invalid_credentials"
    description = "The credentials are wrong."


class InvalidClientError(AccessError, Unauthorized):  # type: ignore[misc] # the challenge is derived
    """The caller is not authenticated as one of the clients (:rfc:`6749#section-5.2`)."""

    code = 401
    error = "invalid_client"
    description = "The client could not be authenticated."
    outcome = Outcome.NO_TOKEN
    has_challenge = True
    # RFC 6749 section 5.2: the scheme is the one that clients authenticate by.
    scheme = "Basic"

    def _challenged(self) -> list[str]:
        # RFC 7617 section 2: the parameters of the scheme are others.
        return []


class InvalidTokenError(AccessError, Unauthorized):  # type: ignore[misc] # the challenge is derived
    """The token that was sent cannot be used.

    `reason` and ``__cause__`` say why, for the log. A client only sees which of the subclasses it
    is, so that it knows what to do next.
    """

    code = 401
    error = "invalid_token"
    description = "The token is invalid."
    outcome = Outcome.INVALID_TOKEN
    has_challenge = True


class ExpiredTokenError(InvalidTokenError):
    """``exp`` has passed (:rfc:`7519#section-4.1.4`)."""

    description = "The token has expired."


class RevokedTokenError(InvalidTokenError):
    """The token, its session or its subject was revoked, or the token was used up."""

    description = "The token has been revoked."


class WrongKindError(InvalidTokenError):
    """A token of another kind was sent, such as a refresh token in place of an access token."""

    description = "The token is of the wrong kind."


class UnknownUserError(InvalidTokenError):
    """The token's user does not exist any more, or may not log in."""


class InvalidRequestError(AccessError, BadRequest):
    """The credentials are malformed, or there are two of them (:rfc:`6750#section-3.1`)."""

    code = 400
    error = "invalid_request"
    description = "The request's credentials are malformed."
    outcome = Outcome.BAD_REQUEST
    has_challenge = True


class InvalidFieldError(InvalidRequestError):
    """A field of a form or of a JSON object is missing or malformed.

    There is no challenge: no token was looked at.

    Attributes:
        field: The name of the field, as the application has written it.
    """

    description = "A field is missing, empty, too long, or not one text."
    has_challenge = False

    def __init__(self, reason: str | None = None, *, field: str = "", **rest: Any) -> None:
        super().__init__(reason, **rest)
        self.field = field
        if field:
            self.description = f"The field {field!r} is missing, empty, too long, or not one text."


class NotATokenError(AccessError, BadRequest, ValueError):
    """A value that the application passed is not a token of this application.

    The value is an argument of a call, and not the token of the request. So the answer has no
    challenge, and the client does not throw its own token away.
    """

    code = 400
    error = "invalid_request"
    description = "The value is not a token."
    outcome = Outcome.BAD_REQUEST


class NotAnIdError(AccessError, BadRequest, ValueError):
    """A text that the application passed cannot be a subject or an id.

    It has more than 1024 characters, or contains NUL or a lone surrogate, which no token has there
    and not every store can keep. Text from clients may contain them, because JSON has escapes for
    them.
    """

    code = 400
    error = "invalid_request"
    description = "The value is not an id."
    outcome = Outcome.BAD_REQUEST


class InvalidQueryError(AccessError, BadRequest):
    """A parameter of the query string is malformed.

    Attributes:
        parameter: The name of the parameter.
    """

    code = 400
    error = "invalid_request"
    description = "The query is malformed."
    outcome = Outcome.BAD_REQUEST

    def __init__(self, reason: str | None = None, *, parameter: str = "", **rest: Any) -> None:
        super().__init__(reason, **rest)
        self.parameter = parameter
        if parameter:
            self.description = f"The parameter {parameter!r} of the query is malformed."


class UnsupportedTokenTypeError(AccessError, BadRequest):
    """Tokens of this kind cannot be revoked here (:rfc:`7009#section-2.2.1`)."""

    code = 400
    error = "unsupported_token_type"
    description = "Tokens of this type cannot be revoked."
    outcome = Outcome.BAD_REQUEST


class CSRFError(AccessError, Forbidden):
    """The CSRF check failed: a token came in a cookie, without its CSRF value."""

    code = 403
    error = "csrf_failed"
    description = "The CSRF check failed."
    outcome = Outcome.INVALID_TOKEN


class StepUpRequiredError(AccessError, Unauthorized):  # type: ignore[misc] # the challenge is derived
    """The user has to authenticate again, or more strongly (:rfc:`9470#section-3`)."""

    code = 401
    error = "insufficient_user_authentication"
    description = "A more recent or stronger authentication is required."
    outcome = Outcome.STEP_UP
    has_challenge = True


class InsufficientScopeError(AccessError, Forbidden):
    """The token's scope lacks what is needed (:rfc:`6750#section-3.1`)."""

    code = 403
    error = "insufficient_scope"
    description = "The token's scope is not sufficient."
    outcome = Outcome.INSUFFICIENT_SCOPE
    has_challenge = True


class AccessDeniedError(AccessError, Forbidden):
    """A policy denies the request."""

    code = 403
    error = "access_denied"
    outcome = Outcome.FORBIDDEN


class ForeignTokenError(AccessDeniedError):
    """A verb is about own users or own tokens, and the current token is another issuer's.

    Its subject may be the same text as that of a local user, and is somebody else. Such a token
    opens, renews, lists and ends no session of this application.
    """

    description = "A token of this application is needed."


class MissingClaimError(AccessDeniedError, KeyError):
    """A claim that a policy reads is absent, or of another JSON type than the policy asks for.

    It is a `KeyError` too, because ``token.claims["team"]`` raises it. If a policy reads an absent
    claim, it cannot decide, and the request is refused.
    """

    outcome = Outcome.MISSING_CLAIM


class ResourceNotFoundError(AccessError, NotFound):
    """The endpoint's resource does not exist."""

    code = 404
    error = "not_found"
    description = "The resource was not found."
    outcome = Outcome.NOT_FOUND


class RateLimitedError(AccessError, TooManyRequests):  # type: ignore[misc] # seconds alone
    """The client has sent too many requests."""

    code = 429
    error = "rate_limited"
    description = "Too many requests."
    outcome = Outcome.RATE_LIMITED


class StoreUnavailableError(AccessError, ServiceUnavailable):  # type: ignore[misc] # seconds alone
    """The token store cannot be reached; until it can, no request is admitted."""

    code = 503
    error = "temporarily_unavailable"
    description = "The service is temporarily unavailable."
    outcome = Outcome.ERROR

    def __init__(
        self, reason: str | None = None, *, retry_after: int | None = 5, **rest: Any
    ) -> None:
        super().__init__(reason, retry_after=retry_after, **rest)


class KeysUnavailableError(StoreUnavailableError):
    """An issuer's keys or server, or the ``find`` of an `IssuerResolver`, cannot be asked."""


class UserUnavailableError(StoreUnavailableError):
    """The application's user loader failed, or another hook that identifies a user or client.

    These hooks are ``authenticate``, ``limit``, ``failed`` and ``begin`` of the ready-made views of
    a login or a step-up, and ``client``, ``is_allowed`` and ``may_revoke`` of those for services.
    """


class PolicyError(AccessError, InternalServerError):
    """The application's own code is broken: a policy raised, or returned a wrong value."""

    code = 500
    error = "server_error"
    description = "The server could not decide."
    outcome = Outcome.ERROR

    @property
    def original_exception(self) -> BaseException | None:  # type: ignore[override] # derived
        """The exception that the application's code raised, or None."""
        return self.__cause__


#: The classes whose answers depend on nothing but what `AccessError._told` looks at.
_OWN_CLASSES: Final = frozenset(
    found
    for found in globals().values()
    if isinstance(found, type) and issubclass(found, AccessError)
)


def expect(
    value: object,
    types: type | tuple[type, ...],
    sentence: str,
    error: type[Exception] = TypeError,
    *,
    is_secret: bool = False,
) -> None:
    """Raise *error* unless *value* is of one of these types.

    Args:
        value: The argument.
        types: What it may be.
        sentence: What takes what, and how to write it.
        error: What is raised.
        is_secret: Whether *value* may be a secret, so that only its type is shown.

    Raises:
        Exception: *value* is of another type; the class is *error*.
    """
    if not isinstance(value, types):
        found = type(value).__name__ if is_secret else f"{value!r:.60}"
        msg = f"{sentence}, not {found}"
        raise error(msg)


def expect_several(
    value: object, sentence: str, error: type[Exception] = TypeError, *, is_secret: bool = False
) -> Iterable[object]:
    """Return *value* if it is an iterable, and not one text, which iterates over its characters.

    Raises:
        Exception: *value* is one text, or no iterable; the class is *error*.
    """
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return value
    expect(value, (), sentence, error, is_secret=is_secret)
    raise AssertionError  # pragma: no cover # nothing is of no type


def expect_names(value: object, sentence: str, error: type[Exception] = TypeError) -> None:
    """Raise *error* unless *value* is an iterable of non-empty strings.

    Raises:
        Exception: *value* is one text, no iterable, or holds something else; the class is *error*.
    """
    for name in expect_several(value, sentence, error):
        if name == "" or not isinstance(name, str):
            expect(value, (), sentence, error)
