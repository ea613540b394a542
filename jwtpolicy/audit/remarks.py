"""Remarks of an audit that concern the whole application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from flask import Flask

from ..app.bound_app import BoundApp
from ..app.bridge_guards import EXTENSION, is_bridge
from ..policy.closing import demands
from ..policy.credentials import KnownUser
from ..settings import Settings
from ..stores import MemoryStore

_COMPAT: Final = "JWT_COMPAT_"
#: The security checks that the switches of the bridge turn off.
_SWITCHES: Final[Mapping[str, str]] = {
    "JWT_COMPAT_WEAK_KEYS": "secrets of any length sign and verify at the bridge",
    "JWT_COMPAT_UNTYPED": "the bridge accepts tokens without `type` as access tokens",
    "JWT_COMPAT_OPTIONS_VIEW": "views of the bridge that answer OPTIONS run without a token",
}


def remarks_on(app: Flask, application: BoundApp | None) -> Iterator[str]:
    """Yield the remarks on *app* and its managers."""
    if application is None:
        yield "there is no JWTManager of jwtpolicy here: only the bridge guards endpoints"
    else:
        yield from _on_manager(application)
        yield from _on_tokens(application.settings)
        if application.parts.takes_cookies:
            yield from _on_cookies(application.settings)
    if EXTENSION in app.extensions:
        yield from _on_bridge(app, application)
    for key in sorted(app.config):
        if key.startswith(_COMPAT) and app.config[key]:
            yield f"{key} is on: {_SWITCHES.get(key, 'the bridge is less strict')}"


def is_lazy(application: BoundApp) -> bool:
    """Whether users are loaded at the first touch, and not by the baseline before the view."""
    baseline = application.baseline
    is_known = baseline is not None and demands(baseline, KnownUser)
    return application.components.registered.user_loader is not None and not is_known


def _on_manager(application: BoundApp) -> Iterator[str]:
    if application.baseline is None:
        yield "baseline=None: revoked tokens and tokens of deleted users are accepted"
    if application.parts.store is None:
        yield "there is no token store: sessions cannot be ended, tokens can only expire"
    if isinstance(application.parts.store, MemoryStore):
        yield (
            "sessions and revocations are kept in the memory of one process: other workers do not "
            "see them, and a restart deletes them"
        )
    if is_lazy(application):
        yield "lazy user loader: views that do not read current_user accept tokens of unknown users"


def _on_tokens(settings: Settings) -> Iterator[str]:
    if not settings.require_exp:
        yield "JWT_REQUIRE_EXP is off: tokens that never expire are accepted"
    if settings.session_absolute is None:
        yield "JWT_SESSION_ABSOLUTE is None: a session never ends as long as it is refreshed"
    if settings.accept_integer_subject:
        yield "JWT_ACCEPT_INTEGER_SUBJECT is on: an integer `sub` is read as text"
    if settings.secret_key_fallbacks:
        count = len(settings.secret_key_fallbacks)
        yield f"JWT_SECRET_KEY_FALLBACKS: tokens that older secrets signed are accepted ({count})"
    if "query_string" in settings.token_location:
        yield "JWT_TOKEN_LOCATION: query string tokens get into logs, histories and Referer headers"


def _on_cookies(settings: Settings) -> Iterator[str]:
    if not settings.cookie_secure:
        yield "JWT_COOKIE_SECURE is off: tokens in cookies travel in the clear"
    if "None" in (settings.cookie_samesite, settings.refresh_cookie_samesite):
        yield "SameSite is None: browsers send the cookies with requests from other sites"
    if settings.cookie_domain is not None:
        yield f"JWT_COOKIE_DOMAIN: every host of {settings.cookie_domain} gets the cookies"
    if settings.csrf_trusted_origins:
        origins = ", ".join(settings.csrf_trusted_origins)
        yield f"JWT_CSRF_TRUSTED_ORIGINS: pages of {origins} may send requests with cookies"


def _on_bridge(app: Flask, application: BoundApp | None) -> Iterator[str]:
    if not is_bridge(app.extensions[EXTENSION]):
        yield (
            "the guards are those of Flask-JWT-Extended, and they are listed as checks inside; "
            "import it from jwtpolicy.compat.flask_jwt_extended"
        )
    config = app.config
    if "cookies" in (config.get("JWT_TOKEN_LOCATION") or ()):
        if application is None and not config.get("JWT_COOKIE_SECURE"):
            yield "JWT_COOKIE_SECURE is off: tokens in cookies travel in the clear"
        if not config.get("JWT_COOKIE_CSRF_PROTECT", True):
            yield "JWT_COOKIE_CSRF_PROTECT is off: cookies need no CSRF value at the bridge"
    for kind in ("ACCESS", "REFRESH"):
        if config.get(f"JWT_{kind}_TOKEN_EXPIRES") is False:
            yield f"JWT_{kind}_TOKEN_EXPIRES is False: tokens of the bridge never expire"
