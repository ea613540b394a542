"""Make a token for a user of whom the subject is known; nothing is written to the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Flask
from werkzeug.exceptions import HTTPException

from ..app.bound_app import BoundApp
from ..exceptions import AccessError, SetupError
from ..extension import manager_here
from ..sessions.service import IssueOptions
from ..stores.base import REFRESH
from ..tokens.signer import TokenRequest
from ..tokens.token import Token
from .unanswerable import Unanswerable

#: Seconds for which the token lives that is shown to the ``user_loader`` and to nobody else.
_BRIEFLY: Final = 60

_NO_USER: Final = (
    "; claim schemas describe the users here, and without a user_loader nobody finds one by a "
    "subject: give its claims by --claim, or pass a token of a login"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """The token that somebody asks for.

    Attributes:
        subject: Whose it is to be: the subject, as it stands in tokens.
        kind: Its kind.
        fresh: Whether the user is to have just authenticated; access tokens only.
        scope: The scopes, separated by spaces; None for none.
        expires_in: Seconds; None: as long as the settings say.
        claims: More claims.
    """

    subject: str
    kind: str = "access"
    fresh: bool = False
    scope: str | None = None
    expires_in: float | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)


def minted(app: Flask, bound: BoundApp, wish: Wish) -> str:
    """Return a token outside of any session, for which nothing is written to the store.

    Raises:
        Unanswerable: There is no such user, or a subject does not say enough of one to make a
            token of; or what is asked for cannot stand in a token.
    """
    with app.app_context():
        try:
            user = _user(bound, wish.subject)
            return (
                _refresh_token(bound, user, wish) if wish.kind == REFRESH else _issued(user, wish)
            )
        except AccessError as error:
            raise Unanswerable(f"no token for {wish.subject!r}: {error.reason}") from error
        except HTTPException as error:
            msg = f"no token for {wish.subject!r}: the application answers {error.code}"
            raise Unanswerable(msg) from error
        except SetupError as error:
            hint = _NO_USER if _lacks_loader(bound) else ""
            raise Unanswerable(f"no token for {wish.subject!r}: {error}{hint}") from error


def _lacks_loader(bound: BoundApp) -> bool:
    registered = bound.components.registered
    return bool(registered.schemas) and registered.user_loader is None


def _user(bound: BoundApp, subject: str) -> Any:
    """Return the user of *subject*: the application's object, where a ``user_loader`` finds it."""
    components = bound.components
    if components.registered.user_loader is None:
        return subject
    user = components.services.users.load(_shown_to_loader(bound, subject))
    # A user of a type without a schema is no more in a token than the subject.
    return user if components.schemas.describes(user) else subject


def _shown_to_loader(bound: BoundApp, subject: str) -> Token:
    """Return a token of *subject* for the ``user_loader``: a refresh token, as when it refreshes.

    Others would need the claims of a schema, which only the user has.
    """
    parts = bound.parts
    mark = bound.components.schemas.mark_of_subject(subject)
    asked = TokenRequest(REFRESH, subject, int(parts.clock()), _BRIEFLY, schema=mark)
    encoded = parts.signer.sign(asked).encoded
    return bound.components.services.verifier.verify(encoded, kinds=None)


def _issued(user: Any, wish: Wish) -> str:
    return manager_here().issue(
        user,
        wish.kind,
        fresh=wish.fresh,
        expires_in=wish.expires_in,
        scope=wish.scope,
        claims=wish.claims,
    )


def _refresh_token(bound: BoundApp, user: Any, wish: Wish) -> str:
    """Return a refresh token that opens its session when it is used, as those of others do."""
    sessions = bound.components.sessions
    facts = sessions.facts(wish.claims, None, fresh=wish.fresh, scope=wish.scope)
    lifetime = bound.parts.lifetime(REFRESH, wish.expires_in)
    return sessions.issue(user, REFRESH, facts, IssueOptions(lifetime)).encoded
