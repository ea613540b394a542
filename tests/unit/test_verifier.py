"""What is demanded of the claims, and when."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy.exceptions import ExpiredTokenError, InvalidTokenError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.tokens.claims import ClaimRules, Purpose
from jwtpolicy.tokens.jose import encoded_object
from jwtpolicy.tokens.signer import Signer, SigningRules, TokenRequest
from jwtpolicy.tokens.verifier import Verifier
from tests.support.applications import SECRET
from tests.support.clocks import StandingClock
from tests.support.forgeries import CLAIMS, HEADER, KEY, NOW, refused, signed, verifier

TIMES = [
    pytest.param({"exp": NOW + 1}, 0, True, id="exp in a second"),
    pytest.param({"exp": NOW}, 0, False, id="exp now"),
    pytest.param({"exp": NOW}, 1, True, id="exp now, with leeway"),
    pytest.param({"exp": NOW - 1}, 1, False, id="exp as long ago as the leeway"),
    pytest.param({"nbf": NOW}, 0, True, id="nbf now"),
    pytest.param({"nbf": NOW + 1}, 0, False, id="nbf in a second"),
    pytest.param({"nbf": NOW + 1}, 1, True, id="nbf in a second, with leeway"),
    pytest.param({"iat": NOW + 2}, 1, False, id="iat beyond the leeway"),
]


@pytest.mark.parametrize(("change", "leeway", "passes"), TIMES)
def test_the_boundaries_of_time(change: Any, leeway: int, passes: bool) -> None:
    """CLAIM-1."""
    encoded = signed(claims={**CLAIMS, **change})

    if passes:
        assert verifier(leeway=leeway).verify(encoded, kinds=None)
    else:
        refused(encoded, leeway=leeway)


#: Leeway, skew, and by how much a time of another machine may therefore lie ahead.
AHEAD = [
    pytest.param(0, 0, 0, id="neither"),
    pytest.param(0, 5, 5, id="the skew alone"),
    pytest.param(3, 5, 5, id="the skew, which is more"),
    pytest.param(5, 5, 5, id="as much of both, which do not add up"),
    pytest.param(30, 5, 30, id="the leeway, which is more"),
    pytest.param(30, 0, 30, id="the leeway alone"),
    pytest.param(0.5, 0.25, 0.5, id="parts of a second"),
]
#: Where a time lies around a boundary, and whether it is still within.
AROUND = [(-1, True), (-0.05, True), (0, True), (0.05, False), (1, False)]


@pytest.mark.parametrize("name", ["iat", "nbf"])
@pytest.mark.parametrize(("leeway", "skew", "ahead"), AHEAD)
def test_a_token_may_begin_ahead_by_the_leeway_or_the_skew(
    name: str, leeway: float, skew: float, ahead: float
) -> None:
    """CLAIM-1: whichever is more, to the very moment."""
    judge = verifier(leeway=leeway, skew=skew)

    for offset, passes in AROUND:
        encoded = signed(claims={**CLAIMS, name: NOW + ahead + offset})
        if passes:
            assert judge.verify(encoded, kinds=None)
        else:
            with pytest.raises(InvalidTokenError):
                judge.verify(encoded, kinds=None)


@pytest.mark.parametrize(("leeway", "skew", "ahead"), AHEAD)
def test_the_skew_moves_no_end(leeway: float, skew: float, ahead: float) -> None:
    """CLAIM-1: RFC 7519, section 4.1.4, "on or after which"."""
    judge = verifier(leeway=leeway, skew=skew)

    for offset in (0, -0.05, -1):
        encoded = signed(claims={**CLAIMS, "exp": NOW - leeway + offset})
        with pytest.raises(ExpiredTokenError):
            judge.verify(encoded, kinds=None)
    assert judge.verify(signed(claims={**CLAIMS, "exp": NOW - leeway + 0.05}), kinds=None)


def _refusing(claims: dict[str, Any], kind: str) -> object:
    msg = "the claims do not load"
    raise InvalidTokenError(msg)


#: What keeps a token from letting anybody in, and says nothing against ending what it names.
BESIDE = [
    pytest.param({"exp": NOW - 10**9}, id="over for long"),
    pytest.param({"exp": None}, id="without an end"),
    pytest.param({"nbf": NOW + 10**6}, id="not valid for long"),
    pytest.param({"iat": NOW + 10**6}, id="issued in the future"),
    pytest.param({"cnf": {"jkt": "x"}}, id="bound to a key"),
]


@pytest.mark.parametrize("change", BESIDE)
def test_what_a_signature_names_can_be_ended(change: Any) -> None:
    """REV-1: a logout asks no clock."""
    claims = {name: value for name, value in {**CLAIMS, **change}.items() if value is not None}
    encoded = signed(claims=claims)

    refused(encoded)
    assert verifier().verify(encoded, kinds=None, purpose=Purpose.END).token_id == "j"


def test_what_no_schema_can_read_can_be_ended() -> None:
    """REV-1: after a change of the schema users still log out."""
    judge = Verifier(ring=KeyRing(KEY), clock=StandingClock(NOW), load_principal=_refusing)

    with pytest.raises(InvalidTokenError):
        judge.verify(signed(), kinds=None, purpose=Purpose.EXAMINE)
    assert judge.verify(signed(), kinds=None, purpose=Purpose.END).principal == "u1"


#: What is asked of every token, whatever it is for.
ASKED = [
    pytest.param(signed()[:-4] + "AAAA", id="the signature"),
    pytest.param(signed() + "=", id="the form"),
    pytest.param(signed(claims={**CLAIMS, "iss": "https://b.example"}), id="the issuer"),
    pytest.param(signed(claims={**CLAIMS, "aud": "b"}), id="the audience"),
    pytest.param(signed(claims={**CLAIMS, "type": "reset"}), id="the kind"),
    pytest.param(signed(claims={**CLAIMS, "exp": "soon"}), id="the types of claims"),
    pytest.param(signed(claims={"sub": "u1", "type": "access"}), id="a name"),
]


@pytest.mark.parametrize("encoded", ASKED)
@pytest.mark.parametrize("purpose", Purpose)
def test_whatever_it_is_for_a_token_has_to_be_ours(encoded: str, purpose: Purpose) -> None:
    """CLAIM-1, CLAIM-3, CLAIM-4, CLAIM-5, CLAIM-6."""
    with pytest.raises(InvalidTokenError):
        verifier().verify(encoded, kinds=frozenset({"access"}), purpose=purpose)
    assert verifier().verify(signed(), kinds=frozenset({"access"}), purpose=purpose)


def test_an_expired_token_can_be_looked_at_on_purpose() -> None:
    encoded = signed(claims={**CLAIMS, "exp": NOW - 1})
    with pytest.raises(ExpiredTokenError):
        verifier().verify(encoded, kinds=None)

    assert verifier().verify(encoded, kinds=None, purpose=Purpose.EXAMINE).subject == "u1"
    later = signed(claims={**CLAIMS, "nbf": NOW + 1})
    with pytest.raises(InvalidTokenError):
        verifier().verify(later, kinds=None, purpose=Purpose.EXAMINE)


def test_a_caller_that_knows_the_time_says_it() -> None:
    """CLAIM-1: a request asks the clock once, so that nothing ends in the middle of it."""
    judge = Verifier(ring=KeyRing(KEY), clock=StandingClock(NOW + 900))
    with pytest.raises(ExpiredTokenError):
        judge.verify(signed(), kinds=None)

    assert judge.verify(signed(), kinds=None, now=NOW + 899)
    with pytest.raises(ExpiredTokenError):
        judge.verify(signed(), kinds=None, now=NOW + 900)


def test_a_token_without_an_end_passes_where_that_is_allowed() -> None:
    endless = {key: value for key, value in CLAIMS.items() if key != "exp"}

    assert verifier(require_exp=False).verify(signed(claims=endless), kinds=None).expires_at is None
    refused(signed(claims=endless))


AUDIENCES = [
    pytest.param("shop", frozenset({"shop"}), True, id="ours"),
    pytest.param(["x", "shop"], frozenset({"shop"}), True, id="ours among others"),
    pytest.param("shop", frozenset({"shop", "api"}), True, id="one of ours"),
    pytest.param("shopping", frozenset({"shop"}), False, id="a longer one"),
    pytest.param(None, frozenset({"shop"}), False, id="none, ours is demanded"),
    pytest.param([], frozenset({"shop"}), False, id="an empty one"),
    pytest.param("shop", frozenset(), False, id="one, none is known"),
]


@pytest.mark.parametrize(("audience", "wanted", "passes"), AUDIENCES)
def test_audiences_are_strict_both_ways(audience: Any, wanted: Any, passes: bool) -> None:
    """CLAIM-4, S10."""
    encoded = signed(claims=CLAIMS if audience is None else {**CLAIMS, "aud": audience})

    if passes:
        assert verifier(audiences=wanted).verify(encoded, kinds=None)
    else:
        refused(encoded, audiences=wanted)


@pytest.mark.parametrize("issuer", ["https://a.example/", "https://A.example", "a.example", None])
def test_an_issuer_is_compared_exactly(issuer: str | None) -> None:
    """CLAIM-3: CVE-2024-53861."""
    ours = frozenset({"https://a.example"})
    claims = CLAIMS if issuer is None else {**CLAIMS, "iss": issuer}

    refused(signed(claims=claims), issuers=ours)
    good = signed(claims={**CLAIMS, "iss": "https://a.example"})
    assert verifier(issuers=ours).verify(good, kinds=None).issuer == "https://a.example"


def test_an_integer_subject_is_text_where_that_is_allowed() -> None:
    encoded = signed(claims={**CLAIMS, "sub": 7})

    assert verifier(accept_integer_subject=True).verify(encoded, kinds=None).subject == "7"
    refused(encoded)
    refused(signed(claims={**CLAIMS, "sub": True}), accept_integer_subject=True)


@pytest.mark.parametrize(
    ("header", "kind", "passes"),
    [
        pytest.param({"typ": "at+jwt"}, "access", True, id="at+jwt"),
        pytest.param({"typ": "application/AT+JWT"}, "access", True, id="the long form"),
        pytest.param({"typ": "JWT"}, "access", False, id="JWT"),
        pytest.param({}, "access", False, id="none"),
        pytest.param({"typ": "JWT"}, "refresh", True, id="another kind"),
        pytest.param({"typ": "at+jwt"}, "refresh", False, id="at+jwt of another kind"),
    ],
)
def test_the_profile_of_access_tokens(header: Any, kind: str, passes: bool) -> None:
    """CLAIM-7: RFC 9068, section 4."""
    required = {"iss": "a", "aud": "b", "client_id": "c"}
    encoded = signed({"alg": "HS256", **header}, {**CLAIMS, **required, "type": kind})
    ours = {"issuers": frozenset({"a"}), "audiences": frozenset({"b"})}
    strict = verifier(access_profile="rfc9068", **ours)

    if passes:
        assert strict.verify(encoded, kinds=None)
    else:
        with pytest.raises(InvalidTokenError):
            strict.verify(encoded, kinds=None)


def test_a_token_without_typ_is_one_of_ours() -> None:
    assert verifier().verify(signed({"alg": "HS256"}), kinds=None)


def test_only_verified_headers_are_remembered() -> None:
    found = verifier()
    for number in range(300):
        forged = signed({**HEADER, "n": number})[:-4] + "AAAA"
        with pytest.raises(InvalidTokenError):
            found.verify(forged, kinds=None)
    assert found._generation.headers == {}

    for number in range(300):
        found.verify(signed({**HEADER, "n": number}), kinds=None)
    assert len(found._generation.headers) == 256


def test_the_principal_is_what_the_loader_makes() -> None:
    ring = KeyRing(KEY)
    found = Verifier(
        ring=ring, clock=StandingClock(NOW), load_principal=lambda claims, kind: (kind, claims["x"])
    )

    token = found.verify(signed(claims={**CLAIMS, "x": 1}), kinds=None)
    assert token.principal == ("access", 1)


def test_a_loader_sees_no_claim_that_is_not_verified() -> None:
    """PARSE-5."""
    seen: list[Any] = []
    judge = Verifier(
        ring=KeyRing(KEY),
        clock=StandingClock(NOW),
        load_principal=lambda claims, kind: seen.append(claims),
    )

    for change in ({}, {"sub": "root"}):
        with pytest.raises(InvalidTokenError):
            judge.verify(signed(claims={**CLAIMS, **change})[:-4] + "AAAA", kinds=None)
    assert seen == []
    judge.verify(signed(), kinds=None)
    assert [claims["sub"] for claims in seen] == ["u1"]


def test_a_signer_writes_what_a_verifier_demands() -> None:
    ring = KeyRing(Key(SECRET, "HS256", "2026"))
    own = SigningRules("https://a.example", ("a", "b"), not_before=False, access_profile="rfc9068")
    issued = Signer(ring, own).sign(
        TokenRequest("access", "u1", NOW, 60, {"client_id": "web"}, headers={"x": 1})
    )
    rules = ClaimRules(
        issuers=frozenset({"https://a.example"}),
        audiences=frozenset({"b"}),
        access_profile="rfc9068",
    )

    token = Verifier(ring=ring, rules=rules, clock=StandingClock(NOW)).verify(
        issued.encoded, kinds=frozenset({"access"})
    )

    assert (token.key_id, token.header["x"], token.header["typ"]) == ("2026", 1, "at+jwt")
    assert "nbf" not in token.claims
    assert (issued.issued_at, issued.expires_at) == (NOW, NOW + 60)
    assert issued.encoded not in repr(issued)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"claims": {"exp": 1}}, id="a reserved claim"),
        pytest.param({"claims": {"x": float("nan")}}, id="NaN"),
        pytest.param({"claims": {"x": object()}}, id="an object"),
        pytest.param({"subject": "\ud800"}, id="a lone surrogate"),
        pytest.param({"subject": ""}, id="no subject"),
        pytest.param({"scope": ["a"]}, id="a list of scopes"),
        pytest.param({"amr": "pwd"}, id="a method that is not in a list"),
        pytest.param({"audience": (1,)}, id="a number as audience"),
        pytest.param({"lifetime": 10**12}, id="an end after all dates"),
        pytest.param({"headers": {"kid": "x"}}, id="a reserved header"),
        pytest.param({"headers": {"x": object()}}, id="an object in the header"),
    ],
)
def test_a_signer_refuses_what_could_not_be_read(arguments: Any) -> None:
    """CLAIM-10."""
    from jwtpolicy.exceptions import IssueError

    request = TokenRequest("access", "u1", NOW, 60)._replace(**arguments)
    with pytest.raises(IssueError):
        Signer(KeyRing(KEY)).sign(request)


def test_json_that_cannot_be_written_is_an_error() -> None:
    assert encoded_object({"a": 1}) == "eyJhIjoxfQ"
    with pytest.raises(ValueError, match="JSON compliant"):
        encoded_object({"a": float("inf")})
