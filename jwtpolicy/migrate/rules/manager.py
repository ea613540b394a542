"""Have the manager imported from here, and its constructor called as it wants."""

from __future__ import annotations

import libcst as cst

from ..facts import Reference
from ..nodes import bound, keyword, values, with_arguments
from ..work import Work


def rewrite_manager(work: Work, reference: Reference) -> None:
    """Import ``JWTManager`` from here, unless there is one beside it already."""
    if work.project.has_native:
        work.note(
            reference.node,
            "when nothing else is left of the bridge, move its loaders and remove this manager",
        )
        return
    work.move(reference, "JWTManager")
    arguments = bound(reference.call, ("app", "add_context_processor")) if reference.call else None
    if arguments and "add_context_processor" in arguments:
        names = list(arguments)
        work.change_call(reference, lambda call: _by_keyword(call, names))
    if reference.call is not None:
        _check_keys(work, reference)
        if isinstance(work.source.parent(reference.call), cst.Expr):
            text = "give it a name, jwt = JWTManager(app), and run this command again"
            work.note(reference.node, text)


def _by_keyword(call: cst.Call, names: list[str]) -> cst.Call:
    given = values(call, names)
    app = [cst.Arg(given["app"])] if "app" in given else []
    switch = keyword("add_context_processor", given["add_context_processor"])
    return with_arguments(call, [*app, switch])


_KEYS = frozenset({"JWT_SECRET_KEY", "JWT_PRIVATE_KEY", "JWT_PUBLIC_KEY"})


def _check_keys(work: Work, reference: Reference) -> None:
    """Find managers without a key, or with a public one alone."""
    keys = _KEYS & work.project.settings
    if not keys:
        work.note(
            reference.node,
            "JWT_SECRET_KEY is set in none of these files: set it to 32 bytes or more, because "
            "SECRET_KEY does not stand in for it",
        )
    elif keys == {"JWT_PUBLIC_KEY"}:
        work.note(
            reference.node,
            "a service that only verifies names the store of the issuer in JWT_STORE_URL, or says "
            "JWTManager(baseline=None); its tokens have to carry `type` and `jti`",
        )


def find_late_processors(work: Work) -> None:
    """Find ``init_app(app, add_context_processor=True)``."""
    for node in work.source.nodes:
        if isinstance(node, cst.Call) and _is_init(work, node) and len(node.args) > 1:
            work.note(node, "init_app takes the application alone: say it to JWTManager(…)")


def _is_init(work: Work, call: cst.Call) -> bool:
    function = call.func
    return (
        isinstance(function, cst.Attribute)
        and function.attr.value == "init_app"
        and work.is_manager(function.value)
    )
