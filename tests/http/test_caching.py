"""What caches are told of endpoints that read cookies, whoever makes the answer."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response, abort, make_response, redirect, request

from jwtpolicy import (
    HasRole,
    JWTManager,
    OptionalToken,
    current_user,
    protect,
    public,
)
from jwtpolicy.transports import Transport
from tests.support.applications import SECRET, AppAndManager, MakeApp

NAME = "__Host-access_token"


@pytest.fixture
def site(make_app: MakeApp) -> AppAndManager:
    """Return an application whose tokens stand in cookies, and its manager."""
    return make_app(token_location=["cookies"])


def cookie(site: Any, **arguments: Any) -> dict[str, str]:
    """Return the header that presents a token."""
    app, jwt = site
    with app.app_context():
        return {"Cookie": f"{NAME}={jwt.issue('ada', **arguments)}"}


def unchanged() -> Response:
    response = make_response("in")
    response.set_etag("1")
    return response.make_conditional(request)


def inside(jwt: JWTManager[Any]) -> Any:
    def view() -> str:
        jwt.enforce(HasRole("admin"))
        return "in"

    return view


def fill(app: Flask, jwt: JWTManager[Any]) -> None:
    """Add endpoints that answer in all ways."""
    app.add_url_rule("/in", "in", protect()(lambda: "in"), methods=["GET", "POST"])
    app.add_url_rule("/role", "role", protect(HasRole("admin"))(lambda: "in"))
    app.add_url_rule("/gone", "gone", protect()(lambda: abort(404)))
    app.add_url_rule("/broken", "broken", protect()(lambda: 1 / 0))
    app.add_url_rule("/moved", "moved", protect()(lambda: redirect("/in")))
    app.add_url_rule("/etag", "etag", protect()(unchanged))
    app.add_url_rule("/any", "any", protect(OptionalToken(ignore_invalid=True))(lambda: "in"))
    app.add_url_rule("/inside", "inside", inside(jwt))
    own_options = protect()(lambda: "mine")
    app.add_url_rule("/own", "own", own_options, provide_automatic_options=False, methods=OPTIONS)


OPTIONS = ["OPTIONS"]

#: Makes the page of an error, in ways that applications have.
PAGES: dict[str, Any] = {
    "nobody": None,
    "a page": lambda error: ("sorry", getattr(error, "code", 500)),
    "a page that greets": lambda error: (f"sorry {current_user}", getattr(error, "code", 500)),
    "a redirect": lambda error: redirect("/login"),
}

#: The method, the path, what is sent, and the status where no page is made.
ANSWERS = [
    pytest.param("GET", "/in", {}, 200, id="let in"),
    pytest.param("HEAD", "/in", {}, 200, id="HEAD"),
    pytest.param("POST", "/in", {}, 403, id="no CSRF value"),
    pytest.param("GET", "/in", {"Cookie": f"{NAME}=a.b.c"}, 401, id="forged"),
    pytest.param("GET", "/in", {"Cookie": f"{NAME}=a; {NAME}=b"}, 400, id="twice"),
    pytest.param("GET", "/role", {}, 403, id="no role"),
    pytest.param("GET", "/gone", {}, 404, id="the view aborts"),
    pytest.param("GET", "/broken", {}, 500, id="the view breaks"),
    pytest.param("GET", "/moved", {}, 302, id="the view redirects"),
    pytest.param("GET", "/etag", {"If-None-Match": '"1"'}, 304, id="not modified"),
    pytest.param("GET", "/any", {"Cookie": f"{NAME}=a.b.c"}, 200, id="overlooked"),
    pytest.param("GET", "/inside", {}, 403, id="enforced in the view"),
    pytest.param("OPTIONS", "/own", {}, 200, id="OPTIONS of the view"),
]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("method", "path", "sent", "status"), ANSWERS)
def test_every_answer_to_a_cookie_says_so(
    site: Any, page: str, method: str, path: str, sent: dict[str, str], status: int
) -> None:
    """K33."""
    app, jwt = site
    app.config["PROPAGATE_EXCEPTIONS"] = False
    fill(app, jwt)
    for code in (400, 401, 403, 404, 500):
        if PAGES[page] is not None:
            app.register_error_handler(code, PAGES[page])

    answer = app.test_client(use_cookies=False).open(
        path, method=method, headers={**cookie(site), **sent}
    )
    assert answer.status_code == (302 if page == "a redirect" and status >= 400 else status)
    assert answer.headers["Vary"] == "Cookie"
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_answer_to_nobody_only_varies(site: Any) -> None:
    """K33: a redirect to the login page may be kept for strangers, and for them alone."""
    app, jwt = site
    fill(app, jwt)
    app.register_error_handler(401, lambda error: redirect("/login"))

    answer = app.test_client(use_cookies=False).get("/in")
    assert (answer.status_code, answer.headers["Vary"]) == (302, "Cookie")
    assert "Cache-Control" not in answer.headers


def test_what_a_hook_answers_before_the_guard_varies_too(site: Any) -> None:
    app, jwt = site
    fill(app, jwt)
    app.before_request(lambda: ("closed for today", 503))

    answer = app.test_client(use_cookies=False).get("/in", headers=cookie(site))
    assert (answer.status_code, answer.headers["Vary"]) == (503, "Cookie")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_hook_from_before_the_manager_is_one_of_them() -> None:
    """K33: also where it answers every request, so that none has met a guard yet."""
    app = Flask("early")
    app.before_request(lambda: ("closed for today", 503))
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_TOKEN_LOCATION=["cookies"])
    site = app, JWTManager(app)
    fill(*site)

    answer = app.test_client(use_cookies=False).get("/in", headers=cookie(site))
    assert (answer.status_code, answer.headers["Vary"]) == (503, "Cookie")
    assert answer.headers["Cache-Control"] == "no-store"


def test_where_no_place_needs_care_no_answer_passes_a_hook(app: Flask, access: Any) -> None:
    """Flask looks at each hook for a microsecond; a refusal brings its own."""
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    client = app.test_client()

    assert [client.get("/", headers=headers).status_code for headers in ({}, access())] == [
        401,
        200,
    ]
    assert not app.after_request_funcs


@pytest.mark.parametrize("path", ["/public", "/header", "/plain", "/nowhere", "OPTIONS /in"])
def test_what_reads_no_cookie_says_nothing_of_them(site: Any, path: str) -> None:
    app, jwt = site
    fill(app, jwt)
    app.add_url_rule("/public", "public", public(lambda: "in"))
    app.add_url_rule("/header", "header", protect(transports="headers")(lambda: "in"))
    app.add_url_rule("/plain", "plain", lambda: "in")
    app.register_error_handler(401, lambda error: ("sorry", 401))
    method, _, where = path.rpartition(" ")

    answer = app.test_client(use_cookies=False).open(
        where, method=method or "GET", headers=cookie(site)
    )
    assert "Vary" not in answer.headers
    # What was refused is kept by nobody, wherever its token stood.
    assert ("Cache-Control" in answer.headers) == (path == "/header")


@pytest.mark.parametrize(
    ("said", "vary"),
    [
        pytest.param({"Vary": "Accept-Encoding"}, "Accept-Encoding, Cookie", id="another"),
        pytest.param({"Vary": "cookie"}, "cookie", id="the same"),
        pytest.param({"Vary": "*"}, "*", id="everything"),
    ],
)
def test_what_the_application_says_of_its_own_stays(
    site: Any, said: dict[str, str], vary: str
) -> None:
    app, _ = site
    app.add_url_rule("/", "view", protect(HasRole("admin"))(lambda: "in"))
    strict = {"Cache-Control": "no-store, private", **said}
    app.register_error_handler(403, lambda error: ("sorry", 403, strict))

    answer = app.test_client(use_cookies=False).get("/", headers=cookie(site, claims={"roles": []}))
    assert answer.headers["Vary"] == vary
    assert answer.headers["Cache-Control"] == "no-store, private"


def test_the_page_of_a_refused_token_in_the_query_is_private(make_app: Any) -> None:
    """HTTP-7, K33: its links would pass the token on."""
    app, jwt = make_app(token_location=["query_string"])
    app.add_url_rule("/", "view", protect(HasRole("admin"))(lambda: "in"))
    app.register_error_handler(403, lambda error: ("sorry", 403))
    with app.app_context():
        token = jwt.issue("ada", claims={"roles": []})

    answer = app.test_client(use_cookies=False).get("/", query_string={"jwt": token})
    assert (answer.status_code, answer.headers["Referrer-Policy"]) == (403, "no-referrer")
    assert answer.headers["Cache-Control"] == "no-store"


class Certificate(Transport):
    """A place of the application's own that browsers fill, and that cannot be read."""

    is_ambient = True

    def read(self, request: Any) -> str | None:
        raise ZeroDivisionError


def test_a_place_that_cannot_be_read_counts_as_filled(make_app: Any) -> None:
    app, _ = make_app(manager={"transports": [Certificate()]})
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/", "view", protect()(lambda: "in"))

    answer = app.test_client(use_cookies=False).get("/")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (500, "no-store")


def test_an_answer_to_nobody_in_the_query_may_be_kept(make_app: Any) -> None:
    app, _ = make_app(token_location=["query_string"])
    app.add_url_rule("/", "view", protect(OptionalToken())(lambda: "in"))

    answer = app.test_client(use_cookies=False).get("/")
    assert {"Vary", "Cache-Control", "Referrer-Policy"}.isdisjoint(answer.headers.keys())
