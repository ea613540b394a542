"""Content of a session's tokens: subject, claims and headers, at login, step-up and refresh."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ..exceptions import ForeignSubjectError, InvalidTokenError, IssueError, UnknownUserError
from ..schemas import SchemaRegistry
from ..stores.base import REFRESH
from ..tokens.claims import CARRIED, RESERVED_CLAIMS
from ..tokens.jose import RESERVED_HEADERS
from ..tokens.signer import TokenRequest
from ..tokens.token import Token
from .additions import Additions

#: Claims that a refresh takes from the signer, not from the old token.
_NOT_KEPT: Final = RESERVED_CLAIMS | {"sub", CARRIED}


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Facts(NamedTuple):
    """Facts of a session: the arguments of its login beside the user, and the authentication.

    They belong to the session, not to the user's account: each token of the session repeats them,
    whatever the schema and the hooks return for the user by then, and a refresh never widens them
    (REF-5).

    Attributes:
        claims: The argument of ``login(claims=…)``. A claim that `step_up` has removed is None.
        headers: The argument of ``login(headers=…)``.
        scope: The scopes granted, space-separated, or None.
        acr: The authentication context class, or None.
        amr: The authentication methods, or None.
        auth_time: When the user authenticated, in seconds since the epoch, or None.
    """

    claims: Mapping[str, Any] = _NOTHING
    headers: Mapping[str, Any] = _NOTHING
    scope: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] | None = None
    auth_time: int | None = None

    def to_json(self) -> str:
        """Return the facts as JSON, for the session in the store."""
        named = zip(self._fields, self, strict=True)
        return json.dumps({name: value for name, value in named if value})

    @classmethod
    def from_json(cls, text: str) -> Facts:
        """Return the facts in the JSON text of `to_json`."""
        members = json.loads(text)
        if "amr" in members:
            members["amr"] = _tuple_of(members["amr"])
        return cls(**members)

    @classmethod
    def of(cls, token: Token) -> Facts:
        """Return the facts in the claims of *token*, for sessions without facts in a store."""
        claims = token._claims
        carried = _carried_by(token)
        return cls(
            claims=carried.get("said_claims", {}),
            headers=carried.get("said_headers", {}),
            scope=claims.get("scope"),
            acr=claims.get("acr"),
            amr=_tuple_of(claims.get("amr")),
            auth_time=claims.get("auth_time"),
        )

    def updated(
        self,
        claims: Mapping[str, Any],
        *,
        auth_time: int,
        acr: str | None,
        amr: tuple[str, ...] | None,
    ) -> Facts:
        """Return the facts after a step-up; a claim of None removes the one of the login."""
        merged = {**self.claims, **claims}
        return self._replace(claims=merged, auth_time=auth_time, acr=acr, amr=amr)


NO_FACTS: Final = Facts()


class KindContent(NamedTuple):
    """Claims and headers of the tokens of one kind.

    Attributes:
        claims: The claims that are neither registered nor the library's own.
        headers: Members of the JOSE header.
        schema: The claim ``schema``, or None.
    """

    claims: Mapping[str, Any]
    headers: Mapping[str, Any]
    schema: str | None = None


class SessionContent(NamedTuple):
    """The content of a session's tokens: subject, facts, and claims and headers by kind.

    Attributes:
        subject: ``sub``.
        facts: The facts of the session.
        access: The content of access tokens.
        refresh: The content of refresh tokens.
    """

    subject: str
    facts: Facts
    access: KindContent
    refresh: KindContent

    def request(
        self,
        kind: str,
        issued_at: int,
        lifetime: int | None,
        session_id: str | None = None,
        audience: str | tuple[str, ...] | None = None,
        *,
        fresh: bool | float = False,
        csrf: str | None = None,
    ) -> TokenRequest:
        """Return the `TokenRequest` for a token of *kind*; the parameters are fields of it."""
        claims, headers, schema = self.access if kind == "access" else self.refresh
        facts = self.facts
        return TokenRequest(
            kind,
            self.subject,
            issued_at,
            lifetime,
            claims,
            headers,
            schema,
            session_id,
            fresh,
            facts.auth_time,
            facts.scope,
            facts.acr,
            facts.amr,
            audience,
            csrf,
        )


class ContentFactory:
    """Factory of session contents: from a user, or from a token where there is no ``user_loader``.

    Args:
        schemas: The claim schemas of user types.
        additions: The hooks ``extra_claims`` and ``extra_headers``.
        identity_claim: The claim that holds the subject on the wire.
        load_user: The application's ``user_loader``, sync, or None: then refresh tokens carry the
            claims of access tokens.
        has_store: Whether a store keeps the facts of sessions; else refresh tokens carry them.
    """

    def __init__(
        self,
        schemas: SchemaRegistry,
        additions: Additions,
        identity_claim: str,
        load_user: Callable[[Token], Any] | None,
        *,
        has_store: bool,
    ) -> None:
        self._schemas = schemas
        self._additions = additions
        self._not_kept = _NOT_KEPT | {identity_claim}
        self._load_user = load_user
        self._has_hooks = additions.claims is not None or additions.headers is not None
        self._has_store = has_store

    def copied(
        self, claims: Mapping[str, Any] | None, headers: Mapping[str, Any] | None = None
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return copies of the arguments ``claims=`` and ``headers=`` of a call.

        Raises:
            IssueError: Claims or headers have a reserved name, or are not JSON.
        """
        add = self._additions
        return (
            _NOTHING if claims is None else add.given_claims(claims),
            _NOTHING if headers is None else add.given_headers(headers),
        )

    def of(self, user: Any, facts: Facts, *, is_login: bool = False) -> SessionContent:
        """Return the content for *user*, in a session with these *facts*.

        Args:
            user: The user.
            facts: The facts of the session.
            is_login: Whether the session is being opened. A claim of the facts that the user's
                schema or a hook sets, too, is then an error; later the schema's value is taken,
                because it can have changed.

        Raises:
            IssueError: A claim cannot be signed, or the schema could not load it again.
        """
        subject, access = self._content_of(user, "access", facts, is_login=is_login)
        refresh = self._refresh_content(user, subject)
        if facts.claims:
            # None marks a claim that a step-up removed. Where the schema or a hook sets that claim
            # now, their value is newer, and the mark is dropped.
            kept, own = facts.claims.items(), access.claims
            marks = {name: value for name, value in kept if value is not None or name not in own}
            facts = facts._replace(claims=marks)
        return self._statement(subject, facts, access, refresh)

    def single(self, user: Any, kind: str, facts: Facts, given: Facts) -> SessionContent:
        """Return the content for a single token of *kind*, as `issue` signs them.

        Args:
            user: The user.
            kind: The kind of token.
            facts: The facts of its session.
            given: The arguments of this call. They override the facts, and are not stored.

        Raises:
            IssueError: A claim cannot be signed, or the schema could not load it again.
        """
        granted = facts
        if given.scope is not None or given.auth_time is not None:
            granted = facts._replace(
                scope=facts.scope if given.scope is None else given.scope,
                auth_time=facts.auth_time if given.auth_time is None else given.auth_time,
            )
        if kind == REFRESH:
            stated = self.of(user, facts)
            claims = {**stated.refresh.claims, **given.claims}
            content = stated.refresh._replace(
                claims=claims, headers={**stated.refresh.headers, **given.headers}
            )
            return stated._replace(facts=granted, refresh=content)
        subject, content = self._content_of(user, kind, facts, given=given)
        return SessionContent(subject, granted, content, content)

    def _content_of(
        self,
        user: Any,
        kind: str,
        facts: Facts,
        *,
        given: Facts = NO_FACTS,
        is_login: bool = False,
    ) -> tuple[str, KindContent]:
        """Return the subject and the content of tokens of *kind*; not for refresh tokens."""
        said_by_session = facts.claims or facts.headers
        if not (said_by_session or given.claims or given.headers or self._has_hooks):
            subject, own, schema = self._schemas.dump(user, kind)
            return subject, KindContent(own, {}, schema)
        hooked = said = self._hooked(user, kind) if self._has_hooks else KindContent({}, {})
        if said_by_session:
            said = self._said(user, kind, facts, hooked, is_login)
        claims = {**hooked.claims, **said.claims, **given.claims}
        headers = {**hooked.headers, **said.headers, **given.headers}
        dumped = self._schemas.dump(user, kind, claims)
        return dumped.subject, KindContent(dumped.claims, headers, dumped.schema)

    def _hooked(self, user: Any, kind: str) -> KindContent:
        """Return the claims and headers that the hooks add to tokens of *kind*."""
        add = self._additions
        return KindContent(add.claims_of(user, kind), add.headers_of(user, kind))

    def _said(
        self, user: Any, kind: str, facts: Facts, hooked: KindContent, is_login: bool
    ) -> KindContent:
        """Return the claims and headers of *facts* that tokens of *kind* get.

        With a ``user_loader``, schema and hooks override the facts: else a role that was revoked
        would stay in the tokens as long as the session lasts.

        Raises:
            IssueError: A login passes a claim or header that the schema or a hook sets.
        """
        claims = {name: value for name, value in facts.claims.items() if value is not None}
        if self._load_user is None:
            return KindContent(claims, facts.headers)
        own = (self._schemas.names_of(user, kind) | hooked.claims.keys(), hooked.headers.keys())
        both = [*sorted(own[0] & claims.keys()), *sorted(own[1] & facts.headers.keys())]
        if both and is_login:
            msg = (
                f"the login says {', '.join(both)}, and so does the user's schema, extra_claims or "
                "extra_headers; with a user_loader these are read again at each refresh, so leave "
                "them out of claims= and headers="
            )
            raise IssueError(msg)
        return KindContent(
            {name: value for name, value in claims.items() if name not in own[0]},
            {name: value for name, value in facts.headers.items() if name not in own[1]},
        )

    def _refresh_content(self, user: Any, subject: str) -> KindContent:
        """Return the content of refresh tokens alone: from a schema for them, and the hooks.

        Raises:
            IssueError: The schemas for access and refresh tokens return different subjects.
        """
        hooked = self._hooked(user, REFRESH) if self._has_hooks else KindContent({}, {})
        if not self._schemas:
            return hooked
        claims, headers, _ = hooked
        if not self._schemas.has_refresh_schema(user):
            return KindContent(claims, headers, self._schemas.mark_of(user))
        dumped = self._schemas.dump(user, "refresh", claims)
        if dumped.subject != subject:
            msg = "the schemas for access and refresh tokens give one user two subjects"
            raise IssueError(msg)
        return KindContent(dumped.claims, headers, dumped.schema)

    def _statement(
        self, subject: str, facts: Facts, access: KindContent, refresh: KindContent
    ) -> SessionContent:
        """Return content whose refresh tokens carry what a refresh cannot load elsewhere."""
        carried: dict[str, Any] = {}
        if self._load_user is None:
            has_own = facts.claims or facts.headers
            kept = _without(access, facts) if has_own else access
            refresh, carried = _carrying(kept, refresh)
        if not self._has_store:
            carried |= {"said_claims": facts.claims} if facts.claims else {}
            carried |= {"said_headers": facts.headers} if facts.headers else {}
        if carried:
            refresh = refresh._replace(claims={**refresh.claims, CARRIED: carried})
        return SessionContent(subject, facts, access, refresh)

    def again(self, user: Any, token: Token, facts: Facts) -> SessionContent:
        """Return the content for *user* after a step-up in the session of *token*.

        *user* may be the principal of the token, which no schema describes: then the content of
        the token is taken over.

        Raises:
            IssueError: A claim cannot be signed, or the schema could not load it again.
            UnknownUserError: The loader returned None, or a user with another subject.
        """
        if user is not token.principal or self._schemas.describes(user):
            return self.of(user, facts)
        stated = self.renewed(token, facts)
        if self._load_user is None:
            self._check_refreshable(stated.refresh, token.subject)
        return stated

    def renewed(self, token: Token, facts: Facts) -> SessionContent:
        """Return the content for a refresh: of the user loaded again, or of *token* itself.

        Raises:
            UnknownUserError: The loader returned None, or a user with another subject.
            InvalidTokenError: The claim schema cannot load the claims of the token any more.
        """
        if self._load_user is None:
            return self._kept(token, facts)
        msg = "the user loader returned a user with another subject"
        try:
            stated = self.of(self._load_user(token), facts)
        except ForeignSubjectError as error:
            raise UnknownUserError(msg) from error
        if stated.subject != token.subject:
            raise UnknownUserError(msg)
        return stated

    def _kept(self, token: Token, facts: Facts) -> SessionContent:
        claims = token._claims
        own = access = self._content(claims, token._header, claims.get("schema"))
        carried = _carried_by(token) if CARRIED in claims else {}
        has_own = facts.claims or facts.headers
        if "claims" in carried:
            access = self._content(carried["claims"], carried["headers"], carried.get("schema"))
        if has_own:
            said = {name: value for name, value in facts.claims.items() if value is not None}
            kept = _without(access, facts)
            access = access._replace(
                claims={**kept.claims, **said}, headers={**kept.headers, **facts.headers}
            )
        self._schemas.check_readable(access.claims, claims["sub"], access.schema)
        if access is own and not has_own:
            # Both kinds of token have the same content, so that nothing is carried apart.
            return SessionContent(claims["sub"], facts, own, own)
        return self._statement(claims["sub"], facts, access, own)

    def _check_refreshable(self, own: KindContent, subject: str) -> None:
        """Refuse to issue a refresh token from the content of an access token that lacks claims.

        Raises:
            IssueError: The schema for refresh tokens cannot load these claims.
        """
        try:
            self._schemas.check_readable(own.claims, subject, own.schema, REFRESH)
        except InvalidTokenError as error:
            msg = (
                "the access token does not say what the schema for refresh tokens asks for "
                f"({error.reason}); pass the user's object, not current_user"
            )
            raise IssueError(msg) from None

    def _content(
        self, claims: Mapping[str, Any], headers: Mapping[str, Any], schema: str | None
    ) -> KindContent:
        # Most tokens have no claims or headers but the library's, so both dicts are often empty.
        own, more = claims.keys() - self._not_kept, headers.keys() - RESERVED_HEADERS
        return KindContent(
            {name: claims[name] for name in claims if name in own} if own else {},
            {name: headers[name] for name in headers if name in more} if more else {},
            schema,
        )


