"""An application lets in the tokens of tenants that have identity providers of their own."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask
from marshmallow import fields

from jwtpolicy import (
    OWN,
    Access,
    Anonymous,
    ClaimSchema,
    ClaimsMatch,
    HasRole,
    HasScope,
    IsSubject,
    IssuedBy,
    Issuer,
    IssuerResolver,
    JWTManager,
    KnownUser,
    Owns,
    Policy,
    ResourceMatch,
    current_user,
    protect,
    user,
)
from jwtpolicy.endpoints import resource_metadata_blueprint
from jwtpolicy.exceptions import (
    ConfigurationError,
    KeysUnavailableError,
    PolicyDefinitionError,
    SetupError,
)
from tests.support import key_answers as answers
from tests.support.faulty_key_server import FaultyKeyServer, faulty_key_server
from tests.support.issuers import AUDIENCE, URL, application, foreign, issuer, rsa_key, status
from tests.support.requests import bearer
from tests.support.sharing import name_of
from tests.support.tenants import BLUE, RED, Table


@pytest.fixture
def table() -> Table:
    """Return a table with two tenants, whose changes have an effect at once."""
    return Table(RED, BLUE)


def serve(
    resolver: IssuerResolver, *policies: Policy, issuers: tuple[Issuer, ...] = (), **options: Any
) -> tuple[Flask, JWTManager]:
    """Return an application that trusts what *resolver* finds."""
    jwt: JWTManager = JWTManager()
    jwt.trust(resolver)
    given = policies or (IssuedBy(resolver),)
    return application(*given, issuers=issuers, manager=jwt, **options)


@pytest.mark.parametrize("own", [True, False])
def test_tokens_of_tenants_are_let_in_and_those_of_others_are_not(table: Table, own: bool) -> None:
    app, _ = serve(table.resolver(), own=own)

    assert [status(app, foreign(iss=url)) for url in (RED, BLUE, URL)] == [200, 200, 401]
    assert status(app, foreign(iss=RED, name="other")) == 401
    assert status(app, foreign(iss=RED, aud="other")) == 401


def test_a_tenant_that_was_removed_is_refused(table: Table) -> None:
    app, _ = serve(table.resolver(recheck=0))
    token = foreign(iss=RED)
    assert status(app, token) == 200

    del table.rows[RED]
    assert status(app, token) == 401
    assert status(app, foreign(iss=BLUE)) == 200


def test_a_level_that_names_nobody_takes_no_tokens_of_tenants(table: Table) -> None:
    for own in (True, False):
        app, _ = serve(table.resolver(), Access(), own=own)

        assert status(app, foreign(iss=RED)) == 401


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(lambda one: IssuedBy(one) | IssuedBy(OWN), [200, 401, 200], id="or own"),
        pytest.param(lambda one: IssuedBy(one, URL), [200, 200, 401], id="and another"),
        pytest.param(lambda one: IssuedBy(URL), [401, 200, 401], id="another alone"),
        pytest.param(lambda one: IssuedBy(URL, one) & ~IssuedBy(one), [403, 200, 401], id="not"),
        pytest.param(
            lambda one: IssuedBy(one) & ClaimsMatch(iss=RED), [200, 403, 403], id="one tenant"
        ),
        pytest.param(lambda one: IssuedBy(one) & HasScope("read"), [403, 403, 403], id="scope"),
    ],
)
def test_a_part_takes_those_that_it_names(table: Table, policy: Any, expected: list[int]) -> None:
    resolver = table.resolver()
    app, jwt = serve(resolver, policy(resolver), issuers=(issuer(),))
    with app.app_context():
        own = jwt.issue("ada")

    assert [status(app, token) for token in (foreign(iss=RED), foreign(), own)] == expected


def test_one_tenant_is_told_from_another(table: Table) -> None:
    resolver = table.resolver()
    app, _ = serve(resolver, IssuedBy(resolver) & ClaimsMatch(iss=RED))

    assert [status(app, foreign(iss=url)) for url in (RED, BLUE)] == [200, 403]


def test_the_application_itself_is_no_tenant_whatever_the_table_says(table: Table) -> None:
    table.rows[URL] = {}
    app, _ = serve(table.resolver(), JWT_ENCODE_ISSUER=URL)

    assert status(app, foreign()) == 401
    assert status(app, foreign(iss=RED)) == 200
    assert URL not in table.asked


def test_an_issuer_that_is_trusted_by_its_name_is_not_looked_up(table: Table) -> None:
    app, _ = serve(table.resolver(), IssuedBy(URL), issuers=(issuer(),))

    assert status(app, foreign()) == 200
    assert table.asked == []


@pytest.mark.parametrize("iss", [7, None, ["https://login.red.example"], "", "red", "x" * 5_000])
def test_an_iss_that_is_no_address_does_not_reach_the_table(table: Table, iss: Any) -> None:
    app, _ = serve(table.resolver())

    assert status(app, foreign(iss=iss)) == 401
    assert table.asked == []


def test_a_table_that_cannot_be_read_is_503(table: Table, caplog: pytest.LogCaptureFixture) -> None:
    app, jwt = serve(table.resolver(recheck=0))
    table.failure = OSError("down")

    answer = app.test_client().get("/", headers=bearer(foreign(iss=RED)))
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert "find of <IssuerResolver find> raised OSError" in caplog.text
    with app.app_context():
        assert status(app, jwt.issue("ada")) == 401
    table.failure = None
    assert status(app, foreign(iss=RED)) == 200


def test_a_public_view_needs_no_table(table: Table) -> None:
    table.failure = OSError("down")
    resolver = table.resolver()
    app, _ = serve(resolver, Anonymous() | IssuedBy(resolver))
    app.add_url_rule("/free", view_func=lambda: "")

    assert app.test_client().get("/free", headers=bearer(foreign(iss=RED))).status_code == 200
    assert table.asked == []


ABOUT_SUBJECTS = [IsSubject("name"), Owns("owner"), ClaimsMatch(sub="ada")]


def is_mistake(table: Table, leaf: Policy, **arguments: Any) -> str:
    """Return the mistake of a part with *leaf* that takes the tokens of tenants, or nothing."""
    resolver = table.resolver(**arguments)
    app, _ = serve(resolver)
    guarded = protect(IssuedBy(resolver) & leaf, resource=lambda name: None)
    app.get("/users/<name>")(guarded(lambda name: name))
    try:
        app.test_client().get("/users/ada")
    except PolicyDefinitionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("leaf", ABOUT_SUBJECTS, ids=str)
def test_a_part_about_the_subject_needs_a_prefix(table: Table, leaf: Policy) -> None:
    mistake = is_mistake(table, leaf)

    assert "Give <IssuerResolver find> a subject_prefix=" in mistake
    assert is_mistake(table, leaf, subject_prefix="tenant:") == ""


@pytest.mark.parametrize(
    "leaf", [KnownUser(), ResourceMatch(owner=user("id")), ClaimsMatch(x=user("id"))], ids=str
)
def test_a_part_about_the_user_needs_a_loader(table: Table, leaf: Policy) -> None:
    assert "which has no user_loader" in is_mistake(table, leaf)
    assert is_mistake(table, leaf, user_loader=str) == ""


def test_other_parts_need_neither(table: Table) -> None:
    assert is_mistake(table, HasRole("admin")) == ""


def test_users_of_two_tenants_are_two_users(table: Table) -> None:
    resolver = table.resolver(subject_prefix="tenant:")
    app, _ = serve(resolver, IssuedBy(resolver))
    app.get("/users/<path:name>")(
        protect(IssuedBy(resolver) & IsSubject("name"))(lambda name: name)
    )
    client = app.test_client()
    path = f"/users/tenant:{RED}|ada"

    answers_ = [client.get(path, headers=bearer(foreign(iss=url))) for url in (RED, BLUE)]
    assert [answer.status_code for answer in answers_] == [200, 403]
    assert client.get("/users/ada", headers=bearer(foreign(iss=RED))).status_code == 403


class Admin:
    """A type of own users."""


@pytest.mark.parametrize("subject", ["login:ada", "admin:ada"])
def test_a_tenant_has_no_user_of_another_issuer_or_type(table: Table, subject: str) -> None:
    app, jwt = serve(table.resolver(), issuers=(issuer(subject_prefix="login:"),))

    @jwt.claims_for(Admin)
    class AdminClaims(ClaimSchema):
        sub = fields.String(required=True)

        class Meta:
            subject_prefix = "admin:"

    assert status(app, foreign(iss=RED, sub=subject)) == 401
    assert status(app, foreign(iss=RED, sub="ada")) == 200


def test_nobody_else_has_a_user_of_a_tenant(table: Table) -> None:
    resolver = table.resolver(subject_prefix="tenant:")
    app, jwt = serve(resolver, IssuedBy(URL), issuers=(issuer(),))

    assert status(app, foreign(sub=f"tenant:{RED}|ada")) == 401
    assert status(app, foreign(sub="ada")) == 200
    with app.app_context(), pytest.raises(SetupError, match="prefix"):
        jwt.issue(f"tenant:{RED}|ada")


@pytest.mark.parametrize("prefix", ["tenant:", "tenant:a", "ten"])
def test_a_prefix_that_could_be_anothers_is_a_mistake(table: Table, prefix: str) -> None:
    jwt: JWTManager = JWTManager()
    resolver = table.resolver(subject_prefix="tenant:")
    jwt.trust(resolver)
    jwt.trust(resolver)

    with pytest.raises(SetupError, match="neither may begin with the other"):
        jwt.trust(issuer(subject_prefix=prefix))
    other: JWTManager = JWTManager()
    other.trust(issuer(subject_prefix=prefix))
    with pytest.raises(SetupError, match="neither may begin with the other"):
        other.trust(resolver)


def test_an_application_has_one_resolver(table: Table) -> None:
    jwt: JWTManager = JWTManager()
    jwt.trust(table.resolver())

    with pytest.raises(SetupError, match="let one resolver find all of them"):
        jwt.trust(table.resolver())


def test_a_resolver_that_is_not_trusted_is_a_mistake(table: Table) -> None:
    app, _ = application(IssuedBy(table.resolver()))

    with pytest.raises(PolicyDefinitionError, match=r"call jwt\.trust\(resolver\)"):
        app.test_client().get("/")


def test_a_tenant_cannot_be_named_by_its_address(table: Table) -> None:
    app, _ = serve(table.resolver(), IssuedBy(RED))

    with pytest.raises(PolicyDefinitionError, match=r"write IssuedBy\(resolver\)"):
        app.test_client().get("/")


def test_what_is_no_issuer_cannot_be_trusted() -> None:
    with pytest.raises(ConfigurationError, match="or an IssuerResolver"):
        JWTManager().trust(RED)  # type: ignore[arg-type]


def test_users_of_all_tenants_come_from_one_loader(table: Table) -> None:
    users = {"ada": {"id": 7}}
    resolver = table.resolver(user_loader=lambda token: users.get(token.subject))
    app, _ = serve(resolver)
    app.get("/me")(protect(IssuedBy(resolver))(lambda: dict(current_user)))

    answer = app.test_client().get("/me", headers=bearer(foreign(iss=RED)))
    assert answer.json == {"id": 7}
    assert status(app, foreign(iss=RED, sub="eve")) == 401


def test_a_loader_of_own_users_is_a_mistake_where_there_are_none(table: Table) -> None:
    app, jwt = serve(table.resolver(), own=False)
    jwt.user_loader(str)

    with pytest.raises(ConfigurationError, match="as user_loader= to <IssuerResolver find>"):
        app.test_client().get("/")


async def load_later(token: Any) -> Any:
    return token.subject


@pytest.mark.parametrize("loader", [str, load_later], ids=name_of)
def test_a_dry_run_knows_the_loader(table: Table, loader: Any) -> None:
    app, jwt = serve(table.resolver(user_loader=loader))

    with app.app_context():
        assert jwt.explain("GET", "/", token=foreign(iss=RED)).status == 200


def test_the_subject_of_a_tenant_is_revoked_by_the_name_of_its_issuer(table: Table) -> None:
    app, jwt = serve(table.resolver())

    with app.app_context():
        jwt.revoke_subject("ada", issuer=RED)
        assert list(jwt.sessions("ada", issuer=RED)) == []
        with pytest.raises(ConfigurationError, match="is no trusted issuer"):
            jwt.revoke_subject("ada", issuer=URL)
    assert [status(app, foreign(iss=url)) for url in (RED, BLUE)] == [401, 200]


def test_before_the_first_request_verbs_find_tenants_too(table: Table) -> None:
    app, jwt = serve(table.resolver())

    with app.app_context():
        jwt.revoke_subject("ada", issuer=RED)
        jwt.revoke_subject("bob", issuer=RED)
    assert table.asked == [RED]


def test_the_audience_of_a_resolver_may_be_a_protected_resource(table: Table) -> None:
    resolver = table.resolver(audience=AUDIENCE)
    app, jwt = serve(resolver)
    api = Blueprint("api", __name__)
    api.get("/api")(protect(IssuedBy(resolver))(lambda: "in"))
    metadata = resource_metadata_blueprint(
        jwt, api, resource=AUDIENCE, authorization_servers=[RED, BLUE]
    )
    app.register_blueprint(metadata)
    app.register_blueprint(api)

    assert app.test_client().get("/api", headers=bearer(foreign(iss=RED))).status_code == 200


@pytest.mark.parametrize(
    ("own", "level"), [(True, logging.INFO), (False, logging.WARNING)], ids=["a key", "none"]
)
def test_at_start_it_says_who_is_trusted(
    table: Table, own: bool, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "jwtpolicy")
    app, _ = serve(table.resolver(), own=own)
    app.test_client().get("/")

    [line] = [record for record in caplog.records if record.module == "trust"]
    assert (line.levelno, line.args) == (level, ("trusting", "<IssuerResolver find>"))


def test_a_level_that_leaves_tenants_out_is_told(
    table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    resolver = table.resolver()
    app, jwt = serve(resolver)
    app.debug = True
    api = Blueprint("api", __name__)
    jwt.protect_blueprint(api, IssuedBy(OWN))
    api.get("/api")(protect(IssuedBy(resolver))(lambda: "in"))
    app.register_blueprint(api)
    app.test_client().get("/")

    assert "tokens of <IssuerResolver find> never pass" in caplog.text


@pytest.fixture
def server() -> Iterator[FaultyKeyServer]:
    with faulty_key_server() as server:
        yield server


def published(server: FaultyKeyServer) -> None:
    """Let the server be a provider whose key is that of `foreign`."""
    server.script("/jwks", answers.key_set(answers.public_jwk(rsa_key("login"), "k1", "RS256")))
    found = answers.discovery(server.url, f"{server.url}/jwks")
    server.script("/.well-known/openid-configuration", found)


def test_keys_come_from_a_private_address_only_if_that_is_allowed(server: FaultyKeyServer) -> None:
    published(server)
    row = {"keys": None, "allow_http": True}
    table = Table(server.url, **row)
    allowed, _ = serve(table.resolver(allow_private=True, recheck=0))
    refused, _ = serve(table.resolver())
    token = foreign(iss=server.url)

    assert status(refused, token) == 401
    assert server.count("/.well-known/openid-configuration") == 0
    assert [status(allowed, token) for _ in range(3)] == [200] * 3
    assert server.count("/.well-known/openid-configuration") == 1
    assert len(table.asked) == 3


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "192.168.0.1", "::1", "fd00::1"]
)
@pytest.mark.parametrize("row", [{}, {"jwks_uri": "https://keys.red.example/jwks"}], ids=str)
def test_a_name_that_leads_into_a_network_is_not_connected_to(
    address: str,
    row: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    app, _ = serve(Table(RED, keys=None, **row).resolver())

    assert status(app, foreign(iss=RED)) == 503
    assert "has an address that is not on the public Internet" in caplog.text


def test_a_verb_says_that_it_could_not_ask(table: Table) -> None:
    app, jwt = serve(table.resolver())
    table.failure = OSError("down")

    with app.app_context(), pytest.raises(KeysUnavailableError):
        jwt.revoke_subject("ada", issuer=RED)
