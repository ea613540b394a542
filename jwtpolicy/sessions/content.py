"""Say what the tokens of a session state about their user, at the login and later."""

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

#: Claims that a token's successor gets from the signer, not from its predecessor.
_NOT_KEPT: Final = RESERVED_CLAIMS | {"sub", CARRIED}


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Facts(NamedTuple):
    """What a login said beside its user.

    It belongs to the session and to nobody's account: each token of the session says it again,
    whatever the schema and the hooks say of the user by then, and a refresh never widens it
    (REF-5).

    Attributes:
        claims: What ``login(claims=…)`` was given. A member that `step_up` has taken back is None.
        headers: What ``login(headers=…)`` was given.
        scope: The scopes granted, space-separated, or None.
        acr: The authentication context class, or None.
        amr: The methods that were used, or None.
        auth_time: When the user authenticated, in seconds since the epoch, or None.
    """

    claims: Mapping[str, Any] = _NOTHING
    headers: Mapping[str, Any] = _NOTHING
    scope: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] | None = None
    auth_time: int | None = None

    def to_json(self) -> str:
        """Return the facts for the session's row."""
        named = zip(self._fields, self, strict=True)
        return json.dumps({name: value for name, value in named if value})

    @classmethod
    def from_json(cls, text: str) -> Facts:
        """Return what `to_json` wrote."""
        members = json.loads(text)
        if "amr" in members:
            members["amr"] = _tuple_of(members["amr"])
        return cls(**members)

    @classmethod
    def of(cls, token: Token) -> Facts:
        """Return what *token* itself says of them, where no session remembers any."""
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
        """Return the facts after the user authenticated again; None takes a claim back."""
        merged = {**self.claims, **claims}
        return self._replace(claims=merged, auth_time=auth_time, acr=acr, amr=amr)


NO_FACTS: Final = Facts()


class KindContent(NamedTuple):
    """What the tokens of one kind say.

    Attributes:
        claims: The claims that are neither registered nor the library's own.
        headers: Members of the JOSE header.
        schema: The claim ``schema``, or None.
    """

    claims: Mapping[str, Any]
    headers: Mapping[str, Any]
    schema: str | None = None


