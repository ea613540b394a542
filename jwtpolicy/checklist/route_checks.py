"""Checks of endpoints, by the audit: unguarded, checked inside, impassable, and its remarks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..audit import Protection, Row
from ..settings.reads import reads
from .candidate import Candidate
from .check import Check, Judgement, judged, ok

#: How the remarks begin that another check has the same to say of.
_SAID_ELSEWHERE: Final = (
    "JWT_COMPAT_",
    "JWT_COOKIE_CSRF_PROTECT",
    "JWT_COOKIE_SECURE",
    "JWT_REQUIRE_EXP",
    "JWT_SECRET_KEY_FALLBACKS",
    "JWT_SESSION_ABSOLUTE",
    "JWT_ACCESS_TOKEN_EXPIRES",
    "JWT_REFRESH_TOKEN_EXPIRES",
    "SameSite is None",
    "baseline=None",
    "sessions and revocations are kept in the memory",
    "there is no token store",
)


def _are_guarded(candidate: Candidate) -> Judgement:
    rows = candidate.audit.unguarded
    return judged(
        failures=[_named(row) for row in rows if row.protection is Protection.UNGUARDED],
        otherwise="each endpoint has a guard, or is public on purpose",
    )


def _are_seen(candidate: Candidate) -> Judgement:
    rows = candidate.audit.unguarded_but(candidate.allowed)
    hidden = [row for row in rows if row.protection is not Protection.UNGUARDED]
    return judged(
        failures=[f"{_named(row)}: {row.protection} {'; '.join(row.notes)}" for row in hidden],
        otherwise="all guards are in sight, or allowed by --allow",
    )


def _are_passable(candidate: Candidate) -> Judgement:
    return judged(
        failures=[
            *candidate.audit.problems,
            *(f"{_named(row)}: {row.problem}" for row in candidate.audit.impassable),
        ],
        otherwise="some request can pass each of them",
    )


def _is_unremarkable(candidate: Candidate) -> Judgement:
    remarks = candidate.audit.remarks
    return judged(
        warnings=[one for one in remarks if not one.startswith(_SAID_ELSEWHERE)],
        otherwise="there is none beside those of other checks",
    )


def _named(row: Row) -> str:
    return f"{', '.join(row.methods)} {row.domain}{row.rule} ({row.endpoint})"


def _has_all_it_reads(candidate: Candidate) -> Judgement:
    if not candidate.has_bridge:
        return ok("there is no bridge")
    return judged(warnings=_unset(candidate), otherwise="each is set that the code reads")


def _unset(candidate: Candidate) -> Iterator[str]:
    # Imported where there is a bridge only: whoever has none does not load it.
    from ..compat.flask_jwt_extended.config import FILLED

    app = candidate.app
    for place, key in reads(app, FILLED.keys() - app.config.keys()):
        yield f"{place} reads {key}; write app.config.setdefault({key!r}, {FILLED[key]!r})"


UNGUARDED: Final = Check(
    name="unguarded",
    question="Has every endpoint a guard, or is it public on purpose?",
    judge=_are_guarded,
    settings=("JWT_DEFAULT_DENY", "JWT_PUBLIC_ENDPOINTS"),
    advice=(
        "Write `@protect(…)` or `@public` on the view; `flask jwtpolicy routes --unguarded` lists "
        "them, and JWT_DEFAULT_DENY closes what is forgotten."
    ),
)
HIDDEN: Final = Check(
    name="hidden-guards",
    question="Can every guard be seen without running the view?",
    judge=_are_seen,
    advice=(
        "Move the check to `@protect(…)`; or read the view, and if it does check, say "
        "`--allow ENDPOINT`."
    ),
)
IMPASSABLE: Final = Check(
    name="impassable",
    question="Can some request pass every endpoint?",
    judge=_are_passable,
    advice="Correct the policies; `flask jwtpolicy routes` shows them.",
)
REMARKS: Final = Check(
    name="remarks",
    question="Has the audit no other remark?",
    judge=_is_unremarkable,
    advice="Read them, and decide; `flask jwtpolicy routes` shows them too.",
)
UNSET: Final = Check(
    name="bridge-settings",
    question="Is every setting set that code of Flask-JWT-Extended had filled in?",
    judge=_has_all_it_reads,
    advice="Set them before the manager is made: the bridge writes nothing into `app.config`.",
)
