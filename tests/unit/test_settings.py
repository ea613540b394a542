"""Settings are read once, and wrong ones say what to write."""

from __future__ import annotations

import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jwtpolicy import NEVER
from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.settings import (
    InsecureCookieWarning,
    Settings,
    UnknownSettingWarning,
    cookie_shapes,
)
from tests.support.applications import SECRET


def read(**settings: Any) -> Settings:
    return Settings.from_mapping({f"JWT_{name.upper()}": value for name, value in settings.items()})


WRONG = [
    pytest.param("SECRET_KEY", 5, "non-empty string", id="a number as secret"),
    pytest.param("SECRET_KEY", "", "non-empty string", id="no secret"),
    pytest.param("SECRET_KEY_FALLBACKS", "x", "list of at most three", id="text as fallbacks"),
    pytest.param("SECRET_KEY_FALLBACKS", ["x"] * 4, "at most three", id="four fallbacks"),
    pytest.param("ALGORITHM", "none", "'HS256'", id="no algorithm"),
    pytest.param("ALGORITHM", "hs256", "'HS256'", id="another case"),
    pytest.param("ACCESS_TOKEN_EXPIRES", 0, "jwtpolicy.NEVER", id="a lifetime of zero"),
    pytest.param("ACCESS_TOKEN_EXPIRES", False, "jwtpolicy.NEVER", id="a lifetime of False"),
    pytest.param("ACCESS_TOKEN_EXPIRES", None, "jwtpolicy.NEVER", id="a lifetime of None"),
    pytest.param("ACCESS_TOKEN_EXPIRES", "900", "jwtpolicy.NEVER", id="a lifetime as text"),
    pytest.param("REFRESH_TOKEN_EXPIRES", timedelta(-1), "jwtpolicy.NEVER", id="a negative one"),
    pytest.param("ACCESS_TOKEN_EXPIRES", 10**20, "a century", id="a lifetime past all dates"),
    pytest.param("ACCESS_TOKEN_EXPIRES", timedelta.max, "a century", id="the longest timedelta"),
    pytest.param("RESET_TOKEN_EXPIRES", float("inf"), "jwtpolicy.NEVER", id="infinity"),
    pytest.param("SESSION_IDLE", 0, "at least one second", id="no idle time"),
    pytest.param("SESSION_MAX", 0, "above 0", id="no session"),
    pytest.param("SESSION_MAX", "3", "above 0", id="a maximum as text"),
    pytest.param("SESSION_MAX", True, "above 0", id="a maximum of True"),
    pytest.param("SESSION_ABSOLUTE", "x", "at least one second", id="text as a session's end"),
    pytest.param("ENCODE_ISSUER", ["a"], "non-empty string", id="a list as issuer"),
    pytest.param("DECODE_ISSUER", [], "or a list", id="an empty list"),
    pytest.param("DECODE_AUDIENCE", 3, "or a list", id="a number as audience"),
    pytest.param("DECODE_AUDIENCE", ["a", 3], "non-empty string", id="a number in a list"),
    pytest.param("CLOCK_SKEW", 301, "0 to 300", id="too much skew"),
    pytest.param("CLOCK_SKEW", -1, "0 to 300", id="less than no skew"),
    pytest.param("CLOCK_SKEW", float("inf"), "number", id="infinite skew"),
    pytest.param("CLOCK_SKEW", "5", "number", id="skew as text"),
    pytest.param("CLOCK_SKEW", None, "number", id="skew as None"),
    pytest.param("DECODE_LEEWAY", 301, "0 to 300", id="too much leeway"),
    pytest.param("DECODE_LEEWAY", float("inf"), "number", id="infinite leeway"),
    pytest.param("DECODE_LEEWAY", "5", "number", id="leeway as text"),
    pytest.param("ENCODE_NBF", "True", "True or False", id="a flag as text"),
    pytest.param("REQUIRE_EXP", "False", "lower case", id="a flag as the environment gives it"),
    pytest.param("REQUIRE_EXP", "x", "`FLASK_JWT_REQUIRE_EXP=false`", id="a flag by its spelling"),
    pytest.param("STORE_TIMEOUT", "9", "`FLASK_JWT_STORE_TIMEOUT=60`", id="a number by its"),
    pytest.param("REQUIRE_EXP", 0, "True or False", id="a flag as a number"),
    pytest.param("ACCESS_TOKEN_PROFILE", "9068", "'rfc9068'", id="another profile"),
    pytest.param("MAX_TOKEN_LENGTH", 0, "above 0", id="no length"),
    pytest.param("MAX_TOKEN_LENGTH", True, "above 0", id="a flag as length"),
    pytest.param("TOKEN_LOCATION", "body", "one or several of headers, cookies", id="no place"),
    pytest.param("TOKEN_LOCATION", ["headers", 3], "non-empty string", id="a number as place"),
    pytest.param("QUERY_STRING_VALUE_PREFIX", None, "non-empty", id="no prefix"),
    pytest.param("ACCESS_COOKIE_NAME", "a b", "name of a cookie", id="a space in a cookie"),
    pytest.param("REFRESH_COOKIE_PATH", "auth", "begins with '/'", id="a relative path"),
    pytest.param("ACCESS_COOKIE_PATH", "/a;b", "begins with '/'", id="a path with more in it"),
    pytest.param("COOKIE_SAMESITE", "Some", "'Strict'", id="another SameSite"),
    pytest.param("COOKIE_SAMESITE", None, "'Strict'", id="no SameSite"),
    pytest.param("COOKIE_SECURE", 0, "True or False", id="zero as flag"),
    pytest.param("CSRF_TRUSTED_ORIGINS", ["https://A.test/"], "no path", id="a page as origin"),
    pytest.param("CSRF_TRUSTED_ORIGINS", ["*"], "no path", id="every origin"),
    pytest.param("IDENTITY_CLAIM", "jti", "not reserved", id="a reserved identity"),
    pytest.param("COOKIE_RENEW_WITHIN", 0, "at least one second", id="renewing never"),
    pytest.param("RESET_JSON_KEY", 3, "non-empty string", id="a number as member"),
    pytest.param("RESET_COOKIE_NAME", "=", "name of a cookie", id="no name of a cookie"),
    pytest.param("TOKEN_LOCATION", [], "or a list", id="no place"),
    pytest.param("HEADER_NAME", "", "non-empty", id="no header"),
    pytest.param("HEADER_NAME", "X Token", "name of a header", id="a space in a header"),
    pytest.param("HEADER_TYPE", 3, "non-empty", id="a number as scheme"),
    pytest.param("REALM", 'a"b', "RFC 6750", id="a quote in the realm"),
    pytest.param("REALM", "ä", "RFC 6750", id="a letter beyond ASCII"),
    pytest.param("REALM", None, "non-empty", id="no realm"),
    pytest.param("STORE_URL", 3, "non-empty", id="a number as URL"),
    pytest.param("STORE_TIMEOUT", 0, "0.05 to 60", id="no time"),
    pytest.param("ROLES_CLAIM", [], "non-empty", id="a list as claim"),
    pytest.param("DEFAULT_DENY", "yes", "True or False", id="yes"),
    pytest.param("PUBLIC_ENDPOINTS", 3, "or a list", id="a number as patterns"),
    pytest.param("REFRESH_GRACE", 31, "0 to 30", id="a long grace"),
    pytest.param("REFRESH_GRACE", 0.5, "whole seconds", id="half a second of grace"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "why"), WRONG)
