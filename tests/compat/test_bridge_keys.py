"""Keys and algorithms of the bridge, as a client may ask for them."""

from __future__ import annotations

import base64
import warnings
from typing import Any

import jwt as pyjwt
import pytest
from flask import Flask
from jwt.warnings import InsecureKeyLengthWarning

from jwtpolicy.compat.flask_jwt_extended import JWTManager, create_access_token, jwt_required
from jwtpolicy.compat.flask_jwt_extended.config import WeakKeyWarning
from jwtpolicy.exceptions import ConfigurationError, StoreUnavailableError
from tests.support.applications import SECRET
from tests.support.bridge import Bridged, MakeBridged, claims, forged
from tests.support.forgeries import segment
from tests.support.keys import EC_KEY, PUBLIC_PEM, RSA_KEY, public_pem
from tests.support.requests import bearer

OTHER = "another secret that is long enough for it"
RSA_PEM = public_pem(RSA_KEY)


@pytest.fixture
def rsa(make_bridged: MakeBridged) -> Bridged:
    return make_bridged(
        algorithm="RS256",
        private_key=RSA_KEY,
        public_key=RSA_PEM,
        decode_algorithms=["HS256", "ES256"],
    )


def hmac_signed(secret: bytes) -> str:
    """Return a token signed by *secret*, whatever PyJWT thinks of it as one."""
    import hashlib
    import hmac
    import json

    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims())]
    text = ".".join(map(segment, parts))
    return f"{text}.{segment(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def test_a_public_key_is_no_secret(rsa: Bridged) -> None:
    """S12: though the application lists both families for one key."""
    assert rsa.status("/access", rsa.access()) == 200
    for secret in (RSA_PEM.encode(), RSA_PEM.strip().encode(), b""):
        assert rsa.status("/access", hmac_signed(secret)) == 422


@pytest.mark.parametrize("switches", [{}, {"compat_weak_keys": True}])
def test_a_public_key_in_another_armour_is_no_secret(make_bridged: Any, switches: Any) -> None:
    """K34, S12: FJE takes base64 and hex of it, and everybody could sign."""
    body = "".join(PUBLIC_PEM.splitlines()[1:-1])
    for secret in (PUBLIC_PEM, body, base64.b64decode(body), base64.b64decode(body).hex()):
        with pytest.raises(ConfigurationError, match="is a key of another algorithm"):
            make_bridged(secret_key=secret, **switches)


@pytest.mark.parametrize(
    ("key", "algorithm"), [(EC_KEY, "ES256"), (OTHER, "HS256"), (OTHER * 2, "HS512")]
)
def test_a_token_of_another_family_is_refused(rsa: Bridged, key: Any, algorithm: str) -> None:
    """C4: FJE answers 500."""
    assert rsa.status("/access", pyjwt.encode(claims(), key, algorithm)) == 422


@pytest.mark.parametrize("listed", [["RS256", "HS256"], ["ES256"], ["EdDSA", "PS256", "HS512"]])
def test_a_secret_is_no_other_key(make_bridged: Any, listed: list[str]) -> None:
    """C4, S12: nor is the application's own list changed."""
    given = list(listed)
    bridged = make_bridged(decode_algorithms=given)
    for key, algorithm in ((RSA_KEY, "RS256"), (EC_KEY, "ES256"), (RSA_KEY, "PS256")):
        assert bridged.status("/access", pyjwt.encode(claims(), key, algorithm)) == 422

    assert bridged.status("/access", bridged.access()) == 200
    assert given == listed


def test_algorithms_may_be_any_collection(make_bridged: Any) -> None:
    """S12."""
    for listed in (("HS256", "HS512"), {"HS512"}, frozenset({"HS256"})):
        bridged = make_bridged(decode_algorithms=listed)
        assert bridged.status("/access", bridged.access()) == 200


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": ["HS256"]},
        {"alg": None},
        {},
        {"alg": "HS256", "crit": ["b64"], "b64": True},
        {"alg": "HS256", "kid": 1},
        {"alg": "HS256", "kid": ""},
        {"alg": "HS256", "kid": "x" * 5000},
        {"alg": "HS256", "typ": []},
    ],
)
def test_a_header_that_asks_for_something_else_is_refused(bridged: Bridged, header: Any) -> None:
    """ALG-1, PARSE-6, PARSE-8."""
    assert bridged.status("/access", forged(claims(), header)) == 422
    assert bridged.status("/access", forged(claims(), {"alg": "HS256"})) == 200


