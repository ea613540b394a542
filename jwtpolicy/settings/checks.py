"""Checks of settings that depend on each other, and of unknown keys."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ..exceptions import ConfigurationError
from .kind_settings import KindSettings


class UnknownSettingWarning(UserWarning):
    """A ``JWT_…`` key means nothing here; probably it is misspelt."""


def check_keys(settings: KindSettings) -> None:
    """Refuse keys that the algorithm would leave unused: they were meant to sign or verify."""
    if settings.keys is not None:
        _check_folder_alone(settings)
    unused: dict[str, object] = {"JWT_SECRET_KEY_FALLBACKS": settings.secret_key_fallbacks}
    if settings.algorithm.startswith("HS"):
        unused = {"JWT_PRIVATE_KEY": settings.private_key, "JWT_PUBLIC_KEY": settings.public_key}
    for key, value in unused.items():
        if value:
            msg = (
                f"{key} is not used with JWT_ALGORITHM {settings.algorithm}; set JWT_ALGORITHM to "
                f"the algorithm of the key, or remove {key}"
            )
            raise ConfigurationError(msg)


def _check_folder_alone(settings: KindSettings) -> None:
    others = {
        "JWT_SECRET_KEY": settings.secret_key,
        "JWT_SECRET_KEY_FALLBACKS": settings.secret_key_fallbacks,
        "JWT_PRIVATE_KEY": settings.private_key,
        "JWT_PUBLIC_KEY": settings.public_key,
    }
    for key, value in others.items():
        if value:
            msg = f"{key} is not used with JWT_KEYS; put its key into that folder, or remove {key}"
            raise ConfigurationError(msg)
    # All processes know a key within the one, and caches of the published keys within half of the
    # other: by then a key may sign.
    if settings.key_publish_delay < 2 * settings.keys_reload:
        msg = (
            "JWT_KEY_PUBLISH_DELAY is less than twice JWT_KEYS_RELOAD: a process could sign with "
            "a key that another one has not read yet"
        )
        raise ConfigurationError(msg)


def check_ends(settings: KindSettings) -> None:
    """Refuse lifetimes without an end where tokens have to have one (CLAIM-1)."""
    endless = [kind for kind, seconds in settings.lifetimes.items() if seconds is None]
    if settings.session_absolute is not None:
        # Access and refresh tokens end with their session.
        endless = [kind for kind in endless if kind in settings.custom_lifetimes]
    if settings.require_exp and endless:
        msg = (
            f"JWT_{endless[0].upper()}_TOKEN_EXPIRES is NEVER, but tokens that never expire are "
            "refused here; give it an end, or set JWT_REQUIRE_EXP to False"
        )
        raise ConfigurationError(msg)


def check_renewal(settings: KindSettings) -> None:
    """Refuse sliding cookies that would never slide, or at every request."""
    for complaint in _renewal_complaints(settings, settings.cookie_renew_within):
        msg = f"JWT_COOKIE_RENEW_WITHIN {complaint}"
        raise ConfigurationError(msg)


def _renewal_complaints(settings: KindSettings, within: int | None) -> Iterator[str]:
    if within is None:
        return
    if "cookies" not in settings.token_location:
        yield "is for cookies; add 'cookies' to JWT_TOKEN_LOCATION"
    lifetime, idle = settings.access_token_expires, settings.session_idle
    if lifetime is None or within >= lifetime:
        yield "has to be shorter than JWT_ACCESS_TOKEN_EXPIRES, which has to have an end"
    elif idle is not None and idle <= lifetime - within:
        yield (
            "comes too late: JWT_SESSION_IDLE ends a session before its access token is renewed, "
            "however active it is; it has to be longer than JWT_ACCESS_TOKEN_EXPIRES less this"
        )


def check_profile(settings: KindSettings) -> None:
    """Refuse settings with which no token could be an access token of :rfc:`9068`."""
    for complaint in _profile_complaints(settings):
        msg = f"JWT_ACCESS_TOKEN_PROFILE 'rfc9068' {complaint}"
        raise ConfigurationError(msg)


def _profile_complaints(settings: KindSettings) -> Iterator[str]:
    if settings.access_token_profile is None:
        if settings.client_id is not None:
            yield "is what JWT_CLIENT_ID is for; set both, or neither"
        return
    for name, accepted in (
        ("ISSUER", settings.accepted_issuers),
        ("AUDIENCE", settings.accepted_audiences),
    ):
        if not accepted:
            yield (
                f"asks who the {name.lower()} is: set JWT_ENCODE_{name}, or JWT_DECODE_{name} in a "
                "service that only verifies"
            )
    if settings.identity_claim != "sub":
        yield "has the subject in `sub`; remove JWT_IDENTITY_CLAIM"
    if settings.access_token_expires is None:
        yield "asks for an end; JWT_ACCESS_TOKEN_EXPIRES cannot be NEVER"


def check_own_tokens(settings: KindSettings) -> None:
    """Refuse a service whose issuer or audience it would not accept in its own tokens.

    One that has a secret and sets neither issuer nor audience may only verify: the error comes when
    it issues a token. With a profile it has to set them.

    Raises:
        ConfigurationError: ``JWT_DECODE_ISSUER`` or ``JWT_DECODE_AUDIENCE`` excludes the issuer or
            audience that tokens are issued with, or with a profile these are not set.
    """
    may_only_verify = settings.access_token_profile is None
    own_issuer = () if settings.encode_issuer is None else (settings.encode_issuer,)
    for name, written, accepted in (
        ("ISSUER", own_issuer, settings.accepted_issuers),
        ("AUDIENCE", settings.encode_audience, settings.accepted_audiences),
    ):
        if not written and may_only_verify:
            continue
        if accepted and accepted.isdisjoint(written):
            said = f"says {', '.join(written)}" if written else "is not set"
            msg = (
                f"JWT_ENCODE_{name} {said}, and JWT_DECODE_{name} accepts only "
                f"{', '.join(sorted(accepted))}: this service would refuse its own tokens; let "
                f"JWT_DECODE_{name} name what JWT_ENCODE_{name} says"
            )
            raise ConfigurationError(msg)


def own_kind(key: str) -> tuple[str, str] | None:
    """Return the kind that ``JWT_<KIND>_TOKEN_EXPIRES`` is about, and the rest of the key.

    None where *key* is about no kind of the application's own.
    """
    own = re.fullmatch(_OWN_KIND, key)
    return (own[1].lower(), own[2]) if own else None


_OWN_KIND: Final = (
    r"JWT_(?!(?:ACCESS|REFRESH)_(?:TOKEN|COOKIE|CSRF|JSON))(.+?)(?<!_CSRF)"
    r"_(TOKEN_EXPIRES|COOKIE_NAME|JSON_KEY)"
)


def doubts(given: Iterable[str], known: set[str]) -> Iterator[str]:
    """Yield a warning for each key that is unknown, or probably misspelt."""
    for key in given:
        if key.startswith("JWT_COMPAT_"):
            continue  # the bridge reads these, and refuses what it does not know
        if key in known:
            yield from _misspelt(key)
        else:
            near = difflib.get_close_matches(key, known, 1)
            hint = _ADVICE.get(key) or (f"did you mean {near[0]}?" if near else "remove it")
            yield f"{key} means nothing here; {hint}"


def _misspelt(key: str) -> Iterator[str]:
    """Yield a doubt about a kind of one's own that is probably ``ACCESS`` or ``REFRESH``."""
    kind, ending = own_kind(key) or ("", "")
    near = difflib.get_close_matches(kind, ("access", "refresh"), 1, 0.8)
    if near and not kind.startswith(near[0]):
        meant = f"JWT_{near[0].upper()}_{ending}"
        yield f"{key} is for a kind of your own, {kind!r}; did you mean {meant}?"


#: Advice about keys of Flask-JWT-Extended that are renamed here, or have no switch.
_ADVICE: Final[Mapping[str, str]] = {
    "JWT_DECODE_ALGORITHMS": "a key has one algorithm; JWT_ALGORITHM names it",
    "JWT_ERROR_MESSAGE_KEY": "write @app.errorhandler(AccessError) to answer differently",
    "JWT_VERIFY_SUB": "`sub` is always checked; see JWT_ACCEPT_INTEGER_SUBJECT",
    "JWT_COOKIE_CSRF_PROTECT": "cookies are always protected; csrf=False on a guard opens it",
    "JWT_CSRF_METHODS": "every unsafe method needs CSRF protection; there is no list",
    "JWT_ACCESS_CSRF_COOKIE_PATH": "the path of CSRF cookies is /",
    "JWT_REFRESH_CSRF_COOKIE_PATH": "the path of CSRF cookies is /",
    "JWT_SESSION_COOKIE": "cookies end with their tokens",
    "JWT_BLACKLIST_ENABLED": "revocation is always on; see the baseline of JWTManager",
    "JWT_BLACKLIST_TOKEN_CHECKS": "revocation covers all kinds; see the baseline of JWTManager",
}
