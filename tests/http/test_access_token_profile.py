"""Access tokens of RFC 9068: what is issued is one, and what is accepted has to be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from jwtpolicy import NEVER, JWTManager, Token, current_token, protect
from jwtpolicy.endpoints import auth_blueprint
from jwtpolicy.exceptions import ConfigurationError, InvalidTokenError, IssueError, NotATokenError
from tests.support.applications import SECRET
from tests.support.clocks import StandingClock
from tests.support.requests import bearer

NOW = int(StandingClock().now)

PROFILE: dict[str, Any] = {
    "access_token_profile": "rfc9068",
    "encode_issuer": "https://issuer.example",
    "encode_audience": "orders",
}
WITH_CLIENT = {**PROFILE, "client_id": "web"}

#: RFC 9068 section 2.2, as another issuer writes them: without ``type``.
OTHERS: dict[str, Any] = {
    "iss": "https://issuer.example",
    "aud": ["orders", "stock"],
    "sub": "u1",
    "client_id": "s6BhdRkqt3",
    "iat": NOW,
    "exp": NOW + 60,
    "jti": "dbe39bf3a3ba4238a513f51d6e1691c4",
}
HEADER = {"typ": "at+jwt"}

Make = Callable[..., tuple[Flask, JWTManager[Any]]]


def parts_of(encoded: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims, as anybody reads them."""
    claims = pyjwt.decode(encoded, options={"verify_signature": False})
    return pyjwt.get_unverified_header(encoded), claims


def site(app: Flask) -> Any:
    app.get("/")(protect()(lambda: {"kind": current_token.kind, **current_token.claims}))
    return app.test_client()


@pytest.mark.parametrize("verb", ["login", "refresh", "issue", "step_up", "renewed"])
def test_every_access_token_is_one_of_the_profile(make_app: Make, verb: str) -> None:
    """AT-1, K34, RFC 9068 section 2."""
    app, jwt = make_app(**WITH_CLIENT)
    with app.test_request_context():
        pair = jwt.login("u1")
        encoded = {
            "login": lambda: pair.access_token,
            "refresh": lambda: jwt.refresh(str(pair.refresh_token)).access_token,
            "issue": lambda: jwt.issue("u1"),
            "step_up": lambda: stepped_up(app, jwt, pair.access_token),
            "renewed": lambda: jwt.renewed(jwt.verify(pair.access_token)),
        }[verb]()

    header, claims = parts_of(encoded)
    assert header["typ"] == "at+jwt"
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= claims.keys()
    assert (claims["iss"], claims["aud"], claims["client_id"]) == (
        "https://issuer.example",
        "orders",
        "web",
    )


def stepped_up(app: Flask, jwt: JWTManager[Any], encoded: str) -> str:
    app.get("/step-up")(protect()(lambda: jwt.step_up("u1").access_token))
    return str(app.test_client().get("/step-up", headers=bearer(encoded)).text)


def test_the_client_of_a_login_is_kept_by_its_session(make_app: Make) -> None:
    app, jwt = make_app(**PROFILE)
    with app.app_context():
        pair = jwt.login("u1", claims={"client_id": "phone"})
        again = jwt.refresh(str(pair.refresh_token))

    assert parts_of(pair.access_token)[1]["client_id"] == "phone"
    assert parts_of(again.access_token)[1]["client_id"] == "phone"


def test_other_kinds_are_as_they_were(make_app: Make) -> None:
    app, jwt = make_app(**WITH_CLIENT, reset_token_expires=60)
    with app.app_context():
        header, claims = parts_of(jwt.issue("u1", kind="reset"))

    assert header["typ"] == "JWT"
    assert "client_id" not in claims


@pytest.mark.parametrize(
    "client", [{}, {"claims": {"client_id": ""}}, {"claims": {"client_id": 3}}]
)
def test_nothing_is_issued_that_names_no_client(make_app: Make, client: Any) -> None:
    """K34."""
    app, jwt = make_app(**PROFILE)
    with app.app_context(), pytest.raises(IssueError, match=r"client_id: set JWT_CLIENT_ID, or"):
        jwt.login("u1", **client)


def test_nothing_is_issued_that_never_ends(make_app: Make) -> None:
    app, jwt = make_app(**WITH_CLIENT, require_exp=False)
    with app.app_context(), pytest.raises(IssueError, match="has to say exp: give it an end"):
        jwt.issue("u1", expires_in=NEVER)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        pytest.param({"encode_issuer": None}, "set JWT_ENCODE_ISSUER", id="no issuer"),
        pytest.param({"encode_audience": None}, "set JWT_ENCODE_AUDIENCE", id="no audience"),
        pytest.param(
            {"encode_issuer": None, "decode_issuer": "a"}, "JWT_ENCODE_ISSUER is not", id="no own"
        ),
        pytest.param({"identity_claim": "uid"}, "remove JWT_IDENTITY_CLAIM", id="identity"),
        pytest.param(
            {"access_token_expires": NEVER, "require_exp": False, "session_absolute": None},
            "cannot be NEVER",
            id="no end",
        ),
        pytest.param(
            {"access_token_profile": None, "client_id": "web"}, "JWT_CLIENT_ID", id="client alone"
        ),
    ],
)
def test_a_profile_that_nothing_could_meet_is_noticed_at_the_start(
    make_app: Make, settings: Any, what: str
) -> None:
    """K34."""
    with pytest.raises(ConfigurationError, match=what):
        make_app(**{**PROFILE, **settings})


