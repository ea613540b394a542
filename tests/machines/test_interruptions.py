"""Whatever breaks between two steps of a verb, doing it again leaves nothing half done (REF-7)."""

from __future__ import annotations

import inspect
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest
from flask import Flask

from jwtpolicy import (
    JWTManager,
    NotRevoked,
    Refresh,
    SingleUse,
    TokenKind,
    TokenPair,
    protect,
)
from jwtpolicy.exceptions import InvalidTokenError, StoreUnavailableError
from jwtpolicy.stores import MemoryStore, TokenStore
from jwtpolicy.stores.opening import open_store
from tests.support.applications import SECRET
from tests.support.requests import bearer

ISSUERS = ["https://new.example", "https://old.example"]
STORES = ["memory", "sqlite", "redis", "postgres", "mariadb"]


class Interrupted:
    """A store whose so-manieth call breaks: before anything was done, or when the answer is due."""

    def __init__(self, store: TokenStore) -> None:
        self.store = store
        self.calls = 0
        self.breaks_at: int | None = None
        self.is_done_first = False

    @property  # type: ignore[misc] # as proxies do
    def __class__(self) -> type:
        return type(self.store)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.store, name)
        is_step = inspect.ismethod(found) and not name.endswith("session_id")
        return self._breaking(found) if is_step else found

    def break_at(self, step: int, is_done_first: bool) -> None:
        """Let the so-manieth call from now on break."""
        self.breaks_at, self.is_done_first = self.calls + step, is_done_first

    def mend(self) -> None:
        """Let no further call break."""
        self.breaks_at = None

    def _breaking(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            is_broken = self.calls == self.breaks_at
            if is_broken and not self.is_done_first:
                raise StoreUnavailableError
            found = method(*args, **kwargs)
            if is_broken:
                raise StoreUnavailableError
            return found

        return call


class World:
    """Two users with sessions, and what can be seen of them."""

    def __init__(self, store: TokenStore) -> None:
        self.store = Interrupted(store)
        self.app = Flask("tests.interrupted")
        self.app.config.update(
            TESTING=True,
            JWT_SECRET_KEY=SECRET,
            JWT_ENCODE_ISSUER=ISSUERS[0],
            JWT_DECODE_ISSUER=ISSUERS,
        )
        self.jwt: JWTManager[Any] = JWTManager(self.app, store=self.store)  # type: ignore[arg-type]
        self.app.add_url_rule("/do", "do", self._do, methods=["POST"])
        self.app.get("/me", endpoint="me")(protect()(lambda: "in"))
        once = protect(TokenKind("once") & SingleUse())
        self.app.post("/once", endpoint="once")(once(lambda: "in"))
        self.verb: Callable[[World], Any] = lambda world: None
        self.ada, self.bob = secrets.token_hex(8), secrets.token_hex(8)
        with self.app.app_context():
            self.pairs = [self.jwt.login(self.ada) for _ in range(3)]
            self.bobs = self.jwt.login(self.bob)
            self.single = self.jwt.issue(self.ada, "once", expires_in=600)
            self.loose = self.jwt.issue(self.ada)
        self.foreign = foreign(self.ada)
        self.result: Any = None

    @protect()
    def _do(self) -> str:
        self.result = self.verb(self)
        return "done"

    def do(self, verb: Callable[[World], Any]) -> int:
        """Do *verb* in a request of ada's first session, and return the status."""
        self.verb = verb
        headers = bearer(self.pairs[0].access_token)
        return int(self.app.test_client().post("/do", headers=headers).status_code)

    def passes(self, token: str | None) -> bool:
        client = self.app.test_client()
        return bool(client.get("/me", headers=bearer(str(token))).status_code == 200)

    def refreshes(self, token: str | None) -> bool:
        with self.app.app_context():
            try:
                return bool(self.jwt.refresh(str(token)).access_token)
            except InvalidTokenError:
                return False

    def seen(self) -> dict[str, Any]:
        """Return what anybody can see of the sessions and tokens, in this order."""
        with self.app.app_context():
            sessions = [len(self.jwt.sessions(user)) for user in (self.ada, self.bob)]
            is_single_good = bool(self.jwt.explain(NotRevoked(), self.single))
        return {
            "sessions": sessions,
            "access": [self.passes(pair.access_token) for pair in (*self.pairs, self.bobs)],
            "loose": self.passes(self.loose),
            "single": is_single_good,
            "result": self.result if self.result is None else self._of_result(),
            "refresh": [self.refreshes(pair.refresh_token) for pair in (*self.pairs, self.bobs)],
            "foreign": self.refreshes(self.foreign),
            "at last": [len(self._live(user)) for user in (self.ada, self.bob)],
        }

    def _of_result(self) -> Any:
        """Return what the tokens are worth that the verb made."""
        pair = (self.result, self.result)
        if isinstance(self.result, TokenPair):
            pair = (self.result.access_token, str(self.result.refresh_token))
        return self.passes(pair[0]), self.refreshes(pair[1])

    def _live(self, user: str) -> Any:
        with self.app.app_context():
            return self.jwt.sessions(user)


def foreign(subject: str) -> str:
    """Return a refresh token without a session, as Flask-JWT-Extended makes them."""
    claims = {"sub": subject, "type": "refresh", "jti": secrets.token_hex(8), "iss": ISSUERS[0]}
    now = int(time.time())
    return pyjwt.encode(claims | {"iat": now - 60, "exp": now + 86_400}, SECRET)


def use_once(world: World) -> None:
    client = world.app.test_client()
    status = client.post("/once", headers=bearer(world.single)).status_code
    if status == 503:
        raise StoreUnavailableError


def revoke_adopted(world: World) -> None:
    world.jwt.revoke(world.foreign)


def void(call: Callable[[World], Any]) -> Callable[[World], None]:
    """Return a verb whose result says nothing."""

    def verb(world: World) -> None:
        call(world)

    return verb


#: What each verb does; all of it is done again after an interruption.
VERBS: dict[str, Callable[[World], Any]] = {
    "refresh": lambda w: w.jwt.refresh(w.pairs[1].refresh_token),
    "adopt": lambda w: w.jwt.refresh(w.foreign),
    "step_up": lambda w: w.jwt.step_up(w.ada),
    "issue for a session": lambda w: w.jwt.issue(w.ada, session=w.pairs[1].session_id),
    "issue a refresh token": lambda w: w.jwt.issue(w.ada, "refresh", session=w.pairs[1].session_id),
    "renewed": lambda w: w.jwt.renewed(w.jwt.verify(w.pairs[1].access_token)),
    "revoke an access token": void(lambda w: w.jwt.revoke(w.loose)),
    "revoke a refresh token": void(lambda w: w.jwt.revoke(w.pairs[1].refresh_token)),
    "revoke a foreign token": void(revoke_adopted),
    "revoke_session": void(lambda w: w.jwt.revoke_session(w.pairs[1].session_id)),
    "revoke_subject": void(lambda w: w.jwt.revoke_subject(w.bob)),
    "revoke_other_sessions": void(lambda w: w.jwt.revoke_other_sessions()),
    "logout": void(lambda w: w.jwt.logout()),
    "single use": void(use_once),
}


#: How the second try is answered: whose logout was done, and only not answered, is out.
AGAIN: dict[str, set[int]] = {"logout": {200, 401}}


@pytest.fixture(params=STORES)
def make_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], World]]:
    with opened(request, tmp_path) as store:
        yield lambda: World(store)


