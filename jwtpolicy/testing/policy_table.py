"""Assert in one table who may do what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, overload

from flask import Flask

from ..app.explanation import Verdict
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
        is_known: Whether that can be told without running the view.
    """

    runs: bool
    status: int
    text: str
    is_known: bool = True

    @property
    def told(self) -> str:
        """What happens, for people."""
        if not self.is_known:
            return "not known without running the view"
        if self.runs:
            return "the view would run"
        return str(self.status) if self.status >= 400 else f"{self.status} without the view"


#: Returns what a persona finds.
Judge = Callable[[Persona], _Found]


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
def assert_policy(app: Flask, what: Any, /, *rest: Any, **request: Any) -> None:
    """Assert the answer for each persona of a table, without running a view.

    ::

        bob, eve = User(2), User(3)
        assert_policy(app, "DELETE", "/accounts/2", {
            anonymous: 401,
            with_(bob, fresh=False): 401,
            bob: 204,
            eve: 403,
        })

    Each cell is a dry run. The user is really logged in, and the application handles the request as
    usual, but the view does not run, so nothing is deleted. A status from 200 to 299 means that the
    view would run, whatever it would answer. Any other status has to be exactly that of the answer:
    of a refusal, of a hook, or of an error handler, such as 302 to a login. Neither WSGI middleware
    around the application nor its ``after_request`` hooks run.

    A class or a function needs no route. Its own guards and the application's baseline decide about
    an `AccessRequest`::

        assert_policy(app, Account, {bob: 200, eve: 403}, method="DELETE",
                      view_args={"user_id": 2})

    Args:
        app: The application, with a `JWTManager`.
        what: The method, followed by the path; or the class or function.
        rest: The path, if there is a route; then the table. Its keys are users, as for
            `JWTManager.login`, results of `with_`, and `anonymous`. If users cannot be hashed, or
            different users are equal, so that they would be one key, it is a list of pairs.
        request: For a route, the other arguments of ``client.open``: ``json``, ``headers``,
            ``query_string`` … For a class or function, its ``method`` (GET), ``view_args`` and
            ``resource``, if the guard's own loader must not be called.

    Raises:
        AssertionError: A cell is wrong. The message names every wrong one with the persona, the
            expected and the found status, and the decision's tree.
        TypeError: The arguments are not these, or a status is no integer.
        ValueError: The table is empty, or a status is none of HTTP's; or, without a route, a
            persona has a ``place``, or *view_args* lacks a value that a policy reads.
        SetupError: The persona's cookie would not be sent to the host of the request; or the
            application's ``test_client_class`` does not send exactly one request.
        SubjectError: The application knows no such user; the manager's own error.
    """
    if isinstance(what, str):
        _expect_arguments(rest, 2, 'assert_policy(app, "GET", "/path", {bob: 200})')
        path, expected = rest
        _assert_cells(f"{what} {path}", expected, _of_route(app, what, path, request))
    else:
        _expect_arguments(rest, 1, "assert_policy(app, view, {bob: 200}, method='GET')")
        guard = BareGuard(app, what, _situation(**request))
        _assert_cells(guard.label, rest[0], _of_guard(guard))


def _situation(
    *,
    method: str = "GET",
    view_args: Mapping[str, Any] | None = None,
    resource: object = NOT_GIVEN,
) -> Situation:
    return Situation(method.upper(), view_args or {}, resource)


def _expect_arguments(rest: tuple[Any, ...], number: int, how: str) -> None:
    """Refuse a call that is none of the two.

    Raises:
        TypeError: There are more or fewer positional arguments, or the path is no text.
    """
    if len(rest) != number or (number == 2 and not isinstance(rest[0], str)):
        msg = f"write {how}, or give a class or a function in place of method and path"
        raise TypeError(msg)


def _of_route(app: Flask, method: str, path: str, request: dict[str, Any]) -> Judge:
    """Return what walks the request to a route as a persona."""
    client = act(app)

    def judge(persona: Persona) -> _Found:
        found = client.as_user(persona).explain(method, path, **request)
        is_known = found.verdict is not Verdict.UNKNOWN
        return _Found(bool(found), found.status, found.text(), is_known)

    return judge


def _of_guard(guard: BareGuard) -> Judge:
    """Return what asks a guard without a route about a persona."""

    def judge(persona: Persona) -> _Found:
        decision = guard.judge(persona)
        if decision is None:
            return _Found(True, 200, "Public(): no credential is read")
        return _Found(bool(decision), status_of(decision), decision.explain())

    return judge


def _assert_cells(label: str, expected: Expected, judge: Judge) -> None:
    """Judge each cell, then raise one error for all that are wrong.

    Raises:
        AssertionError: At least one cell is wrong.
    """
    cells = list(_cells(expected))
    labels = _labels([persona for persona, _ in cells])
    wrong = [
        _complaint(who, status, found)
        for who, (persona, status) in zip(labels, cells, strict=True)
        if not _is_right(status, found := judge(persona))
    ]
    if wrong:
        msg = f"{label}: {len(wrong)} of {len(cells)} personas get another answer than expected"
        raise AssertionError("\n\n".join([msg, *wrong]))


def _labels(personas: list[Persona]) -> list[str]:
    """Return the texts of *personas*; of those that look alike, with their place in the table."""
    shown = list(map(repr, personas))
    return [
        f"{text} (number {number} of the table)" if shown.count(text) > 1 else text
        for number, text in enumerate(shown, 1)
    ]


def _cells(expected: Expected) -> Iterator[tuple[Persona, int]]:
    """Yield the personas of a table and the status that each of them shall get.

    Raises:
        TypeError: It is no table, or a status is no integer.
        ValueError: It is empty, or a status is none of HTTP's.
    """
    how = "a table is a mapping of users to statuses, or a list of such pairs"
    expect(expected, Iterable, how)
    pairs = list(expected.items() if isinstance(expected, Mapping) else expected)
    if not pairs:
        msg = "the table is empty, so that nothing would be asserted"
        raise ValueError(msg)
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            expect(pair, (), how)
        user, status = pair
        if not isinstance(status, int) or isinstance(status, bool):
            expect(status, (), f"the status of {persona_of(user)} is an integer")
        if not 100 <= status <= 599:
            msg = f"the status of {persona_of(user)} is one of HTTP's, 100 to 599, not {status}"
            raise ValueError(msg)
        yield persona_of(user), status


def _is_right(expected: int, found: _Found) -> bool:
    # Where the view would run, nobody knows its answer: 302 expected of a refusal must not be met
    # by a view that anybody can run.
    return found.runs if 200 <= expected <= 299 else not found.runs and found.status == expected


def _complaint(who: str, expected: int, found: _Found) -> str:
    hint = " (write 200 if that is right)" if found.runs and expected < 400 else ""
    head = f"{who}: expected {expected}, found: {found.told}{hint}"
    return "\n".join([head, *(f"    {line}".rstrip() for line in found.text.splitlines())])
