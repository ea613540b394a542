"""Settings are judged by what the library itself says of them."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy.settings.checks import _ADVICE

WAYS = [
    'app.config["{key}"] = {value}',
    "app.config.update({key}={value})",
    'app.config.update({{"{key}": {value}}})',
    "app.config.from_mapping({key}={value})",
    'app.config.setdefault("{key}", {value})',
    "{key} = {value}",
    "class Config:\n    {key}: object = {value}",
    'config["{key}"] = {value}',
]


@pytest.fixture
def configure(migrate: Any) -> Any:
    """Return what migrates a file of settings beside the import that makes them matter."""
    return lambda code: migrate(f"import flask_jwt_extended\n{code}\n")


@pytest.mark.parametrize("way", WAYS)
def test_for_ever_is_spelt_wherever_it_is_set(configure: Any, way: str) -> None:
    """S2."""
    code = way.format(key="JWT_ACCESS_TOKEN_EXPIRES", value="False")

    found = configure(code)

    assert found.code == f"from jwtpolicy import NEVER\n{code.replace('False', 'NEVER')}\n"
    assert "JWT_REQUIRE_EXP" in found.notes[0][1]


@pytest.mark.parametrize("key", sorted(_ADVICE))
def test_a_key_without_a_meaning_gets_the_advice_of_the_library(configure: Any, key: str) -> None:
    found = configure(f"{key} = 1")

    assert [(line, _ADVICE[key] in text) for line, text in found.notes] == [(2, True)]


@pytest.mark.parametrize(
    ("setting", "about"),
    [
        ("JWT_COOKIE_SAMESITE = None", "expected 'Strict', 'Lax' or 'None'"),
        ("JWT_ACCESS_TOKEN_EXPIRES = 0", "at least one second"),
        ('JWT_ALGORITHM = "ES256K"', "expected 'HS256'"),
        ("JWT_HEADER_NAME = ''", "non-empty"),
        ("JWT_KEYS = 1", "KeyRing"),
        ("JWT_ACESS_TOKEN_EXPIRES = 1", "did you mean JWT_ACCESS_TOKEN_EXPIRES?"),
        ("JWT_OF_MY_OWN = 1", "means nothing here"),
    ],
)
def test_a_value_that_cannot_be_meant_is_listed(configure: Any, setting: str, about: str) -> None:
    """C17."""
    (line, text), *others = configure(setting).notes

    assert (line, others) == (2, [])
    assert about in text


@pytest.mark.parametrize(
    "setting",
    [
        "JWT_ACCESS_COOKIE_NAME = None",
        "JWT_DECODE_AUDIENCE = None",
        "JWT_ACCESS_TOKEN_EXPIRES = timedelta(hours=1)",
        "JWT_ACCESS_TOKEN_EXPIRES = 3600",
        "JWT_RESET_TOKEN_EXPIRES = 3600",
        "JWT_COOKIE_SECURE = True",
        "JWT_COOKIE_SECURE = DEBUG",
        'JWT_TOKEN_LOCATION = ["headers"]',
        "JWT_TOKEN_LOCATION = PLACES",
        'JWT_SECRET_KEY = os.environ["KEY"]',
        'JWT_SECRET_KEY = os.environ.get("KEY")',
        'JWT_SECRET_KEY = read("KEY", "name")',
        'os.environ["JWT_SECRET_KEY"] = "x"',
        'jwt_secret_key = "x"',
        'JWT_x = "x"',
        "JWT_SECRET_KEY: str",
        'def f():\n    JWT_SECRET_KEY = "x"',
        'app.config["x", "y"] = app.config[1:2] = app.config[JWT] = 1',
        'f()["JWT_SECRET_KEY"] = "x"',
        'app.config.setdefault("JWT_ACCESS_COOKIE_NAME")',
    ],
)
def test_what_can_be_meant_is_left_alone(configure: Any, setting: str) -> None:
    found = configure(setting)

    assert found.code.endswith(f"{setting}\n")
    assert found.notes == []


@pytest.mark.parametrize(
    "value",
    ['"secret"', 'b"secret"', 'os.environ.get("KEY", "secret")', 'os.getenv("KEY") or "secret"'],
)
def test_secrets_in_the_source_are_listed_and_never_shown(configure: Any, value: str) -> None:
    """S14."""
    found = configure(f"JWT_SECRET_KEY = {value}")

    assert [line for line, text in found.notes if "read a new one" in text] == [2]
    assert not any("secret" in text.replace("SECRET_KEY", "") for _, text in found.notes)


def test_a_key_object_is_listed(configure: Any) -> None:
    found = configure("import jwt\nJWT_PUBLIC_KEY = jwt.algorithms.RSAAlgorithm.from_jwk(x)")

    assert [line for line, text in found.notes if "the PEM" in text] == [3]


def test_cookies_that_travel_in_the_clear_are_listed(configure: Any) -> None:
    """S15."""
    found = configure("JWT_COOKIE_SECURE = False")

    assert [line for line, text in found.notes if "http://localhost" in text] == [2]


@pytest.mark.parametrize("places", ['["cookies"]', '"cookies"', '("headers", "cookies")'])
def test_new_names_of_cookies_are_announced(configure: Any, places: str) -> None:
    """S15."""
    code = f"JWT_TOKEN_LOCATION = {places}\n"

    assert "csrf_access_token" in configure(code).notes[0][1]
    assert configure(code + 'JWT_ACCESS_COOKIE_NAME = "mine"').notes == []


def test_a_subject_of_another_name_is_listed(configure: Any) -> None:
    assert "`sub` says something else" in configure('JWT_IDENTITY_CLAIM = "email"').notes[0][1]
    assert configure('JWT_IDENTITY_CLAIM = "sub"').notes == []


def test_defaults_that_are_read_from_the_configuration_are_listed(configure: Any) -> None:
    code = 'x = app.config["JWT_ACCESS_TOKEN_EXPIRES"]\n'

    assert "defaults are not written" in configure(code).notes[0][1]
    assert configure(code + "JWT_ACCESS_TOKEN_EXPIRES = 60").notes == []
    assert configure('del app.config["JWT_ACCESS_TOKEN_EXPIRES"]').notes == []


def test_settings_that_come_late_are_listed(migrate_below: Any) -> None:
    """C17."""
    late = migrate_below('app.config["JWT_HEADER_NAME"] = "X"\n')
    inside = migrate_below('def f():\n    app.config["JWT_HEADER_NAME"] = "X"\n')

    assert late.lines_about("set it before") == [1]
    assert inside.notes == []


def test_settings_before_init_app_are_not_late(migrate: Any) -> None:
    found = migrate(
        """\
        from flask_jwt_extended import JWTManager
        jwt = JWTManager()
        app.config["JWT_SECRET_KEY"] = key
        jwt.init_app(app)
        """
    )

    assert found.notes == []


def test_settings_of_other_applications_are_not_looked_at(migrate_files: Any) -> None:
    assert migrate_files({"app.py": "JWT_ACCESS_TOKEN_EXPIRES = False\n"}) == {}
