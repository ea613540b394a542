"""The arguments of `Issuer`: what each accepts of a token, and what becomes of its claims."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest
from marshmallow import Schema, fields, post_load

from jwtpolicy import OWN, HasRole, IssuedBy, Issuer, current_token, protect
from jwtpolicy.exceptions import ConfigurationError
from tests.support.issuers import AUDIENCE, URL, application, foreign, issuer, status


def answer(trusted: Issuer, *policies: Any, **claims: Any) -> int:
    app, _ = application(IssuedBy(trusted), *policies, issuers=(trusted,))
    return status(app, foreign(**claims))


def claims_of(trusted: Issuer, **claims: Any) -> dict[str, Any]:
    """Return the claims as the application reads them."""
    app, _ = application(IssuedBy(trusted), issuers=(trusted,))
    headers = {"Authorization": f"Bearer {foreign(**claims)}"}
    read: dict[str, Any] = app.test_client().get("/", headers=headers).json["claims"]  # type: ignore[index]
    return read


NOW = int(time.time())


@pytest.mark.parametrize(
    ("arguments", "claims", "expected"),
    [
        pytest.param({}, {"exp": NOW - 2}, 401, id="expired"),
        pytest.param({"leeway": 300}, {"exp": NOW - 2}, 200, id="expired within the leeway"),
        pytest.param({"leeway": 300}, {"exp": NOW - 400}, 401, id="expired before it"),
        pytest.param({}, {"iat": NOW + 250}, 401, id="issued in the future"),
        pytest.param({"leeway": 300}, {"iat": NOW + 250}, 200, id="in the leeway's future"),
        pytest.param({"leeway": 300}, {"nbf": NOW + 250}, 200, id="begins in it"),
        pytest.param({"leeway": 300}, {"nbf": NOW + 900}, 401, id="begins after it"),
        pytest.param({"max_age": 600}, {"iat": NOW - 60}, 200, id="young enough"),
        pytest.param({"max_age": 600}, {"iat": NOW - 700}, 401, id="too old"),
        pytest.param({"max_age": 600, "leeway": 300}, {"iat": NOW - 700}, 200, id="by the leeway"),
        pytest.param({"max_age": 0}, {}, 401, id="no age at all"),
        pytest.param({"audience": ["a", AUDIENCE]}, {}, 200, id="one of several audiences"),
        pytest.param({"audience": ["a", "b"]}, {}, 401, id="none of them"),
        pytest.param({}, {"aud": ["x", AUDIENCE]}, 200, id="an audience among others"),
        pytest.param({"client_ids": ["web"]}, {}, 200, id="audience and a listed client"),
        pytest.param({"client_ids": ["app"]}, {}, 401, id="audience and another client"),
        pytest.param({"client_ids": ["web"]}, {"client_id": ["web"]}, 401, id="a list of clients"),
        pytest.param({"client_ids": ["web"]}, {"client_id": {}}, 401, id="no text as a client"),
        pytest.param({"requires_jti": False}, {"jti": None}, 200, id="without jti"),
        pytest.param({"requires_jti": False}, {"jti": 5}, 401, id="with a malformed jti"),
        pytest.param({"subject": "uid"}, {"uid": "u1"}, 200, id="another subject"),
        pytest.param({"subject": "uid"}, {}, 401, id="which is absent"),
        pytest.param({"subject": "uid"}, {"uid": "", "sub": "web"}, 401, id="which is empty"),
        pytest.param({"subject": "uid"}, {"sub": "web"}, 200, id="which a machine does not have"),
        pytest.param({"subject_prefix": "x" * 256}, {"sub": "y" * 768}, 200, id="a long subject"),
        pytest.param({"subject_prefix": "x" * 256}, {"sub": "y" * 769}, 401, id="too long a one"),
    ],
)
def test_an_argument_decides_which_tokens_are_accepted(
    arguments: dict[str, Any], claims: dict[str, Any], expected: int
) -> None:
    assert answer(issuer(**arguments), **claims) == expected


def test_without_an_audience_a_token_with_one_is_for_somebody_else() -> None:
    """CLAIM-4."""
    trusted = issuer(audience=(), client_ids="web")

    assert answer(trusted, aud=None) == 200
    assert answer(trusted) == 401
    assert answer(trusted, aud=[]) == 200


@pytest.mark.parametrize(
    ("arguments", "claims", "read"),
    [
        ({"subject": "uid"}, {"uid": "u1"}, {"sub": "u1"}),
        ({"subject_prefix": "login:"}, {}, {"sub": "login:ada"}),
        ({"scopes": "scp"}, {"scp": ["a", "b"], "scope": "c"}, {"scope": "a b"}),
        ({"scopes": ("o", "s.c")}, {"o": {"s.c": "a b"}}, {"scope": "a b"}),
        ({"roles": "groups"}, {"groups": ["a"]}, {"roles": ["a"]}),
        ({"roles": "https://a.example/b"}, {"https://a.example/b": ["a"]}, {"roles": ["a"]}),
        (
            {"roles": ("resource_access", "shop.web", "roles")},
            {"resource_access": {"shop.web": {"roles": ["a"]}}},
            {"roles": ["a"]},
        ),
        ({"claims": {"team": ("org", "team")}}, {"org": {"team": "red"}}, {"team": "red"}),
        ({"claims": {"auth_time": "login_at"}}, {"login_at": 5}, {"auth_time": 5}),
    ],
    ids=str,
)  # fmt: skip
def test_an_argument_says_which_claim_is_read(
    arguments: dict[str, Any], claims: dict[str, Any], read: dict[str, Any]
) -> None:
    found = claims_of(issuer(**arguments), **claims)

    assert {name: found[name] for name in read} == read


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("groups", {}),
        ("groups", {"groups": None}),
        (("a", "b"), {"a": 5}),
        (("a", "b"), {"a": ["b"]}),
        (("a", "b"), {"a": {"b": None}}),
        ("a.b", {"a": {"b": ["admin"]}}),
        (("a.b",), {"a": {"b": ["admin"]}}),
    ],
    ids=str,
)
def test_a_path_that_leads_nowhere_gives_no_roles(path: Any, claims: dict[str, Any]) -> None:
    assert "roles" not in claims_of(issuer(roles=path), **claims)
    assert answer(issuer(roles=path), HasRole("admin"), **claims) == 403


@pytest.mark.parametrize("name", ["fresh", "sid", "csrf", "schema", "act", "act.sub", "acr", "amr"])
def test_a_claim_of_ours_is_dropped(name: str) -> None:
    assert name not in claims_of(issuer(), **{name: "x"})


def test_a_claim_beside_the_roles_is_kept() -> None:
    trusted, names = issuer(), {"https://shop.example/team": "red", "teams.red": 1}
    settings = {"JWT_ROLES_CLAIM": "https://shop.example/roles"}
    app, _ = application(IssuedBy(trusted), issuers=(trusted,), **settings)
    headers = {"Authorization": f"Bearer {foreign(**names, **{settings['JWT_ROLES_CLAIM']: 1})}"}

    found = app.test_client().get("/", headers=headers).json["claims"]  # type: ignore[index]

    assert names.items() <= found.items()
    assert "https://shop.example/roles" not in found


@pytest.mark.parametrize(
    "name", ["sub", "iss", "exp", "scope", "fresh", "sid", "type", "cnf", "act", "carried", "", 5]
)
def test_a_claim_of_ours_cannot_be_mapped(name: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Issuer\(claims=…\) cannot set"):
        issuer(claims={name: "x"})


class Customer(Schema):
    """What the application makes of the claims of a token."""

    sub = fields.String(required=True)
    roles = fields.List(fields.String())
    number = fields.Integer(required=True)

    @post_load
    def named(self, data: dict[str, Any], **more: Any) -> dict[str, Any]:
        if data["number"] == 13:
            raise LookupError
        return data


@pytest.mark.parametrize(("number", "expected"), [(7, 200), ("seven", 401), (None, 401), (13, 401)])
@pytest.mark.parametrize("schema", [Customer, Customer()], ids=["class", "object"])
def test_a_schema_decides_whether_the_claims_fit(schema: Any, number: Any, expected: int) -> None:
    assert answer(issuer(schema=schema), number=number) == expected


def test_a_schema_makes_the_principal_of_mapped_claims() -> None:
    trusted = issuer(schema=Customer, subject_prefix="login:")
    app, _ = application(issuers=(trusted,))

    @app.get("/principal")
    @protect(IssuedBy(trusted))
    def principal() -> Any:
        return current_token.principal

    headers = {"Authorization": f"Bearer {foreign(number=7, roles=['admin'])}"}

    assert app.test_client().get("/principal", headers=headers).json == {
        "sub": "login:ada",
        "number": 7,
    }


@pytest.mark.parametrize(("user", "expected"), [("ada's row", 200), (None, 401)])
def test_the_users_of_an_issuer_are_asked_for_at_each_request(user: Any, expected: int) -> None:
    """The view reads no user; without the question, one who was removed here would go on."""
    trusted = issuer(user_loader=lambda token: user)
    app, jwt = application(IssuedBy(OWN, trusted), issuers=(trusted,))
    with app.app_context():
        own = jwt.issue("ada")

    assert status(app, foreign()) == expected
    assert status(app, own) == 200


def test_an_issuer_never_changes() -> None:
    trusted = issuer()
    with pytest.raises(AttributeError, match="is frozen: make another Issuer"):
        trusted.url = "https://other.example"
    with pytest.raises(AttributeError, match="is frozen"):
        del trusted.audience
    with pytest.raises(TypeError, match="assignment"):
        issuer(claims={"a": "b"}).claims["roles"] = "x"  # type: ignore[index] # the mistake

    assert repr(trusted) == f"<Issuer {URL}>"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"audience": ()}, "audience= is missing"),
        ({"audience": [""]}, "takes a non-empty text"),
        ({"audience": ["a", 5]}, "takes a non-empty text"),
        ({"jwks_uri": "https://login.example/keys"}, "keys= and jwks_uri= exclude each other"),
        ({"algorithms": ["HS256"]}, "HS256"),
        ({"algorithms": []}, "algorithms="),
        ({"leeway": 301}, "from 0 to 300"),
        ({"leeway": float("nan")}, "from 0 to 300"),
        ({"max_age": -1}, "takes seconds from 0"),
        ({"subject_prefix": "\0"}, "takes a text of at most 256"),
        ({"subject_prefix": "\ud800"}, "takes a text of at most 256"),
        ({"subject_prefix": "x" * 257}, "takes a text of at most 256"),
        ({"subject": ("a", "b")}, "takes the name of a claim"),
        ({"roles": ()}, "takes the name of a claim"),
        ({"roles": ("a", "")}, "takes the name of a claim"),
        ({"claims": {"a": ["b"]}}, "takes the name of a claim"),
        ({"cafile": "/no/such.pem"}, "the path of a PEM file that exists"),
        ({"keys": {"keys": []}}, r"keys=: the key set has no key"),
        ({"keys": None, "jwks_uri": "http://login.example/keys"}, r"Issuer\(jwks_uri=…\): .*https"),
    ],
    ids=str,
)
def test_an_argument_that_cannot_be_meant_is_told_what_was_expected(
    arguments: dict[str, Any], told: str
) -> None:
    """K37."""
    with pytest.raises(ConfigurationError, match=told):
        issuer(**arguments)


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example",
        "https://",
        "https://login.example?tenant=1",
        "https://login.example#here",
        "https://ada:secret@login.example",
        "https://login.example:0",
        "https://login.example:99999",
        "https://lögin.example",
        "https://login.example/ä",
        "https://login example",
        "ftp://login.example",
        "login.example",
        "",
        "https://login.example/" + "x" * 5000,
    ],
    ids=lambda url: url[:40],
)
def test_an_issuer_has_a_url_that_can_be_in_iss(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Issuer\(url\): ") as caught:
        issuer(url)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["https://LOGIN.example.com", f"{URL}/", "https://login.example.com:443", f"{URL}/."],
)
def test_iss_is_compared_as_it_is_written(url: str) -> None:
    """KEY-7."""
    assert answer(issuer(url), iss=url) == 200
    assert answer(issuer(url)) == 401
    assert answer(issuer(), iss=url) == 401


def test_whoever_trusts_nobody_else_does_not_import_what_fetches_keys() -> None:
    lazy = "discovery fetching remote remote_members remote_set remote_source static_set"
    names = [f"jwtpolicy.keys.{name}" for name in lazy.split()]
    program = f"import jwtpolicy, sys; print([one for one in {names} if one in sys.modules])"

    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
