"""Turn ``create_access_token`` into ``jwt.issue``, and leave lone refresh tokens to a person."""

from __future__ import annotations

import libcst as cst

from ..arguments import ACCESS, check_arguments, renamed, user_behind
from ..facts import Reference
from ..nodes import bound, expression, keyword, values, with_arguments
from ..work import Work


def rewrite_access(work: Work, reference: Reference) -> None:
    """Rewrite one ``create_access_token``."""
    arguments = None if reference.call is None else bound(reference.call, ACCESS)
    if arguments is None or "identity" not in arguments:
        work.note(reference.node, "the arguments cannot be told: write jwt.issue(user, …) by hand")
        return
    manager = work.manager_for(reference, "jwt.issue(user, …)")
    if manager is None:
        return
    check_arguments(work, arguments)
    work.become(reference, f"{manager}.issue")
    never, session = work.never(arguments.get("expires_delta")), _session(work, reference)
    names, user = list(arguments), user_behind(work, arguments["identity"], manager)

    def issued(call: cst.Call) -> cst.Call:
        given = values(call, names)
        identity = given.pop("identity")
        return with_arguments(call, [cst.Arg(user or identity), *renamed(given, never), *session])

    work.change_call(reference, issued)


def _session(work: Work, reference: Reference) -> list[cst.Arg]:
    """Return the argument that lets a logout end what a refresh token was exchanged for."""
    demand = work.demands.around(reference.node)
    if demand is None or not demand.refresh:
        return []
    token = work.native("current_token")
    return [keyword("session", expression(f"{token}.session_id"))]


def keep_refresh(work: Work, reference: Reference) -> None:
    """Say what to do about one ``create_refresh_token``."""
    work.note(
        reference.node,
        "a refresh token belongs to a session: jwt.login(user) opens one and returns the pair, "
        "jwt.login(user).as_response() is the whole answer",
    )
