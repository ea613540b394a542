"""Modules that do not make the manager reach it by `current_manager`."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import pytest
from flask import Blueprint, Flask

from jwtpolicy import (
    Access,
    JWTManager,
    current_manager,
    current_resource,
    current_token,
    current_user,
    protect,
)
from jwtpolicy.exceptions import SetupError
from tests.support.requests import bearer

accounts = Blueprint("accounts", __name__)


@accounts.post("/login")
def login() -> Any:
    return current_manager.login("ada").as_response()


@accounts.post("/logout")
@protect()
def logout() -> Any:
    return current_manager.logout().as_response()


@accounts.get("/inside")
def inside() -> Any:
    current_manager.enforce(Access())
    return current_token.subject


def test_a_blueprint_logs_in_and_out_and_asks_without_an_import(app: Any, jwt: Any) -> None:
    app.register_blueprint(accounts)
    client = app.test_client()
    access = bearer(client.post("/login").json["access_token"])

    assert client.get("/inside").status_code == 401
    assert client.get("/inside", headers=access).text == "ada"
    assert client.post("/logout", headers=access).status_code == 204
    assert client.get("/inside", headers=access).status_code == 401


def test_it_is_the_manager_of_the_application_that_is_asked(make_app: Any) -> None:
    (one, first), (other, second) = make_app(), make_app()

    for app, manager in ((one, first), (other, second), (one, first)):
        with app.app_context():
            assert current_manager == manager
            assert isinstance(current_manager, JWTManager)


def test_an_application_without_a_manager_is_told_what_to_write() -> None:
    """K42."""
    with Flask("bare").app_context(), pytest.raises(SetupError, match=r"write JWTManager\(app\)"):
        current_manager.issue("ada")


def test_outside_of_an_application_flask_says_so() -> None:
    with pytest.raises(RuntimeError, match="Working outside of application context"):
        current_manager.issue("ada")


def test_what_goes_through_the_names_of_a_module_asks_nothing_of_it() -> None:
    assert not inspect.isclass(current_manager)
    assert not isinstance(current_manager, JWTManager)
    assert repr(current_manager) == "<no current_manager>"


def test_what_is_missing_is_said_whatever_is_asked_of_it() -> None:
    with Flask("bare").app_context():
        for ask in (bool, dir, lambda manager: manager.login):
            with pytest.raises(SetupError):
                ask(current_manager)


@pytest.mark.parametrize("proxy", [current_token, current_user, current_resource])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_nobody_can_be_copied_and_stays_nobody(copied: Any, proxy: Any) -> None:
    """It was a RecursionError: a copy is asked for attributes before it has any."""
    nobody = copied(proxy)

    assert not nobody
    with pytest.raises(AttributeError, match="there is no request"):
        assert nobody.name
