"""Tokens at the guards of the bridge: kinds, lifetimes, freshness, audiences, reserved claims."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import jwt as pyjwt
import pytest
from dateutil.relativedelta import relativedelta

from jwtpolicy.compat.flask_jwt_extended import decode_token
from tests.support.bridge import GUARDS, Bridged, claims, forged

WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("kind", "passes"),
    [
        pytest.param("access", {"/access", "/optional", "/either"}, id="access"),
        pytest.param("refresh", {"/refresh", "/either"}, id="refresh"),
        pytest.param("password_reset", set(), id="of the application's own"),
        pytest.param("Access", set(), id="another case"),
        pytest.param("", set(), id="empty"),
        pytest.param(["access"], set(), id="a list"),
        pytest.param({"access": 1}, set(), id="an object"),
        pytest.param(1, set(), id="a number"),
        pytest.param(True, set(), id="a flag"),
        pytest.param(None, set(), id="absent"),
    ],
)
def test_a_guard_admits_its_kind_and_no_other(bridged: Bridged, kind: Any, passes: Any) -> None:
    """S1, CLAIM-6."""
    token = forged(claims(type=kind))

    assert {path for path in GUARDS if bridged.status(path, token) == 200} == passes


def test_a_null_type_is_not_an_absent_one(make_bridged: Any) -> None:
    """S1: the switch is about absence, not about what is not understood."""
    bridged = make_bridged(compat_untyped=True)
    null = forged({**claims(), "type": None})

    assert bridged.status("/access", null) == 422
    assert bridged.status("/access", forged(claims(type=None))) == 200


def test_a_switch_lets_tokens_without_a_type_in_as_access_tokens(make_bridged: Any) -> None:
    """S1."""
    bridged, token = make_bridged(compat_untyped=True), forged(claims(type=None))

    assert bridged.status("/access", token) == 200
    assert bridged.status("/refresh", token) == 422
    assert bridged.status("/access", forged(claims(type="reset"))) == 422


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_a_lifetime_of_zero_is_a_mistake(bridged: Bridged, kind: str) -> None:
    """S2: it does not make an immortal token."""
    with pytest.raises(ValueError, match="False"):
        getattr(bridged, kind)(expires_delta=timedelta(0))
    assert "exp" in unverified(getattr(bridged, kind)(expires_delta=timedelta(seconds=1)))


@pytest.mark.parametrize("setting", [0, timedelta(0)])
@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_a_configured_lifetime_of_zero_is_a_mistake_too(
    make_bridged: Any, kind: str, setting: Any
) -> None:
    """S2."""
    bridged = make_bridged(**{f"{kind}_token_expires": setting})

    with pytest.raises(ValueError, match="False"):
        getattr(bridged, kind)()


@pytest.mark.parametrize("delta", [timedelta(seconds=-1), relativedelta(seconds=-1)])
def test_a_lifetime_that_is_over_makes_an_expired_token(bridged: Bridged, delta: Any) -> None:
    """S2."""
    assert bridged.status("/access", bridged.access(expires_delta=delta)) == 401


def test_never_is_spelt_false(make_bridged: Any) -> None:
    """S2: the accepted twin."""
    bridged = make_bridged(access_token_expires=False)

    for token in (bridged.access(), bridged.access(expires_delta=False)):
        assert "exp" not in unverified(token)
        assert bridged.status("/access", token) == 200


def unverified(token: str) -> dict[str, Any]:
    found: dict[str, Any] = pyjwt.decode(token, options={"verify_signature": False})
    return found


RESERVED = ["iat", "jti", "exp", "type", "sub", "csrf", "fresh", "iss", "aud"]


@pytest.mark.parametrize("name", RESERVED)
def test_a_reserved_claim_cannot_be_written(bridged: Bridged, name: str) -> None:
    """S6, CLAIM-10: neither by a caller nor by a loader."""
    with pytest.raises(ValueError, match=name):
        bridged.access(additional_claims={name: "x"})

    bridged.manager.additional_claims_loader(lambda identity: {name: "x"})
    with pytest.raises(ValueError, match=name):
        bridged.refresh()


def test_the_claim_of_the_identity_cannot_be_written(make_bridged: Any) -> None:
    """S6."""
    bridged = make_bridged(identity_claim="uid")

    with pytest.raises(ValueError, match="uid"):
        bridged.access(additional_claims={"uid": "bob"})
    assert bridged.get("/access", bridged.access("ada")).json["sub"] == "ada"


def test_a_claim_that_is_nobodys_can_be_written(bridged: Bridged) -> None:
    """S6: the accepted twin; ``nbf`` is one of them, since applications postdate tokens."""
    later = int(time.time()) + 60
    token = bridged.access(additional_claims={"role": "admin", "nbf": later})

    assert unverified(token)["role"] == "admin"
    assert unverified(token)["nbf"] == later
    assert bridged.status("/access", token) == 422


def test_what_a_loader_returns_is_not_changed(bridged: Bridged) -> None:
    """S5: one user's claims never stand in the next one's token."""
    shared: dict[str, Any] = {"role": "user"}
    headers: dict[str, Any] = {"x": "1"}
    bridged.manager.additional_claims_loader(lambda identity: shared)
    bridged.manager.additional_headers_loader(lambda identity: headers)

    first = bridged.access(
        "ada", additional_claims={"role": "admin"}, additional_headers={"x": "2"}
    )
    second = bridged.access("bob")

    assert (unverified(first)["role"], unverified(second)["role"]) == ("admin", "user")
    assert pyjwt.get_unverified_header(second)["x"] == "1"
    assert (shared, headers) == ({"role": "user"}, {"x": "1"})


@pytest.mark.parametrize("name", ["alg", "typ", "crit", "b64", "jku", "jwk", "x5u", "x5c"])
def test_a_header_that_means_something_cannot_be_written(bridged: Bridged, name: str) -> None:
    """S6, CLAIM-10."""
    with pytest.raises(ValueError, match=name):
        bridged.access(additional_headers={name: "none"})
    assert bridged.status("/access", bridged.access(additional_headers={"kid": "k", "x": 1})) == 200


@pytest.mark.parametrize("fresh", ["yes", None, "Infinity", [], {}, 1e400, float("nan")])
def test_freshness_of_another_type_is_refused_without_a_500(bridged: Bridged, fresh: Any) -> None:
    """C7, CLAIM-8."""
    token = forged({**claims(), "fresh": fresh})

    assert bridged.status("/fresh", token) in (401, 422)


@pytest.mark.parametrize(("seconds", "status"), [(60, 200), (-60, 401)])
def test_freshness_ends(bridged: Bridged, seconds: int, status: int) -> None:
    """C7: the accepted twin, and what is stale."""
    token = bridged.access(fresh=timedelta(seconds=seconds))

    assert bridged.status("/fresh", token) == status
    assert bridged.status("/access", token) == 200


@pytest.mark.parametrize(("leeway", "status"), [(0, 401), (60, 200)])
def test_leeway_is_for_freshness_too(make_bridged: Any, leeway: int, status: int) -> None:
    """C22."""
    bridged = make_bridged(decode_leeway=leeway)

    assert bridged.status("/fresh", forged(claims(fresh=time.time() - 30))) == status


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_token_may_begin_ahead_by_the_leeway_alone(make_bridged: Any, name: str) -> None:
    """CLAIM-1: as in Flask-JWT-Extended; `JWT_CLOCK_SKEW` is for native guards."""
    strict, lenient = make_bridged(clock_skew=300), make_bridged(decode_leeway=60)
    token = forged(claims(**{name: time.time() + 30}))

    assert strict.status("/access", token) in (401, 422)
    assert lenient.status("/access", token) == 200
    assert lenient.status("/access", forged(claims(**{name: time.time() + 90}))) in (401, 422)


def test_what_can_never_pass_fails_when_it_is_written() -> None:
    """C19."""
    from jwtpolicy.compat.flask_jwt_extended import jwt_required

    with pytest.raises((ValueError, TypeError, RuntimeError)):
        jwt_required(fresh=True, refresh=True)
    assert jwt_required(fresh=True)
    assert jwt_required(refresh=True)


@pytest.mark.parametrize("aud", ["another-service", ["another-service"], 0, [1], {}, "", [""]])
def test_a_token_for_somebody_else_is_refused(make_bridged: Any, aud: Any) -> None:
    """S10: what is written into tokens is what guards ask for."""
    bridged = make_bridged(encode_audience="svc-a")

    assert bridged.status("/access", forged({**claims(), "aud": aud})) == 422
    assert bridged.status("/access", forged(claims())) == 422
    assert bridged.status("/access", bridged.access()) == 200


def test_an_audience_to_ask_for_wins_over_the_one_that_is_written(make_bridged: Any) -> None:
    """S10."""
    bridged = make_bridged(encode_audience="svc-b", decode_audience=["svc-a", "svc-c"])

    assert bridged.status("/access", forged(claims(aud=["x", "svc-c"]))) == 200
    assert bridged.status("/access", bridged.access()) == 422


@pytest.mark.parametrize(
    "iss", ["issuer", "https://issuer.example/", ["https://issuer.example"], 0]
)
def test_an_issuer_is_compared_as_a_whole(make_bridged: Any, iss: Any) -> None:
    """S11: CVE-2024-53861."""
    bridged = make_bridged(decode_issuer="https://issuer.example")

    assert bridged.status("/access", forged({**claims(), "iss": iss})) == 422
    assert bridged.status("/access", forged(claims(iss="https://issuer.example"))) == 200


@pytest.mark.parametrize(
    "change",
    [
        {"exp": "1900000000"},
        {"exp": True},
        {"exp": 1e308},
        {"exp": 10**30},
        {"exp": -1},
        {"nbf": True},
        {"iat": "0"},
        {"jti": ""},
        {"jti": ["j"]},
        {"sub": ""},
        {"sub": "x" * 2000},
    ],
)
def test_a_registered_claim_of_a_wrong_form_is_refused(bridged: Bridged, change: Any) -> None:
    """CLAIM-1, CLAIM-5: PyJWT alone lets most of these in."""
    assert bridged.status("/access", forged(claims(**change))) in (401, 422)
    assert bridged.status("/access", forged(claims())) == 200


def test_an_expired_token_is_told_apart(bridged: Bridged) -> None:
    answer = bridged.get("/access", forged(claims(exp=int(time.time()) - 5)))

    assert (answer.status_code, answer.json) == (401, {"msg": "Token has expired"})


def test_another_kind_can_be_decoded_but_not_used(bridged: Bridged) -> None:
    """S1: `decode_token` never asked for a kind."""
    token = forged(claims(type="reset"))

    with bridged.app.app_context():
        assert decode_token(token)["type"] == "reset"
    assert bridged.status("/either", token) == 422
