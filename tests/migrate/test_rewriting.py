"""Single pieces of code become what means the same here."""

from __future__ import annotations

from typing import Any

import pytest

VIEWS = [
    ("jwt_required()", "protect()"),
    ("jwt_required(fresh=True)", "protect(Fresh())"),
    ("jwt_required(False, True)", "protect(Fresh())"),
    ("jwt_required(refresh=True)", "protect(Refresh())"),
    ("jwt_required(optional=True)", "protect(OptionalToken())"),
    ("jwt_required(True)", "protect(OptionalToken())"),
    ("jwt_required(optional=True, fresh=True)", "protect(Anonymous() | Fresh())"),
    ("jwt_required(optional=True, refresh=True)", "protect(Anonymous() | Refresh())"),
    ("jwt_required(verify_type=False)", "protect(Access() | Refresh())"),
    ('jwt_required(locations=["headers"])', 'protect(transports=["headers"])'),
    ("jwt_required(fresh=True, locations=PLACES)", "protect(Fresh(), transports=PLACES)"),
    ("jwt_required(locations=[], fresh=False)", "protect()"),
    ("jwt_required(skip_revocation_check=True)", "protect()"),
]


@pytest.mark.parametrize(("before", "after"), VIEWS)
def test_a_guard_becomes_a_policy(migrate_below: Any, before: str, after: str) -> None:
    view = '@app.get("/")\n@{}\ndef view():\n    return "x"\n'

    assert migrate_below(view.format(before)).body == view.format(after)


INSIDE = [
    ("verify_jwt_in_request()", "jwt.enforce(Access())"),
    ("verify_jwt_in_request(optional=True)", "jwt.enforce(OptionalToken())"),
    ("verify_jwt_in_request(fresh=True)", "jwt.enforce(Fresh())"),
    ("x = get_jwt_identity()", "x = current_token.subject"),
    ("int(get_jwt_identity())", "int(current_token.subject)"),
    ("f'{get_jwt_identity()}!'", "f'{current_token.subject}!'"),
    ("get_jwt()['sub']", "current_token.claims['sub']"),
    ("claims = get_jwt(); f(claims)", "claims = current_token.claims; f(claims)"),
    ("claims = get_jwt(); claims['x'] = 1", "claims = dict(current_token.claims); claims['x'] = 1"),
    ("claims = get_jwt(); claims.pop(1)", "claims = dict(current_token.claims); claims.pop(1)"),
    ("'admin' in get_jwt()['roles']", "'admin' in current_token.claims['roles']"),
    ("roles = get_jwt().get('roles', []); 1 in roles", None),
    ("get_jwt_header()['kid']", "current_token.header['kid']"),
    ("get_current_user()", "jwt.current_user"),
    ("current_user.name", "current_user.name"),
    ("get_jwt_request_location()", "jwt.current_transport"),
    ("create_access_token('a')", "jwt.issue('a')"),
    ("create_access_token(identity=get_jwt_identity())", "jwt.issue(current_token.subject)"),
    (
        "create_access_token('a', fresh=True, expires_delta=day, additional_claims={'x': 1})",
        "jwt.issue('a', fresh=True, expires_in=day, claims={'x': 1})",
    ),
    (
        "create_access_token('a', False, None, additional_headers=more)",
        "jwt.issue('a', headers=more)",
    ),
    ("decode_token(text)", "jwt.verify(text, kind=ANY).claims"),
    ("decode_token(text, None, True)", "jwt.verify(text, kind=ANY, allow_expired=True).claims"),
    ("get_jti(encoded_token=text)", "jwt.verify(text, kind=ANY).token_id"),
    ("get_csrf_token(text)", "jwt.verify(text, kind=ANY).csrf"),
    ("create_access_token('a', additional_claims=f())", "jwt.issue('a', claims=f())"),
    ("unset_jwt_cookies(r, domain=d)", "jwt.unset_cookies(r, domain=d)"),
    ("set_access_cookies(r, text, domain=d)", "jwt.set_cookies(r, text, domain=d)"),
    ("set_refresh_cookies(r, encoded_refresh_token=t)", "jwt.set_cookies(r, t)"),
]


