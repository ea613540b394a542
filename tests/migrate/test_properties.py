"""What holds of every migrated file, whatever stands in it."""

from __future__ import annotations

import ast
import builtins
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from jwtpolicy.migrate.migration import Migration
from tests.support.migration import NAMES

LINES = [
    "access = create_access_token(identity=user, fresh=True)",
    "access = create_access_token(user)",
    "refresh = create_refresh_token(identity=user)",
    "claims = get_jwt()",
    "user = get_jwt_identity()",
    "print(get_jwt()['role'], get_jwt_header(), f'{get_jwt_identity()}')",
    "return get_current_user() or current_user.name",
    "set_access_cookies(user, decode_token(user)['jti'])",
    "unset_jwt_cookies(user)",
    "verify_jwt_in_request(optional=True)",
    "print(get_jti(user), get_csrf_token(user), get_jwt_request_location())",
    "data = token = protect = user",
]
DECORATORS = [
    "@jwt_required()",
    "@jwt_required(optional=True)",
    "@jwt_required(refresh=True, locations=['json'])",
    "@jwt_required(verify_type=False)",
    "@jwt_required(skip_revocation_check=True)",
    "@app.get('/')",
    "@jwt.user_lookup_loader",
    "@jwt.additional_claims_loader",
    "@jwt.user_identity_loader",
    "@jwt.expired_token_loader",
]
PARAMETERS = ["", "user", "header, data", "header, user=None"]

functions = st.builds(
    lambda decorators, parameters, lines, number: "\n".join(
        [*decorators, f"def view{number}({parameters}):", *(f"    {line}" for line in lines), ""]
    ),
    st.lists(st.sampled_from(DECORATORS), max_size=2),
    st.sampled_from(PARAMETERS),
    st.lists(st.sampled_from(LINES), min_size=1, max_size=4),
    st.integers(0, 9),
)
modules = st.builds(
    lambda package, extra, blocks, newline: newline.join(
        f"from flask import Flask\nfrom {package} import {NAMES}\n{extra}app = Flask('app')\n"
        f"JWT_SECRET_KEY = key = 1\njwt = JWTManager(app)\nuser = 1\n\n{''.join(blocks)}".split(
            "\n"
        )
    ),
    st.sampled_from(["flask_jwt_extended", "jwtpolicy.compat.flask_jwt_extended"]),
    st.sampled_from(["", "from jwtpolicy import Fresh as protect\n", "protect = Refresh = 1\n"]),
    st.lists(functions, max_size=3),
    st.sampled_from(["\n", "\r\n"]),
)


def migrated(source: str, to: str) -> tuple[str, bool]:
    """Return what becomes of a file, and whether something hinders."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "app.py"
        file.write_bytes(source.encode())
        found = Migration([str(file)], to)
    assert found.errors == []
    after = [result.after for result in found.results]
    assert not (after and found.hindrances)
    return (after or [source])[0], bool(found.hindrances)


@settings(deadline=None, max_examples=60)
@given(modules)
def test_what_is_rewritten_is_python_of_one_library(source: str) -> None:
    """K42: all of it, or nothing, and no name from both sides."""
    code, is_hindered = migrated(source, "native")

    if is_hindered:
        assert code == source
        return
    tree = ast.parse(code)
    assert "flask_jwt_extended" not in code
    assert names(tree) - set(bound(tree)) - set(vars(builtins)) == set()
    assert code.count("\r\n") in (0, code.count("\n"))
    assert migrated(code, "native") == (code, False)


@settings(deadline=None, max_examples=40)
@given(modules)
def test_the_bridge_always_takes_over(source: str) -> None:
    code, is_hindered = migrated(source, "bridge")

    bridge = "jwtpolicy.compat.flask_jwt_extended"
    assert not is_hindered
    assert code == source.replace("from flask_jwt_extended", f"from {bridge}")
    assert migrated(code, "bridge") == (code, False)


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
