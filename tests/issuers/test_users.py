"""The users of another issuer's tokens are those of its own loader, and never the manager's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, render_template_string
from marshmallow import Schema, fields, post_load
from werkzeug.exceptions import Gone

from jwtpolicy import (
    OWN,
    ClaimsMatch,
    IsSubject,
    IssuedBy,
    JWTManager,
    KnownUser,
    Owns,
    Policy,
    ResourceMatch,
    Token,
    claim,
    current_token,
    current_user,
    protect,
    user,
)
from jwtpolicy.exceptions import NotATokenError
from jwtpolicy.policy.request import AccessRequest
from tests.support.applications import SECRET
from tests.support.issuers import URL, foreign, issuer

BOTH = IssuedBy(URL, OWN)
Loader = Callable[[Token], Any]


def local(token: Token) -> Any:
    return SimpleNamespace(id=f"local {token.subject}")


async def local_async(token: Token) -> Any:
    await asyncio.sleep(0)
    return local(token)


def own(token: Token) -> Any:
    return SimpleNamespace(id=f"own {token.subject}")


async def own_async(token: Token) -> Any:
    return own(token)


def nobody(token: Token) -> None:
    return None


async def nobody_async(token: Token) -> None:
    return None


def failing(token: Token) -> Any:
    raise OSError


async def failing_async(token: Token) -> Any:
    raise OSError


def gone(token: Token) -> Any:
    raise Gone


def application(
    loader: Loader | None = local,
    manager_s: Loader | None = own,
    *,
    policy: Policy = BOTH,
    is_lazy: bool = False,
    **arguments: Any,
) -> tuple[Flask, JWTManager]:
    """Return an application with a sync and an async view of `current_user`, and one without."""
    app = Flask("users")
    app.config.update(TESTING=True, JWT_STORE_URL="memory://", JWT_SECRET_KEY=SECRET)
    jwt: JWTManager = JWTManager(app, add_context_processor=True)
    jwt.trust(issuer(user_loader=loader, **arguments))
    if manager_s is not None:
        jwt.user_loader(manager_s, lazy=is_lazy)

    @protect(policy)
    def sync() -> str:
        return str(getattr(current_user, "id", current_user))

    @protect(policy)
    async def awaiting() -> str:
        return str(getattr(current_user, "id", current_user))

    app.add_url_rule("/sync", view_func=sync)
    app.add_url_rule("/async", view_func=awaiting)
    app.add_url_rule("/unused", "unused", protect(policy)(lambda: "unused"))
    shown = "{{ current_user.id }}"
    app.add_url_rule("/page", "page", protect(policy)(lambda: render_template_string(shown)))
    return app, jwt


def get(app: Flask, path: str, encoded: str | None = None) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {encoded or foreign()}"}
    answer = app.test_client().get(path, headers=headers)
    return answer.status_code, answer.text if answer.status_code == 200 else ""


VIEWS = ["/sync", "/async", "/page"]


@pytest.mark.parametrize("path", VIEWS)
@pytest.mark.parametrize("loader", [local, local_async])
@pytest.mark.parametrize("manager_s", [None, own, own_async])
@pytest.mark.parametrize("is_lazy", [False, True])
def test_each_token_has_the_user_of_its_issuer(
    path: str, loader: Loader, manager_s: Loader | None, is_lazy: bool
) -> None:
    app, jwt = application(loader, manager_s, is_lazy=is_lazy)
    with app.app_context():
        encoded = jwt.issue("ada")
    expected = "own ada" if manager_s else ("" if path == "/page" else "ada")

    assert get(app, path) == (200, "local ada")
    assert get(app, path, encoded) == (200, expected)


@pytest.mark.parametrize("path", ["/sync", "/async"])
@pytest.mark.parametrize("manager_s", [None, own, own_async])
def test_without_a_loader_the_subject_is_the_user(path: str, manager_s: Loader | None) -> None:
    app, _ = application(None, manager_s)

    assert get(app, path) == (200, "ada")


@pytest.mark.parametrize("path", ["/sync", "/async"])
def test_a_schema_makes_the_user_of_the_claims(path: str) -> None:
    class Person(Schema):
        sub = fields.Str(required=True)

        @post_load
        def make(self, data: dict[str, Any], **_: Any) -> Any:
            return SimpleNamespace(id=f"person {data['sub']}")

    app, _ = application(None, schema=Person)

    assert get(app, path) == (200, "person ada")


@pytest.mark.parametrize("path", ["/sync", "/async", "/unused"])
@pytest.mark.parametrize("manager_s", [None, own, own_async])
@pytest.mark.parametrize(
    ("loader", "status"),
    [(nobody, 401), (nobody_async, 401), (failing, 503), (failing_async, 503), (gone, 410)],
)
def test_a_user_who_cannot_be_loaded_is_refused_before_the_view(
    path: str, manager_s: Loader | None, loader: Loader, status: int
) -> None:
    app, jwt = application(loader, manager_s)
    with app.app_context():
        encoded = jwt.issue("ada")

    assert get(app, path)[0] == status
    assert get(app, path, encoded)[0] == 200


def test_a_lazy_loader_waits_for_the_first_use() -> None:
    app, _ = application(nobody, own, is_lazy=True)

    assert [get(app, path)[0] for path in ("/unused", "/sync")] == [200, 401]


def test_an_async_view_has_its_lazy_user_before_it_runs() -> None:
    app, _ = application(nobody_async, own, is_lazy=True)

    assert get(app, "/async")[0] == 401


def test_no_baseline_asks_for_no_user() -> None:
    app = Flask("none")
    app.config.update(TESTING=True, JWT_STORE_URL="memory://", JWT_SECRET_KEY=SECRET)
    jwt: JWTManager = JWTManager(app, baseline=None)
    jwt.trust(issuer(user_loader=nobody))
    app.add_url_rule("/unused", "unused", protect(BOTH)(lambda: "unused"))

    assert get(app, "/unused") == (200, "unused")


@pytest.mark.parametrize("loader", [local, local_async])
@pytest.mark.parametrize("manager_s", [None, own])
def test_a_dry_run_says_what_becomes_of_the_user(loader: Loader, manager_s: Loader | None) -> None:
    app, jwt = application(loader, manager_s)
    refused, other = application(nobody, manager_s)
    with app.app_context():
        assert jwt.explain("GET", "/async", token=foreign()).status == 200
    with refused.app_context():
        assert other.explain("GET", "/sync", token=foreign()).status == 401


def test_a_dry_run_under_a_loop_says_that_it_cannot_wait() -> None:
    app, jwt = application(local_async, None)

    async def explain() -> Any:
        with app.app_context():
            return jwt.explain("GET", "/sync", token=foreign())

    with pytest.raises(Exception, match="an event loop is running"):
        asyncio.run(explain())


@pytest.mark.parametrize("path", ["/sync", "/async"])
@pytest.mark.parametrize("loader", [local, local_async])
@pytest.mark.parametrize(
    ("policy", "status"),
    [
        (ClaimsMatch(title=user("id")), 200),
        (~ClaimsMatch(title=user("id")), 403),
        (ClaimsMatch(other=user("id")), 403),
        (~ClaimsMatch(other=user("id")), 200),
        (ClaimsMatch(title=user("nothing")), 403),
        (~ClaimsMatch(title=user("nothing")), 403),
        (ClaimsMatch(number=user("id")), 403),
        (~ClaimsMatch(number=user("id")), 403),
        (ClaimsMatch(number=claim("number")), 200),
    ],
    ids=str,
)
def test_a_matcher_reads_the_user(path: str, loader: Loader, policy: Policy, status: int) -> None:
    app, _ = application(loader, None, policy=BOTH & policy)
    encoded = foreign(title="local ada", other="someone", number=7)

    assert get(app, path, encoded)[0] == status


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("loader", [local, local_async, nobody, nobody_async, failing_async])
@pytest.mark.parametrize("owner", ["local ada", "ada", None])
def test_a_resource_belongs_to_the_local_user(
    is_async: bool, loader: Loader, owner: str | None
) -> None:
    app, _ = application(loader, own, is_lazy=True)
    rule = BOTH & ResourceMatch({"owner.id": user("id")})
    note = None if owner is None else {"owner": {"id": owner}}

    async def awaiting() -> str:
        return "note"

    view = awaiting if is_async else lambda: "note"
    app.add_url_rule("/note", "note", protect(rule, resource=lambda: note)(view))
    found = {"local ada": 200, "ada": 403, None: 404}[owner]
    refused = {"nobody": 401, "nobody_async": 401, "failing_async": 503}.get(loader.__name__)

    assert get(app, "/note")[0] == (404 if owner is None else refused or found)


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (7, "ALLOW"),
        ("7", "MISSING_CLAIM"),
        (True, "MISSING_CLAIM"),
        (7.0, "MISSING_CLAIM"),
        (8, "FORBIDDEN"),
        (UUID(int=7), "MISSING_CLAIM"),
    ],
)
def test_the_types_of_the_user_s_values_count(value: object, outcome: str) -> None:
    app, jwt = application(manager_s=lambda token: SimpleNamespace(id=7))
    with app.app_context():
        decision = jwt.explain(
            ResourceMatch(owner=user("id")), jwt.issue("ada"), resource={"owner": value}
        )

    assert decision.outcome.name == outcome


def test_the_reason_names_no_value() -> None:
    app, jwt = application(manager_s=lambda token: {"profile": {"id": "secret"}})
    rule = ResourceMatch(owner=user("profile.id"))
    with app.app_context():
        encoded = jwt.issue("ada")
        refused = jwt.explain(rule, encoded, resource={"owner": "eve"})
        absent = jwt.explain(ResourceMatch(owner=user("no")), encoded, resource={"owner": "eve"})

    assert refused.reason == "the resource's 'owner' is not what the user's 'profile.id' is"
    assert absent.reason == "the resource's 'owner': the user has no 'no'"


def test_a_matcher_of_the_user_is_compared_by_its_name() -> None:
    assert ClaimsMatch(a=user("id")) == ClaimsMatch(a=user("id")) != ClaimsMatch(a=claim("id"))
    assert repr(ClaimsMatch(a=user("id"))) == "ClaimsMatch(a=user('id'))"


def test_without_an_application_there_is_no_user() -> None:
    app, jwt = application()
    with app.app_context():
        token = jwt.verify(jwt.issue("ada", claims={"a": "b"}))

    decision = ClaimsMatch(a=user("id")).evaluate(AccessRequest(token=token))
    assert decision.outcome.name == "ERROR"


MACHINE = {"sub": "web", "client_id": "web"}


@pytest.mark.parametrize(
    ("policy", "outcomes"),
    [
        (IsSubject("name"), ("ALLOW", "INVALID_TOKEN")),
        (~IsSubject("name"), ("FORBIDDEN", "INVALID_TOKEN")),
        (Owns("owner"), ("ALLOW", "INVALID_TOKEN")),
        (~Owns("owner"), ("FORBIDDEN", "INVALID_TOKEN")),
        (ClaimsMatch(sub=claim("sub")), ("ALLOW", "ALLOW")),
        (ResourceMatch(local=user("id")), ("ALLOW", "ALLOW")),
        (Owns("owner", of=SimpleNamespace), ("INVALID_TOKEN", "INVALID_TOKEN")),
        (IsSubject("name", of=SimpleNamespace), ("INVALID_TOKEN", "INVALID_TOKEN")),
    ],
    ids=str,
)
def test_a_machine_of_another_issuer_owns_nothing_by_its_subject(
    policy: Policy, outcomes: tuple[str, str]
) -> None:
    app, jwt = application()
    found = []
    for encoded, name in ((foreign(), "ada"), (foreign(**MACHINE), "web")):
        resource = {"owner": name, "local": f"local {name}"}
        with app.app_context():
            decision = jwt.explain(
                IssuedBy(URL) & policy, encoded, view_args={"name": name}, resource=resource
            )
        found.append(decision.outcome.name)

    assert tuple(found) == outcomes


def test_the_current_token_says_whether_it_is_a_machine_s_and_whose() -> None:
    app, _ = application()
    app.add_url_rule(
        "/who",
        "who",
        protect(BOTH)(lambda: f"{current_token.is_machine} {current_token.issuer}"),
    )

    assert get(app, "/who")[1] == f"False {URL}"
    assert get(app, "/who", foreign(**MACHINE))[1] == f"True {URL}"


def test_a_policy_may_ask_for_the_user_itself() -> None:
    app, _ = application(nobody, None, policy=BOTH & KnownUser())

    assert get(app, "/unused")[0] == 401


def test_a_forged_token_of_a_trusted_issuer_is_no_token() -> None:
    app, jwt = application()

    with app.app_context(), pytest.raises(NotATokenError):
        jwt.explain(BOTH, foreign(kid="k1") + "x")
