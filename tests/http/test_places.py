"""Tokens are read where the application or the guard says, and nowhere else."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, Request, request

from jwtpolicy import (
    Access,
    AccessRequest,
    JWTManager,
    OptionalToken,
    Outcome,
    Owns,
    ProtectedView,
    Refresh,
    TokenKind,
    current_token,
    policy,
    protect,
    public,
)
from jwtpolicy.decision import Finding
from jwtpolicy.exceptions import ConfigurationError, InvalidRequestError, PolicyDefinitionError
from jwtpolicy.transports import HeaderTransport, JSONTransport, Places, Transport
from tests.support.requests import bearer

EVERYWHERE = ["headers", "query_string", "json"]


def serve(app: Flask, jwt: JWTManager[Any], *policies: Any, **guard: Any) -> Any:
    """Serve one guarded view that says who came and from where; return a client."""
    policies = policies or (Access(),)

    @app.route("/", methods=["GET", "POST"])
    @protect(*policies, **guard)
    def view() -> dict[str, Any]:
        who = current_token.subject if current_token else None
        return {"sub": who, "at": jwt.current_transport}

    return app.test_client()


def issue(app: Flask, jwt: JWTManager[Any], kind: str = "access", user: str = "u1") -> str:
    with app.app_context():
        if kind != "refresh":
            return jwt.issue(user, kind, expires_in=60)
        encoded = jwt.login(user).refresh_token
    assert encoded is not None
    return encoded


def test_a_token_is_found_in_each_place(make_app: Any) -> None:
    app, jwt = make_app(token_location=EVERYWHERE)
    client, token = serve(app, jwt), issue(app, jwt)

    assert client.get("/", headers=bearer(token)).json == {"sub": "u1", "at": "headers"}
    assert client.get("/", query_string={"jwt": token}).json == {"sub": "u1", "at": "query_string"}
    assert client.post("/", json={"access_token": token}).json == {"sub": "u1", "at": "json"}
    assert client.get("/").status_code == 401


def test_tokens_in_two_places_are_a_bad_request(make_app: Any) -> None:
    """HTTP-4."""
    app, jwt = make_app(token_location=EVERYWHERE)
    client, token = serve(app, jwt), issue(app, jwt)
    body, query = {"access_token": token}, {"jwt": token}

    assert client.post("/", json=body, query_string=query).status_code == 400
    assert client.post("/", json=body, headers=bearer(token)).status_code == 400
    assert client.get("/", query_string=query, headers=bearer(token)).status_code == 400
    assert client.post("/", json={}, headers=bearer(token)).status_code == 200


def test_places_that_nobody_named_are_not_looked_at(make_app: Any) -> None:
    """HTTP-7."""
    app, jwt = make_app()
    client, token = serve(app, jwt), issue(app, jwt)

    assert client.get("/", query_string={"jwt": token}).status_code == 401
    assert client.post("/", json={"access_token": token}).status_code == 401
    assert client.get("/", headers=bearer(token)).status_code == 200


def test_a_bad_token_never_falls_through_to_another_place(make_app: Any) -> None:
    """HTTP-5, C20."""
    app, jwt = make_app(token_location=[*EVERYWHERE, "cookies"])
    client, token = serve(app, jwt, OptionalToken()), issue(app, jwt)
    client.set_cookie("__Host-access_token", token)

    assert client.get("/", headers=bearer("x.y.z")).status_code == 401
    assert client.get("/?jwt=").status_code == 401
    assert client.get("/").json["at"] == "cookies"


@pytest.mark.parametrize("value", ["", " ", "\t "])
@pytest.mark.parametrize("scheme", ["Bearer", ""])
def test_an_empty_header_is_no_token(make_app: Any, scheme: str, value: str) -> None:
    """HTTP-5: some clients send it who have none."""
    app, jwt = make_app(token_location=["headers", "cookies"], header_type=scheme)
    client, token = serve(app, jwt, OptionalToken()), issue(app, jwt)
    headers = {"Authorization": value}

    assert client.get("/", headers=headers).json["sub"] is None
    client.set_cookie("__Host-access_token", token)
    assert client.get("/", headers=headers).json == {"sub": "u1", "at": "cookies"}
    for malformed in ("Bearer ", "\xa0"):
        assert client.get("/", headers={"Authorization": malformed}).status_code == 400


def test_an_answer_to_a_token_in_the_query_is_private(make_app: Any) -> None:
    """HTTP-7."""
    app, jwt = make_app()
    client, token = serve(app, jwt, transports="query_string"), issue(app, jwt)
    response = client.get("/", query_string={"jwt": token})

    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "Cache-Control" not in client.get("/nowhere").headers


BODIES = [
    pytest.param(b'{"access_token": 3}', id="a number"),
    pytest.param(b'{"access_token": null}', id="null"),
    pytest.param(b'{"access_token": ["TOKEN"]}', id="a list"),
    pytest.param(b'{"access_token": "TOKEN", "access_token": "TOKEN"}', id="twice"),
    pytest.param(b'{"a": NaN}', id="NaN"),
    pytest.param(b'{"a": 1e999}', id="infinity"),
    pytest.param(b'{"a": "\xff"}', id="not UTF-8"),
    pytest.param(b'{"a": "\\ud800"}', id="a lone surrogate"),
    pytest.param(b"[" * 40 + b"]" * 40, id="deep"),
    pytest.param(b"[" * 100_000, id="very deep"),
    pytest.param(b"{", id="no JSON"),
    pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
    pytest.param(b'{"access_token": "x"}' + b" " * 1_048_576, id="more than a megabyte"),
]


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_not_understood_is_a_bad_request(make_app: Any, body: bytes) -> None:
    """HTTP-6, C1."""
    app, jwt = make_app(token_location="json")
    client, token = serve(app, jwt, OptionalToken()), issue(app, jwt)
    sent = body.replace(b"TOKEN", token.encode())

    assert client.post("/", data=sent, content_type="application/json").status_code == 400
    assert client.post("/", json={"access_token": token}).json["sub"] == "u1"


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"3", b"null", b"{}", b""])
def test_a_body_that_can_hold_no_token_holds_none(make_app: Any, body: bytes) -> None:
    """HTTP-6, C1."""
    app, jwt = make_app(token_location="json")
    client = serve(app, jwt, OptionalToken())

    assert client.post("/", data=body, content_type="application/json").json["sub"] is None
    assert client.get("/", content_type="application/json").json["sub"] is None


def test_a_body_of_another_type_is_not_read(make_app: Any) -> None:
    app, jwt = make_app(token_location="json")
    client, token = serve(app, jwt), issue(app, jwt)
    body = json.dumps({"access_token": token})

    assert client.post("/", data=body, content_type="text/plain").status_code == 401
    assert client.post("/", data=body, content_type="application/vnd.x+json").status_code == 200


def test_a_body_of_unknown_length_is_a_bad_request(make_app: Any) -> None:
    app, jwt = make_app(token_location="json")
    client, token = serve(app, jwt), issue(app, jwt)
    chunked = {"Transfer-Encoding": "chunked"}

    assert client.post("/", json={"access_token": token}, headers=chunked).status_code == 400
    assert client.post("/", json={"access_token": token}).status_code == 200


def test_the_view_still_has_the_body(make_app: Any) -> None:
    app, jwt = make_app(token_location="json")
    token = issue(app, jwt)

    @app.post("/echo")
    @protect()
    def echo() -> str:
        return str(request.get_json()["text"])

    assert app.test_client().post("/echo", json={"access_token": token, "text": "a"}).text == "a"


def test_each_kind_has_its_own_member(make_app: Any) -> None:
    app, jwt = make_app(
        token_location="json", json_key="token", refresh_json_key="again", reset_json_key="r"
    )
    client = serve(app, jwt, Access() | Refresh() | TokenKind("reset") | TokenKind("invite"))

    for kind, member in (("access", "token"), ("refresh", "again"), ("reset", "r")):
        assert client.post("/", json={member: issue(app, jwt, kind)}).status_code == 200
    assert client.post("/", json={"invite_token": issue(app, jwt, "invite")}).status_code == 200
    assert client.post("/", json={"token": issue(app, jwt, "refresh")}).status_code == 401


def test_members_of_other_kinds_are_not_looked_at(make_app: Any) -> None:
    app, jwt = make_app(token_location="json")
    client = serve(app, jwt)
    body = {"access_token": issue(app, jwt), "refresh_token": 3}

    assert client.post("/", json=body).status_code == 200
    assert client.post("/", json={"refresh_token": issue(app, jwt)}).status_code == 401


def test_of_two_kinds_the_first_that_is_allowed_is_the_current(make_app: Any) -> None:
    """C13, D9."""
    app, jwt = make_app(token_location="json")
    client = serve(app, jwt, Refresh() | Access())
    both = {"access_token": "x.y.z", "refresh_token": issue(app, jwt, "refresh", "u2")}

    assert client.post("/", json=both).json["sub"] == "u2"
    both["access_token"] = issue(app, jwt)
    assert client.post("/", json=both).json["sub"] == "u1"
    assert client.post("/", json={"access_token": "x", "refresh_token": "y"}).status_code == 401


def test_of_two_refusals_the_one_that_is_easier_to_cure_is_answered(make_app: Any) -> None:
    app, jwt = make_app(token_location="json")

    @policy
    def never(access: AccessRequest) -> Finding:
        is_access = access.token is not None and access.token.kind == "access"
        return access.deny("no", Outcome.FORBIDDEN if is_access else Outcome.RATE_LIMITED)

    client = serve(app, jwt, (Access() | Refresh()) & never)
    both = {"access_token": issue(app, jwt), "refresh_token": issue(app, jwt, "refresh")}

    assert client.post("/", json=both).status_code == 429
    assert client.post("/", json={"access_token": both["access_token"]}).status_code == 403


def test_a_guard_chooses_its_places(make_app: Any) -> None:
    app, jwt = make_app()
    client, token = serve(app, jwt, transports=["query_string"]), issue(app, jwt)

    assert client.get("/", query_string={"jwt": token}).status_code == 200
    assert client.get("/", headers=bearer(token)).status_code == 401


def test_a_class_chooses_its_places(make_app: Any) -> None:
    app, jwt = make_app(token_location=["headers", "json"])
    token = issue(app, jwt)

    class Download(ProtectedView):
        transports = "query_string"

        def get(self) -> str:
            return "in"

    app.add_url_rule("/file", view_func=Download.as_view("file"))
    client = app.test_client()

    assert client.get("/file", query_string={"jwt": token}).status_code == 200
    assert client.get("/file", headers=bearer(token)).status_code == 401


def test_stacked_guards_read_where_all_of_them_do(make_app: Any) -> None:
    app, jwt = make_app(token_location=EVERYWHERE)
    token = issue(app, jwt)
    inner = protect(transports=["headers", "json"])(lambda: "in")
    app.add_url_rule("/", view_func=protect(transports=["query_string", "headers"])(inner))
    client = app.test_client()

    assert client.get("/", headers=bearer(token)).status_code == 200
    assert client.get("/", query_string={"jwt": token}).status_code == 401


def test_guards_that_read_in_different_places_are_a_mistake(make_app: Any) -> None:
    app, jwt = make_app(token_location=EVERYWHERE)
    inner = protect(transports="json")(lambda: "in")
    app.add_url_rule("/", view_func=protect(transports="headers")(inner))

    with pytest.raises(PolicyDefinitionError, match="different places"):
        app.test_client().get("/", headers=bearer(issue(app, jwt)))


@pytest.mark.parametrize(
    ("transports", "why"),
    [("body", "one or several of"), ([], "is empty"), ([3], "not 3"), (Transport, "Transport")],
)
def test_places_that_are_none_are_refused_where_they_are_written(transports: Any, why: str) -> None:
    with pytest.raises(PolicyDefinitionError, match=why):
        protect(transports=transports)

    assert callable(protect(transports=("headers", "json")))


def test_csrf_is_true_or_false() -> None:
    with pytest.raises(PolicyDefinitionError, match="csrf is True or False, not 'no'"):
        type("View", (ProtectedView,), {"csrf": "no", "get": lambda self: "in"})

    assert type("View", (ProtectedView,), {"csrf": True, "get": lambda self: "in"})


def test_a_guard_cannot_read_cookies_that_have_no_csrf_value(make_app: Any) -> None:
    app, jwt = make_app()
    client, token = serve(app, jwt, transports=["cookies"]), issue(app, jwt)

    with pytest.raises(ConfigurationError, match="add 'cookies' to JWT_TOKEN_LOCATION"):
        client.get("/", headers=bearer(token))


class Form(ProtectedView):
    """A page whose class names a place."""

    transports = "cookies"

    def get(self) -> str:
        return "in"


@pytest.mark.parametrize("view", [Form, None], ids=["class", "decorator"])
def test_a_place_that_needs_a_setting_is_named_with_its_endpoint_and_line(
    make_app: Any, view: type[ProtectedView] | None
) -> None:
    app, _ = make_app()
    bare = protect(transports="cookies")(lambda: "in")
    app.add_url_rule("/form", view_func=view.as_view("form") if view else bare, endpoint="form")

    with pytest.raises(
        ConfigurationError, match=r"GET form \(.*test_places\.py:\d+\): transports="
    ):
        app.test_client().get("/form")
    usual, _ = make_app(token_location=["headers", "cookies"])
    usual.add_url_rule("/form", "form", bare)
    assert usual.test_client().get("/form").status_code == 401


class Frame(Transport):
    """The token of a WebSocket's handshake, which stands beside the name of a protocol."""

    name = "websocket"

    def read(self, request: Request) -> str | None:
        value = request.headers.get("Sec-WebSocket-Protocol")
        if value is None:
            return None
        protocol, _, encoded = value.partition(",")
        if protocol != "bearer":
            raise InvalidRequestError
        return encoded.strip()


