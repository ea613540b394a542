"""Opaque tokens are let in by what the server of their issuer says of them."""

from __future__ import annotations

import base64
import logging
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import (
    OWN,
    HasScope,
    IssuedBy,
    Issuer,
    JWTManager,
    OptionalToken,
    current_token,
    protect,
)
from jwtpolicy.exceptions import (
    ConfigurationError,
    InvalidTokenError,
    KeysUnavailableError,
    SetupError,
)
from jwtpolicy.transports import HeaderTransport, Transport
from tests.support import key_answers as answers
from tests.support.faulty_key_server import FaultyKeyServer, faulty_key_server
from tests.support.issuers import URL, application, foreign, public, status
from tests.support.key_answers import Answer
from tests.support.opaque import (
    CLIENT,
    CLIENT_SECRET,
    PATH,
    TOKEN,
    active,
    asking,
    introspection,
    opaque_issuer,
    told,
)
from tests.support.requests import bearer


@pytest.fixture
def server() -> Iterator[FaultyKeyServer]:
    """Return a server that knows every token as active."""
    with faulty_key_server() as running:
        running.script(PATH, active())
        yield running


def own_token(app: Flask, jwt: JWTManager[Any]) -> str:
    with app.app_context():
        return jwt.issue("ada")


def test_a_token_that_is_active_is_let_in(server: FaultyKeyServer) -> None:
    app = asking(server)

    answer = app.test_client().get("/", headers=bearer(TOKEN))

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["sub"] == "ada"
    assert answer.json["claims"]["iss"] == server.url


def test_the_server_is_asked_as_the_standards_say(server: FaultyKeyServer) -> None:
    """RFC 7662 section 2.1, RFC 6749 section 2.3.1."""
    assert status(asking(server), TOKEN) == 200

    headers = server.headers(PATH)[0]
    pair = base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode()
    assert [urllib.parse.unquote_plus(one) for one in pair.split(":")] == [CLIENT, CLIENT_SECRET]
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    form = dict(urllib.parse.parse_qsl(server.bodies(PATH)[0]))
    assert form == {"token": TOKEN, "token_type_hint": "access_token"}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"active": False}, id="false"),
        pytest.param({"active": "true"}, id="text"),
        pytest.param({"active": 1}, id="a number"),
        pytest.param({"active": None}, id="null"),
        pytest.param({"active": [True]}, id="an array"),
        pytest.param({}, id="nothing"),
    ],
)
def test_a_token_is_active_only_if_it_is_true(server: FaultyKeyServer, answer: Any) -> None:
    server.script(PATH, answers.document({**told(active=None), **answer}))

    assert status(asking(server), TOKEN) == 401


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"token_type": None}, id="nothing says that it is an access token"),
        pytest.param({"token_type": "DPoP"}, id="of a type whose proof is not checked"),
        pytest.param({"token_type": ["Bearer"]}, id="an array of types"),
        pytest.param({"cnf": {"jkt": "x"}}, id="bound to a key"),
        pytest.param({"iss": "https://other.example"}, id="of another issuer"),
        pytest.param({"iss": 3}, id="of an issuer that is a number"),
        pytest.param({"aud": "https://other.example"}, id="for another API"),
        pytest.param({"aud": None}, id="for nobody"),
        pytest.param({"sub": None}, id="of nobody"),
        pytest.param({"exp": None}, id="without an end"),
        pytest.param({"exp": int(time.time()) - 1}, id="expired"),
        pytest.param({"exp": str(int(time.time()) + 300)}, id="a time as text"),
        pytest.param({"iat": None}, id="without a beginning"),
        pytest.param({"iat": int(time.time()) + 900}, id="issued in the future"),
        pytest.param({"typ": "Refresh"}, id="a refresh token of Keycloak"),
        pytest.param({"nonce": "n"}, id="an ID token"),
    ],
)
def test_the_claims_of_an_answer_are_checked(server: FaultyKeyServer, claims: Any) -> None:
    server.script(PATH, active(**claims), active())
    app = asking(server)

    assert status(app, TOKEN) == 401
    assert status(app, f"{TOKEN}-other") == 200


