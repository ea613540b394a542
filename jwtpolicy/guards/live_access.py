"""The current request as policies see it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, cast

from flask import Request

from ..exceptions import (
    PolicyDefinitionError,
    ResourceNotFoundError,
)
from ..policy.request import NOT_LOADED, AccessRequest, PolicySettings
from ..tokens.token import Token
from ..transports import Transport
from .answers import RequestServices
from .plan import Loader


class LiveAccess(AccessRequest):
    """The `AccessRequest` of the current Flask request; rarely read attributes are properties.

    Attributes:
        place: The transport that presented the token, or None without a token.
        loader: The loader of the resource, or None.
    """

    def __init__(
        self,
        request: Request,
        token: Token | None,
        place: Transport | None,
        services: RequestServices,
        terms: PolicySettings,
        loader: Loader | None = None,
    ) -> None:
        self.token = token
        self.place = place
        self.loader = loader
        if loader is not None:
            self._resource = NOT_LOADED
        self.method = request.method
        self.terms = terms
        self._services = services
        self._rule = request.url_rule
        # Not the environ itself: this is kept in it, and a cycle would outlive the request.
        self.remote_addr = request.environ.get("REMOTE_ADDR")
        self._args = request.view_args

    @property
    def transport(self) -> str | None:  # type: ignore[override] # looked up
        return None if self.place is None else self.place.name

    @property
    def endpoint(self) -> str | None:  # type: ignore[override] # looked up
        return None if self._rule is None else self._rule.endpoint

    # No `property`, so that a copy can be given another value.
    @cached_property
    def is_dry_run(self) -> bool:  # type: ignore[override] # looked up
        return cast(RequestServices, self._services).services.is_dry_run

    @property
    def view_args(self) -> Mapping[str, Any]:  # type: ignore[override] # looked up
        return MappingProxyType(self._args or {})


def keep(access: AccessRequest, resource: Any) -> None:
    """Set the loaded resource of *access*, for policies and for `current_resource`.

    Raises:
        ResourceNotFoundError: *resource* is None: the loader found none.
        PolicyDefinitionError: *resource* is a coroutine that was not awaited.
    """
    if inspect.iscoroutine(resource):
        # Closed, so that Python does not warn of it as well; policies would take it for an object.
        resource.close()
        msg = "the resource is a coroutine: await it, or define the loader with async def"
        raise PolicyDefinitionError(msg)
    if resource is None:
        msg = "the loader found no resource"
        raise ResourceNotFoundError(msg)
    access._resource = resource
