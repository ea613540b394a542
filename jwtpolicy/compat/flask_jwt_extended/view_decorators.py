"""The guards `jwt_required` and `verify_jwt_in_request`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from copy import deepcopy
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from typing import Any, Final, TypeVar, cast

from flask import Flask, current_app, request

from ...exceptions import PolicyDefinitionError
from . import exceptions as errors
from .callbacks import current_loaders
from .config import config
from .current import Admitted, keep
from .exceptions import Members
from .places import presented
from .revoked import is_revoked
from .tokens import Decoded, decode, is_spoofed

View = TypeVar("View", bound=Callable[..., Any])

#: The name under which a guard carries its view and what it demands of it, for the audit.
MARK: Final = "__jwtpolicy_bridge__"


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard of a view: the decorator that ``jwt_required`` is.

    Args:
        optional: Callers without a token are let in.
        fresh: The token has to be fresh.
        refresh: It has to be a refresh token, not an access token.
        locations: The token locations; None: ``JWT_TOKEN_LOCATION``.
        verify_type: With False access and refresh tokens are both let in.
        skip_revocation_check: With True nobody is asked whether it was revoked.

    Raises:
        PolicyDefinitionError: No token could pass, or the parentheses are missing.
    """

    optional: bool = False
    fresh: bool = False
    refresh: bool = False
    locations: str | Collection[str] | None = None
    verify_type: bool = True
    skip_revocation_check: bool = False

    def __post_init__(self) -> None:
        """Refuse options that no token can satisfy (C18, C19)."""
        if callable(self.optional):
            raise PolicyDefinitionError("write @jwt_required(), with parentheses")
        if self.fresh and self.refresh and self.verify_type:
            msg = "jwt_required(fresh=True, refresh=True) admits nobody: no refresh token is fresh"
            raise PolicyDefinitionError(msg)

    def __call__(self, view: View) -> View:
        """Return *view*, guarded."""

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            self.admit()
            return current_app.ensure_sync(view)(*args, **kwargs)

        setattr(guarded, MARK, (view, str(self)))
        return cast(View, guarded)

    def __str__(self) -> str:
        named = ((field.name, getattr(self, field.name), field.default) for field in fields(self))
        said = [f"{name}={value!r}" for name, value, default in named if value != default]
        return f"jwt_required({', '.join(said)})"

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of token that are let in, the likelier one first."""
        kinds = ("refresh", "access") if self.refresh else ("access", "refresh")
        return kinds[:1] if self.verify_type else kinds

    def admit(self) -> Decoded | None:
        """Verify the request's token and remember it, or raise the refusal."""
        if _is_free_options():
            return None
        try:
            found = presented(self.locations, self.kinds)
        except errors.NoAuthorizationError:
            if not self.optional:
                raise
            keep(Admitted())
            return None
        token = decode(found.encoded, found.csrf, at_guard=True)
        self._check(found.encoded, token)
        # Kept at the very end, so that nothing is there where anything failed.
        keep(Admitted(token, found.location, _user_of(token), found.encoded))
        return token

    def _check(self, encoded: str, token: Decoded) -> None:
        if token.claims["type"] not in self.kinds:
            msg = f"Only {'refresh' if self.refresh else 'non-refresh'} tokens are allowed"
            raise errors.WrongTokenError(msg)
        if is_spoofed(token.claims[config.identity_claim_key], encoded):
            raise errors.JWTDecodeError("The subject is one of another type of users")
        if self.fresh and not _is_fresh(token.claims["fresh"]):
            raise errors.FreshTokenRequired("Fresh token required", *token)
        if not self.skip_revocation_check and is_revoked(encoded, token):
            raise errors.RevokedTokenError(*token)
        if not current_loaders().call("token_verification", *deepcopy(token)):
            raise errors.UserClaimsVerificationError("User claims verification failed", *token)


jwt_required = Guard


def verify_jwt_in_request(
    optional: bool = False,
    fresh: bool = False,
    refresh: bool = False,
    locations: str | Collection[str] | None = None,
    verify_type: bool = True,
    skip_revocation_check: bool = False,
) -> tuple[Members, Members] | None:
    """Verify the token of the current request, or raise the refusal; see `Guard`.

    Returns:
        The header and the claims; None without a token.
    """
    guard = Guard(optional, fresh, refresh, locations, verify_type, skip_revocation_check)
    return deepcopy(guard.admit())


def silence_hooks(app: Flask) -> None:
    """Make `verify_jwt_in_request` return None where it is a ``before_request`` hook (S4).

    Flask would send the header and the claims as the answer. It is known by where it stands,
    whoever calls it.
    """
    for hooks in app.before_request_funcs.values():
        for n, hook in enumerate(hooks):
            if getattr(hook, "func", hook) is verify_jwt_in_request:
                hooks[n] = wraps(verify_jwt_in_request)(partial(_silent, hook))


def _silent(hook: Callable[[], object]) -> None:
    hook()


def _is_free_options() -> bool:
    """Whether Flask itself answers this OPTIONS request, without a view (S18, HTTP-8)."""
    is_automatic = bool(getattr(request.url_rule, "provide_automatic_options", False))
    return request.method == "OPTIONS" and (is_automatic or config.is_on("JWT_COMPAT_OPTIONS_VIEW"))


def _is_fresh(fresh: bool | float) -> bool:
    """Whether the claim ``fresh`` still holds; the first gate has checked its type (C7, C22)."""
    if isinstance(fresh, bool):
        return fresh
    leeway = config.leeway
    seconds = leeway.total_seconds() if isinstance(leeway, timedelta) else leeway
    return fresh + seconds >= datetime.now(UTC).timestamp()


def _user_of(token: Decoded) -> Any:
    if not current_loaders().has("user_lookup"):
        return None
    user = current_loaders().call("user_lookup", *deepcopy(token))
    if user is None:
        raise errors.UserLookupError("the user is not known", *token)
    return user
