"""Each customer's own provider opens the notes of that customer, and of no other one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jwtpolicy import current_token
from tests.support.examples import running_example
from tests.support.issuers import AUDIENCE, foreign, give_keys
from tests.support.requests import bearer
from tests.support.tenants import BLUE, RED

GONE = "https://login.gone.example"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    database = tmp_path_factory.mktemp("customers") / "customers.sqlite3"
    environment = {"DATABASE_URL": f"sqlite:///{database}", "API_AUDIENCE": AUDIENCE}
    with pytest.MonkeyPatch.context() as patch:
        give_keys(patch)
        with running_example("tenant_providers", tmp_path_factory, **environment) as module:
            with module.app.app_context():
                fill(module)
            yield module


def fill(example: Any) -> None:
    """Make a note for each of three customers, of whom one has left."""
    example.db.create_all()
    for number, url in enumerate([RED, BLUE, GONE], 1):
        customer = example.Customer(id=number, issuer=url, is_active=url != GONE)
        example.db.session.add_all([customer, example.Note(customer_id=number, text=f"of {url}")])
    example.db.session.commit()


def answer(example: Any, **claims: Any) -> Any:
    token = foreign(**{"scope": "notes:read", **claims})
    return example.app.test_client().get("/notes", headers=bearer(token))


@pytest.mark.parametrize("url", [RED, BLUE])
def test_a_customer_reads_notes_of_its_own_alone(example: Any, url: str) -> None:
    assert answer(example, iss=url).json == {"notes": [f"of {url}"]}


@pytest.mark.parametrize("url", [GONE, "https://login.stranger.example", f"{RED}/"])
def test_nobody_else_is_a_customer(example: Any, url: str) -> None:
    assert answer(example, iss=url).status_code == 401


def test_a_token_for_another_api_or_without_the_scope_opens_nothing(example: Any) -> None:
    assert answer(example, iss=RED, aud="https://other.example").status_code == 401
    assert answer(example, iss=RED, scope="openid").status_code == 403


def test_one_customers_key_makes_no_tokens_of_another(example: Any) -> None:
    assert answer(example, iss=RED, name="other").status_code == 401
    assert not current_token
