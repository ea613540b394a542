"""`Candidate`: the application that is checked, and what several checks ask of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from flask import Flask

from ..app.bound_app import EXTENSION, BoundApp
from ..app.bridge_guards import EXTENSION as BRIDGE
from ..audit import Audit, audit
from ..audit.hiding import hider
from ..settings import Settings
from ..stores import CachedStore, TokenStore


@dataclass(frozen=True, slots=True)
class Candidate:
    """The application that is to go into production.

    Attributes:
        app: The Flask application.
        bound: Its part of this library, or None where only the bridge guards it.
        audit: Its audit.
        allowed: The endpoints that may be checked inside.
        hide: Returns a text without the application's secrets.
    """

    app: Flask
    bound: BoundApp | None
    audit: Audit
    allowed: Collection[str]
    hide: Callable[[str], str]

    @property
    def settings(self) -> Settings | None:
        """The settings; None where only the bridge guards, which has its own."""
        return None if self.bound is None else self.bound.settings

    @property
    def has_bridge(self) -> bool:
        """Whether the bridge, or Flask-JWT-Extended itself, guards endpoints."""
        return BRIDGE in self.app.extensions

    @property
    def keeping(self) -> tuple[BoundApp, TokenStore] | None:
        """The bound application and its store, behind all caches; None where there is no store."""
        if self.bound is None or self.bound.parts.store is None:
            return None
        store = self.bound.parts.store
        while isinstance(store, CachedStore):
            store = store.store
        return self.bound, store


def candidate_of(app: Flask, allowed: Collection[str]) -> Candidate:
    """Return the candidate *app*, audited.

    Raises:
        SetupError: It has no `JWTManager`, of jwtpolicy or of the bridge.
    """
    return Candidate(app, app.extensions.get(EXTENSION), audit(app), allowed, hider(app.config))
