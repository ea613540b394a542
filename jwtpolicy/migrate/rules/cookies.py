"""Turn the functions that set and unset cookies into the manager's."""

from __future__ import annotations

import libcst as cst

from ..facts import Reference
from ..nodes import bound, keyword, values, with_arguments
from ..work import Work


def rewrite_setting(work: Work, reference: Reference) -> None:
    """Rewrite ``set_access_cookies`` and ``set_refresh_cookies``."""
    parameters = ("response", "encoded_token", "max_age", "domain")
    found = _rewrite(work, reference, "set_cookies", parameters)
    if "max_age" in found:
        work.note(reference.node, "cookies end with their tokens: set JWT_ACCESS_TOKEN_EXPIRES")
    path = "JWT_REFRESH_COOKIE_PATH"
    if reference.name == "set_refresh_cookies" and path not in work.project.settings:
        work.note(reference.node, f"set {path} to the path of the endpoints that take it")


def rewrite_unsetting(work: Work, reference: Reference) -> None:
    """Rewrite ``unset_jwt_cookies``."""
    if _rewrite(work, reference, "unset_cookies", ("response", "domain")):
        work.note(
            reference.node,
            "the tokens themselves live on: jwt.logout(response), behind a guard, ends the "
            "session too",
        )


def keep_unsetting(work: Work, reference: Reference) -> None:
    """Say what to do about ``unset_access_cookies`` and ``unset_refresh_cookies``."""
    work.note(
        reference.node, "write jwt.unset_cookies(response), which unsets the cookies of all kinds"
    )


def _rewrite(
    work: Work, reference: Reference, method: str, parameters: tuple[str, ...]
) -> list[str]:
    """Rewrite a call, and return the names of its arguments; none where it was left."""
    arguments = None if reference.call is None else bound(reference.call, parameters)
    if not arguments:
        work.note(reference.node, f"the arguments cannot be told: write jwt.{method}(…) by hand")
        return []
    manager = work.manager_for(reference, f"jwt.{method}(…)")
    if manager is None:
        return []
    names = list(arguments)
    work.become(reference, f"{manager}.{method}")
    work.change_call(reference, lambda call: _renamed(call, names))
    return names


def _renamed(call: cst.Call, names: list[str]) -> cst.Call:
    given = values(call, names)
    first = [cst.Arg(given[name]) for name in ("response", "encoded_token") if name in given]
    domain = [keyword("domain", given["domain"])] if "domain" in given else []
    return with_arguments(call, [*first, *domain])
