"""Loaders become the manager's hooks, and handlers of the native exceptions."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_user_lookup_takes_the_token(migrate_below: Any) -> None:
    found = migrate_below(
        """\
        @jwt.user_lookup_loader
        def load(header, data: dict):
            log(header["kid"], data)
            return User.get(data["sub"], data.get("team"), lambda: data["jti"], "x" in data)
        """
    )

    assert found.body == (
        "@jwt.user_loader\n"
        "def load(token):\n"
        '    log(token.header["kid"], dict(token.claims))\n'
        '    return User.get(token.subject, token.claims.get("team"), lambda: token.token_id, '
        '"x" in token.claims)\n'
    )
    assert found.notes == []


def test_a_name_that_is_used_already_is_not_taken(migrate_below: Any) -> None:
    found = migrate_below(
        "@jwt.user_lookup_loader\ndef load(header, data):\n    token = data['jti']\n"
        "    return token\n"
    )

    assert "def load(the_token):\n    token = the_token.token_id\n" in found.body


def test_a_lookup_of_an_identity_alone_gets_the_subject(migrate_below: Any) -> None:
    found = migrate_below("@jwt.user_lookup_loader\ndef load(who):\n    return User.get(who)\n")

    assert found.body == "@jwt.user_loader\ndef load(token):\n    return User.get(token.subject)\n"


@pytest.mark.parametrize(
    "parameters",
    [
        "self, header, data",
        "",
        "header, data=None",
        "*args",
        "header, *, data",
        "h, d, /",
        "h, **d",
    ],
)
def test_a_lookup_with_other_parameters_is_left(migrate_below: Any, parameters: str) -> None:
    code = f"@jwt.user_lookup_loader\ndef load({parameters}):\n    return None\n"

    found = migrate_below(code)

    assert found.body == code
    assert found.lines_about("@jwt.user_loader instead") == [1]


def test_a_lookup_that_changes_its_parameters_is_left(migrate_below: Any) -> None:
    code = "@jwt.user_lookup_loader\ndef load(header, data):\n    data = dict(data)\n"

    assert migrate_below(code).body == code


def test_claims_that_a_loader_changes_or_compares_are_listed(migrate_below: Any) -> None:
    found = migrate_below(
        "@jwt.user_lookup_loader\ndef load(header, data):\n"
        "    data['x'] = 1\n    return data['roles'] == ['a']\n"
    )

    assert found.lines_about("claims are read-only") == [3]
    assert found.lines_about("compare with a tuple") == [4]


BLOCKLIST = "@jwt.token_in_blocklist_loader\ndef revoked(header, data):\n    {}\n"
CHECK = "@jwt.revocation_check\ndef revoked(token):\n    {}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return data['jti'] in SET", "return token.token_id in SET"),
        ("return find(data['jti'])", "return bool(find(token.token_id))"),
        ("return not find()", "return not find()"),
        ("return -1", "return bool(-1)"),
        ("return False", "return False"),
        ("return None", "return False"),
        ("return", "return False"),
    ],
)
def test_a_blocklist_is_asked_beside_the_store(migrate_below: Any, before: str, after: str) -> None:
    """S9: what is no answer admits nobody."""
    found = migrate_below(BLOCKLIST.format(before))

    assert found.body == CHECK.format(after)
    assert found.lines_about("True or False in the end") == []
    assert found.lines_about("a store of its own") == [1]


def test_returns_of_inner_functions_stay(migrate_below: Any) -> None:
    found = migrate_below(
        BLOCKLIST.format("f = lambda: 1\n    def g():\n        return f\n    g()")
    )

    assert "        return f\n" in found.body
    assert found.lines_about("True or False in the end") == [2]


def test_a_blocklist_that_ends_with_a_block_is_told_to_return(migrate_below: Any) -> None:
    found = migrate_below(BLOCKLIST.format("if data:\n        return True"))

    assert found.lines_about("True or False in the end") == [2]


def test_an_async_blocklist_is_left(migrate_below: Any) -> None:
    """S3."""
    code = BLOCKLIST.replace("def", "async def").format("return True")

    assert migrate_below(code).body == code
    assert migrate_below(code).lines_about("a plain function") == [1]


@pytest.mark.parametrize(
    ("loader", "hook", "reserved"),
    [
        ("additional_claims_loader", "extra_claims", "exp"),
        ("additional_headers_loader", "extra_headers", "kid"),
    ],
)
def test_what_adds_members_is_told_the_kind_too(
    migrate_below: Any, loader: str, hook: str, reserved: str
) -> None:
    """S6 and D16."""
    code = "@jwt.{}\ndef more({}):\n    return {{'{}': 1}}\n"

    found = migrate_below(code.format(loader, "identity", "role"))
    assert found.body == code.format(hook, "identity, kind", "role")
    assert found.notes == []
    taken = migrate_below(code.format(loader, "kind", reserved))
    assert "def more(kind, the_kind)" in taken.body
    assert taken.lines_about(f"`{reserved}` is written by the library") == [3]
    assert migrate_below(code.format(loader, "a, b", "x")).lines_about(f"@jwt.{hook}") == [1]


@pytest.mark.parametrize("returned", ["who", "str(who)"])
def test_an_identity_that_stays_itself_needs_no_loader(migrate_below: Any, returned: str) -> None:
    found = migrate_below(
        f'x = 1\n@jwt.user_identity_loader\ndef who_is(who):\n    "It is."\n    return {returned}\n'
    )

    assert found.body == "x = 1\n"
    assert found.lines_about("removed, because") == [2]


@pytest.mark.parametrize(
    ("function", "field", "user"),
    [
        ("def f(user):\n    return user.id", 'attribute="id"', "User"),
        ("def f(user):\n    return str(user.id)", 'attribute="id"', "User"),
        ("def f(user: Account):\n    return user.id", 'attribute="id"', "Account"),
        ("def f(user):\n    return user['id']", 'attribute="…"', "User"),
        ("def f(user):\n    x = 1\n    return user.id", 'attribute="…"', "User"),
        ("def f(user):\n    return other.id", 'attribute="…"', "User"),
        ("def f(user):\n    return str()", 'attribute="…"', "User"),
        ("def f(user):\n    pass", 'attribute="…"', "User"),
        ("def f(user):\n    if user:\n        return 1", 'attribute="…"', "User"),
        ("def f():\n    return 1", 'attribute="…"', "User"),
        ("def f(user):\n    return user\nf(1)", 'attribute="…"', "User"),
    ],
)
def test_an_identity_of_an_object_becomes_a_schema_by_hand(
    migrate_below: Any, function: str, field: str, user: str
) -> None:
    code = f"@jwt.user_identity_loader\n{function}\n"

    found = migrate_below(code)

    assert found.body == code
    assert found.lines_about(f"{field}, required=True)") == [1]
    assert found.lines_about(f"@jwt.claims_for({user})") == [1]


@pytest.mark.parametrize(
    "loader",
    [
        "encode_key_loader",
        "decode_key_loader",
        "token_verification_loader",
        "token_verification_failed_loader",
    ],
)
def test_other_loaders_are_left_with_advice(migrate_below: Any, loader: str) -> None:
    """S13."""
    code = f"@jwt.{loader}\ndef f(a, b):\n    return 1\n"

    found = migrate_below(code)

    assert found.body == code
    assert found.lines_about("write") == [1]


def test_a_loader_that_is_called_is_listed(migrate_below: Any) -> None:
    found = migrate_below(
        "jwt.user_lookup_loader(load)\n@jwt.user_lookup_loader()\ndef f(): pass\n"
    )

    assert found.lines_about("above the function") == [1, 2]


def test_an_application_that_is_passed_in_is_one(migrate: Any) -> None:
    found = migrate(
        """\
        import jwtpolicy
        def register(app, jwt):
            @jwt.expired_token_loader
            def answer(header, data):
                return "no", 401
        """
    )

    assert "    @app.errorhandler(ExpiredTokenError)\n    def answer(error):\n" in found.code


def test_loaders_of_a_manager_that_is_passed_in_are_rewritten(migrate: Any) -> None:
    found = migrate(
        """\
        from flask_jwt_extended import JWTManager

        def register(manager: JWTManager):
            @manager.user_lookup_loader
            def load(_, data):
                return data["sub"]
        """
    )

    assert (
        "    @manager.user_loader\n    def load(token):\n        return token.subject\n"
        in found.code
    )
    assert found.imports == ["from jwtpolicy import JWTManager"]


def test_one_function_may_answer_several_refusals(migrate_below: Any) -> None:
    found = migrate_below(
        "@jwt.revoked_token_loader\n@jwt.expired_token_loader\ndef f(h, d):\n    return 'no'\n"
    )

    assert found.body == (
        "@app.errorhandler(RevokedTokenError)\n@app.errorhandler(ExpiredTokenError)\n"
        "def f(error):\n    return 'no'\n"
    )


def test_one_function_for_different_things_is_left(migrate_below: Any) -> None:
    code = "@jwt.user_lookup_loader\n@jwt.expired_token_loader\ndef f(h, d):\n    return 'no'\n"

    found = migrate_below(code)

    assert found.body == code
    assert found.lines_about("a function for each loader") == [1, 2]


def test_a_loader_in_a_hook_that_is_left_is_left(migrate_below: Any) -> None:
    code = (
        "@app.before_request\ndef hook():\n    get_jwt()\n    @jwt.user_lookup_loader\n"
        "    def load(h, d):\n        return 1\n"
    )

    assert migrate_below(code).body == code


HANDLERS = [
    ("expired_token_loader", "ExpiredTokenError"),
    ("needs_fresh_token_loader", "StepUpRequiredError"),
    ("revoked_token_loader", "RevokedTokenError"),
    ("user_lookup_error_loader", "UnknownUserError"),
]


@pytest.mark.parametrize(("loader", "error"), HANDLERS)
def test_what_answers_refusals_handles_an_exception(
    migrate_below: Any, loader: str, error: str
) -> None:
    """D1: errors are replaced by Flask's own handlers."""
    code = "@jwt.{}\ndef answer(header, data):\n    return 'no', 401\n"

    found = migrate_below(code.format(loader))

    assert found.body == (f"@app.errorhandler({error})\ndef answer(error):\n    return 'no', 401\n")
    assert f"from jwtpolicy.exceptions import {error}" in found.imports
    assert found.notes == []


