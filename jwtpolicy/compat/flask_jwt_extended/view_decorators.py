"""Guard endpoints by a decorator, or by a call."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar, cast

from flask import Flask, current_app, request

from ...exceptions import PolicyDefinitionError
from . import exceptions as errors
from .config import config
from .current import Admitted, keep
from .exceptions import Members
from .loaders import Loaders, current_loaders
from .places import presented
from .revoked import is_revoked
from .tokens import Decoded, decode

P = ParamSpec("P")
Result = TypeVar("Result")
View = TypeVar("View", bound=Callable[..., Any])

#: The name under which a view carries what its guard demands, for the audit.
MARK: Final = "__jwtpolicy_bridge__"


@dataclass(frozen=True, slots=True)
class Demand:
    """What an endpoint asks of its callers.

    Attributes:
        optional: Callers without a token are let in.
        fresh: The token has to be fresh.
        refresh: It has to be a refresh token, not an access token.
        locations: Where it may stand; None: where the application looks.
        verify_type: With False access and refresh tokens are both let in.
        skip_revocation_check: With True nobody is asked whether it was revoked.
    """

    optional: bool = False
    fresh: bool = False
    refresh: bool = False
    locations: str | Collection[str] | None = None
    verify_type: bool = True
    skip_revocation_check: bool = False

    def __post_init__(self) -> None:
        """Refuse what can never be passed (C18, C19)."""
        if callable(self.optional):
            raise PolicyDefinitionError("write @jwt_required(), with parentheses")
        if self.fresh and self.refresh and self.verify_type:
            msg = "jwt_required(fresh=True, refresh=True) lets nobody in: no refresh token is fresh"
            raise PolicyDefinitionError(msg)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of token that are let in."""
        if not self.verify_type:
            return ("refresh", "access") if self.refresh else ("access", "refresh")
        return ("refresh",) if self.refresh else ("access",)

    def __str__(self) -> str:
        named = ((field.name, getattr(self, field.name), field.default) for field in fields(self))
        said = [f"{name}={value!r}" for name, value, default in named if value != default]
        return f"jwt_required({', '.join(said)})"


def _taking(
    make: Callable[P, Demand],
) -> Callable[[Callable[[Demand], Result]], Callable[P, Result]]:
    """Give a function of a demand the demand's own parameters."""

    def decorate(function: Callable[[Demand], Result]) -> Callable[P, Result]:
        @wraps(function)
        def taking(*args: P.args, **kwargs: P.kwargs) -> Result:
            return function(make(*args, **kwargs))

        taking.__signature__ = inspect.signature(make)  # type: ignore[attr-defined] # for help()
        return taking

    return decorate


@_taking(Demand)
def verify_jwt_in_request(demand: Demand) -> tuple[Members, Members] | None:
    """Let the request pass if its token does, or raise what answers it; see `Demand`.

    Returns:
        The header and the claims; None without a token, or where the function is itself one of
        the application's ``before_request`` functions: Flask would send them as the answer (S4).
    """
    token = _admit(demand)
    return None if token is None or _is_hook() else (token.header, token.claims)


@_taking(Demand)
def jwt_required(demand: Demand) -> Callable[[View], View]:
    """Guard a view; see `Demand` for the arguments.

    Raises:
        PolicyDefinitionError: No token could pass, or the parentheses are missing.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            _admit(demand)
            return current_app.ensure_sync(view)(*args, **kwargs)

        setattr(guarded, MARK, str(demand))
        return cast(View, guarded)

    return decorate


def _is_hook() -> bool:
    """Whether Flask itself called `verify_jwt_in_request`, and takes what it returns."""
    # The frames: this function, `verify_jwt_in_request`, `taking` around it, and the caller.
    return sys._getframe(3).f_code is Flask.preprocess_request.__code__


def _admit(demand: Demand) -> Decoded | None:
    """Let the request in and remember its token, or raise what answers it."""
    if _is_free_options():
        return None
    try:
        found = presented(demand.locations, demand.kinds)
    except errors.NoAuthorizationError:
        if not demand.optional:
            raise
        keep(Admitted())
        return None
    loaders = current_loaders()
    token = decode(found.encoded, found.csrf, at_guard=True)
    _check(token, demand, loaders)
    user = _user_of(token, loaders)
    # Kept at the very end, so that nothing is there where anything failed.
    keep(Admitted(token, found.location, loaders.has("user_lookup"), user))
    return token


def _is_free_options() -> bool:
    """Whether nobody's view would answer this OPTIONS request (S18, HTTP-8)."""
    if request.method != "OPTIONS":
        return False
    is_automatic = getattr(request.url_rule, "provide_automatic_options", False)
    return bool(is_automatic) or config.is_on("JWT_COMPAT_OPTIONS_VIEW")


def _check(token: Decoded, demand: Demand, loaders: Loaders) -> None:
    header, claims = token.header, token.claims
    if claims["type"] not in demand.kinds:
        msg = f"Only {'refresh' if demand.refresh else 'non-refresh'} tokens are allowed"
        raise errors.WrongTokenError(msg)
    if demand.fresh and not _is_fresh(claims["fresh"]):
        msg = "Fresh token required"
        raise errors.FreshTokenRequired(msg, header, claims)
    if not demand.skip_revocation_check and is_revoked(token, loaders):
        raise errors.RevokedTokenError(header, claims)
    if not loaders.call("token_verification", token.header, token.claims):
        msg = "User claims verification failed"
        raise errors.UserClaimsVerificationError(msg, header, claims)


def _user_of(token: Decoded, loaders: Loaders) -> Any:
    if not loaders.has("user_lookup"):
        return None
    user = loaders.call("user_lookup", token.header, token.claims)
    if user is None:
        msg = "the user is not known"
        raise errors.UserLookupError(msg, token.header, token.claims)
    return user


def _is_fresh(fresh: bool | float) -> bool:
    """Judge the claim ``fresh``; the first gate has seen to its type (C7, C22)."""
    if isinstance(fresh, bool):
        return fresh
    leeway = config.leeway
    seconds = leeway.total_seconds() if isinstance(leeway, timedelta) else leeway
    return fresh + seconds >= datetime.now(UTC).timestamp()
