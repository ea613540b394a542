"""Guards become policies that demand the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import SECRET

PAIRS = [
    ("jwt_required()", "protect()"),
    ("jwt_required", "protect"),
    ("jwt_required(fresh=True)", "protect(Fresh())"),
    ("jwt_required(False, True)", "protect(Fresh())"),
    ("jwt_required(refresh=True)", "protect(Refresh())"),
    ("jwt_required(optional=True)", "protect(OptionalToken())"),
    ("jwt_required(True)", "protect(OptionalToken())"),
    ("jwt_required(optional=True, fresh=True)", "protect(Anonymous() | Fresh())"),
    ("jwt_required(optional=True, refresh=True)", "protect(Anonymous() | Refresh())"),
    ("jwt_required(verify_type=False)", "protect(Access() | Refresh())"),
    ("jwt_required(verify_type=False, refresh=True)", "protect(Access() | Refresh())"),
    ("jwt_required(verify_type=False, fresh=True)", "protect(Fresh())"),
    ('jwt_required(locations=["headers"])', 'protect(transports=["headers"])'),
    ("jwt_required(fresh=True, locations=PLACES)", "protect(Fresh(), transports=PLACES)"),
    ("jwt_required(locations=[])", "protect()"),
    ("jwt_required(locations=None, fresh=False)", "protect()"),
]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_guard_becomes_a_policy(migrate_below: Any, before: str, after: str) -> None:
    view = '@app.get("/")\n@{}\ndef view():\n    return "x"\n'

    found = migrate_below(view.format(before))

    assert found.body == view.format(after)
    assert found.notes == []


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_what_a_guard_becomes_is_imported(
    migrate_below: Any, monkeypatch: pytest.MonkeyPatch, before: str, after: str
) -> None:
    monkeypatch.setenv("KEY", SECRET)
    found = migrate_below(f"PLACES = ['headers']\n@{before}\ndef view():\n    return ''\n")

    module = type(pytest)("migrated")
    exec(found.code, vars(module))
    assert module.view.__wrapped__() == ""


def test_a_layout_over_several_lines_stays(migrate_below: Any) -> None:
    found = migrate_below(
        """\
        @jwt_required(
            fresh=True,  # soon
            locations=["headers"],
        )
        def view():
            return ""
        """
    )

    assert found.body.startswith(
        '@protect(\n    Fresh(),  # soon\n    transports=["headers"],\n)\ndef view'
    )


@pytest.mark.parametrize(
    ("guard", "about"),
    [
        ("jwt_required(skip_revocation_check=True)", "revocation is always asked"),
        ("jwt_required(fresh=True, refresh=True)", "no token is fresh and a refresh token"),
        ("jwt_required(fresh=FRESH)", "not plain True and False"),
        ("jwt_required(**options)", "not plain True and False"),
    ],
)
def test_what_cannot_be_said_is_left_with_what_stands_behind_it(
    migrate_below: Any, guard: str, about: str
) -> None:
    view = f"@{guard}\ndef view():\n    return get_jwt_identity()\n"

    found = migrate_below(view)

    assert found.body == view
    assert found.lines_about(about) == [1]
    line = "from jwtpolicy.compat.flask_jwt_extended import get_jwt_identity, jwt_required"
    assert line in found.imports


def test_classes_are_guarded_in_both_ways(migrate_below: Any) -> None:
    found = migrate_below(
        """\
        class Account(MethodView):
            decorators = [jwt_required(optional=True)]

            def get(self):
                return str(get_jwt_identity())

            @jwt_required(fresh=True)
            def delete(self):
                return get_jwt_identity()
        """
    )

    assert "decorators = [protect(OptionalToken())]" in found.body
    assert "str(current_token.subject if current_token else None)" in found.body
    assert "@protect(Fresh())\n    def delete(self):\n        return current_token.subject\n" in (
        found.body
    )


def test_decorators_that_are_applied_at_each_request_are_left(migrate_below: Any) -> None:
    code = "class Account(Resource):\n    method_decorators = [jwt_required()]\n"

    found = migrate_below(code)

    assert found.body == code
    assert found.lines_about("method_decorators") == [2]


def test_a_guard_above_its_route_is_listed_because_it_guards_nothing(migrate_below: Any) -> None:
    """S16."""
    found = migrate_below('@jwt_required()\n@app.get("/")\ndef view():\n    return ""\n')

    assert found.lines_about("the route is open today") == [1]


def test_a_view_that_answers_options_is_listed(migrate_below: Any) -> None:
    """S18."""
    view = '@app.route("/", methods=[{}])\n@jwt_required()\ndef view():\n    return ""\n'

    assert migrate_below(view.format('"OPTIONS"')).lines_about("OPTIONS") == [2]
    assert migrate_below(view.format('"GET"')).notes == []
    assert migrate_below(view.replace(", methods=[{}]", "")).notes == []


def test_a_view_that_refreshes_is_told_of_rotation(migrate_below: Any) -> None:
    view = "@jwt_required(refresh=True)\ndef view():\n    return {}\n"

    refreshing = migrate_below(view.format("create_access_token('u')"))

    assert refreshing.lines_about("RefreshView") == [1]
    assert "jwt.issue('u', session=current_token.session_id)" in refreshing.body
    assert migrate_below(view.format("''")).notes == []


def test_a_guard_may_be_called_on_a_view(migrate_below: Any) -> None:
    code = "view = {0}(view)\ndef guard(view):\n    return {0}(view)\n"

    assert migrate_below(code.format("jwt_required()")).body == code.format("protect()")


def test_a_guard_that_is_passed_on_is_left(migrate_below: Any) -> None:
    found = migrate_below("decorators = [jwt_required]\n")

    assert found.body == "decorators = [jwt_required]\n"
    assert found.lines_about("used as a value") == [1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("verify_jwt_in_request()", "jwt.enforce(Access())"),
        ("verify_jwt_in_request(optional=True)", "jwt.enforce(OptionalToken())"),
        ("verify_jwt_in_request(fresh=True)", "jwt.enforce(Fresh())"),
        ("verify_jwt_in_request(refresh=True)", "jwt.enforce(Refresh())"),
    ],
)
def test_a_check_inside_becomes_enforce(migrate_below: Any, before: str, after: str) -> None:
    found = migrate_below(f"def check():\n    {before}\n")

    assert found.body == f"def check():\n    {after}\n"
    assert found.notes == []


@pytest.mark.parametrize(
    ("code", "about"),
    [
        ('verify_jwt_in_request(locations="json")', "only a guard chooses places"),
        ("verify_jwt_in_request(fresh=x)", "not plain"),
        ("_, claims = verify_jwt_in_request()", "for what it returned"),
        ("app.before_request(verify_jwt_in_request)", "used as a value"),
        ("verify_jwt_in_request(skip_revocation_check=True)", "revocation is always asked"),
    ],
)
def test_a_check_inside_that_cannot_be_said_is_left(
    migrate_below: Any, code: str, about: str
) -> None:
    function = f"def check():\n    {code}\n    return get_jwt()\n"

    found = migrate_below(function)

    assert found.body == function
    assert found.lines_about(about) == [2]


def test_hooks_around_requests_are_left_to_a_person(migrate_below: Any) -> None:
    """S4 and S17."""
    before = "@app.before_request\ndef check():\n    verify_jwt_in_request()\n"
    after = "@bp.after_app_request\ndef slide(r):\n    {}\n    return r\n"

    assert migrate_below(before).body == before
    assert migrate_below(before).lines_about("protect_blueprint") == [2]
    assert migrate_below(after.format("get_jwt()")).lines_about("current_token is false") == [2]
    sliding = migrate_below(after.format("create_access_token(get_jwt_identity())"))
    assert sliding.lines_about("JWT_COOKIE_RENEW_WITHIN") == [2]
    assert migrate_below(after.format("pass")).notes == []
