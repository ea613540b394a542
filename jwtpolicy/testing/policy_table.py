"""Assert in one table who may do what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, overload

from flask import Flask

from ..exceptions import expect
from ..markers import NOT_GIVEN
from .bare_guards import BareGuard, Guarded, Situation, status_of
from .client import act
from .personas import Persona, persona_of

#: Who may do it: users or personas and the status of their answer, as a mapping or as pairs.
Expected = Mapping[Any, int] | Iterable[tuple[Any, int]]


class _Found(NamedTuple):
    """The result of a dry run for one persona.

    Attributes:
        runs: Whether the view would run.
        status: The status of the answer; 200 where the view would run.
        text: The reasons, in one or several lines.
    """

    runs: bool
    status: int
    text: str


@overload
def assert_policy(
    app: Flask, method: str, path: str, expected: Expected, /, **request: Any
) -> None: ...
@overload
def assert_policy(
    app: Flask,
    guarded: Guarded,
    expected: Expected,
    /,
    *,
    method: str = ...,
    view_args: Mapping[str, Any] = ...,
    resource: object = ...,
) -> None: ...
def assert_policy(app: Flask, what: Any, *rest: Any, **request: Any) -> None:
    """Assert what each persona of a table gets, without running a view.

    ::

        bob, eve = User(2), User(3)
        assert_policy(app, "DELETE", "/accounts/2", {
            anonymous: 401,
            with_(bob, fresh=False): 401,
            bob: 204,
            eve: 403,
        })

    Each cell is a dry run: the user is logged in for real, and the request goes through the
    application up to the view, which does not run, so that nothing is deleted. A status from 200 to
    299 means that the view would run, whatever it would answer. Any other one has to be precisely
    that of the answer: of a refusal, of a hook, or of an error handler, such as 302 to a login.

    A class or a function needs no route: its own guards and the application's baseline are asked
    about an `AccessRequest`::

        assert_policy(app, Account, {bob: 200, eve: 403}, method="DELETE",
                      view_args={"user_id": 2})

    Args:
        app: The application, with a `JWTManager`.
        what: The method, followed by the path; or the class or function.
        rest: The path, if there is a route; then the table. Its keys are users, as for
            `JWTManager.login`, what `with_` returns, and `anonymous`. Where users cannot be
            hashed, it is a list of pairs.
        request: Of a route, what ``client.open`` takes beside: ``json``, ``headers``,
            ``query_string`` …; of a class or function, its ``method`` (GET), ``view_args`` and
            ``resource``, where the guard's own loader is not to be asked.

    Raises:
        AssertionError: A cell is wrong; the message names every one that is, with the persona, what
            was expected, what was found, and the decision's tree.
        TypeError: The arguments are not these, or a status is no integer.
        ValueError: The table is empty, or a status is none of HTTP's.
        SubjectError: The application knows no such user; the manager's own error.
    """
    if isinstance(what, str):
        _expect_arguments(rest, 2, 'assert_policy(app, "GET", "/path", {bob: 200})')
        path, expected = rest
        _assert_cells(f"{what} {path}", expected, _of_route(app, what, path, request))
    else:
        _expect_arguments(rest, 1, "assert_policy(app, view, {bob: 200}, method='GET')")
        guard = BareGuard(app, what, _situation(**request))
        _assert_cells(guard.label, rest[0], lambda persona: _of_guard(guard, persona))
