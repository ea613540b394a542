"""What another issuer's claims mean, written plainly: sets for everything, and no short cuts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from jwtpolicy import Issuer
from jwtpolicy.exceptions import ExpiredTokenError, InvalidTokenError
from jwtpolicy.issuers.foreign_claims import CLIENT_CLAIMS, OWN_MEANING
from jwtpolicy.markers import ANY
from jwtpolicy.tokens.claims import MAX_ID, malformed_claim

Members = Mapping[str, Any]

_OF_OTHERS = {
    "nonce",
    "at_hash",
    "c_hash",
    "s_hash",
    "events",
    "token_introspection",
    "code",
    "cnf",
}


class Terms(NamedTuple):
    """What an application asks of the tokens of others.

    Attributes:
        roles_claim: ``JWT_ROLES_CLAIM``.
        prefixes: What stands before the subjects of others.
        leeway: ``JWT_DECODE_LEEWAY``.
        skew: ``JWT_CLOCK_SKEW``.
        now: Seconds since the epoch.
    """

    roles_claim: str
    prefixes: tuple[str, ...]
    leeway: float
    skew: float
    now: float


def read(issuer: Issuer, header: Members, raw: Members, terms: Terms) -> dict[str, Any]:
    """Return the claims of a token whose signature is good, as policies read them.

    Raises:
        InvalidTokenError: It is no access token for this application.
    """
    claims = _mapped(issuer, header, raw, terms)
    _refuse(claims["sub"].startswith(terms.prefixes), "prefix of other users")
    audiences = _audiences(raw)
    is_meant = audiences & issuer.audience if issuer.audience else not audiences
    _refuse(not is_meant, "another audience")
    is_listed = not issuer.client_ids or claims.get("client_id") in [*issuer.client_ids]
    _refuse(not is_listed, "client that is not listed")
    _check_kind(issuer, header, raw)
    _check_times(issuer, claims, terms)
    return claims


def _mapped(issuer: Issuer, header: Members, raw: Members, terms: Terms) -> dict[str, Any]:
    roles = {terms.roles_claim, terms.roles_claim.partition(".")[0]}
    own = {name for name in raw if name.partition(".")[0] in OWN_MEANING}
    claims = {name: value for name, value in raw.items() if name not in own | roles}
    claims["type"], claims["sub"] = "access", issuer.subject_prefix + _subject(issuer, header, raw)
    places = dict(issuer.claims) | ({terms.roles_claim: issuer.roles} if issuer.roles else {})
    claims |= {name: _at(raw, path) for name, path in places.items() if _at(raw, path) is not None}
    scope = _at(raw, issuer.scopes)
    if scope is not None:
        claims["scope"] = _scope(scope)
    absent = [name for name in issuer.required if name not in claims]
    _refuse(bool(absent), f"absent: {absent[:1]}")
    _refuse(malformed_claim(claims) is not None, "malformed")
    return claims


def _subject(issuer: Issuer, header: Members, raw: Members) -> str:
    subject = raw.get(issuer.subject)
    if subject is None and _any_holds(issuer.machine_tests, header, raw):
        subject = raw.get("sub")
    is_usable = isinstance(subject, str) and len(subject) > 0
    _refuse(not is_usable, "absent, or no text")
    _refuse(len(f"{issuer.subject_prefix}{subject}") > MAX_ID, "too long")
    return str(subject)


def _scope(scope: object) -> str:
    if isinstance(scope, str):
        return scope
    texts = isinstance(scope, list) and [one for one in scope if isinstance(one, str)]
    _refuse(texts is False or texts != scope or any(" " in one for one in texts), "scopes")
    return " ".join(texts or ())


def _check_kind(issuer: Issuer, header: Members, raw: Members) -> None:
    _refuse(bool(_OF_OTHERS & set(raw)), "no claim")
    if "typ" in raw:
        others = {"id", "refresh", "offline", "logout"}
        _refuse(not isinstance(raw["typ"], str) or raw["typ"].lower() in others, "claim typ")
    _refuse(raw.get("token_use") == "id", "token_use")
    clients = {raw[name] for name in CLIENT_CLAIMS if isinstance(raw.get(name), str)}
    audiences = _audiences(raw)
    _refuse(bool(audiences) and audiences <= clients, "only audience")
    _refuse(not _any_holds(issuer.access_tests, header, raw), "nothing says")


def _check_times(issuer: Issuer, claims: Members, terms: Terms) -> None:
    leeway = terms.leeway if issuer.leeway is None else issuer.leeway
    _refuse(terms.now >= claims["exp"] + leeway, "exp has passed", ExpiredTokenError)
    latest = terms.now + max(leeway, terms.skew)
    _refuse(any(claims[name] > latest for name in {"nbf", "iat"} & set(claims)), "in the future")
    if issuer.max_age is not None:
        is_old = terms.now >= claims["iat"] + issuer.max_age + leeway
        _refuse(is_old, "older than max_age", ExpiredTokenError)


def _any_holds(tests: Iterable[Any], header: Members, raw: Members) -> bool:
    try:
        return any(_holds(test, header, raw) for test in tests)
    except Exception:  # noqa: BLE001 # whatever the application's function raised
        return False


def _holds(test: Any, header: Members, raw: Members) -> bool:
    wanted = getattr(test, "wanted", None)
    if wanted is None:
        return test(header, raw) is True
    return all(_fits(raw.get(name), value) for name, value in wanted)


def _fits(value: Any, wanted: Any) -> bool:
    if value is None or value == "" or value == []:
        return False
    if wanted is ANY or isinstance(wanted, type):
        return wanted is ANY or type(value) is wanted
    return value in _typed(wanted if isinstance(wanted, frozenset) else {wanted}, type(value))


def _typed(values: Iterable[Any], kind: type) -> list[Any]:
    return [one for one in values if type(one) is kind]


def _audiences(raw: Members) -> set[str]:
    held = raw.get("aud", [])
    return {held} if isinstance(held, str) else set(held)


def _at(raw: Any, path: str | tuple[str, ...]) -> Any:
    for name in (path,) if isinstance(path, str) else path:
        raw = raw.get(name) if isinstance(raw, dict) else None
    return raw


def _refuse(is_wrong: bool, why: str, kind: type[InvalidTokenError] = InvalidTokenError) -> None:
    if is_wrong:
        raise kind(why)