class Statement(NamedTuple):
    """What the tokens of a session say of their user.

    Attributes:
        subject: ``sub``.
        facts: What the login said beside that.
        access: What access tokens say.
        refresh: What refresh tokens do.
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
        """Return the request for a token of *kind*; its parameters are members of that."""
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


class Statements:
    """What makes statements of users, and of tokens whose user cannot be loaded again.

    Args:
        schemas: What turns users into claims.
        additions: What the application adds to them.
        identity_claim: The claim that holds the subject on the wire.
        load_user: The application's ``user_loader``, ready to be called, or None: then refresh
            tokens carry what access tokens say.
        has_store: Whether sessions remember what their login said; else refresh tokens carry it.
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
        """Return copies of what a verb was given, ready to be kept.

        Raises:
            IssueError: Claims or headers name what is reserved, or are not JSON.
        """
        add = self._additions
        return (
            _NOTHING if claims is None else add.given_claims(claims),
            _NOTHING if headers is None else add.given_headers(headers),
        )

    def of(self, user: Any, facts: Facts, *, is_login: bool = False) -> Statement:
        """Return what is true of *user*, in a session of these *facts*.

        Args:
            user: The user.
            facts: What the session's login said.
            is_login: Whether it is being said: what the user's account says, too, is then an
                error. Later the account's word counts, because it can change.

        Raises:
            IssueError: It cannot be signed, or could not be read back.
        """
        subject, access = self._content_of(user, "access", facts, is_login=is_login)
        refresh = self._refresh_content(user, subject)
        if facts.claims:
            # What the account says now is not to be taken back by a mark that is older.
            kept, own = facts.claims.items(), access.claims
            marks = {name: value for name, value in kept if value is not None or name not in own}
            facts = facts._replace(claims=marks)
        return self._statement(subject, facts, access, refresh)

    def single(self, user: Any, kind: str, facts: Facts, given: Facts) -> Statement:
        """Return what one token of *kind* says that is issued by itself.

        Args:
            user: The user.
            kind: The kind of token.
            facts: Those of the session that it belongs to.
            given: What this call says; it wins, and nobody says it again.

        Raises:
            IssueError: It cannot be signed, or could not be read back.
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
        return Statement(subject, granted, content, content)

    def _content_of(
        self,
        user: Any,
        kind: str,
        facts: Facts,
        *,
        given: Facts = NO_FACTS,
        is_login: bool = False,
    ) -> tuple[str, KindContent]:
        """Return the subject of *user*, and what tokens of *kind* say; not for refresh tokens."""
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
        """Return what the hooks add to tokens of *kind*."""
        add = self._additions
        return KindContent(add.claims_of(user, kind), add.headers_of(user, kind))

    def _said(
        self, user: Any, kind: str, facts: Facts, hooked: KindContent, is_login: bool
    ) -> KindContent:
        """Return what of *facts* stands in tokens.

        Where users are loaded again, their account is the one that says its own names: else a
        role that was taken away would live as long as the session.

        Raises:
            IssueError: A login says what the account says.
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
        """Return what refresh tokens say by themselves: a schema of theirs, and the hooks."""
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
    ) -> Statement:
        """Let refresh tokens carry what nobody could say again otherwise."""
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
        return Statement(subject, facts, access, refresh)

    def again(self, user: Any, token: Token, facts: Facts) -> Statement:
        """Return what is true of *user*, who authenticated again in the session of *token*.

        Without a schema for its type, the principal of the token stands for its user: what the
        token says of it is said again.

        Raises:
            IssueError: It cannot be signed, or could not be read back.
            UnknownUserError: The user is not known any more, or is somebody else.
        """
        if user is not token.principal or self._schemas.describes(user):
            return self.of(user, facts)
        stated = self.renewed(token, facts)
        if self._load_user is None:
            self._check_refreshable(stated.refresh, token.subject)
        return stated

    def renewed(self, token: Token, facts: Facts) -> Statement:
        """Return what is true of the token's user now, where that can be known.

        Raises:
            UnknownUserError: The user is not known any more, or is somebody else.
            InvalidTokenError: What the token says could not be read back from its successor.
        """
        if self._load_user is None:
            return self._kept(token, facts)
        msg = "the user loader returned somebody else"
        try:
            stated = self.of(self._load_user(token), facts)
        except ForeignSubjectError as error:
            raise UnknownUserError(msg) from error
        if stated.subject != token.subject:
            raise UnknownUserError(msg)
        return stated

    def _kept(self, token: Token, facts: Facts) -> Statement:
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
            # One word for both kinds of token, which needs nothing carried beside it.
            return Statement(claims["sub"], facts, own, own)
        return self._statement(claims["sub"], facts, access, own)

    def _check_refreshable(self, own: KindContent, subject: str) -> None:
        """Refuse to make a refresh token of what only an access token says.

        Raises:
            IssueError: A schema for refresh tokens says more, or something else.
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
        # Most tokens say what the library writes, and nothing else.
        own, more = claims.keys() - self._not_kept, headers.keys() - RESERVED_HEADERS
        return KindContent(
            {name: claims[name] for name in claims if name in own} if own else {},
            {name: headers[name] for name in headers if name in more} if more else {},
            schema,
        )


def _without(content: KindContent, facts: Facts) -> KindContent:
    """Return what *content* says beside the facts of its session, those taken back included."""
    return content._replace(
        claims={n: v for n, v in content.claims.items() if n not in facts.claims},
        headers={n: v for n, v in content.headers.items() if n not in facts.headers},
    )


def _carrying(access: KindContent, refresh: KindContent) -> tuple[KindContent, dict[str, Any]]:
    """Return what a refresh token says that says it for both, and what it carries apart.

    Its own words come first. Where they differ, it carries those of access tokens apart.
    """
    claims = {**access.claims, **refresh.claims}
    schema = refresh.schema or access.schema
    whole = KindContent(claims, refresh.headers, schema)
    return whole, {} if whole == access else access._asdict()


_PARTS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "claims": dict,
    "headers": dict,
    "schema": (str, type(None)),
    "said_claims": dict,
    "said_headers": dict,
}


def _carried_by(token: Token) -> dict[str, Any]:
    """Return what `_statement` wrote; another library's token may use the name for itself."""
    value = token._claims.get(CARRIED)
    if type(value) is not dict or ("claims" in value) is not ("headers" in value):
        return {}
    is_ours = all(name in _PARTS and isinstance(value[name], _PARTS[name]) for name in value)
    return value if is_ours else {}


def _tuple_of(value: Any) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) else value
