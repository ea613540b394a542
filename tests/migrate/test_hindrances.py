"""What cannot be rewritten is listed with what to write, and then nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from jwtpolicy.cli import jwtpolicy
from jwtpolicy.migrate.migration import Migration
from tests.support.migration import PRELUDE

#: What stands below the prelude, the line that is named, a part of what is said, and what is
#: written in its place: that is rewritten.
HINDERED = [
    # Guards.
    (
        "@jwt_required(fresh=X)\ndef f(): pass",
        1,
        "not plain",
        "@jwt_required(fresh=True)\ndef f(): pass",
    ),
    ("@jwt_required(**X)\ndef f(): pass", 1, "not plain", "@jwt_required()\ndef f(): pass"),
    ("@jwt_required(fresh=True, refresh=True)\ndef f(): pass", 1, "no token is fresh", None),
    (
        "@jwt_required(skip_revocation_check=True)\ndef f(): pass\n"
        "@jwt.token_in_blocklist_loader\ndef g(h, d): return d['jti'] in X",
        1,
        "a revoked token is refused",
        "@jwt.token_in_blocklist_loader\ndef g(h, d): return d['jti'] in X",
    ),
    (
        "@jwt_required()\n@app.get('/')\ndef f(): pass",
        1,
        "the route is open",
        "@app.get('/')\n@jwt_required()\ndef f(): pass",
    ),
    (
        "@app.route('/', methods=['GET', 'options'])\n@jwt_required()\ndef f(): pass",
        2,
        "OPTIONS",
        "@app.route('/', methods=['GET', *X])\n@app.route('/x')\n@jwt_required()\ndef f(): pass",
    ),
    ("@app.before_request\n@jwt_required()\ndef f(): pass", 2, "around requests", None),
    ("@app.before_request\ndef f():\n    verify_jwt_in_request()", 3, "around requests", None),
    ("app.before_request(verify_jwt_in_request)", 1, "around requests", None),
    ("x = verify_jwt_in_request()", 1, "line of its own", "verify_jwt_in_request()\nx = get_jwt()"),
    ("verify_jwt_in_request(locations='json')", 1, "chooses places", None),
    ("verify_jwt_in_request(fresh=X)", 1, "not plain", "verify_jwt_in_request(fresh=True)"),
    # Reading.
    ("f(get_jwt_identity)", 1, "lambda: get_jwt_identity()", "f(lambda: get_jwt_identity())"),
    ("f(get_jwt)", 1, "lambda: get_jwt()", None),
    ("get_jwt()['x'] = 1", 1, "read-only", "x = get_jwt()\nx['x'] = 1"),
    ("get_jwt()['x'] += 1", 1, "read-only", None),
    ("del get_jwt()['x']", 1, "read-only", None),
    ("get_jwt().update(x=1)", 1, "read-only", None),
    ("get_jwt()['x'] == ['a']", 1, "is a tuple", "list(get_jwt()['x']) == ['a']"),
    ("c = get_jwt(); x = c.get('x') + ['a']", 1, "is a tuple", "get_jwt()['x'] + 'a'"),
    ("x = get_jwt()['x']\nisinstance(x, list)", 2, "is a tuple", "isinstance(get_jwt()['x'], str)"),
    ("get_jwt()['x'].append(1)", 1, "is a tuple", "get_jwt()['x'].upper()"),
    ("jwt._token_in_blocklist_callback = f", 1, "without the manager", None),
    ("getattr(jwt, 'token_in_blocklist_loader')(f)", 1, "in a text", "getattr(jwt, 'init_app')(f)"),
    ("patch('app.views.get_jwt')", 1, "in a text", "patch('app.views.get'); 'No. get_jwt'"),
    ("patch.object(views, 'get_jwt')", 1, "in a text", "f(views, 'get_jwt')"),
    ("current_user == None", 1, "not None here", "get_current_user() == None"),
    ("current_user in (None, X)", 1, "not None here", "get_current_user() in (None, X)"),
    (
        "@jwt_required(optional=True)\ndef f(): return current_user._get_current_object()",
        2,
        "not None here",
        "@jwt_required()\ndef f(): return current_user._get_current_object()",
    ),
    (
        "def f():\n    try: get_jwt_identity()\n    except (RuntimeError, KeyError): pass",
        2,
        "was a RuntimeError",
        "def f():\n    try: get_jwt_identity()\n    except KeyError: pass",
    ),
    ("c = get_jwt() or {}\nx = c.get('x', [])\nif x == []: pass", 3, "is a tuple", None),
    ("(x := get_jwt()['x'] if X else X) != []", 1, "is a tuple", "(x := get_jwt()['x']) != 'a'"),
    ("x = dict(**get_jwt())['x']\ny = {**get_jwt()}\ny['x'] in ([1], [])", 3, "is a tuple", None),
    ("type(get_jwt()['x']) is list", 1, "is a tuple", "get_jwt()['x'] in ['a', 'b']"),
    ("x = get_jwt()['x']\nx += [1]", 2, "is a tuple", "x = get_jwt()['x']\nx += 'a'"),
    ("def r(): return get_jwt()['x']\nr() == [1]", 2, "is a tuple", "def r(): pass\nr() == [1]"),
    (
        "def ok(claims, *y): return claims['x'] == [1]\nok(get_jwt(), 1, get_jwt())",
        1,
        "is a tuple",
        "def ok(claims): return claims['x'] == [1]\nok(X, get_jwt())",
    ),
    (
        "@app.after_request\ndef f(r):\n    try: get_jwt()\n    except RuntimeError: return r",
        3,
        "JWT_COOKIE_RENEW_WITHIN",
        None,
    ),
    (
        "try: get_jwt()\nexcept: pass",
        1,
        "was a RuntimeError",
        None,
    ),
    ("try: get_jwt()\nexcept Exception: pass", 1, "was a RuntimeError", None),
    ("try: get_jwt()\nexcept (KeyError, Exception): pass", 1, "was a RuntimeError", None),
    ("try: get_jwt()\nexcept* BaseException: pass", 1, "was a RuntimeError", None),
    (
        "from contextlib import suppress\nwith suppress(RuntimeError): get_jwt()",
        2,
        "was a RuntimeError",
        "from contextlib import suppress\nwith suppress(KeyError): get_jwt()",
    ),
    ("required = jwt_required", 1, "as a value", "required = jwt_required()"),
    (
        "@jwt_required(optional=True)\ndef f(): get_jwt()\nget_jwt()",
        3,
        "no guard is seen",
        "@jwt_required(optional=True)\ndef f(): g()\ndef g(): get_jwt() or g()",
    ),
    (
        "def f(): return get_jwt()\n@jwt_required(optional=True)\ndef g(): f\n@app.get('/')\n"
        "def h(): f()",
        1,
        "no guard is seen",
        "def f(): return get_jwt()\n@jwt_required(optional=True)\ndef g(): f\n@jwt_required()\n"
        "def h(): f()",
    ),
    (
        "@jwt_required(optional=True)\ndef g(): pass\n@app.get('/')\ndef get(): get_jwt()",
        4,
        "no guard is seen",
        None,
    ),
    # Issuing.
    ("create_refresh_token('a')", 1, "belongs to a login", None),
    ("create_access_token", 1, "cannot be told", "create_access_token('a')"),
    ("create_access_token(*X)", 1, "cannot be told", None),
    ("create_access_token(fresh=True)", 1, "cannot be told", None),
    ("create_access_token('a', who='b')", 1, "cannot be told", None),
    ("create_access_token('a', identity='b')", 1, "cannot be told", None),
    ("create_access_token('a', 1, 2, 3, 4, 5)", 1, "cannot be told", None),
    ("create_access_token('a', fresh=300)", 1, "fresh is", "create_access_token('a', fresh=delta)"),
    ("create_access_token('a', expires_delta=-delta)", 1, "expired already", None),
    ("create_access_token('a', expires_delta=relativedelta(days=1))", 1, "is a timedelta", None),
    ("create_access_token('a', expires_delta=False)", 1, "never expire", None),
    (
        "create_access_token('a', additional_claims={'aud': 'x', **y})",
        1,
        "JWT_ENCODE_AUDIENCE",
        None,
    ),
    (
        "c = {'jti': 1}\ncreate_access_token('a', additional_claims=c)",
        1,
        "`jti` is written",
        "c = X\ncreate_access_token('a', additional_claims=c)",
    ),
    ("create_access_token('a', additional_headers={'kid': 1})", 1, "`kid` is written", None),
    ("create_access_token(current_user)", 1, "the identity itself", None),
    (
        "x = create_access_token(u)\nu = v\ny = create_refresh_token(u)",
        3,
        "belongs to a login",
        "u = v\nx = create_access_token(u)\ny = create_refresh_token(u)",
    ),
    ("x = create_access_token(u)\ny = create_refresh_token(v)", 2, "belongs to a login", None),
    ("x = create_access_token(u)\nif x: y = create_refresh_token(u)", 2, "belongs to", None),
    ("x = create_access_token(u)\ny = x and create_refresh_token(u)", 2, "belongs to", None),
    ("x = create_access_token(u); y = create_refresh_token(u)", 1, "belongs to", None),
    (
        "x = create_access_token(u, expires_delta=d)\ny = create_refresh_token(u)",
        2,
        "the settings say when",
        "x = create_access_token(u)\ny = create_refresh_token(u)",
    ),
    (
        "x = create_access_token(u, additional_claims=c)\ny = create_refresh_token(u)",
        2,
        "all its tokens say",
        "x = create_access_token(u, additional_claims=c)\n"
        "y = create_refresh_token(u, additional_claims=c)",
    ),
    (
        "x = create_access_token(u, additional_claims=c)\n"
        "y = create_refresh_token(u, additional_claims=c)\n"
        "@jwt.additional_claims_loader\ndef f(u): return {}\n"
        "@jwt.user_lookup_loader\ndef g(h, d): return d",
        2,
        "may not say the same names",
        "x = create_access_token(u)\ny = create_refresh_token(u)\n"
        "@jwt.additional_claims_loader\ndef f(u): return {}\n"
        "@jwt.user_lookup_loader\ndef g(h, d): return d",
    ),
    (
        "@jwt_required(refresh=True)\ndef f(u):\n"
        "    return create_access_token(u), create_refresh_token(u)",
        3,
        "uses the claims of the login",
        "@jwt_required(refresh=True)\ndef f():\n    u = get_current_user()\n"
        "    return create_access_token(u), create_refresh_token(u)",
    ),
    (
        "@jwt_required(refresh=True)\ndef f():\n    return get_jwt()['x'], get_jwt().get('x')\n"
        "x = create_access_token(u, additional_claims=c)\n"
        "y = create_refresh_token(u, additional_claims=c)",
        3,
        "does not have the claims",
        "@jwt_required(refresh=True)\ndef f():\n    return get_jwt()['jti'], get_jwt().get('sub')\n"
        "x = create_access_token(u, additional_claims=c)\n"
        "y = create_refresh_token(u, additional_claims=c)",
    ),
    # Other tokens, cookies, the manager.
    ("decode_token(x, csrf_value=y)", 1, "get_csrf_token", "decode_token(x)"),
    ("decode_token()", 1, "cannot be told", None),
    ("f(decode_token)", 1, "cannot be told", None),
    ("get_unverified_jwt_headers(x)", 1, "get_unverified_header of PyJWT", None),
    ("set_access_cookies(r, x, 30)", 1, "leave max_age out", "set_access_cookies(r, x)"),
    ("set_access_cookies(*X)", 1, "cannot be told", None),
    ("f(unset_jwt_cookies)", 1, "cannot be told", None),
    ("unset_access_cookies(r)", 1, "unset together", "unset_jwt_cookies(r)"),
    ("unset_refresh_cookies(r)", 1, "unset together", None),
    ("JWTManager(*X)", 1, "cannot be told", "JWTManager()"),
    ("class M(JWTManager): pass", 1, "other methods", "def f(m: JWTManager): pass"),
    ("jwt.init_app(app, add_context_processor=True)", 1, "to the constructor", "jwt.init_app(app)"),
    ("import jwtpolicy\njwtpolicy.JWTManager(app)", 0, "this library too", "import jwtpolicy"),
    # Loaders.
    ("@jwt.user_lookup_loader\ndef f(d): pass", 1, "a header and claims", None),
    ("@jwt.user_lookup_loader\ndef f(h, *, d): pass", 1, "a header and claims", None),
    ("@jwt.user_lookup_loader\ndef f(h, d): d = 1", 1, "a header and claims", None),
    ("@jwt.user_lookup_loader\ndef f(h, d): d['x'] = 1", 2, "read-only", None),
    ("@jwt.user_lookup_loader\ndef f(h, d): return d['x'] == [1]", 2, "is a tuple", None),
    ("jwt.user_lookup_loader(f)", 1, "above the function", None),
    ("@jwt.user_lookup_loader()\ndef f(h, d): pass", 1, "above the function", None),
    ("@jwt.token_in_blocklist_loader\nasync def f(h, d): return X", 1, "cannot be async", None),
    ("@jwt.token_in_blocklist_loader\ndef f(h, d): g()", 2, "True or False in the end", None),
    ("@jwt.token_in_blocklist_loader\ndef f(h): return X", 1, "a header and claims", None),
    ("@jwt.additional_claims_loader\ndef f(a, b): pass", 1, "identity alone", None),
    ("@jwt.additional_claims_loader\nasync def f(a): pass", 1, "identity alone", None),
    ("@jwt.additional_claims_loader\ndef f(a): return {'exp': 1}", 2, "expires_delta", None),
    ("@jwt.expired_token_loader\ndef f(h, d): return d['sub']", 1, "handed the token", None),
    ("@jwt.expired_token_loader\ndef f(h): return X", 1, "handed the token", None),
    ("@jwt.unauthorized_loader\ndef f(e): e = 1", 1, "handed the token", None),
    (
        "@jwt.invalid_token_loader\ndef f(e): return e",
        1,
        "a expired_token_loader beside",
        "@jwt.invalid_token_loader\ndef f(e): return e\n"
        "@jwt.expired_token_loader\ndef g(h, d): return 'late'",
    ),
    (
        "@jwt.user_lookup_loader\n@jwt.expired_token_loader\ndef f(h, d): pass",
        1,
        "a function for each",
        None,
    ),
    ("@jwt.encode_key_loader\ndef f(i): pass", 1, "KeyRing", None),
    ("@jwt.decode_key_loader\ndef f(h, d): pass", 1, "KeyRing", None),
    ("@jwt.token_verification_loader\ndef f(h, d): pass", 1, "a policy here", None),
    ("@jwt.token_verification_failed_loader\ndef f(h, d): pass", 1, "AccessDeniedError", None),
    (
        "@jwt.user_identity_loader\ndef f(u):\n    x = u\n    return x",
        1,
        "where tokens are made",
        None,
    ),
    ("@jwt.user_identity_loader\ndef f(u): return other(u)", 1, "where tokens are made", None),
    ("@jwt.user_identity_loader\ndef f(u): return u.a + u.b", 1, "where tokens are made", None),
    ("@jwt.user_identity_loader\ndef f(u): return u\nf(1)", 1, "where tokens are made", None),
    ("@jwt.user_identity_loader\n@x\ndef f(u): return u", 1, "where tokens are made", None),
    (
        "@jwt.user_identity_loader\ndef f(u): return u.id\n"
        "@jwt.additional_claims_loader\ndef g(u): return {}",
        1,
        "look the user up",
        "@jwt.additional_claims_loader\ndef g(u): return {}",
    ),
    (
        "@jwt.user_identity_loader\ndef f(u): return u\n"
        "@jwt.user_identity_loader\ndef g(u): return u",
        3,
        "leave one",
        None,
    ),
    # Exceptions.
    (
        "import jwt as p\ntry: get_jti(x)\nexcept p.DecodeError: pass",
        3,
        "DecodeError is PyJWT's",
        None,
    ),
    (
        "from jwt import ExpiredSignatureError as E\n@app.errorhandler(E)\ndef f(e): pass",
        2,
        "is PyJWT's",
        "from jwt import ExpiredSignatureError as E\ntry: f(x)\nexcept E: pass\nf(E)\nx = E",
    ),
    ("from flask_jwt_extended.exceptions import JWTDecodeError as E\nE", 2, "more than one", None),
    ("from flask_jwt_extended.exceptions import CSRFError as E\nE(1, 2)", 2, "of your own", None),
    # Names.
    ("from flask_jwt_extended.config import config\nconfig", 2, "has no equivalent", None),
    ("from flask_jwt_extended import *", 1, "instead of *", None),
    ("import flask_jwt_extended as f\ng(f)", 2, "used as a value", None),
    ("patch('flask_jwt_extended.utils.get_jwt')", 1, "in a text", None),
    ("app.extensions['flask-jwt-extended']", 1, "in a text", "app.extensions['jwt']"),
    ("__all__ = ['app', 'get_jwt']", -3, "get_jwt is handed on", "__all__ = ['app']"),
    ("if X: get_jwt = 1\nget_jwt", 2, "bound in two ways", None),
]


@pytest.mark.parametrize(("code", "line", "about", "instead"), HINDERED)
def test_what_hinders_is_listed_and_what_is_to_be_written_is_rewritten(
    migrate_below: Any, code: str, line: int, about: str, instead: str | None
) -> None:
    """S4, S13, S16, S18, C8, D10, D16, D21, S19, K42."""
    found = migrate_below(code + "\n")

    assert (found.code, found.reminders) == (PRELUDE + code + "\n", {})
    assert line in [at for at, text in found.hindered() if about in text], found.hindered()
    if instead is not None:
        assert migrate_below(instead + "\n").hindrances == {}


COOKIES = """\
from flask_jwt_extended import JWTManager, set_access_cookies, set_refresh_cookies
class Config:
    JWT_SECRET_KEY = key
    JWT_TOKEN_LOCATION = ["cookies"]
{}
jwt = JWTManager()
set_refresh_cookies(r, x)
"""
NAMED = """\
    JWT_COOKIE_SECURE = secure
    JWT_ACCESS_COOKIE_NAME = "access_token_cookie"
    JWT_ACCESS_CSRF_COOKIE_NAME = "csrf_access_token"
    JWT_REFRESH_COOKIE_NAME = "refresh_token_cookie"
    JWT_REFRESH_CSRF_COOKIE_NAME = "csrf_refresh_token"
    JWT_REFRESH_COOKIE_PATH = "/refresh"
