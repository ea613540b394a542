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
        "Where tokens are looked for; the order does not matter.",
    )
    header_name: str = setting(
        "JWT_HEADER_NAME", "Authorization", read.header_name, "string", "The header of the token."
    )
    header_type: str | None = setting(
        "JWT_HEADER_TYPE",
        "Bearer",
        read.scheme,
        "string, or None for the bare token",
        "The scheme before the token; its case does not matter.",
    )
    query_string_name: str = setting(
        "JWT_QUERY_STRING_NAME", "jwt", read.text, "string", "The parameter of the token."
    )
    query_string_value_prefix: str = setting(
        "JWT_QUERY_STRING_VALUE_PREFIX",
        "",
        read.any_text,
        "string",
        "What has to stand before the token in the parameter.",
    )
    json_key: str = setting(
        "JWT_JSON_KEY", "access_token", read.text, "string", "The member of the access token."
    )
    refresh_json_key: str = setting(
        "JWT_REFRESH_JSON_KEY",
        "refresh_token",
        read.text,
        "string",
        "The member of the refresh token.",
    )
    access_cookie_name: str | None = setting(
        "JWT_ACCESS_COOKIE_NAME",
        None,
        read.cookie_name,
        "name of a cookie",
        "The access token's cookie; None: `__Host-access_token`. Of several applications at one "
        "host each needs its own, and two more: `JWT_ACCESS_CSRF_COOKIE_NAME` and "
        "`JWT_REFRESH_CSRF_COOKIE_NAME`.",
    )
    refresh_cookie_name: str | None = setting(
        "JWT_REFRESH_COOKIE_NAME",
        None,
        read.cookie_name,
        "name of a cookie",
        "The refresh token's cookie; None: `__Secure-refresh_token`.",
    )
    access_cookie_path: str = setting(
        "JWT_ACCESS_COOKIE_PATH",
        "/",
        read.cookie_path,
        "path",
        "Where the access cookie is sent. What a server or proxy has mounted the application at "
        "has to stand in it: nothing is put before it.",
    )
    refresh_cookie_path: str | None = setting(
        "JWT_REFRESH_COOKIE_PATH",
        None,
        read.cookie_path,
        "path",
        "Where the refresh cookie is sent: the narrow path of the endpoints that take it. None: "
        "that of the one `auth_blueprint`; without one it has to be set before a refresh cookie "
        "can be. What a server or proxy has mounted the application at comes before it.",
    )
    cookie_domain: str | None = setting(
        "JWT_COOKIE_DOMAIN",
        None,
        read.domain,
        "domain",
        "The domain of cookies; None: the host that set them and no other.",
    )
    cookie_secure: bool = setting(
        "JWT_COOKIE_SECURE",
        True,
        read.flag,
        "True or False",
        "Whether cookies travel over HTTPS (and to localhost) only. False is for development: it "
        "is refused unless the application is in debug or testing mode.",
    )
    cookie_samesite: str = setting(
        "JWT_COOKIE_SAMESITE",
        "Lax",
        read.same_site,
        "'Strict', 'Lax' or 'None'",
        "Whether other sites' requests carry the cookies.",
    )
    refresh_cookie_samesite: str = setting(
        "JWT_REFRESH_COOKIE_SAMESITE",
        "Strict",
        read.same_site,
        "'Strict', 'Lax' or 'None'",
        "The same for the refresh token's cookies.",
    )
    cookie_partitioned: bool = setting(
        "JWT_COOKIE_PARTITIONED",
        False,
        read.flag,
        "True or False",
        "Whether cookies are kept apart by the site that embeds this one.",
    )
    cookie_renew_within: int | None = setting(
        "JWT_COOKIE_RENEW_WITHIN",
        None,
        read.optional(read.lifetime),
        "seconds, timedelta or None",
        "Answers to requests whose access cookie expires within so long set a new one, while the "
        "session lives; None: never.",
    )
    csrf_in_cookies: bool = setting(
        "JWT_CSRF_IN_COOKIES",
        True,
        read.flag,
        "True or False",
        "Whether scripts can read the CSRF values from cookies of their own.",
    )
    csrf_check_form: bool = setting(
        "JWT_CSRF_CHECK_FORM",
        False,
        read.flag,
        "True or False",
        "Whether a form's field may hold the CSRF value where the header is absent.",
    )
    access_csrf_cookie_name: str | None = setting(
        "JWT_ACCESS_CSRF_COOKIE_NAME",
        None,
        read.cookie_name,
        "name of a cookie",
        "The readable cookie of the access token's CSRF value; None: `__Host-csrf_access`.",
    )
    refresh_csrf_cookie_name: str | None = setting(
        "JWT_REFRESH_CSRF_COOKIE_NAME",
        None,
        read.cookie_name,
        "name of a cookie",
        "The readable cookie of the refresh token's CSRF value; None: `__Host-csrf_refresh`.",
    )
    access_csrf_header_name: str = setting(
        "JWT_ACCESS_CSRF_HEADER_NAME",
        "X-CSRF-TOKEN",
        read.header_name,
        "string",
        "The header that brings the CSRF value of all tokens but refresh tokens.",
    )
    refresh_csrf_header_name: str = setting(
        "JWT_REFRESH_CSRF_HEADER_NAME",
        "X-CSRF-TOKEN",
        read.header_name,
        "string",
        "The header that brings the CSRF value of refresh tokens.",
    )
    access_csrf_field_name: str = setting(
        "JWT_ACCESS_CSRF_FIELD_NAME",
        "csrf_token",
        read.text,
        "string",
        "The form's field of the CSRF value of all tokens but refresh tokens.",
    )
    refresh_csrf_field_name: str = setting(
        "JWT_REFRESH_CSRF_FIELD_NAME",
        "csrf_token",
        read.text,
        "string",
        "The form's field of the CSRF value of refresh tokens.",
    )
    csrf_trusted_origins: tuple[str, ...] = setting(
        "JWT_CSRF_TRUSTED_ORIGINS",
        (),
        read.origins,
        "list of origins",
        "Other sites whose pages may send requests with cookies.",
    )
