"""Rules that were not made by ``@app.route``: without methods, late, with dots in their names."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint
from werkzeug.routing import Rule

from jwtpolicy import HasRole, Refresh, protect
from jwtpolicy.exceptions import PolicyDefinitionError

ADMIN = {"claims": {"roles": ["admin"]}}
CLERK = {"claims": {"roles": ["clerk"]}}


def with_office(app: Any, jwt: Any) -> Any:
    """Add two endpoints of a guarded blueprint, whose rules match every method."""
    office = Blueprint("office", __name__)
    office.endpoint("office.plain")(lambda: "plain")
    office.endpoint("office.guarded")(protect(HasRole("admin"))(lambda: "guarded"))
    jwt.protect_blueprint(office, ~HasRole("clerk"))
    app.register_blueprint(office)
    app.url_map.add(Rule("/plain", endpoint="office.plain"))
    app.url_map.add(Rule("/guarded", endpoint="office.guarded"))
    return app.test_client()


@pytest.mark.parametrize("method", ["GET", "POST", "FETCH"])
def test_a_rule_without_methods_is_guarded_by_its_blueprint(
    app: Any, jwt: Any, access: Any, method: str
) -> None:
    client = with_office(app, jwt)

    assert client.open("/plain", method=method).status_code == 401
    assert client.open("/plain", method=method, headers=access(**CLERK)).status_code == 403
    assert client.open("/plain", method=method, headers=access(**ADMIN)).text == "plain"


@pytest.mark.parametrize("method", ["GET", "POST", "FETCH"])
def test_a_guard_of_a_rule_without_methods_has_its_blueprint_beside_it(
    app: Any, jwt: Any, access: Any, method: str
) -> None:
    client = with_office(app, jwt)
    both = access(claims={"roles": ["admin", "clerk"]})

    assert client.open("/guarded", method=method, headers=both).status_code == 403
    assert client.open("/guarded", method=method, headers=access(**ADMIN)).text == "guarded"


@pytest.mark.parametrize(
    ("method", "status"), [("GET", 200), ("FETCH", 200)], ids=["known", "made up"]
)
def test_a_closed_application_knows_the_guard_of_a_rule_without_methods(
    make_app: Any, method: str, status: int
) -> None:
    app, jwt = make_app(default_deny=True)
    app.endpoint("guarded")(protect()(lambda: "in"))
    app.endpoint("forgotten")(lambda: "leak")
    app.url_map.add(Rule("/guarded", endpoint="guarded"))
    app.url_map.add(Rule("/forgotten", endpoint="forgotten"))
    with app.app_context():
        headers = {"Authorization": f"Bearer {jwt.issue('u1')}"}

    client = app.test_client()
    assert client.open("/guarded", method=method, headers=headers).status_code == status
    assert client.open("/forgotten", method=method, headers=headers).status_code == 403


def test_methods_that_clients_make_up_are_not_remembered(app: Any, jwt: Any, access: Any) -> None:
    client = with_office(app, jwt)
    extension = app.extensions["jwtpolicy"]
    client.get("/plain")
    known = len(extension._plans)

    for number in range(5):
        client.open("/plain", method=f"M{number}", headers=access(**ADMIN))
    assert len(extension._plans) == known


def test_a_rule_that_was_added_late_is_guarded(app: Any, jwt: Any, access: Any) -> None:
    client = with_office(app, jwt)
    assert client.get("/plain", headers=access(**ADMIN)).status_code == 200

    app.url_map.add(Rule("/late", endpoint="office.plain", methods=["PUT"]))
    assert client.put("/late").status_code == 401
    assert client.put("/late", headers=access(**ADMIN)).text == "plain"


def test_an_endpoint_with_a_dot_needs_no_blueprint(app: Any, access: Any) -> None:
    app.add_url_rule("/", endpoint="pages.home", view_func=protect()(lambda: "home"))

    assert app.test_client().get("/").status_code == 401
    assert app.test_client().get("/", headers=access()).text == "home"


def test_a_mistake_in_a_rule_without_methods_is_found_at_the_first_request(
    app: Any, jwt: Any
) -> None:
    client = with_office(app, jwt)
    other = Blueprint("other", __name__)
    other.endpoint("other.view")(protect(Refresh())(lambda: "in"))
    jwt.protect_blueprint(other, HasRole("admin"))
    app.register_blueprint(other)
    app.url_map.add(Rule("/other", endpoint="other.view"))

    with pytest.raises(PolicyDefinitionError, match="no token can pass"):
        client.get("/plain")