"""


def test_cookies_have_to_be_called_the_same_on_both_sides(migrate: Any) -> None:
    found = migrate(COOKIES.format(""))

    texts = [text for _, text in found.hindrances["app.py"]]
    assert [text.split()[1].strip(",") for text in texts] == sorted(
        line.split()[0] for line in NAMED.splitlines()
    )
    assert migrate(COOKIES.format(NAMED)).hindrances == {}
    without = NAMED.replace('    JWT_REFRESH_COOKIE_PATH = "/refresh"\n', "")
    access_alone = COOKIES.replace("set_refresh_cookies(r, x)\n", "")
    assert migrate(access_alone.format(without)).hindrances == {}


SETTINGS = [
    ("JWT_SECRET_KEY = 'short'", "is too short", "JWT_SECRET_KEY = os.environ['X']"),
    ("JWT_ACCESS_TOKEN_EXPIRES = False", "never expire", "JWT_ACCESS_TOKEN_EXPIRES = 60"),
    ("JWT_ACCESS_TOKEN_EXPIRES = 0", "at least one second", None),
    ("JWT_ALGORITHM = 'ES256K'", "expected 'HS256'", "JWT_ALGORITHM = 'HS512'"),
    ("JWT_COOKIE_SAMESITE = None", "'Strict', 'Lax' or 'None'", "JWT_DECODE_AUDIENCE = None"),
    ("JWT_COOKIE_SECURE = False", "without HTTPS", "JWT_COOKIE_SECURE = not app.debug"),
    ("JWT_COOKIE_CSRF_PROTECT = False", "always protected", "JWT_COOKIE_CSRF_PROTECT = True"),
    ("JWT_IDENTITY_CLAIM = 'id'", "are in `sub`", "JWT_IDENTITY_CLAIM = 'sub'"),
    ("JWT_VERIFY_SUB = False", "identities are text", "JWT_VERIFY_SUB = True"),
    ("x = app.config['JWT_HEADER_TYPE']", "to 'Bearer'", "x = app.config.get('JWT_HEADER_TYPE')"),
]
WAYS = [
    'app.config["{key}"] = {value}',
    "app.config.update({key}={value})",
    'app.config.update({{"{key}": {value}}})',
    'app.config.setdefault("{key}", {value})',
    "{key} = {value}",
    "class Config:\n    {key}: object = {value}",
]


@pytest.mark.parametrize(("setting", "about", "instead"), SETTINGS)
def test_a_setting_that_means_something_else_hinders(
    migrate: Any, setting: str, about: str, instead: str | None
) -> None:
    """C17, S2, S14."""
    code = "import os, flask_jwt_extended\n"

    ((line, text), *others) = migrate(f"{code}{setting}\n").hindrances["app.py"]

    assert (line, others, about in text) == (2, [], True), text
    assert instead is None or migrate(f"{code}{instead}\n").hindrances == {}


@pytest.mark.parametrize("way", WAYS)
def test_a_setting_is_seen_wherever_it_is_set(migrate: Any, way: str) -> None:
    code = way.format(key="JWT_IDENTITY_CLAIM", value="'id'")

    assert migrate(f"import flask_jwt_extended\n{code}\n").hindrances != {}


@pytest.mark.parametrize(
    ("way", "is_late"),
    [
        ("app.config['JWT_SECRET_KEY'] = key", True),
        ("app.config.update(JWT_SECRET_KEY=key)", True),
        ("JWT_SECRET_KEY = key", False),
    ],
)
def test_a_setting_that_comes_too_late_hinders(migrate: Any, way: str, is_late: bool) -> None:
    code = f"from flask_jwt_extended import JWTManager\nJWTManager({{}})\n{way}\n"

    late = migrate(code.format("app"))
    assert [text for _, text in late.hindrances.get("app.py", [])] == (
        ["the manager has read the settings: write it above"] if is_late else []
    )
    assert migrate(code.format("")).hindrances == {}


def test_a_key_has_to_be_set_or_to_come_from_somewhere(migrate: Any) -> None:
    """S14."""
    code = "from flask_jwt_extended import JWTManager\n{}\njwt = JWTManager()\n"

    assert "SECRET_KEY is not used" in migrate(code.format("")).hindrances["app.py"][0][1]
    assert migrate(code.format("app.config.from_prefixed_env()")).hindrances == {}


def test_an_answer_needs_an_application_that_is_there_before(migrate: Any) -> None:
    code = """\
        from flask import Flask
        from flask_jwt_extended import JWTManager
        JWT_SECRET_KEY = key
        jwt = JWTManager()
        {}@jwt.expired_token_loader
        def answer(header, data):
            return "no", 401
        {}
        """

    late = migrate(code.format("", 'app = Flask("app")'))
    early = migrate(code.format('web = Flask("app")\n        ', "x = y = Flask"))
    given = migrate(code.format("jwt.init_app(web)\n        web = 1\n        ", ""))
    assert "where the application is made" in late.hindrances["app.py"][0][1]
    assert "@web.errorhandler(ExpiredTokenError)" in early.code
    assert "@web.errorhandler(ExpiredTokenError)" in given.code


HANDED = "from flask_jwt_extended import jwt_required\n"


@pytest.mark.parametrize(
    ("importing", "file"),
    [
        ("from auth import jwt_required\n@jwt_required()\ndef f(): pass\n", "app.py"),
        ("import auth\n@auth.jwt_required()\ndef f(): pass\n", "app.py"),
        ("from auth import *\n@jwt_required()\ndef f(): pass\n", "auth.py"),
    ],
)
def test_names_that_come_through_another_file_hinder(
    migrate_files: Any, importing: str, file: str
) -> None:
    """K42: guards and readers meet at run time."""
    found = migrate_files({"auth.py": HANDED, "app.py": importing})

    assert list(found.hindrances) == [file]
    own = importing.replace("auth", "flask_jwt_extended").replace("*", "jwt_required")
    assert migrate_files({"auth.py": HANDED, "app.py": own}).hindrances == {}


OLD = [
    "from flask_jwt_extended import jwt_required\n@jwt_required\ndef f(): pass\n",
    "from flask_jwt_extended import fresh_jwt_required\n",
    "from flask_jwt_extended import jwt_refresh_token_required\n",
    "from flask_jwt_extended import jwt_optional\n",
    "from flask_jwt_extended import get_raw_jwt\n",
    "import flask_jwt_extended\nflask_jwt_extended.get_jwt_claims()\n",
    "import flask_jwt_extended\n@jwt.token_in_blacklist_loader\ndef f(t): pass\n",
    "import flask_jwt_extended\n@jwt.user_claims_loader\ndef f(t): pass\n",
    "from flask_jwt_extended import create_access_token\ncreate_access_token(1, user_claims=x)\n",
]


@pytest.mark.parametrize("to", ["bridge", "native"])
@pytest.mark.parametrize("code", OLD)
def test_what_is_of_the_third_version_has_to_move_first(migrate: Any, code: str, to: str) -> None:
    found = migrate(code, to)

    assert found.code == code
    assert all("move to FJE 4 first" in text for _, text in found.hindrances["app.py"])


@pytest.mark.parametrize("to", ["bridge", "native"])
@pytest.mark.parametrize(
    ("named", "left_out"),
    [
        ("from views import view\n", "from flask_jwt_extended import jwt_required\n"),
        ("from flask_jwt_extended import jwt_required\n", "import app, flask_jwt_extended\n"),
    ],
)
def test_a_file_of_the_application_that_was_not_named_hinders(
    tmp_path: Path, named: str, left_out: str, to: str
) -> None:
    """K42."""
    (tmp_path / "app.py").write_text(named + "import flask_jwt_extended\n")
    (tmp_path / "views.py").write_text(left_out)
    (tmp_path / "unrelated.py").write_text("import flask_jwt_extended\n")
    (tmp_path / "broken.py").write_text("flask_jwt_extended(\n")
    (tmp_path / "plain.py").write_text("import app\n")
    (tmp_path / "words.py").write_text("'flask_jwt_extended'\n")

    ((name, note),) = Migration([str(tmp_path / "app.py")], to).hindrances

    assert (Path(name).name, note.line) == ("app.py", 1)
    assert f"{tmp_path / 'views.py'} belongs to this application" in note.text
    assert Migration([str(tmp_path / f) for f in ("app.py", "views.py")], to).hindrances == []


def test_it_is_followed_through_files_that_use_nothing_of_it(tmp_path: Path) -> None:
    """K42: the nearest is meant of two modules that are called the same, here `views`."""
    files = {
        "shop/__init__.py": "from . import api, broken\n",
        "shop/auth.py": "import flask_jwt_extended, shop, views\n",
        "shop/broken.py": "import (\n",
        "shop/api/__init__.py": "import os\nfrom .items import Items\n",
        "shop/api/items.py": "from flask_jwt_extended import current_user\n",
        "shop/views.py": "",
        "other/views.py": "import flask_jwt_extended\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    ((_, note),) = Migration([str(tmp_path / "shop" / "auth.py")], "native").hindrances
    assert note.text.startswith(f"{tmp_path / 'shop' / 'api' / 'items.py'} belongs to this")


def test_where_something_hinders_no_byte_is_changed(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("from flask_jwt_extended import jwt_required\n")
    (tmp_path / "bad.py").write_text(PRELUDE + "create_refresh_token('a')\n")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}

    done = CliRunner().invoke(jwtpolicy, ["migrate", "--write", "--to", "native", str(tmp_path)])

    assert done.exit_code == 1
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    assert done.output.splitlines()[-1].startswith("nothing changes: 1 places hinder --to native")
    assert "bad.py:7: a refresh token belongs to a login" in done.output
