"""Checks of the token store: who shares it, where it is kept, whether it answers, its clock."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from ..app.bound_app import BoundApp
from ..exceptions import StoreUnavailableError
from ..stores import MemoryStore, TokenRef
from . import file_systems
from .candidate import Candidate
from .check import Check, Judgement, cannot_tell, failure, ok, warning

_OF_BRIDGE: Final = "only the bridge guards here: its revocations are the application's own"
_NONE: Final = "there is no token store"


def _is_shared(candidate: Candidate) -> Judgement:
    if candidate.bound is None:
        return cannot_tell(_OF_BRIDGE)
    if candidate.keeping is None:
        if candidate.bound.parts.can_sign:
            return warning(f"{_NONE}: sessions cannot be ended, and tokens can only expire")
        return ok(f"{_NONE}: this service verifies tokens and issues none")
    _, store = candidate.keeping
    if isinstance(store, MemoryStore):
        return failure(
            "sessions and revocations are in the memory of one process: other workers do not see "
            "them, and a restart deletes them"
        )
    if not store.is_shared:
        return failure(f"{store!r} is not shared: others accept what one process revokes")
    return ok(repr(store))


def _is_lasting(candidate: Candidate) -> Judgement:
    if candidate.keeping is None:
        return ok("there is no file")
    bound, store = candidate.keeping
    path = getattr(store, "path", None)
    if not isinstance(path, Path):
        if (bound.settings.store_url or "").startswith("sqlite+"):
            return cannot_tell("the store is a file of SQLite, which SQLAlchemy opens")
        return ok("it is no file of this library")
    return _judged_file(path, is_default=bound.settings.store_url is None)


def _judged_file(path: Path, *, is_default: bool) -> Judgement:
    found = file_systems.type_of(path)
    if found is None:
        return cannot_tell(f"the file system of {path} is not known")
    if found in file_systems.NETWORK:
        return failure(f"{path} is on a network ({found}), where SQLite's locks do not work")
    if found in file_systems.PASSING:
        return warning(f"{path} is on {found}: it is lost with the container, or at a restart")
    if is_default:
        return cannot_tell(
            f"{path} is the default file, on {found}: only one machine can use it, and this "
            "command does not know whether there is another"
        )
    return ok(f"{path} is on {found}")


def _answers(candidate: Candidate) -> Judgement:
    if candidate.keeping is None:
        return ok(_NONE)
    bound, store = candidate.keeping
    # Nobody has this token; a guard asks in the same way.
    asked = TokenRef("", "jwtpolicy check", secrets.token_urlsafe(16))
    try:
        store.standing(asked, now=int(bound.parts.clock()))
    except StoreUnavailableError as error:
        return failure(error.reason)
    return ok("it answered in time")


def _agrees_in_time(candidate: Candidate) -> Judgement:
    if candidate.keeping is None:
        return ok(_NONE)
    bound, store = candidate.keeping
    if isinstance(store, MemoryStore) or isinstance(getattr(store, "path", None), Path):
        return ok("the store is on this machine, and uses its clock")
    before = bound.parts.clock()
    told = store.server_time()
    if told is None:
        return cannot_tell("the store has no clock that can be asked")
    return _judged_clock(bound, before, told)


def _judged_clock(bound: BoundApp, before: float, told: float) -> Judgement:
    """Judge the store's clock, asked between *before* and now; it may leave out fractions."""
    allowed = max(bound.settings.decode_leeway, bound.settings.clock_skew)
    apart = max(told - bound.parts.clock(), before - (told + 1), 0)
    if apart > allowed:
        return warning(
            f"the store's clock and this machine's are {apart:.0f} seconds apart, and "
            f"{allowed:g} are allowed"
        )
    return ok(f"they are less than {allowed:g} seconds apart" if allowed else "they agree")


SHARED: Final = Check(
    name="store",
    question="Is there a token store that all workers share?",
    judge=_is_shared,
    settings=("JWT_STORE_URL",),
    advice="Set JWT_STORE_URL to Redis, to a database, or to a file on a lasting disk.",
)
FILE: Final = Check(
    name="store-file",
    question="Is the store's file on a lasting disk, and is there one machine only?",
    judge=_is_lasting,
    settings=("JWT_STORE_URL",),
    advice=(
        "For one machine set JWT_STORE_URL to a file on a volume of its own, "
        "`sqlite:////var/lib/shop/sessions.sqlite3`; for more than one to Redis or a database."
    ),
)
REACHABLE: Final = Check(
    name="store-answers",
    question="Does the store answer?",
    judge=_answers,
    settings=("JWT_STORE_URL", "JWT_STORE_TIMEOUT"),
    advice="Start the store, or set JWT_STORE_URL to where it is; until then guards answer 503.",
)
CLOCKS: Final = Check(
    name="clocks",
    question="Do the clocks of the store and of this machine agree?",
    judge=_agrees_in_time,
    settings=("JWT_CLOCK_SKEW", "JWT_DECODE_LEEWAY"),
    advice="Let NTP set the clocks of all machines.",
)
