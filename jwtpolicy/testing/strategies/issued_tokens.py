"""Draw tokens that an application has issued."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final

from flask import Flask
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...exceptions import expect, expect_names
from ...extension import current_manager
from .schema_users import strategy_of
from .texts import subjects

#: Kinds of the tokens that a login opens a session with.
_OF_LOGINS: Final = ("access", "refresh")

#: What a value of each of these, or a strategy for it, says of a login.
Fresh = bool | timedelta
Claims = Mapping[str, Any]


def tokens(
    app: Flask,
    users: Any = None,
    *,
    kinds: Collection[str] = ("access",),
    fresh: SearchStrategy[Fresh] | Fresh = True,
    scope: SearchStrategy[str | None] | str | None = None,
    claims: SearchStrategy[Claims] | Claims | None = None,
) -> SearchStrategy[str]:
    """Draw encoded tokens of an application, as it issues them: each is good.

    Access and refresh tokens are those of a login, which opens a session in the application's
    store. Tokens of other kinds are issued alone.

    Args:
        app: The application.
        users: A user of the application, or a strategy for users; None: any subject.
        kinds: The kinds of the tokens.
        fresh: As `JWTManager.login <jwtpolicy.JWTManager.login>` takes it, or a strategy for it.
        scope: Likewise; of tokens of other kinds too.
        claims: Likewise.

    Raises:
        TypeError: *app* is no Flask application, or *kinds* no list of names.
    """
    expect(app, Flask, "tokens() takes a Flask application")
    expect_names(kinds, "tokens(kinds=…) takes kinds of tokens, such as ['access', 'refresh']")
    said = {"fresh": fresh, "scope": scope, "claims": claims}
    return st.builds(
        lambda user, kind, said: _issued(app, user, kind, said),
        subjects() if users is None else strategy_of(users),
        st.sampled_from(list(kinds)),
        st.fixed_dictionaries({name: strategy_of(value) for name, value in said.items()}),
    )


def _issued(app: Flask, user: Any, kind: str, said: Mapping[str, Any]) -> str:
    with app.app_context():
        if kind not in _OF_LOGINS:
            return current_manager.issue(user, kind, scope=said["scope"], claims=said["claims"])
        encoded: str = getattr(current_manager.login(user, **said), f"{kind}_token")
        return encoded
