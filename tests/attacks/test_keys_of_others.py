"""Keys that belong to somebody, and sign what somebody else would say."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import pytest

from jwtpolicy import ANY, JWTManager, Refresh, protect
from jwtpolicy.exceptions import (
    AccessError,
    ConfigurationError,
    InvalidTokenError,
    IssueError,
    KeysUnavailableError,
)
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.tokens.signer import Signer, TokenRequest
from jwtpolicy.tokens.verifier import Verifier
from tests.support.applications import SECRET, AppAndManager, MakeApp
from tests.support.clocks import StandingClock
from tests.support.forgeries import NOW
from tests.support.requests import bearer

KEYS = {name: Key(secrets.token_urlsafe(48), "HS256", name) for name in ("a", "b")}


class TenantKeys(KeyRing):
    """A key for each tenant, which speaks for that tenant alone."""

    def signing_key_for(self, subject: str, claims: Mapping[str, Any]) -> Key | None:
        return KEYS[claims["tenant"]]

    def find(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        return (KEYS[key_id],) if key_id in KEYS else ()

    def may_sign(self, key: Key, claims: Mapping[str, Any]) -> bool:
        return key.key_id == claims["tenant"]


def stolen(name: str, kind: str = "access", *, lifetime: int = 60, **claims: Any) -> str:
    """Return a token that somebody makes who has the key of that name."""
    signer = Signer(KeyRing(KEYS[name]))
    claims = {name: value for name, value in claims.items() if value is not None}
    return signer.sign(TokenRequest(kind, "u1", NOW, lifetime, claims)).encoded


@pytest.fixture
def app_and_jwt(make_app: MakeApp) -> AppAndManager:
    app, jwt = make_app(manager={"keys": TenantKeys()}, secret_key=None)
    app.get("/")(protect()(lambda: "in"))
    app.get("/refresh", endpoint="refresh")(protect(Refresh())(lambda: "in"))
    return app, jwt


@pytest.mark.parametrize(
    ("key", "tenant", "status"),
    [("a", "a", 200), ("b", "b", 200), ("a", "b", 401), ("b", "a", 401), ("a", None, 401)],
)
@pytest.mark.parametrize(("path", "kind"), [("/", "access"), ("/refresh", "refresh")])
def test_a_key_speaks_for_its_own_tenant(
    client: Any, key: str, tenant: str | None, status: int, path: str, kind: str
) -> None:
    """K13."""
    headers = bearer(stolen(key, kind, tenant=tenant))

    assert client.get(path, headers=headers).status_code == status


def test_an_expired_token_is_no_exception(app: Any, jwt: JWTManager[Any]) -> None:
    good, bad = (stolen("a", tenant=tenant, lifetime=-9) for tenant in ("a", "b"))
    with app.app_context():
        assert jwt.verify(good, kind=ANY, allow_expired=True).subject == "u1"
        for verb in (lambda token: jwt.verify(token, allow_expired=True), jwt.revoke):
            with pytest.raises(AccessError):
                verb(bad)
        jwt.revoke(good)


@pytest.mark.parametrize(("tenant", "is_fine"), [("a", True), ("b", False)])
def test_a_refresh_token_carries_nothing_of_another_tenant(
    app: Any, jwt: JWTManager[Any], tenant: str, is_fine: bool
) -> None:
    """Else refreshing it would make a token that the other tenant's key signs."""
    carried = {"claims": {"tenant": tenant}, "headers": {}}
    token = stolen("a", "refresh", tenant="a", carried=carried)
    with app.app_context():
        if is_fine:
            assert jwt.verify(jwt.refresh(token).access_token).claims["tenant"] == "a"
        else:
            with pytest.raises(InvalidTokenError):
                jwt.refresh(token)


@pytest.mark.parametrize(("tenant", "is_fine"), [("a", True), ("b", False)])
@pytest.mark.parametrize("store", ["memory://", "none"])
def test_a_loaded_user_is_of_the_tenant_whose_key_it_was(
    make_app: Any, tenant: str, is_fine: bool, store: str
) -> None:
    """Else a refresh token that names another tenant's user would become one of that tenant."""
    manager = {"keys": TenantKeys(), "baseline": None}
    app, jwt = make_app(manager=manager, secret_key=None, store_url=store)
    jwt.user_loader(lambda token: token.subject)
    jwt.extra_claims(lambda user, kind: {"tenant": tenant})
    token = stolen("a", "refresh", tenant="a")
    with app.app_context():
        if is_fine:
            assert jwt.verify(jwt.refresh(token).access_token).key_id == "a"
        else:
            with pytest.raises(InvalidTokenError, match="what its successor would say"):
                jwt.refresh(token)


