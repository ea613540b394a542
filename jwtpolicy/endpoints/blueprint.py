"""The blueprint of the ready-made views: `auth_blueprint`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import NoneType
from typing import Any, Final

from flask import Blueprint, current_app
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from ..app.bound_app import EXTENSION
from ..exceptions import ConfigurationError, SetupError, expect, expect_names
from ..transports.cookies import REFRESH_PATHS
from ..views import ProtectedView
from .credential_view import Credentials
from .introspection import IntrospectionView
from .login import LoginView
from .logout import LogoutView
from .open_sessions import SessionsView
from .refresh import RefreshView
from .step_up import StepUpView
from .token_revocation import RevocationView

#: Returns the user whose credentials these are, or None; may be async.
Authenticate = Callable[[Credentials], Any]

#: The rules of the endpoints, by their names.
RULES: Final[Mapping[str, str]] = {
    "login": "/login",
    "refresh": "/refresh",
    "step_up": "/step-up",
    "logout": "/logout",
    "sessions": "/sessions",
    "revoke": "/revoke",
    "introspect": "/introspect",
}

#: The endpoints for people; the others are for services.
USUAL: Final = ("login", "refresh", "step_up", "logout", "sessions")


def auth_blueprint(
    authenticate: Authenticate | type[LoginView] | None = None,
    *,
    name: str = "auth",
    url_prefix: str = "/auth",
    endpoints: Iterable[str] = USUAL,
    fields: Sequence[str] | None = None,
    answer_in: str | None = None,
    acr: str | None = None,
    clients: Mapping[str, str] | None = None,
    views: Mapping[str, type[ProtectedView]] | None = None,
) -> Blueprint:
    """Return a blueprint with the endpoints that most applications need.

    If tokens are read from cookies, the refresh cookie gets the path of the blueprint, unless
    ``JWT_REFRESH_COOKIE_PATH`` is set. So browsers send it only to these endpoints.

    Args:
        authenticate: A function that returns the user of the credentials, or None, as
            `LoginView.authenticate`; or a subclass of `LoginView`. The step-up uses it too.
        name: The name of the blueprint.
        url_prefix: The URL prefix of the blueprint. If the server mounts the application at a
            path, as the request or ``APPLICATION_ROOT`` says, the path of the cookie begins with
            it.
        endpoints: The names of the endpoints: ``login``, ``refresh``, ``step_up``, ``logout``,
            ``sessions``, and for services ``revoke`` and ``introspect``.
        fields: The names of the fields of the credentials. If None, ``username`` and ``password``.
        answer_in: Where a login puts its tokens, as `LoginView.answer_in`.
        acr: The authentication context class of a step-up, as `StepUpView.acr`.
        clients: The secrets of the services that may revoke and introspect, by their ids.
        views: View classes of your own, by the name of the endpoint.

    Raises:
        ConfigurationError: An endpoint's name is unknown. Or an argument that it needs, such as
            *authenticate* or *clients*, is absent or of a wrong type.
    """
    _check_arguments(name, url_prefix, endpoints, clients, views)
    expect(acr, (str, NoneType), "auth_blueprint(acr=…) takes one text", ConfigurationError)
    given = dict(views or {})
    wanted = tuple(endpoints)
    _check_names({*wanted, *given})
    if wanted_login := {"login", "step_up"}.intersection(wanted) - set(given):
        found = authenticate or given.get("login")
        login = _login_view(found, wanted_login, fields, answer_in)
        given = {"login": login, "step_up": _step_up_view(login, acr), **given}
    given = {**_views_of_services(clients), **_PLAIN, **given}
    if "introspect" in wanted and not clients and given["introspect"] is IntrospectionView:
        msg = "auth_blueprint: no client may introspect; pass clients=, or a view of your own"
        raise ConfigurationError(msg)
    blueprint = Blueprint(name, __name__, url_prefix=url_prefix or None)
    for endpoint in wanted:
        _add(blueprint, endpoint, given[endpoint])
    if needs_store := sorted(name for name in wanted if given[name]._needs_store):
        blueprint.record(lambda state: _check_store(state, needs_store))
    if "refresh" in wanted:
        blueprint.record(_note_refresh_path)
    return blueprint


_PLAIN: Final[Mapping[str, type[ProtectedView]]] = {
    "refresh": RefreshView,
    "logout": LogoutView,
    "sessions": SessionsView,
}


def _check_store(state: BlueprintSetupState, needs_store: Sequence[str]) -> None:
    """Refuse endpoints that need a token store where the application is known to have none.

    Where the manager comes later, the application says so when it is bound.

    Raises:
        ConfigurationError: The application has no token store, and *needs_store* is not empty.
    """
    found = state.app.extensions.get(EXTENSION)
    if found is not None and found.parts.store is None:
        listed = ", ".join(needs_store)
        msg = f"auth_blueprint: {listed} need a token store, and there is none: set JWT_STORE_URL"
        raise ConfigurationError(msg)


def _check_arguments(
    name: object, url_prefix: object, endpoints: object, clients: object, views: object
) -> None:
    """Check the types of `auth_blueprint`'s arguments: one text would be taken as its letters.

    Raises:
        ConfigurationError: An argument is of another type than documented.
    """
    expect(name, str, "auth_blueprint(name=…) takes the blueprint's name", ConfigurationError)
    prefix = "auth_blueprint(url_prefix=…) takes a path, such as '/auth'"
    expect(url_prefix, (str, NoneType), prefix, ConfigurationError)
    listed = "auth_blueprint(endpoints=…) takes a list of names: endpoints=['login']"
    expect_names(endpoints, listed, ConfigurationError)
    secrets = "auth_blueprint(clients=…) takes a mapping of client ids to secrets"
    expect(clients, (Mapping, NoneType), secrets, ConfigurationError, is_secret=True)
    classes = "auth_blueprint(views=…) takes a mapping of names to view classes"
    expect(views, (Mapping, NoneType), classes, ConfigurationError)
    for view in views.values() if isinstance(views, Mapping) else ():
        expect(view, type, classes, ConfigurationError)


def _check_names(names: set[str]) -> None:
    if unknown := sorted(names - set(RULES)):
        msg = f"auth_blueprint: there is no {', '.join(unknown)} among {', '.join(RULES)}"
        raise ConfigurationError(msg)


def _login_view(
    authenticate: Authenticate | type[ProtectedView] | None,
    wanted: Iterable[str],
    fields: Sequence[str] | None,
    answer_in: str | None,
) -> type[LoginView]:
    """Return the login view class: *authenticate* itself, or a new one that calls it."""
    written = {"fields": fields, "answer_in": answer_in}
    members: dict[str, Any] = {key: value for key, value in written.items() if value is not None}
    if isinstance(authenticate, type) and issubclass(authenticate, LoginView):
        return type(authenticate.__name__, (authenticate,), members) if members else authenticate
    if not callable(authenticate) or isinstance(authenticate, type):
        msg = (
            f"auth_blueprint: {' and '.join(sorted(wanted))} need a function that returns the user "
            "of credentials, or a LoginView; pass it, or leave them out of endpoints="
        )
        raise ConfigurationError(msg)
    return type("Login", (LoginView,), {**members, "authenticate": staticmethod(authenticate)})


def _step_up_view(login: type[LoginView], acr: str | None) -> type[StepUpView]:
    """Return a step-up view class that authenticates as the *login* view does."""

    class StepUp(StepUpView):
        fields = login.fields

        def authenticate(self, credentials: Credentials) -> Any:
            return current_app.ensure_sync(login().authenticate)(credentials)

        def limit(self, credentials: Credentials) -> None:
            current_app.ensure_sync(login().limit)(credentials)

        def failed(self, credentials: Credentials) -> ResponseReturnValue:
            return login().failed(credentials)

    StepUp.acr = acr
    return StepUp


def _views_of_services(clients: Mapping[str, str] | None) -> dict[str, type[ProtectedView]]:
    views: dict[str, type[ProtectedView]] = {
        "revoke": RevocationView,
        "introspect": IntrospectionView,
    }
    if not clients:
        return views
    return {
        name: type(view.__name__, (view,), {"clients": dict(clients)})
        for name, view in views.items()
    }


def _add(blueprint: Blueprint, endpoint: str, view: type[ProtectedView]) -> None:
    rule = RULES[endpoint]
    function = view.as_view(endpoint)
    blueprint.add_url_rule(rule, view_func=function)
    if endpoint == "sessions":
        # Nobody gets a single session: all there is to say of it stands in the list.
        methods = sorted(set(view.methods or ()) - {"GET"})
        blueprint.add_url_rule(f"{rule}/<session_id>", view_func=function, methods=methods)


def _note_refresh_path(state: BlueprintSetupState) -> None:
    """Note the blueprint's URL prefix as the path of the refresh cookie for `CookieTransport`."""
    prefix = (state.url_prefix or "").rstrip("/") or RULES["refresh"]
    if "<" in prefix:
        return
    paths = state.app.extensions.setdefault(REFRESH_PATHS, set())
    if isinstance(paths, frozenset):
        msg = "auth_blueprint is registered too late: the JWTManager of this application is bound"
        raise SetupError(msg)
    paths.add(prefix)