@pytest.mark.parametrize(
    ("loader", "error", "about"),
    [
        ("invalid_token_loader", "InvalidTokenError", "expired, revoked and unknown"),
        ("unauthorized_loader", "NoTokenError", "CSRFError"),
    ],
)
def test_the_text_of_a_refusal_is_its_description(
    migrate_below: Any, loader: str, error: str, about: str
) -> None:
    """S19."""
    found = migrate_below(f"@jwt.{loader}\ndef answer(reason):\n    return reason, 401\n")

    assert found.body == (
        f"@app.errorhandler({error})\ndef answer(error):\n    return error.description, 401\n"
    )
    assert found.lines_about(about) == [1]


@pytest.mark.parametrize(
    "function",
    [
        "def answer(header, data):\n    return data['sub'], 401",
        "def answer(header, data):\n    data = 3\n    return 'no', 401",
        "def answer(*data):\n    return 'no', 401",
    ],
)
def test_an_answer_that_tells_of_the_token_is_left(migrate_below: Any, function: str) -> None:
    """S19."""
    code = f"@jwt.expired_token_loader\n{function}\n"

    found = migrate_below(code)

    assert found.body == code
    assert found.lines_about("@app.errorhandler(ExpiredTokenError)") == [1]


def test_an_answer_needs_an_application_that_is_there_before(migrate: Any) -> None:
    code = """\
        from flask import Flask
        from flask_jwt_extended import JWTManager
        jwt = JWTManager()
        {}@jwt.expired_token_loader
        def answer(header, data):
            return "no", 401
        {}
        """

    late = migrate(code.format("", 'app = Flask("app")'))
    early = migrate(code.format('app = Flask("app")\n        ', "x = y = Flask"))
    assert "@jwt.expired_token_loader" in late.code
    assert "@app.errorhandler(ExpiredTokenError)" in early.code


def test_an_application_of_the_module_is_seen_in_its_functions(migrate_below: Any) -> None:
    found = migrate_below(
        "def register():\n    @jwt.expired_token_loader\n    def answer(h, d):\n"
        "        return 'no'\n"
    )

    assert "    @app.errorhandler(ExpiredTokenError)\n" in found.body


def test_an_application_may_be_made_by_a_function(migrate: Any) -> None:
    found = migrate(
        """\
        from flask_jwt_extended import JWTManager
        jwt = JWTManager()
        def create():
            web, other[0] = make(), Flask()
            jwt.init_app(web)
            jwt.init_app(make())
            @jwt.expired_token_loader
            def answer(header, data):
                return "no", 401
        """
    )

    assert "    @web.errorhandler(ExpiredTokenError)\n    def answer(error):\n" in found.code