def test_a_wrong_setting_names_its_key_and_what_is_allowed(name: str, value: Any, why: str) -> None:
    """CLAIM-1, HTTP-2, S2, C17."""
    with pytest.raises(ConfigurationError, match=why) as caught:
        Settings.from_mapping({f"JWT_{name}": value})

    is_secret = name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "STORE_URL")
    shown = "empty, and " if value in ("", [], b"") else "" if is_secret else f"{value!r:.60}, "
    assert str(caught.value).startswith(f"JWT_{name} is {shown}of type {type(value).__name__};")


RIGHT = [
    pytest.param("SECRET_KEY", SECRET, "secret_key", SECRET, id="a secret"),
    pytest.param("SECRET_KEY_FALLBACKS", [SECRET], "secret_key_fallbacks", (SECRET,), id="old"),
    pytest.param("ACCESS_TOKEN_EXPIRES", 60, "access_token_expires", 60, id="seconds"),
    pytest.param(
        "ACCESS_TOKEN_EXPIRES", timedelta(minutes=1), "access_token_expires", 60, id="a timedelta"
    ),
    pytest.param("ACCESS_TOKEN_EXPIRES", NEVER, "access_token_expires", None, id="never"),
    pytest.param("SESSION_ABSOLUTE", None, "session_absolute", None, id="no end"),
    pytest.param("SESSION_IDLE", 60, "session_idle", 60, id="idle"),
    pytest.param("SESSION_MAX", 3, "session_max", 3, id="three sessions"),
    pytest.param("SESSION_MAX", None, "session_max", None, id="any number of sessions"),
    pytest.param("DECODE_ISSUER", "a", "decode_issuer", ("a",), id="one issuer"),
    pytest.param("DECODE_AUDIENCE", {"a"}, "decode_audience", ("a",), id="a set"),
    pytest.param("DECODE_LEEWAY", timedelta(seconds=5), "decode_leeway", 5, id="leeway"),
    pytest.param("ENCODE_NBF", False, "encode_nbf", False, id="a flag"),
    pytest.param("ACCESS_TOKEN_PROFILE", None, "access_token_profile", None, id="no profile"),
    pytest.param("MAX_TOKEN_LENGTH", 9, "max_token_length", 9, id="length"),
    pytest.param("TOKEN_LOCATION", ["headers"], "token_location", ("headers",), id="place"),
    pytest.param("TOKEN_LOCATION", {"json"}, "token_location", ("json",), id="a set of places"),
    pytest.param("COOKIE_SAMESITE", "lax", "cookie_samesite", "Lax", id="lower case"),
    pytest.param("CSRF_TRUSTED_ORIGINS", "http://a", "csrf_trusted_origins", ("http://a",), id="o"),
    pytest.param("QUERY_STRING_VALUE_PREFIX", "", "query_string_value_prefix", "", id="no prefix"),
    pytest.param("COOKIE_RENEW_WITHIN", None, "cookie_renew_within", None, id="no renewing"),
    pytest.param("IDENTITY_CLAIM", "uid", "identity_claim", "uid", id="identity"),
    pytest.param("RESET_JSON_KEY", "t", "custom_json_keys", {"reset": "t"}, id="own member"),
    pytest.param("RESET_COOKIE_NAME", "t", "custom_cookie_names", {"reset": "t"}, id="own cookie"),
    pytest.param("HEADER_TYPE", "", "header_type", None, id="no scheme"),
    pytest.param("HEADER_TYPE", "JWT", "header_type", "JWT", id="another scheme"),
    pytest.param("HEADER_NAME", "X-Token", "header_name", "X-Token", id="another header"),
    pytest.param("SECRET_KEY", b"\x00" * 32, "secret_key", b"\x00" * 32, id="bytes"),
    pytest.param("DECODE_LEEWAY", 300, "decode_leeway", 300, id="all the leeway"),
    pytest.param("CLOCK_SKEW", 300, "clock_skew", 300, id="all the skew"),
    pytest.param("CLOCK_SKEW", 0, "clock_skew", 0, id="no skew"),
    pytest.param("CLOCK_SKEW", timedelta(seconds=2), "clock_skew", 2, id="skew as a timedelta"),
    pytest.param("REALM", "shop floor", "realm", "shop floor", id="realm"),
    pytest.param("STORE_TIMEOUT", 1, "store_timeout", 1, id="timeout"),
    pytest.param("PUBLIC_ENDPOINTS", [], "public_endpoints", (), id="no pattern"),
    pytest.param("STORE_URL", None, "store_url", None, id="None where nothing is the default"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "field", "expected"), RIGHT)
