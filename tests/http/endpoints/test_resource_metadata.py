"""Blueprints that are protected resources: what their tokens need, and what clients are told."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.routing.matcher import StateMachineMatcher

from jwtpolicy import (
    HasRole,
    HasScope,
    JWTManager,
    OptionalToken,
    Policy,
    Refresh,
    current_token,
    protect,
    public,
)
from jwtpolicy.audit import Protection, audit
from jwtpolicy.endpoints import resource_metadata_blueprint
from jwtpolicy.exceptions import ConfigurationError, InvalidTokenError, SetupError
from tests.support.applications import AppAndManager, MakeApp
from tests.support.audits import row_of
from tests.support.requests import bearer

RESOURCE = "https://api.example.com/mcp"
METADATA = "https://api.example.com/.well-known/oauth-protected-resource/mcp"
PATH = "/.well-known/oauth-protected-resource/mcp"
SHOP, LOGIN = "https://shop.example.com", "https://login.example.com"

#: An application with an audience of its own beside the resource.
TWO: dict[str, Any] = {"encode_audience": SHOP, "decode_audience": [SHOP, RESOURCE]}


def blueprint(name: str = "mcp", *policies: Policy) -> Blueprint:
    """Return a blueprint with one endpoint, `/mcp`, that has the guard of *policies*."""
    made = Blueprint(name, __name__)
    made.route(f"/{name}", methods=["GET", "POST"])(protect(*policies)(view()))
    return made


def view(name: str = "view") -> Callable[[], str]:
    """Return a view function that answers with whoever asks."""

    def made() -> str:
        return str(current_token.subject) if current_token else "nobody"

    made.__name__ = name
    return made


def publish(
    app: Flask,
    jwt: JWTManager[Any],
    *blueprints: Blueprint,
    is_whole: bool = True,
    **arguments: Any,
) -> None:
    """Make *blueprints* a resource of *app*; they are registered if it is whole."""
    arguments = {"resource": RESOURCE, "authorization_servers": [LOGIN], **arguments}
    app.register_blueprint(resource_metadata_blueprint(jwt, *blueprints, **arguments))
    for each in blueprints if is_whole else ():
        app.register_blueprint(each)


@pytest.fixture
def shop(make_app: MakeApp) -> AppAndManager:
    """Return an application whose blueprint ``mcp`` is the resource, and which has ``/order``."""
    app, jwt = make_app(**TWO)
    publish(app, jwt, blueprint())
    app.get("/order")(protect()(view()))
    return app, jwt


def token_for(audience: str | tuple[str, ...] | None, made: AppAndManager, **options: Any) -> Any:
    app, jwt = made
    with app.app_context():
        return bearer(jwt.issue("ada", audience=audience, **options))


@pytest.mark.parametrize(
    ("audience", "status"),
    [
        pytest.param(RESOURCE, 200, id="the resource"),
        pytest.param((SHOP, RESOURCE), 200, id="the resource among others"),
        pytest.param(SHOP, 401, id="the rest of the application"),
        pytest.param(f"{RESOURCE}/", 401, id="a slash more"),
        pytest.param(RESOURCE.upper(), 401, id="another case"),
    ],
)
def test_only_tokens_for_the_resource_pass_its_blueprint(
    shop: AppAndManager, audience: Any, status: int
) -> None:
    answer = shop[0].test_client().get("/mcp", headers=token_for(audience, shop))

    assert answer.status_code == status
    if status == 401:
        assert answer.json["error"] == "invalid_token"


@pytest.mark.parametrize(
    ("audience", "status"), [(RESOURCE, 401), (SHOP, 200), ((SHOP, RESOURCE), 200)]
)
def test_a_token_for_the_resource_alone_opens_nothing_else(
    shop: AppAndManager, audience: Any, status: int
) -> None:
    answer = shop[0].test_client().get("/order", headers=token_for(audience, shop))

    assert answer.status_code == status


def test_where_the_resource_is_the_only_audience_its_tokens_pass_elsewhere_too(
    make_app: MakeApp,
) -> None:
    app, jwt = make_app(encode_audience=RESOURCE)
    publish(app, jwt, blueprint())
    app.get("/order")(protect()(view()))

    assert app.test_client().get("/order", headers=token_for(None, (app, jwt))).text == "ada"


def test_of_two_resources_each_takes_its_own_tokens_alone(make_app: MakeApp) -> None:
    other = "https://api.example.com/other"
    app, jwt = make_app(encode_audience=SHOP, decode_audience=[SHOP, RESOURCE, other])
    publish(app, jwt, blueprint())
    others = blueprint("other")
    made = resource_metadata_blueprint(jwt, others, resource=other, authorization_servers=[LOGIN])
    app.register_blueprint(made, name="other_metadata")
    app.register_blueprint(others)
    client, headers = app.test_client(), token_for(other, (app, jwt))

    assert [client.get(f"/{name}", headers=headers).status_code for name in ("mcp", "other")] == [
        401,
        200,
    ]
    assert client.get(f"{PATH[:-3]}other").json["resource"] == other


def test_a_view_of_the_resource_without_a_guard_needs_a_token_for_it(make_app: MakeApp) -> None:
    app, jwt = make_app(**TWO)
    bare = Blueprint("bare", __name__)
    bare.get("/bare")(view())
    publish(app, jwt, bare)
    client = app.test_client()

    assert client.get("/bare").status_code == 401
    assert client.get("/bare", headers=token_for(SHOP, (app, jwt))).status_code == 401
    assert client.get("/bare", headers=token_for(RESOURCE, (app, jwt))).status_code == 200


def test_public_and_optional_views_of_the_resource_stay_open(make_app: MakeApp) -> None:
    app, jwt = make_app(**TWO)
    open_ones = blueprint("mcp", OptionalToken())
    open_ones.get("/status")(public(view("status")))
    publish(app, jwt, open_ones)
    client = app.test_client()

    assert client.get("/status").text == client.get("/mcp").text == "nobody"
    assert client.get("/mcp", headers=token_for(SHOP, (app, jwt))).status_code == 401
    assert client.get("/mcp", headers=token_for(RESOURCE, (app, jwt))).text == "ada"


def test_the_audience_is_demanded_without_a_baseline_and_of_every_kind(make_app: MakeApp) -> None:
    app, jwt = make_app(manager={"baseline": None}, **TWO)
    publish(app, jwt, blueprint("mcp", Refresh()))
    with app.app_context():
        refresh = bearer(jwt.login("ada").refresh_token)

    assert app.test_client().get("/mcp", headers=refresh).status_code == 401
    assert app.test_client().get("/mcp").status_code == 401


def test_enforce_in_an_open_view_demands_the_audience_of_its_blueprint(make_app: MakeApp) -> None:
    app, jwt = make_app(**TWO)
    enforcing = Blueprint("enforcing", __name__)

    @public
    def asking() -> str:
        jwt.enforce(HasRole("any") | ~HasRole("any") | HasScope("any") | ~HasScope("any"))
        return "in"

    enforcing.get("/enforcing")(asking)
    app.get("/elsewhere")(asking)
    publish(app, jwt, enforcing)
    client, mine = app.test_client(), token_for(RESOURCE, (app, jwt))

    assert client.get("/enforcing", headers=token_for(SHOP, (app, jwt))).status_code == 401
    assert client.get("/enforcing", headers=mine).text == "in"
    assert client.get("/elsewhere", headers=mine).status_code == 401


def challenge(client: FlaskClient, path: str = "/mcp", **options: Any) -> str:
    return str(client.open(path, **options).headers["WWW-Authenticate"])


def test_the_challenge_of_the_resource_leads_to_its_metadata(shop: AppAndManager) -> None:
    client = shop[0].test_client()
    wrong = token_for(SHOP, shop)

    assert challenge(client) == f'Bearer realm="api", resource_metadata="{METADATA}"'
    assert f'resource_metadata="{METADATA}"' in challenge(client, headers=wrong)
    assert "resource_metadata" not in challenge(client, "/order")


def test_other_endpoints_keep_the_metadata_of_the_application(make_app: MakeApp) -> None:
    app, jwt = make_app(resource_metadata="https://shop.example.com/m", **TWO)
    publish(app, jwt, blueprint())
    app.get("/order")(protect()(view()))

    assert 'resource_metadata="https://shop.example.com/m"' in challenge(
        app.test_client(), "/order"
    )
    assert METADATA in challenge(app.test_client())


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"},
        {"Forwarded": "host=evil.example"},
        {"X-Original-URL": "/order"},
    ],
)
def test_no_header_changes_where_clients_are_led(
    shop: AppAndManager, headers: dict[str, str]
) -> None:
    client = shop[0].test_client()

    assert METADATA in challenge(client, headers=headers)
    answer = client.get(PATH, headers=headers)
    assert answer.json["resource"] == RESOURCE
    assert answer.json["authorization_servers"] == [LOGIN]


def scopes_in(text: str) -> str | None:
    found = text.partition('scope="')[2].partition('"')[0]
    return found or None


@pytest.mark.parametrize(
    ("policy", "asked"),
    [
        (HasScope("a"), "a"),
        (HasScope("b", "a") & HasScope("c"), "a b c"),
        (HasScope("a", "b") | HasScope("c"), "c"),
        (HasScope("a") | HasRole("admin"), "a"),
        (HasRole("admin"), None),
        (HasScope("a") & ~HasScope("b"), "a"),
    ],
    ids=repr,
)
def test_a_challenge_names_the_scopes_that_the_endpoint_asks_for(
    make_app: MakeApp, policy: Policy, asked: str | None
) -> None:
    app, jwt = make_app(**TWO)
    publish(app, jwt, blueprint("mcp", policy), challenge_scope=True)
    client = app.test_client()

    assert scopes_in(challenge(client)) == asked
    assert scopes_in(challenge(client, headers=token_for(SHOP, (app, jwt)))) == asked


def test_each_method_asks_for_its_own_scopes_and_the_blueprint_for_its_own(
    make_app: MakeApp,
) -> None:
    app, jwt = make_app(**TWO)
    methods = Blueprint("methods", __name__)
    methods.get("/mcp")(protect(HasScope("read"))(view("reading")))
    methods.post("/mcp")(protect(HasScope("write"))(view("writing")))
    jwt.protect_blueprint(methods, HasScope("use"))
    publish(app, jwt, methods, challenge_scope=True)
    client = app.test_client()

    assert scopes_in(challenge(client)) == "read use"
    assert scopes_in(challenge(client, method="POST")) == "use write"


def test_no_scope_is_told_unless_it_was_asked_for(make_app: MakeApp) -> None:
    app, jwt = make_app(**TWO)
    publish(app, jwt, blueprint("mcp", HasScope("a")))

    assert scopes_in(challenge(app.test_client())) is None


def test_a_token_that_lacks_a_scope_is_told_all_that_it_needs(make_app: MakeApp) -> None:
    app, jwt = make_app(**TWO)
    publish(app, jwt, blueprint("mcp", HasScope("a", "b")), challenge_scope=True)
    headers = token_for(RESOURCE, (app, jwt), scope="a")

    told = challenge(app.test_client(), headers=headers)

    assert 'error="insufficient_scope"' in told
    assert told.count("scope=") == 1
    assert scopes_in(told) == "a b"
    assert METADATA in told


def test_the_document_says_what_a_client_needs(make_app: MakeApp) -> None:
    app, jwt = make_app(**TWO)
    mcp = blueprint("mcp", HasScope("a") | HasScope("b") & ~HasScope("not"))
    mcp.delete("/mcp")(protect(HasScope("c"))(view("deleting")))
    app.get("/order")(protect(HasScope("elsewhere"))(view()))
    page, servers = "https://docs.example.com/mcp?v=2", [LOGIN, f"{LOGIN}/eu/"]
    named = {"resource_name": "Müller's notes", "resource_documentation": page}
    publish(app, jwt, mcp, authorization_servers=servers, **named)

    assert app.test_client().get(PATH).json == {
        "resource": RESOURCE,
        "authorization_servers": servers,
        "scopes_supported": ["a", "b", "c"],
        "bearer_methods_supported": ["header"],
        **named,
    }


@pytest.mark.parametrize(
    "settings", [{"token_location": ["cookies"]}, {"header_type": "JWT"}, {"header_name": "X-T"}]
)
def test_members_without_a_value_are_left_out(make_app: MakeApp, settings: dict[str, Any]) -> None:
    """:rfc:`9728#section-3.2`: "zero elements MUST be omitted"."""
    app, jwt = make_app(**TWO, **settings)
    publish(app, jwt, blueprint())

    told = app.test_client().get(PATH).json
    assert told == {"resource": RESOURCE, "authorization_servers": [LOGIN]}


def test_an_application_that_denies_what_has_no_guard_serves_the_document(
    make_app: MakeApp,
) -> None:
    app, jwt = make_app(default_deny=True, **TWO)
    publish(app, jwt, blueprint())

    assert app.test_client().get(PATH).status_code == 200
    assert app.test_client().get("/static/x").status_code in (403, 404)


def test_a_verb_outside_of_requests_leads_where_the_application_leads(shop: AppAndManager) -> None:
    app, jwt = shop
    app.test_client().get("/mcp")

    with app.app_context(), pytest.raises(InvalidTokenError) as caught:
        jwt.verify("no token")

    assert caught.value.resource_metadata is None


def test_the_document_is_kept_by_whoever_has_it(shop: AppAndManager) -> None:
    client = shop[0].test_client()
    first = client.get(PATH, headers=bearer("garbage"))
    again = client.get(PATH, headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, first.mimetype) == (200, "application/json")
    assert first.headers["Cache-Control"] == "public, max-age=3600"
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("https://api.example.com", ""),
        ("https://api.example.com/", ""),
        ("https://api.example.com:8443/a/b", "/a/b"),
        ("https://api.example.com/mcp/", "/mcp/"),
        ("https://[::1]/v1.0/a~b@c", "/v1.0/a~b@c"),
        ("https://api.example.com/(a)*+", "/(a)*+"),
    ],
)
def test_the_metadata_is_at_the_root_with_the_path_of_the_resource(
    make_app: MakeApp, resource: str, path: str
) -> None:
    """:rfc:`9728#section-3.1`."""
    app, jwt = make_app(encode_audience=resource)
    publish(app, jwt, blueprint(), resource=resource)
    url = f"/.well-known/oauth-protected-resource{path}"
    origin = "/".join(resource.split("/")[:3])

    assert app.test_client().get(url).json["resource"] == resource
    assert f'resource_metadata="{origin}{url}"' in challenge(app.test_client())


#: Older ones go by `Map.merge_slashes` alone, and lead to the path with one slash.
_KNOWS_SLASHES_OF_A_RULE = "rv[0].merge_slashes" in inspect.getsource(StateMachineMatcher)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            PATH.replace("/oauth", "//oauth"),
            marks=pytest.mark.skipif(
                not _KNOWS_SLASHES_OF_A_RULE, reason="this werkzeug ignores merge_slashes of a rule"
            ),
        ),
        f"{PATH}/",
        f"{PATH}/..",
        f"{PATH}%2f",
        f"{PATH}/x",
        f"{PATH[:-4]}",
        f"/api{PATH}",
    ],
)
def test_there_is_one_path_and_no_redirect(shop: AppAndManager, path: str) -> None:
    """A redirect would be made of the ``Host`` of the request."""
    assert shop[0].test_client().get(path, headers={"Host": "evil.example"}).status_code == 404


WRONG: list[Any] = [
    pytest.param({"resource": "http://api.example.com/mcp"}, id="http"),
    pytest.param({"resource": "api.example.com/mcp"}, id="no scheme"),
    pytest.param({"resource": "urn:shop:mcp"}, id="no host"),
    pytest.param({"resource": "https:///mcp"}, id="an empty host"),
    pytest.param({"resource": "https://api.example.com/mcp#here"}, id="a fragment"),
    pytest.param({"resource": "https://api.example.com/mcp#"}, id="an empty fragment"),
    pytest.param({"resource": "https://api.example.com/mcp?a=1"}, id="a query"),
    pytest.param({"resource": "https://api.example.com/mcp?"}, id="an empty query"),
    pytest.param({"resource": "https://user@api.example.com/mcp"}, id="a user"),
    pytest.param({"resource": "https://API.example.com/mcp"}, id="upper case"),
    pytest.param({"resource": "HTTPS://api.example.com/mcp"}, id="upper case of the scheme"),
    pytest.param({"resource": "https://api.example.com:port/mcp"}, id="no port"),
    pytest.param({"resource": "https://api.example.com:/mcp"}, id="an empty port"),
    pytest.param({"resource": "https://[::1/mcp"}, id="half an address"),
    pytest.param({"resource": "https://api.example.com/<mcp>"}, id="a variable"),
    pytest.param({"resource": "https://api.example.com/a%20b"}, id="an escape"),
    pytest.param({"resource": "https://api.example.com/a/../mcp"}, id="dots"),
    pytest.param({"resource": "https://api.example.com/a/.."}, id="dots at the end"),
    pytest.param({"resource": "https://api.example.com//mcp"}, id="two slashes"),
    pytest.param({"resource": 'https://api.example.com/"'}, id="a quote"),
    pytest.param({"resource": "https://api.example.com/\r\nX: 1"}, id="a line's end"),
    pytest.param({"resource": "https://api.exämple.com/"}, id="not ASCII"),
    pytest.param({"resource": "http://127.0.0.1/mcp"}, id="this machine without the switch"),
    pytest.param({"resource": "http://10.0.0.1/", "allow_http": True}, id="another machine"),
    pytest.param({"resource": "http://localhost.example/", "allow_http": True}, id="its name"),
    pytest.param({"resource": "ftp://localhost/", "allow_http": True}, id="another scheme"),
    pytest.param({"resource": None}, id="nothing"),
    pytest.param({"authorization_servers": []}, id="no server"),
    pytest.param({"authorization_servers": LOGIN}, id="a text for a list"),
    pytest.param({"authorization_servers": [7]}, id="no text"),
    pytest.param({"authorization_servers": ["http://login.example.com"]}, id="a server by http"),
    pytest.param({"authorization_servers": [f"{LOGIN}?a"]}, id="a server with a query"),
    pytest.param({"authorization_servers": [f"{LOGIN}#a"]}, id="a server with a fragment"),
    pytest.param({"resource_name": 7}, id="a number for a name"),
    pytest.param({"resource_documentation": "docs"}, id="no URL"),
    pytest.param({"challenge_scope": "yes"}, id="a text for a switch"),
    pytest.param({"allow_http": 1}, id="a number for a switch"),
]


@pytest.mark.parametrize("arguments", WRONG)
def test_what_cannot_be_a_resource_is_an_error_of_the_set_up(
    make_app: MakeApp, arguments: dict[str, Any]
) -> None:
    """:rfc:`9728#section-1.2`: "uses the https scheme and has no fragment component"."""
    app, jwt = make_app(**TWO)
    mcp = blueprint()

    with pytest.raises(ConfigurationError, match="resource_metadata_blueprint"):
        publish(app, jwt, mcp, **arguments)


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1:5000", "[::1]:5000"])
def test_for_development_http_is_taken_on_this_machine(make_app: MakeApp, host: str) -> None:
    resource = f"http://{host}/mcp"
    app, jwt = make_app(encode_audience=resource)
    servers = ["http://localhost:9000", LOGIN]
    publish(
        app, jwt, blueprint(), resource=resource, authorization_servers=servers, allow_http=True
    )

    assert app.test_client().get(PATH).json["authorization_servers"] == servers
    assert f'"http://{host}{PATH}"' in challenge(app.test_client())


def two_resources(app: Flask, jwt: JWTManager[Any]) -> None:
    mcp = blueprint()
    publish(app, jwt, mcp)
    resource_metadata_blueprint(jwt, mcp, resource=f"{RESOURCE}/2", authorization_servers=[LOGIN])


def too_late(app: Flask, jwt: JWTManager[Any]) -> None:
    mcp = blueprint()
    app.register_blueprint(mcp)
    app.test_client().get("/")
    resource_metadata_blueprint(jwt, mcp, resource=RESOURCE, authorization_servers=[LOGIN])


def below_a_prefix(app: Flask, jwt: JWTManager[Any]) -> None:
    made = resource_metadata_blueprint(
        jwt, blueprint(), resource=RESOURCE, authorization_servers=[LOGIN]
    )
    app.register_blueprint(made, url_prefix="/api")


def registered_too_late(app: Flask, jwt: JWTManager[Any]) -> None:
    app.extensions["jwtpolicy"].plan("static", "GET")
    publish(app, jwt, blueprint())


def not_registered(app: Flask, jwt: JWTManager[Any]) -> None:
    mcp = blueprint()
    resource_metadata_blueprint(jwt, mcp, resource=RESOURCE, authorization_servers=[LOGIN])
    app.register_blueprint(mcp)
    app.test_client().get("/mcp")


def not_accepted(app: Flask, jwt: JWTManager[Any]) -> None:
    publish(app, jwt, blueprint(), resource=f"{RESOURCE}/2")
    app.test_client().get("/mcp")


def no_blueprint(app: Flask, jwt: JWTManager[Any]) -> None:
    publish(app, jwt)


def no_manager(app: Flask, jwt: JWTManager[Any]) -> None:
    wrong: Any = app
    publish(app, wrong, blueprint())


def an_application_for_a_blueprint(app: Flask, jwt: JWTManager[Any]) -> None:
    wrong: Any = app
    resource_metadata_blueprint(jwt, wrong, resource=RESOURCE, authorization_servers=[LOGIN])


@pytest.mark.parametrize(
    ("do", "message"),
    [
        (two_resources, "is the resource https://api.example.com/mcp already"),
        (too_late, "too late"),
        (registered_too_late, "registered too late"),
        (below_a_prefix, "root of the host"),
        (not_registered, "nobody serves"),
        (not_accepted, "JWT_DECODE_AUDIENCE"),
        (no_blueprint, "there is none"),
        (no_manager, "JWTManager"),
        (an_application_for_a_blueprint, "Blueprints"),
    ],
)
def test_a_mistake_of_the_set_up_says_what_to_do(
    make_app: MakeApp, do: Callable[[Flask, JWTManager[Any]], None], message: str
) -> None:
    app, jwt = make_app(**TWO)
    app.testing = True

    with pytest.raises(SetupError, match=message):
        do(app, jwt)


def test_a_resource_of_another_application_of_the_manager_concerns_no_one_else(
    make_app: MakeApp,
) -> None:
    app, jwt = make_app(**TWO)
    resource_metadata_blueprint(
        jwt, blueprint(), resource=f"{RESOURCE}/2", authorization_servers=[LOGIN]
    )
    app.get("/order")(protect()(view()))

    assert app.test_client().get("/order", headers=token_for(SHOP, (app, jwt))).text == "ada"


def test_the_audit_and_the_levels_say_which_audience_is_demanded(shop: AppAndManager) -> None:
    app, _ = shop
    found = audit(app)
    inside, outside = f"ForAudience({RESOURCE!r})", f"NotOnlyFor({RESOURCE!r})"
    levels = app.extensions["jwtpolicy"].levels("mcp.view", "GET")

    assert row_of(found, "mcp.view").baseline == f"NotRevoked() & {inside}"
    assert row_of(found, "view").baseline == f"NotRevoked() & {outside}"
    assert row_of(found, "resource_metadata.metadata").protection is Protection.PUBLIC
    assert found.problems == ()
    assert [(one.source, repr(one.policy)) for one in levels] == [
        ("baseline", "NotRevoked()"),
        ("resource", inside),
        ("decorator", "Access()"),
    ]


def test_a_blueprint_that_is_registered_after_the_binding_is_its_resource_too(
    make_app: MakeApp,
) -> None:
    app, jwt = make_app(**TWO)
    app.get("/order")(protect()(view()))
    mcp, arguments = blueprint("mcp", HasScope("a")), {"challenge_scope": True}
    publish(app, jwt, mcp, is_whole=False, **arguments)
    app.extensions["jwtpolicy"].plan("view", "GET")
    app.register_blueprint(mcp)
    client, mine = app.test_client(), token_for(RESOURCE, (app, jwt), scope="a")

    assert client.get("/mcp", headers=token_for(SHOP, (app, jwt), scope="a")).status_code == 401
    assert client.get("/mcp", headers=mine).text == "ada"
    assert client.get("/order", headers=mine).status_code == 401
    assert METADATA in challenge(client)
    assert scopes_in(challenge(client)) == "a"


def test_a_method_that_a_client_makes_up_is_led_to_the_metadata(make_app: MakeApp) -> None:
    app, jwt = make_app(**TWO)
    every = Blueprint("every", __name__)
    publish(app, jwt, every)
    app.url_map.add(Rule("/every", endpoint="every.view"))
    app.view_functions["every.view"] = protect(HasScope("a"))(view())

    assert METADATA in challenge(app.test_client(), "/every", method="MADEUP")


def test_a_guarded_function_that_a_view_of_the_resource_calls_demands_its_audience(
    make_app: MakeApp,
) -> None:
    app, jwt = make_app(**TWO)
    calling = Blueprint("calling", __name__)
    inner = protect(HasScope("a"))(view("inner"))

    @calling.get("/calling")
    @public
    def outer() -> str:
        return inner()

    app.get("/elsewhere")(public(lambda: inner()))
    publish(app, jwt, calling)
    client, mine = app.test_client(), token_for(RESOURCE, (app, jwt), scope="a")

    assert client.get("/calling", headers=mine).text == "ada"
    assert client.get("/calling", headers=token_for(SHOP, (app, jwt), scope="a")).status_code == 401
    assert client.get("/elsewhere", headers=mine).status_code == 401
    assert METADATA in challenge(client, "/calling")