def test_a_place_of_ones_own_is_a_class_of_a_few_lines(make_app: Any) -> None:
    """D17."""
    app, jwt = make_app()
    client, token = serve(app, jwt, transports=Frame()), issue(app, jwt)

    for comma in (",", ", "):
        offered = {"Sec-WebSocket-Protocol": f"bearer{comma}{token}"}
        assert client.get("/", headers=offered).json == {"sub": "u1", "at": "websocket"}
    assert client.get("/", headers={"Sec-WebSocket-Protocol": "chat"}).status_code == 400
    assert client.get("/").status_code == 401


class Careless(Transport):
    """Whatever the client put into the JSON, and no name."""

    def read(self, request: Request) -> Any:
        return request.get_json(silent=True)


@pytest.mark.parametrize("sent", [[], {}, 3, 1.5, True, ["TOKEN"], {"TOKEN": 1}])
def test_a_place_of_ones_own_that_passes_anything_on_is_a_bad_request(
    make_app: Any, sent: Any
) -> None:
    app, jwt = make_app()
    client = serve(app, jwt, OptionalToken(), transports=Careless())

    assert client.post("/", json=sent).status_code == 400
    assert client.post("/", json=issue(app, jwt)).json == {"sub": "u1", "at": "Careless"}
    assert client.post("/", json=None).json["sub"] is None
    assert repr(Careless()) == "<Careless Careless>"


