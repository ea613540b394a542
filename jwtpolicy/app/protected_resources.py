"""The protected resources of one application: blueprints that demand an audience of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple, cast

from flask import Blueprint, Flask

from ..exceptions import ConfigurationError, SetupError
from ..policy.audience import ForAudience, NotOnlyFor
from ..policy.base import Policy

#: The path of metadata at the root of a host (:rfc:`9728#section-3`).
WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"


class ProtectedResource(NamedTuple):
    """A protected resource of :rfc:`9728`: blueprints whose tokens are for them alone.

    Attributes:
        identifier: Its URL, which has to be in the ``aud`` of its tokens.
        metadata_url: Where its metadata is.
        metadata: The blueprint that serves the metadata.
        tells_scope: Whether challenges name the scopes to ask for.
    """

    identifier: str
    metadata_url: str
    metadata: Blueprint
    tells_scope: bool


#: The protected resources, by the blueprints whose endpoints they are.
Registered = Mapping[Blueprint, ProtectedResource]


class ProtectedResources:
    """The protected resources of the blueprints that one application has registered.

    Args:
        app: The application.
        registered: The resources of the manager's blueprints, those of other applications too.
        accepted: Returns the audiences that the application accepts, of its own tokens and of those
            of other issuers.
    """

    def __init__(
        self,
        app: Flask,
        registered: Callable[[], Registered],
        accepted: Callable[[], frozenset[str]],
    ) -> None:
        self._app = app
        self._registered = registered
        self._accepted = accepted

    def of(self, endpoint: str | None) -> ProtectedResource | None:
        """Return the resource of the innermost blueprint of *endpoint* that has one, or None."""
        registered = self._registered()
        if not registered:
            return None
        found = (registered.get(blueprint) for blueprint in blueprints_of(self._app, endpoint))
        return next(filter(None, found), None)

    def baseline(self, endpoint: str | None, baseline: Policy | None) -> Policy | None:
        """Return *baseline* with what *endpoint* demands of the audience of its tokens.

        It is no level: a level that names no issuer would close the endpoint to all but one.
        """
        demanded = self.demanded(endpoint)
        if demanded is None or baseline is None:
            return baseline if demanded is None else demanded
        return baseline & demanded

    def demanded(self, endpoint: str | None) -> Policy | None:
        """Return what *endpoint* demands of the audience of its tokens, or None."""
        resource = self.of(endpoint)
        if resource is not None:
            return ForAudience(resource.identifier)
        others = {one.identifier for one in self.here()}
        accepted = self._accepted()
        if len(accepted) == 1:
            # Then the resource is what the whole application is.
            others -= accepted
        return NotOnlyFor(*sorted(others)) if others else None

    def here(self) -> Iterator[ProtectedResource]:
        """Yield the resources that the application has, whole or in part.

        One whose blueprints are registered after the binding counts before, by its metadata.
        """
        blueprints = set(self._app.blueprints.values())
        for blueprint, resource in self._registered().items():
            if not blueprints.isdisjoint((blueprint, resource.metadata)):
                yield resource

    def check(self) -> None:
        """Refuse resources whose clients could never get in.

        Raises:
            ConfigurationError: The application accepts no token of the resource's audience.
            SetupError: The blueprint with the metadata is not registered.
        """
        for resource in self.here():
            if resource.identifier not in self._accepted():
                msg = (
                    f"the application accepts no token for {resource.identifier}: name it in "
                    "audience= of the Issuer whose tokens are for it, or in JWT_DECODE_AUDIENCE, "
                    "beside the audience of other tokens"
                )
                raise ConfigurationError(msg)
            if resource.metadata not in self._app.blueprints.values():
                msg = (
                    f"challenges lead to {resource.metadata_url}, which nobody serves: register "
                    "the blueprint that resource_metadata_blueprint has returned"
                )
                raise SetupError(msg)


def blueprints_of(app: Flask, endpoint: str | None) -> Iterator[Blueprint]:
    """Yield the blueprints of *endpoint*, the innermost first."""
    name = (endpoint or "").rpartition(".")[0]
    while name:
        # None where the application's own endpoint has a dot in its name.
        blueprint = cast("Blueprint | None", app.blueprints.get(name))
        if blueprint is not None:
            yield blueprint
        name = name.rpartition(".")[0]
