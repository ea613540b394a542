"""Policies about claims of the token: values, subject, roles and scopes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from werkzeug.exceptions import HTTPException

from ..decision import ALLOWED, Finding, Outcome
from ..exceptions import InvalidTokenError, MissingClaimError, PolicyDefinitionError
from ..markers import NOT_GIVEN, NotGiven
from .base import Policy, without_application, without_token, without_user
from .comparing import Unknown
from .held_names import NotHeld
from .matchers import Matcher, as_matcher, claim_at, subject_arg
from .program import IO, PURE
from .request import AccessRequest, NoApplicationError


class Attribute(Policy):
    """Base class of policies about claims and resources: without a token they cannot tell."""

    cost = PURE
    worst = Outcome.FORBIDDEN

    @property
    def is_async(self) -> bool:
        return False


def missing(why: str) -> Finding:
    """Return the finding for a claim that is absent or ill-typed: neither yes nor no."""
    return Finding(Outcome.MISSING_CLAIM, why, error=MissingClaimError(why))


def named_matchers(
    owner: str, mapping: object, names: Mapping[str, Any]
) -> tuple[tuple[str, Matcher], ...]:
    """Return a call's mapping and keywords as pairs of name and matcher, sorted by name.

    So those that name the same in another order are equal, and give the same reasons.

    Raises:
        PolicyDefinitionError: There is no name, one twice, or one that is not a non-empty string.
    """
    mapping = {} if mapping is NOT_GIVEN else mapping
    if not isinstance(mapping, Mapping):
        msg = f"{owner} takes a mapping or keywords, not {mapping!r:.60}"
        raise PolicyDefinitionError(msg)
    pairs = [*mapping.items(), *names.items()]
    if not pairs or len(pairs) > len({*mapping, *names}):
        msg = f"{owner}(…) needs at least one name, and each only once"
        raise PolicyDefinitionError(msg)
    if not all(type(name) is str and name for name in mapping):
        msg = f"{owner} takes names as non-empty strings: {list(mapping)!r:.60}"
        raise PolicyDefinitionError(msg)
    return tuple((name, as_matcher(value)) for name, value in sorted(pairs, key=itemgetter(0)))


class Matching(Attribute, ABC):
    """Base class of policies that compare values by matchers, of which some may need the user."""

    matchers: tuple[tuple[str, Matcher], ...]

    @property
    def cost(self) -> int:  # type: ignore[override] # of the matchers
        return IO if self._needs_user else PURE

    @property
    def is_awaited(self) -> bool:
        return self._needs_user

    @property
    def _needs_user(self) -> bool:
        return any(matcher.needs_user for _, matcher in self.matchers)

    @abstractmethod
    def compared(self, path: str, matcher: Matcher, access: AccessRequest) -> Finding:
        """Return the finding for one value."""

    def is_ready(self, access: AccessRequest) -> bool:
        """Whether the user is needed now, and nothing else has to be there before."""
        return True

    def matched(self, access: AccessRequest) -> Finding:
        """Return the finding for all values, for a request with a token.

        What cannot be told outweighs a mismatch, so that the negation does not admit it.
        """
        try:
            findings = [self.compared(path, matcher, access) for path, matcher in self.matchers]
        except HTTPException as error:  # of the user's loader
            return without_user(error)
        except NoApplicationError as error:
            return without_application(self, error)
        return min(findings, key=doubtful_first)

    async def judge_async(self, access: AccessRequest) -> Finding:
        if access.token is not None and access.user_error is None and self.is_ready(access):
            await access.load_user()
        return self.judge(access)


class ClaimsMatch(Matching):
    """Claims have these values: ``ClaimsMatch(role="admin")``.

    Type and value are compared, at all levels, as the token has them: ``sub`` includes its prefix.
    If a claim is absent, null or of another JSON type, the outcome is ``MISSING_CLAIM``. Then the
    policy refuses, and so does its negation.

    Args:
        claims: The names of claims, or dotted paths into objects, each with what it has to be: a
            value, a matcher (``contains``, ``one_of``, ``view_arg``), or a marshmallow validator.
        absent: If it is ``"mismatch"``, an absent or null claim does not match; ``~`` allows it.
        names: The same for claims whose names are identifiers.

    Example:
        >>> token = jwt.issue("ada", claims={"plan": "gold"})
        >>> print(jwt.explain(ClaimsMatch(plan="gold"), token).outcome)
        ALLOW
        >>> print(jwt.explain(ClaimsMatch(team="red"), token).outcome)
        MISSING_CLAIM
    """

    def __init__(
        self,
        claims: Mapping[str, Any] | NotGiven = NOT_GIVEN,
        /,
        *,
        absent: Literal["mismatch"] | None = None,
        **names: Any,
    ) -> None:
        if absent not in (None, "mismatch"):
            msg = f'ClaimsMatch(absent=…) takes "mismatch" or nothing, not {absent!r}'
            raise PolicyDefinitionError(msg)
        self.matchers = named_matchers("ClaimsMatch", claims, names)
        self.absent = absent

    def judge(self, access: AccessRequest) -> Finding:
        if access.token is None:
            return without_token(access)
        return self.matched(access)

    def compared(self, path: str, matcher: Matcher, access: AccessRequest) -> Finding:
        assert access.token is not None  # noqa: S101 # for the type checker
        try:
            value = claim_at(access.token._claims, path)
        except Unknown as why:
            return missing(str(why)) if self.absent is None else _refused(str(why))
        try:
            matches = matcher.matches(value, access, path == "sub")
        except Unknown as why:
            return missing(f"the claim {path!r}: {why}")
        return ALLOWED if matches else _refused(Mismatch("the claim", path, matcher))


class Mismatch(NamedTuple):
    """The reason of a value that is there and does not match.

    Attributes:
        noun: What has the value.
        path: Its name, or dotted path.
        matcher: What was asked of it.
    """

    noun: str
    path: str
    matcher: Matcher

    def __str__(self) -> str:
        return f"{self.noun} {self.path!r} {self.matcher.misfit}"


def _refused(reason: object) -> Finding:
    return Finding(Outcome.FORBIDDEN, reason)


#: Of several answers in one leaf: what cannot be told first, then no, then yes.
_DOUBT = {Outcome.MISSING_CLAIM: 0, Outcome.FORBIDDEN: 1, Outcome.ALLOW: 2}


def doubtful_first(finding: Finding) -> int:
    """Sort key of findings within one leaf: cannot tell, no, yes."""
    return _DOUBT[finding.outcome]


class IsSubject(ClaimsMatch):
    """The token is about the user whose id is in the URL.

    Args:
        name: The variable of the URL.
        of: The type of users that the variable is about; the ``subject_prefix`` of its schema is
            added before the comparison. If None, it is the type without a prefix, so that
            ``machine:1`` in a URL does not match a machine. To compare with ``sub`` as it is in
            the token, write ``ClaimsMatch(sub=view_arg(name))``.

    Example:
        >>> decision = jwt.explain(IsSubject("user_id"), jwt.issue("7"), view_args={"user_id": 7})
        >>> print(decision.outcome)
        ALLOW
    """

    def __init__(self, name: str, *, of: type | None = None) -> None:
        self.of = checked_type("IsSubject", of)
        super().__init__(sub=subject_arg(checked_name("IsSubject", name), of))

    def judge(self, access: AccessRequest) -> Finding:
        return nobodys(access, self.of) or super().judge(access)


def nobodys(access: AccessRequest, of: type | None) -> Finding | None:
    """Return the finding for the subject of another issuer that is no user *of* this type.

    A machine is nobody who owns something, and types of users have the application's own users.
    None where the subject is to be compared.
    """
    token = access.token
    if token is None or token._origin is None:
        return None
    if of is not None and not token.is_own:
        reason = f"{of.__name__} is a type of own users, and the token is another issuer's"
    elif of is None and token.is_machine:
        reason = "the token is a machine's, and its subject no user"
    else:
        return None
    return Finding(Outcome.INVALID_TOKEN, reason, error=InvalidTokenError(reason))


def checked_name(owner: str, name: object) -> str:
    """Return *name* if it is a non-empty string.

    Raises:
        PolicyDefinitionError: *name* is empty, or not a string.
    """
    if type(name) is str and name:
        return name
    msg = (
        f"{owner} takes a name as a non-empty string, such as {owner}('user_id'), not {name!r:.40}"
    )
    raise PolicyDefinitionError(msg)


def checked_type(owner: str, of: object) -> type | None:
    """Return *of* if it is a type of users, or None.

    Raises:
        PolicyDefinitionError: *of* is neither a type nor None.
    """
    if of is None or isinstance(of, type):
        return of
    msg = f"{owner}(…, of=…) takes a type that has a schema, such as of=Machine, not {of!r:.40}"
    raise PolicyDefinitionError(msg)


class HasRole(Attribute):
    """The user has all of these roles, in the array claim that ``JWT_ROLES_CLAIM`` names.

    Example:
        >>> token = jwt.issue("ada", claims={"roles": ["author"]})
        >>> print(jwt.explain(HasRole("admin"), token).outcome)
        FORBIDDEN
    """

    roles: frozenset[str]

    def __init__(self, *roles: str) -> None:
        self.roles = _words("HasRole", roles)

    def judge(self, access: AccessRequest) -> Finding:
        if access.token is None:
            return without_token(access)
        try:
            held = claim_at(access.token._claims, access.terms.roles_claim)
        except Unknown as why:
            return missing(str(why))
        if type(held) is not list:
            return missing(f"the claim {access.terms.roles_claim!r} is not an array")
        # A list's elements may be of any type; only text can be a role.
        roles = {role for role in held if type(role) is str}
        return ALLOWED if self.roles <= roles else _refused(NotHeld("role", self.roles, (*roles,)))


class HasScope(Attribute):
    """The token's scope contains all of these; if ``scope`` is absent, it contains none.

    Example:
        >>> token = jwt.issue("ada", scope="read")
        >>> print(jwt.explain(HasScope("write"), token).outcome)
        INSUFFICIENT_SCOPE
    """

    worst = Outcome.INSUFFICIENT_SCOPE
    scopes: frozenset[str]

    def __init__(self, *scopes: str) -> None:
        self.scopes = _words("HasScope", scopes)
        if not all(map(is_word, self.scopes)):
            msg = f"a scope is printable ASCII without space, quote or backslash: {scopes!r}"
            raise PolicyDefinitionError(msg)

    @property
    def needs(self) -> frozenset[str]:
        return self.scopes

    def judge(self, access: AccessRequest) -> Finding:
        token = access.token
        if token is None:
            return without_token(access)
        held = token._claims.get("scope", "").split(" ")
        if self.scopes.issubset(held):
            return ALLOWED
        return Finding(Outcome.INSUFFICIENT_SCOPE, NotHeld("scope", self.scopes, tuple(held)))


def _words(owner: str, words: tuple[str, ...]) -> frozenset[str]:
    if not words:
        msg = f"{owner}() asks for nothing; name what is asked for: {owner}('…')"
        raise PolicyDefinitionError(msg)
    for word in words:
        if type(word) is not str or not word:
            msg = f"{owner} takes non-empty strings, such as {owner}('a', 'b'), not {word!r:.60}"
            raise PolicyDefinitionError(msg)
    return frozenset(words)


def is_word(word: object) -> bool:
    """Whether a challenge can list *word*: ``1*( %x21 / %x23-5B / %x5D-7E )``.

    (:rfc:`6749#section-3.3`.)
    """
    if type(word) is not str or not word:
        return False
    return all("!" <= character <= "~" and character not in '"\\' for character in word)
