"""What reads the current token reads `current_token` and `current_user`."""

from __future__ import annotations

from typing import Any

import pytest

PAIRS = [
    ("x = get_jwt_identity()", "x = current_token.subject"),
    ("int(get_jwt_identity())", "int(current_token.subject)"),
    ('get_jwt()["sub"]', "current_token.subject"),
    ('get_jwt()["jti"]', "current_token.token_id"),
    ('get_jwt()["type"]', "current_token.kind"),
    ('get_jwt()["role"]', 'current_token.claims["role"]'),
    ("get_jwt()[NAME]", "current_token.claims[NAME]"),
    ('get_jwt().get("role", None)', 'current_token.claims.get("role", None)'),
    ('"role" in get_jwt()', '"role" in current_token.claims'),
    ("f(**get_jwt())", "f(**current_token.claims)"),
    ("{**get_jwt()}", "{**current_token.claims}"),
    ("bool(x) or not get_jwt()", "bool(x) or not current_token.claims"),
    ('get_jwt_header()["kid"]', 'current_token.header["kid"]'),
    ('get_jwt_header()["sub"]', 'current_token.header["sub"]'),
    ("get_current_user().name", "current_user.name"),
    ("get_current_user()", "jwt.current_user"),
    ("current_user.name", "current_user.name"),
    ("get_jwt_request_location()", "jwt.current_transport"),
]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_what_was_read_is_read_of_the_token(migrate_below: Any, before: str, after: str) -> None:
    found = migrate_below(f"@jwt_required()\ndef view():\n    {before}\n")

    assert found.body == f"@protect()\ndef view():\n    {after}\n"
    assert found.notes == []


OPTIONAL = [
    ("x = get_jwt_identity()", "x = current_token.subject if current_token else None"),
    ("return get_jwt_identity()", "return current_token.subject if current_token else None"),
    ("f(get_jwt_identity())", "f(current_token.subject if current_token else None)"),
    (
        "get_jwt_identity() == 'ada'",
        "(current_token.subject if current_token else None) == 'ada'",
    ),
    ("f(*get_jwt_identity())", "f(*(current_token.subject if current_token else None))"),
    ('get_jwt().get("role")', '(current_token.claims if current_token else {}).get("role")'),
    ('get_jwt()["sub"]', '(current_token.claims if current_token else {})["sub"]'),
    ("{1: get_jwt_identity()}", "{1: current_token.subject if current_token else None}"),
    ("x = get_jwt_header()", "x = dict(current_token.header) if current_token else {}"),
    ("x = get_current_user()", "x = jwt.current_user if current_token else None"),
    ("get_current_user().name", "current_user.name"),
]


@pytest.mark.parametrize(("before", "after"), OPTIONAL)
def test_where_no_token_may_be_it_stays_none(migrate_below: Any, before: str, after: str) -> None:
    found = migrate_below(f"@jwt_required(optional=True)\ndef view():\n    {before}\n")

    assert found.body == f"@protect(OptionalToken())\ndef view():\n    {after}\n"


def test_a_native_optional_guard_is_seen_too(migrate: Any) -> None:
    found = migrate(
        """\
        from flask_jwt_extended import get_jwt_identity
        from jwtpolicy import OptionalToken, protect
        @protect(OptionalToken())
        def view():
            return get_jwt_identity()
        @protect()
        def other():
            return get_jwt_identity()
        """
    )

    assert "return current_token.subject if current_token else None\n" in found.code
    assert "return current_token.subject\n" in found.code
    assert found.imports == ["from jwtpolicy import OptionalToken, current_token, protect"]


def test_a_check_inside_tells_whether_a_token_is_there(migrate_below: Any) -> None:
    found = migrate_below(
        "def f():\n    verify_jwt_in_request(optional=True)\n    return get_jwt_identity()\n"
    )

    assert "return current_token.subject if current_token else None" in found.body


def test_functions_without_a_guard_are_listed_where_views_are_optional(migrate_below: Any) -> None:
    helper = "def who():\n    return get_jwt_identity()\n"
    view = "@jwt_required(optional={})\ndef view():\n    return who()\n"

    assert migrate_below(helper + view.format("True")).lines_about("no guard is in sight") == [2]
    positional = view.replace("optional=", "").format("True")
    assert migrate_below(helper + positional).lines_about("no guard is in sight") == [2]
    assert migrate_below(helper + view.format("False")).notes == []


