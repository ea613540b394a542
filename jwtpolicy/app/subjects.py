"""Say whose subject a verb is about: the application's own, or another issuer's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from ..exceptions import (
    ConfigurationError,
    ForeignTokenError,
    StoreUnavailableError,
    SubjectError,
    expect,
)
from ..issuers.issuer import Issuer
from ..issuers.trusting_verifier import TrustingVerifier
from ..markers import NotGiven, Own
from ..schemas import SchemaRegistry
from ..tokens.claims import id_of
from ..tokens.token import Token
from ..tokens.verifier import Verifier

#: Names an issuer where a verb is called: its URL or `Issuer`, or ``OWN``.
IssuerName = str | Issuer | Own | NotGiven


class Subject(NamedTuple):
    """A subject, and who has issued its tokens.

    Attributes:
        issuer: ``iss`` of another issuer; None for the application itself.
        text: ``sub``, with the ``subject_prefix`` of its issuer.
    """

    issuer: str | None
    text: str


class CurrentSubject(NamedTuple):
    """The current token, and whether a verb was called with its user.

    Attributes:
        token: The current token, or None.
        is_meant: Whether the verb was called with `current_user`.
    """

    token: Token | None
    is_meant: bool

    @property
    def other_issuer(self) -> Token | None:
        """The current token, if it is another issuer's that does not count as own."""
        return None if self.token is None or self.token.is_own else self.token


def issuer_named(given: object, verifier: Verifier, own: frozenset[str]) -> Issuer | None:
    """Return the issuer that *given* names; None for the application itself.

    Args:
        given: An `IssuerName`.
        verifier: The verifier of guards, which knows the trusted issuers.
        own: ``iss`` of own tokens.

    Raises:
        ConfigurationError: It is none of the trusted issuers, nor found by the resolver.
        KeysUnavailableError: The resolver could not say whether it is one.
        TypeError: It is something else, such as the None of a missing setting.
    """
    how = "issuer= takes the URL of a trusted issuer, its Issuer, or OWN"
    if isinstance(given, Own):
        return None
    expect(given, (str, Issuer), how)
    url = given.url if isinstance(given, Issuer) else str(given)
    if url in own:
        return None
    trusted = verifier.issuers if isinstance(verifier, TrustingVerifier) else {}
    found = verifier.verifier_of(url) if isinstance(verifier, TrustingVerifier) else None
    if found is not None:
        return found.issuer
    names = ", ".join(trusted) or "none"
    msg = f"{url!r:.200} is no trusted issuer; these are: {names}. {how}"
    raise ConfigurationError(msg)


def issuer_claimed(claims: Mapping[str, Any], verifier: Verifier) -> Issuer | None:
    """Return the other issuer whose token these claims are, if they are true: by ``iss`` alone.

    None as well if the resolver of the application fails: nobody knows then.

    Args:
        claims: The claims of a token that nobody has verified.
        verifier: The verifier of guards.
    """
    url = claims.get("iss")
    if not isinstance(verifier, TrustingVerifier) or not isinstance(url, str):
        return None
    try:
        found = verifier.verifier_of(url)
    except StoreUnavailableError:
        return None
    return None if found is None else found.issuer


def subject_meant(
    found: Any,
    issuer: Issuer | None,
    is_said: bool,
    current: CurrentSubject,
    schemas: SchemaRegistry,
) -> Subject:
    """Return whose subject a verb means that was called with *found*.

    `current_user` of another issuer's token is a subject of that issuer. A text that is the same as
    the subject of such a token is nobody's for sure, unless the call says whose.

    Args:
        found: What the verb was called with, no proxy.
        issuer: Another issuer; None for the application itself.
        is_said: Whether the call has named one.
        current: The current token.
        schemas: The claim schemas of own users.

    Raises:
        SubjectError: *found* is no user, or no subject of *issuer*.
        ForeignTokenError: The current token is not of the issuer that is meant, or nobody can tell
            which one is.
    """
    token = current.token
    if token is not None and (
        current.is_meant or (found is token.principal and not schemas.describes(found))
    ):
        return _subject_of(token, issuer, is_said)
    if issuer is not None:
        return Subject(issuer.url, _subject_at(issuer, found))
    text, other = schemas.subject_of(found), current.other_issuer
    if other is not None and not is_said and text == other.subject and _is_plain(found):
        msg = (
            "the subject is that of the current token, which is another issuer's, and may be that "
            "of an own user too: say issuer=OWN or issuer='https://…'"
        )
        raise ForeignTokenError(msg)
    return Subject(None, text)


def _subject_of(token: Token, issuer: Issuer | None, is_said: bool) -> Subject:
    """Return the subject of the current token.

    Raises:
        ForeignTokenError: The call has named another issuer than the token's.
    """
    held = None if token.is_own else token.issuer
    named = held if issuer is None else issuer.url
    is_right = named == token.issuer if issuer is not None else held is None
    if is_said and not is_right:
        who = "this application" if issuer is None else issuer.url
        msg = f"the current user's token is not of {who}"
        raise ForeignTokenError(msg)
    return Subject(named, token.subject)


def refuse_foreign(token: Token, verb: str) -> None:
    """Refuse a verb that is about own tokens.

    Raises:
        ForeignTokenError: Another issuer has issued *token*.
    """
    if token._origin is not None:
        msg = f"{verb} is for tokens of this application, and the current one is of {token.issuer}"
        raise ForeignTokenError(msg)


def refuse_foreign_user(found: Any, current: CurrentSubject, verb: str) -> None:
    """Refuse to issue own tokens for the user of another issuer's token.

    An application that wants that passes an object of its own, whose schema says the subject.

    Raises:
        ForeignTokenError: *found* is the current user, or text that is the same as its subject.
    """
    token = current.token
    if token is None or token._origin is None:
        return
    is_same = _is_plain(found) and str(found) == token.subject
    if current.is_meant or found is token.principal or is_same:
        msg = (
            f"{verb}: the current user is one of {token.issuer}; to issue own tokens, pass the "
            "object of a local user, for which a schema is registered"
        )
        raise ForeignTokenError(msg)


def _is_plain(found: object) -> bool:
    return isinstance(found, str | int | UUID) and not isinstance(found, bool)


def _subject_at(issuer: Issuer, found: object) -> str:
    """Return a subject of another issuer, as it stands in `current_token.subject`.

    Raises:
        SubjectError: It is no text, number or UUID, or lacks the prefix that all of them have.
        NotAnIdError: It is too long, or has NUL or a lone surrogate.
    """
    if not (_is_plain(found) and str(found)):
        msg = (
            "a user of another issuer is named by the subject of its tokens, a text such as "
            f"current_token.subject, not by {type(found).__name__}"
        )
        raise SubjectError(msg)
    subject = id_of(str(found))
    if not subject.startswith(issuer.subject_prefix):
        msg = f"the subjects of {issuer!r} begin with {issuer.subject_prefix!r} here"
        raise SubjectError(msg)
    return subject
