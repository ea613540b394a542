"""Seeing where one is logged in, and ending it."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy import NEVER, protect
from jwtpolicy.endpoints import SessionsView
from jwtpolicy.exceptions import NoTokenError
from jwtpolicy.stores.base import PAGE
from tests.support.cookies import csrf_of
from tests.support.endpoints import HTTPS, access_of, cookie_log_in, log_in, refresh_of
from tests.support.requests import bearer


def listed(site: Any, pair: Any) -> list[Any]:
    sessions: list[Any] = site.get("/auth/sessions", headers=access_of(pair)).json["sessions"]
    return sessions


def is_live(site: Any, pair: Any) -> bool:
    status = site.get("/me", headers=access_of(pair)).status_code
    return {200: True, 401: False}[status]


def test_users_see_their_own_sessions(site: Any, clock: Any) -> None:
    """HTTP-9: what is told of sessions stays out of caches."""
    old = log_in(site, **{"User-Agent": "curl/8"})
    log_in(site, "bob")
    clock.advance(60)
    new = log_in(site)
    answer = site.get("/auth/sessions", headers=access_of(new))
    clock.advance(1)
    site.post("/auth/refresh", headers=refresh_of(old))

    assert answer.headers["Cache-Control"] == "no-store"
    assert [session["current"] for session in answer.json["sessions"]] == [True, False]
    (_, first) = listed(site, new)
    assert first == {
        "id": first["id"],
        "created_at": "2027-01-15T08:00:00+00:00",
        "last_used_at": "2027-01-15T08:01:01+00:00",
        "expires_at": "2027-02-14T08:01:01+00:00",
        "label": "curl",
        "current": False,
    }
    assert site.get("/auth/sessions").status_code == 401


def test_an_idle_session_says_when_it_ends(mount: Any) -> None:
    site = mount(session_idle=3600)

    assert listed(site, log_in(site))[0]["expires_at"] == "2027-01-15T09:00:00+00:00"


def test_a_session_may_have_no_end(mount: Any) -> None:
    site = mount(session_absolute=None, refresh_token_expires=NEVER, require_exp=False)

    assert listed(site, log_in(site))[0]["expires_at"] is None


def test_one_session_can_be_ended(site: Any) -> None:
    phone, laptop = log_in(site), log_in(site)
    other = next(one["id"] for one in listed(site, laptop) if not one["current"])

    answer = site.delete(f"/auth/sessions/{other}", headers=access_of(laptop))

    assert answer.status_code == 204
    assert (is_live(site, phone), is_live(site, laptop)) == (False, True)


def test_a_session_beyond_the_first_page_can_be_ended(site: Any, clock: Any) -> None:
    phone = log_in(site)
    [oldest] = listed(site, phone)
    clock.advance(1)
    for _ in range(PAGE):
        laptop = log_in(site)

    assert oldest["id"] not in {one["id"] for one in listed(site, laptop)}
    answer = site.delete(f"/auth/sessions/{oldest['id']}", headers=access_of(laptop))
    assert answer.status_code == 204
    assert (is_live(site, phone), is_live(site, laptop)) == (False, True)


def test_the_session_of_somebody_else_is_unknown(site: Any) -> None:
    ada, bob = log_in(site), log_in(site, "bob")
    his = listed(site, bob)[0]["id"]

    refused = [site.delete(f"/auth/sessions/{name}", headers=access_of(ada)) for name in (his, "x")]

    assert [answer.status_code for answer in refused] == [404, 404]
    assert refused[0].data == refused[1].data
    assert is_live(site, bob)
    assert site.delete(f"/auth/sessions/{his}", headers=access_of(bob)).status_code == 204


def test_the_others_can_be_ended(site: Any) -> None:
    phone, laptop, bob = log_in(site), log_in(site), log_in(site, "bob")

    assert site.delete("/auth/sessions/others", headers=access_of(laptop)).status_code == 204

    assert [is_live(site, pair) for pair in (phone, laptop, bob)] == [False, True, True]
    assert site.post("/auth/refresh", headers=refresh_of(phone)).status_code == 401


def test_all_can_be_ended_and_a_login_in_the_same_second_works(site: Any) -> None:
    jwt = site.application.extensions["jwtpolicy"].manager
    with site.application.app_context():
        loose = jwt.issue("ada")
    phone, laptop, bob = log_in(site), log_in(site), log_in(site, "bob")

    assert site.delete("/auth/sessions", headers=access_of(laptop)).status_code == 204

    assert [is_live(site, pair) for pair in (phone, laptop, bob)] == [False, False, True]
    assert site.get("/me", headers=bearer(loose)).status_code == 401
    assert is_live(site, log_in(site))


def test_a_single_session_is_not_shown(site: Any) -> None:
    pair = log_in(site)
    own = listed(site, pair)[0]["id"]

    assert site.get(f"/auth/sessions/{own}", headers=access_of(pair)).status_code == 405


@pytest.mark.parametrize(("which", "are_left"), [("", False), ("/own", False), ("/others", True)])
def test_cookies_go_with_the_own_session(pages: Any, which: str, are_left: bool) -> None:
    """COOKIE-3, CSRF-1."""
    cookie_log_in(pages)
    own = pages.get("/auth/sessions", **HTTPS).json["sessions"][0]["id"]
    url = f"/auth/sessions{which.replace('own', own)}"

    assert pages.delete(url, **HTTPS).status_code == 403
    assert pages.delete(url, headers=csrf_of(pages), **HTTPS).status_code == 204

    assert (pages.get_cookie("__Host-access_token") is not None) is are_left
    assert (pages.get("/me", **HTTPS).status_code == 200) is are_left


def test_an_application_can_show_a_page(mount: Any) -> None:
    class Devices(SessionsView):
        def listed(self, sessions: Any) -> str:
            return ", ".join(str(one.label) for one in sessions)

        def ended(self) -> tuple[str, int]:
            return "gone", 200

        def post(self, session_id: str) -> Any:
            return self.delete(session_id)

    site = mount({"views": {"sessions": Devices}})
    pair = log_in(site, **{"User-Agent": "curl/8"})

    assert site.get("/auth/sessions", headers=access_of(pair)).text == "curl"
    assert site.post("/auth/sessions/others").status_code == 401
    assert site.post("/auth/sessions/others", headers=access_of(pair)).text == "gone"


def test_a_token_outside_of_sessions_ends_all_others(app: Any, jwt: Any, client: Any) -> None:
    app.post("/out")(protect(lambda: str(jwt.revoke_other_sessions())))
    with app.app_context():
        for _ in range(2):
            jwt.login("u1")
        headers = bearer(jwt.issue("u1"))

    assert client.post("/out", headers=headers).text == "2"
    with app.app_context():
        assert jwt.sessions("u1") == []


def test_without_a_current_token_there_are_no_others(app: Any, jwt: Any) -> None:
    with app.test_request_context(), pytest.raises(NoTokenError):
        jwt.revoke_other_sessions()


def test_sessions_that_were_opened_under_an_older_issuer_end_too(
    make_app: Any, tmp_path: Any
) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    old, old_jwt = make_app(encode_issuer="https://old.example", store_url=url)
    with old.app_context():
        pair = old_jwt.login("u1")
    issuers = ["https://old.example", "https://new.example"]
    app, jwt = make_app(encode_issuer=issuers[1], decode_issuer=issuers, store_url=url)
    app.post("/out", endpoint="out")(protect(lambda: str(jwt.revoke_other_sessions())))
    app.get("/me")(protect(lambda: "in"))
    site = app.test_client()
    with app.app_context():
        headers = bearer(jwt.login("u1").access_token)

    assert site.get("/me", headers=bearer(pair.access_token)).status_code == 200
    assert site.post("/out", headers=headers).text == "1"
    assert site.get("/me", headers=bearer(pair.access_token)).status_code == 401


def page(site: Any, pair: Any, **query: Any) -> Any:
    return site.get("/auth/sessions", headers=access_of(pair), query_string=query)


def test_a_list_is_read_page_by_page(site: Any, clock: Any) -> None:
    for _ in range(7):
        clock.advance(0.25)
        pair = log_in(site)
    whole, pages, following = listed(site, pair), [], {}
    while True:
        found = page(site, pair, limit=3, **following).json
        pages.append(found["sessions"])
        if found["next"] is None:
            break
        following = {"before": found["next"]}

    assert [len(one) for one in pages] == [3, 3, 1]
    assert [session for one in pages for session in one] == whole
    assert page(site, pair).json["next"] is None


def test_a_page_goes_on_although_its_last_session_ended(site: Any, clock: Any) -> None:
    for _ in range(4):
        clock.advance(1)
        pair = log_in(site)
    first = page(site, pair, limit=2).json
    site.delete(f"/auth/sessions/{first['sessions'][-1]['id']}", headers=access_of(pair))
    second = page(site, pair, limit=2, before=first["next"]).json

    assert len(second["sessions"]) == 2
    assert page(site, pair, before=second["next"]).json == {"sessions": [], "next": None}


ODD = ["", "0", "-1", "1.0", "1e1", "101", "1000", " 1", "+1", "\u0661", "x", "1\0", "9" * 400]
PLACES = ["", "1", "1.", ".a", "x.a", "-1.a", "1.a\0", "9" * 18 + ".a", "9" * 400 + ".a"]


@pytest.mark.parametrize(
    "query",
    [
        *({"limit": value} for value in ODD),
        *({"before": value} for value in (*PLACES, f"1.{'a' * 1025}")),
        {"limit": ["1", "1"]},
        {"before": ["1.a", "1.a"]},
    ],
    ids=repr,
)
def test_what_is_not_understood_is_400(site: Any, query: dict[str, Any]) -> None:
    pair = log_in(site)
    refused = page(site, pair, **query)

    assert (refused.status_code, refused.json["error"]) == (400, "invalid_request")
    assert f"The parameter '{next(iter(query))}' of" in refused.json["error_description"]
    assert "WWW-Authenticate" not in refused.headers
    assert page(site, pair, limit="100", before="1800000000000001.a").status_code == 200


def test_a_query_of_raw_bytes_is_400(site: Any) -> None:
    """HTTP-1: servers pass on what a client sends, and werkzeug does not decode it."""
    headers = access_of(log_in(site))
    statuses = [
        site.get("/auth/sessions", headers=headers, environ_overrides={"QUERY_STRING": query})
        for query in ("limit=\xff", "limit=9")
    ]

    assert [answer.status_code for answer in statuses] == [400, 200]


def test_the_maximum_ends_the_oldest_at_the_login(mount: Any, clock: Any) -> None:
    site, pairs = mount(session_max=2), []
    for _ in range(3):
        clock.advance(1)
        pairs.append(log_in(site))

    assert [is_live(site, pair) for pair in pairs] == [False, True, True]
    assert site.post("/auth/refresh", headers=refresh_of(pairs[0])).status_code == 401
    assert len(listed(site, pairs[2])) == 2