def test_an_error_that_is_caught_is_another_one(migrate_below: Any) -> None:
    code = "def who():\n    try:\n        return get_jwt_identity()\n    except {}:\n        pass\n"

    assert migrate_below(code.format("(RuntimeError, KeyError)")).lines_about("AttributeError") == [
        3
    ]
    assert migrate_below(code.format("KeyError")).notes == []
    assert migrate_below(code.replace(" {}", "")).notes == []


@pytest.mark.parametrize(
    ("uses", "is_copied"),
    [
        ('return claims["x"]', False),
        ('if claims: return claims.get("x") if "x" in claims else None', False),
        ("return jsonify(claims)", True),
        ('claims["x"] = 1', True),
        ('claims["x"] += 1', True),
        ('del claims["x"]', True),
        ("return {1: claims}", True),
        ("return claims == {}", True),
        ("return x[claims]", True),
        ("claims.clear()", True),
        ("claims = 3", True),
        ("pass", True),
    ],
)
def test_claims_are_copied_only_where_they_are_more_than_read(
    migrate_below: Any, uses: str, is_copied: bool
) -> None:
    found = migrate_below(f"@jwt_required()\ndef view():\n    claims = get_jwt()\n    {uses}\n")

    text = "dict(current_token.claims)" if is_copied else "current_token.claims"
    assert f"    claims = {text}\n" in found.body
    assert found.lines_about("inside of this copy") == ([3] if is_copied else [])


@pytest.mark.parametrize("target", ["self.claims", "a, b", "a = b"])
def test_what_goes_elsewhere_is_copied(migrate_below: Any, target: str) -> None:
    found = migrate_below(f"@jwt_required()\ndef view(self):\n    {target} = get_jwt()\n")

    assert f"{target} = dict(current_token.claims)" in found.body


def test_claims_of_a_module_are_copied(migrate_below: Any) -> None:
    assert "claims = dict(current_token.claims)\n" in migrate_below("claims = get_jwt()\n").body


@pytest.mark.parametrize(
    "change", ['get_jwt()["x"] = 1', 'get_jwt()["x"] += 1', 'del get_jwt()["x"]']
)
def test_claims_that_are_changed_are_left_to_a_person(migrate_below: Any, change: str) -> None:
    found = migrate_below(f"@jwt_required()\ndef view():\n    {change}\n")

    assert change in found.body
    assert found.lines_about("read-only") == [3]


@pytest.mark.parametrize(
    ("code", "is_listed"),
    [
        ('get_jwt()["roles"] == ["a"]', True),
        ('["a"] == get_jwt().get("roles")', True),
        ('claims = get_jwt(); x = claims["roles"] != ["a"]', True),
        ('get_jwt()["role"] in ["a", "b"]', False),
        ('get_jwt()["roles"] == ("a",)', False),
    ],
)
def test_comparisons_with_lists_are_listed_because_arrays_are_tuples(
    migrate_below: Any, code: str, is_listed: bool
) -> None:
    found = migrate_below(f"@jwt_required()\ndef view():\n    {code}\n")

    assert found.lines_about("compare with a tuple") == ([3] if is_listed else [])


@pytest.mark.parametrize("name", ["get_jwt", "get_jwt_identity", "get_jwt_header"])
def test_functions_that_are_handed_on_are_left(migrate_below: Any, name: str) -> None:
    found = migrate_below(f"default = {name}\n")

    assert found.body == f"default = {name}\n"
    assert len(found.notes) == 2


def test_the_user_is_a_proxy_where_no_manager_is_known(migrate: Any) -> None:
    found = migrate(
        """\
        from flask_jwt_extended import get_current_user
        def f():
            return get_current_user()
        def g():
            return get_jwt_request_location()
        """
    )

    assert "return current_user\n" in found.code
    assert [line for line, text in found.notes if "is a proxy" in text] == [3]


def test_an_alias_of_the_user_is_kept(migrate: Any) -> None:
    found = migrate(
        """\
        import flask_jwt_extended as fje
        from flask_jwt_extended import current_user as me
        def f():
            return me.name, fje.current_user.name
        """
    )

    assert found.imports == ["from jwtpolicy import current_user, current_user as me"]
    assert "return me.name, current_user.name" in found.code