@contextmanager
def opened(request: Any, tmp_path: Any) -> Iterator[TokenStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    url = request.getfixturevalue("url_of")(request.param)
    store = open_store(url, instance_path=tmp_path)
    assert store is not None
    yield store
    store.close()


@pytest.mark.parametrize("name", VERBS)
def test_after_a_retry_all_is_as_without_the_interruption(
    make_world: Callable[[], World], name: str
) -> None:
    """K7."""
    whole = make_world()
    began = whole.store.calls
    assert whole.do(VERBS[name]) == 200
    steps, expected = whole.store.calls - began, whole.seen()

    for step in range(1, steps + 1):
        for is_done_first in (False, True):
            world = make_world()
            world.store.break_at(step, is_done_first)
            assert world.do(VERBS[name]) == 503, (step, is_done_first)
            world.store.mend()
            assert world.do(VERBS[name]) in AGAIN.get(name, {200}), (step, is_done_first)
            assert world.seen() == expected, (step, is_done_first)


@pytest.mark.parametrize("is_done_first", [False, True])
def test_a_login_that_is_retried_may_list_one_session_more(
    make_world: Callable[[], World], is_done_first: bool
) -> None:
    """Its tokens reached nobody: it idles away."""
    world = make_world()
    world.store.break_at(1, is_done_first)
    with world.app.app_context():
        with pytest.raises(StoreUnavailableError):
            world.jwt.login(world.ada)
        world.store.mend()
        pair = world.jwt.login(world.ada)

    assert world.passes(pair.access_token)
    assert len(world._live(world.ada)) == (5 if is_done_first else 4)


def test_who_exchanges_refresh_tokens_at_a_view_is_told_to_try_again(
    make_world: Callable[[], World],
) -> None:
    """RFC 9110 section 15.6.4: and the second time gets one pair, whatever was done the first."""
    world = make_world()
    guarded = protect(Refresh())(lambda: world.jwt.refresh(world.pairs[1].refresh_token))
    world.app.post("/refresh")(lambda: guarded().as_response())
    client, headers = world.app.test_client(), bearer(str(world.pairs[1].refresh_token))
    client.get("/me")
    for step in (1, 2, 3, 4):
        world.store.break_at(step, is_done_first=True)
        assert client.post("/refresh", headers=headers).status_code == 503
    world.store.mend()
    first, again = (client.post("/refresh", headers=headers) for _ in range(2))

    assert (first.status_code, first.data) == (200, again.data)
