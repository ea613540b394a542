"""The introspection endpoint of RFC 7662."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy import HasScope, NotRevoked, policy
from jwtpolicy.endpoints import IntrospectionView, auth_blueprint
from jwtpolicy.exceptions import ConfigurationError, StoreUnavailableError
from jwtpolicy.stores import MemoryStore
from tests.support.endpoints import CLIENT_SECRET, access_of, log_in
from tests.support.requests import bearer

AUTH = {"auth": ("gateway", CLIENT_SECRET)}
INACTIVE = {"active": False}


def introspect(site: Any, token: str, **arguments: Any) -> Any:
    return site.post("/auth/introspect", data={"token": token}, **(arguments or AUTH))


def test_an_active_token_is_described(site: Any) -> None:
    """REV-3, HTTP-9, RFC 7662 section 2.2."""
    answer = introspect(site, log_in(site)["access_token"])

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {
        "active": True,
        "token_type": "Bearer",
        "sub": "ada",
        "jti": answer.json["jti"],
        "iat": 1_800_000_000,
        "nbf": 1_800_000_000,
        "exp": 1_800_000_900,
        "auth_time": 1_800_000_000,
    }


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"auth": ("gateway", "wrong")}, id="a wrong secret"),
        pytest.param({"auth": ("stranger", CLIENT_SECRET)}, id="a stranger"),
        pytest.param({"auth": None}, id="nobody"),
    ],
)
def test_strangers_are_told_nothing(site: Any, arguments: Any) -> None:
    """REV-3, RFC 7662 section 2.1."""
    token = log_in(site)["access_token"]

    answer = introspect(site, token, **arguments)

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="api"'
    assert introspect(site, token).json["active"] is True


def test_a_users_token_opens_nothing(site: Any) -> None:
    """REV-3: otherwise whoever stole one could ask about others."""
    pair = log_in(site)

    assert introspect(site, pair["access_token"], headers=access_of(pair)).status_code == 401


def issued(site: Any, user: str = "ada", **arguments: Any) -> str:
    jwt = site.application.extensions["jwtpolicy"].manager
    with site.application.app_context():
        encoded: str = jwt.issue(user, **arguments)
    return encoded


@pytest.mark.parametrize("token", ["x", "a.b.c", "\u00e9", "x" * 20_000])
def test_what_is_no_token_is_inactive(site: Any, token: str) -> None:
    """REV-3: exactly this."""
    answer = introspect(site, token)

    assert (answer.status_code, answer.json) == (200, INACTIVE)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_forged_token_is_inactive(site: Any) -> None:
    """REV-3: the signature."""
    token = issued(site)
    forged = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")

    assert introspect(site, forged).json == INACTIVE
    assert introspect(site, token).json["active"] is True


def test_an_expired_token_is_inactive(site: Any, clock: Any) -> None:
    """REV-3: ``exp``."""
    token = issued(site, expires_in=60)
    clock.advance(59)
    assert introspect(site, token).json["active"] is True
    clock.advance(1)

    assert introspect(site, token).json == INACTIVE


def test_a_token_of_the_future_is_inactive(site: Any, clock: Any) -> None:
    """REV-3: ``nbf``."""
    clock.advance(60)
    token = issued(site)
    clock.advance(-60)
    assert introspect(site, token).json == INACTIVE
    clock.advance(60)

    assert introspect(site, token).json["active"] is True


def test_a_revoked_token_is_inactive(site: Any) -> None:
    """REV-3: revocation."""
    pair = log_in(site)
    assert introspect(site, pair["access_token"]).json["active"] is True
    site.post("/auth/logout", headers=access_of(pair))

    assert introspect(site, pair["access_token"]).json == INACTIVE


def test_a_token_for_somebody_else_is_inactive(mount: Any) -> None:
    """REV-3: the audience."""
    site = mount(encode_audience="https://here.example")

    both = issued(site, audience=("https://here.example", "https://there.example"))
    assert introspect(site, both).json["active"] is True
    other = mount(encode_audience="https://there.example")
    assert introspect(site, issued(other)).json == INACTIVE
    assert introspect(other, issued(other)).json["active"] is True


def test_a_refresh_token_is_nothing_to_let_in(site: Any, mount: Any) -> None:
    """A service that takes what is active for an access token would."""
    pair = log_in(site)
    assert introspect(site, pair["refresh_token"]).json == INACTIVE

    class Introspect(IntrospectionView):
        clients = {"gateway": CLIENT_SECRET}  # noqa: RUF012
        kinds = frozenset({"access", "refresh"})

    wide = mount({"views": {"introspect": Introspect}})
    told = introspect(wide, log_in(wide)["refresh_token"]).json
    assert told["active"] is True
    assert "token_type" not in told


def test_an_unknown_user_is_inactive(mount: Any) -> None:
    """The baseline counts."""
    site = mount()
    jwt = site.application.extensions["jwtpolicy"].manager
    jwt.user_loader(lambda token: token.subject if token.subject == "ada" else None)

    assert introspect(site, issued(site, "ada")).json["active"] is True
    assert introspect(site, issued(site, "bob")).json == INACTIVE


def test_the_baseline_may_ask_more(make_app: Any) -> None:
    app, _ = make_app({"baseline": NotRevoked() & HasScope("a")})
    app.register_blueprint(
        auth_blueprint(endpoints=["introspect"], clients={"gateway": CLIENT_SECRET})
    )
    site = app.test_client()

    assert introspect(site, issued(site, scope="a")).json["active"] is True
    assert introspect(site, issued(site)).json == INACTIVE


@pytest.mark.parametrize("store", ["memory://", "none"])
def test_without_a_baseline_the_store_is_asked_where_there_is_one(
    make_app: Any, store: str
) -> None:
    """REV-3."""
    app, jwt = make_app({"baseline": None}, store_url=store)
    app.register_blueprint(
        auth_blueprint(endpoints=["introspect"], clients={"gateway": CLIENT_SECRET})
    )
    site = app.test_client()
    token = issued(site)
    assert introspect(site, token).json["active"] is True

    if store != "none":
        with app.app_context():
            jwt.revoke(token)
        assert introspect(site, token).json == INACTIVE


class Broken(MemoryStore):
    """A store that cannot be asked."""

    def standing(self, *args: Any, **kwargs: Any) -> Any:
        raise StoreUnavailableError


def test_a_store_that_is_down_says_nothing_of_the_token(make_app: Any) -> None:
    """REV-3, HTTP-11: neither active nor inactive."""
    app, _ = make_app({"store": Broken()})
    app.register_blueprint(
        auth_blueprint(endpoints=["introspect"], clients={"gateway": CLIENT_SECRET})
    )
    site = app.test_client()

    assert introspect(site, issued(site)).status_code == 503


@pytest.mark.parametrize("data", [{}, {"token": ""}, {"token": ["a", "b"]}])
def test_a_request_without_one_token_is_malformed(site: Any, data: Any) -> None:
    answer = site.post("/auth/introspect", data=data, **AUTH)

    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_services_can_come_with_tokens(mount: Any) -> None:
    """REV-3: the policy of the endpoint is the application's."""

    class Introspect(IntrospectionView):
        policies = HasScope("introspect")

        def is_allowed(self) -> bool:
            return True

    site = mount({"views": {"introspect": Introspect}})
    token = issued(site)
    service = bearer(issued(site, "service", scope="introspect"))

    assert introspect(site, token, headers=service).json["active"] is True
    assert introspect(site, token, headers=bearer(token)).status_code == 403
    assert introspect(site, token, auth=("gateway", CLIENT_SECRET)).status_code == 401


def test_an_endpoint_that_nobody_may_call_is_a_mistake() -> None:
    """REV-3: closed by default."""
    with pytest.raises(ConfigurationError, match="no client may introspect"):
        auth_blueprint(endpoints=["introspect"])


def test_cookies_are_not_looked_at(mount: Any) -> None:
    site = mount(token_location=["cookies"])
    site.set_cookie("__Host-access_token", "stale", domain="localhost")

    assert introspect(site, "x").json == INACTIVE


def test_an_async_policy_of_the_baseline_is_awaited(make_app: Any) -> None:
    @policy
    async def is_ada(access: Any) -> bool:
        return bool(access.token.subject == "ada")

    app, _ = make_app({"baseline": NotRevoked() & is_ada})
    app.register_blueprint(
        auth_blueprint(endpoints=["introspect"], clients={"gateway": CLIENT_SECRET})
    )
    site = app.test_client()

    assert introspect(site, issued(site, "ada")).json["active"] is True
    assert introspect(site, issued(site, "bob")).json == INACTIVE
