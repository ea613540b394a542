"""What each ready-made view does with another issuer's token of the subject of a local user."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from flask import Flask

from jwtpolicy import OWN, IssuedBy, JWTManager, Policy, current_token
from jwtpolicy.endpoints import (
    IntrospectionView,
    LogoutView,
    RefreshView,
    RevocationView,
    SessionsView,
    StepUpView,
)
from jwtpolicy.endpoints.step_up import in_session
from tests.support.applications import SECRET
from tests.support.issuers import URL, foreign, issuer

BOTH = IssuedBy(URL, OWN)


class Logout(LogoutView):
    inherit_policies = False
    policies: ClassVar[Any] = BOTH


class Refreshing(RefreshView):
    inherit_policies = False
    policies: ClassVar[Any] = BOTH


class Sessions(SessionsView):
    inherit_policies = False
    policies: ClassVar[Any] = BOTH


class Revoking(RevocationView):
    inherit_policies = False
    policies: ClassVar[Any] = BOTH


class Introspecting(IntrospectionView):
    inherit_policies = False
    policies: ClassVar[Any] = BOTH

    def is_allowed(self) -> bool:
        return True


class SteppingUp(StepUpView[str]):
    inherit_policies = False
    policies: ClassVar[Policy] = BOTH
    fields: ClassVar[Any] = ("password",)

    def authenticate(self, credentials: Any) -> str:
        return current_token.subject


@pytest.fixture
def site() -> tuple[Flask, JWTManager]:
    """Return an application all of whose ready-made views accept tokens of another issuer."""
    app = Flask("endpoints")
    app.config.update(TESTING=True, JWT_STORE_URL="memory://", JWT_SECRET_KEY=SECRET)
    jwt: JWTManager = JWTManager(app)
    jwt.trust(issuer())
    views: dict[str, Any] = {
        "/logout": Logout,
        "/refresh": Refreshing,
        "/sessions": Sessions,
        "/sessions/<session_id>": Sessions,
        "/revoke": Revoking,
        "/introspect": Introspecting,
        "/step-up": SteppingUp,
    }
    for path, view in views.items():
        app.add_url_rule(path, view_func=view.as_view(path.strip("/<>_").replace("/<", "-")))
    return app, jwt


@pytest.mark.parametrize(
    ("method", "path", "form", "status"),
    [
        ("POST", "/logout", {}, 204),
        ("POST", "/refresh", {}, 401),
        ("GET", "/sessions", {}, 200),
        ("DELETE", "/sessions", {}, 204),
        ("DELETE", "/sessions/others", {}, 403),
        ("DELETE", "/sessions/{sid}", {}, 404),
        ("POST", "/revoke", {"token": "{access}"}, 403),
        ("POST", "/revoke", {"token": "{refresh}"}, 403),
        ("POST", "/revoke", {"token": "{foreign}"}, 200),
        ("POST", "/introspect", {"token": "{foreign}"}, 200),
        ("POST", "/step-up", {"password": "x"}, 403),
    ],
)
def test_the_local_user_is_let_alone(
    site: tuple[Flask, JWTManager], method: str, path: str, form: dict[str, str], status: int
) -> None:
    app, jwt = site
    encoded = foreign()
    with app.app_context():
        pair = jwt.login("ada")
    names = {"access": pair.access_token, "refresh": pair.refresh_token, "foreign": encoded}
    sent = {name: value.format(**names) for name, value in form.items()}
    headers = {"Authorization": f"Bearer {encoded}"}
    path = path.format(sid=pair.session_id)

    answer = app.test_client().open(path, method=method, headers=headers, data=sent)

    assert answer.status_code == status
    assert str(pair.session_id) not in answer.text
    assert (answer.get_json(silent=True) or {}).get("active") is not True
    with app.app_context():
        assert [one.session_id for one in jwt.sessions("ada")] == [pair.session_id]


@pytest.mark.parametrize(("method", "path"), [("POST", "/logout"), ("DELETE", "/sessions")])
def test_its_own_token_is_ended_here(
    site: tuple[Flask, JWTManager], method: str, path: str
) -> None:
    app, _ = site
    client, headers = app.test_client(), {"Authorization": f"Bearer {foreign()}"}
    client.open(path, method=method, headers=headers)

    assert client.get("/sessions", headers=headers).status_code == 401


def test_own_users_are_served_as_before(site: tuple[Flask, JWTManager]) -> None:
    app, jwt = site
    with app.app_context():
        pair, other = jwt.login("ada"), jwt.login("ada")
    headers = {"Authorization": f"Bearer {pair.access_token}"}
    client = app.test_client()

    assert len(client.get("/sessions", headers=headers).get_json()["sessions"]) == 2
    form = {"token": other.access_token}
    assert client.post("/revoke", headers=headers, data=form).status_code == 200
    assert client.post("/introspect", headers=headers, data=form).get_json()["active"] is False
    deleted = client.delete(f"/sessions/{other.session_id}", headers=headers)
    assert deleted.status_code == 204


@pytest.mark.parametrize(("policy", "status"), [(BOTH, 403), (BOTH & in_session, 403)])
def test_a_step_up_of_a_token_of_another_issuer_is_refused(policy: Policy, status: int) -> None:
    app = Flask("step-up")
    app.config.update(TESTING=True, JWT_STORE_URL="memory://", JWT_SECRET_KEY=SECRET)
    jwt: JWTManager = JWTManager(app)
    jwt.trust(issuer())
    view = type("View", (SteppingUp,), {"inherit_policies": False, "policies": policy})
    app.add_url_rule("/", view_func=view.as_view("view"))
    headers = {"Authorization": f"Bearer {foreign()}"}

    answer = app.test_client().post("/", headers=headers, data={"password": "x"})

    assert answer.status_code == status
