"""Policies about the presented token: its kind, its issuer, its revocation and its user."""

from __future__ import annotations

from typing import ClassVar, Final, NoReturn, Self, TypeGuard

from werkzeug.exceptions import HTTPException

from ..decision import ALLOWED, Finding, Outcome
from ..exceptions import (
    AccessError,
    ExpiredTokenError,
    InvalidTokenError,
    PolicyDefinitionError,
    RevokedTokenError,
    WrongKindError,
)
from ..tokens.status import TokenStatus
from ..tokens.token import Token
from .base import (
    AnyOf,
    Not,
    Policy,
    without_application,
    without_frames,
    without_token,
    without_user,
)
from .program import IO, PURE, Builder, Node
from .request import AccessRequest, NoApplicationError


class Credential(Policy):
    """Base class of policies about the token itself: they allow or cannot tell, and never deny."""

    cost = PURE
    worst: ClassVar[Outcome] = Outcome.ERROR

    @property
    def is_async(self) -> bool:
        return False


class TokenKind(Credential):
    """The token is of this kind: its ``type`` claim is *kind*, and it has not expired.

    A guard has checked ``exp`` just before. In a view that runs for a long time, such as a stream,
    `enforce` checks it again.

    Attributes:
        kind: ``access``, ``refresh`` or a kind of the application's own.

    Example:
        >>> token = jwt.issue("ada", "download", expires_in=60)
        >>> print(jwt.explain(TokenKind("download"), token).outcome)
        ALLOW
    """

    kind: str

    def __init__(self, kind: str) -> None:
        if type(kind) is not str or not kind:
            msg = f"TokenKind takes the kind as a non-empty string, not {kind!r}"
            raise PolicyDefinitionError(msg)
        self.kind = kind

    def judge(self, access: AccessRequest) -> Finding:
        token = access.token
        if token is None:
            return without_token(access)
        if token._claims["type"] != self.kind:
            return wrong_kind(token.kind, self.kind)
        return _EXPIRED if _is_over(token, access) else ALLOWED


def _is_over(token: Token, access: AccessRequest) -> bool:
    """Whether *token* would not be accepted any more: another issuer has limits of its own."""
    if token._origin is None:
        return access.terms.is_over(token._claims.get("exp"))
    return access.terms.clock() >= token._origin.ends_at


def wrong_kind(kind: str, asked: str) -> Finding:
    """Return the finding for a token of another *kind* than the one that was asked for."""
    reason = f"the token is of the kind {kind!r}, asked is {asked!r}"
    return Finding(Outcome.INVALID_TOKEN, reason, error=WrongKindError(reason))


_EXPIRED: Final = Finding(
    Outcome.INVALID_TOKEN, "exp has passed", error=ExpiredTokenError("exp has passed")
)


class Access(TokenKind):
    """The token is an access token.

    Example:
        >>> print(jwt.explain(Access(), jwt.issue("ada")).outcome)
        ALLOW
    """

    def __init__(self) -> None:
        super().__init__("access")


class Refresh(TokenKind):
    """The token is a refresh token.

    Example:
        >>> print(jwt.explain(Refresh(), jwt.issue("ada")).outcome)
        INVALID_TOKEN
    """

    def __init__(self) -> None:
        super().__init__("refresh")


class Anonymous(Credential):
    """No token was sent: the only policy that allows requests without a token.

    ``~Anonymous()`` requires a verified token of any kind that the level accepts.

    .. warning:: **With** ``ignore_invalid=True`` **a user whose token has expired or was revoked
        is treated as a stranger**. There is no 401 that tells the client to refresh. Show only
        what strangers may see.

    Attributes:
        ignore_invalid: Whether this policy also allows if the token cannot be used, because it has
            expired, is forged, was revoked or is of another kind. No policy sees that token.

    Example:
        >>> print(jwt.explain(Anonymous()).outcome)
        ALLOW
        >>> print(jwt.explain(Anonymous(), jwt.issue("ada")).outcome)
        FORBIDDEN
    """

    worst = Outcome.FORBIDDEN
    ignore_invalid: bool

    def __init__(self, *, ignore_invalid: bool = False) -> None:
        self.ignore_invalid = _switch("Anonymous(ignore_invalid=…)", ignore_invalid)

    @property
    def refuses_nobody(self) -> bool:
        return False

    def judge(self, access: AccessRequest) -> Finding:
        if access.token is not None:
            return Finding(Outcome.FORBIDDEN, "a token was presented")
        if access.credential_error is None:
            return ALLOWED
        if self.ignore_invalid and is_ignorable(access.credential_error):
            return ALLOWED
        return without_token(access)

    def compile(self, builder: Builder, is_negated: bool) -> Node:
        if is_negated:
            return builder.literal(Authenticated(), False, Not(self))
        return super().compile(builder, False)