@pytest.mark.parametrize(("before", "after"), INSIDE)
def test_what_stands_in_a_view_is_rewritten(
    migrate_below: Any, before: str, after: str | None
) -> None:
    view = "@{}()\ndef view():\n    {}\n"
    wanted = before.replace("get_jwt()", "current_token.claims") if after is None else after

    found = migrate_below(view.format("jwt_required", before))

    assert found.body == view.format("protect", wanted)


OPTIONAL = [
    ("x = get_jwt_identity()", "x = current_token.subject if current_token else None"),
    ("f(get_jwt_identity())", "f((current_token.subject if current_token else None))"),
    ("get_jwt().get('x')", "(current_token.claims if current_token else {}).get('x')"),
    ("return get_jwt_header()", "return current_token.header if current_token else {}"),
    ("return get_current_user()", "return jwt.current_user if current_token else None"),
    ("if current_user: pass", "if current_user: pass"),
]


@pytest.mark.parametrize(("before", "after"), OPTIONAL)
def test_where_no_token_may_be_it_stays_none(migrate_below: Any, before: str, after: str) -> None:
    guarded = "@{}\ndef view():\n    {}\n"
    helper = "{}def view():\n    {}\n"
    beside = "@{}\ndef other(): view()\n"

    found = migrate_below(guarded.format("jwt_required(optional=True)", before))
    assert found.body == guarded.format("protect(OptionalToken())", after)
    found = migrate_below(helper.format(beside.format("jwt_required(optional=True)"), before))
    assert found.body == helper.format(beside.format("protect(OptionalToken())"), after)


def test_where_none_is_optional_a_helper_may_rely_on_its_guard(migrate_below: Any) -> None:
    helper = "def who():\n    return {}\n@{}()\ndef view(): return who()\n"

    found = migrate_below(helper.format("get_jwt_identity()", "jwt_required"))
    assert found.body == helper.format("current_token.subject", "protect")


@pytest.mark.parametrize(
    "calling",
    [
        "@jwt_required()\ndef view(): who()\n",
        "def need(f):\n    def inner(): verify_jwt_in_request(); f()\n    return inner\n"
        "@need\ndef view(): who()\n",
        "class Need:\n    def __call__(self, f):\n"
        "        def inner(): verify_jwt_in_request(); f()\n        return inner\n"
        "@Need()\ndef view(): who()\n",
        "class Base:\n    decorators = [jwt_required()]\n"
        "class View(Base):\n    def get(self): return who()\n",
        "def need(f): return jwt_required()(f)\n"
        "class View:\n    method_decorators = [need]\n    def get(self): return who()\n",
        "def again(): return who()\n@jwt_required()\ndef view(): again()\n",
    ],
)
def test_who_calls_a_helper_says_whether_a_token_may_be_absent(
    migrate_below: Any, calling: str
) -> None:
    helper = "def who():\n    return get_jwt_identity()\n"
    optional = "@jwt_required(optional=True)\ndef other(): {}\n"

    found = migrate_below(helper + calling + optional.format("pass"))
    assert "return current_token.subject\n" in found.body
    found = migrate_below(helper + calling + optional.format("who()"))
    assert "return current_token.subject if current_token else None\n" in found.body


def test_behind_two_guards_of_which_one_is_optional_it_stays_none(migrate_below: Any) -> None:
    found = migrate_below(
        "@jwt_required(optional=True)\ndef view():\n"
        "    if get_jwt_identity() is None: verify_jwt_in_request()\n"
    )

    assert "if (current_token.subject if current_token else None) is None" in found.body


def test_a_native_optional_guard_counts_too(migrate_below: Any) -> None:
    found = migrate_below(
        "from jwtpolicy import OptionalToken, protect\n"
        "@protect(OptionalToken())\ndef view():\n    return get_jwt_identity()\n"
    )

    assert "return current_token.subject if current_token else None" in found.body


