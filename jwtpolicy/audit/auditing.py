"""Audit all endpoints of an application."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flask import Flask

from ..app.bound_app import EXTENSION, BoundApp
from ..app.bridge_guards import EXTENSION as BRIDGE
from ..app.planner import methods_of
from ..exceptions import ConfigurationError, SetupError
from ..policy.base import Policy
from .findings import Audit, Protection, Row
from .hiding import without_secrets
from .judging import Judge
from .remarks import remarks_on


def audit(app: Flask) -> Audit:
    """Return the audit of *app*: the policies that each endpoint demands now.

    The application can still be changed afterwards. A mistake in the set-up is reported at its
    endpoint, and the other endpoints are listed too. Endpoints that no request can pass are found
    as far as that is known without a request.

    Args:
        app: An application with a `JWTManager`, of jwtpolicy or of its bridge.

    Raises:
        SetupError: *app* has no `JWTManager`, of jwtpolicy or of the bridge.
    """
    application: BoundApp | None = app.extensions.get(EXTENSION)
    if application is None and BRIDGE not in app.extensions:
        msg = f"{app.name} has no JWTManager; write JWTManager(app) or jwt.init_app(app)"
        raise SetupError(msg)
    rows = tuple(sorted(_rows(app, Judge(app, application)), key=_place))
    baseline = None if application is None else application.baseline
    places = () if application is None else application.parts.places().transports
    found = Audit(
        application=app.name,
        baseline=None if baseline is None else repr(baseline),
        places=tuple(place.name for place in places),
        rows=rows,
        remarks=tuple(remarks_on(app, application)),
        problems=() if application is None else tuple(_problems(application, rows)),
    )
    return without_secrets(found, app.config)


def _rows(app: Flask, judge: Judge) -> Iterator[Row]:
    for rule in app.url_map.iter_rules():
        # Neither of these reaches a view.
        if rule.build_only or rule.redirect_to is not None:
            continue
        # Policies that only look alike are rows of their own.
        found: dict[tuple[Row, tuple[Policy, ...]], list[str]] = {}
        for method in methods_of(rule):
            row = judge.row(rule, method)
            found.setdefault((row, row.policies), []).append(method)
        for (row, _), methods in found.items():
            yield replace(row, methods=tuple(methods))


def _place(row: Row) -> tuple[str, ...]:
    return row.domain, row.rule, row.endpoint, *row.methods


def _problems(application: BoundApp, rows: tuple[Row, ...]) -> Iterator[str]:
    """Yield the mistakes of the set-up that make every request fail, to any endpoint."""
    if any(row.protection is Protection.BROKEN for row in rows):
        yield "every request is answered with 500 until what is broken has been mended"
    try:
        application.check_config()
    except ConfigurationError as error:
        yield str(error)