def is_ignorable(error: Exception) -> TypeGuard[InvalidTokenError]:
    """Whether ``Anonymous(ignore_invalid=True)`` may overlook *error*.

    Two tokens, a failed CSRF check and a store that is down are other classes on purpose.
    """
    return isinstance(error, InvalidTokenError)


class Authenticated(Credential):
    """A token was presented and verified: what ``~Anonymous()`` means."""

    def judge(self, access: AccessRequest) -> Finding:
        return without_token(access) if access.token is None else ALLOWED


class OptionalToken(AnyOf):
    """``Anonymous() | Access()``: an access token, or none at all.

    .. warning:: **With** ``ignore_invalid=True`` **a user whose token has expired or was revoked
        is treated as a stranger**, and gets no 401; see `Anonymous`.

    Args:
        ignore_invalid: Whether a token that cannot be used is treated as if none had been sent.

    Example:
        >>> print(jwt.explain(OptionalToken()).outcome)
        ALLOW
        >>> print(jwt.explain(OptionalToken(), jwt.issue("ada")).outcome)
        ALLOW
    """

    def __new__(cls, *, ignore_invalid: bool = False) -> Self:
        return super().__new__(cls, _anonymous(ignore_invalid), Access())

    def __init__(self, *, ignore_invalid: bool = False) -> None:
        super().__init__(_anonymous(ignore_invalid), Access())

    def __repr__(self) -> str:
        anonymous = self.members[0]
        ignores = isinstance(anonymous, Anonymous) and anonymous.ignore_invalid
        return f"OptionalToken({'ignore_invalid=True' if ignores else ''})"


def _anonymous(ignore_invalid: bool) -> Anonymous:
    ignores = _switch("OptionalToken(ignore_invalid=…)", ignore_invalid)
    return Anonymous(ignore_invalid=True) if ignores else Anonymous()


def _switch(name: str, value: object) -> bool:
    """Return *value* if it is True or False: text from a configuration would be neither.

    Raises:
        PolicyDefinitionError: *value* is not a bool.
    """
    if isinstance(value, bool):
        return value
    msg = f"{name} is True or False, not {value!r:.40}"
    raise PolicyDefinitionError(msg)


class OwnTokens(Credential):
    """One of this application's own keys signed the token; closing adds it."""

    def judge(self, access: AccessRequest) -> Finding:
        token = access.token
        if token is None:
            return without_token(access)
        if token.is_own:
            return ALLOWED
        reason = "another issuer's token was sent to a part that does not name it"
        return Finding(Outcome.INVALID_TOKEN, reason, error=InvalidTokenError(reason))


class NotRevoked(Credential):
    """Neither the token nor its session nor its subject was revoked; it reads the store once.

    A refresh token that was used passes within ``JWT_REFRESH_GRACE``, because it still gets the
    next token pair.

    Example:
        >>> token = jwt.issue("ada")
        >>> jwt.revoke(token)
        >>> print(jwt.explain(NotRevoked(), token).outcome)
        INVALID_TOKEN
    """

    cost = IO
    _passing: ClassVar[tuple[TokenStatus, ...]] = (TokenStatus.GOOD, TokenStatus.IN_GRACE)

    def judge(self, access: AccessRequest) -> Finding:
        token = access.token
        if token is None:
            return without_token(access)
        try:
            services = access._services or access.services
            standing = services.standing(token)
        except AccessError as error:
            return Finding(Outcome.ERROR, error.reason, error=without_frames(error))
        except NoApplicationError as error:
            return without_application(self, error)
        return ALLOWED if standing in self._passing else _revoked(standing)