@pytest.mark.parametrize("kind", ["bearer", "BEARER"])
def test_the_type_of_a_token_is_compared_without_case(server: FaultyKeyServer, kind: str) -> None:
    """RFC 6749 section 5.1."""
    server.script(PATH, active(token_type=kind))

    assert status(asking(server), TOKEN) == 200


def test_a_condition_of_the_application_takes_the_place_of_the_type(
    server: FaultyKeyServer,
) -> None:
    server.script(PATH, active(token_type=None, use="api"), active(use="ui"))
    app = asking(server, asked=introspection(server.url, access_when={"use": "api"}))

    assert status(app, TOKEN) == 200
    assert status(app, f"{TOKEN}-other") == 401


def test_claims_of_our_own_mean_nothing(server: FaultyKeyServer) -> None:
    server.script(PATH, active(fresh=True, sid="s", roles=["admin"], type="refresh"))
    found = asking(server).test_client().get("/", headers=bearer(TOKEN)).json

    assert found is not None
    assert found["claims"].keys().isdisjoint({"fresh", "sid", "roles", "active"})
    assert found["claims"]["type"] == "access"


def test_scopes_are_those_of_the_answer(server: FaultyKeyServer) -> None:
    server.script(PATH, active(scope="notes:read"), active(scope="notes:write"))
    app = asking(server, IssuedBy(server.url) & HasScope("notes:read"))

    assert status(app, TOKEN) == 200
    assert status(app, f"{TOKEN}-other") == 403


def test_a_machine_without_a_subject_is_its_client(server: FaultyKeyServer) -> None:
    server.script(PATH, active(sub=None, client_id="robot"), active(client_id="robot"))
    app = asking(server, machine_when=lambda header, claims: "sub" not in claims)

    @app.get("/who")
    @protect(IssuedBy(server.url))
    def who() -> list[object]:
        return [current_token.subject, current_token.is_machine]

    first, second = (
        app.test_client().get("/who", headers=bearer(token)).json for token in (TOKEN, "other")
    )
    assert (first, second) == (["robot", True], ["ada", False])


@pytest.mark.parametrize("client", [None, "", 3, ["robot"]], ids=repr)
def test_a_machine_without_subject_and_client_is_nobody(
    server: FaultyKeyServer, client: Any
) -> None:
    server.script(PATH, active(sub=None, client_id=client))
    app = asking(server, machine_when=lambda header, claims: "sub" not in claims)

    assert status(app, TOKEN) == 401


def test_an_id_that_is_the_token_is_left_out(server: FaultyKeyServer) -> None:
    """KEY-8: ids are logged and stored, and tokens never."""
    server.script(PATH, active(jti=TOKEN), active(jti="an id"))
    app = asking(server)

    first, second = (
        app.test_client().get("/", headers=bearer(token)).json for token in (TOKEN, "other")
    )
    assert first is not None
    assert second is not None
    assert "jti" not in first["claims"]
    assert second["claims"]["jti"] == "an id"


# What is sent, and what never is


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("a.b.c", id="three segments"),
        pytest.param(f"a.b~c.{TOKEN.replace('.', '')}", id="two dots, and no base64url"),
        pytest.param("eyJh.eyJz.", id="no signature"),
        pytest.param("a" * 4097, id="too long"),
    ],
)
def test_what_is_no_opaque_token_is_not_sent(server: FaultyKeyServer, token: str) -> None:
    app = asking(server)

    assert status(app, token) == 401
    assert server.count(PATH) == 0
    assert status(app, "a" * 4096) == 200


def test_an_own_token_is_never_sent(server: FaultyKeyServer) -> None:
    issuer = opaque_issuer(server.url)
    app, jwt = application(IssuedBy(OWN, issuer), issuers=(issuer,))
    own = own_token(app, jwt)

    assert status(app, own) == 200
    assert status(app, own[:-4] + "AAAA") == 401
    assert server.count(PATH) == 0
    assert status(app, TOKEN) == 200


