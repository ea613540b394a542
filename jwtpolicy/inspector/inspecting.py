"""Show what an encoded token says, and whether the application would take it.

Nothing that the token names is contacted: a key of the application's own verifies it, or none. The
signature is not shown, so that what is printed is no token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Flask
from werkzeug.exceptions import HTTPException

from ..app.bound_app import BoundApp
from ..decision import one_line
from ..exceptions import AccessError, InvalidTokenError
from ..guards.answers import RequestServices
from ..policy.baseline import for_kind
from ..policy.request import AccessRequest
from ..tokens.jose import split
from ..tokens.strict_json import parse_object
from ..tokens.token import Token
from .spans import moment
from .unanswerable import Unanswerable

#: The claims that are times, in seconds since the epoch.
_TIMES: Final = frozenset({"exp", "nbf", "iat", "auth_time"})
#: Segments of an encrypted token (RFC 7516 section 7.1).
_ENCRYPTED: Final = 5


@dataclass(frozen=True, slots=True)
class Inspection:
    """The content of an encoded token, and what the application says of it.

    Attributes:
        header: The JOSE header; nobody has verified it unless the token is valid.
        claims: The claims; the same holds for them.
        refusal: Why the application does not take the token, as its log would say; None if it does.
        now: The time of the application, in seconds since the epoch.
    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    refusal: str | None
    now: float

    def text(self) -> str:
        """Return it as lines of text for people, none of them the token's own."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield "Header"
        yield from (f"  {one_line(name)}: {_json(value)}" for name, value in self.header.items())
        yield "Claims"
        for name, value in self.claims.items():
            yield f"  {one_line(name)}: {_json(value)}{self._moment(name, value)}"
        yield "valid here" if self.refusal is None else f"not valid here: {one_line(self.refusal)}"

    def _moment(self, name: str, value: object) -> str:
        is_time = name in _TIMES and type(value) in (int, float)
        return f"  ({moment(float(str(value)), self.now)})" if is_time else ""


def inspected(app: Flask, bound: BoundApp, encoded: str) -> Inspection:
    """Return what *encoded* says, and whether *app* takes it; the baseline is asked too.

    Raises:
        Unanswerable: It is no signed token, so that there is nothing to show.
    """
    header, claims = _taken_apart(encoded)
    with app.app_context():
        refusal = _refusal(bound, encoded)
    return Inspection(header, claims, refusal, bound.parts.clock())


def _taken_apart(encoded: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        head, payload, _, _ = split(encoded, len(encoded))
        return parse_object(head), parse_object(payload)
    except InvalidTokenError as error:
        raise Unanswerable(f"this is no signed token: {error.reason}{_hint(encoded)}") from None


def _hint(encoded: str) -> str:
    if encoded.lower().startswith(("bearer ", "authorization:")):
        return "; leave out the word before it in the header, such as Bearer"
    if encoded.count(".") == _ENCRYPTED - 1:
        return "; five segments are an encrypted token (JWE), which this library does not read"
    return ""


def _refusal(bound: BoundApp, encoded: str) -> str | None:
    """Return why the application does not take a token, or None."""
    try:
        token = bound.components.services.guard_verifier.verify(encoded, kinds=None)
        return _refused_by_baseline(bound, token)
    except AccessError as error:
        return error.reason
    except HTTPException as error:
        return f"the application answered {error.code} when it checked the token"


def _refused_by_baseline(bound: BoundApp, token: Token) -> str | None:
    """Return why the baseline, which guards ask about every token, refuses this one, or None."""
    baseline = for_kind(bound.baseline, token.kind)
    if baseline is None:
        return None
    services = bound.components.services
    asked = AccessRequest(token=token, services=RequestServices(services), terms=services.terms)
    asked.is_dry_run = True
    # Not `JWTManager.explain`, which answers as a guard for tokens of other issuers.
    decision = baseline.evaluate(asked)
    return None if decision else decision.reason


def _json(value: object) -> str:
    return json.dumps(value)
