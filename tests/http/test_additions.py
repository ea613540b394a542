"""What applications add to tokens, and how they choose keys, subjects and templates."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, abort, render_template_string
from flask.json.provider import DefaultJSONProvider
from marshmallow import fields
from werkzeug.exceptions import HTTPException

from jwtpolicy import (
    ClaimSchema,
    Fresh,
    JWTManager,
    current_token,
    current_user,
    protect,
    public,
)
from jwtpolicy.exceptions import (
    ConfigurationError,
    InvalidTokenError,
    IssueError,
    KeysUnavailableError,
    SetupError,
)
from jwtpolicy.keys import Key, KeyRing
from tests.support.applications import SECRET
from tests.support.forgeries import CLAIMS, signed
from tests.support.requests import bearer


def claims_of(app: Flask, jwt: JWTManager[Any], encoded: str | None) -> dict[str, Any]:
    from jwtpolicy import ANY

    assert encoded is not None
    with app.app_context():
        return dict(jwt.verify(encoded, kind=ANY).claims)


def test_a_hook_adds_claims_by_user_and_kind(app: Flask, jwt: JWTManager[Any]) -> None:
    """D16."""
    jwt.extra_claims(lambda user, kind: {"who": [user, kind]})
    with app.app_context():
        pair = jwt.login("u1")
        alone = jwt.issue("u2", "reset", expires_in=60)

    assert claims_of(app, jwt, pair.access_token)["who"] == ("u1", "access")
    assert claims_of(app, jwt, pair.refresh_token)["who"] == ("u1", "refresh")
    assert claims_of(app, jwt, alone)["who"] == ("u2", "reset")


def test_claims_of_the_call_win_over_those_of_the_hook(app: Flask, jwt: JWTManager[Any]) -> None:
    jwt.extra_claims(lambda user, kind: {"a": 1, "b": 1})
    with app.app_context():
        claims = claims_of(app, jwt, jwt.issue("u1", claims={"b": 2}))

    assert (claims["a"], claims["b"]) == (1, 2)


def test_what_a_hook_returns_never_reaches_another_user(app: Flask, jwt: JWTManager[Any]) -> None:
    """S5, CLAIM-10."""
    shared: dict[str, Any] = {"teams": []}
    jwt.extra_claims(lambda user, kind: shared)
    with app.app_context():
        first = jwt.issue("admin", claims={"is_admin": True})
        second = jwt.issue("bob")

    assert claims_of(app, jwt, first)["is_admin"] is True
    assert "is_admin" not in claims_of(app, jwt, second)
    assert shared == {"teams": []}


KINDS = ("access", "refresh")


@pytest.mark.parametrize("has_loader", [True, False])
def test_a_refresh_keeps_apart_what_each_kind_says(make_app: Any, has_loader: bool) -> None:
    """D16: an access token never says what was meant for refresh tokens."""
    app, jwt = make_app()
    jwt.extra_claims(lambda user, kind: {"kind": kind, kind: True})
    jwt.extra_headers(lambda user, kind: {"of": kind})
    if has_loader:
        jwt.user_loader(lambda token: token.subject)
    with app.app_context():
        pair = jwt.login("u1")
        for _ in range(2):
            pair = jwt.refresh(str(pair.refresh_token))
        tokens = [jwt.verify(pair.access_token), jwt.verify(pair.refresh_token, kind="refresh")]

    assert [(t.claims["kind"], t.header["of"]) for t in tokens] == [(k, k) for k in KINDS]
    assert "refresh" not in tokens[0].claims
    assert "carried" not in tokens[0].claims


@pytest.mark.parametrize("hook", ["extra_claims", "extra_headers"])
def test_either_hook_alone_keeps_the_kinds_apart(
    app: Flask, jwt: JWTManager[Any], hook: str
) -> None:
    """D16."""
    getattr(jwt, hook)(lambda user, kind: {"of": kind})
    with app.app_context():
        pair = jwt.refresh(str(jwt.login("u1").refresh_token))
        token = jwt.verify(pair.access_token)

    assert (token.claims if hook == "extra_claims" else token.header)["of"] == "access"


def test_headers_are_copied_and_written_as_the_application_writes_json(
    app: Flask, jwt: JWTManager[Any]
) -> None:
    """C16, S5."""
    shared: dict[str, Any] = {"id": UUID(int=1), "list": [1]}
    jwt.extra_headers(lambda user, kind: shared)
    with app.app_context():
        header = jwt.verify(jwt.issue("u1", headers={"price": Decimal("1.5")})).header

    assert (header["id"], header["price"]) == (str(UUID(int=1)), "1.5")
    assert shared == {"id": UUID(int=1), "list": [1]}


def test_a_hook_for_one_kind_alone_is_remembered_by_the_other(
    app: Flask, jwt: JWTManager[Any]
) -> None:
    """D16."""
    jwt.extra_headers(lambda user, kind: {"tenant": "red"} if kind == "access" else {})
    jwt.extra_claims(lambda user, kind: {"tier": "gold"} if kind == "access" else {})
    with app.app_context():
        pair = jwt.refresh(str(jwt.login("u1", claims={"limit": 1}).refresh_token))
        token = jwt.verify(pair.access_token)

    assert (token.header["tenant"], token.claims["tier"], token.claims["limit"]) == (
        "red",
        "gold",
        1,
    )


@pytest.mark.parametrize("value", [True, {}, {"claims": 1, "headers": {}}, {"claims": {}}])
def test_a_claim_of_that_name_in_an_older_token_is_only_a_claim(
    app: Flask, jwt: JWTManager[Any], value: Any
) -> None:
    old = signed(claims={**CLAIMS, "type": "refresh", "carried": value, "role": "a"})
    with app.app_context():
        pair = jwt.refresh(old)

    assert claims_of(app, jwt, pair.access_token)["role"] == "a"


RESERVED = ["exp", "type", "jti", "sub", "csrf", "fresh", "sid", "carried"]


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_claims_cannot_be_added(app: Flask, jwt: JWTManager[Any], name: str) -> None:
    """S6, CLAIM-10."""
    with app.app_context():
        with pytest.raises(IssueError, match=f"claims= names {name}"):
            jwt.issue("u1", claims={name: 1})
        jwt.extra_claims(lambda user, kind: {name: 1})
        with pytest.raises(IssueError, match=f"extra_claims names {name}"):
            jwt.login("u1")


@pytest.mark.parametrize("name", ["alg", "kid", "typ", "crit", "jku", "x5u", "x5t#S512"])
def test_reserved_headers_cannot_be_added(app: Flask, jwt: JWTManager[Any], name: str) -> None:
    """CLAIM-10."""
    with app.app_context():
        with pytest.raises(IssueError, match=f"headers= names {name}"):
            jwt.login("u1", headers={name: "x"})
        jwt.extra_headers(lambda user, kind: {name: "x"})
        with pytest.raises(IssueError, match=f"extra_headers names {name}"):
            jwt.issue("u1")


def test_headers_come_by_call_and_by_hook(app: Flask, jwt: JWTManager[Any]) -> None:
    jwt.extra_headers(lambda user, kind: {"tenant": user, "a": 1})
    with app.app_context():
        pair = jwt.login("u1", headers={"a": 2})
        renewed = jwt.refresh(str(pair.refresh_token))
        headers = [dict(jwt.verify(p.access_token).header) for p in (pair, renewed)]

    assert [(h["tenant"], h["a"]) for h in headers] == [("u1", 2), ("u1", 2)]


@pytest.mark.parametrize("answer", [None, ["a"], "text"])
def test_a_hook_has_to_return_a_mapping(app: Flask, jwt: JWTManager[Any], answer: Any) -> None:
    jwt.extra_claims(lambda user, kind: answer)
    with app.app_context(), pytest.raises(IssueError, match="extra_claims has to be a mapping"):
        jwt.issue("u1")


@pytest.mark.parametrize("hook", ["extra_claims", "extra_headers"])
def test_a_hook_is_a_plain_function(jwt: JWTManager[Any], hook: str) -> None:
    """S3: a coroutine would be no mapping, and nobody would await it."""

    async def later(user: Any, kind: str) -> dict[str, Any]:
        return {}

    with pytest.raises(SetupError, match=f"{hook} is a plain function"):
        getattr(jwt, hook)(later)
    assert getattr(jwt, hook)(lambda user, kind: {})


@pytest.mark.parametrize("hook", ["extra_claims", "extra_headers", "user_loader"])
def test_there_is_one_hook_of_each(jwt: JWTManager[Any], hook: str) -> None:
    register = getattr(jwt, hook)
    register(lambda *arguments: {})

    with pytest.raises(SetupError, match=f"there is a {hook} already"):
        register(lambda *arguments: {})


def test_values_are_written_as_the_application_writes_json(
    app: Flask, jwt: JWTManager[Any]
) -> None:
    """C16: what JSON does not know goes through the provider, an instance of it."""
    added = {
        "price": Decimal("1.50"),
        "ids": (UUID(int=1),),
        "nested": {"at": datetime(2026, 1, 1, tzinfo=UTC)},
        "day": date(2026, 1, 1),
    }
    with app.app_context():
        claims = claims_of(app, jwt, jwt.issue("u1", claims=added))

    assert claims["price"] == "1.50"
    assert claims["ids"] == ("00000000-0000-0000-0000-000000000001",)
    assert claims["nested"]["at"] == "Thu, 01 Jan 2026 00:00:00 GMT"


class Provider(DefaultJSONProvider):
    """Dates as ISO 8601 writes them."""

    def default(self, o: Any) -> Any:  # type: ignore[override]
        return o.isoformat() if isinstance(o, date) else super().default(o)


def test_the_provider_of_this_very_application_is_asked(app: Flask, jwt: JWTManager[Any]) -> None:
    """C16."""
    app.json = Provider(app)
    with app.app_context():
        token = jwt.issue("u1", claims={"day": date(2026, 1, 1)})

    assert claims_of(app, jwt, token)["day"] == "2026-01-01"


NOT_JSON = [
    pytest.param({"x": {1, 2}}, r"claims.x: set", id="a set"),
    pytest.param({"x": [1, {"y": b"b"}]}, r"claims.x\[1\].y: bytes", id="bytes"),
    pytest.param({"x": float("nan")}, "claims.x: float", id="NaN"),
    pytest.param({"x": "\ud800"}, "claims.x: str", id="a lone surrogate"),
    pytest.param({3: 1}, "the name 3 is int", id="a name that is a number"),
    pytest.param({"x": {None: 1}}, "the name None", id="a name that is none"),
]


@pytest.mark.parametrize(("added", "why"), NOT_JSON)
def test_what_cannot_be_json_is_refused_with_its_path(
    app: Flask, jwt: JWTManager[Any], added: Any, why: str
) -> None:
    with app.app_context(), pytest.raises(IssueError, match=why):
        jwt.issue("u1", claims=added)


class Person:
    """Somebody with roles."""

    def __init__(self, roles: list[str]) -> None:
        self.sub, self.roles = "u1", roles


class PersonClaims(ClaimSchema):
    sub = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)


@pytest.mark.parametrize("verb", ["issue", "login"])
def test_what_is_added_has_to_fit_the_schema_too(
    app: Flask, jwt: JWTManager[Any], verb: str
) -> None:
    """Nothing is signed that could not be read back."""
    jwt.claims_for(Person)(PersonClaims)
    with app.app_context():
        with pytest.raises(IssueError, match=r"PersonClaims: claims.roles"):
            getattr(jwt, verb)(Person(["a"]), claims={"roles": 5})
        jwt.extra_claims(lambda user, kind: {"roles": ["b"]} if kind == "access" else {})
        assert claims_of(app, jwt, jwt.issue(Person(["a"])))["roles"] == ("b",)


def test_claims_that_are_nested_too_deeply_are_not_signed(app: Flask, jwt: JWTManager[Any]) -> None:
    """PARSE-4, the other way round."""
    deep: Any = 1
    for _ in range(31):
        deep = [deep]
    with app.app_context():
        assert jwt.verify(jwt.issue("u1", claims={"deep": deep}))
        with pytest.raises(IssueError, match="not JSON"):
            jwt.issue("u1", claims={"deep": [deep]})


def test_a_login_can_be_fresh_for_a_while(app: Flask, jwt: JWTManager[Any], clock: Any) -> None:
    """CLAIM-8, C22."""
    app.get("/")(protect(Fresh())(lambda: "in"))
    with app.app_context():
        headers = [
            bearer(jwt.login("u1", fresh=timedelta(minutes=5)).access_token),
            bearer(jwt.issue("u1", fresh=timedelta(minutes=5))),
        ]
    client = app.test_client()
    assert [client.get("/", headers=h).status_code for h in headers] == [200, 200]

    clock.advance(300)
    assert [client.get("/", headers=h).status_code for h in headers] == [401, 401]


@pytest.mark.parametrize("fresh", [timedelta(0), timedelta(-1), 300, None, "yes"])
def test_freshness_is_a_flag_or_a_time_ahead(app: Flask, jwt: JWTManager[Any], fresh: Any) -> None:
    """S2."""
    with app.app_context():
        with pytest.raises(IssueError, match="fresh is True, False or a timedelta"):
            jwt.login("u1", fresh=fresh)
        assert jwt.login("u1", fresh=False).session_id


def test_the_subject_can_stand_in_another_claim(make_app: Any) -> None:
    app, jwt = make_app(identity_claim="uid")
    app.get("/")(protect()(lambda: current_token.subject))
    with app.app_context():
        pair = jwt.login("u1")
        renewed = jwt.refresh(str(pair.refresh_token))
    raw = claims_of(app, jwt, pair.access_token)

    assert raw["uid"] == "u1"
    for made in (pair, renewed):
        headers = bearer(made.access_token)
        assert app.test_client().get("/", headers=headers).text == "u1"


def test_another_identity_claim_takes_no_sub_instead(make_app: Any) -> None:
    plain, other = make_app(), make_app(identity_claim="uid")
    with plain[0].app_context():
        without = plain[1].issue("u1")
        both = plain[1].issue("u1", claims={"uid": "u2"})
        same = plain[1].issue("u1", claims={"uid": "u1"})

    with other[0].app_context():
        for encoded in (without, both):
            with pytest.raises(InvalidTokenError):
                other[1].verify(encoded)
        assert other[1].verify(same).subject == "u1"


def test_an_identity_claim_is_reserved_too(make_app: Any) -> None:
    app, jwt = make_app(identity_claim="uid")
    with app.app_context(), pytest.raises(IssueError, match="uid is reserved"):
        jwt.issue("u1", claims={"uid": "u2"})


class TenantKeys(KeyRing):
    """A key for each tenant, which the token names."""

    secrets = {"a": secrets.token_urlsafe(48), "b": secrets.token_urlsafe(48)}  # noqa: RUF012

    def signing_key_for(self, subject: str, claims: Any) -> Key | None:
        return self._key_of(claims.get("tenant"))

    def find(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        if key_id == "down":
            raise KeysUnavailableError
        if key_id == "broken":
            raise ZeroDivisionError
        key = self._key_of(key_id)
        return (key,) if key else ()

    def may_sign(self, key: Key, claims: Any) -> bool:
        return bool(key.key_id == claims.get("tenant"))

    def _key_of(self, tenant: str | None) -> Key | None:
        secret = self.secrets.get(tenant or "")
        return Key(secret, "HS256", tenant) if secret else None


def test_keys_can_depend_on_the_tenant(make_app: Any) -> None:
    """S13, D3."""
    app, jwt = make_app(manager={"keys": TenantKeys()}, secret_key=None)
    app.get("/")(protect()(lambda: str(current_token.key_id)))
    with app.app_context():
        tokens = {t: jwt.issue("u1", claims={"tenant": t}) for t in ("a", "b")}
    client = app.test_client()

    assert [client.get("/", headers=bearer(t)).text for t in tokens.values()] == ["a", "b"]
    TenantKeys.secrets = {"a": TenantKeys.secrets["a"]}
    assert client.get("/", headers=bearer(tokens["b"])).status_code == 401


def test_with_a_user_loader_the_hook_names_the_tenant_of_both_kinds(make_app: Any) -> None:
    """D3: refresh tokens then carry the subject alone."""
    app, jwt = make_app(manager={"keys": TenantKeys()}, secret_key=None)
    jwt.user_loader(lambda token: token.subject)
    jwt.extra_claims(lambda user, kind: {"tenant": user[0]})
    with app.app_context():
        pair = jwt.refresh(str(jwt.login("ada").refresh_token))
        tokens = [jwt.verify(pair.access_token), jwt.verify(pair.refresh_token, kind="refresh")]

    assert [token.key_id for token in tokens] == ["a", "a"]


class SubjectKeys(KeyRing):
    """A key for each subject."""

    def signing_key_for(self, subject: str, claims: Any) -> Key | None:
        return Key(SECRET, "HS256", subject)

    def find(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        return (Key(SECRET, "HS256", key_id),) if key_id == "u1" else ()

    def may_sign(self, key: Key, claims: Any) -> bool:
        return bool(key.key_id == claims["sub"])


def test_keys_can_depend_on_the_user(make_app: Any) -> None:
    """D3."""
    app, jwt = make_app(manager={"keys": SubjectKeys()}, secret_key=None)
    with app.app_context():
        assert jwt.verify(jwt.login("u1").access_token).key_id == "u1"
        with pytest.raises(InvalidTokenError):
            jwt.verify(jwt.login("u2").access_token)


def test_without_a_key_for_the_tenant_nothing_is_signed(make_app: Any) -> None:
    app, jwt = make_app(manager={"keys": TenantKeys()}, secret_key=None)
    with (
        app.app_context(),
        pytest.raises(
            ConfigurationError, match=r"TenantKeys.signing_key_for returned None: no key"
        ),
    ):
        jwt.issue("u1")


@pytest.mark.parametrize(("name", "status"), [("down", 503), ("broken", 401), ("other", 401)])
def test_a_key_ring_that_fails_lets_nobody_in(
    make_app: Any, caplog: Any, name: str, status: int
) -> None:
    """ALG-4, C5, S13."""
    app, jwt = make_app(manager={"keys": KeyRing(Key(SECRET, "HS256", name))})
    with app.app_context():
        headers = bearer(jwt.issue("u1"))
    other, _ = make_app(manager={"keys": TenantKeys()}, secret_key=None)
    other.get("/")(protect()(lambda: "in"))

    assert other.test_client().get("/", headers=headers).status_code == status
    assert ("ZeroDivisionError" in caplog.text) is (name == "broken")


class Liar(KeyRing):
    def find(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        return (Key(SECRET, "HS256"),)


def test_a_key_of_another_algorithm_never_verifies(make_app: Any) -> None:
    """ALG-1."""
    app, jwt = make_app(manager={"keys": KeyRing(Key(SECRET * 2, "HS512"))})
    with app.app_context():
        token = jwt.issue("u1")
    other, other_jwt = make_app(manager={"keys": Liar(Key(SECRET, "HS256"))})

    with other.app_context():
        with pytest.raises(InvalidTokenError):
            other_jwt.verify(token)
        assert other_jwt.verify(other_jwt.issue("u1")).subject == "u1"


TEMPLATE = "{% if current_user %}{{ current_user }}{% else %}nobody{% endif %}"


def test_templates_know_the_user_only_when_they_look(make_app: Any) -> None:
    """C9: a page outside of any guard is no error, and loads nobody."""
    app, jwt = make_app(manager={"add_context_processor": True})
    loaded: list[str] = []
    jwt.user_loader(lambda token: loaded.append(token.subject) or "ada", lazy=True)
    app.add_url_rule("/open", "open", public(lambda: render_template_string(TEMPLATE)))
    app.add_url_rule("/in", "in", protect()(lambda: render_template_string(TEMPLATE)))
    app.add_url_rule("/plain", "plain", protect()(lambda: render_template_string("plain")))
    app.register_error_handler(404, lambda error: (render_template_string(TEMPLATE), 404))
    client = app.test_client()
    with app.app_context():
        headers = bearer(jwt.issue("u1"))

    assert client.get("/open").text == client.get("/missing").text == "nobody"
    assert (client.get("/plain", headers=headers).text, loaded) == ("plain", [])
    assert client.get("/in", headers=headers).text.startswith("ada")


LOADS = [
    pytest.param(lambda token: None, 200, 401, id="nobody"),
    pytest.param(lambda token: 1 / 0, 503, 503, id="broken"),
    pytest.param(lambda token: abort(403), 403, 403, id="forbidden"),
]


@pytest.mark.parametrize(("load", "page", "view"), LOADS)
def test_a_page_has_nobody_for_a_user_who_is_refused_and_fails_with_the_loader(
    make_app: Any, load: Any, page: int, view: int
) -> None:
    """C9: an outage is no stranger; the error page that answers it greets nobody."""
    app, jwt = make_app(manager={"add_context_processor": True})
    jwt.user_loader(load, lazy=True)
    app.add_url_rule("/page", "page", protect()(lambda: render_template_string(TEMPLATE)))
    app.add_url_rule("/view", "view", protect()(lambda: f"{current_user.name}"))
    greet = lambda error: (render_template_string(TEMPLATE), error.code)  # noqa: E731
    app.register_error_handler(HTTPException, greet)
    with app.app_context():
        headers = bearer(jwt.issue("u1"))
    answers = [app.test_client().get(path, headers=headers) for path in ("/page", "/view")]

    assert [answer.status_code for answer in answers] == [page, view]
    assert [answer.text for answer in answers] == ["nobody", "nobody"]


def test_an_error_page_has_nobody_for_a_token_of_somebody_who_is_gone(make_app: Any) -> None:
    """C9."""
    app, jwt = make_app(manager={"add_context_processor": True})
    jwt.user_loader(lambda token: None, lazy=True)
    app.add_url_rule("/lost", "lost", protect()(lambda: abort(404)))
    app.register_error_handler(404, lambda error: (render_template_string(TEMPLATE), 404))
    with app.app_context():
        headers = bearer(jwt.issue("u1"))
    answer = app.test_client().get("/lost", headers=headers)

    assert (answer.status_code, answer.text) == (404, "nobody")


def test_templates_know_nobody_otherwise(make_app: Any) -> None:
    app, _ = make_app()
    with app.test_request_context():
        assert render_template_string(TEMPLATE) == "nobody"
