"""``flask jwtpolicy inspect`` shows what a token says, and what the application says of it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import Gone

from jwtpolicy import JWTManager
from jwtpolicy.app.bound_app import EXTENSION
from jwtpolicy.exceptions import StoreUnavailableError
from tests.support.applications import MakeApp
from tests.support.clocks import StandingClock
from tests.support.issuers import URL, foreign, issuer
from tests.support.terminal import run


def segment(value: object) -> str:
    """Return JSON as a segment of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.fixture
def encoded(app: Flask, jwt: JWTManager[Any]) -> str:
    with app.app_context():
        return jwt.login("alice", scope="read").access_token


def test_header_claims_and_validity_are_shown_and_no_signature(
    app: Flask, clock: StandingClock, encoded: str
) -> None:
    clock.advance(60)

    done = run(app, "inspect", "-", given=encoded)

    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert lines[:4] == ["Header", '  typ: "JWT"', '  alg: "HS256"', "Claims"]
    assert '  sub: "alice"' in lines
    assert "  iat: 1800000000  (2027-01-15T08:00:00+00:00, 1 minute ago)" in lines
    assert "  exp: 1800000900  (2027-01-15T08:15:00+00:00, in 14 minutes)" in lines
    assert lines[-1] == "valid here"
    assert encoded.rpartition(".")[2] not in done.out


@pytest.fixture
def visitor(jwt: JWTManager[Any], clock: StandingClock) -> str:
    """Return a token of another issuer, which the application trusts."""
    jwt.trust(issuer(roles="groups"))
    now = int(clock())
    return foreign(groups=["crew"], fresh=True, iat=now, exp=now + 300)


def test_a_token_of_another_issuer_is_shown_as_policies_read_it(app: Flask, visitor: str) -> None:
    done = run(app, "inspect", "-", given=visitor)

    lines = done.out.splitlines()
    assert (done.code, lines[-1]) == (0, "valid here")
    read = lines[lines.index("What policies read") :]
    assert f"Issuer: {URL}, which is trusted" in lines
    assert read[1:-1] == ['  type: "access"', '  roles: ["crew"]', "  fresh: null"]


def test_a_refused_token_of_another_issuer_is_shown_with_the_reason(
    app: Flask, jwt: JWTManager[Any], visitor: str
) -> None:
    with app.app_context():
        jwt.revoke_subject("ada", issuer=URL)

    done = run(app, "inspect", "-", given=visitor)

    assert (done.code, done.out.splitlines()[-1]) == (1, "not valid here: the store says revoked")
    assert f"Issuer: {URL}" in done.out


@pytest.mark.parametrize(("claims", "why"), [({"nonce": "n"}, "nonce"), ({"aud": "x"}, "audience")])
def test_what_is_no_access_token_of_another_issuer_is_said_to_be_none(
    app: Flask, jwt: JWTManager[Any], clock: StandingClock, claims: dict[str, Any], why: str
) -> None:
    jwt.trust(issuer())
    now = int(clock())
    encoded = foreign(iat=now, exp=now + 300, **claims)

    done = run(app, "inspect", "-", given=encoded)

    assert (done.code, why in done.out.splitlines()[-1]) == (1, True)
    assert "What policies read" not in done.out


@pytest.mark.usefixtures("visitor")
def test_a_token_of_an_issuer_that_nobody_trusts_is_not_valid(app: Flask) -> None:
    done = run(app, "inspect", "-", given=foreign(iss="https://else.example"))

    assert (done.code, "Issuer:" in done.out) == (1, False)


def test_the_token_may_stand_in_the_environment(app: Flask, encoded: str) -> None:
    assert run(app, "inspect", JWT_TOKEN=encoded).code == 0


def test_an_expired_token_is_shown_with_the_reason(
    app: Flask, clock: StandingClock, encoded: str
) -> None:
    clock.advance(3600)

    done = run(app, "inspect", "-", given=encoded)

    assert (done.code, done.out.splitlines()[-1]) == (1, "not valid here: exp has passed")
    assert "45 minutes ago" in done.out


def test_a_revoked_token_is_said_to_be_revoked(
    app: Flask, jwt: JWTManager[Any], encoded: str
) -> None:
    with app.app_context():
        jwt.revoke(encoded)

    done = run(app, "inspect", "-", given=encoded)

    assert (done.code, done.out.splitlines()[-1]) == (1, "not valid here: the store says revoked")


def test_a_store_that_is_down_is_a_sentence(
    app: Flask, encoded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*args: Any, **kwargs: Any) -> Any:
        raise StoreUnavailableError("the disk is full")

    monkeypatch.setattr(type(app.extensions[EXTENSION].parts.store), "standing", down)

    done = run(app, "inspect", "-", given=encoded)

    assert (done.code, done.out.splitlines()[-1]) == (1, "not valid here: the disk is full")