def test_a_place_without_a_name_is_called_as_its_class(make_app: Any) -> None:
    app, jwt = make_app(manager={"transports": [Careless()]})
    client, token = serve(app, jwt), issue(app, jwt)

    assert client.post("/", json=token, headers=bearer(token)).status_code == 400
    assert client.post("/", headers=bearer(token)).json["at"] == "headers"


class ClientCertificate(Transport):
    """Something that browsers send by themselves, as they do cookies."""

    name = "certificate"
    is_ambient = True

    def read(self, request: Request) -> str | None:
        return request.headers.get("X-Certificate-Token")


def test_a_place_that_browsers_fill_needs_a_csrf_value(make_app: Any) -> None:
    """CSRF-4: what decides is whether the browser sends it by itself, not what it is called."""
    app, jwt = make_app(manager={"transports": [ClientCertificate()]})
    client, token = serve(app, jwt), issue(app, jwt)
    with app.app_context():
        value = jwt.verify(token).csrf
    sent = {"X-Certificate-Token": token}

    assert client.post("/", headers=sent).status_code == 403
    assert client.post("/", headers={**sent, "X-CSRF-TOKEN": value}).json["at"] == "certificate"
    assert client.get("/", headers=sent).headers["Cache-Control"] == "no-store"


def test_a_place_that_browsers_fill_has_to_be_known_when_tokens_are_issued(make_app: Any) -> None:
    app, jwt = make_app()
    client = serve(app, jwt, transports=ClientCertificate())

    with pytest.raises(ConfigurationError, match=r"pass it to JWTManager\(transports=…\)"):
        client.get("/")