class KeyServerError(Exception):
    """An error of the application's own."""


def raising(error: BaseException) -> Any:
    def load(header: Any, data: Any) -> Any:
        raise error

    return load


UNFIT = [
    pytest.param(lambda header, data: {"a": SECRET}[header["kid"]], id="KeyError"),
    pytest.param(lambda header, data: [][0], id="IndexError"),
    pytest.param(lambda header, data: data["tenant"].secret, id="AttributeError"),
    pytest.param(lambda header, data: None, id="None"),
    pytest.param(lambda header, data: [SECRET], id="a list"),
    pytest.param(lambda header, data: 7, id="a number"),
    pytest.param(lambda header, data: "", id="nothing"),
    pytest.param(lambda header, data: b"", id="no bytes"),
    pytest.param(lambda header, data: "short", id="a short secret"),
    pytest.param(lambda header, data: RSA_PEM, id="a public key"),
    pytest.param(lambda header, data: EC_KEY, id="a private key"),
    pytest.param(raising(RuntimeError()), id="RuntimeError"),
    pytest.param(raising(OSError()), id="OSError"),
    pytest.param(raising(KeyServerError()), id="an error of its own"),
    pytest.param(raising(RecursionError()), id="RecursionError"),
]


@pytest.mark.parametrize("load", UNFIT)
def test_a_key_that_is_not_found_is_an_invalid_token(bridged: Bridged, load: Any) -> None:
    """S13, C5, ALG-4."""
    bridged.manager.decode_key_loader(load)

    assert bridged.status("/access", forged(claims(), {"alg": "HS256", "kid": "b"})) == 422
    assert bridged.status("/optional", forged(claims(), {"alg": "HS256", "kid": "b"})) == 422


def test_a_key_that_is_found_by_its_name_verifies(bridged: Bridged) -> None:
    """S13: the accepted twin."""
    bridged.manager.decode_key_loader(lambda header, data: {"a": OTHER}[header["kid"]])
    token = forged(claims(), {"alg": "HS256", "kid": "a"}, OTHER)

    assert bridged.status("/access", token) == 200
    assert bridged.status("/access", forged(claims(), {"alg": "HS256", "kid": "a"})) == 422


def test_a_loader_that_cannot_be_asked_may_say_so(bridged: Bridged) -> None:
    """S13: only a key that lies elsewhere may answer 503."""
    bridged.manager.decode_key_loader(raising(StoreUnavailableError("keys")))

    assert bridged.status("/access", bridged.access()) == 503


def test_a_loader_sees_only_what_is_well_formed(bridged: Bridged) -> None:
    """S13, PARSE-5."""
    seen: list[Any] = []
    bridged.manager.decode_key_loader(lambda header, data: seen.append((header, data)) or SECRET)

    for body in (b'{"sub": "a", "sub": "b"}', b"[]", b'{"sub": NaN}', b'{"exp": "1"}', b"\xff"):
        assert bridged.status("/access", forged(body)) == 422
    assert bridged.status("/access", forged(claims(), {"alg": "HS256", "b64": False})) == 422
    assert seen == []
    assert bridged.status("/access", forged(claims())) == 200


def test_a_loader_cannot_change_what_it_is_shown(bridged: Bridged) -> None:
    """S5."""

    def load(header: Any, data: Any) -> str:
        data["sub"] = "root"
        header["alg"] = "none"
        return SECRET

    bridged.manager.decode_key_loader(load)

    assert bridged.get("/access", bridged.access()).json["sub"] == "ada"


def without_key(**settings: Any) -> Flask:
    app = Flask("tests.keys")
    app.config.update({"TESTING": True, **settings})
    return app


