"""The manager is found wherever it is made."""

from __future__ import annotations

from typing import Any

import pytest

USE = (
    "from flask_jwt_extended import create_access_token\n{}\n"
    "def f():\n    return create_access_token(1)\n"
)
MADE = "from flask_jwt_extended import JWTManager\njwt = JWTManager()\nJWT_SECRET_KEY = key\n"


def test_a_manager_of_a_function_is_found_inside_of_it_only(migrate: Any) -> None:
    found = migrate(
        """\
        from flask_jwt_extended import JWTManager, create_access_token
        JWT_SECRET_KEY = key
        def create(app):
            manager: JWTManager = JWTManager(app)
            def login():
                return create_access_token(1)
        def other():
            return create_access_token(2)
        """
    )

    assert "return manager.issue(1)" in found.code
    assert "return create_access_token(2)" in found.code
    assert [line for line, text in found.notes if "needs the manager" in text] == [8]


@pytest.mark.parametrize(
    ("place", "line", "name"),
    [
        ("app/views.py", "from .extensions import jwt", "jwt"),
        ("app/views.py", "from app.extensions import jwt as manager", "manager"),
        ("app/api/views.py", "from ..extensions import jwt", "jwt"),
        ("app/__init__.py", "from .extensions import jwt", "jwt"),
        ("views.py", "from app.extensions import jwt", "jwt"),
    ],
)
def test_a_manager_is_imported_from_another_file(
    migrate_files: Any, place: str, line: str, name: str
) -> None:
    found = migrate_files({"app/extensions.py": MADE, place: USE.format(line)})[place]

    assert f"return {name}.issue(1)" in found.code
    assert found.imports == [line]
    assert found.notes == []


def test_a_manager_of_a_package_is_imported_from_it(migrate_files: Any) -> None:
    files = {"app/__init__.py": MADE, "app/views.py": USE.format("from . import jwt")}

    assert "return jwt.issue(1)" in migrate_files(files)["app/views.py"].code


def test_a_manager_joins_an_import_from_its_file(migrate_files: Any) -> None:
    files = {
        "app/extensions.py": MADE + "db = 1\n",
        "app/views.py": USE.format("from .extensions import db"),
    }

    found = migrate_files(files)["app/views.py"]

    assert found.imports == ["from .extensions import db, jwt"]
    assert "return jwt.issue(1)" in found.code


@pytest.mark.parametrize(
    "line", ["from .extensions import *", "from .others import db", "def g(): pass"]
)
def test_a_manager_that_is_out_of_reach_is_named(migrate_files: Any, line: str) -> None:
    files = {"app/extensions.py": MADE, "app/others.py": "", "app/views.py": USE.format(line)}

    (number, text), *others = migrate_files(files)["app/views.py"].notes

    assert (number, others) == (4, [])
    assert "`jwt` of" in text
    assert "app/extensions.py:2" in text


def test_another_thing_of_the_same_name_is_no_manager(migrate: Any) -> None:
    found = migrate(USE.format("import jwt"))

    assert "create_access_token(1)" in found.code


def test_a_manager_without_a_name_is_listed(migrate: Any) -> None:
    found = migrate(
        "from flask_jwt_extended import JWTManager\nJWTManager(app)\nJWT_SECRET_KEY = k\n"
    )

    assert [line for line, text in found.notes if "give it a name" in text] == [2]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("JWTManager(app, True)", "JWTManager(app, add_context_processor=True)"),
        ("JWTManager(app=app)", "JWTManager(app=app)"),
        ("JWTManager(add_context_processor=x)", "JWTManager(add_context_processor=x)"),
        ("JWTManager(*a)", "JWTManager(*a)"),
    ],
)
def test_the_constructor_is_called_as_it_wants(migrate: Any, before: str, after: str) -> None:
    """C9."""
    found = migrate(
        f"from flask_jwt_extended import JWTManager\nJWT_SECRET_KEY = k\nx = {before}\n"
    )

    assert found.code.endswith(f"x = {after}\n")
    assert found.notes == []


def test_init_app_takes_the_application_alone(migrate: Any) -> None:
    found = migrate(
        MADE + "jwt.init_app(app, add_context_processor=True)\njwt.init_app(app)\n"
        "class A:\n    def __init__(self):\n        self.jwt = JWTManager()\n"
        "        self.jwt.init_app(app, True)\ndb.init_app(app, jwt)\nself.db.init_app(app, 1)\n"
    )

    assert [line for line, text in found.notes if "init_app takes" in text] == [4, 9]


def test_a_key_is_asked_for_where_none_is_set(migrate: Any) -> None:
    """S14."""
    code = "from flask_jwt_extended import JWTManager\nx: object = JWTManager()\n"

    assert "SECRET_KEY does not stand in" in migrate(code).notes[0][1]
    assert migrate(code + "JWT_PRIVATE_KEY = k\n").notes == []
    assert "JWT_STORE_URL" in migrate(code + "JWT_PUBLIC_KEY = k\n").notes[0][1]


def test_a_native_manager_is_a_manager(migrate: Any) -> None:
    found = migrate(
        USE.format("from jwtpolicy import JWTManager\na, b = jwt = JWTManager[User](app)")
    )

    assert "return jwt.issue(1)" in found.code


def test_what_is_left_of_the_bridge_needs_its_manager(migrate: Any) -> None:
    found = migrate(MADE.replace("import ", "import create_refresh_token as c, ") + "c(1)\n")

    assert [line for line, text in found.notes if "its own JWTManager(app)" in text] == [2]


def test_a_manager_of_the_bridge_beside_a_native_one_stays(migrate: Any) -> None:
    code = """\
        from jwtpolicy import JWTManager
        from jwtpolicy.compat import flask_jwt_extended
        jwt = JWTManager(app)
        bridge = flask_jwt_extended.JWTManager(app)
        @bridge.user_lookup_loader
        def load(header, data):
            return data["sub"]
        flask_jwt_extended.create_refresh_token(flask_jwt_extended.create_access_token(1))
        """

    found = migrate(code)

    assert "@bridge.user_lookup_loader\ndef load(header, data):" in found.code
    assert "flask_jwt_extended.create_refresh_token(jwt.issue(1))" in found.code
    assert [line for line, text in found.notes if "move its loaders" in text] == [4]
    assert [line for line, text in found.notes if "its own JWTManager" in text] == []
