"""What marks an access token is said by `access_when`: a name, claims, a function, or several."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from jwtpolicy import IssuedBy, Issuer, current_token, protect
from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.markers import ANY
from tests.support.issuers import URL, application, foreign, issuer, status

Claims = Mapping[str, Any]


def answer(condition: Any, **claims: Any) -> int:
    """Return the status for a token of an issuer with this `access_when`."""
    app, _ = application(IssuedBy(URL), issuers=(issuer(access_when=condition),))
    return status(app, foreign(**{"media_type": "JWT", **claims}))


@pytest.mark.parametrize(
    ("condition", "claims", "expected"),
    [
        pytest.param("at+jwt", {"media_type": "at+jwt"}, 200, id="the media type"),
        pytest.param("at+jwt", {"media_type": "AT+JWT"}, 200, id="in upper case"),
        pytest.param("at+jwt", {"media_type": "application/at+jwt"}, 200, id="with its tree"),
        pytest.param("at+jwt", {}, 401, id="another media type"),
        pytest.param("at+jwt", {"media_type": None}, 401, id="no media type"),
        pytest.param({"use": "access"}, {"use": "access"}, 200, id="a value"),
        pytest.param({"use": "access"}, {"use": "id"}, 401, id="another value"),
        pytest.param({"use": "access"}, {"use": ["access"]}, 401, id="the value in a list"),
        pytest.param({"use": "access"}, {}, 401, id="no value"),
        pytest.param({"ver": 1}, {"ver": 1}, 200, id="a number"),
        pytest.param({"ver": 1}, {"ver": True}, 401, id="true is no number"),
        pytest.param({"ver": 1}, {"ver": "1"}, 401, id="nor is text"),
        pytest.param({"api": True}, {"api": True}, 200, id="a truth value"),
        pytest.param({"api": True}, {"api": 1}, 401, id="which 1 is not"),
        pytest.param({"api": False}, {}, 401, id="absent is not false"),
        pytest.param({"use": frozenset({"a", "b"})}, {"use": "b"}, 200, id="one of several values"),
        pytest.param({"use": frozenset({"a", "b"})}, {"use": "c"}, 401, id="none of them"),
        pytest.param({"azp": ANY}, {"azp": "web"}, 200, id="any value"),
        pytest.param({"azp": ANY}, {"azp": ""}, 401, id="empty is no value"),
        pytest.param({"azp": ANY}, {"azp": []}, 401, id="neither is an empty list"),
        pytest.param({"scp": str}, {"scp": "read"}, 200, id="text"),
        pytest.param({"scp": str}, {"scp": ["read"]}, 401, id="a list is no text"),
        pytest.param({"scp": list}, {"scp": ["read"]}, 200, id="a list"),
        pytest.param({"scp": list}, {"scp": {"read": 1}}, 401, id="an object is no list"),
        pytest.param({"a": 1, "b": 2}, {"a": 1, "b": 2}, 200, id="all claims of a mapping"),
        pytest.param({"a": 1, "b": 2}, {"a": 1}, 401, id="and not some of them"),
        pytest.param(("at+jwt", {"b": 2}), {"b": 2}, 200, id="any of several conditions"),
        pytest.param(["at+jwt", {"b": 2}], {"b": 3}, 401, id="none of several conditions"),
        pytest.param(lambda header, claims: claims["b"] == 2, {"b": 2}, 200, id="a function"),
        pytest.param(lambda header, claims: header["typ"] == "JWT", {}, 200, id="of the header"),
        pytest.param(lambda header, claims: claims.get("b") == 2, {}, 401, id="that says no"),
        pytest.param(lambda header, claims: "yes", {}, 401, id="truthy is not True"),
        pytest.param(lambda header, claims: 1, {}, 401, id="nor is 1"),
        pytest.param(lambda header, claims: None, {}, 401, id="nor is None"),
    ],
)
def test_a_token_is_an_access_token_by_its_condition(
    condition: Any, claims: dict[str, Any], expected: int
) -> None:
    assert answer(condition, **claims) == expected


def test_a_function_that_raises_refuses_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """HTTP-11."""
    with caplog.at_level(logging.ERROR, "jwtpolicy"):
        assert answer(lambda header, claims: claims["absent"]) == 401

    assert "a condition of an issuer raised KeyError" in caplog.text


@pytest.mark.parametrize(
    "condition",
    ["at+jwt", {"sub": ANY}, lambda header, claims: True, ("at+jwt", lambda header, claims: True)],
    ids=["name", "mapping", "function", "several"],
)
@pytest.mark.parametrize("claims", [{"nonce": "n"}, {"typ": "ID"}, {"cnf": {}}, {"aud": "web"}])
def test_no_condition_accepts_another_kind_of_token(condition: Any, claims: dict[str, Any]) -> None:
    """CLAIM-7."""
    assert answer(condition, media_type="at+jwt") == 200
    assert answer(condition, media_type="at+jwt", **claims) == 401


async def answering_later(header: Claims, claims: Claims) -> bool:
    return True


@pytest.mark.parametrize(
    "function",
    [answering_later, lambda claims: True, lambda: True, lambda a, b, c: True, dict, Issuer],
    ids=["async", "one argument", "none", "three", "a class", "another class"],
)
def test_a_function_that_cannot_answer_is_a_mistake_at_start(function: Any) -> None:
    """K37."""
    with pytest.raises(ConfigurationError, match=r"a function \(no async one\) of two arguments"):
        issuer(access_when=function)


@pytest.mark.parametrize("function", [lambda *both: True, lambda h, c, more=1: True])
def test_a_function_that_takes_header_and_claims_is_none(function: Any) -> None:
    assert answer(function) == 200


def test_a_function_changes_nothing_of_the_token() -> None:
    """PARSE-5."""

    def remove(header: Any, claims: Any) -> bool:
        claims.pop("nonce", None)
        header["typ"] = "at+jwt"
        return True

    assert answer(remove) == 401
    assert answer(lambda header, claims: "nonce" not in claims) == 200


@pytest.mark.parametrize("where", ["access_when", "machine_when"])
@pytest.mark.parametrize(
    "condition",
    [
        "jwt",
        "",
        None,
        3,
        [],
        (),
        {},
        [[]],
        {"a": None},
        {"a": {}},
        {"a": dict},
        {"": "x"},
        {3: "x"},
    ],
    ids=repr,
)
def test_what_is_no_condition_is_told_what_is_one(where: str, condition: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"Issuer\({where}=…\)"):
        issuer(**{where: condition})


@pytest.mark.parametrize(
    ("rule", "claims", "expected"),
    [
        pytest.param({}, {"sub": "web"}, True, id="the client is the subject"),
        pytest.param({}, {"sub": "ada"}, False, id="it is not"),
        pytest.param({}, {"client_id": None, "azp": "ada"}, True, id="by azp"),
        pytest.param({}, {"client_id": ["ada"]}, False, id="a list of clients is none"),
        pytest.param({"machine_when": {"gty": "m"}}, {"gty": "m"}, True, id="a claim"),
        pytest.param({"machine_when": {"gty": "m"}}, {"sub": "web"}, False, id="which it lacks"),
        pytest.param({"machine_when": lambda header, claims: False}, {}, False, id="no"),
        pytest.param({"machine_when": lambda header, claims: 1}, {}, True, id="truthy: in doubt"),
        pytest.param({"machine_when": lambda header, claims: None}, {}, True, id="None: in doubt"),
        pytest.param({"machine_when": lambda header, claims: claims["x"]}, {}, True, id="raising"),
    ],
)
def test_a_token_is_a_machines_by_the_rule_of_its_issuer(
    rule: dict[str, Any], claims: dict[str, Any], expected: bool
) -> None:
    app, _ = application(issuers=(issuer(**rule),))

    @app.get("/machine")
    @protect(IssuedBy(URL))
    def machine() -> dict[str, bool]:
        return {"is": current_token.is_machine}

    headers = {"Authorization": f"Bearer {foreign(**claims)}"}

    assert app.test_client().get("/machine", headers=headers).json == {"is": expected}


def test_conditions_that_say_the_same_are_equal() -> None:
    one, other = (Issuer(URL, audience="a", access_when={"use": "access"}) for _ in range(2))

    assert one.access_tests == other.access_tests


def test_a_function_whose_parameters_nobody_can_tell_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="of two arguments"):
        issuer(access_when=min)