LOADERS = [
    (
        "@jwt.user_lookup_loader\ndef load(header, data: dict):\n"
        "    return get(data['sub'], header, lambda: data.get('team'))\n",
        "@jwt.user_loader\ndef load(token):\n"
        "    return get(token.claims['sub'], token.header, lambda: token.claims.get('team'))\n",
    ),
    (
        "@jwt.user_lookup_loader\ndef load(_, data):\n    token = data\n    return token\n",
        "@jwt.user_loader\ndef load(the_token):\n    token = the_token.claims\n    return token\n",
    ),
    (
        "@jwt.token_in_blocklist_loader\ndef gone(_, data):\n    return data['jti'] in SET\n",
        "@jwt.revocation_check\ndef gone(token):\n    return token.claims['jti'] in SET\n",
    ),
    (
        "@jwt.token_in_blocklist_loader\ndef gone(_, data):\n    if x: return\n"
        "    def inner(): return 1\n    if y: return not x\n    if z: return True\n"
        "    return find(data['jti'])\n",
        "@jwt.revocation_check\ndef gone(token):\n    if x: return False\n"
        "    def inner(): return 1\n    if y: return not x\n    if z: return True\n"
        "    return bool(find(token.claims['jti']))\n",
    ),
    (
        "@jwt.additional_claims_loader\ndef more(kind):\n    return {'x': kind}\n",
        "@jwt.extra_claims\ndef more(kind, the_kind):\n    return {'x': kind}\n",
    ),
    (
        "@jwt.additional_headers_loader\ndef more(identity):\n    return\n",
        "@jwt.extra_headers\ndef more(identity, kind):\n    return\n",
    ),
    (
        "@jwt.revoked_token_loader\n@jwt.expired_token_loader\ndef f(h, d):\n    return 'no'\n",
        "@app.errorhandler(RevokedTokenError)\n@app.errorhandler(ExpiredTokenError)\n"
        "def f(error):\n    return 'no'\n",
    ),
    (
        "def make():\n    @jwt.unauthorized_loader\n    def f(error):\n        return error, 401\n",
        "def make():\n    @app.errorhandler(NoTokenError)\n    @app.errorhandler(CSRFError)\n"
        "    def f(the_error):\n        return the_error.description, 401\n",
    ),
    (
        "@jwt.user_identity_loader\ndef who(user):\n    'Say who.'\n    return str(user.id)\n"
        "create_access_token(a + b)\ncreate_access_token(user.best)\n",
        "jwt.issue(str((a + b).id))\njwt.issue(str(user.best.id))\n",
    ),
    (
        "@jwt.user_identity_loader\ndef who(user): return user\ncreate_access_token(a + b)\n",
        "jwt.issue(a + b)\n",
    ),
]


@pytest.mark.parametrize(("before", "after"), LOADERS)
def test_a_loader_becomes_a_hook(migrate_below: Any, before: str, after: str) -> None:
    """D1, S9, S6."""
    assert migrate_below(before).body == after


PAIRS = [
    (
        "x = create_access_token(identity=u, fresh=True)\ny = create_refresh_token(u)\n",
        "pair = jwt.login(u)\nx = pair.access_token\ny = pair.refresh_token\n",
    ),
    (
        "y = create_refresh_token(u)\nx = create_access_token(u)\n",
        "pair = jwt.login(u, fresh=False)\ny = pair.refresh_token\nx = pair.access_token\n",
    ),
    (
        "def f(pair):\n    return {\n        'a': create_access_token(pair, fresh=new),\n"
        "        'b': create_refresh_token(pair)}\n",
        "def f(pair):\n    the_pair = jwt.login(pair, fresh=new)\n    return {\n"
        "        'a': the_pair.access_token,\n        'b': the_pair.refresh_token}\n",
    ),
    (
        "if u:\n    pass\nelse:\n    x = create_access_token(u, additional_claims=c)\n"
        "    y = create_refresh_token(u, additional_claims=c)\n",
        "if u:\n    pass\nelse:\n    pair = jwt.login(u, fresh=False, claims=c)\n"
        "    x = pair.access_token\n    y = pair.refresh_token\n",
    ),
    (
        "@jwt_required(refresh=True)\ndef f():\n    me = get_jwt_identity()\n"
        "    return create_access_token(me), create_refresh_token(me)\n",
        "@protect(Refresh())\ndef f():\n    me = current_token.subject\n"
        "    pair = jwt.refresh(current_token)\n"
        "    return pair.access_token, pair.refresh_token\n",
    ),
    (
        "@jwt_required(refresh=True)\ndef f():\n"
        "    return create_access_token(get_jwt_identity())\n",
        "@protect(Refresh())\ndef f():\n"
        "    return jwt.issue(current_token.subject, session=current_token.session_id)\n",
    ),
]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_tokens_that_are_made_together_are_a_login(
    migrate_below: Any, before: str, after: str
) -> None:
    assert migrate_below(before).body == after


