"""The settings of keys, claims, lifetimes, sessions, the store and answers."""

from __future__ import annotations

from dataclasses import dataclass

from ..keys.key import SUPPORTED
from ..stores.caching import MAX_SECONDS
from . import readers as read
from .field import setting
from .readers import DAY, HOUR, MINUTE


# `Settings` has what is left out here: to make it for each of its bases takes as long as all else.
@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class TokenSettings:
    """The settings of keys, claims, lifetimes, sessions, the token store and answers."""

    secret_key: str | bytes | None = setting(
        "JWT_SECRET_KEY",
        None,
        read.secret,
        "string or bytes, at least as long as the hash: 32 bytes "
        "for HS256, 48 for HS384, 64 for HS512",
        "The secret that signs and verifies.",
        is_secret=True,
    )
    secret_key_fallbacks: tuple[str | bytes, ...] = setting(
        "JWT_SECRET_KEY_FALLBACKS",
        (),
        read.secrets,
        "list of up to three strings or bytes",
        "Older secrets that still verify, but no longer sign. Never one that has leaked: "
        "whoever knows it can be anybody for as long as it stands here.",
        is_secret=True,
    )
    private_key: str | bytes | None = setting(
        "JWT_PRIVATE_KEY",
        None,
        read.key_text,
        "PEM or JWK as text, or the path of a file with one",
        "The private key that signs, for all algorithms but HS256, HS384 and HS512.",
        is_secret=True,
    )
    public_key: str | bytes | None = setting(
        "JWT_PUBLIC_KEY",
        None,
        read.key_text,
        "PEM or JWK as text, or the path of a file with one",
        "The public key; alone it makes a service that only verifies.",
        is_secret=True,  # somebody may have put the private one there
    )
    keys: str | None = setting(
        "JWT_KEYS",
        None,
        read.optional(read.folder),
        "path of a folder, or None",
        "The folder of the keys, each a file of its own: all verify, and the newest signs. It "
        "replaces the other settings of keys.",
    )
    keys_reload: float = setting(
        "JWT_KEYS_RELOAD",
        60,
        read.between(1, DAY),
        "seconds from 1 to 86400, or timedelta",
        "How long after a change in the folder of the keys, at the latest, a request notices it.",
    )
    key_publish_delay: float = setting(
        "JWT_KEY_PUBLISH_DELAY",
        2 * HOUR,
        read.between(0, 30 * DAY),
        "seconds from 0 to 2592000, or timedelta",
        "How long a new key in the folder is published before it signs, so that services that "
        "cache the published keys have fetched it by then.",
    )
    keys_folder_shared: bool = setting(
        "JWT_KEYS_FOLDER_SHARED",
        False,
        read.flag,
        "True or False",
        "Whether files of private keys and secrets may be readable for others than their owner, "
        "as secrets are that a container platform mounts.",
    )
    algorithm: str = setting(
        "JWT_ALGORITHM",
        "HS256",
        read.one_of(*SUPPORTED),
        ", ".join(SUPPORTED),
        "The one algorithm of the key.",
    )
    access_token_expires: int | None = setting(
        "JWT_ACCESS_TOKEN_EXPIRES",
        15 * MINUTE,
        read.lifetime,
        "seconds, timedelta or NEVER",
        "How long access tokens live.",
    )
    refresh_token_expires: int | None = setting(
        "JWT_REFRESH_TOKEN_EXPIRES",
        30 * DAY,
        read.lifetime,
        "seconds, timedelta or NEVER",
        "How long refresh tokens live.",
    )
    session_idle: int | None = setting(
        "JWT_SESSION_IDLE",
        None,
        read.optional(read.lifetime),
        "seconds, timedelta or None",
        "A session that is not refreshed for so long ends, and its access tokens with it; None: "
        "when the last of its tokens expires.",
    )
    session_absolute: int | None = setting(
        "JWT_SESSION_ABSOLUTE",
        90 * DAY,
        read.optional(read.lifetime),
        "seconds, timedelta or None",
        "A session ends so long after the login, however often it was refreshed; None: never.",
    )
    session_max: int | None = setting(
        "JWT_SESSION_MAX",
        None,
        read.optional(read.count),
        "whole number above 0, or None",
        "How many sessions a user may have at once: a login too many ends the oldest, in the step "
        "that opens the new one; None: any number.",
    )
    refresh_grace: int = setting(
        "JWT_REFRESH_GRACE",
        10,
        read.grace,
        "whole seconds, 0 to 30",
        "For so long a refresh token that was used may be sent again, and gets the same pair: "
        "clients retry, and tabs refresh at the same time. Afterwards that ends the session.",
    )
    encode_issuer: str | None = setting(
        "JWT_ENCODE_ISSUER",
        None,
        read.text,
        "string",
        "`iss` of issued tokens; demanded of tokens too, unless JWT_DECODE_ISSUER says otherwise.",
    )
    decode_issuer: tuple[str, ...] = setting(
        "JWT_DECODE_ISSUER",
        (),
        read.texts,
        "string or list",
        "The issuers that tokens may name.",
    )
    encode_audience: tuple[str, ...] = setting(
        "JWT_ENCODE_AUDIENCE",
        (),
        read.texts,
        "string or list",
        "`aud` of issued tokens; demanded too, unless JWT_DECODE_AUDIENCE says otherwise.",
    )
    decode_audience: tuple[str, ...] = setting(
        "JWT_DECODE_AUDIENCE",
        (),
        read.texts,
        "string or list",
        "One of these has to be in a token's `aud`.",
    )
    decode_leeway: float = setting(
        "JWT_DECODE_LEEWAY",
        0,
        read.between(0, 300),
        "seconds, 0 to 300",
        "How far clocks may differ, wherever times are compared.",
    )
    clock_skew: float = setting(
        "JWT_CLOCK_SKEW",
        5,
        read.between(0, 300),
        "seconds, 0 to 300",
        "How far `iat`, `nbf` and `auth_time` of own tokens may lie ahead, where that is more than "
        "JWT_DECODE_LEEWAY: the clocks of two machines are never quite the same. "
        "It moves no end of a token; tokens outside of sessions that are issued within it after "
        "`revoke_subject` are refused.",
    )
    encode_nbf: bool = setting(
        "JWT_ENCODE_NBF", True, read.flag, "True or False", "Whether issued tokens carry `nbf`."
    )
    require_exp: bool = setting(
        "JWT_REQUIRE_EXP",
        True,
        read.flag,
        "True or False",
        "Whether tokens that never expire are refused.",
    )
    identity_claim: str = setting(
        "JWT_IDENTITY_CLAIM",
        "sub",
        read.claim_name,
        "the name of a claim that is not reserved",
        "The claim that holds the subject on the wire; `Token.subject` reads it.",
    )
    accept_integer_subject: bool = setting(
        "JWT_ACCEPT_INTEGER_SUBJECT",
        False,
        read.flag,
        "True or False",
        "Whether an integer `sub` is taken as its text, as older tokens of other libraries need.",
    )
    access_token_profile: str | None = setting(
        "JWT_ACCESS_TOKEN_PROFILE",
        None,
        read.one_of(None, "rfc9068"),
        "None or 'rfc9068'",
        "Whether access tokens are such of RFC 9068, and have to be: `typ: at+jwt`, with `iss`, "
        "`aud` and `client_id`.",
    )
    client_id: str | None = setting(
        "JWT_CLIENT_ID",
        None,
        read.text,
        "string",
        "`client_id` of the access tokens of RFC 9068, where `claims=` names no other client.",
    )
    max_token_length: int = setting(
        "JWT_MAX_TOKEN_LENGTH",
        16_384,
        read.count,
        "characters",
        "Longer tokens are refused before any work.",
    )
    realm: str = setting(
        "JWT_REALM", "api", read.quotable, "printable ASCII", "The realm that challenges name."
    )
    resource_metadata: str | None = setting(
        "JWT_RESOURCE_METADATA",
        None,
        read.quotable,
        "URL",
        "The protected resource metadata that challenges name (RFC 9728).",
    )
    store_url: str | None = setting(
        "JWT_STORE_URL",
        None,
        read.text,
        "'sqlite:///…', 'postgresql+psycopg://…', 'mysql+pymysql://…', 'sqlite+pysqlite:///…', "
        "'redis://…', 'redis+sentinel://…', 'redis+cluster://…', 'memory://' or 'none'",
        "Where sessions and revocations are kept; by default a SQLite file in the instance "
        "folder, under app.testing the memory. If that place is lost, or each process or machine "
        "has its own, a token that was revoked passes again.",
        is_secret=True,
    )
    store_timeout: float = setting(
        "JWT_STORE_TIMEOUT",
        5.0,
        read.between(0.05, 60),
        "seconds, 0.05 to 60",
        "How long a question to the store may take before the answer is 503: looking up its host, "
        "connecting, waiting for others and reading together. The questions of one guard share it.",
    )
    store_create_tables: bool = setting(
        "JWT_STORE_CREATE_TABLES",
        True,
        read.flag,
        "True or False",
        "Whether an SQL database's tables are made at the first use; `flask jwtpolicy ddl` prints "
        "them.",
    )
    store_cache_seconds: float = setting(
        "JWT_STORE_CACHE_SECONDS",
        0,
        read.between(0, MAX_SECONDS),
        "seconds, 0 to 5",
        "How long a process may go on without asking the store about an access token that was "
        "good; so long may pass what another process revoked.",
    )
    store_lost: str = setting(
        "JWT_STORE_LOST",
        "accept",
        read.one_of("accept", "deny"),
        "'accept' or 'deny'",
        "What becomes of older tokens where a store lost what it knew, or an older copy was put in "
        "its place: with 'deny' they are refused, and so is a Redis server that may evict entries.",
    )
    store_near_cache: float = setting(
        "JWT_STORE_NEAR_CACHE",
        0,
        read.between(0, 60),
        "seconds, 0 to 60",
        "Above 0, answers of a Redis server are remembered until it says that they have changed; "
        "so long may pass, where the network swallows what it says, until that is noticed.",
    )
    roles_claim: str = setting(
        "JWT_ROLES_CLAIM", "roles", read.text, "claim or dotted path", "What `HasRole` reads."
    )
    default_deny: bool = setting(
        "JWT_DEFAULT_DENY",
        False,
        read.flag,
        "True or False",
        "Whether endpoints without a guard are refused with 403.",
    )
    public_endpoints: tuple[str, ...] = setting(
        "JWT_PUBLIC_ENDPOINTS",
        ("static", "*.static"),
        read.patterns,
        "list of patterns",
        "Endpoints that JWT_DEFAULT_DENY leaves open, as shell patterns.",
    )

    @property
    def accepted_issuers(self) -> frozenset[str]:
        """The accepted issuers: ``JWT_DECODE_ISSUER``, else ``JWT_ENCODE_ISSUER``."""
        own = () if self.encode_issuer is None else (self.encode_issuer,)
        return frozenset(self.decode_issuer or own)

    @property
    def accepted_audiences(self) -> frozenset[str]:
        """The accepted audiences: ``JWT_DECODE_AUDIENCE``, else ``JWT_ENCODE_AUDIENCE``."""
        return frozenset(self.decode_audience or self.encode_audience)
