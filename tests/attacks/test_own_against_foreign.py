"""Tokens of our own where another issuer's are asked for, and another issuer's where ours are.

RFC 8725, sections 3.8 to 3.12: the same names at two issuers mean two things.
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from functools import partial
from itertools import permutations
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask, Request

from jwtpolicy import (
    OWN,
    Access,
    AtLeast,
    ClaimsMatch,
    Fresh,
    HasRole,
    HasScope,
    IsSubject,
    IssuedBy,
    Issuer,
    JWTManager,
    Owns,
    Policy,
    Refresh,
    ResourceMatch,
    TokenKind,
    When,
    claim,
    contains,
    current_token,
    protect,
    view_arg,
)
from jwtpolicy.app.bound_app import bound_app_of
from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.exceptions import ConfigurationError, PolicyDefinitionError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.transports import Transport
from tests.support.applications import SECRET
from tests.support.forgeries import segment, signed
from tests.support.issuers import AUDIENCE, URL, application, foreign, issuer, public, rsa_key
from tests.support.keys import EC_KEY, public_pem
from tests.support.requests import bearer

OTHER = "https://other.example.com"

#: Whose tokens each path accepts.
ACCEPTS: dict[str, Policy] = {
    "/own": Access(),
    "/a": IssuedBy(URL),
    "/b": IssuedBy(OTHER),
}
#: The answers of these paths to a token of one of them, and to a token of nobody.
AS_OWN, AS_A, AS_B, AS_NOBODY = (200, 401, 401), (401, 200, 401), (401, 401, 200), (401,) * 3


def world(*, kid: str = "k1", trusted: tuple[Issuer, ...] = (), **settings: Any) -> Flask:
    """Return an application with an RSA key of its own that trusts two issuers, all with one kid.

    Args:
        kid: The kid of its own key.
        trusted: The issuers, if they are others.
        settings: Settings of the application.
    """
    both = (issuer(), issuer(OTHER, keys=[public("other")]))
    ring = KeyRing(Key(rsa_key("own"), "RS256", kid))
    jwt: JWTManager = JWTManager(keys=ring)
    app, _ = application(manager=jwt, issuers=trusted or both, own=False, **settings)
    for path, policy in ACCEPTS.items():
        app.add_url_rule(path, endpoint=path, view_func=protect(policy)(lambda: "in"))
    return app


def own(**changed: Any) -> str:
    """Return an own token with the header that the others have, signed by hand."""
    usual: dict[str, Any] = {"iss": None, "aud": None, "client_id": None, "type": "access"}
    return foreign(**{"name": "own", "media_type": "JWT", **usual, **changed})


def answers(app: Flask, encoded: str) -> tuple[int, ...]:
    """Return the status of each path's answer."""
    client = app.test_client()
    return tuple(client.get(path, headers=bearer(encoded)).status_code for path in ACCEPTS)


#: The makers of a good token of each, and its answers.
TWINS: dict[str, tuple[Callable[[], str], tuple[int, ...]]] = {
    "own": (own, AS_OWN),
    "A": (foreign, AS_A),
    "B": (partial(foreign, name="other", iss=OTHER), AS_B),
}


@pytest.mark.parametrize("whose", TWINS)
def test_the_twins_pass_where_they_are_meant_to(whose: str) -> None:
    make, expected = TWINS[whose]

    assert answers(world(), make()) == expected


# Keys


@pytest.mark.parametrize("own_kid", ["k1", "k2"], ids=["the same kid", "another kid"])
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(partial(own, name="login"), id="an own token, by the key of A"),
        pytest.param(partial(own, name="login", kid="k2"), id="the same, with the other kid"),
        pytest.param(partial(own, name="login", kid=None), id="the same, without a kid"),
        pytest.param(partial(foreign, name="own"), id="a token of A, by the own key"),
        pytest.param(partial(foreign, name="own", kid="k2"), id="the same, with a kid of own"),
        pytest.param(partial(foreign, name="own", kid=None), id="the same of A, without a kid"),
        pytest.param(partial(foreign, name="other"), id="a token of A, by the key of B"),
        pytest.param(partial(foreign, name="other", kid=None), id="the same of B, without a kid"),
        pytest.param(partial(foreign, name="login", iss=OTHER), id="a token of B, by the key of A"),
        pytest.param(partial(foreign, name="nobody"), id="a token of A, by nobody's key"),
        pytest.param(partial(foreign, kid="k9"), id="a kid that nobody has"),
        pytest.param(partial(foreign, iss=None), id="no iss"),
        pytest.param(partial(foreign, iss=URL + "/"), id="a slash too many"),
        pytest.param(partial(foreign, iss=URL.upper()), id="another spelling"),
        pytest.param(partial(foreign, iss=""), id="an empty iss"),
        pytest.param(partial(own, iss=URL), id="an own token that says it is A's"),
    ],
)
def test_a_token_of_one_by_the_key_of_another_is_refused(
    make: Callable[[], str], own_kid: str
) -> None:
    assert answers(world(kid=own_kid), make()) == AS_NOBODY


