"""Who may do what in the tool shed."""

import pytest
from app import app
from models import Loan, Tool, User, db

from jwtpolicy.testing import anonymous, assert_all_routes_guarded, assert_policy, with_

ADA = User(id=1, name="ada", password_hash="", roles=["keeper"])
BOB = User(id=2, name="bob", password_hash="", roles=[])
EVE = User(id=3, name="eve", password_hash="", roles=[])


@pytest.fixture(scope="module", autouse=True)
def shed():
    rows = [ADA, BOB, EVE, Tool(name="drill"), Loan(id=1, tool="drill", borrower_id=2)]
    for row in rows:
        db.merge(row)
    db.commit()


def test_no_view_was_forgotten():
    assert_all_routes_guarded(app)


def test_keepers_alone_add_tools():
    assert_policy(app, "POST", "/tools", {anonymous: 401, BOB: 403, ADA: 200})


def test_the_borrower_and_keepers_bring_a_tool_back():
    assert_policy(app, "DELETE", "/loans/1", {anonymous: 401, BOB: 200, EVE: 403, ADA: 200})


def test_an_account_is_closed_after_the_password_and_without_a_tool_at_home():
    confirmed = with_(EVE, acr="confirmed")
    assert_policy(app, "DELETE", "/account", {EVE: 401, confirmed: 200, BOB: 403})
