"""The values that an audit consists of: `Audit`, `Row` and `Protection`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from werkzeug.routing import Rule

from ..policy.base import Policy


class Protection(StrEnum):
    """The protection of an endpoint: by a guard, public on purpose, or none that was found."""

    #: Policies, those of a blueprint included, or the compatibility bridge.
    GUARDED = "guarded"
    #: Nothing, and somebody said so: ``@public``, ``Public()`` or ``JWT_PUBLIC_ENDPOINTS``.
    PUBLIC = "public"
    #: Nothing that is asked before the view, but something in it, or in a wrapper or a hook, calls
    #: ``verify_jwt_in_request`` or ``enforce``; whether it always does cannot be seen.
    INSIDE = "checks inside"
    #: Something runs that cannot be read.
    UNKNOWN = "unknown"
    #: Nothing, and nobody said so.
    UNGUARDED = "unguarded"
    #: Flask, which answers OPTIONS itself; no view runs.
    AUTOMATIC = "automatic"
    #: A mistake in the set-up; every request to the application is answered with 500.
    BROKEN = "broken"


_NOT_SEEN: Final = (Protection.INSIDE, Protection.UNKNOWN, Protection.UNGUARDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the audit: the demands of one endpoint at one URL, for equal methods.

    Attributes:
        rule: The rule of the URL, as it was written.
        methods: The methods, in upper case.
        endpoint: The name of the endpoint.
        protection: Its protection: guarded, public, unguarded or another of `Protection`.
        demands: The source text of all policies; empty if there are none.
        policies: The policies as objects, the outermost level first; a request has to pass all of
            them. They are not part of ``repr`` and ``==``. A secret in a policy is hidden in
            ``demands``, but not here.
        bridge: The source text of the guard of the bridge, or None.
        accepts: The kinds of token that can pass; ``no token`` for callers without a token.
        baseline: The source text of the baseline that every token has to pass as well, or None.
        places: The names of the transports that may carry tokens.
        csrf: Whether tokens in cookies need a CSRF value; None if no such token is read, or if the
            method changes nothing.
        notes: Warnings and explanations for the reader.
        problem: The reason why no request can pass, or None.
        domain: The subdomain or host that the rule is for; mostly empty.
    """

    rule: str
    methods: tuple[str, ...] = ()
    endpoint: str
    protection: Protection
    demands: str = ""
    policies: tuple[Policy, ...] = field(default=(), repr=False, compare=False)
    bridge: str | None = None
    accepts: tuple[str, ...] = ()
    baseline: str | None = None
    places: tuple[str, ...] = ()
    csrf: bool | None = None
    notes: tuple[str, ...] = ()
    problem: str | None = None
    domain: str = ""


def row_at(rule: Rule, protection: Protection, **found: Any) -> Row:
    """Return the row of *rule*, with the attributes in *found*."""
    domain = rule.host or rule.subdomain or ""
    return Row(
        rule=rule.rule, endpoint=rule.endpoint, protection=protection, domain=domain, **found
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The audit of an application: its endpoints, its baseline, and their problems.

    Attributes:
        application: The name of the application.
        baseline: The source text of the policy that every token has to pass, or None.
        places: The names of the transports of ``JWT_TOKEN_LOCATION`` and the application's own.
        rows: Its endpoints, sorted by rule.
        remarks: Warnings and explanations that concern all of them.
        problems: The reasons why no request at all can pass; mostly empty.
    """

    application: str
    baseline: str | None = None
    places: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def unguarded(self) -> tuple[Row, ...]:
        """The endpoints without a visible guard that were not declared public."""
        return tuple(row for row in self.rows if row.protection in _NOT_SEEN)

    @property
    def impassable(self) -> tuple[Row, ...]:
        """The endpoints that no request can pass."""
        return tuple(row for row in self.rows if row.problem is not None)

    def unguarded_but(self, allowed: Collection[str]) -> tuple[Row, ...]:
        """Return the `unguarded` rows, without the *allowed* ones whose checks cannot be seen.

        An endpoint that certainly has no check is always returned.
        """
        return tuple(
            row
            for row in self.unguarded
            if row.protection is Protection.UNGUARDED or row.endpoint not in allowed
        )
