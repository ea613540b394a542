"""A refused request leaves no more to the garbage collector than a bare one does."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import (
    Fresh,
    HasScope,
    JWTManager,
    OptionalToken,
    Outcome,
    Owns,
    Policy,
    Refresh,
    SingleUse,
    policy,
    protect,
)
from jwtpolicy.exceptions import RateLimitedError, StoreUnavailableError
from tests.support.applications import SECRET
from tests.support.requests import bearer


def saying(outcome: Outcome) -> Policy:
    """Return a policy that always says the same."""
    said: Policy = policy(lambda access: outcome)
    return said


@policy
def breaks(access: Any) -> bool:
    raise ValueError


@policy
def reads_claim(access: Any) -> bool:
    return bool(access.token.claims["absent"])


@policy
def loads(access: Any) -> bool:
    return access.user is not None


@policy
def waits(access: Any) -> bool:
    raise StoreUnavailableError


LEVELS: dict[str, tuple[Policy, ...]] = {
    "plain": (),
    "fresh": (Fresh(),),
    "scope": (HasScope("write"),),
    "owner": (Owns("owner"),),
    "refresh": (Refresh(),),
    "ticket": (SingleUse(),),
    "optional": (OptionalToken(ignore_invalid=True) & ~HasScope("read"),),
    "either": (Fresh() | HasScope("write"),),
    "breaks": (breaks,),
    "waits": (waits,),
    "claim": (reads_claim,),
    "user": (loads,),
    **{str(outcome): (saying(outcome),) for outcome in list(Outcome)[2:]},
}


@pytest.fixture(params=[True, False], ids=["lazy", "eager"])
def app(request: pytest.FixtureRequest) -> Flask:
    app = Flask(__name__)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, PROPAGATE_EXCEPTIONS=False)
    app.config["JWT_TOKEN_LOCATION"] = ["headers", "cookies"]
    jwt = JWTManager(app)

    @jwt.user_loader(lazy=request.param)
    def load(token: Any) -> Any:
        return None if token.subject == "nobody" else token.subject

    @app.post("/bare")
    def bare() -> tuple[str, int]:
        return "no", 401

    @app.post("/raising")
    @protect
    def raising() -> str:
        raise RateLimitedError(retry_after=3)

    for name, levels in LEVELS.items():
        view = protect(*levels, resource=lambda: None)(lambda: "yes")
        app.add_url_rule(f"/{name}", name, view, methods=["POST"])
    return app


@pytest.fixture
def nothing_else() -> Iterator[None]:
    """Let the collector look at what comes from now on alone, and only if it is told to."""
    gc.collect()
    gc.disable()
    gc.freeze()
    yield
    gc.enable()


@pytest.fixture
def left(nothing_else: None, app: Flask) -> Callable[..., int]:
    """Return what counts the objects that one request leaves to the collector."""

    def count(path: str, **sent: Any) -> int:
        for _ in range(2):
            app.test_client().post(path, **sent).close()
        gc.collect()
        app.test_client().post(path, **sent).close()
        return gc.collect()

    return count


@pytest.fixture
def presented(app: Flask) -> dict[str, dict[str, str]]:
    """Return what clients send, by its name."""
    jwt = app.extensions["jwtpolicy"].manager
    with app.app_context():
        ada, revoked = jwt.issue("ada"), jwt.issue("ada")
        jwt.revoke(revoked)
        tokens = {
            "token": ada,
            "revoked": revoked,
            "garbage": "a.b.c",
            "forged": f"{ada[:-6]}AAAAAA",
            "refresh": jwt.login("ada").refresh_token,
            "nobody": jwt.issue("nobody"),
        }
    cookies = {
        name: {"Cookie": f"__Host-access_token={tokens[name]}"} for name in ("token", "garbage")
    }
    return {
        "nothing": {},
        "malformed": {"Authorization": "Bearer"},
        "two": bearer(ada) | cookies["token"],
        **{name: bearer(token) for name, token in tokens.items()},
        **{f"{name} in a cookie": cookie for name, cookie in cookies.items()},
    }


@pytest.mark.parametrize("view", [*LEVELS, "raising"])
def test_no_refusal_leaves_more_than_a_bare_answer(
    left: Callable[..., int], presented: dict[str, dict[str, str]], view: str
) -> None:
    bare = left("/bare")

    found = {name: left(f"/{view}", headers=sent) - bare for name, sent in presented.items()}
    assert {name: more for name, more in found.items() if more > 0} == {}
