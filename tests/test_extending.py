"""A leaf and a transport that an application adds, from outside of the package."""

from __future__ import annotations

import ast
import secrets
from io import BytesIO
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Request

import jwtpolicy
from jwtpolicy import AccessRequest, HasRole, JWTManager, Outcome, Policy, current_token, protect
from jwtpolicy.audit import audit
from jwtpolicy.exceptions import InvalidRequestError
from jwtpolicy.testing import TransportContract
from jwtpolicy.transports import Transport

#: What `jwtpolicy` offers beside its names, as far as it is needed here.
PUBLIC_MODULES = {
    "jwtpolicy.audit",
    "jwtpolicy.exceptions",
    "jwtpolicy.testing",
    "jwtpolicy.transports",
}

OFFICE = {"REMOTE_ADDR": "192.0.2.17"}
ELSEWHERE = {"REMOTE_ADDR": "198.51.100.1"}


class IpRange(Policy):
    """The caller's address lies in one of these networks, whoever it is."""

    needs_token = False

    def __init__(self, *networks: str) -> None:
        # A mistake is raised here, at the start. Kept as text, equal ranges are one policy.
        self.networks = tuple(str(ip_network(network)) for network in networks)

    def decide(self, access: AccessRequest) -> Any:
        if access.remote_addr is None:
            return access.deny("the address is not known")
        address = ip_address(access.remote_addr)
        if any(address in ip_network(network) for network in self.networks):
            return True
        return access.deny(f"{address} is in none of the networks")


class FormField(Transport):
    """``token=<token>`` in a form."""

    name = "form"

    def read(self, request: Request) -> str | None:
        found = request.form.getlist("token")
        if len(found) > 1 or "token" in request.files:
            raise InvalidRequestError("the field does not hold one token")
        return found[0] if found else None


class TestFormField(TransportContract):
    """The contract of places, which the one of an application keeps too."""

    @pytest.fixture
    def transport(self) -> FormField:
        return FormField()

    def present(self, encoded: str, kind: str = "access") -> Any:
        return {"data": {"token": encoded}}

    def present_two(self, first: str, second: str) -> Any:
        return {"data": {"token": [first, second]}}

    def malformed(self) -> Any:
        return [{"data": {"token": (BytesIO(b"a.b.c"), "token.txt")}}]


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    app.config.update(JWT_SECRET_KEY=secrets.token_urlsafe(48), TESTING=True)
    JWTManager(app, transports=[FormField()])

    @app.post("/upload")
    @protect(IpRange("192.0.2.0/24") & ~HasRole("guest"))
    def upload() -> str:
        return f"{current_token.subject} by {jwtpolicy.current_manager.current_transport}"

    return app


@pytest.fixture
def token(app: Flask) -> str:
    with app.app_context():
        return jwtpolicy.current_manager.login("ada", claims={"roles": []}).access_token


def test_a_transport_of_an_application_is_read(app: Flask, token: str) -> None:
    response = app.test_client().post("/upload", data={"token": token}, environ_base=OFFICE)

    assert (response.status_code, response.text) == (200, "ada by form")


def test_a_leaf_of_an_application_refuses(app: Flask, token: str) -> None:
    response = app.test_client().post("/upload", data={"token": token}, environ_base=ELSEWHERE)

    assert (response.status_code, response.json["error"]) == (403, "access_denied")


def test_a_leaf_that_needs_no_token_does_not_open_its_endpoint(app: Flask) -> None:
    response = app.test_client().post("/upload", environ_base=OFFICE)

    assert (response.status_code, response.json["error"]) == (401, "token_required")


def test_the_audit_lists_a_leaf_and_a_transport_of_an_application(app: Flask) -> None:
    found = audit(app)
    (row,) = (row for row in found.rows if row.endpoint == "upload" and "POST" in row.methods)

    assert "form" in found.places
    assert row.places == ("headers", "form")
    assert row.demands == "IpRange('192.0.2.0/24') & ~HasRole('guest')"
    assert (row.accepts, row.problem) == (("access",), None)


def test_a_decision_explains_a_leaf_of_an_application(app: Flask, token: str) -> None:
    rule = IpRange("192.0.2.0/24") | IpRange("203.0.113.0/24")
    with app.app_context():
        decision = jwtpolicy.current_manager.explain(rule, token, remote_addr="198.51.100.1")

    leaf = "IpRange('203.0.113.0/24')  (198.51.100.1 is in none of the networks)"
    assert f"FORBIDDEN: {leaf}" in decision.explain()


def test_a_leaf_of_an_application_is_judged_without_an_application() -> None:
    decision = IpRange("192.0.2.0/24").evaluate(AccessRequest())

    assert (decision.outcome, decision.reason) == (Outcome.FORBIDDEN, "the address is not known")


def test_leaves_of_an_application_are_equal_where_they_ask_the_same() -> None:
    assert IpRange("192.0.2.0/24") == IpRange("192.0.2.0/24")
    assert IpRange("192.0.2.0/24") != IpRange("192.0.2.0/25")


def test_both_are_written_with_public_names_alone() -> None:
    source = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    used = {
        (node.module, alias.name)
        for node in ast.walk(source)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jwtpolicy")
        for alias in node.names
    }

    assert {name for module, name in used if module == "jwtpolicy"} <= set(jwtpolicy.__all__)
    assert {module for module, _ in used} == {"jwtpolicy", *PUBLIC_MODULES}
