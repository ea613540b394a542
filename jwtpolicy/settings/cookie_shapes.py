"""The names, paths and attributes of the cookies of each kind of token, and their checks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import NamedTuple

from ..exceptions import ConfigurationError
from .kind_settings import KindSettings


class InsecureCookieWarning(UserWarning):
    """Cookies travel in the clear: ``JWT_COOKIE_SECURE`` is off, for development."""


class CookieShape(NamedTuple):
    """The two cookies of one kind of token: the token itself, and its CSRF value.

    Attributes:
        kind: The kind of token.
        name: Of the cookie that holds the token, which scripts cannot read.
        path: The path that the browser sends it to; None: none is configured, so that the
            cookie cannot be set.
        csrf_name: Of the cookie that holds its CSRF value, which scripts can read; its path is /.
        samesite: Of both.
    """

    kind: str
    name: str
    path: str | None
    csrf_name: str
    samesite: str


def cookie_shapes(settings: KindSettings) -> dict[str, CookieShape]:
    """Return the cookies by kind; every kind that has settings of its own is there."""
    host = _host_prefix(settings)
    shapes = {
        "access": CookieShape(
            "access",
            settings.access_cookie_name
            or _prefix(settings, settings.access_cookie_path) + "access_token",
            settings.access_cookie_path,
            settings.access_csrf_cookie_name or f"{host}csrf_access",
            settings.cookie_samesite,
        ),
        "refresh": CookieShape(
            "refresh",
            settings.refresh_cookie_name
            or _prefix(settings, settings.refresh_cookie_path) + "refresh_token",
            settings.refresh_cookie_path,
            settings.refresh_csrf_cookie_name or f"{host}csrf_refresh",
            settings.refresh_cookie_samesite,
        ),
    }
    for kind in {*settings.custom_lifetimes, *settings.custom_cookie_names}:
        name = settings.custom_cookie_names.get(kind, f"{host}{kind}_token")
        shapes[kind] = CookieShape(kind, name, "/", f"{host}csrf_{kind}", settings.cookie_samesite)
    return shapes


def _host_prefix(settings: KindSettings) -> str:
    """Return the prefix of the default names of cookies for the whole host.

    RFC 6265bis section 4.1.3: ``__Host-`` demands Secure, the path / and no domain.
    """
    if not settings.cookie_secure:
        return ""
    return "__Host-" if settings.cookie_domain is None else "__Secure-"


def _prefix(settings: KindSettings, path: str | None) -> str:
    host = _host_prefix(settings)
    return host if path == "/" or not host else "__Secure-"


def check_cookies(settings: KindSettings, *, is_development: bool) -> None:
    """Refuse cookies that browsers would drop, or that everybody could read (COOKIE-1, COOKIE-2).

    Raises:
        ConfigurationError: A cookie would be insecure, or refused by browsers; the message names
            the setting that has to change.
    """
    if "cookies" not in settings.token_location:
        return
    for complaint in _complaints(settings, is_development):
        raise ConfigurationError(complaint)
    if not settings.cookie_secure:
        message = "JWT_COOKIE_SECURE is False: tokens travel in the clear, for development only"
        # The caller of JWTManager(app).
        warnings.warn(message, InsecureCookieWarning, stacklevel=5)


def _complaints(settings: KindSettings, is_development: bool) -> Iterator[str]:
    if not settings.cookie_secure and not is_development:
        yield (
            "JWT_COOKIE_SECURE is False, but the application is neither in debug nor in testing "
            "mode; set it to True: browsers send secure cookies to http://localhost too"
        )
    samesites = (settings.cookie_samesite, settings.refresh_cookie_samesite)
    if not settings.cookie_secure and (settings.cookie_partitioned or "None" in samesites):
        yield "cookies that are Partitioned or SameSite=None need JWT_COOKIE_SECURE"
    shapes = cookie_shapes(settings)
    names = [name for shape in shapes.values() for name in (shape.name, shape.csrf_name)]
    if len(set(names)) < len(names):
        yield f"two cookies have the same name, among {', '.join(sorted(names))}"
    for shape in shapes.values():
        yield from _wrong_prefix(shape.name, shape.path, settings)
        yield from _wrong_prefix(shape.csrf_name, "/", settings)


def _wrong_prefix(name: str, path: str | None, settings: KindSettings) -> Iterator[str]:
    lowered = name.lower()
    if lowered.startswith(("__host-", "__secure-")) and not settings.cookie_secure:
        yield f"the cookie {name} needs JWT_COOKIE_SECURE"
    if lowered.startswith("__host-") and (path != "/" or settings.cookie_domain is not None):
        yield f"the cookie {name} needs the path / and no JWT_COOKIE_DOMAIN; call it __Secure-…"
