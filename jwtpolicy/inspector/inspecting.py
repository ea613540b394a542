"""Show what an encoded token says, and whether the application would take it.

Nothing that the token names is contacted: a key of the application's own verifies it, or one of an
issuer that it trusts, or none. The signature is not shown, so that what is printed is no token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Flask
from werkzeug.exceptions import HTTPException

from ..app.bound_app import BoundApp
from ..app.subjects import issuer_claimed
from ..decision import one_line
from ..exceptions import AccessError, InvalidTokenError
from ..guards.answers import RequestServices
from ..issuers.issuer import Issuer
from ..parsing.strict_json import parse_object
from ..policy.baseline import for_kind
from ..policy.request import AccessRequest
from ..tokens.jose import split
from ..tokens.token import Token
from ..tokens.verifier import Verifier
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
        issuer: The other issuer whose token it is, or would be; None for an own one.
        mapped: What policies read of its claims, if those names are this application's; empty for
            an own token, and for one that is refused before.
        refusal: Why the application does not take the token, as its log would say; None if it does.
        now: The time of the application, in seconds since the epoch.
    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    refusal: str | None
    now: float
    issuer: Issuer | None = None
    mapped: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """Return it as lines of text for people, none of them the token's own."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield "Header"
        yield from (f"  {one_line(name)}: {_json(value)}" for name, value in self.header.items())
        yield "Claims"
        for name, value in self.claims.items():
            yield f"  {one_line(name)}: {_json(value)}{self._moment(name, value)}"
        if self.issuer is not None:
            yield f"Issuer: {one_line(self.issuer.url)}, which is trusted"
        if self.mapped:
            yield "What policies read"
            for name, value in self.mapped.items():
                yield f"  {one_line(name)}: {_json(value)}"
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
    verifier = bound.components.services.guard_verifier
    with app.app_context():
        token, refusal = _judged(bound, verifier, encoded)
        issuer = issuer_claimed(claims, verifier)
    mapped = {} if token is None or token._origin is None else _differing(token, claims)
    now = bound.parts.clock()
    return Inspection(header, claims, refusal, now, issuer, mapped)


def _differing(token: Token, claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims that policies read which are not as the issuer has signed them.

    Names of this application's that its issuer does not map are left out of it; they are null here.
    """
    read = token._claims
    changed = {name: value for name, value in read.items() if claims.get(name) != value}
    return {**changed, **{name: None for name in claims if name not in read}}


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


def _judged(bound: BoundApp, verifier: Verifier, encoded: str) -> tuple[Token | None, str | None]:
    """Return the token, if it verifies, and why the application does not take it, or None."""
    token = None
    try:
        token = verifier.verify(encoded, kinds=None)
        return token, _refused_by_baseline(bound, token)
    except AccessError as error:
        return token, error.reason
    except HTTPException as error:
        return token, f"the application answered {error.code} when it checked the token"


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