def test_a_right_setting_is_read(name: str, value: Any, field: str, expected: Any) -> None:
    assert getattr(Settings.from_mapping({f"JWT_{name}": value}), field) == expected


def test_no_setting_is_demanded() -> None:
    settings = Settings.from_mapping({"DEBUG": True, "SECRET_KEY": "of Flask"})

    assert settings == Settings()
    assert settings.lifetimes == {"access": 900, "refresh": 30 * 86_400}


def test_kinds_of_ones_own_have_lifetimes() -> None:
    settings = read(password_reset_token_expires=60, invite_token_expires=NEVER, require_exp=False)

    assert settings.lifetimes["password_reset"] == 60
    assert settings.lifetimes["invite"] is None


ENDLESS = [
    pytest.param({"invite_token_expires": NEVER}, {"require_exp": False}, id="own kind"),
    pytest.param(
        {"access_token_expires": NEVER, "session_absolute": None}, {"require_exp": False}, id="both"
    ),
    pytest.param(
        {"refresh_token_expires": NEVER, "session_absolute": None},
        {"session_absolute": 60},
        id="the session's end is the token's",
    ),
]


@pytest.mark.parametrize(("wrong", "mended"), ENDLESS)
def test_tokens_without_an_end_have_to_be_acceptable(
    wrong: dict[str, Any], mended: dict[str, Any]
) -> None:
    """CLAIM-1: what could never be verified here is not issued either."""
    with pytest.raises(ConfigurationError, match=r"_TOKEN_EXPIRES is NEVER.* JWT_REQUIRE_EXP"):
        read(**wrong)

    assert None in read(**{**wrong, **mended}).lifetimes.values()