def accepted(make_app: Make, claims: Any, header: Any = HEADER, **settings: Any) -> Any:
    """Return the answer to a token that somebody else has issued."""
    app, _ = make_app(**{**WITH_CLIENT, "access_token_profile": "rfc9068", **settings})
    encoded = pyjwt.encode(claims, SECRET, "HS256", header)
    return site(app).get("/", headers=bearer(encoded))


@pytest.mark.parametrize("media_type", ["at+jwt", "application/at+jwt", "AT+JWT"])
def test_a_token_of_others_needs_no_type(make_app: Make, media_type: str) -> None:
    """AT-1, K34: `typ` says the kind, and `Token.kind` too."""
    answer = accepted(make_app, OTHERS, {"typ": media_type})

    assert answer.status_code == 200
    assert (answer.json["kind"], answer.json["type"]) == ("access", "access")


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "client_id", "iat", "exp", "jti"])
def test_each_claim_of_the_profile_is_demanded(make_app: Make, name: str) -> None:
    """AT-1, K34, RFC 9068 section 4."""
    claims = {other: value for other, value in OTHERS.items() if other != name}

    assert accepted(make_app, claims, require_exp=False).status_code == 401
    assert accepted(make_app, OTHERS, require_exp=False).status_code == 200


@pytest.mark.parametrize(
    ("header", "changes"),
    [
        pytest.param({"typ": "JWT"}, {}, id="another typ"),
        pytest.param({"typ": "JWT"}, {"type": "access"}, id="a plain access token"),
        pytest.param({"typ": None}, {"type": "access"}, id="no typ"),
        pytest.param(HEADER, {"type": "refresh"}, id="another type"),
        pytest.param(HEADER, {"type": ""}, id="empty type"),
        pytest.param(HEADER, {"client_id": ""}, id="empty client"),
        pytest.param(HEADER, {"client_id": ["a"]}, id="several clients"),
        pytest.param(HEADER, {"iss": "https://other.example"}, id="another issuer"),
        pytest.param(HEADER, {"aud": "stock"}, id="another audience"),
    ],
)
def test_what_is_none_of_the_profile_is_refused(make_app: Make, header: Any, changes: Any) -> None:
    """AT-1."""
    assert accepted(make_app, {**OTHERS, **changes}, header).status_code == 401


def test_without_the_profile_typ_is_no_kind(make_app: Make) -> None:
    off = {"access_token_profile": None, "client_id": None}

    assert accepted(make_app, OTHERS, {"typ": "JWT"}, **off).status_code == 401
    assert (
        accepted(make_app, {**OTHERS, "type": "access"}, {"typ": "JWT"}, **off).status_code == 200
    )


def test_what_was_issued_before_the_profile_can_be_ended(make_app: Make) -> None:
    """K20: what a verified signature names is ended, whatever else it should say."""
    app, jwt = make_app(**WITH_CLIENT)
    claims = {name: OTHERS[name] for name in OTHERS if name != "client_id"}
    before = pyjwt.encode({**claims, "type": "access"}, SECRET, "HS256")

    with app.app_context():
        jwt.revoke(before)
    again = pyjwt.encode(OTHERS, SECRET, "HS256", HEADER)

    assert site(app).get("/", headers=bearer(again)).status_code == 401


def test_what_is_of_the_profile_can_be_ended_where_it_is_off(make_app: Make) -> None:
    """K20: on a machine that has not been told of it yet."""
    app, jwt = make_app(**{**PROFILE, "access_token_profile": None})
    encoded = pyjwt.encode({**OTHERS, "type": "access"}, SECRET, "HS256", HEADER)

    with app.app_context():
        jwt.revoke(encoded)
        with pytest.raises(NotATokenError):
            jwt.revoke(
                pyjwt.encode({**OTHERS, "type": "access"}, SECRET, "HS256", {"typ": "x+jwt"})
            )
    plain = pyjwt.encode({**OTHERS, "type": "access"}, SECRET, "HS256")

    assert site(app).get("/", headers=bearer(plain)).status_code == 401


@pytest.mark.parametrize(("settings", "status"), [({}, 401), ({"client_id": "web"}, 200)])
def test_a_session_of_before_the_profile_is_asked_to_log_in(
    make_app: Make, tmp_path: Path, settings: Any, status: int
) -> None:
    """K34: it names no client, and no request may make an error of ours."""
    kept = {"store_url": f"sqlite:///{tmp_path / 'x.sqlite3'}"}
    app, jwt = make_app(**{**PROFILE, **kept, "access_token_profile": None})
    with app.app_context():
        pair = jwt.login("u1")
    after, _ = make_app(**{**PROFILE, **kept, **settings})
    after.register_blueprint(auth_blueprint(endpoints=["refresh"]))

    answer = after.test_client().post("/auth/refresh", headers=bearer(str(pair.refresh_token)))

    assert answer.status_code == status


KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
#: A service that only verifies what another one issues.
VERIFYING: dict[str, Any] = {
    "secret_key": None,
    "algorithm": "ES256",
    "public_key": PEM,
    "access_token_profile": "rfc9068",
    "decode_issuer": "https://issuer.example",
    "decode_audience": "orders",
}


@pytest.mark.parametrize("name", [{"kid": "2026-07"}, {}])
def test_the_one_public_key_checks_every_name(make_app: Make, name: dict[str, str]) -> None:
    """KEY-1: the issuer has named its key, and a PEM does not say how."""
    app, jwt = make_app({"baseline": None}, **VERIFYING)
    encoded = pyjwt.encode(OTHERS, KEY, "ES256", {**HEADER, **name})

    with app.app_context():
        token: Token = jwt.verify(encoded)

    assert (token.subject, token.kind, token.key_id) == ("u1", "access", name.get("kid"))


def test_another_key_of_that_name_is_refused(make_app: Make) -> None:
    """KEY-1."""
    app, jwt = make_app({"baseline": None}, **VERIFYING)
    other = ec.generate_private_key(ec.SECP256R1())
    forged = pyjwt.encode(OTHERS, other, "ES256", {**HEADER, "kid": "2026-07"})

    with app.app_context(), pytest.raises(InvalidTokenError):
        jwt.verify(forged)


ISSUES_WHAT_IT_REFUSES = [
    pytest.param(
        {"encode_issuer": "a", "decode_issuer": "b"}, "ISSUER says a, .* only b", id="iss"
    ),
    pytest.param(
        {**PROFILE, "encode_issuer": None, "decode_issuer": ["b", "c"]},
        "ISSUER is not set, .* only b, c",
        id="no iss",
    ),
    pytest.param(
        {"encode_audience": ["a", "x"], "decode_audience": ["b"]}, "AUDIENCE says a, x", id="aud"
    ),
    pytest.param(
        {**PROFILE, "encode_audience": None, "decode_audience": "b"},
        "AUDIENCE is not set, .* only b",
        id="no aud",
    ),
]


@pytest.mark.parametrize(("settings", "what"), ISSUES_WHAT_IT_REFUSES)
def test_a_service_that_refuses_its_own_tokens_does_not_start(
    make_app: Make, settings: Any, what: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"JWT_ENCODE_{what}.*refuse its own tokens"):
        make_app(**settings)


@pytest.mark.parametrize(
    ("settings", "said", "told"),
    [
        ({"decode_issuer": "a"}, {"iss": "a"}, "without iss .*: set JWT_ENCODE_ISSUER"),
        ({"decode_audience": "b"}, {"aud": "b"}, "without aud .*: set JWT_ENCODE_AUDIENCE, or"),
    ],
)
def test_a_service_that_has_the_secret_may_only_verify(
    make_app: Make, settings: Any, said: Any, told: str
) -> None:
    app, jwt = make_app(**settings)
    others = {"sub": "u1", "type": "access", "jti": "j", "exp": NOW + 60, **said}

    with app.app_context():
        assert jwt.verify(pyjwt.encode(others, SECRET, "HS256")).subject == "u1"
        with pytest.raises(IssueError, match=told):
            jwt.login("u1")


def test_a_token_for_somebody_in_particular_says_so_itself(make_app: Make) -> None:
    app, jwt = make_app(decode_audience="b")
    with app.app_context():
        assert parts_of(jwt.issue("u1", audience="c"))[1]["aud"] == "c"


def test_a_service_that_accepts_its_own_tokens_too_starts(make_app: Make) -> None:
    both = {"encode_issuer": "a", "decode_issuer": ["a", "b"]}
    app, jwt = make_app(**both, encode_audience=["x", "y"], decode_audience="y")

    with app.app_context():
        assert jwt.verify(jwt.issue("u1")).issuer == "a"


@pytest.mark.parametrize(
    ("header", "claims", "said"),
    [
        pytest.param({}, {}, "the header's typ is 'JWT', not 'at+jwt'", id="JWT"),
        pytest.param({"typ": None}, {}, "the header's typ is None, not 'at+jwt'", id="none"),
        pytest.param(
            HEADER,
            {"type": "Bearer"},
            "the header's typ is 'at+jwt', which is no token of the kind 'Bearer'",
            id="a claim of that name",
        ),
        pytest.param(HEADER, {"sub": None}, "the claim sub is malformed", id="something else"),
    ],
)
def test_the_log_says_what_names_the_kind(
    make_app: Make, header: Any, claims: Any, said: str, caplog: Any
) -> None:
    """K38: the servers of others write ``typ`` in two places, and mean two things."""
    caplog.set_level("INFO", "jwtpolicy")
    app, _ = make_app(**PROFILE)
    encoded = pyjwt.encode({**OTHERS, **claims}, SECRET, "HS256", headers=header)

    assert site(app).get("/", headers=bearer(encoded)).status_code == 401
    assert said in caplog.text