def _without(content: KindContent, facts: Facts) -> KindContent:
    """Return *content* without the facts of its session, removed claims included."""
    return content._replace(
        claims={n: v for n, v in content.claims.items() if n not in facts.claims},
        headers={n: v for n, v in content.headers.items() if n not in facts.headers},
    )


def _carrying(access: KindContent, refresh: KindContent) -> tuple[KindContent, dict[str, Any]]:
    """Return the content of a refresh token that serves both kinds, and the carried members.

    It has the claims of both, its own first. Where that differs from the content of access tokens,
    it carries theirs apart.
    """
    claims = {**access.claims, **refresh.claims}
    schema = refresh.schema or access.schema
    whole = KindContent(claims, refresh.headers, schema)
    return whole, {} if whole == access else access._asdict()


#: The members of the claim ``carried``, and their types.
_PARTS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "claims": dict,
    "headers": dict,
    "schema": (str, type(None)),
    "said_claims": dict,
    "said_headers": dict,
}


def _carried_by(token: Token) -> dict[str, Any]:
    """Return the claim ``carried`` as `_statement` writes it, or {}: others may use the name."""
    value = token._claims.get(CARRIED)
    if type(value) is not dict or ("claims" in value) is not ("headers" in value):
        return {}
    is_ours = all(name in _PARTS and isinstance(value[name], _PARTS[name]) for name in value)
    return value if is_ours else {}


def _tuple_of(value: Any) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) else value
