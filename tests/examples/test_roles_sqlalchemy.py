"""Roles come from tables, and a role that was taken away is gone at the next request."""

from __future__ import annotations

import getpass
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm.exc import DetachedInstanceError

from jwtpolicy.testing import act, anonymous, assert_policy
from tests.support.examples import SINGLE_FILES, run_example
from tests.support.paths import DOCS

PAGE = (DOCS / "howto/roles-from-a-database.rst").read_text(encoding="utf-8")
#: What the page writes into the shell.
SHELL = "\n".join(re.findall(r"^   >>> (.*)", PAGE, re.MULTILINE))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return the example with ada, an admin, made as the page says, and bob, an editor."""
    url = f"sqlite:///{tmp_path}/shop.sqlite3"
    shop = run_example(SINGLE_FILES["roles_sqlalchemy"], tmp_path, monkeypatch, DATABASE_URL=url)
    monkeypatch.setattr(getpass, "getpass", lambda: "lovelace")
    with shop.app.app_context():
        exec(textwrap.dedent(SHELL), {})
        grants = [shop.Grant(role="editor"), shop.Grant(role="admin")]
        shop.db.session.add(shop.User(name="bob", password_hash="", grants=grants))
        shop.db.session.commit()
    yield shop
    with shop.app.app_context():
        shop.db.engine.dispose()


def user(shop: Any, name: str) -> Any:
    """Return a user with the roles, as a login finds one."""
    with shop.app.app_context():
        user = shop.db.session.query(shop.User).filter_by(name=name).one()
        assert user.roles
        shop.db.session.expunge_all()
        return user


def test_a_user_whose_database_session_is_closed_cannot_be_acted_as(shop: Any) -> None:
    with shop.app.app_context():
        ada = shop.db.session.get(shop.User, 1)

    with pytest.raises(DetachedInstanceError):
        act(shop.app).as_user(ada)


def take(shop: Any, role: str) -> None:
    """Take a role of bob's away in the database, and do nothing else."""
    with shop.app.app_context():
        shop.db.session.query(shop.Grant).filter_by(user_id=2, role=role).delete()
        shop.db.session.commit()


def test_the_roles_of_the_table_stand_in_the_token(shop: Any) -> None:
    form = {"username": "ada", "password": "lovelace"}

    token = shop.app.test_client().post("/auth/login", data=form).json["access_token"]

    with shop.app.app_context():
        assert shop.jwt.verify(token).claims["roles"] == ("admin",)


def test_only_an_admin_may_take_a_role_away(shop: Any) -> None:
    expected = {anonymous: 401, user(shop, "ada"): 200}
    assert_policy(shop.app, "DELETE", "/users/2/roles/editor", expected)

    take(shop, "admin")

    assert_policy(shop.app, "DELETE", "/users/2/roles/editor", {user(shop, "bob"): 403})


def test_a_role_that_is_gone_is_of_no_use_and_the_token_still_says_it(shop: Any) -> None:
    bob = act(shop.app).as_user(user(shop, "bob"))
    assert bob.explain("DELETE", "/users/2/roles/editor")

    take(shop, "admin")

    told = bob.explain("DELETE", "/users/2/roles/editor")
    assert (told.status, told.reason) == (403, "admin is no role of the user any more")
    assert "ALLOW: HasRole('admin')" in told.text()


def test_the_tokens_of_a_refresh_have_the_roles_of_now(shop: Any) -> None:
    bob = act(shop.app).as_user(user(shop, "bob"))
    take(shop, "admin")

    pair = bob.refresh()

    with shop.app.app_context():
        assert shop.jwt.verify(pair.access_token).claims["roles"] == ("editor",)


def test_taking_a_role_away_ends_the_sessions_of_its_user_alone(shop: Any) -> None:
    ada, bob = (act(shop.app).as_user(user(shop, name)) for name in ("ada", "bob"))
    assert ada.explain("DELETE", "/users/1/roles/none").status == 200

    assert ada.delete("/users/2/roles/editor").status_code == 204

    assert bob.delete("/users/1/roles/admin").json["error"] == "invalid_token"
    assert ada.delete("/users/1/roles/none").status_code == 204
