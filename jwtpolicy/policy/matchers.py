"""Matchers of claims: compare a JSON value by type and value, or raise `Unknown`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

from marshmallow.validate import Validator

from ..exceptions import PolicyDefinitionError
from .arguments import Alone, Comparable, copied, identity_of, rendered, source_of
from .attributes import attribute_at
from .comparing import Unknown, are_of_one_type, is_among, is_array, same, type_name
from .request import AccessRequest
from .validation import judge_of


class Matcher(Comparable, ABC):
    """Base class of the expected values of claims; equal and hashable by its arguments.

    Attributes:
        arguments: Copies of the constructor arguments.
    """

    arguments: tuple[Any, ...]
    #: Whether `matches` reads the user of the request, who may have to be loaded and awaited.
    needs_user: ClassVar[bool] = False

    def __init__(self, *arguments: object) -> None:
        self.arguments = copied(arguments)
        self._identity = (type(self), identity_of(self.arguments, is_copy=True))

    @abstractmethod
    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        """Return whether *value* matches.

        Args:
            value: The value of a claim or an attribute, neither absent nor null.
            access: The request, for matchers that look a value up in it.
            is_subject: Whether *value* is a subject, so that integers and UUIDs match their text.

        Raises:
            Unknown: *value* has another JSON type than the expected value, or the expected value
                cannot be looked up.
        """

    @property
    def misfit(self) -> str:
        """What the reason says of a value that does not match; it repeats no value of a request."""
        return "does not match"

    @property
    def identity(self) -> object:
        return self._identity if type(self) in _LIBRARY else Alone(self)

    def __setattr__(self, name: str, value: object) -> None:
        if name in vars(self):
            msg = f"{self!r} is frozen: make another matcher"
            raise AttributeError(msg)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        return source_of(type(self).__name__, self.arguments, {})


class literal(Matcher):  # noqa: N801 # reads as a value in an expression
    """Equal to this value, with the same JSON types at each level."""

    def __init__(self, value: object) -> None:
        if value is None:
            msg = 'a null claim counts as absent; to demand one, use absent="mismatch" and ~'
            raise PolicyDefinitionError(msg)
        super().__init__(value)

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        return _equal(value, self.arguments[0], is_subject)


class _Looked(Matcher):
    """Base class of matchers whose expected value is looked up in the request."""

    def __init__(self, name: str, *more: object) -> None:
        if type(name) is not str or not name:
            msg = f"{type(self).__name__} takes a name, not {name!r}"
            raise PolicyDefinitionError(msg)
        super().__init__(name, *more)
        self.name = name

    @abstractmethod
    def look_up(self, access: AccessRequest) -> tuple[object, bool]:
        """Return the expected value, and whether it is the subject.

        Raises:
            Unknown: The request does not have the value.
        """

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        wanted, is_wanted_subject = self.look_up(access)
        return _equal(value, wanted, is_subject or is_wanted_subject)


class view_arg(_Looked):  # noqa: N801 # reads as a value in an expression
    """Equal to the value of a variable of the URL.

    Example:
        >>> token = jwt.issue("ada", claims={"team": "red"})
        >>> rule = ClaimsMatch(team=view_arg("team"))
        >>> print(jwt.explain(rule, token, view_args={"team": "blue"}).outcome)
        FORBIDDEN
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def look_up(self, access: AccessRequest) -> tuple[object, bool]:
        if self.name not in access.view_args:
            msg = f"the URL has no variable {self.name!r}"
            raise Unknown(msg)
        return access.view_args[self.name], False

    @property
    def misfit(self) -> str:
        return f"is not what the URL's {self.name!r} says"


class claim(_Looked):  # noqa: N801 # reads as a value in an expression
    """Equal to the value of a claim; a dotted path names members of objects.

    Example:
        >>> token = jwt.issue("ada", claims={"team": "red"})
        >>> rule = ResourceMatch(team=claim("team"))
        >>> print(jwt.explain(rule, token, resource={"team": "red"}).outcome)
        ALLOW
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def look_up(self, access: AccessRequest) -> tuple[object, bool]:
        if access.token is None:
            msg = "there is no token"
            raise Unknown(msg)
        return claim_at(access.token._claims, self.name), self.name == "sub"

    @property
    def misfit(self) -> str:
        return f"is not what the claim {self.name!r} says"


class user(_Looked):  # noqa: N801 # reads as a value in an expression
    """Equal to an attribute of the user; a dotted path names attributes of attributes.

    The user is what the ``user_loader`` returns: that of the manager for own tokens, that of its
    `Issuer` for the token of another issuer. So ``ResourceMatch(owner_id=user("id"))`` compares
    with a local id for tokens of all issuers.

    If the user cannot be loaded, the outcome is that of `KnownUser`.

    Example:
        >>> from types import SimpleNamespace
        >>> @jwt.user_loader
        ... def load(token):
        ...     return SimpleNamespace(id=7)
        >>> rule = ResourceMatch(owner_id=user("id"))
        >>> print(jwt.explain(rule, jwt.issue("ada"), resource={"owner_id": 7}).outcome)
        ALLOW
    """

    needs_user = True

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def look_up(self, access: AccessRequest) -> tuple[object, bool]:
        try:
            return attribute_at(access.user, self.name), False
        except Unknown:
            msg = f"the user has no {self.name!r}"
            raise Unknown(msg) from None

    @property
    def misfit(self) -> str:
        return f"is not what the user's {self.name!r} is"


class subject_arg(view_arg):  # noqa: N801 # as the others
    """A subject equal to the user, of a given type, whose id is a variable in the URL."""

    def __init__(self, name: str, of: type | None) -> None:
        _Looked.__init__(self, name, of)
        self.of = of

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        return _is_named(value, self.look_up(access)[0], access, self.of)

    @property
    def misfit(self) -> str:
        return f"is not the {_noun(self.of)} that the URL's {self.name!r} names"


class owner_of(claim):  # noqa: N801 # as the others
    """An attribute equal to the token's subject, as the id of a user of a given type."""

    def __init__(self, of: type | None) -> None:
        _Looked.__init__(self, "sub", of)
        self.of = of

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        return _is_named(self.look_up(access)[0], value, access, self.of)

    @property
    def misfit(self) -> str:
        return f"is not the {_noun(self.of, 'subject')} of the token"


