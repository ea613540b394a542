"""The metadata of a protected resource, for clients that look for its tokens (:rfc:`9728`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import NoneType
from typing import Any, ClassVar, Final
from weakref import WeakKeyDictionary

from flask import Blueprint, Response, json, request
from flask.blueprints import BlueprintSetupState

from ..app.bound_app import EXTENSION, BoundApp, application
from ..app.protected_resources import ProtectedResource
from ..exceptions import ConfigurationError, SetupError, expect, expect_several
from ..extension import JWTManager
from ..policy.credentials import Public
from ..settings import Settings
from ..views import ProtectedView
from .resource_identifiers import (
    checked_identifier,
    checked_page,
    checked_server,
    metadata_path,
    metadata_url,
)

#: Seconds for which others may keep the document.
_MAX_AGE: Final = 3600


def resource_metadata_blueprint(
    jwt: JWTManager[Any],
    *blueprints: Blueprint,
    resource: str,
    authorization_servers: Iterable[str],
    resource_name: str | None = None,
    resource_documentation: str | None = None,
    challenge_scope: bool = False,
    allow_http: bool = False,
) -> Blueprint:
    """Make *blueprints* a protected resource; return a blueprint that serves its metadata.

    The endpoints of *blueprints* accept only tokens whose ``aud`` holds *resource*. Endpoints
    outside of them do not accept tokens that are for it alone, unless it is the only audience of
    the application. An endpoint of *blueprints* without a guard needs an access token. The
    challenges of *blueprints* lead to the metadata, which is at
    ``/.well-known/oauth-protected-resource`` followed by the path of *resource*. So register the
    returned blueprint without a URL prefix, and call this function before you register the others.

    The application has to accept the audience *resource*: ``audience=`` of an `Issuer` names it, or
    ``JWT_DECODE_AUDIENCE`` for tokens of its own. The audience and all URLs are those that you
    pass: neither ``Host`` nor another part of a request changes them.

    .. warning:: **Guards of the bridge for Flask-JWT-Extended know nothing of resources.** Outside
        of *blueprints* they accept tokens that are for *resource* alone.

    Args:
        jwt: The manager.
        blueprints: The blueprints whose endpoints are the resource, nested ones included.
        resource: The identifier of the resource: the URL by which clients reach it, with
            ``https``, and without query and fragment (:rfc:`9728#section-1.2`).
        authorization_servers: The issuers of its tokens, as URLs (:rfc:`8414#section-2`).
        resource_name: A name of the resource for people.
        resource_documentation: The URL of a page for developers.
        challenge_scope: Whether the challenge of a request without a usable token names the scopes
            that the policies of the endpoint ask for. If there are alternatives, it names those
            of the alternative that asks for the fewest.
        allow_http: Whether the URLs may begin with ``http`` on this machine, for development.

    Returns:
        The blueprint, named ``resource_metadata``. To register a second one, pass ``name=`` to
        ``register_blueprint``.

    Raises:
        ConfigurationError: A URL or a text cannot be used, or no blueprint or no authorization
            server is given.
        SetupError: One of *blueprints* is another resource already, or an application that
            registered it has had its first request.

    Example:
        >>> from jwtpolicy.endpoints import resource_metadata_blueprint
        >>> metadata = resource_metadata_blueprint(
        ...     jwt,
        ...     Blueprint("mcp", __name__),
        ...     resource="https://api.example.com/mcp",
        ...     authorization_servers=["https://login.example.com"],
        ... )
        >>> app.register_blueprint(metadata)
    """
    _check_arguments(jwt, blueprints, challenge_scope, allow_http)
    identifier = checked_identifier(resource, allow_http=allow_http)
    told = {
        "resource": identifier,
        "authorization_servers": _checked_servers(authorization_servers, allow_http),
        "resource_name": _checked_name(resource_name),
        "resource_documentation": checked_page(resource_documentation),
    }
    metadata = Blueprint("resource_metadata", __name__)
    protected = ProtectedResource(identifier, metadata_url(identifier), metadata, challenge_scope)
    members = {"told": told, "protected": protected, "documents": WeakKeyDictionary()}
    view: type[ResourceMetadataView] = type("ResourceMetadata", (ResourceMetadataView,), members)
    metadata.record(_check_registered)
    path = metadata_path(identifier)
    # Without redirects from other paths: those would be made of the Host of the request.
    is_strict = not path.endswith("/")
    metadata.add_url_rule(
        path, view_func=view.as_view("metadata"), strict_slashes=is_strict, merge_slashes=False
    )
    jwt._add_resource(blueprints, protected)
    return metadata


class ResourceMetadataView(ProtectedView):
    """``GET`` answers with the metadata of a protected resource (:rfc:`9728#section-2`).

    Attributes:
        told: The members that were passed to `resource_metadata_blueprint`; None: it has none.
        protected: The resource.
        documents: The encoded metadata, by application.
    """

    policies = Public()
    told: ClassVar[Mapping[str, object]]
    protected: ClassVar[ProtectedResource]
    documents: ClassVar[WeakKeyDictionary[BoundApp, str]]

    def get(self) -> Response:
        """Return the document, or 304 if the client has it already."""
        bound = application()
        document = self.documents.get(bound)
        if document is None:
            document = self.documents[bound] = json.dumps(self._members(bound))
        response = Response(document, mimetype="application/json")
        response.cache_control.public = True
        response.cache_control.max_age = _MAX_AGE
        response.add_etag()
        response.make_conditional(request)
        return response

    def _members(self, bound: BoundApp) -> dict[str, object]:
        """Return the members that have a value: "zero elements MUST be omitted" (section 3.2)."""
        scopes = bound.planner.scopes(self.protected, bound.baseline)
        members = {
            **self.told,
            "scopes_supported": sorted(scopes),
            "bearer_methods_supported": _methods(bound.settings),
        }
        return {name: value for name, value in members.items() if value}


def _methods(settings: Settings) -> list[str]:
    """Return how tokens may be sent, by the names of :rfc:`6750#section-2`; cookies have none."""
    header = ("headers" in settings.token_location, settings.header_name, settings.header_type)
    return ["header"] if header == (True, "Authorization", "Bearer") else []


def _check_registered(state: BlueprintSetupState) -> None:
    """Refuse a URL prefix, because the metadata has to be at the root of the host; and lateness.

    Raises:
        SetupError: The blueprint is registered below a prefix or on a subdomain. Or the application
            has made its guards, which do not know that they are outside of a resource.
    """
    bound = state.app.extensions.get(EXTENSION)
    if bound is not None and bound.is_bound:
        msg = (
            "the blueprint of resource_metadata_blueprint is registered too late: the guards of "
            f"{state.app.name} are made; register it before the first request"
        )
        raise SetupError(msg)
    if (state.url_prefix or "/") != "/" or state.subdomain:
        msg = (
            "clients look for the metadata at the root of the host: register the blueprint of "
            "resource_metadata_blueprint in the application, without a url_prefix or a subdomain"
        )
        raise SetupError(msg)


def _check_arguments(jwt: object, blueprints: Sequence[object], *switches: object) -> None:
    """Check the types of `resource_metadata_blueprint`'s arguments.

    Raises:
        ConfigurationError: An argument is of another type than documented, or there is none where
            one is needed.
    """
    name = "resource_metadata_blueprint"
    expect(jwt, JWTManager, f"{name} takes the JWTManager first", ConfigurationError)
    if not blueprints:
        msg = f"{name}(jwt, …) takes the blueprints that are the resource, and there is none"
        raise ConfigurationError(msg)
    for blueprint in blueprints:
        expect(blueprint, Blueprint, f"{name}(jwt, …) takes Blueprints", ConfigurationError)
    for switch in switches:
        how = f"{name}: challenge_scope and allow_http are True or False"
        expect(switch, bool, how, ConfigurationError)


def _checked_servers(servers: object, allow_http: bool) -> list[str]:
    """Return the URLs of authorization servers, each once.

    Raises:
        ConfigurationError: One cannot be used, or there is none.
    """
    how = "resource_metadata_blueprint(authorization_servers=…) takes a list of URLs"
    listed = expect_several(servers, how, ConfigurationError)
    checked = dict.fromkeys(checked_server(server, allow_http=allow_http) for server in listed)
    if not checked:
        msg = f"{how}, and it is empty"
        raise ConfigurationError(msg)
    return list(checked)


def _checked_name(value: object) -> str | None:
    how = "resource_metadata_blueprint(resource_name=…) takes a text"
    expect(value, (str, NoneType), how, ConfigurationError)
    return value if isinstance(value, str) else None