@pytest.mark.parametrize("iss", [[URL], {"url": URL}, True, 0, None])
def test_an_issuer_that_is_no_text_is_nobody(iss: object) -> None:
    header = {"alg": "RS256", "typ": "at+jwt", "kid": "k1"}
    key = Key(rsa_key("login"), "RS256")

    assert answers(world(), signed(header, {**read(foreign()), "iss": iss}, key)) == AS_NOBODY
    assert answers(world(), signed(header, read(foreign()), key)) == AS_A


@pytest.mark.parametrize("iss", ["https://me.example.com", None])
def test_an_issuer_cannot_sign_for_the_application(iss: str | None) -> None:
    me = "https://me.example.com"
    app = world(JWT_ENCODE_ISSUER=me)

    forged = [foreign(iss=iss, type="access"), own(iss=iss, name="login")]
    assert [answers(app, one) for one in forged] == [AS_NOBODY] * 2
    assert answers(app, own(iss=me)) == AS_OWN


def test_a_token_without_kid_is_judged_by_the_keys_of_its_issuer_alone() -> None:
    app = world()

    assert answers(app, foreign(kid=None)) == AS_A
    assert answers(app, foreign(kid=None, name="other", iss=OTHER)) == AS_B
    assert answers(app, own(kid=None)) == AS_OWN


