"""Tokens are issued by the manager, and both of a login by one call."""

from __future__ import annotations

from typing import Any

import pytest

PAIRS = [
    ("create_access_token(u)", "jwt.issue(u)"),
    ("create_access_token(identity=u)", "jwt.issue(u)"),
    ("create_access_token(u, True)", "jwt.issue(u, fresh=True)"),
    ("create_access_token(fresh=x, identity=u)", "jwt.issue(u, fresh=x)"),
    ("create_access_token(u, fresh=False)", "jwt.issue(u)"),
    ("create_access_token(u, expires_delta=None)", "jwt.issue(u)"),
    (
        "create_access_token(u, expires_delta=timedelta(hours=1))",
        "jwt.issue(u, expires_in=timedelta(hours=1))",
    ),
    (
        "create_access_token(u, additional_claims={'a': 1}, additional_headers={'b': 2})",
        "jwt.issue(u, claims={'a': 1}, headers={'b': 2})",
    ),
    ("create_access_token(current_user)", "jwt.issue(jwt.current_user)"),
    ("create_access_token(u,)", "jwt.issue(u,)"),
    ("create_access_token(get_jwt_identity())", "jwt.issue(current_token.subject)"),
    ("f(create_access_token(identity=u), 1)", "f(jwt.issue(u), 1)"),
]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_token_is_issued_by_the_manager(migrate_below: Any, before: str, after: str) -> None:
    found = migrate_below(f"x = {before}\n")

    assert found.body == f"x = {after}\n"
    assert found.notes == []


def test_for_ever_is_spelt(migrate_below: Any) -> None:
    """S2."""
    found = migrate_below("x = create_access_token(u, expires_delta=False)\n")

    assert found.body == "x = jwt.issue(u, expires_in=NEVER)\n"
    assert "from jwtpolicy import NEVER, JWTManager" in found.imports
    assert found.lines_about("JWT_REQUIRE_EXP") == [1]


@pytest.mark.parametrize(
    "call",
    [
        "create_access_token(*a)",
        "create_access_token(who=u)",
        "create_access_token()",
        "create_access_token(u, identity=u)",
    ],
)
def test_arguments_that_cannot_be_told_are_left(migrate_below: Any, call: str) -> None:
    found = migrate_below(f"x = {call}\n")

    assert found.body == f"x = {call}\n"
    assert found.lines_about("arguments cannot be told") == [1]


def test_a_function_that_is_handed_on_is_left(migrate_below: Any) -> None:
    assert migrate_below("make = create_access_token\n").body == "make = create_access_token\n"


@pytest.mark.parametrize(
    ("arguments", "about"),
    [
        ("fresh=123.5", "timedelta from now on"),
        ("fresh=soon.timestamp()", "timedelta from now on"),
        ("expires_delta=relativedelta(days=1)", "expires_in= is seconds"),
        ("additional_claims={'aud': 'x'}", "JWT_DECODE_AUDIENCE"),
        ("additional_claims={'type': 'x'}", "leave it out"),
        ("additional_claims={'sub': 'x', **more}", "the user that the token is issued for"),
        ("additional_headers={'kid': 'x'}", "`kid` is written by the library"),
    ],
)
def test_arguments_that_mean_nothing_are_listed(
    migrate_below: Any, arguments: str, about: str
) -> None:
    """S6."""
    assert migrate_below(f"x = create_access_token(u, {arguments})\n").lines_about(about) == [1]


def test_reserved_claims_are_found_where_the_dict_is_made(migrate_below: Any) -> None:
    """S6."""
    code = "def f():\n    more = {}\n    return create_access_token(u, additional_claims=more)\n"

    assert migrate_below(code.format("{'exp': 1}")).lines_about("expires_in") == [2]
    assert migrate_below(code.format("{'a': 1}")).notes == []
    assert migrate_below(code.replace("=more", "=made()")).notes == []
    assert migrate_below(code.replace("=more", "=vars")).notes == []
    assert migrate_below(code.format("made()")).notes == []
    assert migrate_below(code.format("1; more = {'exp': 1}")).notes == []
    assert migrate_below(code.replace("    more = {}\n", "    import more\n")).notes == []


def test_a_lone_refresh_token_is_left(migrate_below: Any) -> None:
    found = migrate_below("x = create_refresh_token(u)\n")

    assert found.body == "x = create_refresh_token(u)\n"
    assert found.lines_about("belongs to a session") == [1]


