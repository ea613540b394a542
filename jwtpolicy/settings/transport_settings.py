"""The settings of transports: headers, cookies, CSRF, query string and JSON body."""

from __future__ import annotations

from dataclasses import dataclass

from . import readers as read
from .field import setting
from .token_settings import TokenSettings


# `Settings` has what is left out here: to make it for each of its bases takes as long as all else.
@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class PlaceSettings(TokenSettings):
    """The settings of transports: locations, names, attributes of cookies, CSRF."""

    token_location: tuple[str, ...] = setting(
        "JWT_TOKEN_LOCATION",
        ("headers",),
        read.places,
        "'headers', 'cookies', 'query_string', 'json', or a list of them",
        "The parts of a request in which a token is searched for. Their order does not matter.",
    )
    header_name: str = setting(
        "JWT_HEADER_NAME",
        "Authorization",
        read.header_name,
        "string",
        "The header that holds the token.",
    )
    header_type: str | None = setting(
        "JWT_HEADER_TYPE",
        "Bearer",
        read.scheme,
        "string, or None for the bare token",
        "The authentication scheme before the token, in upper or lower case.",
    )
    query_string_name: str = setting(
        "JWT_QUERY_STRING_NAME", "jwt", read.text, "string", "The parameter that holds the token."
    )
    query_string_value_prefix: str = setting(
        "JWT_QUERY_STRING_VALUE_PREFIX",
        "",
        read.any_text,
        "string",
        "The text before the token in the parameter, such as `Bearer` and a space.",
    )
    json_key: str = setting(
        "JWT_JSON_KEY",
        "access_token",
        read.text,
        "string",
        "The member of the JSON body that holds the access token.",
    )
    refresh_json_key: str = setting(
        "JWT_REFRESH_JSON_KEY",
        "refresh_token",
        read.text,
        "string",
        "The member of the JSON body that holds the refresh token.",
    )
    access_cookie_name: str | None = setting(
        "JWT_ACCESS_COOKIE_NAME",
        None,
        read.cookie_name,
        "name of a cookie",
        "The name of the cookie that holds the access token. If None, it is `__Host-access_token`. "
        "If several applications share a host, each needs names of its own, here and in "
        "`JWT_ACCESS_CSRF_COOKIE_NAME` and `JWT_REFRESH_CSRF_COOKIE_NAME`.",
    )
    refresh_cookie_name: str | None = setting(
        "JWT_REFRESH_COOKIE_NAME",
        None,
        read.cookie_name,
        "name of a cookie",
        "The name of the cookie that holds the refresh token. If None, it is "
        "`__Secure-refresh_token`.",
    )
    access_cookie_path: str = setting(
        "JWT_ACCESS_COOKIE_PATH",
        "/",
        read.cookie_path,
        "path",
        "The path to which the browser sends the access cookie. If a server or proxy mounts the "
        "application at a prefix such as `/shop`, include the prefix: it is not added.",
    )
    refresh_cookie_path: str | None = setting(
        "JWT_REFRESH_COOKIE_PATH",
        None,
        read.cookie_path,
        "path",
        "The path to which the browser sends the refresh cookie. It should cover only the "
        "endpoints that take a refresh token. If None, it is the path of the one `auth_blueprint`. "
        "If there is no such blueprint, set it: otherwise no refresh cookie can be set. If a "
        "server or proxy mounts the application at a prefix, the prefix is added.",
    )
    cookie_domain: str | None = setting(
        "JWT_COOKIE_DOMAIN",
        None,
        read.domain,
        "domain",
        "The domain of cookies. If None, the browser sends them only to the host that set them.",
    )
    cookie_secure: bool = setting(
        "JWT_COOKIE_SECURE",
        True,
        read.flag,
        "True or False",
        "Whether browsers send the cookies over HTTPS (and to localhost) only. If False, the "
        "application has to be in debug or testing mode, or it does not start.",
    )
    cookie_samesite: str = setting(
        "JWT_COOKIE_SAMESITE",
        "Lax",
        read.same_site,
        "'Strict', 'Lax' or 'None'",
        "Whether browsers send the cookies with requests that come from other sites.",
    )
    refresh_cookie_samesite: str = setting(
        "JWT_REFRESH_COOKIE_SAMESITE",
        "Strict",
        read.same_site,
        "'Strict', 'Lax' or 'None'",
        "The same as JWT_COOKIE_SAMESITE, for the cookies of the refresh token.",
    )
    cookie_partitioned: bool = setting(
        "JWT_COOKIE_PARTITIONED",
        False,
        read.flag,
        "True or False",
        "Whether browsers keep separate cookies for each site that embeds this one.",
    )
    cookie_renew_within: int | None = setting(
        "JWT_COOKIE_RENEW_WITHIN",
        None,
        read.optional(read.lifetime),
        "seconds, timedelta or None",
        "If the access cookie of a request expires within this time and the session is open, the "
        "answer sets a new access cookie. If None, access cookies are not renewed.",
    )
    csrf_in_cookies: bool = setting(
        "JWT_CSRF_IN_COOKIES",
        True,
        read.flag,
        "True or False",
        "Whether the CSRF values are also sent in cookies, which scripts of the page can read.",
    )
    csrf_check_form: bool = setting(
        "JWT_CSRF_CHECK_FORM",
        False,
        read.flag,
        "True or False",
        "Whether a form field may hold the CSRF value if the request has no CSRF header.",
    )
    access_csrf_cookie_name: str | None = setting(
        "JWT_ACCESS_CSRF_COOKIE_NAME",
        None,
        read.cookie_name,
        "name of a cookie",
        "The name of the cookie with the CSRF value of the access token, which scripts can read. "
        "If None, it is `__Host-csrf_access`.",
    )
    refresh_csrf_cookie_name: str | None = setting(
        "JWT_REFRESH_CSRF_COOKIE_NAME",
        None,
        read.cookie_name,
        "name of a cookie",
        "The name of the cookie with the CSRF value of the refresh token, which scripts can read. "
        "If None, it is `__Host-csrf_refresh`.",
    )
    access_csrf_header_name: str = setting(
        "JWT_ACCESS_CSRF_HEADER_NAME",
        "X-CSRF-TOKEN",
        read.header_name,
        "string",
        "The header that holds the CSRF value, for all tokens except refresh tokens.",
    )
    refresh_csrf_header_name: str = setting(
        "JWT_REFRESH_CSRF_HEADER_NAME",
        "X-CSRF-TOKEN",
        read.header_name,
        "string",
        "The header that holds the CSRF value of refresh tokens.",
    )
    access_csrf_field_name: str = setting(
        "JWT_ACCESS_CSRF_FIELD_NAME",
        "csrf_token",
        read.text,
        "string",
        "The form field that holds the CSRF value, for all tokens except refresh tokens.",
    )
    refresh_csrf_field_name: str = setting(
        "JWT_REFRESH_CSRF_FIELD_NAME",
        "csrf_token",
        read.text,
        "string",
        "The form field that holds the CSRF value of refresh tokens.",
    )
    csrf_trusted_origins: tuple[str, ...] = setting(
        "JWT_CSRF_TRUSTED_ORIGINS",
        (),
        read.origins,
        "list of origins",
        "The origins of other sites whose pages may send requests with cookies.",
    )
