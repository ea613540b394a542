"""Render what each policy allows, refuses with and reads, by asking it about requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from constructors import signature_of
from reference_api import first_paragraph
from tables import table_lines

import jwtpolicy
from jwtpolicy import AccessRequest, Outcome, Policy, Token
from jwtpolicy.exceptions import (
    ExpiredTokenError,
    StoreUnavailableError,
    UnknownUserError,
    UserUnavailableError,
)
from jwtpolicy.guards.challenges import ERRORS
from jwtpolicy.policy.request import PolicySettings
from jwtpolicy.sessions.revocation import ref_of
from jwtpolicy.stores import TokenStatus

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: What has no outcome of its own: it passes on those of its members, or is not evaluated.
WITHOUT = {"Policy", "AllOf", "AnyOf", "Not", "AtLeast", "When", "Public"}

#: A policy of each kind, or several where they read different claims.
EXAMPLES: dict[str, Sequence[Policy]] = {
    "Access": [jwtpolicy.Access()],
    "Refresh": [jwtpolicy.Refresh()],
    "TokenKind": [jwtpolicy.TokenKind("download")],
    "ForAudience": [jwtpolicy.ForAudience("https://api.example.com")],
    "Anonymous": [jwtpolicy.Anonymous()],
    "OptionalToken": [jwtpolicy.OptionalToken()],
    "Fresh": [jwtpolicy.Fresh(), jwtpolicy.Fresh(within=300, acr="mfa")],
    "ClaimsMatch": [jwtpolicy.ClaimsMatch(plan="gold")],
    "HasScope": [jwtpolicy.HasScope("read")],
    "HasRole": [jwtpolicy.HasRole("admin")],
    "IsSubject": [jwtpolicy.IsSubject("user_id")],
    "Owns": [jwtpolicy.Owns("owner")],
    "ResourceMatch": [jwtpolicy.ResourceMatch(state="open")],
    "NotRevoked": [jwtpolicy.NotRevoked()],
    "KnownUser": [jwtpolicy.KnownUser()],
    "SingleUse": [jwtpolicy.SingleUse()],
    "IssuedBy": [jwtpolicy.IssuedBy(jwtpolicy.OWN)],
}

#: The claims that every verified token has, and those that make each example allow.
_ALWAYS = {"type": "access", "sub": "ada", "jti": "1"}
_GOOD = {
    "plan": "gold",
    "scope": "read",
    "roles": ["admin"],
    "aud": "https://api.example.com",
    "fresh": True,
    "auth_time": 1000,
}
_BAD = {"plan": "tin", "scope": "write", "roles": ["author"], "fresh": False, "auth_time": 1}


class Recorded(dict[str, Any]):
    """Claims that remember which of them were read."""

    def __init__(self, claims: dict[str, Any], read: set[str]) -> None:
        super().__init__(claims)
        self.read = read

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.read.add(str(name))
        return super().__contains__(name)


@dataclass
class Found:
    """What was found out about a policy: its outcomes, their statuses, and the claims it reads."""

    outcomes: set[tuple[Outcome, int]] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)


def found_out(policies: Sequence[Policy]) -> Found:
    """Ask *policies* about all requests."""
    found = Found()
    for policy in policies:
        for access in requests(found.claims):
            decision = policy.evaluate(access)
            error = decision.error or ERRORS.get(decision.outcome)
            found.outcomes.add((decision.outcome, getattr(error, "code", None) or 200))
    return found


def requests(read: set[str]) -> Iterator[AccessRequest]:
    """Yield requests of every sort; the names of the claims that are read go to *read*."""
    yield _request(None, credential_error=None)
    yield _request(None, credential_error=ExpiredTokenError())
    for kind in ("access", "refresh", "download"):
        for claims in ({}, _GOOD | {"acr": "mfa"}, _BAD):
            token = _token(_ALWAYS | {"type": kind} | claims, read)
            yield from (_request(token, services=_services(status)) for status in TokenStatus)
            yield from (_request(token, services=_services(error)) for error in _OUTAGES)
            yield _request(token, resource=None)
            yield _request(token, resource={"owner": "bob", "state": "closed"})
            yield _request(token, resource={})
            yield _request(token, view_args={"user_id": "bob"})


def _request(token: Token | None, **given: Any) -> AccessRequest:
    usual: dict[str, Any] = {
        "view_args": {"user_id": "ada"},
        "resource": {"owner": "ada", "state": "open"},
        "services": _services(TokenStatus.GOOD),
    }
    terms = PolicySettings(clock=lambda: 1100)
    return AccessRequest(token=token, terms=terms, **(usual | given))


def _token(claims: dict[str, Any], read: set[str]) -> Token:
    """Return what policies take for a verified token; only a verifier makes a real one."""
    token = object.__new__(Token)
    members = {"_claims": Recorded(claims, read), "_header": {}, "issuer": "", "is_own": True}
    for name, value in (members | {"principal": None, "_origin": None}).items():
        object.__setattr__(token, name, value)
    return token


_OUTAGES = (UnknownUserError(), UserUnavailableError(), StoreUnavailableError())


def _services(answer: TokenStatus | Exception) -> Any:
    """Return services whose store gives that answer, or that fail with it."""

    def standing(token: Token) -> Any:
        ref_of(token)  # reads what a store is asked about
        if type(answer) is StoreUnavailableError:
            raise answer
        return answer if isinstance(answer, TokenStatus) else TokenStatus.GOOD

    def load_user(token: Token) -> str:
        if isinstance(answer, Exception) and type(answer) is not StoreUnavailableError:
            raise answer
        return token.subject

    return SimpleNamespace(standing=standing, load_user=load_user)


def public_policies() -> dict[str, type[Policy]]:
    """Return the classes of policies that users import, by name, in the order of the package."""
    found = ((name, getattr(jwtpolicy, name)) for name in jwtpolicy.__all__)
    return {
        name: value
        for name, value in found
        if isinstance(value, type) and (issubclass(value, Policy) or name in WITHOUT)
    }


def policy_rows() -> Iterator[tuple[str, str, str]]:
    """Yield a row for each policy that decides."""
    yield ("policy", "allows, and which claims it reads", "refuses with")
    for name, cls in public_policies().items():
        if name not in WITHOUT:
            found = found_out(EXAMPLES[name])
            allows = f"{_first_sentence(cls)} Reads {_claims(found)}."
            yield (_name(cls), allows, _refusals(found))


def operator_rows() -> Iterator[tuple[str, str]]:
    """Yield a row for each policy that is made of others, or stands alone."""
    yield ("policy", "meaning")
    for name, cls in public_policies().items():
        if name in WITHOUT:
            yield (_name(cls), _first_sentence(cls))


def _name(cls: type[Policy]) -> str:
    parameters = signature_of(cls) or "()"
    return f":class:`{cls.__name__}{parameters} <jwtpolicy.{cls.__name__}>`"


def _first_sentence(cls: type) -> str:
    """Return the first sentence of a class's docstring."""
    return re.split(r"(?<=[.])\s", first_paragraph(cls))[0]


def _refusals(found: Found) -> str:
    refused = [each for each in sorted(found.outcomes) if each[0] > Outcome.PENDING]
    names: dict[int, list[str]] = {}
    for outcome, code in refused:
        names.setdefault(code, []).append(f"``{outcome.name}``")
    return "; ".join(f"{code} {', '.join(listed)}" for code, listed in names.items())


def _claims(found: Found) -> str:
    """Return the claims that were read; those of one's own choice as such."""
    named = {"plan": "the claims that it names", "roles": "the claim of :data:`JWT_ROLES_CLAIM`"}
    read = sorted(found.claims)
    return ", ".join(named.get(claim, f"``{claim}``") for claim in read) or "no claim"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives of both tables."""
    from tables import Table

    class Policies(Table):
        """Insert the table of policies that decide."""

        lines = staticmethod(lambda: table_lines(policy_rows(), "30 40 30"))

    class Operators(Table):
        """Insert the table of those that are made of others."""

        lines = staticmethod(lambda: table_lines(operator_rows(), "30 70"))

    app.add_directive("policies-table", Policies)
    app.add_directive("operators-table", Operators)
    return {"parallel_read_safe": True}
