"""Turn what reads the current token into ``current_token`` and ``current_user``."""

from __future__ import annotations

from typing import Final

import libcst as cst

from ..facts import Reference
from ..mappings import attribute_of, compared_lists, is_changed, is_read
from ..nodes import expression, text_of
from ..work import Work

#: Where a conditional expression needs no parentheses.
_OPEN: Final = (cst.Assign, cst.AnnAssign, cst.Return, cst.DictElement)


def rewrite_identity(work: Work, reference: Reference) -> None:
    """Rewrite ``get_jwt_identity()``."""
    token = work.native("current_token")
    _replace_call(work, reference, f"{token}.subject", "None")


def rewrite_location(work: Work, reference: Reference) -> None:
    """Rewrite ``get_jwt_request_location()``."""
    manager = work.manager_for(reference, "jwt.current_transport")
    if manager is not None:
        _replace_call(work, reference, f"{manager}.current_transport")


def rewrite_user_proxy(work: Work, reference: Reference) -> None:
    """Import ``current_user`` from here."""
    work.move(reference, "current_user")


def rewrite_user(work: Work, reference: Reference) -> None:
    """Rewrite ``get_current_user()``, which returned the user and no proxy of it."""
    is_only_read = isinstance(_above(work, reference), cst.Attribute)
    manager = None if is_only_read else work.manager(reference.node)
    if manager is not None:
        _replace_call(work, reference, f"{manager}.current_user", "None")
        return
    user = work.native("current_user")
    _replace_call(work, reference, user)
    if not is_only_read:
        text = f"{user} is a proxy: hand on the manager's current_user, which is the user itself"
        work.note(reference.node, text)


def rewrite_claims(work: Work, reference: Reference) -> None:
    """Rewrite ``get_jwt()``."""
    token = work.native("current_token")
    above = _above(work, reference)
    attribute = None if reference.call is None else attribute_of(work.source, reference.call)
    if above is None or attribute is None or _is_optional(work, reference):
        _rewrite_mapping(work, reference, f"{token}.claims")
        return
    work.take(reference)
    work.edits.replace(above, expression(f"{token}.{attribute}"))


def rewrite_header(work: Work, reference: Reference) -> None:
    """Rewrite ``get_jwt_header()``."""
    _rewrite_mapping(work, reference, f"{work.native('current_token')}.header")


def _rewrite_mapping(work: Work, reference: Reference, text: str) -> None:
    if reference.call is None or is_changed(work.source, reference.call):
        work.note(reference.node, f"{text} is read-only and no function: copy it first with dict()")
        return
    for comparison in compared_lists(work.source, reference.call):
        work.note(comparison, "arrays of claims are tuples: compare with a tuple")
    if is_read(work.source, reference.call):
        _replace_call(work, reference, text, "{}")
        return
    _replace_call(work, reference, f"dict({text})", "{}")
    work.note(reference.node, "what is inside of this copy is read-only: copy it too where needed")


def _above(work: Work, reference: Reference) -> cst.CSTNode | None:
    """Return what the call of *reference* is a part of; None where it is not called."""
    return None if reference.call is None else work.source.parent(reference.call)


def _replace_call(
    work: Work, reference: Reference, text: str, otherwise: str | None = None
) -> None:
    """Replace a call by *text*, or where requests may come without a token also by *otherwise*."""
    if reference.call is None:
        work.note(reference.node, f"{reference.name} is used as a value: write lambda: {text}")
        return
    if otherwise is not None and _is_optional(work, reference):
        text = f"{text} if {work.native('current_token')} else {otherwise}"
        if not _stands_alone(work, reference):
            text = f"({text})"
    work.take(reference)
    work.edits.replace(reference.call, expression(text))


def _stands_alone(work: Work, reference: Reference) -> bool:
    above = _above(work, reference)
    return isinstance(above, _OPEN) or (isinstance(above, cst.Arg) and not above.star)


def _is_optional(work: Work, reference: Reference) -> bool:
    """Whether no token may be there; where that cannot be seen, say so and mean that one is."""
    demand = work.demands.around(reference.node)
    if demand is None and work.project.has_optional:
        work.note(
            reference.node,
            "no guard is in sight: where no token may be there, ask current_token first",
        )
    if demand is None and _catches_absence(work, reference):
        work.note(reference.node, "without a token this raises AttributeError, not RuntimeError")
    return demand is not None and demand.optional


def _catches_absence(work: Work, reference: Reference) -> bool:
    """Whether the ``RuntimeError`` is caught that there was outside of guarded views."""
    return any(
        handler.type is not None and "RuntimeError" in text_of(handler.type)
        for above in work.source.parents(reference.node)
        if isinstance(above, cst.Try)
        for handler in above.handlers
    )
