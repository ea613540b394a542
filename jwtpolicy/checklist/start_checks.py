"""Checks of the start: whether the application can be bound, and in what mode it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from werkzeug.middleware.proxy_fix import ProxyFix

from ..exceptions import AccessError, SetupError
from .candidate import Candidate
from .check import Check, Judgement, cannot_tell, failure, judged, ok, warning

#: Middlewares around an application that are looked through; none has so many.
_MOST: Final = 32


def _starts(candidate: Candidate) -> Judgement:
    if candidate.bound is None:
        return ok("only the bridge guards here, and it has read its settings")
    try:
        candidate.bound.enforcement  # noqa: B018 # binds the plans, as the first request does
    except SetupError as error:
        return failure(f"every request would be answered with 500: {error}")
    except AccessError as error:
        return failure(error.reason)
    return ok("settings, guards and policies fit together")


def _is_no_debugging(candidate: Candidate) -> Judgement:
    return judged(failures=_modes(candidate), otherwise="both are off")


def _modes(candidate: Candidate) -> Iterator[str]:
    if candidate.app.debug:
        yield "debug mode is on: answers may show tracebacks and policies"
    if candidate.app.testing:
        yield "TESTING is on: the default store is the memory of one process"


def _knows_its_proxy(candidate: Candidate) -> Judgement:
    found = next(filter(None, map(_as_proxy_fix, _around(candidate.app.wsgi_app))), None)
    if found is not None:
        if found.x_proto:
            proxies = "proxy" if found.x_proto == 1 else "proxies"
            return ok(f"ProxyFix takes the scheme of {found.x_proto} {proxies}")
        return warning("ProxyFix has x_proto=0: the scheme is that of the proxy's own request")
    if candidate.app.config.get("PREFERRED_URL_SCHEME") == "https":
        return warning(
            "PREFERRED_URL_SCHEME is https, and there is no ProxyFix: behind a proxy the scheme, "
            "the host and the address of the client are those of its own request"
        )
    return cannot_tell("there is no ProxyFix; whether there is a proxy is not known here")


def _around(middleware: object) -> Iterator[object]:
    """Yield the middlewares around an application, the outermost first."""
    for _ in range(_MOST):
        yield middleware
        inner = getattr(middleware, "app", None) or getattr(middleware, "wsgi_app", None)
        if inner is None:
            return
        middleware = inner


def _as_proxy_fix(middleware: object) -> ProxyFix | None:
    return middleware if isinstance(middleware, ProxyFix) else None


START: Final = Check(
    name="start",
    question="Does the application start?",
    judge=_starts,
    advice="Mend what the sentence names; `flask jwtpolicy routes` shows where it is.",
)
DEBUG: Final = Check(
    name="debug",
    question="Are debug mode and TESTING off?",
    judge=_is_no_debugging,
    settings=("DEBUG", "TESTING"),
    advice="Unset `FLASK_DEBUG`, and take `DEBUG` and `TESTING` out of the settings of production.",
)
PROXY: Final = Check(
    name="proxy",
    question="Does the application know that a proxy is in front of it?",
    judge=_knows_its_proxy,
    settings=("PREFERRED_URL_SCHEME",),
    advice=(
        "If a proxy speaks HTTPS for the application: `app.wsgi_app = ProxyFix(app.wsgi_app, "
        "x_for=1, x_proto=1, x_host=1)`, from `werkzeug.middleware.proxy_fix`, and let the proxy "
        "set these headers. If there is none: nothing."
    ),
)