def test_a_jwt_of_the_issuer_is_not_sent_and_not_accepted(server: FaultyKeyServer) -> None:
    app = asking(server)

    assert status(app, foreign(iss=server.url)) == 401
    assert server.count(PATH) == 0


def test_a_jwt_of_the_issuer_is_accepted_by_its_keys(server: FaultyKeyServer) -> None:
    app = asking(server, keys=[public()])

    assert status(app, foreign(iss=server.url)) == 200
    assert server.count(PATH) == 0
    assert status(app, TOKEN) == 200


def test_a_view_that_names_another_issuer_asks_nobody(server: FaultyKeyServer) -> None:
    """Nor does one for own tokens alone."""
    issuer, other = opaque_issuer(server.url), Issuer(URL, audience="a", keys=[public()])
    app, _ = application(IssuedBy(other), issuers=(issuer, other))
    plain, _ = application(issuers=(issuer,))
    excluding, _ = application(IssuedBy(other, issuer) & ~IssuedBy(issuer), issuers=(issuer, other))

    assert [status(one, TOKEN) for one in (app, plain, excluding)] == [401, 401, 401]
    assert server.count(PATH) == 0


def test_a_request_without_a_token_asks_nobody(server: FaultyKeyServer) -> None:
    issuer = opaque_issuer(server.url)
    app, _ = application(issuers=(issuer,))
    app.add_url_rule("/open", view_func=protect(IssuedBy(issuer) | OptionalToken())(lambda: "x"))
    client = app.test_client()

    assert client.get("/open").status_code == 200
    assert server.count(PATH) == 0
    assert client.get("/open", headers=bearer(TOKEN)).status_code == 200
    assert server.count(PATH) == 1


class Field(Transport):
    """A place that browsers can be made to fill."""

    name = "field"

    def read(self, request: Any) -> str | None:
        found: str | None = request.args.get("token")
        return found


@pytest.mark.parametrize("place", [Field(), HeaderTransport("X-Token", scheme=None)], ids=repr)
def test_only_a_header_is_sent(server: FaultyKeyServer, place: Transport) -> None:
    issuer = opaque_issuer(server.url)
    app, _ = application(issuers=(issuer,))

    @app.get("/there")
    @protect(IssuedBy(issuer), transports=[place])
    def there() -> str:
        return "let in"

    url, headers = f"/there?token={TOKEN}", {"X-Token": TOKEN}
    answer = app.test_client().get(url, headers=headers).status_code
    assert (answer, server.count(PATH)) == ((200, 1) if place.is_header else (401, 0))


def test_tokens_of_the_only_issuer_count_as_own_without_a_key(server: FaultyKeyServer) -> None:
    app, _ = application(issuers=(opaque_issuer(server.url),), own=False)

    assert status(app, TOKEN) == 200
    assert status(app, "a.b.c") == 401
    assert server.count(PATH) == 1


# Verbs


def test_verify_asks_where_the_issuer_is_named(server: FaultyKeyServer) -> None:
    app, jwt = application(issuers=(opaque_issuer(server.url),))

    with app.app_context():
        token = jwt.verify(TOKEN, issuer=server.url)
        with pytest.raises(InvalidTokenError):
            jwt.verify(TOKEN)
        with pytest.raises(InvalidTokenError):
            jwt.verify("a.b.c", issuer=server.url)

    assert (token.subject, token.issuer, token.is_own) == ("ada", server.url, False)
    assert server.count(PATH) == 1


def test_verify_of_an_issuer_without_introspection_asks_nobody(server: FaultyKeyServer) -> None:
    other = Issuer(URL, audience="a", keys=[public()])
    app, jwt = application(issuers=(opaque_issuer(server.url), other))

    with app.app_context(), pytest.raises(InvalidTokenError):
        jwt.verify(TOKEN, issuer=URL)

    assert server.count(PATH) == 0


def test_a_subject_whose_tokens_were_revoked_here_is_refused(server: FaultyKeyServer) -> None:
    app, jwt = application(IssuedBy(server.url), issuers=(opaque_issuer(server.url),))
    assert status(app, TOKEN) == 200

    with app.app_context():
        jwt.revoke_subject("ada", issuer=server.url)

    assert status(app, TOKEN) == 401