class Several(TenantKeys):
    """A ring that does not know by its header whose a token is."""

    found: tuple[Key, ...] = ()

    def find(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        return self.found


@pytest.mark.parametrize(
    ("found", "is_fine"), [(["a"], True), (["a", "a"], True), (["a", "b"], False), ([], False)]
)
def test_each_key_that_it_may_have_been_has_to_be_fine(found: list[str], is_fine: bool) -> None:
    ring = Several()
    ring.found = (KEYS["a"],)
    token = verified(ring)
    ring.found = tuple(KEYS[name] for name in found)

    if is_fine:
        Signer(ring).check_renewal(token, {"tenant": "a"})
    else:
        with pytest.raises(InvalidTokenError):
            Signer(ring).check_renewal(token, {"tenant": "a"})


def test_nor_does_a_session_slide_into_another_tenant(make_app: Any) -> None:
    app, jwt = make_app(manager={"keys": TenantKeys()}, secret_key=None)
    tenants = ["a"]
    jwt.user_loader(lambda token: token.subject)
    jwt.extra_claims(lambda user, kind: {"tenant": tenants[0]})
    with app.app_context():
        token = jwt.verify(jwt.login("u1").access_token)
        assert jwt.verify(jwt.renewed(token)).claims["tenant"] == "a"
        tenants[0] = "b"
        with pytest.raises(InvalidTokenError, match="what its successor would say"):
            jwt.renewed(token)


class Answering(TenantKeys):
    """A ring that answers whatever it was told to."""

    answer: Any = True

    def may_sign(self, key: Key, claims: Mapping[str, Any]) -> bool:
        if isinstance(self.answer, Exception):
            raise self.answer
        claims["tenant"] = "b"  # type: ignore[index] # a copy, which may be changed
        answer: bool = self.answer
        return answer


def ring(answer: Any) -> Answering:
    found = Answering()
    found.answer = answer
    return found


NO_ANSWERS = [
    pytest.param(None, "returned NoneType", id="None"),
    pytest.param(1, "returned int", id="1"),
    pytest.param(0, "returned int", id="0"),
    pytest.param("yes", "returned str", id="text"),
    pytest.param(KEYS["a"], "returned Key", id="a key"),
    pytest.param(ZeroDivisionError(), "raised ZeroDivisionError", id="an error"),
]


@pytest.mark.parametrize(("answer", "why"), NO_ANSWERS)
def test_only_true_is_yes(caplog: Any, answer: Any, why: str) -> None:
    with pytest.raises(InvalidTokenError):
        verified(ring(answer))
    with pytest.raises(IssueError, match="may_sign refuses"):
        Signer(ring(answer)).sign(REQUEST)

    assert caplog.text.count(f"may_sign {why}") == 2


REQUEST = TokenRequest("access", "u1", NOW, 60, {"tenant": "a"})


def verified(keys: KeyRing) -> Any:
    token = stolen("a", tenant="a")
    return Verifier(ring=keys, clock=StandingClock(NOW)).verify(token, kinds=None)


def test_no_is_an_answer(caplog: Any) -> None:
    with pytest.raises(InvalidTokenError, match="may not sign"):
        verified(ring(False))

    assert "may_sign" not in caplog.text


def test_what_is_asked_about_is_a_copy() -> None:
    assert verified(ring(True)).claims["tenant"] == "a"
    issued = Signer(ring(True)).sign(REQUEST)
    verifier = Verifier(ring=TenantKeys(), clock=StandingClock(NOW))
    assert verifier.verify(issued.encoded, kinds=None).claims["tenant"] == "a"


def test_keys_that_cannot_be_asked_about_are_503(make_app: Any) -> None:
    app, _ = make_app(manager={"keys": ring(KeysUnavailableError())}, secret_key=None)
    app.get("/")(protect()(lambda: "in"))

    headers = bearer(stolen("a", tenant="a"))
    assert app.test_client().get("/", headers=headers).status_code == 503


class Swapped(TenantKeys):
    def signing_key_for(self, subject: str, claims: Mapping[str, Any]) -> Key | None:
        return KEYS["a"]


def test_nothing_is_signed_by_a_key_that_may_not(make_app: Any) -> None:
    app, jwt = make_app(manager={"keys": Swapped()}, secret_key=None)
    with app.app_context():
        with pytest.raises(IssueError, match="may_sign refuses these claims to <Key HS256"):
            jwt.issue("u1", claims={"tenant": "b"})
        with pytest.raises(IssueError):
            jwt.login("u1", claims={"tenant": "b"})
        assert jwt.verify(jwt.issue("u1", claims={"tenant": "a"})).key_id == "a"


class Careless(KeyRing):
    """A ring whose keys belong to somebody, and which does not say what they may sign."""

    def signing_key_for(self, subject: str, claims: Mapping[str, Any]) -> Key | None:
        return KEYS["a"]


class Sneaky(Careless):
    def __init__(self) -> None:
        """Make nothing: the base would notice."""


class Awaited(TenantKeys):
    async def may_sign(self, key: Key, claims: Mapping[str, Any]) -> bool:  # type: ignore[override]
        return True


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(lambda: Careless(KEYS["a"]), "define may_sign", id="the ring"),
        pytest.param(lambda: Verifier(ring=Sneaky()), "define may_sign", id="the verifier"),
        pytest.param(lambda: Signer(Sneaky()), "define may_sign", id="the signer"),
        pytest.param(lambda: Awaited(), "plain function", id="an async one"),
    ],
)
def test_a_ring_has_to_say_what_its_keys_may_sign(make: Any, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        make()


class Rotated(KeyRing):
    """All keys are ours; the older ones are looked up."""

    def find(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        return (KEYS["a"],) if key_id == "a" else super().find(algorithm, key_id)


class Asked(Rotated):
    """The keys that are looked up are somebody else's."""

    def may_sign(self, key: Key, claims: Mapping[str, Any]) -> bool:
        return key is self.signing_key or claims.get("tenant") == key.key_id


def test_a_ring_of_one_owner_has_nothing_to_say() -> None:
    keys = Rotated(Key(SECRET, "HS256"))
    found = Verifier(ring=keys, clock=StandingClock(NOW))

    assert keys.may_sign(KEYS["a"], {"tenant": "b"}) is True
    assert found.verify(stolen("a", tenant="b"), kinds=None).key_id == "a"


def test_a_ring_that_only_looks_up_may_be_asked_too() -> None:
    found = Verifier(ring=Asked(Key(SECRET, "HS256")), clock=StandingClock(NOW))

    assert found.verify(stolen("a", tenant="a"), kinds=None).key_id == "a"
    with pytest.raises(InvalidTokenError):
        found.verify(stolen("a", tenant="b"), kinds=None)
