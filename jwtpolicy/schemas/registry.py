"""Find the schema of an object or a token, and use it both ways."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import marshmallow
from marshmallow import ValidationError

from ..exceptions import InvalidTokenError, IssueError, SchemaError, SubjectError
from .claim_schema import ClaimSchema, Principals, claim_name
from .json_values import check_json
from .users import is_user

logger = logging.getLogger("jwtpolicy")

_REFERENCE = re.compile(r"([^/]+)(?:/([1-9][0-9]{0,8}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Dumped:
    """An object as claims.

    Attributes:
        subject: ``sub``.
        claims: The others; safe to sign.
        schema: The claim ``schema``, where several schemas have to be told apart, else None.
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
        self._principals = None if _has_post_load(self.schema) else Principals(schema)

    def writes(self, user_type: type) -> bool:
        """Whether it is for objects of this very type: the users', or what it made itself."""
        is_own = self._principals is not None and self._principals.type is user_type
        return is_own or self.user_type is user_type

    def covers(self, kind: str) -> bool:
        """Whether it is for tokens of *kind*: by default for all kinds but refresh."""
        return self.kind == kind if self.kind is not None else kind != "refresh"

    @property
    def reference(self) -> str:
        """What the claim ``schema`` says."""
        return self.name if self.version == 1 else f"{self.name}/{self.version}"

    def load(self, claims: dict[str, Any], version: int) -> Any:
        """Return the object.

        Raises:
            ValidationError: The claims do not fit.
            SchemaError: Its ``post_load`` returned what is no user.
        """
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
        """Return ``sub`` of *user*; no other field is looked at.

        Raises:
            SubjectError: It is not non-empty text.
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
        """Return ``sub`` of what was dumped, and take it out; raises as above."""
        subject = claims.pop("sub", None)
        if type(subject) is not str or not subject:
            msg = f"{type(self.schema).__name__}: sub has to be non-empty text in the token"
            raise SubjectError(msg)
        return subject


def _has_post_load(schema: ClaimSchema) -> bool:
    return bool(schema._hooks.get("post_load"))


def _makes_claims_itself(schema: ClaimSchema) -> bool:
    """Whether ``sub`` may be more than its field: a hook may make it of several."""
    has_hooks = bool(schema._hooks.get("pre_dump") or schema._hooks.get("post_dump"))
    return has_hooks or type(schema).dump is not ClaimSchema.dump


class SchemaRegistry:
    """The schemas of one manager, by type of object and kind of token.

    Objects of type ``str``, ``int`` and ``UUID`` need none: they are the subject. A refresh
    token is read by a schema that was registered for it, else by the one that wrote its claims,
    where it carries any.
    """

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._readers: dict[str, list[_Entry]] = {}

    def copied(self) -> SchemaRegistry:
        """Return one with the same schemas, which later registrations do not reach."""
        copy_ = SchemaRegistry()
        copy_._entries = list(self._entries)
        return copy_

    def register(
        self,
        schema: object,
        user_type: type,
        kind: str | None = None,
        over: SchemaRegistry | None = None,
    ) -> None:
        """Use *schema* for objects of *user_type*, with its subclasses.

        Args:
            schema: A subclass of `ClaimSchema`.
            user_type: The type of the objects.
            kind: The kind of token; None for all kinds but refresh.
            over: Schemas whose place it may take.

        Raises:
            SchemaError: It is not a `ClaimSchema`, or there is one for that type and kind, or
                one of that name.
        """
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
        self._entries = [other for other in self._entries if other not in in_the_way]
        self._entries.append(entry)
        self._readers.clear()

    def dump(self, user: Any, kind: str, added: Mapping[str, Any] | None = None) -> Dumped:
        """Return *user* as claims that can be read back.

        Args:
            user: The object.
            kind: The kind of token.
            added: Claims that take the place of the schema's; safe to sign, and not ``sub``.

        Raises:
            SubjectError: No schema fits its type, or it has no subject.
            IssueError: The claims cannot be signed or read back; the message names the path,
                never a value.
        """
        entry = self._writer(type(user), kind)
        if entry is None:
            return Dumped(_plain_subject(user), dict(added or {}))
        try:
            claims = {**entry.dump(user), **(added or {})}
            check_json(claims, "claims")
            entry.load(claims, entry.version)
        except ValidationError as error:
            msg = f"{type(entry.schema).__name__}: {_listed(error)}"
            raise IssueError(msg) from None
        subject = entry.subject_in(claims)
        is_alone = len(self._reading("access" if kind == "refresh" else kind)) == 1
        return Dumped(subject, claims, None if is_alone and entry.version == 1 else entry.reference)

    def subject_of(self, user: Any) -> str:
        """Return ``sub`` of the tokens of *user*; of an object with a schema only that is dumped.

        Raises:
            SubjectError: It is no user, or has no subject.
        """
        entry = self._writer(type(user), "access") or self._writer(type(user), None)
        return _plain_subject(user) if entry is None else entry.subject_of(user)

    def describes(self, user: Any) -> bool:
        """Whether *user* is a plain subject, or an object of a type that has a schema."""
        types = {entry.user_type for entry in self._entries}
        return _plain(user) != "" or not types.isdisjoint(type(user).__mro__)

    def check(self, user: Any, kind: str) -> None:
        """Refuse what is no user, before a hook of the application is called with it.

        Raises:
            SubjectError: It is none.
        """
        if self._writer(type(user), kind) is None:
            _plain_subject(user)

    def load(self, claims: dict[str, Any], kind: str) -> Any:
        """Return the object that a token's claims describe: the subject where no schema is.

        Raises:
            InvalidTokenError: They do not fit; the reason names fields, never values.
        """
        readers = self._readers.get(kind)
        if readers is None:
            readers = self._readers[kind] = self._reading(kind)
        if not readers:
            return claims["sub"]
        entry, version = _chosen(readers, claims.get("schema"))
        try:
            return entry.load(claims, version)
        except ValidationError as error:
            if kind == "refresh" and not entry.covers("refresh"):
                # Where a user loader is, refresh tokens carry the subject alone.
                return claims["sub"]
            msg = f"the claims do not load: {_listed(error)}"
            raise InvalidTokenError(msg) from None
        except Exception as error:
            msg = f"{entry.name} raised {type(error).__name__}"
            logger.exception("%s; the token was refused", msg)
            raise InvalidTokenError(msg) from error

    def _writer(self, user_type: type, kind: str | None) -> _Entry | None:
        """Return the schema for a type and kind; None: for any kind."""
        for cls in user_type.__mro__:
            fitting = [e for e in self._entries if e.writes(cls)]
            fitting = [e for e in fitting if kind is None or e.covers(kind)]
            if fitting:
                # A schema for this very kind comes before one for all of them.
                return max(fitting, key=lambda entry: entry.kind is not None)
        return None

    def _reading(self, kind: str) -> list[_Entry]:
        exact = [entry for entry in self._entries if entry.kind == kind]
        general = [entry for entry in self._entries if entry.kind is None and kind != "refresh"]
        types = {entry.user_type for entry in exact}
        found = exact + [entry for entry in general if entry.user_type not in types]
        return self._reading("access") if kind == "refresh" and not found else found


def _conflict(entry: _Entry, other: _Entry) -> str | None:
    """Return why two schemas cannot stand beside one another, or None."""
    if entry.user_type is other.user_type and entry.kind == other.kind:
        return f"{entry.user_type.__name__} has a schema for these tokens already: {other.name}"
    if entry.name == other.name:
        return f"two schemas are called {entry.name!r}; give one another Meta.name"
    return None


def _chosen(readers: list[_Entry], reference: str | None) -> tuple[_Entry, int]:
    """Return the schema that a token names, and the version that wrote it."""
    if reference is None:
        if len(readers) == 1:
            return readers[0], 1
        msg = "the token does not say which schema it is of"
        raise InvalidTokenError(msg)
    found = _REFERENCE.fullmatch(reference)
    version = int(found[2] or 1) if found else 0
    for entry in readers:
        if found and entry.name == found[1] and version <= entry.version:
            return entry, version
    msg = "the token names a schema that is not known here"
    raise InvalidTokenError(msg)


def _plain(user: Any) -> str:
    """Return the subject that *user* itself is, or nothing.

    A subclass of ``str`` stands for its characters, whatever its own ``__str__`` says, so that an
    enumeration's member is its value. A subclass of ``int`` is none: ``True`` and ``HTTPStatus.OK``
    were hardly meant.
    """
    if isinstance(user, str):
        return str.__str__(user)
    return str(user) if type(user) is int or isinstance(user, UUID) else ""


def _plain_subject(user: Any) -> str:
    """Return the subject that *user* itself is.

    Raises:
        SubjectError: It is none.
    """
    subject = _plain(user)
    if not subject:
        shown = "empty text" if isinstance(user, str) else type(user).__name__
        msg = (
            f"no claim schema fits {shown}: pass a str that is not empty, an int, a UUID, or an "
            "object whose type has a schema; @jwt.claims_for registers one"
        )
        raise SubjectError(msg)
    return subject


def _messages(error: ValidationError) -> Any:
    return error.normalized_messages()  # type: ignore[no-untyped-call] # marshmallow's


def _listed(error: ValidationError) -> str:
    """Return where the error is, in words that hold no values."""
    return ", ".join(_paths(_messages(error), "claims"))


def _paths(messages: Any, path: str) -> Iterator[str]:
    """Yield the paths that marshmallow complains about, without the values."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _paths(inner, f"{path}.{name}")
    else:
        yield path