# Set-up


def test_a_second_issuer_with_introspection_is_an_error() -> None:
    jwt = JWTManager[Any]()
    jwt.trust(opaque_issuer("https://one.example"))

    jwt.trust(Issuer(URL, audience="a", keys=[public()]))
    with pytest.raises(SetupError, match="an opaque token does not say whose it is"):
        jwt.trust(opaque_issuer("https://two.example"))


def test_http_needs_the_switch_of_the_issuer() -> None:
    asked = introspection("http://localhost:8000")

    assert Issuer("https://one.example", audience="a", introspection=asked, allow_http=True)
    with pytest.raises(ConfigurationError, match=r"Issuer\(introspection=….*not https"):
        Issuer("https://one.example", audience="a", introspection=asked)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_id", ""),
        ("client_secret", ""),
        ("client_secret", "\ud800"),
        ("cache_seconds", -1),
        ("cache_seconds", 301),
        ("cache_seconds", float("nan")),
        ("cache_seconds", True),
        ("concurrency", 0),
        ("concurrency", 101),
        ("concurrency", True),
        ("concurrency", 1.5),
    ],
)
def test_an_argument_out_of_bounds_is_an_error(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"Introspection\({name}=…\)"):
        introspection("https://one.example", **{name: value})


def test_it_is_frozen() -> None:
    asked = introspection("https://one.example")

    with pytest.raises(AttributeError, match="frozen"):
        asked.cache_seconds = 3
    with pytest.raises(AttributeError, match="frozen"):
        del asked.cache_seconds


def test_the_secret_is_shown_nowhere(
    server: FaultyKeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    """KEY-8."""
    asked = introspection(server.url)
    server.script(PATH, answers.failure(401))
    app = asking(server, asked=asked)
    with caplog.at_level(logging.DEBUG, "jwtpolicy"):
        assert status(app, TOKEN) == 503

    shown = f"{asked!r} {vars(asked)} {vars(opaque_issuer(server.url, asked))} {caplog.text}"
    encoded = asked.authorization.removeprefix("Basic ")
    assert "it answers 401 to the client 'api'; see client_id=" in caplog.text
    for secret in (CLIENT_SECRET, encoded, TOKEN):
        assert secret not in shown


# Faults

FAULTS: dict[str, Answer] = {
    "HTML": answers.html(),
    "20 MB": answers.huge(active()),
    "a redirect": answers.redirect("/elsewhere"),
    "an array": answers.document([told()]),
    "text": answers.document("active"),
    "half of the JSON": answers.broken_json(),
    "fewer bytes than promised": answers.cut_short(active()),
    "gzip": answers.compressed(active()),
    "status 401": answers.failure(401),
    "status 403": answers.failure(403),
    "status 404": answers.failure(404),
    "status 429": answers.failure(429),
    "status 500": answers.failure(500),
    "status 503": answers.failure(503),
    "a closed connection": answers.closed,
    "no HTTP": answers.no_http,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_server_is_503_and_logged(
    server: FaultyKeyServer, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    server.script(PATH, FAULTS[fault])
    app = asking(server)

    with caplog.at_level(logging.ERROR, "jwtpolicy"):
        answer = app.test_client().get("/", headers=bearer(TOKEN))

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert f"the server of {server.url} cannot be asked about tokens: " in caplog.text


def test_a_text_that_the_server_does_not_take_for_a_token_is_401(
    server: FaultyKeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The npm provider says 400 to whatever looks like a JWT; a client gets no 503 by that."""
    server.script(PATH, answers.failure(400), active())
    app = asking(server)

    assert status(app, "a.b.c.d.e") == 401
    assert "status 400" in caplog.text
    assert status(app, TOKEN) == 200


def test_a_server_that_is_down_is_told_to_verbs(server: FaultyKeyServer) -> None:
    server.script(PATH, answers.failure(503))
    app, jwt = application(issuers=(opaque_issuer(server.url),))

    with app.app_context(), pytest.raises(KeysUnavailableError, match="cannot be asked"):
        jwt.verify(TOKEN, issuer=server.url)
