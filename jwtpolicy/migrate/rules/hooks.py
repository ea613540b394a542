"""Leave functions that run around requests to a person: guards do their work here."""

from __future__ import annotations

from typing import Final

import libcst as cst

from ..work import Work

_AFTER: Final = frozenset({"after_request", "after_app_request"})
_BEFORE: Final = frozenset({"before_request", "before_app_request"})


def leave_hooks(work: Work) -> None:
    """Leave the functions that are called before or after requests as they are."""
    for node in work.source.nodes:
        if isinstance(node, cst.FunctionDef):
            registers = {_attribute(decorator.decorator) for decorator in node.decorators}
            if registers & (_AFTER | _BEFORE):
                _leave(work, node, is_after=bool(registers & _AFTER))


def _attribute(decorator: cst.BaseExpression) -> str:
    return decorator.attr.value if isinstance(decorator, cst.Attribute) else ""


def _leave(work: Work, function: cst.FunctionDef, *, is_after: bool) -> None:
    inside = {
        ref.name for ref in work.facts.references if function in work.source.parents(ref.node)
    }
    if not inside:
        return
    work.leave(function)
    if is_after and "create_access_token" in inside:
        work.note(
            function,
            f"delete {function.name.value}, set JWT_COOKIE_RENEW_WITHIN to the seconds before the "
            "end at which cookies are renewed, and open sessions with jwt.login(user)",
        )
    elif is_after:
        work.note(
            function, "current_token is false where no guard has let a token in: ask it first"
        )
    else:
        work.note(
            function,
            "guard the views instead: jwt.protect_blueprint(blueprint, …) for a blueprint, "
            "JWT_DEFAULT_DENY for all that is forgotten",
        )
