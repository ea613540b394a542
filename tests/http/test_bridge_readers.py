"""Native readers behind guards of the bridge, and the other way round: never silently empty."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, abort, render_template_string

from jwtpolicy import (
    ClaimsMatch,
    JWTManager,
    NotRevoked,
    OptionalToken,
    current_resource,
    current_token,
    current_user,
    protect,
)
from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.exceptions import BridgeTokenError, InvalidTokenError, SetupError
from tests.support.applications import SECRET
from tests.support.requests import bearer

View = Callable[[], Any]
#: Calls a view behind a guard with a token of these arguments, and returns what the view returned.
See = Callable[..., Any]

GUARDS: dict[str, Any] = {
    "bridge": bridge.jwt_required(),
    "optional": bridge.jwt_required(optional=True),
    "refresh": bridge.jwt_required(refresh=True),
    "unasked": bridge.jwt_required(skip_revocation_check=True),
    "native": protect(),
    "native optional": protect(OptionalToken()),
    "none": lambda view: view,
}
#: What the bridge lets in, and a native guard does not.
FOREIGN: dict[str, Any] = {"expires_delta": False}


@pytest.fixture
def app() -> Flask:
    app = Flask("both")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    app.config.update(JWT_TOKEN_LOCATION=["headers", "query_string"])
    bridge.JWTManager(app).user_lookup_loader(lambda header, claims: claims["sub"])
    return app


@pytest.fixture
def native(app: Flask) -> JWTManager[Any]:
    return JWTManager[Any](app, add_context_processor=True)


@pytest.fixture
def see(app: Flask) -> See:
    called: dict[str, View] = {}
    seen: list[Any] = []

    def view() -> str:
        seen.append(called["view"]())
        return ""

    for name, guard in GUARDS.items():
        app.add_url_rule(f"/{name}", name, guard(lambda: view()))

    def see(view: View, guard: str = "bridge", sent: str | None = "ada", **token: Any) -> Any:
        called["view"], kind = view, "refresh" if guard == "refresh" else "access"
        with app.app_context():
            made = getattr(bridge, f"create_{kind}_token")(sent, **token) if sent else None
        headers = bearer(made) if made else {}
        answer = app.test_client().get(f"/{guard}", headers=headers)
        return seen.pop() if answer.status_code == 200 else answer.status_code

    return see


def users(token: Any) -> Any:
    return SimpleNamespace(name=token.subject, banned=token.subject == "eve")


def banned() -> Any:
    """Do what lets everybody in where the user is silently nobody."""
    if current_user and current_user.banned:
        abort(403)
    return current_user.name


def test_who_is_banned_is_banned_behind_a_guard_of_the_bridge(native: Any, see: See) -> None:
    """K41: the user is the native one."""
    native.user_loader(users)

    assert see(banned, sent="eve") == 403
    assert see(banned, sent="ada") == "ada"


@pytest.mark.parametrize("guard", ["bridge", "native"])
def test_the_token_is_shown_as_behind_a_native_guard(native: Any, see: See, guard: str) -> None:
    """K41."""

    def view() -> Any:
        explained = native.explain(ClaimsMatch(role="admin"))
        place = native.current_transport
        return (
            current_token.subject,
            current_token.kind,
            place,
            bool(explained),
            native.current_user,
        )

    shown = see(view, guard, additional_claims={"role": "admin"})
    assert shown == ("ada", "access", "headers", True, "ada")


def test_a_refresh_token_is_shown_where_the_bridge_asks_for_one(native: Any, see: See) -> None:
    def view() -> Any:
        return current_token.kind, native.refresh(current_token).refresh_token is not None

    assert see(view, "refresh") == ("refresh", True)


def test_the_token_is_one_and_its_user_is_loaded_once(native: Any, see: See) -> None:
    loaded: list[str] = []
    native.user_loader(lambda token: loaded.append(token.subject) or users(token))

    def view() -> Any:
        same = current_token._get_current_object() is current_token._get_current_object()
        return same, current_user.name, current_user.banned

    assert see(view) == (True, "ada", False)
    assert loaded == ["ada"]


READERS: dict[str, Callable[[JWTManager[Any]], Any]] = {
    "if current_user": lambda _: bool(current_user),
    "if current_token": lambda _: bool(current_token),
    "if current_resource": lambda _: bool(current_resource),
    "an attribute": lambda _: getattr(current_user, "banned", None),
    "a comparison": lambda _: current_user == "ada",
    "isinstance": lambda _: isinstance(current_user, str),
    "in": lambda _: operator.contains(current_token, "sub"),
    "text": lambda _: str(current_user),
    "the manager's user": lambda native: native.current_user,
    "an explanation": lambda native: native.explain(ClaimsMatch(role="admin")),
    "a step-up": lambda native: native.step_up("ada"),
    "the other sessions": lambda native: native.revoke_other_sessions(),
    "a subject": lambda native: native.revoke_subject(current_user),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_what_is_no_native_token_is_an_error_for_every_reader(
    native: Any, see: See, read: Any
) -> None:
    """K41: Python and werkzeug take a RuntimeError, an AttributeError or the like for "nobody"."""

    def view() -> str:
        with pytest.raises(BridgeTokenError, match="bridge") as caught:
            read(native)
        assert isinstance(caught.value, SetupError)
        assert not isinstance(caught.value, RuntimeError | AttributeError | LookupError | TypeError)
        return "raised"

    assert see(view, **FOREIGN) == "raised"


def test_the_error_says_what_the_native_side_misses_and_what_to_write(
    native: Any, see: See
) -> None:
    def view() -> Any:
        with pytest.raises(BridgeTokenError, match=r"absent: exp; .*@protect\(\)") as caught:
            current_token.subject  # noqa: B018 # raises
        return type(caught.value.__cause__)

    assert see(view, **FOREIGN) is InvalidTokenError


def test_verbs_about_somebody_else_need_no_current_token(native: Any, see: See) -> None:
    """What they do is the same for all tokens; only the current session is none of the list."""

    def view() -> Any:
        native.login("bob")
        open_now = native.sessions("bob")
        native.revoke_subject("bob")
        return [session.is_current for session in open_now], native.sessions("bob")

    assert see(view, **FOREIGN) == ([False], [])


@pytest.mark.parametrize("guard", ["optional", "native optional", "none"])
def test_without_a_token_nobody_is_there(native: Any, see: See, guard: str) -> None:
    """The accepted twin: false, as behind a native guard."""

    def view() -> Any:
        return bool(current_user), bool(current_token), bool(bridge.current_user)

    assert see(view, guard, sent=None) == (False, False, False)


@pytest.mark.parametrize("sent", ["ada", None])
def test_the_bridge_loads_no_resource_with_a_token_or_without(
    native: Any, see: See, sent: Any
) -> None:
    """K41: ``if current_resource and current_resource.locked`` would let everybody in."""

    def view() -> str:
        with pytest.raises(BridgeTokenError, match="load_resource"):
            bool(current_resource)
        return "raised"

    assert see(view, "optional", sent=sent) == "raised"
    assert see(lambda: bool(current_resource), "none") is False


def test_a_native_guard_behind_that_of_the_bridge_decides_what_is_current(
    app: Flask, native: Any, see: See
) -> None:
    """What was presented natively is the native token, or its absence."""

    @bridge.jwt_required(locations="query_string")
    @protect(OptionalToken(), transports=["headers"])
    def view() -> str:
        return f"{bool(current_token)} {bool(current_resource)} {native.current_transport}"

    app.get("/two")(view)
    with app.app_context():
        token = bridge.create_access_token("ada")
    client = app.test_client()

    assert client.get("/two", query_string={"jwt": token}).text == "False False None"


def test_a_native_reader_without_a_native_manager_is_an_error(app: Flask, see: See) -> None:
    """K41: there is nobody who could say who it is."""

    def view() -> str:
        with pytest.raises(BridgeTokenError, match="no native JWTManager"):
            bool(current_user)
        return "raised"

    assert see(view) == "raised"
    assert see(lambda: bool(current_user), "none") is False


def test_a_token_that_ends_during_the_request_stays_what_it_was(app: Flask, see: See) -> None:
    """Its guard has judged it; a stream goes on, and nobody meets an error by a second's chance."""
    JWTManager[Any](app, clock=lambda: time.time() + 3600)

    assert see(lambda: current_token.subject) == "ada"
    assert see(lambda: "in", "native") == 401


