"""A request that is explained goes the real way up to its view, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Blueprint, Flask, g, has_request_context, jsonify, request, session
from werkzeug.exceptions import Gone

from jwtpolicy import (
    Access,
    AccessRequest,
    Decision,
    Explanation,
    Fresh,
    HasRole,
    HasScope,
    OptionalToken,
    Owns,
    Refresh,
    Verdict,
    current_resource,
    policy,
    protect,
)
from jwtpolicy.app.bound_app import EXTENSION
from jwtpolicy.app.dry_run import DRY_RUN, DryRunOver, walk
from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.exceptions import AccessError, SetupError, StoreUnavailableError
from jwtpolicy.signals import refresh_reused
from tests.support.dry_runs import Site, ran

LISTED = "JWT_PUBLIC_ENDPOINTS lists the endpoint"
UNGUARDED = "the endpoint has neither @protect nor @public"


def sample(number: int) -> Any:
    return SimpleNamespace(owner="u1") if number == 1 else None


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture(params=["memory", "sqlite"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """Return the application with each store that can be looked into."""
    return Site(None if request.param == "memory" else f"sqlite:///{tmp_path}/tokens.db")


def test_an_explained_delete_deletes_nothing(site: Site) -> None:
    admin = site.issue("u1", claims={"roles": ["admin"]})

    told = site.explain("DELETE", "/thing", admin)

    assert (told.verdict, told.status, bool(told)) == (Verdict.ALLOWED, 200, True)
    assert site.ran == []
    assert site.send("DELETE", "/thing", admin).text == "thing"


def test_an_explained_refusal_has_what_the_client_would_get(site: Site) -> None:
    told = site.explain("GET", "/fresh", site.issue("u1"))

    answer = site.send("GET", "/fresh", site.issue("u1"))
    assert (told.verdict, told.status, bool(told)) == (Verdict.REFUSED, answer.status_code, False)
    assert told.challenge == answer.headers["WWW-Authenticate"]
    assert told.cures == ("has to authenticate again, at most 300 seconds before the request",)
    assert told.endpoint == "fresh"


def test_an_explained_use_of_a_used_refresh_token_ends_no_session(stored: Site) -> None:
    """REF-2: the real request does."""
    used, noticed = stored.used_refresh_token(), []
    refresh_reused.connect(noticed.append, stored.app)
    before = stored.written()

    told = stored.explain("POST", "/renew", used)

    assert (told.verdict, told.status) == (Verdict.REFUSED, 401)
    assert told.effects == ("the session would be ended: its refresh token was used before",)
    assert (stored.written(), noticed) == (before, [])


def test_the_real_use_of_a_used_refresh_token_ends_its_session(stored: Site) -> None:
    used = stored.used_refresh_token()
    before = stored.written()

    assert stored.send("POST", "/renew", used).status_code == 401

    assert stored.written() != before


def test_a_single_use_token_is_as_good_as_before(stored: Site) -> None:
    token = stored.issue("u1")
    stored.used_refresh_token()
    before = stored.written()

    told = stored.explain("GET", "/once", token)

    assert told.verdict is Verdict.ALLOWED
    assert told.effects == ("the single-use token would be used up",)
    assert stored.written() == before
    assert [stored.send("GET", "/once", token).status_code for _ in range(2)] == [200, 401]


def test_a_single_use_token_that_was_used_is_refused(site: Site) -> None:
    token = site.issue("u1")
    site.send("GET", "/once", token)

    told = site.explain("GET", "/once", token)

    assert (told.verdict, told.status, told.effects) == (Verdict.REFUSED, 401, ())


def test_head_leaves_a_single_use_token_to_get_in_a_dry_run_too(site: Site) -> None:
    told = site.explain("HEAD", "/once", site.issue("u1"))

    assert (told.verdict, told.status, told.effects) == (Verdict.ANSWERED, 200, ())
    assert "HEAD" in told.reason


def test_consume_in_a_hook_uses_nothing_up(site: Site) -> None:
    jwt, token = site.jwt, site.issue("u1")

    @site.app.before_request
    def uses_up() -> None:
        if request.endpoint == "thing":
            jwt.enforce(Access())
            jwt.consume()

    told = site.explain("DELETE", "/thing", token)

    assert told.effects == ("the single-use token would be used up",)
    assert site.explain("GET", "/once", token)


@pytest.mark.parametrize("debug", [False, True])
def test_an_explained_refusal_is_no_line_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture, debug: bool
) -> None:
    caplog.set_level(logging.DEBUG, "jwtpolicy")
    site.app.debug = debug

    assert not site.explain("GET", "/fresh")
    assert not site.explain("GET", "/fresh", "no token")

    assert caplog.records == []


def test_the_same_refusal_of_a_real_request_is_logged(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "jwtpolicy")

    site.send("GET", "/fresh")

    assert len(caplog.records) == 1


def test_no_hook_after_the_request_runs_and_no_session_is_saved(site: Site) -> None:
    site.app.after_request(lambda response: ran("after") and response)

    @site.app.before_request
    def writes() -> None:
        session["seen"] = True

    assert site.explain("GET", "/open")

    assert site.ran == []


def test_a_sliding_cookie_is_not_renewed() -> None:
    site = Site(JWT_TOKEN_LOCATION=["cookies"], JWT_COOKIE_RENEW_WITHIN=600)
    with site.app.app_context():
        token = site.jwt.login("u1").access_token
    site.clock.advance(600)
    before = site.written()

    told = site.explain("GET", "/maybe", token)

    assert (told.verdict, site.written()) == (Verdict.ALLOWED, before)
    assert told.effects == ("a new access cookie would be set, because the present one ends soon",)


def test_teardown_functions_are_told_not_to_commit(site: Site) -> None:
    told: list[Any] = []
    site.app.teardown_request(told.append)
    site.app.teardown_appcontext(told.append)

    site.explain("GET", "/open")

    assert [type(error) for error in told[:2]] == [DryRunOver, DryRunOver]


def test_the_walk_shares_no_g_with_who_asks_for_it(site: Site) -> None:
    site.app.before_request(lambda: g.setdefault("mine", "not here") and None)
    with site.app.app_context():
        site.jwt.explain("GET", "/open")

        assert "mine" not in g


def test_a_hook_of_the_application_answers_first(site: Site) -> None:
    site.app.before_request(lambda: ("closed for today", 503))

    told = site.explain("GET", "/fresh")

    assert (told.verdict, told.status) == (Verdict.ANSWERED, 503)
    assert told.decision is None


def test_the_hooks_that_may_have_answered_are_named(site: Site) -> None:
    def closed() -> Any:
        return "closed for today", 503

    site.app.before_request(closed)
    site.app.before_request(partial(closed))

    told = site.explain("GET", "/fresh")

    reason = "one of these before_request hooks answers: "
    assert told.reason.startswith(f"{reason}{__name__}.{closed.__qualname__}, functools.partial")


@pytest.mark.parametrize(
    ("roles", "notes"), [(["director"], 1), ([], 0)], ids=["not loaded", "loaded"]
)
@pytest.mark.parametrize("path", ["/samples/1", "/samples/2"])
def test_a_resource_that_the_decision_leaves_to_the_view_is_noted(
    site: Site, path: str, roles: list[str], notes: int
) -> None:
    guard = protect(Owns("owner") | HasRole("director"), resource=sample)
    view = guard(lambda number: current_resource.owner)
    site.app.add_url_rule("/samples/<int:number>", "sample", view)
    director = site.issue("u1", claims={"roles": roles})

    told = site.explain("GET", path, director)

    assert len(told.notes) == ("current_resource" in told.text()) == notes
    assert site.send("GET", path, director).status_code == (200 if path.endswith("1") else 404)


def test_where_the_view_has_no_resource_nothing_is_noted(site: Site) -> None:
    told = site.explain("DELETE", "/thing", site.issue("u1", claims={"roles": ["admin"]}))

    assert (told.verdict, told.notes) == (Verdict.ALLOWED, ())


def test_a_token_in_the_wrong_place_is_named_as_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "jwtpolicy")
    headers = {"X-Access-Token": site.issue("u1")}

    told = site.explain("GET", "/fresh", headers=headers)

    site.app.test_client().get("/fresh", headers=headers)
    assert told.reason.startswith("a token was sent in the header X-Access-Token, which this")
    assert told.reason in caplog.text
    assert f"({told.reason})" in told.decision.explain()
    assert "no token was sent" not in told.text()


def test_alternatives_are_told_apart_from_what_is_asked_for_together(site: Site) -> None:
    either = protect(Fresh(acr="mfa") | HasScope("all"))
    site.app.add_url_rule("/either", "either", either(lambda: ""))

    text = site.explain("GET", "/either", site.issue("u1")).text()

    assert "\nthe client: has to authenticate again with acr 'mfa'\nor:         has to get" in text


def test_a_hook_can_see_that_the_request_is_only_explained(site: Site) -> None:
    seen: list[bool] = []
    site.app.before_request(lambda: seen.append(DRY_RUN in request.environ))

    site.explain("GET", "/open")
    site.send("GET", "/open")

    assert seen == [True, False]


@pytest.mark.parametrize(
    ("error", "status"), [(Gone(), 410), (KeyError("x"), 500)], ids=["http", "other"]
)
def test_what_a_hook_raises_answers_first(site: Site, error: Exception, status: int) -> None:
    @site.app.before_request
    def raises() -> None:
        raise error

    told = site.explain("GET", "/open")

    assert (told.verdict, told.status) == (Verdict.ANSWERED, status)
    assert type(error).__name__ in told.reason


def test_a_session_that_cannot_be_opened_is_answered_with_500(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*args: Any) -> Any:
        raise LookupError("no such session")

    monkeypatch.setattr(type(site.app.session_interface), "open_session", lost)

    told = site.explain("GET", "/open")

    assert (told.verdict, told.status) == (Verdict.ANSWERED, 500)
    assert not has_request_context()


def test_a_hook_that_refuses_is_a_refusal(site: Site) -> None:
    site.app.before_request(lambda: site.jwt.enforce(HasRole("admin")))

    told = site.explain("GET", "/open", site.issue("u1", claims={"roles": []}))

    assert (told.verdict, told.status) == (Verdict.REFUSED, 403)


def test_the_status_is_that_of_the_applications_own_answer(site: Site) -> None:
    site.app.register_error_handler(AccessError, lambda error: ("teapot", 418))

    told = site.explain("GET", "/fresh")

    assert told.status == site.send("GET", "/fresh").status_code == 418


def test_a_handler_that_fails_is_answered_with_500(site: Site) -> None:
    site.app.register_error_handler(AccessError, lambda error: 1 / 0)

    told = site.explain("GET", "/fresh")

    assert told.status == site.send("GET", "/fresh").status_code == 500


@pytest.mark.parametrize(
    ("method", "path", "verdict", "status", "reason"),
    [
        ("GET", "/nowhere", Verdict.NOT_FOUND, 404, ""),
        ("POST", "/open", Verdict.METHOD_NOT_ALLOWED, 405, "it takes GET, HEAD, OPTIONS"),
        ("GET", "/slash", Verdict.REDIRECT, 308, "to http://localhost/slash/"),
        ("OPTIONS", "/fresh", Verdict.AUTOMATIC, 200, ""),
        ("HEAD", "/open", Verdict.OPEN, 200, UNGUARDED),
        ("GET", "/public", Verdict.OPEN, 200, ""),
        ("GET", "/static/style.css", Verdict.OPEN, 200, LISTED),
        ("get", "/maybe", Verdict.ALLOWED, 200, ""),
        ("HEAD", "/maybe", Verdict.ALLOWED, 200, ""),
        ("BREW", "/open", Verdict.METHOD_NOT_ALLOWED, 405, "it takes GET, HEAD, OPTIONS"),
    ],
)
def test_where_no_guard_refuses_the_verdict_says_what_happens(
    site: Site, method: str, path: str, verdict: Verdict, status: int, reason: str
) -> None:
    told = site.explain(method, path)

    assert (told.verdict, told.status, told.reason) == (verdict, status, reason)
    assert site.ran == []


def test_a_page_of_the_application_for_unknown_paths_counts(site: Site) -> None:
    site.app.register_error_handler(404, lambda error: ("the single page", 200))

    told = site.explain("GET", "/nowhere")

    assert (told.verdict, told.status) == (Verdict.NOT_FOUND, 200)


def test_a_host_that_is_not_trusted_is_answered_before_any_rule(site: Site) -> None:
    if "TRUSTED_HOSTS" not in site.app.config:
        pytest.skip("before Flask 3.1 there is no such setting")
    site.app.config["TRUSTED_HOSTS"] = ["example.com"]

    told = site.explain("GET", "/open", base_url="http://example.org")

    assert (told.verdict, told.status) == (Verdict.ANSWERED, 400)


@pytest.mark.parametrize(
    ("note", "user", "verdict", "status"),
    [
        (1, "u1", Verdict.ALLOWED, 200),
        (1, "u2", Verdict.REFUSED, 403),
        (2, "u1", Verdict.REFUSED, 404),
        (3, "u1", Verdict.ANSWERED, 500),
    ],
    ids=["owner", "other", "none", "raises"],
)
def test_the_resource_is_loaded_as_for_the_real_request(
    site: Site, note: int, user: str, verdict: Verdict, status: int
) -> None:
    token = site.issue(user)

    told = site.explain("GET", f"/notes/{note}", token)

    assert (told.verdict, told.status) == (verdict, status)
    assert site.send("GET", f"/notes/{note}", token).status_code == status


def _gone(token: Any) -> Any:
    raise Gone


def _fails(token: Any) -> Any:
    raise LookupError(token.subject)


@pytest.mark.parametrize(
    ("loader", "verdict", "status"),
    [
        (lambda token: SimpleNamespace(), Verdict.ALLOWED, 200),
        (lambda token: None, Verdict.REFUSED, 401),
        (_gone, Verdict.ANSWERED, 410),
        (_fails, Verdict.REFUSED, 503),
    ],
    ids=["knows", "knows not", "answers", "raises"],
)
def test_users_are_loaded_as_for_the_real_request(
    site: Site, loader: Callable[[Any], Any], verdict: Verdict, status: int
) -> None:
    site.jwt.user_loader(loader)
    token = site.issue("u1")

    told = site.explain("GET", "/maybe", token)

    assert (told.verdict, told.status) == (verdict, status)
    assert site.send("GET", "/maybe", token).status_code == status


def test_a_store_that_is_down_is_explained(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    token, store = site.issue("u1"), site.app.extensions[EXTENSION].parts.store

    def down(*args: Any, **kwargs: Any) -> Any:
        raise StoreUnavailableError("the disk is full")

    monkeypatch.setattr(type(store), "standing", down)
    told = site.explain("GET", "/maybe", token)

    assert (told.verdict, told.status, told.reason) == (Verdict.REFUSED, 503, "the disk is full")
    assert told.cures == ("can try again later, in 5 seconds",)


@pytest.mark.parametrize("path", ["/waiting", "/mixed"])
def test_async_views_and_policies_are_waited_for(site: Site, path: str) -> None:
    assert site.explain("GET", path, site.issue("u1")).verdict is Verdict.ALLOWED
    assert site.explain("GET", path).verdict is Verdict.REFUSED


def test_an_async_user_loader_is_waited_for(site: Site) -> None:
    @site.jwt.user_loader
    async def load(token: Any) -> Any:
        return {"u1": SimpleNamespace()}.get(token.subject)

    assert site.explain("GET", "/waiting", site.issue("u1")).verdict is Verdict.ALLOWED
    assert site.explain("GET", "/waiting", site.issue("u2")).status == 401


@pytest.mark.parametrize("path", ["/waiting", "/mixed"])
def test_in_a_running_loop_it_is_said_that_nobody_can_wait(site: Site, path: str) -> None:
    async def asking() -> Any:
        return site.explain("GET", path)

    with pytest.raises(SetupError, match=r"asyncio.to_thread"):
        asyncio.run(asking())


def test_in_a_running_loop_what_is_not_async_is_explained(site: Site) -> None:
    async def asking() -> Any:
        return site.explain("GET", "/fresh"), await asyncio.to_thread(
            site.explain, "GET", "/waiting"
        )

    assert [told.status for told in asyncio.run(asking())] == [401, 401]


def test_an_async_hook_is_waited_for_but_not_in_a_running_loop(site: Site) -> None:
    @site.app.before_request
    async def closed() -> Any:
        return "closed", 503

    async def asking() -> Any:
        return site.explain("GET", "/open")

    assert site.explain("GET", "/open").status == 503
    with pytest.raises(SetupError, match="a before_request hook is async"):
        asyncio.run(asking())


def test_an_application_that_cannot_start_says_so_to_the_caller(site: Site) -> None:
    site.app.add_url_rule("/bad", "bad", protect(Refresh())(protect(Access())(lambda: "")))

    with pytest.raises(SetupError, match="no token can pass"):
        site.explain("GET", "/open")


def test_an_application_without_a_manager_says_so_to_the_caller() -> None:
    with pytest.raises(SetupError, match="has no JWTManager"):
        walk(Flask("bare"), {})


@pytest.mark.parametrize("allowed", [True, False])
def test_nested_blueprints_are_asked(site: Site, allowed: bool) -> None:
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    inner.add_url_rule("/deep", "deep", lambda: ran("deep"))
    site.jwt.protect_blueprint(outer, HasRole("admin"))
    outer.register_blueprint(inner)
    site.app.register_blueprint(outer)

    told = site.explain("GET", "/deep", site.issue("u1", claims={"roles": ["admin"] * allowed}))

    assert told.verdict is (Verdict.ALLOWED if allowed else Verdict.REFUSED)
    assert isinstance(told.decision, Decision)
    assert [level.source for level in told.levels] == ["baseline", "default", "blueprint"]


def test_an_endpoint_that_default_deny_closes_is_refused() -> None:
    site = Site(JWT_DEFAULT_DENY=True)

    told = site.explain("GET", "/open")
    assert (told.status, told.error.error) == (403, "access_denied")
    assert told.cures == ("can do nothing: the endpoint lacks @protect or @public",)
    assert site.explain("GET", "/public").verdict is Verdict.OPEN
    assert site.explain("GET", "/static/style.css").verdict is Verdict.OPEN


def test_a_policy_can_see_that_it_is_only_explained(site: Site) -> None:
    seen: list[bool] = []

    @policy
    def counts(access: AccessRequest) -> bool:
        seen.append(access.is_dry_run)
        return True

    site.app.add_url_rule("/counted", "counted", protect(counts)(lambda: ""))
    token = site.issue("u1")
    site.explain("GET", "/counted", token)
    assert set(seen) == {True}

    site.send("GET", "/counted", token)
    assert seen[-1] is False


def test_a_policy_that_is_explained_alone_sees_it_too(site: Site) -> None:
    seen: list[bool] = []

    @policy
    def counts(access: AccessRequest) -> bool:
        seen.append(access.is_dry_run)
        return True

    with site.app.app_context():
        token = site.jwt.verify(site.issue("u1"))
        site.jwt.explain(counts, token)
        site.jwt.explain(counts, AccessRequest(token=token))

    assert seen == [True, True]
    assert AccessRequest().is_dry_run is False


def test_the_bridges_guard_cannot_be_asked_and_it_is_said(site: Site) -> None:
    bridge.JWTManager(site.app)
    site.app.add_url_rule("/old", "old", bridge.jwt_required()(lambda: ran("old")))

    told = site.explain("GET", "/old")

    assert (told.verdict, bool(told)) == (Verdict.UNKNOWN, False)
    assert "jwt_required()" in told.reason


def test_the_bridges_hook_is_asked_and_ends_no_session(site: Site) -> None:
    # The bridge goes by the system's clock, and refuses tokens of the future.
    site.clock.now = int(time.time()) - 600
    bridge.JWTManager(site.app)
    site.app.before_request(lambda: bridge.verify_jwt_in_request(refresh=True) and None)
    used = site.used_refresh_token()
    before = site.written()

    told = site.explain("GET", "/open", used)

    assert (told.verdict, told.status) == (Verdict.ANSWERED, 401)
    assert site.written() == before
    assert told.effects == ("the session would be ended: its refresh token was used before",)


def test_a_decorator_above_the_guard_may_answer_options(site: Site) -> None:
    def cors(view: Any) -> Any:
        def answer() -> Any:
            return "preflight" if request.method == "OPTIONS" else view()

        answer.__wrapped__ = view  # type: ignore[attr-defined]
        return answer

    site.app.add_url_rule(
        "/cors", "cors", cors(protect()(lambda: ran("cors"))), methods=["GET", "OPTIONS"]
    )

    assert site.explain("OPTIONS", "/cors").verdict is Verdict.UNKNOWN
    assert site.explain("GET", "/cors").verdict is Verdict.REFUSED


def test_a_function_that_a_hook_guards_leaves_nothing_behind(site: Site) -> None:
    @protect(OptionalToken())
    def asked() -> None: ...

    site.app.before_request(asked)

    assert site.explain("DELETE", "/thing", site.issue("u1", claims={"roles": ["admin"]}))
    assert site.explain("GET", "/open").verdict is Verdict.OPEN


def test_a_request_can_be_explained_inside_of_another_one(site: Site) -> None:
    @site.app.get("/why")
    @protect()
    def why() -> Any:
        told = site.jwt.explain("DELETE", "/thing")
        return jsonify(told.verdict.name, request.path)

    assert site.send("GET", "/why", site.issue("u1")).json == ["REFUSED", "/why"]


def test_the_text_says_all_of_it_in_eighty_columns(site: Site) -> None:
    told = site.explain("GET", "/fresh", site.issue("u1"))

    lines = told.text().partition("\n\n")[0].splitlines()
    assert lines == [
        "GET /fresh (fresh)",
        "verdict:    REFUSED: a guard refuses",
        "status:     401 Unauthorized",
        f"because:    {told.reason}",
        'challenge:  Bearer realm="api", error="insufficient_user_authentication",',
        '            error_description="A more recent or stronger authentication is',
        '            required.", max_age="300"',
        "the client: has to authenticate again, at most 300 seconds before the request",
    ]
    assert str(told) == told.text()


def test_the_text_knows_a_status_that_http_does_not() -> None:
    told = Explanation("GET", "/", Verdict.ANSWERED, 799, effects=("it would rain",))

    assert told.text().splitlines() == [
        "GET /",
        "verdict:    ANSWERED: answered before the view would run",
        "status:     799",
        "and:        it would rain",
    ]


def test_no_text_of_a_client_or_an_exception_is_a_line_of_its_own(site: Site) -> None:
    @site.app.before_request
    def raises() -> None:
        raise ValueError("\x1b[31m\nverdict: ALLOWED")

    lines = site.explain("GET", "/%0Averdict:%20ALLOWED%1b").text().splitlines()

    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if line.startswith("verdict:")] == [lines[1]]


def _passed_by(view: Any) -> Any:
    @functools.wraps(view)
    def above() -> Any:
        return ("closed", 403) if "closed" in request.args else view()

    return above


def test_views_that_were_replaced_all_at_once_are_guarded_first(site: Site) -> None:
    site.app.test_client().get("/public")
    site.ran.clear()
    guarded = _passed_by(protect(HasRole("admin"))(lambda: ran("other")))
    site.app.view_functions = {"open": guarded}
    told = site.explain("GET", "/open")

    assert (told.verdict, told.status) == (Verdict.REFUSED, 401)
    assert site.send("GET", "/open").status_code == 401
    assert site.ran == []


def test_a_decorator_above_the_guard_is_said_to_have_its_say(site: Site) -> None:
    view = _passed_by(protect()(lambda: ran("below")))
    site.app.add_url_rule("/below", "below", view)

    told = site.explain("GET", "/below", site.issue("u1"))

    assert told.verdict is Verdict.ALLOWED
    assert "a decorator" in told.reason
    assert site.explain("GET", "/maybe").reason == ""
