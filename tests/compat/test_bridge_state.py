"""What the bridge remembers of a request, and that nobody else finds it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from flask import Blueprint, Flask, g, render_template_string, request

from jwtpolicy.compat.flask_jwt_extended import (
    JWTManager,
    current_user,
    get_jwt,
    get_jwt_identity,
    get_jwt_request_location,
    jwt_required,
    verify_jwt_in_request,
)
from tests.support.applications import SECRET
from tests.support.bridge import Bridged, MakeBridged, claims, forged
from tests.support.requests import bearer


def test_an_identity_does_not_outlive_its_request(bridged: Bridged) -> None:
    """S7: not even where two requests share one application context."""
    seen: list[Any] = []

    @bridged.app.get("/later")
    def later() -> str:
        with pytest.raises(RuntimeError, match="guard"):
            get_jwt_identity()
        seen.append(vars(g))
        return ""

    with bridged.app.app_context():
        assert bridged.get("/access", bridged.access()).json["sub"] == "ada"
        assert bridged.client.get("/later").status_code == 200
    assert seen == [{}]


def test_a_request_inside_a_request_has_its_own_identity(bridged: Bridged) -> None:
    """S7, HTTP-10."""

    @bridged.app.get("/outer")
    @jwt_required()
    def outer() -> Any:
        inner = bridged.get("/access", bridged.access("bob")).json["sub"]
        with bridged.app.test_request_context("/"):
            assert get_jwt_request_location() is None
        return {"inner": inner, "outer": get_jwt_identity()}

    answer = bridged.get("/outer", bridged.access("ada"))
    assert answer.json == {"inner": "bob", "outer": "ada"}


def test_a_request_of_the_same_environ_leaves_the_outer_one_as_it_was(bridged: Bridged) -> None:
    """HTTP-10."""

    @bridged.app.get("/outer")
    @jwt_required()
    def outer() -> Any:
        with bridged.app.request_context(request.environ):
            location = get_jwt_request_location()
            verify_jwt_in_request()
        return {"inner": location, "outer": get_jwt_identity()}

    answer = bridged.get("/outer", bridged.access("ada"))
    assert answer.json == {"inner": None, "outer": "ada"}


def test_claims_are_handed_out_as_copies(bridged: Bridged) -> None:
    """S5: one check cannot grant what the next one reads."""

    @bridged.app.get("/roles")
    @jwt_required()
    def roles() -> Any:
        get_jwt()["roles"].append("admin")
        return get_jwt()["roles"]

    assert bridged.get("/roles", bridged.access(additional_claims={"roles": ["u"]})).json == ["u"]


def test_the_verification_can_be_a_hook(bridged: Bridged) -> None:
    """S4: Flask does not take what it returns for the answer."""
    bridged.app.before_request(verify_jwt_in_request)

    answer = bridged.get("/open", bridged.access())
    assert (answer.status_code, answer.text) == (200, "in")
    assert "sub" not in answer.headers
    assert bridged.client.get("/open").status_code == 401


def test_the_verification_can_be_a_hook_of_a_blueprint_too(bridged: Bridged) -> None:
    """S4: of both at once."""
    blueprint = Blueprint("b", __name__)
    blueprint.get("/b")(lambda: "in")
    blueprint.before_request(verify_jwt_in_request)
    bridged.app.before_request(verify_jwt_in_request)
    bridged.app.register_blueprint(blueprint)

    answer = bridged.get("/b", bridged.access())
    assert (answer.status_code, answer.text) == (200, "in")


class Renamed(Flask):
    """An application whose hooks are called by other names, from another module, and wrapped."""

    def preprocess_request(self, *context: Any) -> Any:
        return first_answer(self)

    def ensure_sync(self, function: Any) -> Any:
        return lambda *args, **kwargs: function(*args, **kwargs)


def first_answer(app: Flask) -> Any:
    scopes = (None, *request.blueprints)
    hooks = (hook for scope in scopes for hook in app.before_request_funcs.get(scope, ()))
    answers = (app.ensure_sync(hook)() for hook in hooks)
    return next((answer for answer in answers if answer is not None), None)


@pytest.mark.parametrize(
    "hook", [verify_jwt_in_request, partial(verify_jwt_in_request, optional=True)]
)
def test_a_hook_is_known_by_where_it_stands_and_not_by_who_calls_it(hook: Any) -> None:
    """S4: newer versions of Flask call it from elsewhere, and subclasses do as they like."""
    app = Renamed("tests.renamed")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    app.before_request(hook)
    JWTManager(app)
    app.get("/")(lambda: str(get_jwt_identity()))
    client = app.test_client()

    answers = [client.get("/", headers=bearer(forged(claims()))) for _ in range(2)]
    assert [answer.text for answer in answers] == ["ada", "ada"]
    assert client.get("/").status_code == (401 if hook is verify_jwt_in_request else 200)


@pytest.mark.parametrize("is_hook", [True, False])
def test_a_view_still_gets_header_and_claims(bridged: Bridged, is_hook: bool) -> None:
    """S4: the accepted twin, with the hook and without."""
    if is_hook:
        bridged.app.before_request(verify_jwt_in_request)

    @bridged.app.get("/both")
    def both() -> Any:
        header, data = verify_jwt_in_request() or ({}, {})
        return {"alg": header["alg"], "sub": data["sub"]}

    assert bridged.get("/both", bridged.access()).json == {"alg": "HS256", "sub": "ada"}


@pytest.mark.parametrize("optional", [True, False])
def test_claims_are_never_sent_as_headers(bridged: Bridged, optional: bool) -> None:
    """S4: a wrapped hook is a mistake that shows, not one that leaks."""
    bridged.app.config.update(TESTING=False)
    bridged.app.before_request(lambda: verify_jwt_in_request(optional=optional))

    answer = bridged.get("/open", bridged.access())
    assert answer.status_code == 500
    assert not {"sub", "csrf", "jti"} & set(answer.headers.keys())


def test_an_inner_guard_does_not_wipe_the_outer_one(bridged: Bridged) -> None:
    """C23."""

    @bridged.app.get("/nested")
    @jwt_required()
    def nested() -> Any:
        verify_jwt_in_request(optional=True, locations="cookies")
        return str(get_jwt_identity())

    assert bridged.get("/nested", bridged.access()).text == "ada"


@pytest.mark.parametrize("has_loader", [True, False])
def test_a_template_knows_the_user_or_nobody(has_loader: bool) -> None:
    """C9: a page outside the guards is no error."""
    app = Flask("tests.templates")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    manager = JWTManager(app, add_context_processor=True)
    if has_loader:
        manager.user_lookup_loader(lambda header, data: data["sub"])
    text = "{% if current_user %}{{ current_user }}{% else %}nobody{% endif %}"
    app.get("/login", endpoint="login")(lambda: render_template_string(text))
    app.get("/page")(jwt_required()(lambda: render_template_string(text)))
    client = app.test_client()

    assert client.get("/login").text == "nobody"
    page = client.get("/page", headers=bearer(forged(claims())))
    assert page.text == ("ada" if has_loader else "nobody")


def test_the_user_is_not_loaded_for_nobody(bridged: Bridged) -> None:
    bridged.manager.user_lookup_loader(lambda header, data: pytest.fail("asked"))
    bridged.app.get("/user")(jwt_required(optional=True)(lambda: str(current_user == None)))  # noqa: E711 # a proxy

    assert bridged.client.get("/user").text == "True"


METHODS = ["GET", "OPTIONS"]


@pytest.fixture
def views(make_bridged: MakeBridged) -> MakeBridged:
    """Return a factory of applications with a view that answers OPTIONS itself."""

    def make(**settings: Any) -> Bridged:
        bridged = make_bridged(**settings)
        view = jwt_required(optional=settings.pop("optional", False))(lambda: "in")
        bridged.app.add_url_rule("/own", "own", view, methods=METHODS)
        bridged.app.add_url_rule("/auto", "auto", view, methods=["GET"])
        return bridged

    return make


def test_a_view_that_answers_options_itself_is_guarded(views: Any) -> None:
    """S18, C10, HTTP-8."""
    bridged = views()
    token = bearer(bridged.access())

    assert bridged.client.options("/own").status_code == 401
    assert bridged.client.options("/own", headers=token).text == "in"
    automatic = bridged.client.options("/auto")
    assert (automatic.status_code, automatic.text) == (200, "")


def test_a_switch_lets_such_a_view_run(views: Any) -> None:
    """S18."""
    assert views(compat_options_view=True).client.options("/own").text == "in"


def test_a_hook_lets_automatic_answers_pass(bridged: Bridged) -> None:
    """S18: a preflight carries no token."""
    bridged.app.before_request(verify_jwt_in_request)
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}

    assert bridged.client.options("/access", headers=preflight).status_code == 200
    assert bridged.client.get("/access", headers=preflight).status_code == 401