def _revoked(standing: TokenStatus) -> Finding:
    reason = f"the store says {standing.value}"
    return Finding(Outcome.INVALID_TOKEN, reason, error=RevokedTokenError(reason))


class KnownUser(Credential):
    """The application's ``user_loader`` finds the user of the token.

    Example:
        >>> @jwt.user_loader
        ... def load(token):
        ...     return token.subject if token.subject in {"ada", "bob"} else None
        >>> print(jwt.explain(KnownUser(), jwt.issue("eve")).outcome)
        INVALID_TOKEN
    """

    cost = IO

    @property
    def is_awaited(self) -> bool:
        return True

    def judge(self, access: AccessRequest) -> Finding:
        if access.token is None:
            return without_token(access)
        try:
            access.user  # noqa: B018 # loads it
        except HTTPException as error:
            return without_user(error)
        except NoApplicationError as error:
            return without_application(self, error)
        return ALLOWED

    async def judge_async(self, access: AccessRequest) -> Finding:
        if access.token is None:
            return without_token(access)
        if access.user_error is None:
            await access.load_user()
        return ALLOWED if access.user_error is None else without_user(access.user_error)


class KnownForeignUser(KnownUser):
    """The same for tokens of other issuers, in an application without users of its own.

    The application adds it to the baseline, because an `Issuer` has a ``user_loader``. What is
    printed says what it asks of their tokens.
    """

    def __repr__(self) -> str:
        return "KnownUser()"

    def judge(self, access: AccessRequest) -> Finding:
        return ALLOWED if _is_own(access) else super().judge(access)

    async def judge_async(self, access: AccessRequest) -> Finding:
        return ALLOWED if _is_own(access) else await super().judge_async(access)


def _is_own(access: AccessRequest) -> bool:
    return access.token is not None and access.token._origin is None


class SingleUse(NotRevoked):
    """The token was not used before; the guard uses it up when it admits the request.

    HEAD uses nothing up: if GET would be admitted, the guard answers HEAD with 200 and does not
    call the view.

    Attributes:
        consume: Whether the guard uses up the token. If False, the view calls ``jwt.consume()``.

    Example:
        >>> @app.get("/file")
        ... @protect(TokenKind("download") & SingleUse())
        ... def file():
        ...     return "data"
        >>> token = jwt.issue("ada", "download", expires_in=60)
        >>> headers = {"Authorization": f"Bearer {token}"}
        >>> client = app.test_client()
        >>> [client.get("/file", headers=headers).status_code for _ in range(2)]
        [200, 401]
    """

    _passing = (TokenStatus.GOOD,)
    consume: bool

    def __init__(self, *, consume: bool = True) -> None:
        self.consume = _switch("SingleUse(consume=…)", consume)

    def judge(self, access: AccessRequest) -> Finding:
        # Of another issuer: an own one without `jti` counts as revoked.
        if access.token is not None and "jti" not in access.token._claims:
            return _WITHOUT_ID
        return super().judge(access)

    @property
    def is_single_use(self) -> bool:
        return True

    @property
    def is_consumed(self) -> bool:
        return self.consume


_NO_ID: Final = "a token without jti cannot be used up"
_WITHOUT_ID: Final = Finding(Outcome.INVALID_TOKEN, _NO_ID, error=InvalidTokenError(_NO_ID))


class Public(Policy):
    """Open to everybody: no token is read. It has to be the only policy, and cannot be combined.

    Example:
        >>> class Status(ProtectedView):
        ...     policies = Public()
        ...
        ...     def get(self):
        ...         return "up"
        >>> app.add_url_rule("/status", view_func=Status.as_view("status"))
        >>> app.test_client().get("/status").text
        'up'
    """

    is_combinable = False

    def compile(self, builder: Builder, is_negated: bool) -> NoReturn:
        msg = "Public() is not evaluated: an endpoint either has it or has policies"
        raise PolicyDefinitionError(msg)