def test_a_token_of_nobody_is_not_valid(app: Flask, jwt: JWTManager[Any], encoded: str) -> None:
    jwt.user_loader(lambda token: None)

    done = run(app, "inspect", "-", given=encoded)

    assert (done.code, "does not know the subject" in done.out) == (1, True)


def test_what_a_revocation_check_answers_is_told(
    app: Flask, jwt: JWTManager[Any], encoded: str
) -> None:
    @jwt.revocation_check
    def check(token: Any) -> bool:
        raise Gone

    done = run(app, "inspect", "-", given=encoded)

    assert (done.code, "the application answered 410" in done.out) == (1, True)


def test_without_a_baseline_a_verified_token_is_valid(make_app: MakeApp) -> None:
    app, jwt = make_app(manager={"baseline": None}, store_url="none")
    with app.app_context():
        token = jwt.issue("alice")

    assert run(app, "inspect", "-", given=token).code == 0


def test_a_token_that_names_a_key_elsewhere_contacts_nobody(app: Flask) -> None:
    """A connection would fail the test: nothing listens there."""
    header = {"alg": "RS256", "jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1"}
    forged = f"{segment(header)}.{segment({'iss': 'http://127.0.0.1:1'})}.{'A' * 86}"

    done = run(app, "inspect", "-", given=forged)

    assert done.code == 1
    assert done.out.splitlines()[-1] == "not valid here: no key of that name and algorithm"


@pytest.mark.parametrize(
    ("exp", "shown"),
    [
        (1_800_000_000, "now)"),
        (1_800_172_800, "in 2 days)"),
        (1e300, "(no valid date)"),
        (10**20, "(no valid date)"),
        ("soon", 'exp: "soon"\n'),
        (None, "exp: null\n"),
        (True, "exp: true\n"),
    ],
)
def test_times_are_words_where_they_are_times(app: Flask, exp: object, shown: str) -> None:
    forged = f"{segment({'alg': 'HS256'})}.{segment({'exp': exp})}.{'A' * 43}"

    assert shown in run(app, "inspect", "-", given=forged).out


@pytest.mark.parametrize("text", ["\x1b[31m", "x\nvalid here", "x\u2028valid here"])
def test_what_a_terminal_would_obey_is_written_as_an_escape(app: Flask, text: str) -> None:
    header, claims = {"alg": "HS256", text: text}, {"sub": text, text: text}
    forged = f"{segment(header)}.{segment(claims)}.{'A' * 43}"

    lines = run(app, "inspect", "-", given=forged).out.splitlines()

    assert all(line.isprintable() for line in lines)
    assert "valid here" not in lines


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "standard input is empty"),
        ("hello", "this is no signed token"),
        ("a.b", "this is no signed token"),
        ("Bearer a.b.c", "leave out the word before it"),
        ("a.b.c.d.e", "an encrypted token (JWE)"),
        (f"{segment([])}.{segment({})}.AAAA", "is not a JSON object"),
        (f"{segment({})}.{segment(1)}.AAAA", "is not a JSON object"),
        ("bm90.bm90.AAAA", "not strict JSON"),
        ("\x07", "without control characters"),
    ],
)
def test_what_is_no_token_is_a_sentence_and_exit_code_2(
    app: Flask, typed: str, sentence: str
) -> None:
    done = run(app, "inspect", "-", given=typed)

    assert (done.code, done.out) == (2, "")
    assert sentence in done.err


def test_a_token_as_an_argument_is_refused_and_not_repeated(app: Flask, encoded: str) -> None:
    done = run(app, "inspect", encoded)

    assert (done.code, done.out) == (2, "")
    assert "a token cannot be an argument" in done.err
    assert encoded not in done.err


def test_without_any_token_it_is_said_where_to_put_one(app: Flask) -> None:
    done = run(app, "inspect")

    assert (done.code, "pipe one and write -, or set JWT_TOKEN" in done.err) == (2, True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
segments = st.one_of(
    st.binary(max_size=40).map(lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()),
    json_values.map(segment),
    st.dictionaries(
        st.sampled_from(["exp", "nbf", "alg", "typ", "sub", "crit"]), json_values, max_size=4
    ).map(segment),
    st.text(max_size=20),
)


@given(st.lists(segments, max_size=5).map(".".join))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_token_of_any_shape_is_shown_or_a_sentence(app: Flask, token: str) -> None:
    done = run(app, "inspect", "-", given=token.encode("utf-8", "surrogatepass"))

    assert done.code in (1, 2)
    assert done.out.startswith("Header") == (done.code == 1)
