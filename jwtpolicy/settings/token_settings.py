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
        "The secret that signs and verifies tokens.",
        is_secret=True,
    )
    secret_key_fallbacks: tuple[str | bytes, ...] = setting(
        "JWT_SECRET_KEY_FALLBACKS",
        (),
        read.secrets,
        "list of up to three strings or bytes",
        "Older secrets that still verify tokens, but no longer sign them. Remove a secret that has "
        "leaked at once: as long as it is listed, everybody who knows it can make a token for any "
        "user.",
        is_secret=True,
    )
    private_key: str | bytes | None = setting(
        "JWT_PRIVATE_KEY",
        None,
        read.key_text,
        "PEM or JWK as text, or the path of a file with one",
        "The private key that signs tokens, for all algorithms except HS256, HS384 and HS512.",
        is_secret=True,
    )
    public_key: str | bytes | None = setting(
        "JWT_PUBLIC_KEY",
        None,
        read.key_text,
        "PEM or JWK as text, or the path of a file with one",
        "The public key that verifies tokens. If JWT_PRIVATE_KEY is not set, the service can "
        "verify tokens but not issue any.",
        is_secret=True,  # somebody may have put the private one there
    )
    keys: str | None = setting(
        "JWT_KEYS",
        None,
        read.optional(read.folder),
        "path of a folder, or None",
        "The folder of the keys, one file for each. All keys verify tokens, and the newest one "
        "signs. The other settings of keys have to be unset.",
    )
    keys_reload: float = setting(
        "JWT_KEYS_RELOAD",
        60,
        read.between(1, DAY),
        "seconds from 1 to 86400, or timedelta",
        "How often the folder of the keys is read again. A key that was removed verifies tokens "
        "for at most this long.",
    )
    key_publish_delay: float = setting(
        "JWT_KEY_PUBLISH_DELAY",
        2 * HOUR,
        read.between(0, 30 * DAY),
        "seconds from 0 to 2592000, or timedelta",
        "The time between the publication of a new key and its first signature. Services that "
        "cache the published keys have to fetch them within this time.",
    )
    keys_folder_shared: bool = setting(
        "JWT_KEYS_FOLDER_SHARED",
        False,
        read.flag,
        "True or False",
        "Whether users other than the owner may read the files of private keys and secrets. Set it "
        "to True if a container platform mounts the files.",
    )
    algorithm: str = setting(
        "JWT_ALGORITHM",
        "HS256",
        read.one_of(*SUPPORTED),
        ", ".join(SUPPORTED),
        "The algorithm that signs and verifies tokens. The key has to be of this algorithm.",
    )
    access_token_expires: int | None = setting(
        "JWT_ACCESS_TOKEN_EXPIRES",
        15 * MINUTE,
        read.lifetime,
        "seconds, timedelta or NEVER",
        "The lifetime of an access token, from the moment when it is issued.",
    )
    refresh_token_expires: int | None = setting(
        "JWT_REFRESH_TOKEN_EXPIRES",
        30 * DAY,
        read.lifetime,
        "seconds, timedelta or NEVER",
        "The lifetime of a refresh token, from the moment when it is issued.",
    )
    session_idle: int | None = setting(
        "JWT_SESSION_IDLE",
        None,
        read.optional(read.lifetime),
        "seconds, timedelta or None",
        "If a session is not refreshed within this time, the session ends, and its access tokens "
        "are refused. If None, a session ends when the last of its tokens expires.",
    )
    session_absolute: int | None = setting(
        "JWT_SESSION_ABSOLUTE",
        90 * DAY,
        read.optional(read.lifetime),
        "seconds, timedelta or None",
        "The longest time from the login to the end of the session, even if the session is "
        "refreshed often. If None, there is no such limit.",
    )
    session_max: int | None = setting(
        "JWT_SESSION_MAX",
        None,
        read.optional(read.count),
        "whole number above 0, or None",
        "The number of sessions that a user may have open at once. If a login exceeds it, the "
        "oldest session ends in the same step in which the new one opens. If None, there is no "
        "limit.",
    )
    refresh_grace: int = setting(
        "JWT_REFRESH_GRACE",
        10,
        read.grace,
        "whole seconds, 0 to 30",
        "If a used refresh token is sent again within this time, the answer is the same token "
        "pair: clients retry, and two tabs may refresh at once. If it is sent later, it counts as "
        "stolen, and the session ends.",
    )
    encode_issuer: str | None = setting(
        "JWT_ENCODE_ISSUER",
        None,
        read.text,
        "string",
        "The claim `iss` of issued tokens. If JWT_DECODE_ISSUER is not set, only tokens with this "
        "issuer are accepted.",
    )
    decode_issuer: tuple[str, ...] = setting(
        "JWT_DECODE_ISSUER",
        (),
        read.texts,
        "string or list",
        "The accepted issuers. A token whose `iss` is another one is refused.",
    )
    encode_audience: tuple[str, ...] = setting(
        "JWT_ENCODE_AUDIENCE",
        (),
        read.texts,
        "string or list",
        "The claim `aud` of issued tokens. If JWT_DECODE_AUDIENCE is not set, only tokens with one "
        "of these audiences are accepted.",
    )
    decode_audience: tuple[str, ...] = setting(
        "JWT_DECODE_AUDIENCE",
        (),
        read.texts,
        "string or list",
        "The accepted audiences. A token is refused if its `aud` contains none of them.",
    )
    decode_leeway: float = setting(
        "JWT_DECODE_LEEWAY",
        0,
        read.between(0, 300),
        "seconds, 0 to 300",
        "How far the clocks of two machines may differ. It applies to every comparison of times: a "
        "token is accepted for this long after its `exp`, for example.",
    )
    clock_skew: float = setting(
        "JWT_CLOCK_SKEW",
        5,
        read.between(0, 300),
        "seconds, 0 to 300",
        "How far `iat`, `nbf` and `auth_time` of a token may be in the future, because the clocks "
        "of two machines are never quite the same. The larger of this and JWT_DECODE_LEEWAY "
        "applies. It does not move `exp`. Tokens outside of sessions are refused if they are "
        "issued within this time after `revoke_subject`.",
    )
    encode_nbf: bool = setting(
        "JWT_ENCODE_NBF",
        True,
        read.flag,
        "True or False",
        "Whether issued tokens have the claim `nbf`.",
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
        "The claim of the encoded token that holds the subject; `Token.subject` reads it.",
    )
    accept_integer_subject: bool = setting(
        "JWT_ACCEPT_INTEGER_SUBJECT",
        False,
        read.flag,
        "True or False",
        "Whether an integer `sub` is read as text. Older tokens of other libraries need it.",
    )
    access_token_profile: str | None = setting(
        "JWT_ACCESS_TOKEN_PROFILE",
        None,
        read.one_of(None, "rfc9068"),
        "None or 'rfc9068'",
        "If 'rfc9068', access tokens are issued in the form of RFC 9068, and others are refused: "
        "the header has `typ: at+jwt`, and the claims include `iss`, `aud` and `client_id`.",
    )
    client_id: str | None = setting(
        "JWT_CLIENT_ID",
        None,
        read.text,
        "string",
        "The claim `client_id` of access tokens in the form of RFC 9068, unless `claims=` names "
        "another client.",
    )
    max_token_length: int = setting(
        "JWT_MAX_TOKEN_LENGTH",
        16_384,
        read.count,
        "characters",
        "The longest token that is read. A longer one is refused before it is decoded.",
    )
    realm: str = setting(
        "JWT_REALM",
        "api",
        read.quotable,
        "printable ASCII",
        "The realm in challenges (`WWW-Authenticate`).",
    )
    resource_metadata: str | None = setting(
        "JWT_RESOURCE_METADATA",
        None,
        read.quotable,
        "URL",
        "The address of the protected resource metadata in challenges (RFC 9728). Blueprints "
        "of `resource_metadata_blueprint` have one of their own.",
    )
    store_url: str | None = setting(
        "JWT_STORE_URL",
        None,
        read.text,
        "'sqlite:///…', 'postgresql+psycopg://…', 'mysql+pymysql://…', 'sqlite+pysqlite:///…', "
        "'redis://…', 'redis+sentinel://…', 'redis+cluster://…', 'memory://' or 'none'",
        "Where sessions and revocations are kept. The default is an SQLite file in the instance "
        "folder, or memory if `app.testing` is true. If the store is lost, or if each process or "
        "machine has a store of its own, a revoked token may be accepted again.",
        is_secret=True,
    )
    store_timeout: float = setting(
        "JWT_STORE_TIMEOUT",
        5.0,
        read.between(0.05, 60),
        "seconds, 0.05 to 60",
        "The longest time for one request to the store: to look up its host, connect, wait for "
        "other requests and read the answer. If it takes longer, the client gets 503 "
        "`temporarily_unavailable`. All requests to the store by one guard share this time.",
    )
    store_create_tables: bool = setting(
        "JWT_STORE_CREATE_TABLES",
        True,
        read.flag,
        "True or False",
        "Whether the tables of an SQL database are created at the first use. If False, create them "
        "with the SQL that `flask jwtpolicy ddl` prints.",
    )
    store_cache_seconds: float = setting(
        "JWT_STORE_CACHE_SECONDS",
        0,
        read.between(0, MAX_SECONDS),
        "seconds, 0 to 5",
        "How long a process remembers that the store found an access token good. If another "
        "process revokes that token, it may be accepted for up to this many seconds longer.",
    )
    store_lost: str = setting(
        "JWT_STORE_LOST",
        "accept",
        read.one_of("accept", "deny"),
        "'accept' or 'deny'",
        "What happens to older tokens if the store lost its data or was replaced by an older copy. "
        "If 'accept', they are accepted, and one of them may have been revoked. If 'deny', they "
        "are refused, and so is a Redis server that is configured to evict entries.",
    )
    store_near_cache: float = setting(
        "JWT_STORE_NEAR_CACHE",
        0,
        read.between(0, 60),
        "seconds, 0 to 60",
        "If above 0, each process caches answers of a Redis server until the server announces that "
        "they have changed. If the network drops these messages, a revoked token may be accepted "
        "for up to this many seconds longer.",
    )
    roles_claim: str = setting(
        "JWT_ROLES_CLAIM",
        "roles",
        read.text,
        "claim or dotted path",
        "The claim that `HasRole` reads.",
    )
    default_deny: bool = setting(
        "JWT_DEFAULT_DENY",
        False,
        read.flag,
        "True or False",
        "Whether requests to endpoints without a guard are refused with 403 `access_denied`.",
    )
    public_endpoints: tuple[str, ...] = setting(
        "JWT_PUBLIC_ENDPOINTS",
        ("static", "*.static"),
        read.patterns,
        "list of patterns",
        "Endpoints that stay open although JWT_DEFAULT_DENY is True, as shell patterns.",
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
