"""What holds of every migrated file, whatever stands in it."""

from __future__ import annotations

import ast
import builtins
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from jwtpolicy.migrate.migration import Migration, Result
from tests.migrate.conftest import NAMES

LINES = [
    "access = create_access_token(identity=user, fresh=True)",
    "access = create_access_token(user, expires_delta=False)",
    "refresh = create_refresh_token(identity=user)",
    "claims = get_jwt()",
    "user = get_jwt_identity()",
    "print(claims, get_jwt()['role'], get_jwt_header())",
    "return get_current_user() or current_user.name",
    "set_access_cookies(user, decode_token(user)['jti'])",
    "unset_jwt_cookies(user); unset_access_cookies(user)",
    "verify_jwt_in_request(optional=True)",
    "print(get_jti(user), get_csrf_token(user), get_jwt_request_location())",
    "app.config['JWT_ACCESS_TOKEN_EXPIRES'] = False",
    "data = token = protect = user",
]
DECORATORS = [
    "@jwt_required()",
    "@jwt_required(optional=True)",
    "@jwt_required(refresh=True, locations=['json'])",
    "@jwt_required(verify_type=False)",
    "@jwt_required(skip_revocation_check=True)",
    "@app.get('/')",
    "@app.after_request",
    "@jwt.user_lookup_loader",
    "@jwt.token_in_blocklist_loader",
    "@jwt.additional_claims_loader",
    "@jwt.user_identity_loader",
    "@jwt.expired_token_loader",
    "@jwt.invalid_token_loader",
]
PARAMETERS = ["", "user", "header, data", "header, user=None"]

functions = st.builds(
    lambda decorators, parameters, lines, number: "\n".join(
        [*decorators, f"def view{number}({parameters}):", *(f"    {line}" for line in lines), ""]
    ),
    st.lists(st.sampled_from(DECORATORS), max_size=3),
    st.sampled_from(PARAMETERS),
    st.lists(st.sampled_from(LINES), min_size=1, max_size=5),
    st.integers(0, 9),
)
modules = st.builds(
    lambda package, extra, blocks, newline: newline.join(
        f"from flask import Flask\nfrom {package} import {NAMES}\n{extra}app = Flask('app')\n"
        f"jwt = JWTManager(app)\nuser = 1\n\n{''.join(blocks)}".split("\n")
    ),
    st.sampled_from(["flask_jwt_extended", "jwtpolicy.compat.flask_jwt_extended"]),
    st.sampled_from(["", "from jwtpolicy import Fresh as protect\n", "protect = Refresh = 1\n"]),
    st.lists(functions, max_size=4),
    st.sampled_from(["\n", "\r\n"]),
)


def migrated(source: bytes) -> Result:
    """Return what becomes of a file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "app.py"
        file.write_bytes(source)
        migration = Migration([str(file)])
    assert migration.errors == []
    return migration.results[0]


@settings(deadline=None, max_examples=40)
@given(modules)
def test_the_result_is_python_that_is_not_migrated_again(source: str) -> None:
    first = migrated(source.encode())

    ast.parse(first.after.bytes)
    again = migrated(first.after.bytes)
    assert again.after.bytes == first.after.bytes


@settings(deadline=None, max_examples=40)
@given(modules)
def test_every_name_is_bound_and_every_native_import_used(source: str) -> None:
    tree = ast.parse(migrated(source.encode()).after.bytes)

    used = names(tree)
    assert used - set(bound(tree)) - set(vars(builtins)) <= {"claims", "header"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "jwtpolicy":
            written = {alias.asname or alias.name for alias in node.names}
            assert written <= used | {"protect"}


@settings(deadline=None, max_examples=40)
@given(modules)
def test_lines_end_as_they_did_and_notes_stand_on_them(source: str) -> None:
    result = migrated(source.encode())

    code = result.after.bytes
    assert code.count(b"\r\n") in (0, code.count(b"\n"))
    assert all(1 <= note.line <= source.count("\n") + 1 for note in result.notes)


def names(tree: ast.AST) -> set[str]:
    """Return the names that stand anywhere."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def bound(tree: ast.AST) -> Iterator[str]:
    """Yield what is bound anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[0]
        elif isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
