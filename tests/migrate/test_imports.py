"""Imports say what is used, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

VIEW = "@jwt_required()\ndef view():\n    return get_jwt_identity()\n"


def test_one_statement_becomes_one(migrate: Any) -> None:
    found = migrate(
        f"import os\nfrom flask_jwt_extended import get_jwt_identity, jwt_required\n{VIEW}"
    )

    assert found.imports == ["import os", "from jwtpolicy import current_token, protect"]


def test_a_statement_for_each_name_stays_so(migrate: Any) -> None:
    found = migrate(
        "# Tokens.\nfrom flask_jwt_extended import jwt_required  # noqa\n"
        f"from flask_jwt_extended import get_jwt_identity\n{VIEW}"
    )

    assert found.code.startswith(
        "# Tokens.\nfrom jwtpolicy import current_token  # noqa\nfrom jwtpolicy import protect\n@"
    )


def test_many_names_are_broken_into_lines(migrate: Any) -> None:
    found = migrate(
        """\
        from flask_jwt_extended import *
        from flask_jwt_extended import JWTManager, jwt_required, get_jwt, current_user
        jwt = JWTManager()
        @jwt_required(optional=True, fresh=True)
        def view():
            return current_user
        @jwt_required(verify_type=False)
        def other():
            return get_jwt()["x"]
        """
    )

    assert (
        "from jwtpolicy import (\n    Access,\n    Anonymous,\n    Fresh,\n    JWTManager,\n"
        "    Refresh,\n    current_token,\n    current_user,\n    protect,\n)\n"
    ) in found.code
    assert [line for line, text in found.notes if "instead of *" in text] == [1]


@pytest.mark.parametrize(
    ("statement", "prefix"),
    [
        ("import flask_jwt_extended", "flask_jwt_extended."),
        ("import flask_jwt_extended as fje", "fje."),
        ("import flask_jwt_extended.view_decorators", "flask_jwt_extended.view_decorators."),
        ("from flask_jwt_extended import view_decorators as v", "v."),
        ("from flask_jwt_extended.view_decorators import jwt_required", ""),
        ("from flask_jwt_extended import jwt_required as protected", "protected"),
        ("from jwtpolicy.compat.flask_jwt_extended import jwt_required", ""),
        ("from jwtpolicy.compat import flask_jwt_extended as bridge", "bridge."),
        ("import jwtpolicy.compat.flask_jwt_extended as bridge", "bridge."),
        ("import jwtpolicy.compat.flask_jwt_extended", "jwtpolicy.compat.flask_jwt_extended."),
    ],
)
def test_every_way_to_import_is_understood(migrate: Any, statement: str, prefix: str) -> None:
    used = prefix if prefix == "protected" else f"{prefix}jwt_required"

    found = migrate(f"{statement}\n@{used}()\ndef view():\n    return 1\n")

    assert found.code == "from jwtpolicy import protect\n@protect()\ndef view():\n    return 1\n"


LEFT = [
    (
        "from flask_jwt_extended import create_refresh_token as make",
        "make",
        "from jwtpolicy.compat.flask_jwt_extended import create_refresh_token as make",
    ),
    (
        "from flask_jwt_extended.utils import create_refresh_token",
        "create_refresh_token",
        "from jwtpolicy.compat.flask_jwt_extended import create_refresh_token",
    ),
    (
        "import flask_jwt_extended",
        "flask_jwt_extended.create_refresh_token",
        "import jwtpolicy.compat.flask_jwt_extended as flask_jwt_extended",
    ),
    (
        "import flask_jwt_extended.utils",
        "flask_jwt_extended.utils.create_refresh_token",
        "import jwtpolicy.compat.flask_jwt_extended as flask_jwt_extended",
    ),
    (
        "import os, flask_jwt_extended.utils as u",
        "u.create_refresh_token",
        "import os, jwtpolicy.compat.flask_jwt_extended.utils as u",
    ),
    (
        "from flask_jwt_extended import utils",
        "utils.create_refresh_token",
        "from jwtpolicy.compat.flask_jwt_extended import utils",
    ),
    (
        "import jwtpolicy.compat.flask_jwt_extended as bridge",
        "bridge.create_refresh_token",
        "import jwtpolicy.compat.flask_jwt_extended as bridge",
    ),
    (
        "from jwtpolicy.compat import flask_jwt_extended",
        "flask_jwt_extended.create_refresh_token",
        "from jwtpolicy.compat import flask_jwt_extended",
    ),
    (
        "from flask_jwt_extended.config import config",
        "config",
        "from jwtpolicy.compat.flask_jwt_extended.config import config",
    ),
]


@pytest.mark.parametrize(("before", "used", "after"), LEFT)
def test_what_is_left_is_imported_from_the_bridge(
    migrate: Any, before: str, used: str, after: str
) -> None:
    found = migrate(f"{before}\nx = {used}\n")

    assert found.code == f"{after}\nx = {used}\n"
    exec(compile(found.code, "app", "exec"), {})


def test_a_module_that_is_left_stands_behind_what_is_new(migrate: Any) -> None:
    found = migrate(
        "# Tokens.\nimport flask_jwt_extended as fje\n"
        "x = fje.create_refresh_token\ny = fje.get_current_user().name\n"
    )

    assert found.code.startswith(
        "# Tokens.\nfrom jwtpolicy import current_user\n"
        "import jwtpolicy.compat.flask_jwt_extended as fje\n"
    )


def test_what_is_left_stands_beside_what_is_new(migrate: Any) -> None:
    found = migrate(
        "from flask_jwt_extended import create_refresh_token, jwt_required, get_jwt_identity\n"
        f"{VIEW}x = create_refresh_token\n"
    )

    assert found.imports == [
        "from jwtpolicy import current_token, protect",
        "from jwtpolicy.compat.flask_jwt_extended import create_refresh_token",
    ]


def test_statements_of_the_bridge_that_are_still_right_stay_as_they_are(migrate: Any) -> None:
    code = (
        "from jwtpolicy.compat.flask_jwt_extended import (\n    create_refresh_token,  # soon\n)\n"
        "x = create_refresh_token\n"
    )

    assert migrate(code).code == code


def test_new_names_join_statements_that_are_there(migrate: Any) -> None:
    found = migrate(
        "from jwtpolicy import Fresh\nfrom jwtpolicy.exceptions import *\n"
        f"from flask_jwt_extended import get_jwt_identity, jwt_required\n{VIEW}x = Fresh\n"
    )

    assert found.imports == [
        "from jwtpolicy import Fresh, current_token, protect",
        "from jwtpolicy.exceptions import *",
    ]


def test_names_that_are_there_are_used_as_they_are_called(migrate: Any) -> None:
    found = migrate(
        "from jwtpolicy import protect as guard, current_token\n"
        f"from flask_jwt_extended import get_jwt_identity, jwt_required\n{VIEW}"
    )

    assert found.imports == ["from jwtpolicy import protect as guard, current_token"]
    assert "@guard()\n" in found.code


def test_names_that_are_taken_get_another(migrate: Any) -> None:
    found = migrate(
        "from flask_jwt_extended import get_jwt_identity, jwt_required\n"
        "class Refresh: pass\ndef protect(): pass\njwt_protect = 1\n"
        f"{VIEW.replace('()', '(refresh=True)', 1)}"
    )

    assert found.imports == [
        "from jwtpolicy import Refresh as JWTRefresh, current_token, protect as jwt_jwt_protect"
    ]
    assert "@jwt_jwt_protect(JWTRefresh())\n" in found.code


def test_imports_inside_of_functions_are_mended_where_they_are(migrate: Any) -> None:
    found = migrate(
        """\
        def f():
            from flask_jwt_extended import create_refresh_token, get_jwt
            return create_refresh_token, get_jwt()["x"]

        def g():
            from flask_jwt_extended import get_jwt
            return get_jwt()["x"]

        def h():
            import os; from flask_jwt_extended import get_jwt
            import os; from flask_jwt_extended import create_refresh_token as make
            make(1)
            import os, flask_jwt_extended as fje
            return get_jwt()["x"]
        """
    )

    assert found.code == (
        "from jwtpolicy import current_token\n"
        "\n"
        "def f():\n"
        "    from jwtpolicy.compat.flask_jwt_extended import create_refresh_token\n"
        '    return create_refresh_token, current_token.claims["x"]\n'
        "\n"
        "def g():\n"
        '    return current_token.claims["x"]\n'
        "\n"
        "def h():\n"
        "    import os; \n"
        "    import os; "
        "from jwtpolicy.compat.flask_jwt_extended import create_refresh_token as make\n"
        "    make(1)\n"
        "    import os\n"
        '    return current_token.claims["x"]\n'
    )


@pytest.mark.parametrize(
    "head", ['"""Words."""\n', '"""Words."""\nimport os\nfrom sys import path\n']
)
def test_new_statements_stand_behind_docstring_and_imports(migrate: Any, head: str) -> None:
    found = migrate(
        f"{head}x = 1\ndef f():\n    import flask_jwt_extended as f\n    f.get_jwt()['x']\n"
    )

    assert found.code.startswith(f"{head}from jwtpolicy import current_token\nx = 1\n")


def test_unused_names_go(migrate: Any) -> None:
    assert migrate("from flask_jwt_extended import get_jwt\nx = 1\n").code == "x = 1\n"


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"pkg/__init__.py": "from flask_jwt_extended import get_jwt\n"}, 1),
        (
            {"a.py": "from flask_jwt_extended import get_jwt\n", "b.py": "from a import get_jwt\n"},
            1,
        ),
        ({"a.py": "from flask_jwt_extended import get_jwt\n__all__ = ['get_jwt']\n"}, 1),
        (
            {
                "p/a.py": "from flask_jwt_extended import get_jwt\n",
                "p/b.py": "from .a import get_jwt\nimport jwtpolicy\n",
            },
            1,
        ),
    ],
)
def test_names_that_are_handed_on_stay_and_are_listed(
    migrate_files: Any, files: dict[str, str], line: int
) -> None:
    found = migrate_files(files)[next(iter(files))]

    assert found.imports == ["from jwtpolicy.compat.flask_jwt_extended import get_jwt"]
    assert [number for number, text in found.notes if "elsewhere" in text] == [line]


def test_a_local_function_of_the_same_name_is_left_alone(migrate: Any) -> None:
    code = """\
        import jwtpolicy
        def get_jwt():
            return 1
        x = get_jwt()
        def f(jwt_required):
            jwt_required()
        from elsewhere import create_access_token
        create_access_token(1)
        """

    found = migrate(code)

    assert "x = get_jwt()" in found.code
    assert found.imports == ["import jwtpolicy", "from elsewhere import create_access_token"]
    assert found.notes == []


def test_a_name_that_means_two_things_is_listed(migrate: Any) -> None:
    found = migrate(
        "try:\n    from flask_jwt_extended import get_jwt\n"
        "except ImportError:\n    get_jwt = None\nx = get_jwt()\n"
    )

    assert "    from jwtpolicy.compat.flask_jwt_extended import get_jwt\n" in found.code
    assert [line for line, text in found.notes if "bound in two ways" in text] == [5]


def test_names_in_texts_are_listed(migrate: Any) -> None:
    found = migrate("import flask_jwt_extended\npatch('flask_jwt_extended.utils.get_jwt')\n")

    assert [line for line, text in found.notes if "in a text" in text] == [2]


def test_relative_imports_of_another_module_are_not_ours(migrate: Any) -> None:
    code = "import jwtpolicy\nfrom .flask_jwt_extended import get_jwt\nx = get_jwt()\n"

    assert migrate(code).code == code


def test_what_has_no_equal_is_listed(migrate: Any) -> None:
    found = migrate("from flask_jwt_extended import jwt_optional\n@jwt_optional\ndef f(): pass\n")

    assert [line for line, text in found.notes if "no equal" in text] == [2]
