"""Offer an application that resembles no example: a harbour, built with several frameworks."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import flask_restful  # type: ignore[import-untyped]
import flask_smorest  # type: ignore[import-untyped]
from flask import Blueprint, Flask, current_app, redirect, request, stream_with_context

from jwtpolicy import (
    OWN,
    Access,
    Explanation,
    Fresh,
    HasRole,
    HasScope,
    IsSubject,
    IssuedBy,
    JWTManager,
    OptionalToken,
    Owns,
    ProtectedView,
    Refresh,
    SingleUse,
    policy,
    protect,
    public,
)
from jwtpolicy.exceptions import NoTokenError
from tests.support.applications import SECRET
from tests.support.clocks import StandingClock
from tests.support.issuers import URL, foreign, issuer
from tests.support.requests import bearer

#: The berths, and who has rented each.
BERTHS = {1: SimpleNamespace(tenant="sailor"), 2: SimpleNamespace(tenant="master")}

#: Requests to every route, the answers of Flask's own included.
REQUESTS = [
    ("GET", "/"),
    ("POST", "/"),
    ("GET", "/nowhere"),
    ("GET", "/charts"),
    ("GET", "/charts/"),
    ("GET", "/static/missing.css"),
    ("GET", "/ships"),
    ("HEAD", "/ships"),
    ("OPTIONS", "/ships"),
    ("DELETE", "/ships"),
    ("PATCH", "/ships"),
    ("GET", "/berths/1"),
    ("HEAD", "/berths/2"),
    ("GET", "/berths/9"),
    ("POST", "/berths/1"),
    ("GET", "/port/tides"),
    ("GET", "/port/log"),
    ("GET", "/port/office/safe"),
    ("GET", "/port/office/keys"),
    ("GET", "/weather"),
    ("GET", "/radio"),
    ("GET", "/pass"),
    ("HEAD", "/pass"),
    ("POST", "/renew"),
    ("GET", "/dock"),
    ("GET", "/wreck"),
    ("GET", "/embassy"),
    ("GET", "/embassy/vault"),
    ("GET", "/embassy/visa"),
]

#: Who sends them.
PERSONAS = ["anonymous", "sailor", "master", "warden", "gone", "renewing", "forger"]
#: And those who come with a token of another issuer.
PERSONAS += ["visitor", "machine"]


def ran(what: Any) -> Any:
    """Note that a view of the current application has run, and return its answer."""
    current_app.extensions["ran"].append(what)
    return what


@policy
async def on_watch(access: Any) -> bool:
    return bool(access.token.subject != "sailor")


@policy
def broken(access: Any) -> Any:
    return access.token.claims["sub"].nothing


class Ships(ProtectedView, flask_restful.Resource):  # type: ignore[misc]
    """A resource of Flask-RESTful."""

    policies = HasScope("ships:read")
    method_policies: ClassVar[Any] = {"DELETE": Fresh(within=300) & HasScope("ships:write")}

    def get(self) -> Any:
        return {"ships": ran("ships")}

    def delete(self) -> Any:
        return {"sunk": ran("sunk")}


class Harbour:
    """The application, its manager, and a token for each of `PERSONAS`."""

    def __init__(self) -> None:
        self.clock = StandingClock()
        self.app = app = Flask("tests.harbour")
        app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
        app.config.update(API_TITLE="t", API_VERSION="1", OPENAPI_VERSION="3.0.3")
        self.ran: list[Any] = []
        app.extensions["ran"] = self.ran
        self.jwt: JWTManager[Any] = JWTManager(app, clock=self.clock)
        self._mount_pages()
        self._mount_berths()
        self._mount_port()
        self._mount_embassy()
        flask_restful.Api(app).add_resource(Ships, "/ships")
        with app.app_context():
            self.tokens = dict(self._tokens())

    def explain(self, method: str, path: str, persona: str) -> Explanation:
        with self.app.app_context():
            return self.jwt.explain(method, path, token=self.tokens[persona])

    def answered(self, method: str, path: str, persona: str) -> tuple[bool, int, str | None]:
        """Send a request; return whether its view has run, its status, and its challenge.

        The status of a view is 200 here whatever it answers, as in an `Explanation`.
        """
        token = self.tokens[persona]
        headers = {} if token is None else bearer(token)
        answer = self.app.test_client().open(path, method=method, headers=headers)
        # Flask's own view runs for a file that is not there.
        has_run = self.ran != [] or path.startswith("/static/")
        self.ran.clear()
        challenge = answer.headers.get("WWW-Authenticate")
        return has_run, 200 if has_run else answer.status_code, challenge

    def _tokens(self) -> Iterator[tuple[str, str | None]]:
        jwt = self.jwt
        yield "anonymous", None
        yield "sailor", jwt.issue("sailor", scope="ships:read", claims={"roles": ["crew"]})
        yield "master", jwt.login("master", claims={"roles": ["master"]}).access_token
        rights = {"roles": ["warden", "master"]}
        yield (
            "warden",
            jwt.login("warden", scope="ships:read ships:write", claims=rights).access_token,
        )
        ended = jwt.login("gone", claims=rights)
        jwt.revoke_session(ended)
        yield "gone", ended.access_token
        yield "renewing", jwt.login("sailor").refresh_token
        yield "forger", "a.b.c"
        now = int(self.clock())
        times: dict[str, Any] = {"iat": now, "exp": now + 300}
        # Of another issuer, with claims that mean something in own tokens alone.
        own: dict[str, Any] = {
            "type": "refresh",
            "csrf": "value",
            "fresh": True,
            "roles": ["warden"],
        }
        yield "visitor", foreign(sub="sailor", scope="ships:read", **times, **own)
        yield "machine", foreign(sub="sailor", client_id="sailor", jti="j2", **times)

    def _mount_pages(self) -> None:
        app = self.app
        app.before_request(_closed)
        app.register_error_handler(403, lambda error: ("not yours", 403))
        app.register_error_handler(404, lambda error: ("lost at sea", 404))
        app.add_url_rule("/", "home", lambda: ran("home"))
        app.add_url_rule("/charts/", "charts", public(lambda: ran("charts")))
        app.add_url_rule("/weather", "weather", protect(on_watch)(_weather))
        app.add_url_rule("/radio", "radio", protect(OptionalToken())(_radio))
        app.add_url_rule("/pass", "pass", protect(SingleUse())(lambda: ran("pass")))
        renew = protect(Refresh())(lambda: ran("renew"))
        app.add_url_rule("/renew", "renew", renew, methods=["POST"])
        app.add_url_rule("/dock", "dock", protect()(lambda: ran("dock")))
        app.add_url_rule("/wreck", "wreck", protect(broken)(lambda: ran("wreck")))

    def _mount_embassy(self) -> None:
        self.jwt.trust(issuer())
        home, abroad = IssuedBy(OWN), IssuedBy(URL)
        for path, policy_ in {
            "": abroad & HasScope("ships:read"),
            "/vault": (home & IsSubject("owner")) | (abroad & IsSubject("owner")),
            "/visa": abroad & SingleUse(),
        }.items():
            view = protect(policy_)(lambda **args: ran("embassy"))
            where: dict[str, Any] = {"defaults": {"owner": "sailor"}} if path == "/vault" else {}
            self.app.add_url_rule(f"/embassy{path}", f"embassy{path}", view, **where)

    def _mount_berths(self) -> None:
        blueprint = flask_smorest.Blueprint("berths", __name__)

        @blueprint.route("/berths/<int:berth>")
        class Berths(ProtectedView[Any]):
            """A view of flask-smorest."""

            policies = Owns("tenant") | HasRole("warden")
            method_policies: ClassVar[Any] = {"POST": HasRole("master")}

            def load_resource(self, berth: int) -> Any:
                return BERTHS.get(berth)

            @blueprint.response(200)  # type: ignore[untyped-decorator]
            def get(self, berth: int) -> Any:
                return {"berth": ran(berth)}

            @blueprint.response(201)  # type: ignore[untyped-decorator]
            def post(self, berth: int) -> Any:
                return {"rented": ran(berth)}

        flask_smorest.Api(self.app).register_blueprint(blueprint)

    def _mount_port(self) -> None:
        port = Blueprint("port", __name__, url_prefix="/port")
        office = Blueprint("office", __name__, url_prefix="/office")
        port.register_error_handler(NoTokenError, lambda error: redirect("/"))
        port.add_url_rule("/tides", "tides", public(lambda: ran("tides")))
        port.add_url_rule("/log", "log", lambda: ran("log"))
        office.add_url_rule("/safe", "safe", lambda: ran("safe"))
        office.add_url_rule("/keys", "keys", protect(Fresh())(lambda: ran("keys")))
        self.jwt.protect_blueprint(port, Access())
        self.jwt.protect_blueprint(office, HasRole("warden"))
        port.register_blueprint(office)
        self.app.register_blueprint(port)


def _closed() -> Any:
    return ("closed", 503) if request.endpoint == "dock" else None


async def _weather() -> Any:
    return ran("weather")


def _radio() -> Any:
    ran("radio")
    return current_app.response_class(stream_with_context(iter(["on ", "air"])))