def by_hmac(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """Return a token that is signed by HMAC with whatever is given."""
    text = ".".join(segment(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{segment(hmac.digest(secret, text.encode(), 'sha256'))}"


@pytest.mark.parametrize("form", [Encoding.DER, Encoding.PEM], ids=["DER", "PEM"])
@pytest.mark.parametrize("kid", ["k1", None])
def test_a_public_key_is_no_secret(form: Encoding, kid: str | None) -> None:
    """RFC 8725, section 2.1."""
    how = PublicFormat.SubjectPublicKeyInfo
    secret = rsa_key("login").public_key().public_bytes(form, how)
    header = {"alg": "HS256", "typ": "at+jwt", **({"kid": kid} if kid else {})}
    forged = by_hmac(header, read(foreign()), secret)
    by_secret, _ = application(IssuedBy(URL), issuers=(issuer(),))

    assert answers(world(), forged) == AS_NOBODY
    assert by_secret.test_client().get("/", headers=bearer(forged)).status_code == 401


def read(encoded: str) -> dict[str, Any]:
    claims: dict[str, Any] = pyjwt.decode(encoded, options={"verify_signature": False})
    return claims


def test_an_own_secret_does_not_sign_for_an_issuer() -> None:
    header = {"alg": "HS256", "typ": "at+jwt", "kid": "k1"}
    forged = signed(header, read(foreign()), Key(SECRET, "HS256"))
    app, _ = application(IssuedBy(OWN, URL), issuers=(issuer(),))

    assert app.test_client().get("/", headers=bearer(forged)).status_code == 401
    assert app.test_client().get("/", headers=bearer(foreign())).status_code == 200


@pytest.mark.parametrize("iss", [URL, OTHER])
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "RS512", "ES256", "none"])
def test_an_issuer_signs_with_its_own_algorithms_alone(iss: str, algorithm: str) -> None:
    elliptic = issuer(OTHER, keys=[Key(EC_KEY.public_key(), "ES256", "k1")])
    claims = {**read(foreign()), "iss": iss}
    key: Any = {"ES256": EC_KEY, "none": None}.get(algorithm, rsa_key("login"))
    encoded = pyjwt.encode(claims, key, algorithm, headers={"kid": "k1", "typ": "at+jwt"})

    expected = {(URL, "RS256"): AS_A, (OTHER, "ES256"): AS_B}.get((iss, algorithm), AS_NOBODY)
    assert answers(world(trusted=(issuer(), elliptic)), encoded) == expected


def test_a_key_in_both_rings_signs_for_nobody_abroad() -> None:
    """A mistake: `JWT_PUBLIC_KEY` has stayed when the issuer was trusted."""
    pem = public_pem(rsa_key("login"))
    settings: dict[str, Any] = {"JWT_ALGORITHM": "RS256", "JWT_PUBLIC_KEY": pem}
    policy = IssuedBy(OWN, URL)
    app, _ = application(policy, issuers=(issuer(),), own=False, **settings)

    assert app.test_client().get("/", headers=bearer(foreign())).status_code == 401


def test_an_issuer_beside_a_public_key_of_our_own() -> None:
    me, pem = "https://me.example.com", public_pem(rsa_key("own"))
    settings: dict[str, Any] = {"JWT_ALGORITHM": "RS256", "JWT_PUBLIC_KEY": pem}
    app, _ = application(Access(), issuers=(issuer(),), own=False, JWT_DECODE_ISSUER=me, **settings)
    app.get("/a")(protect(IssuedBy(URL))(lambda: "in"))

    def both(encoded: str) -> list[int]:
        ask = app.test_client().get
        return [ask(path, headers=bearer(encoded)).status_code for path in ("/", "/a")]

    assert both(own(kid=None, iss=me)) == [200, 401]
    assert both(foreign()) == [401, 200]
    assert both(foreign(iss=me)) == both(own(kid=None, iss=URL)) == [401, 401]


def test_the_url_of_the_application_itself_is_nobody_elses() -> None:
    app, _ = application(issuers=(issuer(),), JWT_DECODE_ISSUER=[URL, "https://me.example.com"])

    with pytest.raises(ConfigurationError, match="own ones and others at once"):
        app.test_client().get("/")


# What is remembered of headers


@pytest.mark.parametrize("order", list(permutations(["own", "A", "B", "forged"])), ids="-".join)
def test_answers_do_not_depend_on_who_came_first(order: tuple[str, ...]) -> None:
    """All headers are the same bytes, so that each finds what was remembered of another."""
    app, same = world(), {"media_type": "JWT", "typ": "Bearer"}
    trusting = world(
        trusted=(
            issuer(access_when={"typ": "Bearer"}),
            issuer(OTHER, keys=[public("other")], access_when={"typ": "Bearer"}),
        )
    )
    tokens = {
        "own": (own(), AS_OWN),
        "A": (foreign(**same), AS_A),
        "B": (foreign(**same, name="other", iss=OTHER), AS_B),
        "forged": (foreign(**same, name="other"), AS_NOBODY),
    }
    assert len({encoded.partition(".")[0] for encoded, _ in tokens.values()}) == 1

    twice = [*order, *order]
    assert [answers(trusting, tokens[one][0]) for one in twice] == [tokens[o][1] for o in twice]
    assert answers(app, tokens["A"][0]) == AS_NOBODY


# Names of tokens, sessions and subjects


def test_revoking_an_own_token_leaves_one_of_the_same_names() -> None:
    names = {"sub": "ada", "jti": "j1", "sid": "s1"}
    app = world(JWT_ENCODE_ISSUER="https://me.example.com")
    mine = own(iss="https://me.example.com", **names)

    @app.post("/end")
    @protect(IssuedBy(OWN, URL))
    def end() -> str:
        manager_of(app).revoke(current_token)
        return "ended"

    assert app.test_client().post("/end", headers=bearer(mine)).status_code == 200
    assert answers(app, mine) == AS_NOBODY
    assert answers(app, foreign(**names)) == AS_A
    assert app.test_client().post("/end", headers=bearer(foreign(**names))).status_code == 200
    assert answers(app, foreign(**names)) == AS_NOBODY
    assert answers(app, foreign(name="other", iss=OTHER, **names)) == AS_B


def test_revoking_a_foreign_token_leaves_an_own_one_of_the_same_names() -> None:
    app, mine = world(), own(jti="j1", sid="s1")

    @app.post("/end")
    @protect(IssuedBy(URL))
    def end() -> str:
        manager_of(app).revoke(current_token)
        return "ended"

    ended = app.test_client().post("/end", headers=bearer(foreign(jti="j1", sid="s1")))
    assert ended.status_code == 200
    assert answers(app, mine) == AS_OWN


def test_ending_a_local_user_leaves_one_of_the_same_name_abroad() -> None:
    app, before = world(), int(time.time()) - 10
    mine = own(iat=before)
    with app.app_context():
        manager_of(app).revoke_subject("ada")

    assert answers(app, mine) == AS_NOBODY
    assert answers(app, foreign(iat=before)) == AS_A


ABOUT_ADA = [
    IsSubject("name"),
    Owns("owner"),
    ClaimsMatch(sub=view_arg("name")),
    ResourceMatch(owner=claim("sub")),
]


@pytest.mark.parametrize("policy", ABOUT_ADA, ids=str)
def test_a_user_of_the_same_name_owns_nothing(policy: Policy) -> None:
    app = world()
    for path, level in {"mine": policy, "theirs": IssuedBy(URL) & policy}.items():
        view = protect(level, resource=lambda name: {"owner": name})(lambda name: name)
        app.add_url_rule(f"/{path}/<name>", endpoint=path, view_func=view)

    def both(encoded: str) -> list[int]:
        ask = app.test_client().get
        return [ask(f"/{p}/ada", headers=bearer(encoded)).status_code for p in ("mine", "theirs")]

    assert both(own()) == [200, 401]
    assert both(foreign()) == [401, 200]
    assert both(foreign(sub="eve")) == [401, 403]


@pytest.mark.parametrize("policy", [Owns("owner"), ClaimsMatch(sub="ada"), HasScope("read")])
def test_nor_does_one_inside_a_view(policy: Policy) -> None:
    app = world()

    @app.get("/inner")
    @protect(IssuedBy(OWN, URL))
    def inner() -> str:
        manager_of(app).enforce(policy, resource={"owner": "ada"})
        return "in"

    tokens = [own(scope="read"), foreign(scope="read")]
    answered = [app.test_client().get("/inner", headers=bearer(one)) for one in tokens]
    assert [answer.status_code for answer in answered] == [200, 401]


def test_one_passes_inside_a_view_where_its_issuer_is_named_again() -> None:
    app = world()

    @app.get("/inner")
    @protect(IssuedBy(OWN, URL))
    def inner() -> str:
        manager_of(app).enforce(IssuedBy(URL) & Owns("owner"), resource={"owner": "ada"})
        return "in"

    answered = [app.test_client().get("/inner", headers=bearer(one)) for one in (own(), foreign())]
    assert [answer.status_code for answer in answered] == [401, 200]


def test_explanations_say_the_same() -> None:
    app, encoded = world(), foreign()
    app.get("/ada")(protect(Access() | IssuedBy(URL) & ClaimsMatch(sub="eve"))(lambda: "in"))

    with app.app_context():
        explain = manager_of(app).explain
        explained = [explain("GET", path, token=encoded) for path in ("/a", "/own", "/ada")]

    assert [bool(one) for one in explained] == [True, False, False]
    assert [one.status for one in explained] == [200, 401, 401]
    assert "IssuedBy" in str(explained[0].decision)


# Claims of ours

#: Times that are in the past, and in the future, for as long as anybody runs this.
PAST, FAR = 1_700_000_000, 9_000_000_000


@pytest.mark.parametrize(
    ("claims", "policy", "mapping"),
    [
        ({"fresh": True}, Fresh(), None),
        ({"fresh": FAR}, Fresh(), None),
        (
            {"auth_time": PAST},
            Fresh(within=10**9),
            {"claims": {"auth_time": "auth_time"}},
        ),
        ({"acr": "gold"}, ClaimsMatch(acr="gold"), {"claims": {"acr": "acr"}}),
        ({"amr": ["otp"]}, ClaimsMatch(amr=contains("otp")), {"claims": {"amr": "amr"}}),
        ({"roles": ["admin"]}, HasRole("admin"), {"roles": "roles"}),
        ({"type": "refresh"}, TokenKind("refresh"), None),
        ({"type": "download"}, TokenKind("download"), None),
        ({"sid": "s1"}, ClaimsMatch(sid="s1"), None),
        ({"csrf": "c"}, ClaimsMatch(csrf="c"), None),
        ({"schema": "Users"}, ClaimsMatch(schema="Users"), None),
        ({"act": {"sub": "boss"}}, ClaimsMatch({"act.sub": "boss"}), None),
        ({"carried": {"x": 1}}, ClaimsMatch({"carried.x": 1}), None),
        ({"scp": "write"}, HasScope("write"), {"scopes": "scp"}),
    ],
    ids=str,
)
def test_a_claim_of_ours_means_nothing_from_abroad_unless_it_is_mapped(
    claims: dict[str, Any], policy: Policy, mapping: dict[str, Any] | None
) -> None:
    assert answer_to(IssuedBy(URL) & policy, foreign(**claims)) in (401, 403)
    if mapping is not None:
        assert answer_to(IssuedBy(URL) & policy, foreign(**claims), **mapping) == 200


def answer_to(policy: Policy, encoded: str, **arguments: Any) -> int:
    """Return the status where *policy* guards, and the issuer has these arguments."""
    try:
        app, _ = application(policy, issuers=(issuer(**arguments),))
    except PolicyDefinitionError:  # no token could pass
        return 401
    return app.test_client().get("/", headers=bearer(encoded)).status_code


def test_a_foreign_token_is_an_access_token_whatever_it_says() -> None:
    """And so a refresh view is never its place."""
    app, _ = application(IssuedBy(URL), issuers=(issuer(),))
    app.get("/refresh")(protect(Refresh())(lambda: "in"))
    ask = app.test_client().get

    encoded = foreign(type="refresh")
    assert ask("/", headers=bearer(encoded)).get_json()["claims"]["type"] == "access"
    assert ask("/refresh", headers=bearer(encoded)).status_code == 401


@pytest.mark.parametrize(
    ("audience", "expected"),
    [(AUDIENCE, AS_A), ("ours", AS_NOBODY), ([AUDIENCE, "ours"], AS_A), (None, AS_NOBODY)],
    ids=str,
)
def test_the_audience_of_own_tokens_is_not_that_of_others(
    audience: Any, expected: tuple[int, ...]
) -> None:
    app = world(JWT_DECODE_AUDIENCE="ours")

    assert answers(app, foreign(aud=audience)) == expected
    assert answers(app, own(aud=AUDIENCE)) == AS_NOBODY
    assert answers(app, own(aud="ours")) == AS_OWN


# OR and NOT


@pytest.mark.parametrize(
    ("policy", "passing"),
    [
        (IssuedBy(URL) | IssuedBy(OTHER), "A B"),
        (IssuedBy(URL, OTHER), "A B"),
        (IssuedBy(URL) | Access(), "own A"),
        (IssuedBy(URL) | ~HasRole("guest"), "own A"),
        (IssuedBy(URL) & HasScope("never") | HasScope("read"), "own"),
        (~IssuedBy(URL), "own"),
        (~IssuedBy(OTHER, URL), "own"),
        (~~IssuedBy(URL), "A"),
        (~(IssuedBy(URL) | IssuedBy(OTHER)), "own"),
        (~(IssuedBy(URL) & HasScope("never")), "own"),
        (~IssuedBy(OWN), ""),
        (IssuedBy(OWN, URL, OTHER) & ~IssuedBy(URL), "own B"),
        (IssuedBy(OWN, URL, OTHER) & ~IssuedBy(OWN), "A B"),
        (IssuedBy(URL) & ~IssuedBy(URL), ""),
        (IssuedBy(URL) & IssuedBy(OTHER), ""),
        (AtLeast(2, IssuedBy(URL), IssuedBy(URL, OTHER), IssuedBy(OTHER, OWN)), "A B"),
        (AtLeast(1, ~IssuedBy(URL), HasScope("read")), "own"),
        (~AtLeast(1, IssuedBy(URL), HasScope("never")), "own"),
        (When(IssuedBy(URL)).then(HasScope("never")), "own"),
        (IssuedBy(OWN, URL) & When(IssuedBy(URL)).then(HasScope("never")), "own"),
        (When(HasScope("never")).then(IssuedBy(URL)), "own A"),
        (HasScope("read") & (IssuedBy(URL) | HasScope("read")), "own A"),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, set) else str(value),
)
def test_or_and_not_let_in_whom_they_name(policy: Policy, passing: str) -> None:
    app = world()
    app.get("/policy")(protect(policy)(lambda: "in"))
    tokens = {
        "own": own(scope="read", roles=["author"]),
        "A": foreign(scope="read"),
        "B": foreign(name="other", iss=OTHER, scope="read"),
    }
    ask = app.test_client().get

    found = {n for n, t in tokens.items() if ask("/policy", headers=bearer(t)).status_code == 200}
    assert found == set(passing.split())


# Other places than a header


class Envelope(Transport):
    """A place of the application's own."""

    def read(self, request: Request) -> str | None:
        return request.headers.get("X-Envelope")


@pytest.mark.parametrize(
    "sent",
    [
        {
            "headers": {
                "Cookie": "__Host-access_token={}; __Host-csrf_access=c",
                "X-CSRF-TOKEN": "c",
            }
        },
        {"query_string": "jwt={}"},
        {"json": {"access_token": "{}"}},
        {"headers": {"X-Envelope": "{}"}},
    ],
    ids=["cookie", "query", "json", "custom"],
)
def test_a_foreign_token_is_taken_from_a_header_alone(sent: dict[str, Any]) -> None:
    places = ["headers", "cookies", "query_string", "json"]
    jwt: JWTManager = JWTManager(transports=[Envelope()])
    app, _ = application(
        IssuedBy(OWN, URL), manager=jwt, issuers=(issuer(),), JWT_TOKEN_LOCATION=places
    )
    app.add_url_rule("/post", view_func=protect(IssuedBy(OWN, URL))(lambda: "in"), methods=["POST"])
    with app.app_context():
        mine = signed_with_csrf(jwt)

    def answer(encoded: str) -> int:
        client = app.test_client(use_cookies=False)
        return client.post("/post", **filled(sent, encoded)).status_code

    assert answer(mine) == 200
    assert answer(foreign(csrf="c")) == 401
    assert app.test_client().get("/", headers=bearer(foreign())).status_code == 200


def signed_with_csrf(jwt: JWTManager) -> str:
    """Return an own token whose CSRF value is ``c``."""
    claims = {**read(jwt.issue("ada")), "csrf": "c"}
    return signed({"alg": "HS256", "typ": "JWT"}, claims, Key(SECRET, "HS256"))


def filled(sent: Any, encoded: str) -> Any:
    """Return *sent* with the token in its place."""
    if isinstance(sent, dict):
        return {name: filled(value, encoded) for name, value in sent.items()}
    return sent.replace("{}", encoded)


def bridged(**arguments: Any) -> Flask:
    """Return an application with the bridge, and an issuer with these arguments."""
    app = Flask("bridged")
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://", TESTING=True)
    native: JWTManager = JWTManager()
    native.trust(issuer(**arguments))
    native.init_app(app)
    bridge.JWTManager(app)
    return app


def test_a_foreign_token_does_not_pass_the_bridge() -> None:
    app = bridged()
    app.get("/bridged", endpoint="b")(bridge.jwt_required()(lambda: "in"))
    app.get("/native", endpoint="n")(protect(IssuedBy(URL))(lambda: "in"))
    with app.app_context():
        mine = bridge.create_access_token("ada")
    ask = app.test_client().get

    assert ask("/bridged", headers=bearer(mine)).status_code == 200
    assert ask("/bridged", headers=bearer(foreign())).status_code in (401, 422)
    assert ask("/native", headers=bearer(foreign())).status_code == 200


def test_the_bridge_issues_nothing_in_the_name_of_a_foreign_user() -> None:
    app = bridged(subject_prefix="login:")
    app.post("/<name>")(lambda name: bridge.create_access_token(name))

    assert app.test_client().post("/login:ada").status_code == 401
    assert app.test_client().post("/ada").status_code == 200


@pytest.mark.parametrize(("subject", "answer"), [("login:ada", 422), ("ada", 200)])
def test_nor_does_it_accept_one_that_was_issued_before(subject: str, answer: int) -> None:
    app = bridged(subject_prefix="login:")
    app.get("/")(bridge.jwt_required()(lambda: "in"))
    before, old = application()
    with before.app_context():
        encoded = str(old.issue(subject))

    assert app.test_client().get("/", headers=bearer(encoded)).status_code == answer


def manager_of(app: Flask) -> JWTManager[Any]:
    """Return the manager of an application."""
    manager: JWTManager[Any] = bound_app_of(app).manager  # type: ignore[assignment]
    return manager
