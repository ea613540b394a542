"""Check the claims of a token of another issuer, and make of them what policies read.

Our own names mean something only where `Issuer` says from which claim they come: whoever signs
tokens with ``fresh: true`` must not pass `Fresh` by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from ..exceptions import ExpiredTokenError, InvalidTokenError
from ..tokens.claims import MAX_ID, malformed_claim
from .conditions import Path, Test, holds
from .issuer import Issuer

#: Media types that an access token may have, in lower case; without one it is what ``typ`` absent
#: means, a JWT (:rfc:`9068#section-4`).
_TYPES: Final = frozenset({None, "jwt", "at+jwt", "application/at+jwt"})

#: Claims of ID tokens, logout tokens, security events, introspection answers as JWT, and
#: authorization codes; and ``cnf``, with which a token is bound to a key whose proof nobody checks.
_NEVER: Final = frozenset(
    {"nonce", "at_hash", "c_hash", "s_hash", "events", "token_introspection", "code", "cnf"}
)
#: Values of the claim ``typ``, in lower case, by which Keycloak names its other tokens.
_OTHER_TOKENS: Final = frozenset({"id", "refresh", "offline", "logout"})
#: Claims that name the client to which a token was given.
CLIENT_CLAIMS: Final = ("azp", "client_id", "cid", "appid")

#: Claims that only an `Issuer` can give a token, by mapping one of the provider's to it.
OWN_MEANING: Final = frozenset(
    {"type", "fresh", "sid", "csrf", "schema", "act", "auth_time", "acr", "amr", "scope", "carried"}
)


def check_media_type(media_type: str | None) -> None:
    """Refuse a header that is none of an access token.

    Raises:
        InvalidTokenError: ``typ`` names another kind of JWT.
    """
    if (media_type and media_type.lower()) not in _TYPES:
        msg = f"the header's typ is {media_type!r:.40}, which is no access token"
        raise InvalidTokenError(msg)


def check_kind(
    access_tests: Iterable[Test], header: Mapping[str, Any], claims: Mapping[str, Any]
) -> None:
    """Refuse what is no access token: an ID token, for instance, which any client of a user has.

    Args:
        access_tests: What marks an access token of its issuer; one of them has to hold.
        header: The JOSE header.
        claims: All claims, as the issuer made them.

    Raises:
        InvalidTokenError: It has a claim of another kind of token, or lacks what marks an access
            token of this issuer.
    """
    if not _NEVER.isdisjoint(claims):
        msg = f"a bearer access token has no claim {min(_NEVER & claims.keys())}"
        raise InvalidTokenError(msg)
    if "typ" in claims:
        kind = claims["typ"]
        if type(kind) is not str or kind.lower() in _OTHER_TOKENS:
            msg = "the claim typ names another kind of token"
            raise InvalidTokenError(msg)
    if claims.get("token_use") == "id":
        msg = "the claim token_use says that it is an ID token"
        raise InvalidTokenError(msg)
    if _is_for_its_client(claims):
        msg = "its only audience is the client to which it was given, as in an ID token"
        raise InvalidTokenError(msg)
    if not holds(access_tests, header, claims):
        msg = "nothing says that it is an access token: see access_when of its issuer"
        raise InvalidTokenError(msg)


def _is_for_its_client(claims: Mapping[str, Any]) -> bool:
    """Whether the token has an audience, and none but the client to which it was given."""
    audience = claims.get("aud")
    if not audience:
        return False
    if type(audience) is str:
        return audience in map(claims.get, CLIENT_CLAIMS)  # most have one, and no list is made
    clients = [claims.get(name) for name in CLIENT_CLAIMS]
    return all(one in clients for one in audience)


def check_times(
    claims: Mapping[str, Any], issuer: Issuer, leeway: float, skew: float, now: float
) -> float:
    """Check that the claims are there which the issuer has to write, and the times.

    It comes after `check_kind`: an ID token lacks some of them too, and it is not these that are
    wrong with it.

    Returns:
        When the token ends, as `ends_at` does.

    Raises:
        ExpiredTokenError: ``exp`` has passed, or the token is older than the issuer allows.
        InvalidTokenError: A claim is absent, or ``nbf`` or ``iat`` is in the future.
    """
    for name in issuer.required:
        if name not in claims:
            msg = f"absent: {name}"
            raise InvalidTokenError(msg)
    end = ends_at(claims, issuer, leeway)
    if now >= end:
        is_over = now >= claims["exp"] + leeway
        msg = "exp has passed" if is_over else "the token is older than max_age of its issuer"
        raise ExpiredTokenError(msg)
    latest = now + (leeway if leeway > skew else skew)  # not max(): a call for each token
    if claims.get("nbf", 0) > latest or claims["iat"] > latest:
        msg = "nbf or iat lies in the future"
        raise InvalidTokenError(msg)
    return end


def ends_at(claims: Mapping[str, Any], issuer: Issuer, leeway: float) -> float:
    """Return when a token is not accepted any more, in seconds since the epoch."""
    end: float = claims["exp"]
    if issuer.max_age is not None:
        end = min(end, claims["iat"] + issuer.max_age)
    return end + leeway


def check_subject(subject: str, others_prefixes: tuple[str, ...]) -> None:
    """Refuse a user who would be one of another issuer, or of a type of users of our own.

    Args:
        subject: The subject, with the prefix of its issuer if it has one.
        others_prefixes: What stands before all subjects of the others.

    Raises:
        InvalidTokenError: The subject begins with one of them.
    """
    if subject.startswith(others_prefixes):
        msg = "the subject begins with the prefix of other users"
        raise InvalidTokenError(msg)


def check_addressed(claims: Mapping[str, Any], issuer: Issuer) -> None:
    """Refuse a token that was given for another service (:rfc:`7519#section-4.1.3`).

    Raises:
        InvalidTokenError: ``aud`` names none of the audiences, or the client is none of
            ``client_ids``.
    """
    held, wanted = claims.get("aud", ()), issuer.audience
    # Most have one audience, as a text: no set is made for it.
    if type(held) is str:
        is_meant = held in wanted
    else:
        is_meant = not (wanted.isdisjoint(held) if wanted else held)
    if not is_meant:
        msg = "the token is for another audience"
        raise InvalidTokenError(msg)
    if issuer.client_ids:
        client = claims.get("client_id")
        if not (type(client) is str and client in issuer.client_ids):
            msg = "the token was given to a client that is not listed"
            raise InvalidTokenError(msg)


def mapped(
    header: Mapping[str, Any],
    raw: Mapping[str, Any],
    issuer: Issuer,
    roles_claim: str,
    identity_claim: str = "sub",
) -> dict[str, Any]:
    """Return the claims as policies read them.

    Args:
        header: The JOSE header.
        raw: All claims, as they were signed.
        issuer: Whose token it is.
        roles_claim: ``JWT_ROLES_CLAIM``.
        identity_claim: ``JWT_IDENTITY_CLAIM``, which is the subject here too.

    Raises:
        InvalidTokenError: There is no subject, or a claim is malformed.
    """
    claims = dict(raw)
    for name in _dropped(roles_claim).intersection(raw):
        del claims[name]
    if "." in "".join(claims):
        # Policies read `act.sub` in a claim of exactly that name, too.
        claims = {name: claims[name] for name in claims if name.split(".")[0] not in OWN_MEANING}
    claims["type"] = "access"
    claims["sub"] = issuer.subject_prefix + _subject(header, raw, issuer)
    if issuer.claims:
        _map(claims, raw, issuer.claims.items())
    if issuer.roles is not None:
        _map(claims, raw, [(roles_claim, issuer.roles)])
    place = issuer.scopes
    scope = raw.get(place) if type(place) is str else _at(raw, place)
    if scope is not None:
        claims["scope"] = scope if type(scope) is str else _scope(scope)
    # Last: policies compare it with own users, whatever the issuer has in a claim of that name.
    claims[identity_claim] = claims["sub"]
    wrong = malformed_claim(claims)
    if wrong is not None:
        msg = f"the claim {wrong} is malformed"
        raise InvalidTokenError(msg)
    return claims


@lru_cache(maxsize=16)  # one for each JWT_ROLES_CLAIM of the process
def _dropped(roles_claim: str) -> frozenset[str]:
    """Return the names that mean something here: of a dotted path, its first name too."""
    return OWN_MEANING | {roles_claim, roles_claim.partition(".")[0]}


def _map(claims: dict[str, Any], raw: Mapping[str, Any], paths: Iterable[tuple[str, Path]]) -> None:
    for name, path in paths:
        value = _at(raw, path)
        if value is not None:
            claims[name] = value


def _at(raw: Mapping[str, Any], path: Path) -> Any:
    """Return the claim at *path*; None if there is none, or it is null."""
    if type(path) is str:
        return raw.get(path)
    found: Any = raw
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _subject(header: Mapping[str, Any], raw: Mapping[str, Any], issuer: Issuer) -> str:
    """Return the subject: of a user the claim that the issuer names, of a machine ``sub``.

    An opaque token of a machine may have none; its subject is the client then.

    Raises:
        InvalidTokenError: It is absent, empty or no text.
    """
    subject = raw.get(issuer.subject)
    if subject is None and issuer.subject != "sub" and issuer.is_machine(header, raw):
        subject = raw.get("sub")
    if subject is None and not header and issuer.is_machine(header, raw):
        # An answer about an opaque token, whose `sub` is optional (RFC 7662 section 2.2): a token
        # that a client has for itself has no resource owner, who would be the subject.
        subject = raw.get("client_id")
    if type(subject) is not str or not subject:
        msg = f"the claim {issuer.subject} is absent, or no text"
        raise InvalidTokenError(msg)
    if len(subject) + len(issuer.subject_prefix) > MAX_ID:
        msg = "the subject is too long"
        raise InvalidTokenError(msg)
    return subject


def _scope(scope: object) -> str:
    """Return scopes that are no text as one: providers write an array instead.

    Raises:
        InvalidTokenError: The claim is neither a text nor an array of texts.
    """
    if type(scope) is list and all(type(one) is str and " " not in one for one in scope):
        return " ".join(scope)
    msg = "its scopes are neither a text nor an array of texts without spaces"
    raise InvalidTokenError(msg)
