"""`Check`: one question about an application before production, and the values of its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ..exceptions import StoreUnavailableError
from .candidate import Candidate


class Verdict(StrEnum):
    """The answer to the question of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    #: The application does not know it, or could not be asked.
    CANNOT_TELL = "cannot tell"


class Judgement(NamedTuple):
    """A verdict with its reasons.

    Attributes:
        verdict: The verdict.
        found: What was found, a sentence each.
    """

    verdict: Verdict
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one check.

    Attributes:
        name: The name of the check.
        question: Its question.
        verdict: The answer.
        found: What was found, a sentence each.
        advice: What to do; empty where the verdict is ``ok``.
    """

    name: str
    question: str
    verdict: Verdict
    found: tuple[str, ...]
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question about an application; the page "Before production" has a row for each.

    Attributes:
        name: Its name, in lower case.
        question: The question; where it is answered by yes there is nothing to do.
        judge: Returns the answer for an application.
        settings: The settings that it is about.
        advice: What to do where the answer is not yes; code stands between backticks, which the
            page needs and the command leaves out.
    """

    name: str
    question: str
    judge: Callable[[Candidate], Judgement]
    settings: tuple[str, ...] = ()
    advice: str

    def ask(self, candidate: Candidate) -> Result:
        """Return the result for *candidate*; an error of its code is one that cannot tell."""
        verdict, found = self._judged(candidate)
        return Result(
            name=self.name,
            question=self.question,
            verdict=verdict,
            found=tuple(map(candidate.hide, found)),
            advice="" if verdict is Verdict.OK else self.advice.replace("`", ""),
        )

    def _judged(self, candidate: Candidate) -> Judgement:
        try:
            with candidate.app.app_context():
                return self.judge(candidate)
        except StoreUnavailableError as error:
            return cannot_tell(error.reason)
        except Exception as error:  # noqa: BLE001 # one check that fails hides no other
            return cannot_tell(f"the application raised {type(error).__name__}: {error}")


def ok(found: str) -> Judgement:
    """Return the judgement that all is well."""
    return Judgement(Verdict.OK, (found,))


def warning(*found: str) -> Judgement:
    """Return the judgement that somebody should look at it; it does not fail the command."""
    return Judgement(Verdict.WARNING, found)


def failure(*found: str) -> Judgement:
    """Return the judgement that the application is not ready; it fails the command."""
    return Judgement(Verdict.FAILURE, found)


def cannot_tell(found: str) -> Judgement:
    """Return the judgement that nobody can know from within the application."""
    return Judgement(Verdict.CANNOT_TELL, (found,))


def judged(
    *, failures: Iterable[str] = (), warnings: Iterable[str] = (), otherwise: str
) -> Judgement:
    """Return the judgement of several findings: the gravest verdict, with all of them.

    Args:
        failures: Findings for which the application is not ready.
        warnings: Findings that somebody should look at.
        otherwise: The sentence where there is none of either.
    """
    grave, light = tuple(failures), tuple(warnings)
    if grave:
        return failure(*grave, *light)
    return warning(*light) if light else ok(otherwise)
