"""Checks of the other issuers that an application trusts: whether their keys can be had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ..app.trust import Trust
from ..exceptions import KeysUnavailableError
from ..issuers.issuer import Issuer
from .candidate import Candidate
from .check import Check, Judgement, judged, ok


def _has_keys(candidate: Candidate) -> Judgement:
    bound = candidate.bound
    issuers = () if bound is None else bound.components.registered.issuers
    if bound is None or not issuers:
        return ok("no other issuer is trusted by its URL")
    return judged(
        failures=_missing(bound.parts.trust, issuers),
        warnings=[
            f"{one.url}: allow_http=True, which is for an issuer on the same machine"
            for one in issuers
            if one.allow_http
        ],
        otherwise=f"the keys of {', '.join(one.url for one in issuers)} are there",
    )


def _missing(trust: Trust, issuers: Iterable[Issuer]) -> Iterator[str]:
    """Yield the issuers whose keys cannot be fetched; the log has the reason of each."""
    for issuer in issuers:
        try:
            trust.keys_of(issuer).current()
        except KeysUnavailableError as error:
            yield f"{error.reason}; compare the URL with `iss` of a token, to the last slash"


ISSUERS: Final = Check(
    name="issuers",
    question="Can the keys of all trusted issuers be fetched?",
    judge=_has_keys,
    advice=(
        "Compare the URL of the `Issuer` with `iss` of its tokens, let this machine reach it, and "
        "look at the log, which has the reason."
    ),
)
