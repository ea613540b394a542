"""To the bridge imports alone change, and what has to be set is said."""

from __future__ import annotations

import difflib
from typing import Any

import pytest

BRIDGE = "jwtpolicy.compat.flask_jwt_extended"
STATEMENTS = [
    (
        "from flask_jwt_extended import (\n    get_jwt,  # why\n    jwt_required as guard,\n)\n"
        "guard()\n",
        f"from {BRIDGE} import (\n    get_jwt,  # why\n    jwt_required as guard,\n)\nguard()\n",
    ),
    (
        "from flask_jwt_extended.exceptions import CSRFError\n",
        f"from {BRIDGE}.exceptions import CSRFError\n",
    ),
    ("from flask_jwt_extended import *\n", f"from {BRIDGE} import *\n"),
    ("from flask_jwt_extended import view_decorators\n", f"from {BRIDGE} import view_decorators\n"),
    (
        "import os, flask_jwt_extended\nflask_jwt_extended.get_jwt\n",
        f"import os, {BRIDGE} as flask_jwt_extended\nflask_jwt_extended.get_jwt\n",
    ),
    (
        "import flask_jwt_extended.utils\nflask_jwt_extended.utils.get_jwt_header\n",
        f"import {BRIDGE} as flask_jwt_extended\nflask_jwt_extended.utils.get_jwt_header\n",
    ),
    ("import flask_jwt_extended.utils as u\n", f"import {BRIDGE}.utils as u\n"),
    ("import flask_jwt_extended as f\nf.get_jwt\n", f"import {BRIDGE} as f\nf.get_jwt\n"),
    (
        "def f():\n  try: from flask_jwt_extended import get_jwt\n  except ImportError: pass\n",
        f"def f():\n  try: from {BRIDGE} import get_jwt\n  except ImportError: pass\n",
    ),
    (
        "from flask_jwt_extended import jwt_required\nguard = jwt_required\n",
        f"from {BRIDGE} import jwt_required\nguard = jwt_required\n",
    ),
    (f"from {BRIDGE} import get_jwt\n", f"from {BRIDGE} import get_jwt\n"),
    (f"import {BRIDGE} as f\n", f"import {BRIDGE} as f\n"),
    (
        "from jwtpolicy.compat import flask_jwt_extended as f\nf.get_jwt\n",
        "from jwtpolicy.compat import flask_jwt_extended as f\nf.get_jwt\n",
    ),
]


@pytest.mark.parametrize(("before", "after"), STATEMENTS)
def test_imports_alone_change_and_can_be_run(migrate: Any, before: str, after: str) -> None:
    found = migrate(before, "bridge")

    assert (found.code, found.hindrances) == (after, {})
    exec(compile(found.code, "app", "exec"), {})


def test_whatever_hinders_the_native_api_is_no_obstacle(migrate_below: Any) -> None:
    code = (
        "@jwt_required(skip_revocation_check=X)\ndef f(): create_refresh_token(*Y)\n"
        "@jwt.encode_key_loader\ndef g(i): get_jwt()['x'] = 1\nunset_access_cookies(r)\n"
    )

    found = migrate_below(code, "bridge")

    assert (found.body, found.reminders) == (code, {})
    changed = [line for line in difflib.ndiff([code], [found.body]) if line[0] in "+-"]
    assert changed == []


@pytest.mark.parametrize(
    ("code", "about"),
    [
        ("from flask_jwt_extended import nothing_of_that_name", "nothing_of_that_name is not in"),
        ("from flask_jwt_extended.nowhere import x", "nowhere.x is not in the bridge"),
        ("import flask_jwt_extended as f\nf.other()", "other is not in the bridge"),
    ],
)
def test_a_name_that_the_bridge_does_not_have_hinders(migrate: Any, code: str, about: str) -> None:
    found = migrate(f"{code}\n", "bridge")

    assert found.code == f"{code}\n"
    assert any(about in text for _, text in found.hindrances["app.py"])


REMINDED = [
    ("JWT_SECRET_KEY = 'short'", "JWT_COMPAT_WEAK_KEYS", "JWT_SECRET_KEY = 'long enough for it'"),
    ("JWT_ACCESS_TOKEN_EXPIRES = 0", "JWT_ACCESS_TOKEN_EXPIRES = False", "JWT_X_EXPIRES = 0"),
    (
        "x = app.config['JWT_IDENTITY_CLAIM']",
        "set it, to 'sub'",
        "JWT_IDENTITY_CLAIM = y\nx = app.config['JWT_IDENTITY_CLAIM']",
    ),
    ("x = app.config['JWT_HEADER_NAME'][0]", "to 'Authorization'", "x = app.config['JWT_MINE']"),
    ("patch('flask_jwt_extended.utils.x')", f"'{BRIDGE}.utils.x'", "patch('flask_jwt_extendeds')"),
    ("import_module('flask_jwt_extended')", f"write '{BRIDGE}'", "import_module(1)"),
]


@pytest.mark.parametrize(("code", "about", "silent"), REMINDED)
def test_what_has_to_be_set_is_said_by_every_run(
    migrate: Any, code: str, about: str, silent: str
) -> None:
    first = migrate(f"import flask_jwt_extended as f\n{code}\n", "bridge")
    again = migrate(first.code, "bridge")

    assert about in first.reminded()
    assert again.reminders == first.reminders
    assert migrate(f"import flask_jwt_extended as f\n{silent}\n", "bridge").reminders == {}