def test_no_request_meets_the_absence_of_a_configured_key() -> None:
    """C17, S13: keys that come from loaders alone need no other."""
    app = without_key()
    manager = JWTManager(app)
    manager.encode_key_loader(lambda identity: OTHER)
    manager.decode_key_loader(lambda header, data: OTHER)
    app.get("/")(jwt_required()(lambda: "in"))
    bad = [b'{"sub": "a", "sub": "b"}', b'{"exp": "1"}', b'{"sub": 7}', b"{}"]

    for token in ("x", "a.b.c", "=.=.=", *(forged(body, secret=OTHER) for body in bad)):
        assert app.test_client().get("/", headers=bearer(token)).status_code == 422
    with app.app_context():
        good = create_access_token("ada")
    assert app.test_client().get("/", headers=bearer(good)).status_code == 200


@pytest.mark.parametrize("name", ["JWT_SECRET_KEY", "SECRET_KEY"])
@pytest.mark.parametrize("size", [1, 9, 15])
def test_a_secret_that_can_be_guessed_is_refused(name: str, size: int) -> None:
    """S14: when the application starts, not when somebody comes."""
    with pytest.raises(ConfigurationError, match="JWT_COMPAT_WEAK_KEYS"):
        JWTManager(without_key(**{name: "x" * size}))
    JWTManager(without_key(**{name: "x" * size, "JWT_COMPAT_WEAK_KEYS": True}))


@pytest.mark.parametrize("size", [16, 31])
def test_a_short_secret_is_warned_of(size: int) -> None:
    """S14: RFC 7518 section 3.2."""
    with pytest.warns(WeakKeyWarning, match="32"):
        JWTManager(without_key(JWT_SECRET_KEY="x" * size))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        JWTManager(without_key(JWT_SECRET_KEY="x" * 32))


def test_a_short_secret_is_warned_of_once_and_at_the_line_that_made_the_manager() -> None:
    """S14: not by every request again, which would be an error 500 where warnings are errors."""
    app = without_key(JWT_SECRET_KEY="x" * 31)
    with pytest.warns(WeakKeyWarning, match="31 bytes") as found:
        JWTManager(app)
    app.get("/")(jwt_required()(lambda: "in"))

    assert [warning.filename for warning in found] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureKeyLengthWarning)  # PyJWT's own
        with app.app_context():
            token = create_access_token("ada")
        assert app.test_client().get("/", headers=bearer(token)).text == "in"
    with pytest.warns(WeakKeyWarning):
        JWTManager(without_key(JWT_SECRET_KEY="x" * 31))  # another application


@pytest.mark.parametrize("value", ["False", "0", 1, 0, None, "yes"])
def test_a_switch_is_true_or_false(value: Any) -> None:
    """Text would be true, whatever it says."""
    app = without_key(JWT_SECRET_KEY=SECRET, JWT_COMPAT_UNTYPED=value)

    with pytest.raises(ConfigurationError, match="JWT_COMPAT_UNTYPED"):
        JWTManager(app)


def test_a_switch_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="JWT_COMPAT_UNTYPED"):
        JWTManager(without_key(JWT_SECRET_KEY=SECRET, JWT_COMPAT_UNTYPD=True))


def test_a_pem_of_another_curve_is_refused_where_it_is_used(make_bridged: Any) -> None:
    """C4."""
    bridged = make_bridged(algorithm="RS256", private_key=RSA_KEY, public_key=PUBLIC_PEM)

    assert bridged.status("/access", bridged.access()) == 422


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN_LOCATION", "banana"),
        ("TOKEN_LOCATION", []),
        ("TOKEN_LOCATION", "headers,cookies"),
        ("HEADER_NAME", ""),
        ("ACCESS_TOKEN_EXPIRES", "900"),
        ("REFRESH_TOKEN_EXPIRES", True),
    ],
)
def test_a_setting_that_cannot_be_meant_fails_when_the_application_starts(
    name: str, value: Any
) -> None:
    """C17."""
    with pytest.raises(RuntimeError, match=f"JWT_{name}"):
        JWTManager(without_key(JWT_SECRET_KEY=SECRET, **{f"JWT_{name}": value}))


def test_a_key_may_be_set_later() -> None:
    """C17: the accepted twin; many applications read their settings after the managers."""
    app = without_key()
    JWTManager(app)
    app.config["JWT_SECRET_KEY"] = SECRET
    app.get("/")(jwt_required()(lambda: "in"))

    assert app.test_client().get("/", headers=bearer(forged(claims()))).text == "in"
