"""The registry of claim schemas: it finds the schema of a user or a token, dumps and loads."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import marshmallow
from marshmallow import ValidationError

from ..exceptions import (
    ForeignSubjectError,
    InvalidTokenError,
    IssueError,
    SchemaError,
    SubjectError,
)
from ..tokens.claims import id_of
from .claim_loader import compile_principal
from .claim_schema import ClaimSchema, Principals, claim_name
from .json_values import check_json
from .reasons import places_of, reasons_of
from .user_values import is_user

logger = logging.getLogger("jwtpolicy")

#: Users of these types need no schema: they are the subject.
PLAIN_TYPES: Final = (str, int, UUID)

_REFERENCE = re.compile(r"([^/]+)(?:/([1-9][0-9]{0,8}))?", re.ASCII)


class Dumped(NamedTuple):
    """The claims of a dumped user.

    Attributes:
        subject: ``sub``, as it stands in the token.
        claims: The others; safe to sign.
        schema: The claim ``schema``, where there are several schemas, else None.
    """

    subject: str
    claims: dict[str, Any]
    schema: str | None = None


class _Entry:
    """One registered schema, made once."""

    def __init__(self, schema: type[ClaimSchema], user_type: type, kind: str | None) -> None:
        self.schema = schema()
        self.user_type = user_type
        self.kind = kind
        self.name = schema.claims_name
        self.version = schema.claims_version
        self.prefix = schema.subject_prefix
        #: The names of its claims.
        self.names = frozenset(claim_name(*pair) for pair in schema._declared_fields.items())
        self._principals = None if _has_post_load(self.schema) else Principals(schema)
        #: The types of its objects: the users', and what it made itself.
        own = () if self._principals is None else (self._principals.type,)
        self.writes: tuple[type, ...] = (user_type, *own)
        self._compiled = compile_principal(self.schema, self._principals)

    def covers(self, kind: str) -> bool:
        """Whether it applies to tokens of *kind*: by default to all kinds but refresh."""
        return self.kind == kind if self.kind is not None else kind != "refresh"

    @property
    def reference(self) -> str:
        """The value of the claim ``schema``: the name, and the version if above 1."""
        return self.name if self.version == 1 else f"{self.name}/{self.version}"

    def load(self, claims: dict[str, Any], version: int) -> Any:
        """Return the object that *claims* describe.

        Raises:
            ValidationError: The claims do not fit the schema.
            SchemaError: The schema's ``post_load`` returned a value that is no user.
        """
        if self._compiled is not None and version == self.version:
            principal = self._compiled(claims)
            if principal is not None:
                return principal
        claims = copy.deepcopy(claims)
        if version < self.version:
            claims = self.schema.upgrade(claims, version)
        loaded = self.schema.load(claims, unknown=marshmallow.EXCLUDE)
        if self._principals is not None:
            return self._principals.made(loaded)
        if not is_user(loaded):
            msg = f"post_load of {type(self.schema).__name__} returned {type(loaded).__name__}"
            raise SchemaError(f"{msg}; it has to return the object of current_user")
        return loaded

    def dump(self, user: Any) -> dict[str, Any]:
        """Return the claims of *user*."""
        return dict(self.schema.dump(self._read(user)))

    def _read(self, user: Any) -> Any:
        """Return the object that the schema reads, where *user* is one that it made itself."""
        if self._principals is not None and type(user) is self._principals.type:
            return self._principals.user(user)
        return user

    def subject_of(self, user: Any) -> str:
        """Return ``sub`` of *user*; no other field is read.

        Raises:
            SubjectError: ``sub`` is not text, or is empty.
            NotAnIdError: ``sub`` is too long, or has NUL or a lone surrogate.
        """
        user = self._read(user)
        if _makes_claims_itself(self.schema):
            return self.subject_in(self.schema.dump(user))
        dumped: dict[str, Any] = {}
        for name, field in self.schema.dump_fields.items():
            if claim_name(name, field) == "sub":
                dumped["sub"] = field.serialize(name, user, self.schema.get_attribute)
        return self.subject_in(dumped)

    def subject_in(self, claims: dict[str, Any]) -> str:
        """Remove ``sub`` from dumped claims and return it; raises as `subject_of` does."""
        subject = claims.pop("sub", None)
        if type(subject) is not str or not subject:
            msg = f"{type(self.schema).__name__}: sub has to be non-empty text in the token"
            raise SubjectError(msg)
        return id_of(subject)


def _has_post_load(schema: ClaimSchema) -> bool:
    return bool(schema._hooks.get("post_load"))


def _makes_claims_itself(schema: ClaimSchema) -> bool:
    """Whether ``sub`` may be more than its field: a hook may make it of several."""
    has_hooks = bool(schema._hooks.get("pre_dump") or schema._hooks.get("post_dump"))
    return has_hooks or type(schema).dump is not ClaimSchema.dump


_OTHERS_SUBJECT: Final = "the subject is one of another type of users, or of another issuer"


class _Readers:
    """The schemas that read the tokens of one kind.

    Args:
        entries: The schemas that may have written them.
        prefixes: The subject prefixes of all types of users, and of trusted issuers.
    """

    __slots__ = ("_entries", "_has_plain", "_prefixes", "is_one")

    def __init__(self, entries: list[_Entry], prefixes: tuple[str, ...]) -> None:
        self._entries = entries
        self._prefixes = prefixes
        self._has_plain = any(not entry.prefix for entry in entries)
        #: Whether there is no other one to be confused with.
        self.is_one = len(entries) == 1

    def chosen(self, reference: str | None) -> tuple[_Entry | None, int]:
        """Return the schema that a token's claim ``schema`` names, and its version; or None.

        Tokens of types with a prefix always name theirs.

        Raises:
            InvalidTokenError: The claim names an unknown schema, or is absent where there are
                several.
        """
        if not self._entries or (reference is None and not self._has_plain):
            return None, 1
        if reference is None:
            if len(self._entries) == 1:
                return self._entries[0], 1
            msg = "the token does not say which schema it is of"
            raise InvalidTokenError(msg)
        found = _REFERENCE.fullmatch(reference)
        version = int(found[2] or 1) if found else 0
        for entry in self._entries:
            if found and entry.name == found[1] and version <= entry.version:
                return entry, version
        msg = "the token names a schema that is not known here"
        raise InvalidTokenError(msg)

    def has(self, reference: str | None) -> bool:
        """Whether one of the schemas is named by *reference*, in whatever version."""
        name = _name_in(reference)
        return any(entry.name == name for entry in self._entries)

    def bare(self, subject: str, prefix: str = "") -> str:
        """Return the subject without its prefix.

        Raises:
            InvalidTokenError: The subject has the prefix of another type of users, lacks its own,
                or is empty without it.
        """
        bare = subject.removeprefix(prefix)
        is_foreign = bare == subject if prefix else subject.startswith(self._prefixes)
        if is_foreign or not bare:
            raise InvalidTokenError(_OTHERS_SUBJECT)
        return bare


def _name_in(reference: str | None) -> str:
    return (reference or "").partition("/")[0]


def _prefixes_of(entries: Sequence[_Entry]) -> tuple[str, ...]:
    return tuple({entry.prefix for entry in entries} - {""})


class SchemaRegistry:
    """The schemas of one manager, by type of object and kind of token.

    Objects of type ``str``, ``int`` and ``UUID`` need none: they are the subject. A refresh
    token is written and read by a schema that was registered for it; else by that of access
    tokens, or, where a user loader says anew what is true of the user, by none: it is the subject.

    No two users of different types have one subject (:rfc:`7519#section-4.1.2`): each type but
    one has a prefix, no prefix begins another, and no subject without one begins with any. Types
    that inherit from one another are one type, and so are ``str``, ``int`` and ``UUID``, which
    have none. Nor does a subject begin with the prefix of a trusted issuer. The prefix is put on
    and taken off here, and nowhere else.
    """

    def __init__(self) -> None:
        self._reloads_users = False
        self._entries: list[_Entry] = []
        self._issuers_prefixes: tuple[str, ...] = ()
        self._readers: dict[str, _Readers] = {}

    def __bool__(self) -> bool:
        """Whether there is a schema; without any, each user is a plain subject."""
        return bool(self._entries)

    def copied(self, issuers_prefixes: Iterable[str] = ()) -> SchemaRegistry:
        """Return a copy of the registry, which later registrations do not change.

        Args:
            issuers_prefixes: What stands before the subjects of trusted issuers. No subject of its
                own may begin with one: it would be a user of that issuer.
        """
        copy_ = SchemaRegistry()
        copy_._entries = list(self._entries)
        copy_._issuers_prefixes = tuple(prefix for prefix in issuers_prefixes if prefix)
        return copy_

    def register(
        self,
        schema: object,
        user_type: object,
        kind: str | None = None,
        over: SchemaRegistry | None = None,
    ) -> None:
        """Register *schema* for objects of *user_type* and its subclasses.

        Args:
            schema: A subclass of `ClaimSchema`.
            user_type: The type of the objects.
            kind: The kind of token; None for all kinds but refresh.
            over: A registry whose schemas it may replace.

        Raises:
            SchemaError: *schema* is not a `ClaimSchema`, that type and kind or that name has a
                schema already, or its subjects could be those of another type.
        """
        if not isinstance(user_type, type):
            msg = f"claims_for takes a type of users, not {user_type!r:.60}"
            raise SchemaError(msg)
        if not (isinstance(schema, type) and issubclass(schema, ClaimSchema)):
            msg = f"claims_for takes a subclass of ClaimSchema, not {schema!r:.60}"
            raise SchemaError(msg)
        if not schema._declared_fields:
            msg = f"{schema.__name__} has no fields; it has to define sub at least"
            raise SchemaError(msg)
        entry = _Entry(schema, user_type, kind)
        settled = [] if over is None else over._entries
        in_the_way = [other for other in self._entries if _conflict(entry, other)]
        for other in in_the_way:
            if other not in settled:
                raise SchemaError(_conflict(entry, other))
        others = [other for other in self._entries if other not in in_the_way]
        _check_subjects(entry, others)
        self._entries = others
        self._entries.append(entry)
        self._readers.clear()

    def reload_users(self) -> None:
        """Note that there is a user loader: refresh tokens without a schema are subjects alone."""
        self._reloads_users = True
        self._readers.clear()

    @property
    def prefixes(self) -> Mapping[type, str]:
        """The subject prefix of each type of users."""
        return {
            **dict.fromkeys(PLAIN_TYPES, ""),
            **{entry.user_type: entry.prefix for entry in self._entries},
        }

    def dump(self, user: Any, kind: str, added: Mapping[str, Any] | None = None) -> Dumped:
        """Return *user* as claims that can be read back.

        Args:
            user: The object.
            kind: The kind of token.
            added: Claims that take the place of the schema's; safe to sign, and not ``sub``.

        Raises:
            SubjectError: No schema fits its type, or it has no subject.
            IssueError: The claims cannot be signed or read back; the message names the path and
                the reason, never a value.
            ForeignSubjectError: The subject begins with the prefix of another type, or of an
                issuer.
        """
        if not self._entries:
            return Dumped(self._on_wire(_plain_subject(user)), dict(added or {}))
        entry = self._writer(type(user), kind)
        if entry is None:
            subject = self._on_wire(_plain_subject(user))
            return self._plain(Dumped(subject, dict(added or {})), kind)
        claims: dict[str, Any] = {}
        try:
            claims = {**entry.dump(user), **(added or {})}
            check_json(claims, "claims")
            entry.load(claims, entry.version)
        except ValidationError as error:
            msg = f"{type(entry.schema).__name__}: {reasons_of(error, claims)}"
            raise IssueError(msg) from None
        subject = entry.subject_in(claims)
        # Beside tokens that are of no schema, those of one have to say so.
        is_bare = kind == "refresh" and self._reloads_users
        is_alone = self._readers_of(kind).is_one and not is_bare
        # No subject alone makes anybody one of a type that has a prefix: its tokens say it too.
        is_told = is_alone and entry.version == 1 and not entry.prefix
        reference = None if is_told else entry.reference
        return Dumped(self._on_wire(subject, entry.prefix), claims, reference)

    def _plain(self, dumped: Dumped, kind: str) -> Dumped:
        """Return the claims of a user without a schema, if they can be read back.

        Raises:
            IssueError: Tokens of *kind* always have a schema, so that this one could not be read.
        """
        try:
            self.load({**dumped.claims, "sub": dumped.subject}, kind)
        except InvalidTokenError as error:
            msg = (
                f"a token of the kind {kind!r} for a bare subject could not be read back "
                f"({error.reason}); pass an object that a schema describes"
            )
            raise IssueError(msg) from None
        return dumped

    def mark_of(self, user: Any) -> str | None:
        """Return the claim ``schema`` of a refresh token that carries only its subject, or None.

        One of a type with a prefix names the type, as all its tokens do.
        """
        entry = self._describing(type(user))
        return entry.reference if entry is not None and entry.prefix else None

    def mark_of_subject(self, subject: str) -> str | None:
        """Return what `mark_of` does of the type whose prefix *subject* begins with, or None."""
        found = (e for e in self._entries if e.prefix and subject.startswith(e.prefix))
        return next((entry.reference for entry in found), None)

    def _on_wire(self, subject: str, prefix: str = "") -> str:
        """Return the subject with its prefix.

        Raises:
            ForeignSubjectError: *subject* is to have no prefix, and begins with one of another
                type's, or of a trusted issuer.
        """
        if not prefix and subject.startswith(self._others_prefixes):
            msg = "the subject begins with the prefix of another type of users, or of an issuer"
            raise ForeignSubjectError(msg)
        return prefix + subject

    def subject_of(self, user: Any) -> str:
        """Return ``sub`` of the tokens of *user*, with its prefix; other fields are not dumped.

        Text is taken for a subject as it stands in tokens, with its prefix.

        Raises:
            SubjectError: *user* is no user, or has no subject.
            ForeignSubjectError: The subject begins with the prefix of another type.
        """
        entry = self._describing(type(user))
        if entry is None:
            return _plain_subject(user)
        return self._on_wire(entry.subject_of(user), entry.prefix)

    def describes(self, user: Any) -> bool:
        """Whether *user* is a plain subject, or an object of a type that has a schema."""
        types = {entry.user_type for entry in self._entries}
        return _plain(user) != "" or not types.isdisjoint(type(user).__mro__)

    def check(self, user: Any, kind: str) -> None:
        """Refuse a value that is no user, before a hook of the application is called with it.

        Raises:
            SubjectError: *user* has no schema for *kind*, and is no plain subject.
        """
        if not self._entries or self._writer(type(user), kind) is None:
            _plain_subject(user)

    def names_of(self, user: Any, kind: str) -> frozenset[str]:
        """Return the names of the claims that a schema puts into tokens of *kind* for *user*."""
        entry = self._writer(type(user), kind)
        return frozenset() if entry is None else entry.names

    def has_refresh_schema(self, user: Any) -> bool:
        """Whether a schema was registered for refresh tokens of *user*."""
        return self._writer(type(user), "refresh") is not None

    def check_readable(
        self, claims: Mapping[str, Any], subject: str, schema: str | None, kind: str = "access"
    ) -> None:
        """Refuse to sign a token of *kind* that could not be read back.

        Raises:
            InvalidTokenError: The claims cannot be loaded; the reason names fields, never values.
        """
        if self._entries or self._issuers_prefixes:
            named = {} if schema is None else {"schema": schema}
            self.load({**claims, **named, "sub": subject}, kind)

    def load(self, claims: dict[str, Any], kind: str) -> Any:
        """Return the object that a token's claims describe; without a schema the subject.

        Raises:
            InvalidTokenError: The claims do not fit the schema; the reason names fields, never
                values.
        """
        if not self._entries:
            abroad = self._issuers_prefixes
            if abroad and claims["sub"].startswith(abroad):
                raise InvalidTokenError(_OTHERS_SUBJECT)
            return claims["sub"]
        readers = self._readers_of(kind)
        reference = claims.get("schema")
        if kind == "refresh" and self._reloads_users and not readers.has(reference):
            # The subject alone: its user is loaded again.
            readers.bare(claims["sub"], self._prefix_named(reference))
            return claims["sub"]
        entry, version = readers.chosen(reference)
        if entry is None:
            return readers.bare(claims["sub"])
        subject = readers.bare(claims["sub"], entry.prefix)
        try:
            return entry.load({**claims, "sub": subject} if entry.prefix else claims, version)
        except ValidationError as error:
            if kind == "refresh" and not entry.covers("refresh"):
                # Of another library, with the subject alone. What is signed after it is judged
                # before: see `check`.
                return claims["sub"]
            msg = f"the claims do not load: {places_of(error)}"
            raise InvalidTokenError(msg) from None
        except Exception as error:
            msg = f"{entry.name} raised {type(error).__name__}"
            logger.exception("%s; the token was refused", msg)
            raise InvalidTokenError(msg) from error

    def _prefix_named(self, reference: str | None) -> str:
        name = _name_in(reference)
        return next((entry.prefix for entry in self._entries if entry.name == name), "")

    def _writer(self, user_type: type, kind: str | None) -> _Entry | None:
        """Return the schema for a type and kind; None: for any kind."""
        for cls in user_type.__mro__:
            found = None
            for entry in self._entries:
                # A schema for this very kind comes before one for all of them.
                is_first = found is None or (found.kind is None and entry.kind is not None)
                if is_first and cls in entry.writes and (kind is None or entry.covers(kind)):
                    found = entry
            if found is not None:
                return found
        return None

    def _describing(self, user_type: type) -> _Entry | None:
        """Return the schema that defines the subject of a type; all schemas of a type agree."""
        return self._writer(user_type, "access") or self._writer(user_type, None)

    @property
    def _others_prefixes(self) -> tuple[str, ...]:
        """What no subject without a prefix may begin with."""
        return (*_prefixes_of(self._entries), *self._issuers_prefixes)

    def _readers_of(self, kind: str) -> _Readers:
        readers = self._readers.get(kind)
        if readers is None:
            readers = _Readers(self._reading(kind), self._others_prefixes)
            self._readers[kind] = readers
        return readers

    def _reading(self, kind: str) -> list[_Entry]:
        exact = [entry for entry in self._entries if entry.kind == kind]
        types = {entry.user_type for entry in exact}
        if kind == "refresh":
            others = [] if self._reloads_users else self._reading("access")
        else:
            others = [entry for entry in self._entries if entry.kind is None]
        return exact + [entry for entry in others if entry.user_type not in types]


def _conflict(entry: _Entry, other: _Entry) -> str | None:
    """Return the reason why two schemas cannot both be registered, or None."""
    if entry.user_type is other.user_type and entry.kind == other.kind:
        return f"{entry.user_type.__name__} has a schema for these tokens already: {other.name}"
    if entry.name == other.name:
        return f"two schemas are called {entry.name!r}; give one another Meta.name"
    return None


def _check_subjects(entry: _Entry, others: Sequence[_Entry]) -> None:
    """Refuse a schema whose subjects could be those of another type of users.

    Raises:
        SchemaError: The prefix differs from another schema's of the same type, is the beginning of
            another type's or begins with it, or two types have no prefix.
    """
    kin, strangers = _parted(entry, others)
    if entry.prefix and _is_kin(entry.user_type, str):
        msg = f"{entry.name}: {entry.user_type.__name__} is plain text or a number, without prefix"
        raise SchemaError(msg)
    for other in kin:
        if other.prefix != entry.prefix:
            msg = (
                f"{entry.name} and {other.name} are about one type of users, {_types(entry, other)}"
                f", and have the prefixes {entry.prefix!r} and {other.prefix!r}; write the same "
                "subject_prefix in class Meta of both"
            )
            raise SchemaError(msg)
    for other in strangers:
        if not entry.prefix and not other.prefix:
            raise SchemaError(_advice(entry, other))
        if entry.prefix and other.prefix and _begin_one_another(entry.prefix, other.prefix):
            msg = (
                f"the prefixes {entry.prefix!r} of {entry.name} and {other.prefix!r} of "
                f"{other.name} are alike: one begins with the other; choose another subject_prefix "
                "for one of them"
            )
            raise SchemaError(msg)


def _advice(entry: _Entry, other: _Entry) -> str:
    name = entry.user_type.__name__
    return (
        f"{_types(other, entry)} are two types of users, and one of each could have the same sub, "
        "which is unique within the issuer (RFC 7519 section 4.1.2): write in "
        f'{type(entry.schema).__name__}\n  class Meta:\n      subject_prefix = "{name.lower()}:"\n'
        "If both inherit from one type that has a schema, register that one first"
    )


def _types(one: _Entry, other: _Entry) -> str:
    return " and ".join(dict.fromkeys(entry.user_type.__name__ for entry in (one, other)))


def _begin_one_another(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _parted(entry: _Entry, others: Sequence[_Entry]) -> tuple[list[_Entry], list[_Entry]]:
    """Return the schemas for the type of *entry*, and those for others.

    What inherits from one type is one type, however far apart it is.
    """
    kin, strangers = [entry], list(others)
    for one in kin:  # grows meanwhile
        kin += [other for other in strangers if _is_kin(one.user_type, other.user_type)]
        strangers = [other for other in strangers if other not in kin]
    return kin[1:], strangers


def _is_kin(one: type, other: type) -> bool:
    return _inherits(one, other) or (_is_of_plain(one) and _is_of_plain(other))


def _inherits(one: type, other: type) -> bool:
    """Whether one of both is the other's base, or the same."""
    return one in other.__mro__ or other in one.__mro__


def _is_of_plain(user_type: type) -> bool:
    return any(_inherits(user_type, plain) for plain in PLAIN_TYPES)


def _plain(user: Any) -> str:
    """Return the subject that *user* itself is, or empty text.

    A subclass of ``str`` stands for its characters, whatever its own ``__str__`` says, so that an
    enumeration's member is its value. A subclass of ``int`` is none: ``True`` and ``HTTPStatus.OK``
    were hardly meant.
    """
    if isinstance(user, str):
        return str.__str__(user)
    return str(user) if type(user) is int or isinstance(user, UUID) else ""


def _plain_subject(user: Any) -> str:
    """Return the subject that *user* itself is: text, an ``int`` or a ``UUID``.

    Raises:
        SubjectError: *user* is of another type, or empty text.
        NotAnIdError: The subject is too long, or has NUL or a lone surrogate.
    """
    subject = str.__str__(user) if isinstance(user, str) else _plain(user)
    if not subject:
        shown = "empty text" if isinstance(user, str) else type(user).__name__
        msg = (
            f"no claim schema fits {shown}: pass a str that is not empty, an int, a UUID, or an "
            "object whose type has a schema; @jwt.claims_for registers one"
        )
        raise SubjectError(msg)
    return id_of(subject)
