"""Whatever a verified signature names is ended, by every verb and endpoint that says so.

Two machines share a store: `there` tokens were issued, and stay valid by its clock; `here` somebody
logs out, and the clock, or something else, says that the token lets nobody in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from marshmallow import fields

from jwtpolicy import ClaimSchema, OptionalToken, Refresh, current_token, protect, public
from jwtpolicy.endpoints import LogoutView, RevocationView
from jwtpolicy.exceptions import CSRFError, InvalidTokenError, NotATokenError
from jwtpolicy.sessions.revocation import ref_of
from jwtpolicy.signals import logged_out
from jwtpolicy.stores import MemoryStore
from tests.support.applications import AppAndManager, MakeApp
from tests.support.clocks import StandingClock
from tests.support.endpoints import CLIENT_SECRET, HTTPS
from tests.support.forgeries import CLAIMS, NOW, signed
from tests.support.requests import bearer

DAY = 86_400
PLACES = {
    "token_location": ["headers", "cookies", "json"],
    "cookie_secure": True,
    "refresh_cookie_path": "/",
    "access_csrf_header_name": "X-CSRF-ACCESS",
    "refresh_csrf_header_name": "X-CSRF-REFRESH",
}
COOKIES = {"access": "__Host-access_token", "refresh": "__Host-refresh_token"}


class Machine:
    """One of the machines of an application."""

    def __init__(self, made: AppAndManager, clock: StandingClock) -> None:
        self.app, self.jwt = made
        self.clock = clock
        self.app.add_url_rule("/logout", view_func=LogoutView.as_view("logout"))
        clients = {"gateway": CLIENT_SECRET}
        revocation = type("Revocation", (RevocationView,), {"clients": clients})
        self.app.add_url_rule("/revoke", view_func=revocation.as_view("revoke"))
        self.app.get("/me", endpoint="me")(protect(lambda: current_token.subject))
        self.app.get("/again", endpoint="again")(protect(Refresh())(lambda: current_token.subject))

    def log_in(self, user: Any = "u1") -> dict[str, str]:
        with self.app.app_context():
            pair = self.jwt.login(user)
        return {"access": pair.access_token, "refresh": str(pair.refresh_token)}

    def post(self, path: str, **arguments: Any) -> Any:
        return self.app.test_client(use_cookies=False).post(path, **HTTPS, **arguments)

    def statuses(self, pair: dict[str, str]) -> list[int]:
        """Return what guards answer to the tokens of a session."""
        get = self.app.test_client().get
        paths = {"access": "/me", "refresh": "/again"}
        return [get(path, headers=bearer(pair[kind])).status_code for kind, path in paths.items()]

    def csrf_of(self, token: str) -> str:
        return str(
            self.app.extensions["jwtpolicy"]
            .components.services.verifier.verify(token, kinds=None)
            .csrf
        )


@pytest.fixture
def make_machine(make_app: MakeApp) -> Callable[..., Machine]:
    store = MemoryStore()

    def make(**settings: Any) -> Machine:
        clock = StandingClock(NOW)
        return Machine(make_app({"store": store, "clock": clock}, **PLACES, **settings), clock)

    return make


@pytest.fixture
def there(make_machine: Callable[..., Machine]) -> Machine:
    return make_machine()


@pytest.fixture
def here(make_machine: Callable[..., Machine]) -> Machine:
    return make_machine()


Spoil = Callable[[Machine, str], None]


def _behind(here: Machine, token: str) -> None:
    here.clock.now = NOW - 6


def _far_behind(here: Machine, token: str) -> None:
    here.clock.now = NOW - DAY


def _later(here: Machine, token: str) -> None:
    here.clock.now = NOW + 31 * DAY


def _revoked(here: Machine, token: str) -> None:
    verified = here.app.extensions["jwtpolicy"].components.services.verifier.verify(
        token, kinds=None
    )
    store = here.app.extensions["jwtpolicy"].parts.store
    store.revoke_token(ref_of(verified), expires_at=None, now=0)


def _user_gone(here: Machine, token: str) -> None:
    here.jwt.user_loader(lambda token: None)


def _unreadable(here: Machine, token: str) -> None:
    @here.jwt.claims_for(Machine)
    class Claims(ClaimSchema):
        sub = fields.String(required=True)
        team = fields.String(required=True)


#: What keeps a token from letting anybody in `here`.
CONDITIONS = {
    "not valid yet": _behind,
    "not valid for a day": _far_behind,
    "expired": _later,
    "revoked by itself": _revoked,
    "of a user who is gone": _user_gone,
    "unreadable for the schema": _unreadable,
}


def as_header(machine: Machine, kind: str, token: str) -> dict[str, Any]:
    return {"headers": bearer(token)}


def as_json(machine: Machine, kind: str, token: str) -> dict[str, Any]:
    return {"json": {f"{kind}_token": token}}


def as_cookie(machine: Machine, kind: str, token: str) -> dict[str, Any]:
    cookie = {"Cookie": f"{COOKIES[kind]}={token}"}
    return {"headers": {**cookie, f"X-CSRF-{kind.upper()}": machine.csrf_of(token)}}


@pytest.mark.parametrize("spoil", CONDITIONS.values(), ids=CONDITIONS)
@pytest.mark.parametrize("present", [as_header, as_json, as_cookie])
@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_a_logout_ends_the_session_of_any_token_of_ours(
    here: Machine, there: Machine, kind: str, present: Any, spoil: Spoil
) -> None:
    """REV-1, K20: 204 means that the session is over, on the machine whose clock calls it valid."""
    pair, other = there.log_in(), there.log_in()
    presented = present(there, kind, pair[kind])
    spoil(here, pair[kind])

    assert here.post("/logout", **presented).status_code == 204

    assert there.statuses(pair) == [401, 401]
    assert there.statuses(other) == [200, 200]


#: Around each boundary that a guard knows, and far beyond.
MOVED = [-400 * DAY, -301, -5.05, -5, -4.95, -0.05, 0, 899.95, 900, 901, 30 * DAY, 400 * DAY]


@pytest.mark.parametrize("moved", MOVED)
@pytest.mark.parametrize("path", ["/logout", "/revoke"])
def test_an_end_asks_no_clock(here: Machine, there: Machine, path: str, moved: float) -> None:
    """REV-1: a success is one, whatever the time is."""
    pair, other = there.log_in(), there.log_in()
    here.clock.advance(moved)
    arguments: dict[str, Any] = {
        "/logout": {"headers": bearer(pair["refresh"])},
        "/revoke": {"data": {"token": pair["refresh"]}, "auth": ("gateway", CLIENT_SECRET)},
    }[path]

    assert here.post(path, **arguments).status_code < 300
    assert there.statuses(pair) == [401, 401]
    assert there.statuses(other) == [200, 200]


@pytest.mark.parametrize("spoil", [_behind, _later, _user_gone, _unreadable])
@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_a_cookie_ends_nothing_without_its_csrf_value(
    here: Machine, there: Machine, kind: str, spoil: Spoil
) -> None:
    """CSRF-1: whatever is wrong with the token."""
    pair = there.log_in()
    cookie = {"Cookie": f"{COOKIES[kind]}={pair[kind]}"}
    proof = {f"X-CSRF-{kind.upper()}": there.csrf_of(pair[kind])}
    spoil(here, pair[kind])

    refused = here.post("/logout", headers=cookie)
    assert (refused.status_code, refused.json["error"]) == (403, "csrf_failed")
    assert "Set-Cookie" not in refused.headers
    assert there.statuses(pair) == [200, 200]

    assert here.post("/logout", headers={**cookie, **proof}).status_code == 204
    assert there.statuses(pair) == [401, 401]


def by_endpoint(here: Machine, token: str) -> None:
    answer = here.post("/revoke", data={"token": token}, auth=("gateway", CLIENT_SECRET))
    assert answer.status_code == 200


def by_verb(here: Machine, token: str) -> None:
    with here.app.app_context():
        here.jwt.revoke(token)


@pytest.mark.parametrize("spoil", CONDITIONS.values(), ids=CONDITIONS)
@pytest.mark.parametrize("revoke", [by_endpoint, by_verb])
@pytest.mark.parametrize(("kind", "left"), [("access", [401, 200]), ("refresh", [401, 401])])
def test_what_was_revoked_is_refused_where_it_is_valid(
    here: Machine, there: Machine, kind: str, left: list[int], revoke: Any, spoil: Spoil
) -> None:
    """REV-1, REV-2: 200 means revoked; a refresh token takes its session along."""
    pair, other = there.log_in(), there.log_in()
    spoil(here, pair[kind])

    revoke(here, pair[kind])

    assert there.statuses(pair) == left
    assert there.statuses(other) == [200, 200]


@pytest.mark.parametrize("how", ["used", "replaced"])
def test_an_old_refresh_token_ends_its_session(here: Machine, there: Machine, how: str) -> None:
    """REF-2: its holder would think that it did."""
    pair, other = there.log_in(), there.log_in()
    with there.app.app_context():
        if how == "used":
            newer = there.jwt.refresh(pair["refresh"]).refresh_token
        else:
            session = there.jwt.verify(pair["access"]).session_id
            newer = there.jwt.issue("u1", "refresh", session=session)
    here.clock.advance(60)

    assert here.post("/logout", headers=bearer(pair["refresh"])).status_code == 204

    assert there.statuses({**pair, "refresh": str(newer)}) == [401, 401]
    assert there.statuses(other) == [200, 200]


@pytest.mark.parametrize("spoil", [_behind, _later])
def test_a_token_outside_of_sessions_is_revoked_itself(
    here: Machine, there: Machine, spoil: Spoil
) -> None:
    with there.app.app_context():
        tokens = [there.jwt.issue("u1") for _ in range(2)]
    spoil(here, tokens[0])

    assert here.post("/logout", headers=bearer(tokens[0])).status_code == 204

    get = there.app.test_client().get
    assert [get("/me", headers=bearer(token)).status_code for token in tokens] == [401, 200]


@pytest.mark.parametrize("behind", [0, 6])
def test_two_cookies_end_two_sessions(here: Machine, there: Machine, behind: int) -> None:
    """One of a session that a later login left behind."""
    old, new = there.log_in(), there.log_in()
    here.clock.advance(-behind)
    headers = {
        "Cookie": f"{COOKIES['access']}={new['access']}; {COOKIES['refresh']}={old['refresh']}",
        "X-CSRF-ACCESS": there.csrf_of(new["access"]),
        "X-CSRF-REFRESH": there.csrf_of(old["refresh"]),
    }

    assert here.post("/logout", headers=headers).status_code == 204
    assert [there.statuses(pair) for pair in (old, new)] == [[401, 401], [401, 401]]


@pytest.mark.parametrize("lacking", ["ACCESS", "REFRESH"])
def test_of_two_cookies_the_one_that_brings_its_csrf_value_ends_its_session(
    here: Machine, there: Machine, lacking: str
) -> None:
    """CSRF-1: the value of one proves nothing for the other, which a stranger may have set."""
    pairs = {"ACCESS": there.log_in(), "REFRESH": there.log_in()}
    access, refresh = pairs["ACCESS"]["access"], pairs["REFRESH"]["refresh"]
    headers = {
        "Cookie": f"{COOKIES['access']}={access}; {COOKIES['refresh']}={refresh}",
        "X-CSRF-ACCESS": there.csrf_of(access),
        "X-CSRF-REFRESH": there.csrf_of(refresh),
    }
    del headers[f"X-CSRF-{lacking}"]

    assert here.post("/logout", headers=headers).status_code == 204
    assert there.statuses(pairs.pop(lacking)) == [200, 200]
    assert there.statuses(pairs.popitem()[1]) == [401, 401]


def test_a_logout_is_announced_once_for_each_session(here: Machine, there: Machine) -> None:
    pair, sent = there.log_in(), []
    headers = {
        "Cookie": f"{COOKIES['access']}={pair['access']}; {COOKIES['refresh']}={pair['refresh']}",
        "X-CSRF-ACCESS": there.csrf_of(pair["access"]),
        "X-CSRF-REFRESH": there.csrf_of(pair["refresh"]),
    }
    _behind(here, "")
    with logged_out.connected_to(lambda _, token: sent.append(token.kind), sender=here.app):
        here.post("/logout", headers=headers)

    assert sent == ["access"]


#: What is no token of ours, with the class of the reason.
STRANGE = [
    pytest.param("a.b.c", "InvalidTokenError", id="nonsense"),
    pytest.param(signed()[:-4] + "AAAA", "InvalidTokenError", id="forged"),
    pytest.param(
        signed(claims={**CLAIMS, "iss": "https://b.example"}), "InvalidTokenError", id="a stranger"
    ),
    pytest.param(
        signed(claims={**CLAIMS, "type": "reset"}), "WrongKindError", id="of another kind"
    ),
]


@pytest.mark.parametrize(("token", "reason"), STRANGE)
@pytest.mark.parametrize("place", ["header", "cookie", "json"])
def test_a_logout_that_ends_nothing_is_logged(
    here: Machine, caplog: pytest.LogCaptureFixture, place: str, token: str, reason: str
) -> None:
    """The answer stays: logging out never fails. The log never holds the token."""
    presented: dict[str, Any] = {
        "header": {"headers": bearer(token)},
        "cookie": {"headers": {"Cookie": f"{COOKIES['refresh']}={token}"}},
        "json": {"json": {"access_token": token}},
    }[place]

    assert here.post("/logout", **presented).status_code == 204

    warnings = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert [one.name for one in warnings] == ["jwtpolicy"]
    assert reason in warnings[0].getMessage()
    assert token not in caplog.text


@pytest.mark.parametrize("behind", [0, 6])
def test_a_logout_that_ends_something_warns_of_nothing(
    here: Machine, there: Machine, caplog: pytest.LogCaptureFixture, behind: int
) -> None:
    here.clock.advance(-behind)

    assert here.post("/logout", headers=bearer(there.log_in()["access"])).status_code == 204
    assert here.post("/logout").status_code == 204
    assert "nothing was ended" not in caplog.text


@pytest.mark.parametrize(("token", "warns"), [("a.b.c", True), (signed(), False)])
def test_a_revocation_of_nothing_is_logged(
    here: Machine, caplog: pytest.LogCaptureFixture, token: str, warns: bool
) -> None:
    """RFC 7009 section 2.2: the answer is 200."""
    by_endpoint(here, token)

    assert ("nothing was ended: InvalidTokenError" in caplog.text) is warns
    assert token not in caplog.text


def add_logout(here: Machine, guard: Callable[[Any], Any], method: str = "POST") -> None:
    here.app.add_url_rule(
        "/bye", "bye", guard(lambda: here.jwt.logout().as_response()), methods=[method]
    )


@pytest.mark.parametrize("spoil", CONDITIONS.values(), ids=CONDITIONS)
def test_a_view_of_ones_own_ends_what_its_guard_overlooked(
    here: Machine, there: Machine, spoil: Spoil
) -> None:
    """The verb is the same as the ready-made view."""
    pair = there.log_in()
    add_logout(here, protect(OptionalToken(ignore_invalid=True)))
    spoil(here, pair["access"])

    assert here.post("/bye", headers=bearer(pair["access"])).status_code == 204
    assert there.statuses(pair) == [401, 401]


def test_a_view_of_ones_own_asks_for_the_csrf_value_as_its_guard_does(
    here: Machine, there: Machine
) -> None:
    """CSRF-1."""
    pair, cookie = there.log_in(), {"Cookie": ""}
    cookie["Cookie"] = f"{COOKIES['access']}={pair['access']}"
    add_logout(here, protect(OptionalToken(ignore_invalid=True)))
    here.app.post("/open", endpoint="open")(
        protect(OptionalToken(ignore_invalid=True), csrf=False)(
            lambda: here.jwt.logout().as_response()
        )
    )
    _behind(here, "")

    assert here.post("/bye", headers=cookie).status_code == 403
    assert there.statuses(pair) == [200, 200]
    assert here.post("/open", headers=cookie).status_code == 204
    assert there.statuses(pair) == [401, 401]


@pytest.mark.parametrize("guard", [public, lambda view: view], ids=["public", "unguarded"])
def test_a_view_whose_guard_reads_no_token_warns(
    here: Machine, there: Machine, caplog: pytest.LogCaptureFixture, guard: Any
) -> None:
    """It unsets cookies, and whoever has copied one goes on."""
    pair = there.log_in()
    add_logout(here, guard)

    assert here.post("/bye").status_code == 204
    assert "nothing was ended" not in caplog.text
    cookies = f"{COOKIES['access']}={pair['access']}"
    for presented in ({"Cookie": cookies}, {"Cookie": f"{cookies}; {cookies}"}):
        caplog.clear()
        assert here.post("/bye", headers=presented).status_code == 204
        assert "no guard has let the request in" in caplog.text
    assert there.statuses(pair) == [200, 200]


@pytest.mark.parametrize("how", ["an error page", "a hook"])
def test_a_logout_of_whom_no_guard_let_in_ends_nothing(
    here: Machine, there: Machine, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    """CSRF-1: any page can have a browser ask for a page that its expired cookie does not open."""
    if how == "a hook":
        here.app.before_request(lambda: [here.jwt.logout()].clear())
    else:
        here.app.register_error_handler(
            InvalidTokenError, lambda _: here.jwt.logout().as_response()
        )
    pair = there.log_in()
    _behind(here, "")

    headers = {"Cookie": f"{COOKIES['access']}={pair['access']}"}
    answer = here.app.test_client(use_cookies=False).get("/me", headers=headers, **HTTPS)
    assert answer.status_code == (401 if how == "a hook" else 204)
    assert there.statuses(pair) == [200, 200]
    assert "no guard has let the request in" in caplog.text


def test_what_an_inner_guard_let_in_is_ended_without_a_guard_of_the_endpoint(
    here: Machine, there: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    pair = there.log_in()
    inner = protect(lambda: here.jwt.logout().as_response())
    add_logout(here, lambda _: lambda: inner())

    assert here.post("/bye", headers=bearer(pair["access"])).status_code == 204
    assert there.statuses(pair) == [401, 401]
    assert "nothing was ended" not in caplog.text


def test_outside_of_requests_there_is_nothing_to_end(here: Machine) -> None:
    with here.app.app_context():
        assert here.jwt.logout().session_id is None
        with pytest.raises(NotATokenError):
            here.jwt.revoke("a.b.c")


def test_a_page_of_another_site_ends_nothing(here: Machine, there: Machine) -> None:
    """CSRF-6."""
    pair = there.log_in()
    _behind(here, "")
    presented = as_cookie(there, "access", pair["access"])
    presented["headers"]["Sec-Fetch-Site"] = "cross-site"

    assert here.post("/logout", **presented).status_code == CSRFError.code
    assert there.statuses(pair) == [200, 200]


@pytest.mark.parametrize("moved", [400, -6])
def test_the_answer_to_a_logout_never_renews_the_cookie(make_machine: Any, moved: int) -> None:
    """S17: neither where the guard let the token in, nor where it overlooked it."""
    here = make_machine(cookie_renew_within=600)
    presented = as_cookie(here, "access", here.log_in()["access"])
    here.clock.advance(moved)

    cookies = here.post("/logout", **presented).headers.getlist("Set-Cookie")
    assert cookies
    assert all("Max-Age=0" in cookie for cookie in cookies)