def test_guards_decide_and_readers_show(app: Flask, see: See) -> None:
    """A baseline is asked by native guards alone; the bridge's own have asked the revocation."""
    native = JWTManager[Any](app, baseline=NotRevoked() & ClaimsMatch(role="admin"))

    def revoked() -> Any:
        native.revoke(current_token)
        return see(lambda: "in", sent=None), current_token.subject

    assert see(lambda: current_token.subject) == "ada"
    assert see(lambda: "in", "native") == 403
    assert see(revoked, "unasked") == (401, "ada")


def test_an_unknown_user_is_401_where_somebody_asks_who_it_is(native: Any, see: See) -> None:
    native.user_loader(lambda token: None)

    assert see(lambda: current_token.subject) == "ada"
    assert see(banned) == 401


PAGE = "{{ current_user }}{% if current_token %} {{ current_token.kind }}{% endif %}."


@pytest.mark.parametrize(("token", "text"), [({}, "ada access."), (FOREIGN, ".")])
def test_a_template_shows_the_token_or_stays_empty(
    native: Any, see: See, token: dict[str, Any], text: str
) -> None:
    """K41: a page is rendered whatever let its reader in."""
    assert see(lambda: render_template_string(PAGE), **token) == text
    assert see(lambda: render_template_string(PAGE), "optional", sent=None) == "."


def test_the_bridges_user_behind_a_native_guard_is_an_error_too(native: Any, see: See) -> None:
    """K41: the other way round."""

    def view() -> str:
        with pytest.raises(BridgeTokenError, match="import current_user from jwtpolicy"):
            bool(bridge.current_user)
        with pytest.raises(BridgeTokenError):
            bridge.current_user == "ada"  # noqa: B015 # raises
        with pytest.raises(BridgeTokenError):
            isinstance(bridge.current_user, str)
        with pytest.raises(BridgeTokenError):
            str(bridge.current_user.name)
        return "raised"

    assert see(view, "native") == "raised"
    assert see(view, "native optional") == "raised"
    assert see(lambda: bridge.current_user == "ada", "bridge") is True


def test_the_bridges_functions_behind_a_native_guard_raise_as_ever(native: Any, see: See) -> None:
    """Functions after each request, such as the documented one that slides, catch just that."""

    def view() -> str:
        for read in (bridge.get_jwt, bridge.get_jwt_identity, bridge.get_current_user):
            with pytest.raises(RuntimeError, match="jwt_required"):
                read()
        return "raised"

    assert see(view, "native") == "raised"


def test_what_no_request_asks_is_empty_as_ever(app: Flask, native: Any) -> None:
    with app.app_context():
        assert not current_user
        assert not bridge.current_user
        assert native.current_transport is None
