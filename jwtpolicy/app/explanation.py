"""`Explanation`: what would become of one request, and why; nothing was done for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from textwrap import wrap
from typing import Final

from ..decision import Decision, one_line
from ..exceptions import AccessError
from ..guards.origins import LevelOrigin

#: Columns of the text.
_WIDTH: Final = 80
_LABEL: Final = 12


class Verdict(Enum):
    """The result of a request, in one word; the value is a sentence for people."""

    #: The view would run, behind a guard that admits.
    ALLOWED = "the view would run: its guards admit the request"
    #: The view would run, and no guard of the library asks for anything.
    OPEN = "the view would run: no guard asks for anything"
    #: A guard refuses.
    REFUSED = "a guard refuses"
    #: A hook or a loader of the application answers, or raises, before the view runs.
    ANSWERED = "answered before the view would run"
    #: A check that a dry run cannot ask stands between the guards and the view.
    UNKNOWN = "not known: a check that cannot be asked without running the view"
    #: No rule of the application matches the path.
    NOT_FOUND = "no rule matches the path"
    #: Rules match the path, and none of them the method.
    METHOD_NOT_ALLOWED = "no rule of the path takes the method"
    #: The application redirects to another path, such as one with a slash at its end.
    REDIRECT = "redirected before any view"
    #: Flask answers OPTIONS by itself.
    AUTOMATIC = "answered by Flask itself, without a view"


@dataclass(frozen=True, slots=True)
class Explanation:
    """The result of one request, and its reasons; true if the view would run.

    Attributes:
        method: The method.
        path: The path.
        verdict: The result, in one word and a sentence.
        status: The status of the answer; 200 if the view would run, whatever the view answers.
        endpoint: The endpoint of the path, or None.
        reason: The reason in one sentence; clients do not see it. Empty if the verdict is enough.
        decision: The decision of the endpoint's guards, or None if their policies were not asked.
        error: The refusal, or None.
        challenge: The ``WWW-Authenticate`` that would be sent, or None.
        cures: What the client could do, in words, the easiest first; they are alternatives.
        levels: The policies of the endpoint and their places in the source, the baseline first.
        effects: What the real request would also do before its view, in words.
        notes: What the view may answer although its guards allow, in words.
    """

    method: str
    path: str
    verdict: Verdict
    status: int
    endpoint: str | None = None
    reason: str = ""
    decision: Decision | None = None
    error: AccessError | None = None
    challenge: str | None = None
    cures: tuple[str, ...] = ()
    levels: tuple[LevelOrigin, ...] = ()
    effects: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.verdict in (Verdict.ALLOWED, Verdict.OPEN)

    def text(self, *, verbose: bool = False) -> str:
        """Return it as lines of text for people, of at most 80 columns if words can be broken.

        Args:
            verbose: Whether the tree shows the checks that guards add, as in `Decision.explain`.
        """
        return "\n".join(self._lines(verbose))

    def _lines(self, verbose: bool) -> Iterator[str]:
        at = "" if self.endpoint is None else f" ({self.endpoint})"
        # A path is decoded, and may hold what a terminal obeys.
        yield one_line(f"{self.method} {self.path}{at}")
        yield from labelled("verdict", f"{self.verdict.name}: {self.verdict.value}")
        if not self:
            yield from labelled("status", _status(self.status))
        if self.reason:
            yield from labelled("because", self.reason)
        if self.challenge is not None:
            yield from labelled("challenge", self.challenge)
        for number, cure in enumerate(self.cures):
            yield from labelled("or" if number else "the client", cure)
        for effect in self.effects:
            yield from labelled("and", effect)
        for note in self.notes:
            yield from labelled("note", note)
        if self.decision is not None:
            yield from ("", self.decision.explain(verbose=verbose))
        if self.levels:
            yield from ("", "Its levels were written here:")
            yield from (line for one in self.levels for line in _broken(str(one), "  ", " " * 6))

    def __str__(self) -> str:
        return self.text()


def labelled(label: str, text: str) -> list[str]:
    """Return *text* as lines of at most 80 columns, behind its label."""
    return _broken(text, f"{label + ':':{_LABEL}}", " " * _LABEL)


def _broken(text: str, first: str, others: str) -> list[str]:
    """Return *text* as lines, broken between words, each behind its indent."""
    # An exception's text has any characters; its lines become words of one.
    return wrap(
        one_line(" ".join(text.split())),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:  # a status of the application's own
        return str(status)