class contains(Matcher):  # noqa: N801 # reads as a condition in an expression
    """An array with an item that equals this value.

    Example:
        >>> token = jwt.issue("ada", claims={"teams": ["red", "blue"]})
        >>> print(jwt.explain(ClaimsMatch(teams=contains("red")), token).outcome)
        ALLOW
    """

    def __init__(self, value: object) -> None:
        super().__init__(value)

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        if not is_array(value):
            msg = f"{type_name(value)} was found, an array is asked for"
            raise Unknown(msg)
        wanted = self.arguments[0]
        return any(same(item, wanted) for item in value)

    @property
    def misfit(self) -> str:
        return "does not contain what is asked for"


class one_of(Matcher):  # noqa: N801 # reads as a condition in an expression
    """Equal to one of these values, type included.

    Example:
        >>> token = jwt.issue("ada", claims={"plan": "gold"})
        >>> print(jwt.explain(ClaimsMatch(plan=one_of("silver", "gold")), token).outcome)
        ALLOW
    """

    def __init__(self, *values: object) -> None:
        if not values:
            msg = "one_of() without values matches nothing; name the values"
            raise PolicyDefinitionError(msg)
        super().__init__(*values)

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        return is_among(value, self.arguments)

    @property
    def misfit(self) -> str:
        return "is none of the values that are asked for"


class validated(Matcher):  # noqa: N801 # reads as a condition in an expression
    """A value that a marshmallow validator accepts.

    Raises:
        PolicyDefinitionError: The validator is async, or a bound of it is no number.
    """

    def __init__(self, validator: Validator) -> None:
        super().__init__(validator)
        self._judge = judge_of(self.arguments[0])

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        return self._judge(value)

    def __repr__(self) -> str:
        return rendered(self.arguments[0])


#: Classes that are compared by their arguments; a subclass may depend on more than these.
_LIBRARY: Final = frozenset(
    {literal, view_arg, claim, user, subject_arg, owner_of, contains, one_of, validated}
)


def as_matcher(value: object) -> Matcher:
    """Return *value* as a matcher: a validator as `validated`, a plain value as `literal`.

    Raises:
        PolicyDefinitionError: *value* is a function, a class, or None.
    """
    if isinstance(value, Matcher):
        return value
    if isinstance(value, Validator):
        return validated(value)
    if callable(value):
        name = getattr(value, "__name__", type(value).__name__)
        msg = f"{name} is not a value to match; write a validator's object, or a @policy"
        raise PolicyDefinitionError(msg)
    return literal(value)


def claim_at(claims: Mapping[str, Any], path: str) -> object:
    """Return the claim at *path*: the claim of exactly that name, else member by member.

    Raises:
        Unknown: The claim is absent, or null.
    """
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
    if found is None:
        msg = f"the claim {path!r} is absent"
        raise Unknown(msg)
    return found


def _equal(value: object, wanted: object, is_subject: bool) -> bool:
    if is_subject:
        value, wanted = _as_text(value), _as_text(wanted)
    if not are_of_one_type(value, wanted):
        msg = f"{type_name(value)} was found, {type_name(wanted)} is asked for"
        raise Unknown(msg)
    return same(value, wanted)


def _is_named(subject: object, name: object, access: AccessRequest, of: type | None) -> bool:
    """Whether *subject*, the ``sub`` of a token, is the user of the type *of* with the id *name*.

    Without a type the subject must not have the prefix of one: ``machine:1`` is no user's id.

    Raises:
        Unknown: No schema describes users of that type, or *name* has a type that is no id.
    """
    terms, subject = access.terms, str(subject)
    prefix = terms.prefix_of(of)
    if prefix is None:
        msg = f"no schema describes users of the type {of.__name__ if of else of}"
        raise Unknown(msg)
    bare = subject.removeprefix(prefix)
    is_of_type = bare != subject if prefix else not subject.startswith(terms.prefixes)
    return _equal(bare, name, True) and is_of_type


def _noun(of: type | None, otherwise: str = "user") -> str:
    """Return the name of a type of users: ids of different types may be the same text."""
    return otherwise if of is None else of.__name__


def _as_text(value: object) -> object:
    """Return an integer or UUID as text: subjects are text in tokens, and keys in databases."""
    return str(value) if type(value) is int or isinstance(value, UUID) else value