NATIVE = "from jwtpolicy import JWTManager\n"
STATEMENTS = [
    ("from flask_jwt_extended import jwt_required", "jwt_required"),
    ("import flask_jwt_extended", "flask_jwt_extended.jwt_required"),
    ("import flask_jwt_extended as fje", "fje.jwt_required"),
    (
        "import flask_jwt_extended.view_decorators",
        "flask_jwt_extended.view_decorators.jwt_required",
    ),
    ("from flask_jwt_extended import view_decorators as v", "v.jwt_required"),
    ("from flask_jwt_extended.view_decorators import jwt_required as guard", "guard"),
    ("from jwtpolicy.compat.flask_jwt_extended import jwt_required", "jwt_required"),
    ("from jwtpolicy.compat import flask_jwt_extended as bridge", "bridge.jwt_required"),
    ("import jwtpolicy.compat.flask_jwt_extended as bridge", "bridge.jwt_required"),
]


@pytest.mark.parametrize(("statement", "used"), STATEMENTS)
def test_every_way_to_import_is_understood(migrate: Any, statement: str, used: str) -> None:
    found = migrate(f"{statement}\n@{used}()\ndef view():\n    return 1\n")

    assert found.code == "from jwtpolicy import protect\n@protect()\ndef view():\n    return 1\n"


VIEW = "@jwt_required()\ndef view(): return get_jwt_identity()\n"
GUARDED = "@protect()\ndef view(): return current_token.subject\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "# Tokens.\nimport os\n"
            "from flask_jwt_extended import jwt_required, get_jwt_identity # x\n"
            "from flask_jwt_extended import get_jwt\n" + VIEW,
            "# Tokens.\nimport os\nfrom jwtpolicy import current_token, protect # x\n" + GUARDED,
        ),
        (
            "import os, flask_jwt_extended as fje\n@fje.jwt_required()\ndef view(): pass\n",
            "from jwtpolicy import protect\nimport os\n@protect()\ndef view(): pass\n",
        ),
        (
            '"It."\nimport os\ndef make():\n    from flask_jwt_extended import jwt_required\n'
            "    @jwt_required()\n    def view(): pass\n",
            '"It."\nimport os\nfrom jwtpolicy import protect\ndef make():\n'
            "    @protect()\n    def view(): pass\n",
        ),
        (
            "from jwtpolicy.compat import flask_jwt_extended as f, other\n@f.jwt_required()\n"
            "def view(): pass\n",
            "from jwtpolicy import protect\nfrom jwtpolicy.compat import other\n@protect()\n"
            "def view(): pass\n",
        ),
        (
            "import os; from flask_jwt_extended import current_user\n"
            "import sys; f = lambda: current_user",
            "import os; pass\nimport sys; f = lambda: current_user\n"
            "from jwtpolicy import current_user\n",
        ),
        (
            "if x:\n    from flask_jwt_extended import get_jwt\ny = 1\n",
            "if x:\n    pass\ny = 1\n",
        ),
        (
            "from flask_jwt_extended import jwt_required; protect = 1\n@jwt_required()\n"
            "def f(): pass\n",
            "pass; protect = 1\nfrom jwtpolicy import protect as jwt_protect\n@jwt_protect()\n"
            "def f(): pass\n",
        ),
        (
            "from flask_jwt_extended import current_user as me\nimport flask_jwt_extended as f\n"
            "print(me.name, f.current_user)\n",
            "from jwtpolicy import current_user, current_user as me\n"
            "print(me.name, current_user)\n",
        ),
        (
            "from flask_jwt_extended.exceptions import NoAuthorizationError as E, CSRFError\n"
            "try: f()\nexcept (E, CSRFError): raise E('x')\n",
            "from jwtpolicy.exceptions import CSRFError, NoTokenError\n"
            "try: f()\nexcept (NoTokenError, CSRFError): raise NoTokenError('x')\n",
        ),
        (
            "from flask_jwt_extended import get_jwt\ntry: import a.json as json\n"
            "except ImportError as error: import json\njson.dumps(get_jwt())\n",
            "from jwtpolicy import current_token\ntry: import a.json as json\n"
            "except ImportError as error: import json\njson.dumps(current_token.claims)\n",
        ),
        (
            "from flask_jwt_extended import exceptions\ntry: f()\n"
            "except exceptions.WrongTokenError: pass\n",
            "from jwtpolicy.exceptions import WrongKindError\ntry: f()\n"
            "except WrongKindError: pass\n",
        ),
    ],
)
def test_imports_say_what_is_used_and_nothing_else(migrate: Any, before: str, after: str) -> None:
    """K42: no name is imported from both sides."""
    found = migrate(before)

    assert (found.hindrances, found.code) == ({}, after)


