"""What a caller without a token is told where a part of the tree would let one in."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import AccessRequest, Anonymous, AnyOf, HasScope, Outcome, policy, protect
from jwtpolicy.exceptions import NoTokenError


@policy(needs_token=False)
def is_get(access: AccessRequest) -> bool:
    return access.method == "GET"


MANY = AnyOf(*(HasScope(f"part:{number}") for number in range(100)), Anonymous() & is_get)


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 401)])
def test_a_tree_of_many_alternatives_lets_in_and_refuses_as_a_small_one(
    app: Flask, jwt: Any, method: str, status: int
) -> None:
    small = HasScope("part:1") | (Anonymous() & is_get)
    for name, rule in (("many", MANY), ("small", small)):
        app.add_url_rule(f"/{name}", name, protect(rule)(lambda: "in"), methods=["GET", "POST"])

    many, few = (app.test_client().open(f"/{name}", method=method) for name in ("many", "small"))
    assert (many.status_code, many.data, [*many.headers]) == (status, few.data, [*few.headers])


def test_its_decision_is_there_for_whoever_asks(app: Flask, jwt: Any) -> None:
    app.add_url_rule("/many", "many", protect(MANY)(lambda: "in"), methods=["POST"])
    met: list[NoTokenError] = []
    app.register_error_handler(NoTokenError, lambda error: (met.append(error), ("", 401))[1])
    app.test_client().post("/many")

    decision = met[0].decision
    assert decision is not None
    assert (decision.outcome, len(decision.alternatives)) == (Outcome.NO_TOKEN, 101)


def test_it_is_logged_as_any_other(app: Flask, jwt: Any, caplog: pytest.LogCaptureFixture) -> None:
    app.add_url_rule("/many", "many", protect(MANY)(lambda: "in"), methods=["POST"])
    with caplog.at_level(logging.INFO, "jwtpolicy"):
        app.test_client().post("/many")

    (record,) = caplog.records
    assert record.getMessage().startswith("POST many: 401 token_required: no token was sent: Has")