def test_a_place_of_ones_own_can_be_one_of_the_usual(make_app: Any) -> None:
    app, jwt = make_app(manager={"transports": [Frame()]})
    client, token = serve(app, jwt), issue(app, jwt)
    offered = {"Sec-WebSocket-Protocol": f"bearer, {token}"}

    assert client.get("/", headers=offered).json["at"] == "websocket"
    assert client.get("/", headers=bearer(token)).json["at"] == "headers"
    assert client.get("/", headers={**offered, **bearer(token)}).status_code == 400


def test_public_views_read_nothing(make_app: Any) -> None:
    app, jwt = make_app(token_location=EVERYWHERE)
    app.add_url_rule("/", view_func=public(lambda: str(jwt.current_transport)), methods=["POST"])
    response = app.test_client().post("/", data=b"{", content_type="application/json")

    assert response.text == "None"


def test_enforce_without_a_guard_reads_the_usual_places(make_app: Any) -> None:
    app, jwt = make_app(token_location="json")

    @app.post("/")
    @public
    def view() -> str:
        jwt.enforce(Access() | Refresh())
        return current_token.kind

    client = app.test_client()
    both = {"access_token": "x", "refresh_token": issue(app, jwt, "refresh")}
    assert client.post("/", json=both).text == "refresh"
    assert client.post("/", headers=bearer(issue(app, jwt))).status_code == 401


def test_enforce_without_a_guard_judges_the_resource_that_it_is_given(make_app: Any) -> None:
    app, jwt = make_app()

    @app.get("/<owner>")
    @public
    def view(owner: str) -> str:
        jwt.enforce(Owns("owner"), SimpleNamespace(owner=owner))
        return "in"

    client, headers = app.test_client(), bearer(issue(app, jwt))
    assert client.get("/u1", headers=headers).text == "in"
    assert client.get("/u2", headers=headers).status_code == 403


def test_places_show_their_names() -> None:
    assert repr(Places([HeaderTransport(), JSONTransport({})])) == "headers, json"