def test_many_names_are_broken_into_lines(migrate_below: Any) -> None:
    found = migrate_below(
        "@jwt_required(optional=True, fresh=True)\ndef a(): return current_user\n"
        "@jwt_required(verify_type=False)\ndef b(): return get_jwt(), decode_token(x)\n"
    )

    assert (
        "from jwtpolicy import (\n    ANY,\n    Access,\n    Anonymous,\n    Fresh,\n"
        "    JWTManager,\n    Refresh,\n    current_token,\n    current_user,\n    protect,\n)\n"
    ) in found.code


MADE = "from flask_jwt_extended import JWTManager\njwt = JWTManager()\nJWT_SECRET_KEY = key\n"
USE = (
    "from flask_jwt_extended import create_access_token\n{}\n"
    "def f():\n    return create_access_token(1)\n"
)


@pytest.mark.parametrize(
    ("place", "line", "name"),
    [
        ("app/views.py", "from .extensions import jwt", "jwt"),
        ("app/views.py", "from app.extensions import jwt as manager", "manager"),
        ("app/api/views.py", "from ..extensions import jwt", "jwt"),
        ("views.py", "from app.extensions import jwt", "jwt"),
        ("app/views.py", "from .extensions import db", "current_manager"),
        ("app/views.py", "import jwt", "current_manager"),
        ("app/views.py", "from .others import jwt", "current_manager"),
        ("app/views.py", "", "current_manager"),
        ("app/views.py", "jwt = JWTManager = 1", "current_manager"),
    ],
)
def test_the_manager_is_what_the_file_calls_it_or_the_current_one(
    migrate_files: Any, place: str, line: str, name: str
) -> None:
    others = {
        "app/extensions.py": MADE + "db = 1\n",
        "app/others.py": "from somewhere import jwt\n",
    }

    found = migrate_files({**others, place: USE.format(line)})

    assert found.hindrances == {}
    assert f"return {name}.issue(1)" in found.codes[place]


def test_a_manager_of_a_function_counts_inside_of_it_only(migrate: Any) -> None:
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
    assert "return current_manager.issue(2)" in found.code


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("JWTManager(app, True)", "JWTManager(app, add_context_processor=True)"),
        ("JWTManager(app=app)", "JWTManager(app=app)"),
        ("JWTManager(app)", "JWTManager(app)"),
    ],
)
def test_the_constructor_is_called_as_it_wants(migrate: Any, before: str, after: str) -> None:
    """C9."""
    found = migrate(f"from flask_jwt_extended import JWTManager\nJWT_SECRET_KEY = k\n{before}\n")

    assert found.code.endswith(f"\n{after}\n")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_did_and_what_is_no_ascii_counts_once(migrate: Any, newline: str) -> None:
    lines = ["from flask_jwt_extended import (", "    jwt_required)", "x = '\u00e4\u2028', 1"]
    lines += ["y = '\u00e4'; z = jwt_required()", ""]

    found = migrate(newline.join(lines))

    assert found.code == newline.join(
        ["from jwtpolicy import protect", lines[2], "y = '\u00e4'; z = protect()", ""]
    )


def test_what_needs_no_change_stays(migrate_files: Any) -> None:
    files = {"app.py": "JWT_ACCESS_TOKEN_EXPIRES = False\n", "other.py": "x = 1\n"}

    assert migrate_files(files).codes == files


def test_never_is_spelt_where_it_is_allowed(migrate: Any) -> None:
    """S2."""
    found = migrate(
        "from flask_jwt_extended import create_access_token\nJWT_REQUIRE_EXP = False\n"
        "JWT_ACCESS_TOKEN_EXPIRES = False\ncreate_access_token('a', expires_delta=False)\n"
    )

    assert found.code.startswith("from jwtpolicy import NEVER, current_manager\n")
    assert "JWT_ACCESS_TOKEN_EXPIRES = NEVER\n" in found.code
    assert "current_manager.issue('a', expires_in=NEVER)\n" in found.code