UNUSED = [
    pytest.param({"private_key": "x"}, "ES256", id="a private key without its algorithm"),
    pytest.param({"public_key": "x"}, "RS256", id="a public key without its algorithm"),
    pytest.param({"secret_key_fallbacks": ["x"], "algorithm": "EdDSA"}, "HS256", id="fallbacks"),
]


@pytest.mark.parametrize(("keys", "fitting"), UNUSED)
def test_a_key_that_would_not_be_used_is_refused(keys: dict[str, Any], fitting: str) -> None:
    """ALG-1."""
    with pytest.raises(ConfigurationError, match="is not used with JWT_ALGORITHM"):
        read(**keys)

    assert read(**{**keys, "algorithm": fitting}).algorithm == fitting


def test_the_places_of_a_set_have_one_order() -> None:
    assert read(encode_audience={"b", "a", "c"}).encode_audience == ("a", "b", "c")
    assert read(encode_audience=["b", "a"]).encode_audience == ("b", "a")


def test_what_is_encoded_is_demanded_unless_decoding_says_otherwise() -> None:
    """S10."""
    own = read(encode_issuer="a", encode_audience=["b", "c"])
    other = read(encode_issuer="a", decode_issuer=["x"], encode_audience="b", decode_audience="y")

    assert (own.accepted_issuers, own.accepted_audiences) == ({"a"}, {"b", "c"})
    assert (other.accepted_issuers, other.accepted_audiences) == ({"x"}, {"y"})


UNKNOWN = [
    pytest.param("JWT_RELM", "did you mean JWT_REALM", id="misspelt"),
    pytest.param("JWT_ZZZ", "remove it", id="like nothing"),
    pytest.param("JWT_ERROR_MESSAGE_KEY", "errorhandler", id="of another library"),
    pytest.param("JWT_CSRF_METHODS", "every unsafe method", id="a list that there is not"),
]


@pytest.mark.parametrize(("key", "advice"), UNKNOWN)
def test_an_unknown_setting_warns_with_advice(key: str, advice: str) -> None:
    with pytest.warns(UnknownSettingWarning, match=advice):
        Settings.from_mapping({key: 1})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Settings.from_mapping({"JWT_REALM": "x"})


@pytest.mark.parametrize("key", ["JWT_ACCES_TOKEN_EXPIRES", "JWT_REFERSH_TOKEN_EXPIRES"])
def test_a_kind_that_is_almost_access_or_refresh_is_noticed(key: str) -> None:
    with pytest.warns(UnknownSettingWarning, match=r"did you mean JWT_(ACCESS|REFRESH)_"):
        Settings.from_mapping({key: 60})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Settings.from_mapping({"JWT_REFRESHMENT_TOKEN_EXPIRES": 60, "JWT_RESET_TOKEN_EXPIRES": 60})


def test_the_switches_of_the_bridge_are_not_misspelt_settings() -> None:
    # A doubt would be a warning, and warnings are errors here.
    settings = Settings.from_mapping({"JWT_COMPAT_WEAK_KEYS": True, "JWT_REALM": "shop"})

    assert settings.realm == "shop"


@pytest.mark.parametrize(
    "key",
    ["JWT_SECRET_KEY", "JWT_SECRET_KEY_FALLBACKS", "JWT_PRIVATE_KEY", "JWT_PUBLIC_KEY"],
)
def test_keys_beside_a_folder_of_keys_are_refused(key: str) -> None:
    value = ["x" * 40] if key.endswith("S") else "x" * 40
    with pytest.raises(ConfigurationError, match=f"{key} is not used with JWT_KEYS"):
        Settings.from_mapping({"JWT_KEYS": "keys", key: value})


def test_a_key_does_not_sign_before_all_processes_have_read_it() -> None:
    for delay in (599, 0):
        given = {"JWT_KEYS": "keys", "JWT_KEYS_RELOAD": 300, "JWT_KEY_PUBLISH_DELAY": delay}
        with pytest.raises(ConfigurationError, match="less than twice JWT_KEYS_RELOAD"):
            Settings.from_mapping(given)

    settings = Settings.from_mapping(given | {"JWT_KEY_PUBLISH_DELAY": 600})
    assert settings.key_publish_delay == 600


def test_a_path_is_taken_as_text_or_as_a_path() -> None:
    settings = Settings.from_mapping({"JWT_KEYS": Path("keys"), "JWT_PRIVATE_KEY": None})

    assert settings.keys == "keys"


