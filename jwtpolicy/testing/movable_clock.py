"""Let the time of one application go forward, in tests."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Final, Self

from flask import Flask

from ..app.bound_app import EXTENSION, BoundApp
from ..clock import Clock, system_clock
from ..exceptions import SetupError, expect

#: The key of the bridge to Flask-JWT-Extended, and of that library itself, in ``app.extensions``.
_BRIDGE: Final = "flask-jwt-extended"


def bound_to(app: Flask) -> BoundApp:
    """Return what guards *app*.

    Raises:
        TypeError: *app* is no Flask application.
        SetupError: *app* has no `JWTManager` that guards it.
    """
    expect(app, Flask, "the test kit takes a Flask application")
    found: BoundApp | None = app.extensions.get(EXTENSION)
    if found is None:
        msg = f"{app.name} has no JWTManager; write JWTManager(app) or jwt.init_app(app)"
        raise SetupError(msg)
    return found


class _MovedTime:
    """The clock that an application has while one or several `MovableClock` move it.

    The system's clock stands still meanwhile, at a whole second: a test that counts seconds would
    else depend on how long it takes. A clock of the application's own is asked as before.

    Attributes:
        base: The clock that the application had before.
        ahead: By how many seconds each mover has moved it.
    """

    def __init__(self, base: Clock) -> None:
        self.base = base
        self.ahead: dict[MovableClock, float] = {}
        self._stands_at = math.floor(base()) if base is system_clock else None

    def __call__(self) -> float:
        now = self.base() if self._stands_at is None else self._stands_at
        return now + sum(self.ahead.values())


class MovableClock:
    """The clock of one application, which a test can move: a context manager, which may be nested.

    The application uses it to issue, verify and renew tokens and to ask its store, and an acting
    client uses it to drop cookies. Other applications are not affected::

        with MovableClock(app) as clock:
            ada = act(app).as_user("ada")
            clock.tick(301)
            assert ada.post("/transfers").status_code == 401  # Fresh(within=300)

    From the beginning of the block, or from the first `tick`, the system's clock does not advance.
    If the application has a clock of its own (``JWTManager(clock=…)``), it is asked as before, and
    the ticks are added. At the end of the block the application has its former clock again.

    The results of ``time.time`` and ``datetime.now`` do not change, and neither does the time for
    which `CachedStore` keeps an answer. freezegun and time-machine change the former. They work
    without this class; do not use them together with it.

    Args:
        app: The application, with a `JWTManager`.

    Raises:
        TypeError: *app* is not a Flask application.
        SetupError: *app* has no `JWTManager` that guards it.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._bound = bound_to(app)
        self._before: list[float | None] = []

    def __call__(self) -> float:
        """Return the time of the application, in seconds since the epoch."""
        return self._bound.parts.clock()

    def tick(self, seconds: float | timedelta) -> None:
        """Move the clock of the application forward.

        Args:
            seconds: The time, as seconds or a timedelta; it cannot be negative.

        Raises:
            ValueError: *seconds* is negative, or not finite.
            TypeError: *seconds* is neither a number nor a timedelta.
            SetupError: The clock of the application cannot be moved.
        """
        self._moved().ahead[self] += _seconds(seconds)

    def restore(self) -> None:
        """Undo the ticks of this object; the last one gives the application its own clock again.

        At the end of a ``with`` block the ticks of the block are undone.
        """
        moved = self._bound.parts.clock
        if not isinstance(moved, _MovedTime):
            return
        moved.ahead.pop(self, None)
        if not moved.ahead:
            _give(self._bound, moved.base)

    @property
    def _ahead(self) -> float | None:
        """By how much this object has moved the clock; None where it does not move it at all."""
        moved = self._bound.parts.clock
        return moved.ahead.get(self) if isinstance(moved, _MovedTime) else None

    def _moved(self) -> _MovedTime:
        """Return the clock that this object moves, and give it to the application before.

        Raises:
            SetupError: A part of the application goes by a clock that cannot be replaced.
        """
        moved = self._bound.parts.clock
        if not isinstance(moved, _MovedTime):
            _check_movable(self._app, self._bound)
            moved = _MovedTime(moved)
            _give(self._bound, moved)
        moved.ahead.setdefault(self, 0)
        return moved

    def __enter__(self) -> Self:
        before = self._ahead
        self._moved()
        self._before.append(before)
        return self

    def __exit__(self, *_: object) -> None:
        before = self._before.pop()
        if before is None:
            self.restore()
        else:
            self._moved().ahead[self] = before

    def __repr__(self) -> str:
        return f"<MovableClock of {self._app.name}: {self():.0f}>"


def _seconds(given: object) -> float:
    """Return how far to tick, in seconds.

    Raises:
        ValueError: It is negative, or not finite.
        TypeError: It is neither a number nor a timedelta.
    """
    seconds = given.total_seconds() if isinstance(given, timedelta) else given
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        msg = f"tick takes seconds or a timedelta, not {given!r:.60}"
        raise TypeError(msg)
    if not math.isfinite(seconds) or seconds < 0:
        msg = f"tick moves the clock forward, by 0 seconds or more, not by {given!r}"
        raise ValueError(msg)
    return seconds


def _readers(bound: BoundApp) -> Iterator[tuple[object, str]]:
    """Yield the objects of an application that read the time, with the attribute of the clock.

    Stores are not among them: they are told the time with each question, and ask a clock of theirs
    only when an empty one begins to remember.
    """
    yield bound.parts, "clock"
    yield bound.parts.cookies, "_clock"
    # Until the application is bound, each call makes them anew, with the clock that stands above.
    if bound.is_bound:
        services, sessions = bound.components.services, bound.components.sessions
        yield services.terms, "clock"
        yield services.verifier, "_clock"
        yield services.guard_verifier, "_clock"
        yield services.revocation, "_clock"
        yield sessions, "_clock"
    if bound._finishing is not None:
        yield bound._finishing, "_clock"


def _give(bound: BoundApp, clock: Clock) -> None:
    for reader, name in _readers(bound):
        # Some are frozen, for good reasons, which hold where requests are served.
        object.__setattr__(reader, name, clock)


def _check_movable(app: Flask, bound: BoundApp) -> None:
    """Refuse an application of which a part would keep its own time.

    Raises:
        SetupError: It has the bridge, which goes by the system's clock, or somebody has replaced
            the clock of some of its parts.
    """
    advice = "move the system's clock, with freezegun or time-machine"
    if _BRIDGE in app.extensions:
        msg = (
            f"the clock of {app.name} cannot be moved: Flask-JWT-Extended, or the bridge, uses "
            f"the system's; {advice}"
        )
        raise SetupError(msg)
    clock = bound.parts.clock
    other = [reader for reader, name in _readers(bound) if getattr(reader, name) is not clock]
    if other:
        msg = (
            f"the clock of {app.name} cannot be moved: {type(other[0]).__name__} uses another "
            f"one than the application; pass one clock to init_app(app, clock=…), or {advice}"
        )
        raise SetupError(msg)
