"""How do I test roles that come from a database?"""

import pytest
from roles_sqlalchemy import Grant, User, db
from roles_sqlalchemy import app as application

from jwtpolicy.testing import anonymous, assert_policy


@pytest.fixture(scope="module")
def app():
    assert application.config["SQLALCHEMY_DATABASE_URI"] == "sqlite://"  # in memory
    with application.app_context():  # open until the last test: a login reads its user
        db.create_all()
        db.session.add(User(id=1, name="ada", password_hash="", grants=[Grant(role="admin")]))
        db.session.add(User(id=2, name="bob", password_hash="", grants=[Grant(role="editor")]))
        db.session.commit()
        yield application


def test_only_an_admin_takes_roles_away(app):
    ada, bob = db.session.get(User, 1), db.session.get(User, 2)
    assert_policy(app, "DELETE", "/users/2/roles/editor", {anonymous: 401, ada: 200, bob: 403})


def test_who_loses_a_role_has_to_log_in_again(jwt_client):
    admin = jwt_client.as_user(db.session.get(User, 1))
    assert admin.delete("/users/1/roles/none").status_code == 204
    assert admin.delete("/users/1/roles/none").status_code == 401
