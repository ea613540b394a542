"""The tokens of an identity provider open the views, and its users get a row at first sight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, event, func, insert, select

from jwtpolicy.exceptions import SetupError
from tests.support.examples import running_example
from tests.support.issuers import give_keys
from tests.support.requests import bearer
from tests.support.token_shapes import API, AUTH0, SHAPES, Shape

USER, MACHINE = (
    next(shape for shape in SHAPES if shape.issuer == AUTH0 and words in shape.name)
    for words in ("of a user, default", "of a machine, default")
)
ID_TOKEN = next(shape for shape in SHAPES if shape.name == "Auth0 ID token")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    database = tmp_path_factory.mktemp("users") / "users.sqlite3"
    environment = {
        "DATABASE_URL": f"sqlite:///{database}",
        "AUTH0_DOMAIN": "shop.eu.auth0.com",
        "API_AUDIENCE": API,
    }
    with pytest.MonkeyPatch.context() as patch:
        give_keys(patch)
        with running_example("tokens_of_others", tmp_path_factory, **environment) as module:
            with module.app.app_context():
                module.db.create_all()
            yield module


def answer(example: Any, path: str, shape: Shape, **claims: Any) -> Any:
    headers = bearer(shape.encoded(**claims))
    return example.app.test_client().get(path, headers=headers)


def test_a_user_of_the_provider_is_the_same_user_at_each_request(example: Any) -> None:
    first, second = (answer(example, "/me", USER).json for _ in range(2))
    other = answer(example, "/me", USER, sub="auth0|other").json

    assert first == second != other


def test_the_scope_of_the_token_opens_the_orders(example: Any) -> None:
    assert answer(example, "/orders", USER).status_code == 200
    assert answer(example, "/orders", MACHINE).status_code == 200
    assert answer(example, "/orders", USER, scope="openid").status_code == 403


def test_an_id_token_opens_nothing(example: Any) -> None:
    assert answer(example, "/me", ID_TOKEN).status_code == 401


def test_a_user_who_was_blocked_is_refused_everywhere(example: Any) -> None:
    with example.app.app_context():
        row = {"issuer": AUTH0, "subject": "auth0|eve", "is_blocked": True}
        example.db.session.execute(insert(example.User).values(**row))
        example.db.session.commit()

    assert answer(example, "/me", USER, sub="auth0|eve").status_code == 401
    assert answer(example, "/orders", USER, sub="auth0|eve").status_code == 401


def test_two_requests_at_first_sight_make_one_user(example: Any) -> None:
    """The other request inserts the row between the look-up and the insertion of this one."""
    row = {"issuer": AUTH0, "subject": "auth0|racer", "is_blocked": False}
    other = create_engine(example.app.config["SQLALCHEMY_DATABASE_URI"])

    def be_faster(session: Any, *more: Any) -> None:
        with other.begin() as connection:
            connection.execute(insert(example.User).values(**row))

    event.listen(example.db.session, "before_flush", be_faster, once=True)
    found = answer(example, "/me", USER, sub="auth0|racer")
    with other.connect() as connection:
        users = connection.execute(
            select(func.count()).select_from(example.User).filter_by(subject="auth0|racer")
        ).scalar()
    other.dispose()

    assert (found.status_code, users) == (200, 1)


def test_the_provider_is_named_by_a_domain_alone(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    environment = {
        "DATABASE_URL": "sqlite://",
        "AUTH0_DOMAIN": "https://shop.eu.auth0.com/",
        "API_AUDIENCE": API,
    }
    with (
        pytest.raises(SetupError, match=r"example\.eu\.auth0\.com"),
        running_example("tokens_of_others", tmp_path_factory, **environment),
    ):
        pass
