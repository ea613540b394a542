"""PLACEHOLDER: replaced by the settings helper."""
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Settings:
    secret_key: str | None = None
    secret_key_fallbacks: tuple = ()
    private_key: str | None = None
    public_key: str | None = None
    algorithm: str = "HS256"
    lifetimes: Mapping[str, int | None] = field(default_factory=lambda: {"access": 900, "refresh": 2592000})
    encode_issuer: str | None = None
    accepted_issuers: frozenset = frozenset()
    encode_audience: Any = None
    accepted_audiences: frozenset = frozenset()
    decode_leeway: float = 0
    encode_nbf: bool = True
    require_exp: bool = True
    accept_integer_subject: bool = False
    access_token_profile: str | None = None
    max_token_length: int = 16384
    header_name: str = "Authorization"
    header_type: str | None = "Bearer"
    realm: str = "api"
    resource_metadata: str | None = None
    store_url: str | None = None
    store_timeout: float = 5.0
    session_idle: int | None = None
    session_absolute: int | None = 90 * 86400
    roles_claim: str = "roles"
    default_deny: bool = False
    public_endpoints: tuple = ("static", "*.static")

    @classmethod
    def from_mapping(cls, mapping, *, debug=False, testing=False):
        return cls(**{f.name: mapping["JWT_" + f.name.upper()] for f in fields(cls) if "JWT_" + f.name.upper() in mapping})

    def changed_in(self, mapping):
        return []