def test_changes_after_the_start_are_found() -> None:
    mapping = {"JWT_REALM": "a", "JWT_PUBLIC_ENDPOINTS": ["x"], "DEBUG": True}
    settings = Settings.from_mapping(mapping)
    assert settings.changed_in({**mapping, "DEBUG": False}) == []

    mapping["JWT_PUBLIC_ENDPOINTS"].append("y")
    del mapping["JWT_REALM"]
    changed = settings.changed_in({**mapping, "JWT_DECODE_LEEWAY": 0})
    assert changed == ["JWT_DECODE_LEEWAY", "JWT_PUBLIC_ENDPOINTS", "JWT_REALM"]


def test_changes_inside_a_set_are_found() -> None:
    places = {"headers"}
    settings = read(token_location=places)

    places.add("cookies")
    assert settings.changed_in({"JWT_TOKEN_LOCATION": places}) == ["JWT_TOKEN_LOCATION"]


def test_only_what_means_something_here_counts_as_a_change() -> None:
    settings = read()

    assert settings.changed_in({"JWT_MINE": 1, "REALM": 1}) == []
    assert settings.changed_in({"JWT_COOKIE_SECURE": True}) == ["JWT_COOKIE_SECURE"]
    assert settings.changed_in({"JWT_RESET_TOKEN_EXPIRES": 1}) == ["JWT_RESET_TOKEN_EXPIRES"]


def test_settings_show_no_secrets() -> None:
    """KEY-8."""
    symmetric = read(secret_key=SECRET, secret_key_fallbacks=[SECRET], store_url=SECRET)
    asymmetric = read(algorithm="ES256", private_key=SECRET)

    assert SECRET not in repr(symmetric) + repr(asymmetric)


def with_cookies(**settings: Any) -> Settings:
    return read(token_location=["headers", "cookies"], **settings)


def names_of(settings: Settings) -> list[str]:
    shapes = cookie_shapes(settings).values()
    return [name for shape in shapes for name in (shape.name, shape.csrf_name)]


def test_cookies_have_the_strictest_prefix_that_fits() -> None:
    """COOKIE-2."""
    host = ["__Host-access_token", "__Host-csrf_access"]
    narrow = ["__Secure-refresh_token", "__Host-csrf_refresh"]

    assert names_of(with_cookies()) == host + narrow
    assert names_of(with_cookies(reset_token_expires=60))[4:] == [
        "__Host-reset_token",
        "__Host-csrf_reset",
    ]
    assert {name[:9] for name in names_of(with_cookies(cookie_domain="a.test"))} == {"__Secure-"}


def test_cookies_in_the_clear_are_for_development_and_warned_of() -> None:
    """COOKIE-1."""
    clear = {"JWT_TOKEN_LOCATION": "cookies", "JWT_COOKIE_SECURE": False}
    with pytest.raises(ConfigurationError, match="neither in debug nor in testing"):
        Settings.from_mapping(clear)

    with pytest.warns(InsecureCookieWarning, match="in the clear"):
        settings = Settings.from_mapping({**clear, "TESTING": True})
    assert names_of(settings)[:2] == ["access_token", "csrf_access"]


UNFIT = [
    pytest.param({"access_cookie_name": "__Host-a", "cookie_domain": "a.test"}, "path /", id="1"),
    pytest.param({"access_cookie_name": "__host-a", "access_cookie_path": "/x"}, "path /", id="2"),
    pytest.param({"access_cookie_name": "a", "refresh_cookie_name": "a"}, "same name", id="3"),
]


@pytest.mark.parametrize(("settings", "why"), UNFIT)
def test_cookies_that_browsers_would_drop_are_refused(settings: dict[str, str], why: str) -> None:
    """COOKIE-2."""
    with pytest.raises(ConfigurationError, match=why):
        with_cookies(**settings)

    assert read(**settings).token_location == ("headers",)
    with_cookies(access_cookie_name="__Host-a", refresh_cookie_name="b")


@pytest.mark.parametrize(
    "settings",
    [
        {"cookie_partitioned": True},
        {"refresh_cookie_samesite": "None"},
        {"access_cookie_name": "__Secure-a"},
    ],
)
def test_cookies_in_the_clear_can_be_no_more_than_that(settings: dict[str, Any]) -> None:
    given = {f"JWT_{name.upper()}": value for name, value in settings.items()}
    base = {"JWT_TOKEN_LOCATION": "cookies", "DEBUG": True}
    with pytest.raises(ConfigurationError, match="JWT_COOKIE_SECURE"):
        Settings.from_mapping({**base, **given, "JWT_COOKIE_SECURE": False})

    Settings.from_mapping({**base, **given})