LOGIN = """\
def login():
    # Who is it?
    access = create_access_token({access})
    refresh = create_refresh_token({refresh})
    return access, refresh
"""
LOGGED_IN = """\
def login():
    # Who is it?
    pair = jwt.login({login})
    access = pair.access_token
    refresh = pair.refresh_token
    return access, refresh
"""


@pytest.mark.parametrize(
    ("access", "refresh", "login"),
    [
        ("u", "u", "u, fresh=False"),
        ("identity=u.id, fresh=True", "u.id", "u.id"),
        ("str(u.id), fresh=x", "identity=str(u.id)", "str(u.id), fresh=x"),
        (
            "u, additional_claims={'a': 1}",
            "u, additional_claims={'a': 1}",
            "u, fresh=False, claims={'a': 1}",
        ),
        ("u, additional_headers=h", "u", "u, fresh=False, headers=h"),
        ("get_jwt_identity()", "get_jwt_identity()", "current_token.subject, fresh=False"),
        ("current_user", "current_user", "jwt.current_user, fresh=False"),
    ],
)
def test_both_tokens_of_a_login_come_of_one_call(
    migrate_below: Any, access: str, refresh: str, login: str
) -> None:
    found = migrate_below(LOGIN.format(access=access, refresh=refresh))

    assert found.body == LOGGED_IN.format(login=login)
    assert found.notes == []


def test_both_tokens_in_one_statement_come_of_one_call(migrate_below: Any) -> None:
    found = migrate_below(
        "def login():\n"
        "    return f(a=create_access_token(u, fresh=True), b=create_refresh_token(u))\n"
    )

    assert found.body == (
        "def login():\n"
        "    pair = jwt.login(u)\n"
        "    return f(a=pair.access_token, b=pair.refresh_token)\n"
    )


def test_the_pair_gets_a_name_that_is_free(migrate_below: Any) -> None:
    found = migrate_below(LOGIN.format(access="u", refresh="u") + "pair = 1\n")

    assert "    jwt_pair = jwt.login(u, fresh=False)\n" in found.body


@pytest.mark.parametrize(
    ("access", "refresh"),
    [
        ("u", "v"),
        ("u, expires_delta=d", "u"),
        ("u", "u, expires_delta=d"),
        ("u", "u, additional_claims={'a': 1}"),
        ("u", "*u"),
        ("*u", "u"),
    ],
)
def test_tokens_that_say_different_things_are_no_pair(
    migrate_below: Any, access: str, refresh: str
) -> None:
    found = migrate_below(LOGIN.format(access=access, refresh=refresh))

    assert "jwt.login(" not in found.body
    assert found.lines_about("belongs to a session") == [4]


@pytest.mark.parametrize(
    "code",
    [
        "x = create_access_token(u)\nu = v\ny = create_refresh_token(u)",
        "x = create_access_token(u)\nfor u in v: pass\ny = create_refresh_token(u)",
        "y = create_refresh_token(u)\nx = create_access_token(u)",
        "x = create_access_token(u)\ny = create_access_token(u)\nz = create_refresh_token(u)",
        "x = create_access_token(u)\nif x: y = create_refresh_token(u)",
        "x = create_access_token(u)\ny = create_refresh_token(u) if x else None",
        "x = create_access_token(u)\ny = x and create_refresh_token(u)",
        "x = create_access_token(u)\ny = lambda: create_refresh_token(u)",
        "x = create_access_token(u)\ny = [create_refresh_token(u) for u in v]",
        "x = create_access_token(u)\nwith create_refresh_token(u): pass",
        "x = create_access_token(u)\ny = create_refresh_token",
        "x = create_access_token(u)\nclass A(create_refresh_token(u)): pass",
    ],
)
def test_tokens_that_may_be_made_apart_are_no_pair(migrate_below: Any, code: str) -> None:
    found = migrate_below(code + "\n")

    assert "jwt.login(" not in found.body
    assert "jwt.issue(u)" in found.body
    assert "create_refresh_token" in found.body


def test_a_view_that_rotates_is_no_login(migrate_below: Any) -> None:
    found = migrate_below("@jwt_required(refresh=True)\n" + LOGIN.format(access="u", refresh="u"))

    assert "jwt.login(" not in found.body
    assert found.lines_about("RefreshView") == [1]


def test_without_a_manager_both_are_listed(migrate: Any) -> None:
    found = migrate(
        "from flask_jwt_extended import create_access_token, create_refresh_token\n"
        + LOGIN.format(access="u", refresh="u")
    )

    assert "create_access_token(u)" in found.code
    assert [line for line, text in found.notes if "none of the files" in text] == [4]
