"""Checks of tokens: how long they live, what is asked of each, and which safeguards are off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from ..policy.closing import demands
from ..policy.credentials import NotRevoked
from ..settings.readers import DAY
from .candidate import Candidate
from .check import Check, Judgement, judged, ok, warning

#: The longest lifetime of each kind that no warning is given for, in seconds.
_LONG: Final[Mapping[str, int]] = {"access": DAY, "refresh": 90 * DAY}
#: The same for kinds of the application's own, and for sessions.
_LONG_KIND: Final = 30 * DAY
_LONG_SESSION: Final = 365 * DAY

#: How the remarks of the audit begin that are about safeguards; with the first two of them off
#: somebody else can be a user, or act as one.
_GRAVE: Final = ("JWT_COMPAT_WEAK_KEYS", "JWT_COOKIE_CSRF_PROTECT")
_SWITCHES: Final = ("JWT_COMPAT_", *_GRAVE)


def _ends_soon(candidate: Candidate) -> Judgement:
    return judged(warnings=_long_ones(candidate), otherwise="tokens and sessions end")


def _long_ones(candidate: Candidate) -> Iterator[str]:
    settings = candidate.settings
    if settings is not None:
        for kind, seconds in settings.lifetimes.items():
            yield from _of_kind(f"JWT_{kind.upper()}_TOKEN_EXPIRES", kind, seconds)
        if not settings.require_exp:
            yield "JWT_REQUIRE_EXP is off: tokens that never expire are accepted"
        if settings.session_absolute is None:
            yield "JWT_SESSION_ABSOLUTE is None: a session never ends as long as it is refreshed"
        elif settings.session_absolute > _LONG_SESSION:
            yield f"JWT_SESSION_ABSOLUTE is {settings.session_absolute // DAY} days"
    else:
        for kind in _LONG:
            key = f"JWT_{kind.upper()}_TOKEN_EXPIRES"
            if candidate.app.config.get(key) is not None:
                given = _seconds(candidate.app.config[key])
                yield from _of_kind(f"the bridge: {key}", kind, given)


def _of_kind(name: str, kind: str, seconds: float | None) -> Iterator[str]:
    if seconds is None:
        yield f"{name} has no end"
    elif seconds > _LONG.get(kind, _LONG_KIND):
        yield f"{name} is {seconds // DAY:.0f} days"


def _seconds(span: Any) -> float | None:
    """Return a lifetime of the bridge in seconds; None: for ever."""
    if span is False:
        return None
    return span.total_seconds() if isinstance(span, timedelta) else float(span)


def _is_asked(candidate: Candidate) -> Judgement:
    if candidate.bound is None:
        return ok("only the bridge guards here: it asks the application's own blocklist")
    baseline = candidate.bound.baseline
    if baseline is None:
        return warning("baseline=None: revoked tokens and tokens of deleted users are accepted")
    if not demands(baseline, NotRevoked):
        return warning(f"the baseline {baseline!r} does not demand NotRevoked()")
    return ok(f"the baseline is {baseline!r}")


def _is_strict(candidate: Candidate) -> Judgement:
    off = [one for one in candidate.audit.remarks if one.startswith(_SWITCHES)]
    return judged(
        failures=[one for one in off if one.startswith(_GRAVE)],
        warnings=[one for one in off if not one.startswith(_GRAVE)],
        otherwise="all are on",
    )


LIFETIMES: Final = Check(
    name="lifetimes",
    question="Do tokens and sessions end soon?",
    judge=_ends_soon,
    settings=(
        "JWT_ACCESS_TOKEN_EXPIRES",
        "JWT_REFRESH_TOKEN_EXPIRES",
        "JWT_SESSION_ABSOLUTE",
        "JWT_REQUIRE_EXP",
    ),
    advice=(
        "Set the lifetime of access tokens to minutes (a day at most), of refresh tokens to 90 "
        "days at most, and of sessions to a year at most."
    ),
)
BASELINE: Final = Check(
    name="baseline",
    question="Is every token checked for revocation?",
    judge=_is_asked,
    advice="Write `JWTManager(app)` without `baseline=`, or a baseline with `NotRevoked()`.",
)
SWITCHES: Final = Check(
    name="switches",
    question="Are all safeguards of the bridge on?",
    judge=_is_strict,
    settings=("JWT_COMPAT_…", "JWT_COOKIE_CSRF_PROTECT"),
    advice="Remove the `JWT_COMPAT_` switches and `JWT_COOKIE_CSRF_PROTECT` when the move is done.",
)
