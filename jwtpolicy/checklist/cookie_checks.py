"""Checks of cookies, of jwtpolicy and of the bridge, and of addresses without encryption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ..settings import Settings, cookie_shapes
from .candidate import Candidate
from .check import Check, Judgement, judged

_NO_COOKIES: Final = "no token is read from cookies"
#: The prefixes that make browsers refuse a cookie of another host (RFC 6265bis section 4.1.3).
_PREFIXES: Final = ("__host-", "__secure-")


@dataclass(frozen=True, slots=True)
class _Cookies:
    """The cookies of one manager.

    Attributes:
        who: The beginning of a sentence about them.
        is_secure: Whether they travel over HTTPS only.
        same_sites: The values of SameSite; None for none.
        names: Their names.
    """

    who: str
    is_secure: bool
    same_sites: tuple[str | None, ...]
    names: tuple[str, ...]


def _of(candidate: Candidate) -> Iterator[_Cookies]:
    """Yield the cookies of each manager that reads some."""
    if candidate.bound is not None and candidate.bound.parts.takes_cookies:
        yield _native(candidate.bound.settings)
    if candidate.has_bridge:
        # Imported where there is a bridge only: whoever has none does not load it.
        from ..compat.flask_jwt_extended.config import config

        if config.jwt_in_cookies:
            names = config.access_cookie_name, config.refresh_cookie_name
            site = config.cookie_samesite
            yield _Cookies("the bridge: ", bool(config.cookie_secure), (site,), names)


def _native(settings: Settings) -> _Cookies:
    shapes = cookie_shapes(settings).values()
    return _Cookies(
        "",
        settings.cookie_secure,
        (settings.cookie_samesite, settings.refresh_cookie_samesite),
        tuple(name for shape in shapes for name in (shape.name, shape.csrf_name)),
    )


def _are_secure(candidate: Candidate) -> Judgement:
    found = list(_of(candidate))
    return judged(
        failures=[
            f"{one.who}JWT_COOKIE_SECURE is off: tokens travel in the clear"
            for one in found
            if not one.is_secure
        ],
        otherwise="browsers send them over HTTPS only" if found else _NO_COOKIES,
    )


def _are_of_this_site(candidate: Candidate) -> Judgement:
    found = list(_of(candidate))
    return judged(
        warnings=[
            f"{one.who}SameSite is {site or 'not set'}: requests from other sites may carry them"
            for one in found
            for site in dict.fromkeys(one.same_sites)
            if site not in {"Lax", "Strict"}
        ],
        otherwise="SameSite is Lax or Strict" if found else _NO_COOKIES,
    )


def _are_of_this_host(candidate: Candidate) -> Judgement:
    found = list(_of(candidate))
    return judged(
        warnings=[
            f"{one.who}{name} has no prefix: another host of the domain can set such a cookie"
            for one in found
            for name in one.names
            if not name.lower().startswith(_PREFIXES)
        ],
        otherwise="all names begin with __Host- or __Secure-" if found else _NO_COOKIES,
    )


def _is_encrypted(candidate: Candidate) -> Judgement:
    return judged(warnings=_in_the_clear(candidate), otherwise="no setting names one")


def _in_the_clear(candidate: Candidate) -> Iterator[str]:
    settings, config = candidate.settings, candidate.app.config
    if settings is not None:
        for origin in settings.csrf_trusted_origins:
            if origin.startswith("http:"):
                yield f"JWT_CSRF_TRUSTED_ORIGINS has {origin}"
        if (settings.resource_metadata or "").startswith("http:"):
            yield "JWT_RESOURCE_METADATA begins with http: (RFC 9728 section 3 demands https)"
    if candidate.bound is not None:
        for url in sorted({one.identifier for one in candidate.bound.planner.resources.here()}):
            if url.startswith("http:"):
                yield f"the protected resource {url} was made with allow_http=True"
    if config.get("SECRET_KEY") and not config.get("SESSION_COOKIE_SECURE"):
        yield "SESSION_COOKIE_SECURE is off: Flask's own session cookie travels over HTTP too"


SECURE: Final = Check(
    name="secure-cookies",
    question="Do tokens in cookies travel over HTTPS only?",
    judge=_are_secure,
    settings=("JWT_COOKIE_SECURE",),
    advice="Set JWT_COOKIE_SECURE to True.",
)
SAME_SITE: Final = Check(
    name="same-site",
    question="Do requests of other sites carry no cookies?",
    judge=_are_of_this_site,
    settings=("JWT_COOKIE_SAMESITE", "JWT_REFRESH_COOKIE_SAMESITE"),
    advice=(
        "Set JWT_COOKIE_SAMESITE to Lax or Strict, unless pages of another site embed or call "
        "the application."
    ),
)
PREFIX: Final = Check(
    name="cookie-names",
    question="Can no other host of the domain set the cookies?",
    judge=_are_of_this_host,
    settings=("JWT_ACCESS_COOKIE_NAME", "JWT_REFRESH_COOKIE_NAME"),
    advice="Leave the names of the cookies unset, or begin them with `__Host-` or `__Secure-`.",
)
HTTPS: Final = Check(
    name="https",
    question="Do all addresses in the settings use HTTPS?",
    judge=_is_encrypted,
    settings=("JWT_CSRF_TRUSTED_ORIGINS", "JWT_RESOURCE_METADATA", "SESSION_COOKIE_SECURE"),
    advice="Write `https:` in these addresses, and set `SESSION_COOKIE_SECURE` to True.",
)
